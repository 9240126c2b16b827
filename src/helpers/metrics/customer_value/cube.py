"""Sums by month and group of customers, for the explorer."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from helpers.metrics.customer_value.frames import purchase_days, require_columns
from helpers.metrics.customer_value.profile import UNKNOWN
from helpers.metrics.distinct import with_summed


def value_cube(
    orders: pd.DataFrame, groups: pd.DataFrame, *, as_of: date, by: Sequence[str]
) -> pd.DataFrame:
    """Return revenue, purchases and buying customers a month and combination of groups.

    Columns in: `orders` as `rfm_summary`; `groups` with `customer_id` (once each) and the `by`
    columns. Columns out, one row a month and combination that occurs: `month` (text such as
    `2017-09`), the `by` columns (text; `Unknown` where null), `revenue` (money), `purchases`,
    `customers` (int64). Customers add up over groups of one month, and so they are in `with_summed`
    columns; over months the same customer counts again.

    Raises:
        MetricError: a column is missing, or as `rfm_summary`.
    """
    require_columns(groups, ("customer_id", *by), table="groups")
    days = purchase_days(orders, as_of=as_of)
    frame = days.assign(month=_months(days["day"]))
    named = groups.set_index("customer_id")
    for name in by:
        label = frame["customer_id"].map(named[name])
        frame[name] = label.astype("object").where(label.notna(), UNKNOWN).astype(str)
    keys = ["month", *by]
    cube = frame.groupby(keys, as_index=False, observed=True).agg(
        revenue=("revenue", "sum"), purchases=("day", "size"), customers=("customer_id", "nunique")
    )
    cube = cube.astype({"purchases": "int64", "customers": "int64"})
    return with_summed(cube, x="month", by=by, name="customers")


def _months(days: pd.Series) -> pd.Series:
    """Return the months as text; each is written once, for writing dates is slow."""
    code, distinct = pd.factorize(days.to_numpy().astype("datetime64[M]"))
    return pd.Series(distinct.astype(str)[code], index=days.index, dtype=object)
