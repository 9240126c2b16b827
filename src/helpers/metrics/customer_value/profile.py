"""Who the customers are: value and behaviour by any attribute."""

from datetime import date

import numpy as np
import pandas as pd

from helpers.errors import MetricError, did_you_mean
from helpers.metrics.customer_value.frames import purchase_days

UNKNOWN = "Unknown"
_EMPTY = ["attribute", "variance_share", "group", "customers", "revenue_per_customer"]


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


def customer_profiles(
    orders: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    start: date,
    end: date,
    values: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return `customer_profile` by every attribute, the one that tells revenue apart best first.

    An attribute is ranked by the share of the variance of revenue between customers that lies
    between its groups (η²), over customers whose attribute is known. Attributes with fewer than two
    groups of 8 customers or more are left out.

    Columns out: `attribute` (text), `variance_share` (η², 0 to 1), and those of `customer_profile`.

    Raises:
        MetricError: as `customer_profile`.
    """
    days = purchase_days(orders, as_of=end)
    days = days[days["day"] >= pd.Timestamp(start)]
    revenue = days.groupby("customer_id", observed=True)["revenue"].sum()
    parts = []
    for name in [str(column) for column in customers.columns]:
        if name == "customer_id" or pd.api.types.is_datetime64_any_dtype(customers[name]):
            continue
        share = _variance_share(revenue, customers.set_index("customer_id")[name])
        if share is not None:
            table = customer_profile(
                orders, customers, attribute=name, start=start, end=end, values=values
            )
            parts.append(table.assign(attribute=name, variance_share=share))
    parts.sort(key=lambda part: (-part["variance_share"].iloc[0], part["attribute"].iloc[0]))
    if not parts:
        return pd.DataFrame(columns=_EMPTY)
    found = pd.concat(parts, ignore_index=True)
    first = ["attribute", "variance_share"]
    return found[[*first, *(name for name in found.columns if name not in first)]]


def in_reading_order(profiles: pd.DataFrame) -> pd.DataFrame:
    """Return the groups of each attribute in the order of their numbers, such as age bands.

    Groups without a number stay by size, after the others; `Unknown` comes last.
    """
    number = profiles["group"].astype(str).str.extract(r"(\d+)")[0].astype(float)
    below = profiles["group"].astype(str).str.contains(r"under|below|<", case=False)
    place = {name: k for k, name in enumerate(dict.fromkeys(profiles["attribute"]))}
    order = profiles.assign(
        place=profiles["attribute"].map(place),
        last=profiles["group"] == UNKNOWN,
        number=number - 0.5 * below,
    ).sort_values(["place", "last", "number"], kind="stable", na_position="last")
    return order[profiles.columns].reset_index(drop=True)


def _variance_share(revenue: pd.Series, attribute: pd.Series) -> float | None:
    frame = pd.DataFrame({"revenue": revenue, "group": attribute.reindex(revenue.index)}).dropna()
    size = frame.groupby("group")["revenue"].transform("size")
    frame = frame[size >= 8]
    if frame["group"].nunique() < 2 or frame["group"].nunique() > 20:
        return None
    centred = frame["revenue"] - frame["revenue"].mean()
    total = float(centred @ centred)
    between = frame.groupby("group")["revenue"].transform("mean") - frame["revenue"].mean()
    return float(between @ between) / total if total > 0 else 0.0
