"""What moved each headline figure since an earlier period, in effects that add up exactly."""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import pandas as pd

from helpers.metrics.churn import definitions as d
from helpers.metrics.churn.activity import movements
from helpers.metrics.churn.at_risk import Action, at_risk
from helpers.metrics.churn.changes import reaches, risk_by_segment, telling_split
from helpers.metrics.churn.diagnosis import churn_by_segment
from helpers.metrics.churn.study import Study
from helpers.metrics.churn.visits import arrays, number
from helpers.metrics.contracts import Contract, Unit
from helpers.metrics.effects import (
    COLUMNS,
    PREVIOUS,
    YEAR_BEFORE,
    effect_rows,
    effects_of,
    joined,
)
from helpers.periods import Period


def headline_drivers(
    visits: pd.DataFrame,
    *,
    period: Period,
    window: int,
    listed: pd.DataFrame,
    earlier: Mapping[Period, Study],
    action: Action,
) -> pd.DataFrame:
    """Return what moved each headline figure since the period before and since a year before.

    Formulas: active customers = those then + new + won back − lapsed between the two ends;
    customers won back = lapsed customers known at the start × share of them that came back; the
    churn rates by mix and rate (`decompose`, in the dimension where a segment moved it most);
    margin at risk = customers × risk and worth of each; expected gain = customers worth a contact ×
    gain from each. Products by `effects_of`, so that the effects of a figure add up to its change.

    `listed` is the at-risk list now (may be empty), `earlier` the predictions made then.

    Columns out, one row an earlier period, figure and driver: `kpi`, `driver`, `against` (text),
    `before`, `after` (in `driver_unit`), `effect` (in `unit`; shares in points), `unit`,
    `driver_unit`. A period that the history does not reach is left out.
    """
    parts = {}
    now = churn_by_segment(visits, period=period, window=window)
    for words, other in ((PREVIOUS, period.previous()), (YEAR_BEFORE, period.year_before())):
        before = churn_by_segment(visits, period=other, window=window)
        if before.empty or now.empty or not reaches(visits, other, window):
            continue
        found = [
            _active(visits, period, other, window),
            _split(d.CHURN_RATE, now, before, "churn_rate", "customers"),
            _split(d.REVENUE_CHURN_RATE, now, before, "revenue_churn_rate", "revenue"),
            _won_back(visits, period, other, window),
        ]
        if other in earlier and len(listed):
            cut = visits[visits["day"] <= pd.Timestamp(other.end)]
            then = at_risk(
                earlier[other].scored, cut, as_of=other.end, window=window, action=action
            )
            found += _predicted(visits, (then, other), (listed, period), window)
        parts[words] = pd.concat(found, ignore_index=True)
    return joined(parts)


def between(earlier: Period, later: Period) -> Period:
    """Return the days after an earlier period up to the end of a later one, as a period."""
    return Period(later.kind, earlier.end + timedelta(days=1), later.end)


def _active(visits: pd.DataFrame, period: Period, other: Period, window: int) -> pd.DataFrame:
    span = between(other, period)
    counts = movements(visits, period=span, window=window)["movement"].value_counts()
    new, back, lost = (float(counts.get(n, 0)) for n in ("new", "reactivated", "lapsed"))
    drivers: list[tuple[str, Unit]] = [
        ("New customers", "count"),
        ("Customers who came back", "count"),
        ("Customers who lapsed", "count"),
    ]
    effects = [new, back, -lost]
    return effect_rows(
        d.ACTIVE_CUSTOMERS.label, drivers, [0.0, 0.0, 0.0], effects, effects, "count"
    )


def _won_back(visits: pd.DataFrame, period: Period, other: Period, window: int) -> pd.DataFrame:
    sides = []
    for span in (other, period):
        rows = arrays(visits, as_of=span.end)
        start = number(span.start)
        seen = int((rows.day[rows.starts] < start).sum())
        moves = movements(visits, period=span, window=window)["movement"].value_counts()
        active = int(moves.get("kept", 0)) + int(moves.get("lapsed", 0))
        back = float(moves.get("reactivated", 0))
        sides.append((float(seen - active), back / (seen - active) if seen > active else 0.0))
    drivers: list[tuple[str, Unit]] = [
        ("Lapsed customers there were", "count"),
        ("Share of them who came back", "share"),
    ]
    effects = effects_of(sides[0], sides[1])
    return effect_rows(d.REACTIVATED_CUSTOMERS.label, drivers, sides[0], sides[1], effects, "count")


def _split(
    contract: Contract, now: pd.DataFrame, before: pd.DataFrame, rate: str, weight: str
) -> pd.DataFrame:
    _, table = telling_split(now, before, rate=rate, weight=weight)
    if table.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    drivers: list[tuple[str, Unit]] = [
        ("Other customers (mix)", "points"),
        ("Customers behaving otherwise (rate)", "points"),
    ]
    effects = [float(table["mix"].sum()), float(table["rate"].sum())]
    return effect_rows(contract.label, drivers, [0.0, 0.0], effects, effects, contract.unit)


def _predicted(
    visits: pd.DataFrame,
    before: tuple[pd.DataFrame, Period],
    now: tuple[pd.DataFrame, Period],
    window: int,
) -> list[pd.DataFrame]:
    risk = [
        risk_by_segment(visits, rows, day=span.end, window=window) for rows, span in (now, before)
    ]
    sizes, gains = [], []
    for rows, _ in (before, now):
        contacts = rows.loc[rows["contact"], "expected_gain"]
        sizes.append((float(len(rows)), float(rows["expected_loss"].mean())))
        gains.append((float(len(contacts)), float(contacts.mean()) if len(contacts) else 0.0))
    worth: tuple[str, Unit] = ("Risk and worth of each", "currency")
    people: tuple[str, Unit] = ("Number of active customers", "count")
    chosen: tuple[str, Unit] = ("Customers worth a contact", "count")
    each: tuple[str, Unit] = ("Gain from each", "currency")
    return [
        _split(d.EXPECTED_CHURN_RATE, risk[0], risk[1], "churn_rate", "customers"),
        _product(d.MARGIN_AT_RISK, [people, worth], sizes),
        _product(d.EXPECTED_ACTION_GAIN, [chosen, each], gains),
    ]


def _product(
    contract: Contract, drivers: list[tuple[str, Unit]], sides: list[tuple[float, float]]
) -> pd.DataFrame:
    if not np.isfinite(sides).all():
        return pd.DataFrame(columns=list(COLUMNS))
    before, after = sides
    effects = effects_of(before, after)
    return effect_rows(contract.label, drivers, before, after, effects, contract.unit)
