"""From which day on each row of a clean table is known, and the order that follows from it."""

from typing import Any

import numpy as np
import pandas as pd

from helpers.sources.canonical import ORDER, TABLES
from helpers.sources.work import NEVER, day_of, looked_up

_FOLLOWS = {"order_lines": "orders", "campaign_contacts": "campaigns"}


def seen_days(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return, per table, the day (datetime64[D]) from which each row is known.

    An order from its day, a line from its order's, a campaign from its start, a contact from the
    campaign's start (or its own day, if that is later), a customer from the first of these (or
    from `first_seen_at`). NaT: known to nobody yet.
    """
    seen: dict[str, Any] = {}
    for name in [name for name in ORDER if name in tables and name != "customers"]:
        event = TABLES[name].event
        frame = tables[name]
        seen[name] = np.full(len(frame), NEVER)
        if event is not None and event in frame:
            seen[name] = day_of(frame[event])
        parent = _FOLLOWS.get(name)
        if parent in tables:
            key = TABLES[parent].key[0]
            start = looked_up(frame[key], tables[parent][key], seen[parent])
            seen[name] = np.fmax(start, seen[name])
    if "customers" in tables:
        seen["customers"] = _first_seen(tables, seen)
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
    never_last = days.astype("int64")
    never_last[np.isnat(days)] = np.iinfo(np.int64).max
    ranks = [never_last, *(_rank(frame[column]) for column in [*first, *rest])]
    place = np.lexsort(ranks[::-1])
    return frame.iloc[place].reset_index(drop=True), days[place]


def _rank(values: "pd.Series[Any]") -> np.ndarray:
    """Return numbers that sort like the values; sorting each text once is what makes it quick."""
    codes, _ = pd.factorize(values, sort=True, use_na_sentinel=True)
    return codes
