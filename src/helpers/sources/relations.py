"""What only several rows or several tables show together: keys, parents and sums."""

from typing import Any

import numpy as np
import pandas as pd

from helpers.sources.canonical import ORDER, TABLES
from helpers.sources.mapping import DerivedTable
from helpers.sources.texts import isin
from helpers.sources.work import Work

_CENT = 0.005  # half a cent: money that differs less is the same money


def unique_keys(work: Work) -> None:
    """Remove rows that repeat another one whole; quarantine rows that contradict each other."""
    key = work.spec.key_in(map(str, work.cells.frame))
    if not key:
        return
    live = work.live
    whole = work.rows(live.index[live.duplicated()])
    reason = "The row repeats another one in every mapped column."
    work.ledger.end("removed", "repeated_row", whole, reason)
    live = work.live
    same = work.rows(live.index[live.duplicated(list(key), keep=False)])
    reason = "Rows with the same key say different things, and nothing tells which is right."
    work.ledger.end("quarantined", f"conflicting_{key[0]}", same, reason)


def agree(base: Work, name: str, plan: DerivedTable) -> None:
    """Quarantine the base rows that a derived table cannot be made from.

    Those are rows without the group's id or without a value that the table needs, and whole groups
    whose rows contradict each other in a column that must have `only` one value.
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
            live = base.live
            counts = live.groupby(plan.by)[how.of].nunique()
            torn = base.rows(live.index[live[plan.by].isin(counts.index[counts > 1])])
            reason = f"One {plan.by} has several values of {how.of}."
            base.ledger.end("quarantined", f"conflicting_{how.of}", torn, reason)


def relate(works: dict[str, Work]) -> None:
    """Take out rows whose parent is not there, parents first; note orders that miss their sum.

    A child of a removed row is removed, of a quarantined one quarantined; a child whose parent
    was never there is an orphan.
    """
    for work in in_turn(works):
        for column, parent in work.spec.parents.items():
            if parent in works:
                _bereaved(work, column, works[parent])
    if "orders" in works and "order_lines" in works:
        _reconcile(works["orders"], works["order_lines"])


def relate_to_derived(
    works: dict[str, Work], derived: dict[str, pd.DataFrame], plans: dict[str, DerivedTable]
) -> None:
    """Quarantine rows whose parent is not in a derived table, but for those it was made from."""
    for work in in_turn(works):
        for column, parent in work.spec.parents.items():
            if parent in derived and plans[parent].derived_from != work.name:
                ids = derived[parent][TABLES[parent].key[0]]
                _orphans(work, column, ~_known(work, column, ids))


def in_turn(works: dict[str, Work]) -> list[Work]:
    """Return the tables, parents before children."""
    return [works[name] for name in ORDER if name in works]


def _known(work: Work, column: str, ids: "pd.Series[Any]") -> np.ndarray:
    return isin(work.cells.frame[column], ids)


def _bereaved(work: Work, column: str, parent: Work) -> None:
    ids = parent.cells.frame[parent.spec.key[0]]
    gone = ~_known(work, column, ids[parent.ledger.live])
    if not (gone & work.ledger.live).any():
        return
    lost = gone & _known(work, column, ids.loc[parent.ledger.quarantined().index])
    reason = f"Its row in {parent.name} is in quarantine."
    work.ledger.end("quarantined", f"{parent.name}_quarantined", lost, reason)
    removed = gone & _known(work, column, ids)
    reason = f"Its row in {parent.name} was removed by a rule."
    work.ledger.end("removed", f"{parent.name}_removed", removed, reason)
    _orphans(work, column, gone)


def _orphans(work: Work, column: str, gone: np.ndarray) -> None:
    reason = f"Its {column} is in no row of the table it belongs to."
    work.ledger.end("quarantined", f"orphan_{column}", gone, reason)


def _reconcile(orders: Work, lines: Work) -> None:
    sums = lines.live.groupby("order_id")["revenue"].sum()
    frame = orders.cells.frame
    told = sums.reindex(frame["order_id"]).fillna(0).to_numpy("float64")
    torn = np.abs(told - frame["revenue"].to_numpy("float64")) > _CENT
    reason = "The revenue of the order's lines does not sum to its own."
    orders.ledger.flag("unreconciled", torn, reason)
