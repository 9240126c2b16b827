"""What only several tables show together: parents and sums."""

from typing import Any

import numpy as np
import pandas as pd

from helpers.sources.canonical import ORDER
from helpers.sources.deriving import Derived
from helpers.sources.mapping import DerivedTable
from helpers.sources.texts import isin
from helpers.sources.work import Work

_CENT = 0.005  # half a cent: money that differs less is the same money


def relate(works: dict[str, Work]) -> None:
    """Take out rows whose parent is not there, parents first.

    A child of a removed row is removed, of a quarantined one quarantined; a child whose parent
    was never there is an orphan.
    """
    for work in in_turn(works):
        for column, parent in work.spec.parents.items():
            if parent in works:
                if work.name == "order_lines":
                    _torn(work, column, works[parent])
                _bereaved(work, column, works[parent])


def relate_to_derived(
    works: dict[str, Work], derived: dict[str, Derived], plans: dict[str, DerivedTable]
) -> None:
    """Quarantine rows whose parent is not in a derived table, but for those it was made from."""
    for work in in_turn(works):
        for column, parent in work.spec.parents.items():
            if parent in derived and plans[parent].derived_from != work.name:
                ids = derived[parent].frame[derived[parent].key]
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


def _torn(lines: Work, column: str, orders: Work) -> None:
    ids, ledger = orders.cells.frame["order_id"], orders.ledger
    torn = ledger.quarantined()
    torn = torn[torn == "conflicting_order_id"]
    both = _known(lines, column, ids.loc[torn.index]) & _known(lines, column, ids[ledger.live])
    reason = "Several orders have its id, and nothing tells which one it belongs to."
    lines.ledger.end("quarantined", f"ambiguous_{column}", both, reason)


def _orphans(work: Work, column: str, gone: np.ndarray) -> None:
    reason = f"Its {column} is in no row of the table it belongs to."
    work.ledger.end("quarantined", f"orphan_{column}", gone, reason)


def reconcile(orders: Work, lines: Work) -> None:
    """Note orders whose revenue is not the sum of their lines, where all their lines are there.

    An order with a line in quarantine cannot be held against the rest; nor can one that lacks just
    the amount of a quarantined line which names no order.
    """
    frame = orders.cells.frame
    sums = lines.live.groupby("order_id")["revenue"].sum()
    told = sums.reindex(frame["order_id"]).fillna(0).to_numpy("float64")
    lacking = frame["revenue"].to_numpy("float64") - told
    bad = lines.cells.frame.loc[lines.ledger.quarantined().index]
    nameless = bad[~isin(bad["order_id"], frame["order_id"])]
    torn = np.abs(lacking) > _CENT
    lost = isin(frame["order_id"], bad["order_id"])
    lost |= torn & np.isin(lacking.round(2), nameless["revenue"].dropna().round(2))
    reason = "A line of the order is in quarantine, so the rest does not say what it sums to."
    orders.ledger.flag("line_in_quarantine", lost, reason)
    reason = "The revenue of the order's lines does not sum to its own."
    orders.ledger.flag("unreconciled", torn & ~lost, reason)
