"""Who the customers are: value and behaviour by any attribute."""

from datetime import date

import numpy as np
import pandas as pd

from helpers.errors import MetricError, did_you_mean
from helpers.metrics.customer_value.frames import purchase_days

UNKNOWN = "Unknown"


def customer_profile(
    orders: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    attribute: str,
    start: date,
    end: date,
    values: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return customers, revenue and habits by the values of an attribute.

    Over purchase days from `start` to `end`, both inside, of the customers who bought then.

    Columns in: `orders` with `customer_id`, `ordered_at`, `revenue`; `customers` with
    `customer_id` (once each) and the attribute; `values` may bring `customer_id` and `clv`
    (money). Columns out, one row a value, most customers first (equal: by name): `group` (text;
    `Unknown` where the attribute is null or the customer has no row), `customers` (int64),
    `customer_share`, `revenue` (money), `revenue_share` (NaN without revenue),
    `revenue_per_customer` (money), `purchases_per_customer` (days), `average_purchase_value`
    (money), and `clv_per_customer` where `values` is given. Returns reduce a purchase of the same
    day.

    Raises:
        MetricError: the attribute is missing, a customer has two rows, or as `rfm_summary`.
    """
    if attribute not in customers.columns:
        raise MetricError(
            "the customers have no such attribute",
            column=attribute,
            hint=did_you_mean(attribute, map(str, customers.columns)),
        )
    twice = customers["customer_id"].duplicated()
    if twice.any():
        raise MetricError(
            "customers stand in the table twice",
            column="customer_id",
            keys=customers["customer_id"][twice].tolist(),
        )
    days = purchase_days(orders, as_of=end)
    days = days[days["day"] >= pd.Timestamp(start)]
    each = days.groupby("customer_id", observed=True).agg(
        revenue=("revenue", "sum"), purchases=("day", "size")
    )
    named = customers.set_index("customer_id")[attribute].reindex(each.index)
    each["group"] = named.astype("object").where(named.notna(), UNKNOWN).astype(str)
    if values is not None:
        each["clv"] = values.set_index("customer_id")["clv"].reindex(each.index)
    return _summed(each)


def _summed(each: pd.DataFrame) -> pd.DataFrame:
    grouped = each.groupby("group")
    table = grouped.agg(
        customers=("revenue", "size"), revenue=("revenue", "sum"), purchases=("purchases", "sum")
    )
    whole = float(table["revenue"].sum())
    out = pd.DataFrame(
        {
            "group": table.index.astype(str),
            "customers": table["customers"].to_numpy(dtype=np.int64),
            "customer_share": (table["customers"] / max(len(each), 1)).to_numpy(),
            "revenue": table["revenue"].to_numpy(dtype=float),
            "revenue_share": (
                table["revenue"] / whole if whole > 0 else table["revenue"] * np.nan
            ).to_numpy(),
            "revenue_per_customer": (table["revenue"] / table["customers"]).to_numpy(),
            "purchases_per_customer": (table["purchases"] / table["customers"]).to_numpy(),
            "average_purchase_value": (table["revenue"] / table["purchases"]).to_numpy(),
        }
    )
    if "clv" in each.columns:
        out["clv_per_customer"] = grouped["clv"].mean().to_numpy()
    return out.sort_values(["customers", "group"], ascending=[False, True]).reset_index(drop=True)
