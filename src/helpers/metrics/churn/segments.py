"""Groups of customers as they were known on a day, for the page and for the diagnosis."""

import re
from datetime import date

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.visits import arrays, need, number, revenue_between

SPEND = ("high", "middle", "low")
UNKNOWN = "not known"
_WORDS = {
    "spend": "recent spending",
    "rhythm": "recent purchase days",
    "known_for": "time as a customer",
    "first_purchase": "size of the first purchase",
}


def segments(
    visits: pd.DataFrame,
    *,
    as_of: date,
    window: int,
    customers: pd.DataFrame | None = None,
    max_levels: int = 12,
) -> pd.DataFrame:
    """Return the groups each active customer belongs to, from what was known on that day.

    Formula: `spend` = third of the active customers by revenue in the `window` days up to `as_of`
    (high, middle, low; equal revenues fall into the same third); `rhythm` = purchase days in
    those days (1, 2–3, 4–7, 8 or more); `known_for` = time since the first purchase seen, in
    windows. Every column of `customers` with 2 to `max_levels` different values is added as it
    stands.

    Columns out: `customer_id` string, the first three as ordered categories, attributes as
    strings. Grain: one row per customer active at `as_of`. A customer without an attribute is in
    the group `not known`.

    Raises:
        MetricError: `customers` has no `customer_id`, or one occurs twice.
    """
    rows = arrays(visits, as_of=as_of)
    today = number(as_of)
    active = today - rows.day[rows.ends] < window
    recent = np.bincount(rows.customer, weights=today - rows.day < window, minlength=len(rows.ids))[
        active
    ]
    tenure = (today - rows.day[rows.starts])[active]
    ids = rows.ids[active]
    spent = revenue_between(visits, ids, after=today - window, until=today)
    table = pd.DataFrame(
        {
            "customer_id": pd.Series(ids, dtype=str),
            "spend": pd.Categorical(spend_tier(spent), SPEND, ordered=True),
            "rhythm": _banded(
                recent, [2, 4, 8], ["1 day", "2–3 days", "4–7 days", "8 days or more"]
            ),
            "known_for": _banded(
                tenure,
                [window, 3 * window],
                [
                    f"under {window} days",
                    f"{window}–{3 * window - 1} days",
                    f"{3 * window} days or more",
                ],
            ),
        }
    )
    return table if customers is None else with_attributes(table, customers, max_levels)


def spend_tier(revenue: np.ndarray) -> np.ndarray:
    """Return the third each revenue falls into: high, middle or low; equal ones fall together."""
    if not len(revenue):
        return np.array([], dtype=object)
    position = (pd.Series(revenue).rank(method="average", ascending=False) - 0.5) / len(revenue)
    return np.array(SPEND, dtype=object)[np.minimum((position.to_numpy() * 3).astype(int), 2)]


def dimensions(table: pd.DataFrame) -> list[str]:
    """Return the dimensions of a table of segments."""
    return [str(name) for name in table.columns if name != "customer_id"]


def _banded(values: np.ndarray, bounds: list[int], names: list[str]) -> pd.Categorical:
    return pd.Categorical.from_codes(np.digitize(values, bounds), names, ordered=True)


def with_attributes(table: pd.DataFrame, customers: pd.DataFrame, max_levels: int) -> pd.DataFrame:
    """Return the table with every attribute of 2 to `max_levels` values as a string column.

    Raises:
        MetricError: the customers have no `customer_id`, or one stands in the table twice.
    """
    need(customers, ["customer_id"], table="customers")
    ids = customers["customer_id"].astype(str)
    if ids.duplicated().any():
        raise MetricError(
            "the table `customers` has a customer twice",
            column="customer_id",
            keys=ids[ids.duplicated()],
            hint="Keep one row per customer.",
        )
    known = customers.set_index(ids)
    found = table
    for name in known.columns:
        column = known[name]
        if name in table.columns or pd.api.types.is_datetime64_any_dtype(column):
            continue
        if 2 <= column.nunique() <= max_levels:
            value = column.astype("string").reindex(table["customer_id"]).fillna(UNKNOWN)
            found = found.assign(**{str(name): value.astype(str).to_numpy()})
    return found


def in_words(dimension: str) -> str:
    """Return a dimension as a reader knows it: `recent spending` for `spend`."""
    return _WORDS.get(dimension, dimension.replace("_", " "))


def natural(text: str) -> tuple[int, float, str]:
    """Return the place of a group's name: `Under 15K`, `25-34`, `100K+`, words, then unknown."""
    found = re.search(r"\d+(?:\.\d+)?", text)
    if text == UNKNOWN:
        return 3, 0.0, ""
    if found is None:
        return 2, 0.0, text
    below = re.match(r"\s*(under|below|less|up to|<)", text.lower())
    return 0 if below else 1, float(found.group()), text
