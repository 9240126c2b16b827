"""Purchase days: the one table that every churn measure is computed from."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.errors import MetricError, did_you_mean


class Visits(NamedTuple):
    """Purchase days as arrays, sorted by customer and day; `customer` indexes `ids`."""

    ids: pd.Index
    customer: np.ndarray
    day: np.ndarray
    revenue: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """Whether a row is its customer's first."""
        return np.r_[True, self.customer[1:] != self.customer[:-1]][: len(self.customer)]

    @property
    def ends(self) -> np.ndarray:
        """Whether a row is its customer's last."""
        return np.r_[self.customer[1:] != self.customer[:-1], True][: len(self.customer)]


def need(frame: pd.DataFrame, columns: Sequence[str], *, table: str) -> None:
    """Refuse a frame that lacks one of the columns, or holds a null in one of them.

    Raises:
        MetricError: a column is missing, or has nulls; the message names table, column and rows.
    """
    for column in columns:
        if column not in frame.columns:
            raise MetricError(
                f"the table `{table}` has no such column",
                column=column,
                hint=did_you_mean(column, map(str, frame.columns)),
            )
        missing = frame.index[frame[column].isna()]
        if len(missing):
            raise MetricError(
                f"{len(missing):,} rows of `{table}` have no value",
                column=column,
                keys=missing[:3],
                hint="Clean the table first: the sources room quarantines such rows.",
            )


def number(day: date) -> int:
    """Return the day's number, counted from 1970-01-01."""
    return int(np.datetime64(day, "D").astype("int64"))


def purchase_days(orders: pd.DataFrame) -> pd.DataFrame:
    """Return one row per customer and calendar day with an order, sorted by both.

    Formula: `orders` = count of the day's orders that are no returns, `revenue` = sum over all
    the day's orders.

    Columns in: `customer_id` string, `ordered_at` datetime64 (local time), `revenue` float64
    (currency). Columns out: `customer_id` string, `day` datetime64[ns], `orders` int64, `revenue`
    float64 (currency, net of returns).

    Grain: one row per customer and day. Returns (negative revenue) are no purchase: a day of
    returns alone has `orders` 0 and is no sign of life, yet its revenue counts. An order of zero
    revenue is a purchase. An empty table gives an empty one.

    Raises:
        MetricError: a column is missing or has nulls, or a revenue is infinite.
    """
    need(orders, ["customer_id", "ordered_at", "revenue"], table="orders")
    revenue = orders["revenue"].to_numpy(dtype="float64")
    if not np.isfinite(revenue).all():
        raise MetricError(
            "an order's revenue is infinite", column="revenue", hint="Clean the table."
        )
    codes, ids = pd.factorize(orders["customer_id"].astype(str), sort=True)
    days = orders["ordered_at"].to_numpy(dtype="datetime64[D]").astype("int64")
    base = int(days.min()) if len(days) else 0
    width = int(days.max()) - base + 1 if len(days) else 1
    # Summing in one order, whatever the order of the rows, keeps the cents of a sum the same.
    order = np.lexsort((revenue, days, codes))
    keys, inverse = np.unique((codes * width + (days - base))[order], return_inverse=True)
    sums = np.bincount(inverse, weights=revenue[order], minlength=len(keys))
    bought = np.bincount(inverse, weights=(revenue[order] >= 0), minlength=len(keys))
    return pd.DataFrame(
        {
            "customer_id": pd.Series(np.asarray(ids)[keys // width], dtype=object).astype(str)
            if len(keys)
            else pd.Series([], dtype=str),
            "day": (keys % width + base).astype("datetime64[D]").astype("datetime64[ns]"),
            "orders": bought.astype("int64"),
            "revenue": sums.round(6),
        }
    )


def arrays(visits: pd.DataFrame, *, as_of: date, purchases_only: bool = True) -> Visits:
    """Return the purchase days up to `as_of` as arrays, days counted from 1970-01-01.

    Raises:
        MetricError: `visits` is not a table made by `purchase_days`.
    """
    for column in ("customer_id", "day", "orders", "revenue"):
        if column not in visits.columns:
            raise MetricError(
                "a table of purchase days is needed",
                column=column,
                hint="Make it by `purchase_days(orders)`.",
            )
    day = visits["day"].to_numpy(dtype="datetime64[D]").astype("int64")
    keep = day <= number(as_of)
    if purchases_only:
        keep &= visits["orders"].to_numpy() > 0
    codes, ids = _numbered(visits["customer_id"])
    held, day = codes[keep], day[keep]
    revenue = visits["revenue"].to_numpy(dtype="float64")[keep]
    step = np.diff(held)  # rows of `purchase_days` are sorted already
    if (step < 0).any() or (np.diff(day)[step == 0] < 0).any():
        order = np.lexsort((day, held))
        held, day, revenue = held[order], day[order], revenue[order]
    starts = np.r_[True, np.diff(held) > 0][: len(held)]
    return Visits(pd.Index(ids)[held[starts]], np.cumsum(starts) - 1, day, revenue)


def _numbered(customers: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's customer as a number, and the ids in ascending order.

    Rows of `purchase_days` come by customer, so comparing neighbours is enough; others are sorted.
    """
    names = customers.to_numpy(dtype=object)
    new = np.r_[True, names[1:] != names[:-1]][: len(names)].astype(bool)
    ids = names[new]
    if (ids[1:] > ids[:-1]).all():
        return np.cumsum(new) - 1, ids
    codes, found = pd.factorize(customers, sort=True)
    return codes, np.asarray(found, dtype=object)


def revenue_between(visits: pd.DataFrame, ids: pd.Index, *, after: int, until: int) -> np.ndarray:
    """Return each customer's revenue in the days after the day `after` and up to the day `until`.

    Days are numbers counted from 1970-01-01; out float64 (currency, net of returns), in the order
    of `ids`, 0 where a customer has none.
    """
    day = visits["day"].to_numpy(dtype="datetime64[D]").astype("int64")
    part = visits.loc[(day > after) & (day <= until), ["customer_id", "revenue"]]
    total = part.groupby("customer_id")["revenue"].sum()
    return total.reindex(ids).fillna(0.0).to_numpy(dtype="float64").round(6)
