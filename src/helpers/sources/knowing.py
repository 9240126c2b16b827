"""From which day on each row of a clean table is known, and the order that follows from it."""

from typing import Any

import numpy as np
import pandas as pd

from helpers.sources.canonical import ORDER, TABLES
from helpers.sources.deriving import Derived
from helpers.sources.work import FOLLOWS, NEVER, day_of, day_ranks, looked_up


def seen_days(
    tables: dict[str, pd.DataFrame], derived: dict[str, Derived], bases: dict[str, Any]
) -> dict[str, Any]:
    """Return, per table, the day (datetime64[D]) from which each row is known.

    An order from its day, a line from its order's, a campaign from its start, a contact from the
    campaign's start (or its own day, if that is later), a customer from the first of these (or
    from `first_seen_at`). A derived row is known from the day of the rows it is made from, and what
    belongs to it no earlier: before, it belonged to nothing. NaT: known to nobody yet.

    Args:
        tables: the clean tables; a derived one has a row for each day that changed a group.
        derived: those that are summed up, with the days of their rows.
        bases: the days of the rows that those are made from.
    """
    seen: dict[str, Any] = {}
    for name in [name for name in ORDER if name in tables and name != "customers"]:
        event = TABLES[name].event
        frame = tables[name]
        seen[name] = np.full(len(frame), NEVER)
        if event is not None and event in frame:
            seen[name] = day_of(frame[event])
        own = derived[name].days if name in derived else bases.get(name, NEVER)
        seen[name] = np.fmax(seen[name], own)
        for column, parent in TABLES[name].parents.items():
            known = derived[parent].days if parent in derived else seen.get(parent)
            if known is not None and (parent in derived or FOLLOWS.get(name) == parent):
                key = tables[parent][TABLES[parent].key[0]]
                seen[name] = np.fmax(seen[name], looked_up(frame[column], key, known))
    if "customers" in tables:
        met = _first_seen(tables, seen)
        seen["customers"] = met
        if (
            "customers" in derived
        ):  # what belongs to one cannot date it, but where nothing else does
            own = derived["customers"].days
            seen["customers"] = np.where(np.isnat(own), met, own)
    return seen


def _first_seen(tables: dict[str, pd.DataFrame], seen: dict[str, Any]) -> Any:
    customers = tables["customers"]
    first = np.full(len(customers), NEVER)
    if "first_seen_at" in customers:
        first = day_of(customers["first_seen_at"])
    for name, days in seen.items():
        if "customer_id" in tables[name]:
            order = np.argsort(days, kind="stable")  # NaT last, the earliest day of each first
            ids = tables[name]["customer_id"].iloc[order]
            first = np.fmin(first, looked_up(customers["customer_id"], ids, days[order]))
    return first


def in_order(name: str, frame: pd.DataFrame, days: Any) -> tuple[pd.DataFrame, Any]:
    """Return the table sorted by the day its rows are known from, then by time, key and the rest.

    The order does not depend on that of the extract, so equal content has equal hashes.
    """
    spec = TABLES[name]
    first = [column for column in (spec.event, *spec.key) if column in frame]
    rest = sorted(column for column in map(str, frame) if column not in first)
    ranks = [day_ranks(days), *(_rank(frame[column]) for column in [*first, *rest])]
    place = np.lexsort(ranks[::-1])
    return frame.iloc[place].reset_index(drop=True), days[place]


def _rank(values: "pd.Series[Any]") -> np.ndarray:
    """Return numbers that sort like the values; sorting each text once is what makes it quick."""
    codes, _ = pd.factorize(values, sort=True, use_na_sentinel=True)
    return codes
