"""What only several rows or tables show together: keys, parents, sums, and from when on a row is known."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from helpers.sources.canonical import ORDER, TABLES
from helpers.sources.mapping import DerivedTable

if TYPE_CHECKING:
    from helpers.sources.building import Work

_CENT = 0.005  # half a cent: money that differs less is the same money
_NEVER = np.datetime64("NaT", "D")
Days = "np.ndarray[Any, Any]"


def unique_keys(work: "Work") -> None:
    """Remove rows that repeat another one whole; quarantine rows that contradict each other."""
    spec = TABLES[work.name]
    key = list(spec.key)
    if work.name == "campaign_contacts" and "contacted_at" in work.cells.frame:
        key.append("contacted_at")
    if not key:
        return
    live = work.live
    whole = _labels(live.index[live.duplicated()], len(work.ledger.live))
    reason = "The row repeats another one in every mapped column."
    work.ledger.end("removed", "repeated_row", whole, reason)
    live = work.live
    same = _labels(live.index[live.duplicated(key, keep=False)], len(work.ledger.live))
    reason = "Rows with the same key say different things, and nothing tells which is right."
    work.ledger.end("quarantined", f"conflicting_{key[0]}", same, reason)


def _labels(labels: "pd.Index[Any]", rows: int) -> np.ndarray:
    hit = np.zeros(rows, bool)
    hit[labels.to_numpy(dtype=np.int64)] = True
    return hit


def agree(base: "Work", name: str, plan: DerivedTable) -> None:
    """Quarantine the base rows that a derived table cannot be made from.

    Rows without the group's id or without a value that the table needs; and whole groups whose
    rows contradict each other in a column that must have `only` one value.
    """
    frame, rows = base.cells.frame, len(base.ledger.live)
    needed = {plan.by} | {
        how.of for column, how in plan.columns.items() if column in TABLES[name].columns
    }
    for column in sorted(needed):
        missing = frame[column].isna().to_numpy(bool)
        reason = f"The table {name} is made from it."
        base.ledger.end("quarantined", f"missing_{column}", missing, reason)
    for how in plan.columns.values():
        if how.how == "only":
            live = base.live
            counts = live.groupby(plan.by)[how.of].nunique()
            torn = live.index[live[plan.by].isin(counts.index[counts > 1])]
            reason = f"One {plan.by} has several values of {how.of}."
            base.ledger.end("quarantined", f"conflicting_{how.of}", _labels(torn, rows), reason)


def relate(works: dict[str, "Work"], derived: dict[str, pd.DataFrame]) -> None:
    """Take out rows whose parent is not there, parents first, and note lines that miss the sum.

    A child of a removed row is removed, of a quarantined one quarantined; a child whose parent
    was never there is an orphan.
    """
    for name in [name for name in ORDER if name in works]:
        work = works[name]
        for column, parent in TABLES[name].parents.items():
            if parent in works:
                _orphans(work, column, works[parent])
            elif parent in derived and derived_base(parent, works, name) is None:
                known = derived[parent][TABLES[parent].key[0]]
                _end_orphans(work, column, ~_known(work, column, known))
    if "orders" in works and "order_lines" in works:
        _reconcile(works["orders"], works["order_lines"])


def derived_base(parent: str, works: dict[str, "Work"], child: str) -> str | None:
    """Return the child where the parent was summed up from it, so that no row can be an orphan."""
    return child if child == "order_lines" and parent == "orders" and parent not in works else None


def _known(work: "Work", column: str, ids: "pd.Series[Any]") -> np.ndarray:
    return work.cells.frame[column].isin(ids).to_numpy(bool)


def _orphans(work: "Work", column: str, parent: "Work") -> None:
    key = TABLES[parent.name].key[0]
    ids = parent.cells.frame[key]
    gone = ~_known(work, column, ids[parent.ledger.live])
    if not (gone & work.ledger.live).any():
        return
    bad = ids.loc[parent.ledger.quarantined().index]
    reason = f"Its row in {parent.name} is in quarantine."
    lost = gone & _known(work, column, bad)
    work.ledger.end("quarantined", f"{parent.name}_quarantined", lost, reason)
    removed = gone & _known(work, column, ids)
    reason = f"Its row in {parent.name} was removed by a rule."
    work.ledger.end("removed", f"{parent.name}_removed", removed, reason)
    _end_orphans(work, column, gone)


def _end_orphans(work: "Work", column: str, gone: np.ndarray) -> None:
    reason = f"Its {column} is in no row of the table it belongs to."
    work.ledger.end("quarantined", f"orphan_{column}", gone, reason)


def _reconcile(orders: "Work", lines: "Work") -> None:
    sums = lines.live.groupby("order_id")["revenue"].sum()
    frame = orders.cells.frame
    difference = (frame["order_id"].map(sums).astype("float64").fillna(0) - frame["revenue"]).abs()
    reason = "The revenue of the order's lines does not sum to its own."
    orders.ledger.flag("unreconciled", (difference > _CENT).to_numpy(bool), reason)


def own_days(work: "Work") -> Any:
    """Return the day of each raw row by a time of its own, NaT where it has none."""
    frame = work.cells.frame
    events = [TABLES[work.name].event, "ordered_at"]
    column = next((name for name in events if name in frame), None)
    if column is None:
        return np.full(len(frame), _NEVER)
    return _day(frame[column])


def _day(times: "pd.Series[Any]") -> Any:
    return times.to_numpy(dtype="datetime64[ns]").astype("datetime64[D]")


def seen_days(tables: dict[str, pd.DataFrame], works: dict[str, "Work"]) -> dict[str, Any]:
    """Return, per table, the day from which each row is known.

    An order from its day, a line from its order's, a campaign from its start, a contact from the
    campaign's start (or its own day, if that is later), a customer from the first of these (or
    from `first_seen_at`). NaT: known to nobody yet.
    """
    seen: dict[str, Any] = {}
    for name in [name for name in ORDER[1:] if name in tables]:
        event = TABLES[name].event
        frame = tables[name]
        if event is not None and event in frame:
            seen[name] = _day(frame[event])
        else:
            seen[name] = np.full(len(frame), _NEVER)
        parent = {"order_lines": "orders", "campaign_contacts": "campaigns"}.get(name)
        if parent in tables:
            key = TABLES[str(parent)].key[0]
            start = pd.Series(seen[str(parent)], index=tables[str(parent)][key])
            seen[name] = np.fmax(_day(frame[key].map(start)), seen[name])
    if "customers" in tables:
        seen["customers"] = _first_seen(tables, seen)
    return seen


def _first_seen(tables: dict[str, pd.DataFrame], seen: dict[str, Any]) -> Any:
    customers = tables["customers"]
    own = _day(customers["first_seen_at"]) if "first_seen_at" in customers else None
    first = np.full(len(customers), _NEVER) if own is None else own
    for name, days in seen.items():
        if "customer_id" in tables[name]:
            by_customer = pd.Series(days, index=tables[name]["customer_id"]).groupby(level=0).min()
            first = np.fmin(first, _day(customers["customer_id"].map(by_customer)))
    return first


def in_order(
    name: str, tables: dict[str, pd.DataFrame], seen: dict[str, Any]
) -> tuple[pd.DataFrame, Any]:
    """Return the table sorted by the day its rows are known from, then by time, key and the rest.

    The order does not depend on that of the extract, so equal content has equal bytes.
    """
    frame, days = tables[name], seen[name]
    spec = TABLES[name]
    first = [column for column in (spec.event, *spec.key) if column in frame]
    rest = sorted(column for column in frame if column not in first)
    far = days.astype("int64")
    far[np.isnat(days)] = np.iinfo(np.int64).max
    helper = frame[[*first, *rest]].assign(_seen=far).sort_values(["_seen", *first, *rest])
    place = frame.index.get_indexer(helper.index)
    return frame.iloc[place].reset_index(drop=True), days[place]
