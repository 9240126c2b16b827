"""Why each headline figure changed since an earlier period, in sentences."""

from collections.abc import Callable, Mapping
from datetime import date

import numpy as np
import pandas as pd

from helpers.metrics.churn.activity import bridge
from helpers.metrics.churn.at_risk import Action, at_risk
from helpers.metrics.churn.diagnosis import BEHAVIOUR, churn_by_segment, decompose, explain
from helpers.metrics.churn.segments import dimensions, in_words, segments
from helpers.metrics.churn.study import Study
from helpers.metrics.churn.words import signed
from helpers.metrics.writing import Write, plain
from helpers.periods import Period


def explain_changes(
    visits: pd.DataFrame,
    *,
    period: Period,
    earlier: Period,
    window: int,
    compared_with: str,
    listed: pd.DataFrame | None = None,
    listed_before: pd.DataFrame | None = None,
    write: Write = plain,
) -> list[str]:
    """Return one sentence per headline figure on what changed since an earlier period, and why.

    Active customers by the bridge; churn and revenue churn by mix and rate of the segments known
    at each start; with both at-risk lists, expected churn likewise, and the margin at risk by
    number of customers and margin per customer. Each sum is exact. The dimension named is the one
    in which a single segment moved the figure most.

    Args:
        visits: purchase days.
        period: the period of the report.
        earlier: the period to compare with.
        window: days without a purchase that count as a lapse.
        compared_with: the earlier period as a reader knows it.
        listed: `at_risk` at the period's end; left out where there is none.
        listed_before: `at_risk` at the end of the earlier period.
        write: writes values for the reader.

    Where the earlier period lies before the history, one sentence says so.
    """
    steps = bridge(visits, period=period, window=window).set_index("step")["customers"]
    now, before = (churn_by_segment(visits, period=p, window=window) for p in (period, earlier))
    if before.empty or now.empty:
        return [f"The history does not reach back to {compared_with}."]
    found = [_active(steps, write)]
    for figure, rate, weight in (
        ("The churn rate", "churn_rate", "customers"),
        ("Revenue churn", "revenue_churn_rate", "revenue"),
    ):
        found.append(_rate(now, before, figure, rate, weight, compared_with, write))
    if listed is None or listed_before is None or listed.empty or listed_before.empty:
        return found
    risk = [
        _risk_by_segment(visits, rows, day=p.end, window=window)
        for rows, p in ((listed, period), (listed_before, earlier))
    ]
    expected = _rate(
        risk[0], risk[1], "Expected churn", "churn_rate", "customers", compared_with, write
    )
    return [*found, expected, _margin(listed, listed_before, compared_with, write)]


def explain_both(
    visits: pd.DataFrame,
    *,
    period: Period,
    window: int,
    listed: pd.DataFrame,
    earlier: Mapping[Period, Study],
    action: Action,
    name: Callable[[Period], str] = str,
    write: Write = plain,
) -> list[str]:
    """Return `explain_changes` against the period before, then against the year before.

    `listed` is the at-risk list now, `earlier` the predictions made then (`earlier_studies`);
    `name` writes a period for the reader.
    """
    found = []
    for other in (period.previous(), period.year_before()):
        before = None
        if other in earlier:
            cut = visits[visits["day"] <= pd.Timestamp(other.end)]
            scored = earlier[other].scored
            before = at_risk(scored, cut, as_of=other.end, window=window, action=action)
        found += explain_changes(
            visits, period=period, earlier=other, window=window, compared_with=name(other),
            listed=listed, listed_before=before, write=write,
        )  # fmt: skip
    return found


def _active(steps: pd.Series, write: Write) -> str:
    change = int(steps["end"] - steps["start"])
    verb = (
        f"rose by {write(change, 'count')}" if change > 0 else f"fell by {write(-change, 'count')}"
    )
    verb = "stayed the same" if change == 0 else verb
    return (
        f"Active customers {verb} over the period: {write(int(steps['new']), 'count')} new and "
        f"{write(int(steps['reactivated']), 'count')} won back, against "
        f"{write(int(-steps['lapsed']), 'count')} lapsed."
    )


def _rate(
    now: pd.DataFrame,
    before: pd.DataFrame,
    figure: str,
    rate: str,
    weight: str,
    compared_with: str,
    write: Write,
) -> str:
    tables = {
        name: decompose(now, before, dimension=name, rate=rate, weight=weight)
        for name in BEHAVIOUR
        if name in set(now["dimension"])
    }
    # A group that holds nearly everybody explains nothing.
    split = {n: t for n, t in tables.items() if _largest(now, n, weight) < 0.7} or tables
    best = max(split, key=lambda name: (split[name]["effect"].abs().max(), name))
    return explain(
        tables[best], figure=figure, compared_with=compared_with, split=in_words(best), write=write
    )


def _largest(table: pd.DataFrame, dimension: str, weight: str) -> float:
    part = table.loc[table["dimension"] == dimension, weight]
    return float(part.max() / part.sum()) if part.sum() > 0 else 1.0


def _risk_by_segment(
    visits: pd.DataFrame, listed: pd.DataFrame, *, day: date, window: int
) -> pd.DataFrame:
    groups = segments(visits, as_of=day, window=window)
    merged = listed.merge(groups, on="customer_id", how="inner")
    parts = [
        merged.groupby(name, observed=True)["probability"]
        .agg(customers="size", churn_rate="mean")
        .rename_axis("segment")
        .reset_index()
        .assign(dimension=name, segment=lambda table: table["segment"].astype(str))
        for name in dimensions(groups)
    ]
    return pd.concat(parts, ignore_index=True)


def _margin(listed: pd.DataFrame, before: pd.DataFrame, compared_with: str, write: Write) -> str:
    sizes = np.array([len(before), len(listed)], dtype="float64")
    losses = np.array([before["expected_loss"].sum(), listed["expected_loss"].sum()])
    each = losses / sizes
    volume = (sizes[1] - sizes[0]) * each.mean()
    value = (each[1] - each[0]) * sizes.mean()
    change = float(losses[1] - losses[0])
    verb = "rose" if change > 0 else "fell"
    return (
        f"Margin at risk {verb} by {write(abs(change), 'currency')} against {compared_with}: "
        f"{signed(float(volume), 'currency', write)} from the number of active customers, "
        f"{signed(float(value), 'currency', write)} from the risk and worth of each."
    )
