"""Why each headline figure changed since an earlier period, in sentences."""

from collections.abc import Callable, Mapping
from datetime import date

import pandas as pd

from helpers.metrics.churn import definitions as d
from helpers.metrics.churn.at_risk import Action, at_risk
from helpers.metrics.churn.diagnosis import BEHAVIOUR, churn_by_segment, decompose, explain
from helpers.metrics.churn.segments import dimensions, in_words, segments
from helpers.metrics.churn.study import Study
from helpers.metrics.churn.training import history_days
from helpers.metrics.effects import PREVIOUS, YEAR_BEFORE, effect_sentences
from helpers.metrics.writing import Write, plain
from helpers.periods import Period

RATE_FIGURES = (d.CHURN_RATE.label, d.REVENUE_CHURN_RATE.label, d.EXPECTED_CHURN_RATE.label)
"""The figures that `explain_changes` explains by mix and rate, dimension and segment."""


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
    """Return one sentence per rate of the headline on what changed since an earlier period.

    Churn and revenue churn by mix and rate of the segments known at each start; with both at-risk
    lists, expected churn likewise. Each sum is exact. The dimension named is the one in which a
    single segment moved the figure most. The other figures: see `headline_drivers`.

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
    now, before = (churn_by_segment(visits, period=p, window=window) for p in (period, earlier))
    if before.empty or now.empty or not reaches(visits, earlier, window):
        return [f"The history does not reach back to {compared_with}."]
    found = [
        _rate(now, before, figure, rate, weight, compared_with, write)
        for figure, rate, weight in (
            ("The churn rate", "churn_rate", "customers"),
            ("Revenue churn", "revenue_churn_rate", "revenue"),
        )
    ]
    if listed is None or listed_before is None or listed.empty or listed_before.empty:
        return found
    risk = [
        risk_by_segment(visits, rows, day=p.end, window=window)
        for rows, p in ((listed, period), (listed_before, earlier))
    ]
    expected = _rate(
        risk[0], risk[1], "Expected churn", "churn_rate", "customers", compared_with, write
    )
    return [*found, expected]


def explain_both(
    visits: pd.DataFrame,
    *,
    period: Period,
    window: int,
    listed: pd.DataFrame,
    earlier: Mapping[Period, Study],
    action: Action,
    moved: pd.DataFrame,
    name: Callable[[Period], str] = str,
    write: Write = plain,
) -> list[str]:
    """Return why each headline figure changed since the period before, then since a year before.

    The rates by `explain_changes`, the others by their drivers. `listed` is the at-risk list now,
    `earlier` the predictions made then (`earlier_studies`), `moved` a frame of `headline_drivers`;
    `name` writes a period for the reader.
    """
    found = []
    for words, other in ((PREVIOUS, period.previous()), (YEAR_BEFORE, period.year_before())):
        before = None
        if other in earlier:
            cut = visits[visits["day"] <= pd.Timestamp(other.end)]
            scored = earlier[other].scored
            before = at_risk(scored, cut, as_of=other.end, window=window, action=action)
        found += explain_changes(
            visits, period=period, earlier=other, window=window, compared_with=name(other),
            listed=listed, listed_before=before, write=write,
        )  # fmt: skip
        found += effect_sentences(
            moved[moved["against"] == words], period=period, leave_out=RATE_FIGURES, name=name,
            write=write,
        )  # fmt: skip
    return found


def reaches(visits: pd.DataFrame, period: Period, window: int) -> bool:
    """Return whether the history holds the period and a whole window before it."""
    cut = visits[visits["day"] <= pd.Timestamp(period.end)]
    return history_days(cut, as_of=period.end) >= period.days + window


def _rate(
    now: pd.DataFrame,
    before: pd.DataFrame,
    figure: str,
    rate: str,
    weight: str,
    compared_with: str,
    write: Write,
) -> str:
    best, table = telling_split(now, before, rate=rate, weight=weight)
    return explain(
        table, figure=figure, compared_with=compared_with, split=in_words(best), write=write
    )


def telling_split(
    now: pd.DataFrame, before: pd.DataFrame, *, rate: str, weight: str
) -> tuple[str, pd.DataFrame]:
    """Return the dimension in which a single segment moved a rate most, and its `decompose`.

    Columns in: those of `churn_by_segment`. Only dimensions of behaviour are tried. A group that
    holds nearly everybody explains nothing: its dimension is taken only where there is no other.
    """
    tables = {
        name: decompose(now, before, dimension=name, rate=rate, weight=weight)
        for name in BEHAVIOUR
        if name in set(now["dimension"])
    }
    split = {n: t for n, t in tables.items() if _largest(now, n, weight) < 0.7} or tables
    best = max(split, key=lambda name: (split[name]["effect"].abs().max(), name))
    return best, tables[best]


def _largest(table: pd.DataFrame, dimension: str, weight: str) -> float:
    part = table.loc[table["dimension"] == dimension, weight]
    return float(part.max() / part.sum()) if part.sum() > 0 else 1.0


def risk_by_segment(
    visits: pd.DataFrame, listed: pd.DataFrame, *, day: date, window: int
) -> pd.DataFrame:
    """Return the mean risk of the at-risk list by every dimension, as `churn_by_segment` has it."""
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
