"""Check the tables that the family reads, and cut them at `as_of`."""

from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd

from helpers.errors import MetricError

_DENSE = 20_000_000  # places of customers and days up to which a table of all of them is quicker


def require_columns(frame: pd.DataFrame, columns: Iterable[str], *, table: str) -> None:
    """Raise unless the frame has the columns.

    Raises:
        MetricError: a column is missing; the message names those that are there.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise MetricError(
            f"the table `{table}` has no such column",
            column=missing[0],
            hint=f"It has: {', '.join(map(str, frame.columns))}.",
        )


def require_finite(frame: pd.DataFrame, column: str, *, table: str, key: str) -> np.ndarray:
    """Return the column as float64, or raise and name the rows that are no finite number.

    Raises:
        MetricError: a value is null, infinite or no number.
    """
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = ~np.isfinite(values)
    if bad.any():
        keys = frame[key][bad] if key in frame.columns else frame.index[bad]
        raise MetricError(
            f"{int(bad.sum()):,} rows of `{table}` hold no finite number",
            column=column,
            keys=keys.tolist(),
            hint="Clean these rows in the source, or leave them out before the metric.",
        )
    return values


def purchase_rows(orders: pd.DataFrame, *, as_of: date | None = None) -> pd.DataFrame:
    """Return one row an order: `customer_id`, `day` (midnight), `revenue`, up to `as_of`.

    Columns in: `customer_id`, `ordered_at` (datetime64, naive local time), `revenue` (money).
    `as_of` is inclusive; None keeps every row.

    Raises:
        MetricError: a column is missing, a customer or a time is null, times carry a zone, or a
            revenue is no finite number.
    """
    require_columns(orders, ("customer_id", "ordered_at", "revenue"), table="orders")
    key = "order_id" if "order_id" in orders.columns else "customer_id"
    revenue = require_finite(orders, "revenue", table="orders", key=key)
    times = orders["ordered_at"]
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        raise MetricError(
            "the times carry a time zone",
            column="ordered_at",
            hint="Convert to the source's local time and drop the zone: .dt.tz_localize(None).",
        )
    if len(orders) and not pd.api.types.is_datetime64_any_dtype(times):
        raise MetricError(f"is {times.dtype}, not datetime64", column="ordered_at")
    for column in ("customer_id", "ordered_at"):
        null = orders[column].isna().to_numpy()
        if null.any():
            raise MetricError(
                f"{int(null.sum()):,} orders have none",
                column=column,
                keys=orders[key][null].tolist(),
            )
    days = times.astype("datetime64[ns]").dt.normalize()
    rows = pd.DataFrame(
        {"customer_id": orders["customer_id"].array, "day": days.array, "revenue": revenue}
    )
    return (
        rows if as_of is None else rows[rows["day"] <= pd.Timestamp(as_of)].reset_index(drop=True)
    )


def purchase_days(orders: pd.DataFrame, *, as_of: date | None = None) -> pd.DataFrame:
    """Return one row a customer and purchase day: `customer_id`, `day`, `revenue`; sorted.

    Orders of one customer on one calendar day are one purchase. A day counts when at least one of
    its orders is no return (`revenue` >= 0: a visit paid with coupons is a visit). Returns on such
    a day reduce its revenue; a day of returns alone is no purchase and is left out.

    Raises:
        MetricError: as `purchase_rows`.
    """
    rows = purchase_rows(orders, as_of=as_of)
    if rows.empty:
        return rows
    # A page asks for these days dozens of times: one number a customer and day, and three counts.
    codes, ids = pd.factorize(rows["customer_id"], sort=True)
    day = rows["day"].to_numpy(dtype="datetime64[D]").astype("int64")
    first, width = int(day.min()), int(day.max() - day.min()) + 1
    place = codes * width + (day - first)
    if len(ids) * width > _DENSE:
        kept, place = np.unique(place, return_inverse=True)
    else:
        kept = np.arange(len(ids) * width)
    revenue = rows["revenue"].to_numpy()
    spent = np.bincount(place, weights=revenue, minlength=len(kept))
    bought = np.flatnonzero(np.bincount(place, weights=revenue >= 0, minlength=len(kept)))
    found = kept[bought]
    days = (found % width + first).astype("datetime64[D]").astype("datetime64[ns]")
    return pd.DataFrame(
        {"customer_id": ids.take(found // width), "day": days, "revenue": spent[bought]}
    )
