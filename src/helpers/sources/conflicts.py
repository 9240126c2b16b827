"""Rows that contradict each other, judged in the order in which they became known.

A later row never takes an earlier one out: else a report for January would change with a row of
March. Rows of one day have no order, so they all go.
"""

from typing import Any

import numpy as np
import pandas as pd

from helpers.sources import schemas
from helpers.sources.canonical import TABLES
from helpers.sources.deriving import Derived
from helpers.sources.mapping import DerivedTable
from helpers.sources.work import Work, day_of, day_ranks

_SINGLE = {"only", "first", "last", "min", "max"}  # aggregates that are some base row's value


def unique_keys(work: Work) -> None:
    """Remove rows that repeat another one whole; quarantine rows that contradict each other.

    The only row of a key's first day stays. A row without a day comes before those that have one.
    """
    key = list(work.spec.key_in(map(str, work.cells.frame)))
    if not key:
        return
    live = work.live
    whole = work.rows(live.index[live.duplicated()])
    reason = "The row repeats another one in every mapped column."
    work.ledger.end("removed", "repeated_row", whole, reason)
    live = work.live
    live = live[live.duplicated(key, keep=False)]
    days = pd.Series(0, index=live.index)
    if work.spec.event in live:
        days = pd.Series(day_of(live[work.spec.event]).astype("int64"), index=live.index)
    group = live.groupby(key, dropna=False).ngroup()
    first = days == days.groupby(group).transform("min")
    alone = first & (first.groupby(group).transform("sum") == 1)
    reason = "Rows with the same key say different things, and this one was not there first."
    torn = work.rows(live.index[~alone.to_numpy(bool)])
    work.ledger.end("quarantined", f"conflicting_{key[0]}", torn, reason)


def row_breaches(
    base: Work, name: str, plan: DerivedTable, *, today: pd.Timestamp
) -> list[schemas.Breach]:
    """Return which base rows hold a value that the table derived from them must not have.

    A value that is missing is told by `agree`.
    """
    taken = {column: how.of for column, how in plan.columns.items() if how.how in _SINGLE}
    live = base.live
    frame = pd.DataFrame({column: live[of] for column, of in taken.items()}, index=live.index)
    return [
        breach.renamed(taken)
        for breach in schemas.breaches(name, frame, today=today)
        if breach.check != "missing"
    ]


def agree(base: Work, name: str, plan: DerivedTable, days: Any) -> None:
    """Quarantine the base rows that a derived table cannot be made from.

    Those are rows without the group's id or without a value that the table needs, and rows that
    contradict the first of their group in a column that must have `only` one value; where rows of
    the first day contradict each other, all rows of the group from then on.
    """
    frame = base.cells.frame
    spec = TABLES[name]
    must = set(spec.columns) - set(spec.blank)
    needed = {plan.by} | {how.of for column, how in plan.columns.items() if column in must}
    for column in sorted(needed):
        missing = frame[column].isna().to_numpy(bool)
        reason = f"The table {name} is made from it."
        base.ledger.end("quarantined", f"missing_{column}", missing, reason)
    for how in plan.columns.values():
        if how.how == "only":
            torn = _torn(frame, plan.by, how.of, base.ledger.live, day_ranks(days))
            reason = f"One {plan.by} has several values of {how.of}, and this was not the first."
            base.ledger.end("quarantined", f"conflicting_{how.of}", torn, reason)


def _torn(frame: pd.DataFrame, by: str, of: str, live: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Return which live rows say something else than the first day of their group does."""
    group, _ = pd.factorize(frame[by].where(live))
    value, _ = pd.factorize(frame[of])
    rows = np.flatnonzero(live & (group >= 0) & (value >= 0))
    found = pd.DataFrame({"group": group[rows], "value": value[rows], "day": ranks[rows]})
    first_day = found.groupby("group")["day"].min()
    told = found[found["day"] == found["group"].map(first_day)].groupby("group")["value"]
    several = told.nunique() > 1
    hit = np.zeros(len(frame), bool)
    hit[rows] = (found["value"] != found["group"].map(told.first())).to_numpy(bool)
    if several.any():
        lost = first_day[several].reindex(group).to_numpy("float64")  # NaN for the other groups
        hit |= live & (ranks.astype("float64") >= lost)
    return hit


def hold(base: Work, plan: DerivedTable, days: Any, rows: Derived, *, today: pd.Timestamp) -> None:
    """Quarantine the base rows of groups that come to what the derived table must not hold.

    Rows of earlier days, on which the group was sound, stay.
    """
    key = TABLES[rows.name].key[0]
    for breach in schemas.breaches(rows.name, rows.frame, today=today):
        since = pd.Series(
            day_ranks(rows.days[breach.rows]), index=rows.frame.loc[breach.rows, key].to_numpy()
        )
        lost = base.cells.frame[plan.by].map(since.groupby(level=0).min()).to_numpy("float64")
        reason = f"What the rows of one {plan.by} come to: {schemas.REASONS[breach.check]}"
        base.ledger.end("quarantined", breach.name, day_ranks(days) >= lost, reason)
