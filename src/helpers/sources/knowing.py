"""From which day on each row of a clean table is known, and the order that follows from it."""

from typing import Any

import numpy as np
import pandas as pd

from helpers.sources.canonical import ORDER, TABLES
from helpers.sources.deriving import Derived
from helpers.sources.work import FOLLOWS, NEVER, day_of, day_ranks, looked_up


def seen_days(tables: dict[str, pd.DataFrame], own: dict[str, Any]) -> dict[str, Any]:
    """Return, per table, the day (datetime64[D]) from which each row is known.

    An order from its day, a line from its order's, a campaign from its start, a contact from the
    campaign's start (or its own day, if that is later), a customer from the first of these (or
    from `first_seen_at`). NaT: known to nobody yet.

    Args:
        tables: the clean tables; a derived one has a row for each day that changed a group.
        own: the days of derived tables' rows, and of the rows that those are made from.
    """
    seen: dict[str, Any] = {}
    for name in [name for name in ORDER if name in tables and name != "customers"]:
        event = TABLES[name].event
        frame = tables[name]
        seen[name] = np.full(len(frame), NEVER)
        if event is not None and event in frame:
            seen[name] = day_of(frame[event])
        if name in own:
            seen[name] = np.fmax(seen[name], own[name])
        parent = FOLLOWS.get(name)
        if parent in tables:
            key = TABLES[parent].key[0]
            start = looked_up(frame[key], tables[parent][key], seen[parent])
            seen[name] = np.fmax(start, seen[name])
    if "customers" in tables:
        seen["customers"] = own["customers"] if "customers" in own else _first_seen(tables, seen)
    return seen


def met_before(customers: Derived, tables: dict[str, pd.DataFrame], own: dict[str, Any]) -> Derived:
    """Return derived customers with those added that another table speaks of before their time.

    Such a row has no attributes yet. Customers whose own rows nothing dates are known from the
    first day that a table speaks of them.
    """
    ids = customers.frame.loc[customers.first, ["customer_id"]].reset_index(drop=True)
    began = customers.days[customers.first]
    others = {name: frame for name, frame in tables.items() if name != "customers"}
    known = {name: days for name, days in own.items() if name in others}
    first = seen_days(others | {"customers": ids}, known)["customers"]
    early = first < began  # False where either is unknown
    bare = ids[early].reindex(columns=customers.frame.columns).astype(customers.frame.dtypes)
    frame = pd.concat([bare, customers.frame], ignore_index=True)
    met = looked_up(customers.frame["customer_id"], ids["customer_id"], first)
    days = np.where(np.isnat(customers.days), met, customers.days)
    return Derived("customers", frame, np.concatenate([first[early], days]))


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
