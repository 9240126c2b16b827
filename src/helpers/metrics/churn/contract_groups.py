"""Contracts by group: what customers of a size, a plan or a kind do, and how long they stay."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.metrics.churn.contractual import days_of, mrr_movements, subscription_lifetimes
from helpers.metrics.churn.intervals import wilson
from helpers.metrics.churn.segments import (
    SPEND,
    UNKNOWN,
    dimensions,
    in_words,
    natural,
    spend_tier,
    with_attributes,
)
from helpers.metrics.churn.stays import curves_by_group
from helpers.periods import Period

SIZE = "size_of_the_contract"
_FACTS = ("subscription_id", "customer_id", "starts_on", "ends_on", "mrr")
_COLUMNS = [
    "dimension", "segment", "split", "customers", "lapsed", "churn_rate", "low", "high", "revenue",
    "revenue_churn_rate", "grr",
]  # fmt: skip


def contract_groups(
    contracts: pd.DataFrame, *, customers: pd.DataFrame | None = None, max_levels: int = 6
) -> pd.DataFrame:
    """Return the groups of the customers of these contracts.

    Formula: `size_of_the_contract` = third of the customers by their MRR (high, middle, low; equal
    ones fall together); every further column of the contracts, such as a plan, with 2 to
    `max_levels` values, as it stands in the customer's largest contract; every such attribute of
    `customers`.

    Columns in: those of `mrr_movements`, the contracts in force on one day. Columns out:
    `customer_id` string, one column a dimension. Grain: one row per customer with MRR.
    """
    paid = contracts[contracts["mrr"] > 0]
    paid = paid.assign(customer_id=paid["customer_id"].astype(str))
    total = paid.groupby("customer_id")["mrr"].sum()
    tiers = spend_tier(total.to_numpy("float64").round(2))
    table = pd.DataFrame(
        {
            "customer_id": pd.Series(total.index.to_numpy(), dtype=object).astype(str),
            SIZE: pd.Categorical(tiers, SPEND, ordered=True),
        }
    )
    order = ["customer_id", "mrr", "subscription_id"]
    largest = paid.sort_values(order, ascending=[True, False, True], kind="stable")
    largest = largest.drop_duplicates("customer_id")
    plans = largest.drop(columns=[name for name in _FACTS if name != "customer_id"])
    table = with_attributes(table, plans, max_levels)
    return table if customers is None else with_attributes(table, customers, max_levels)


def contract_by_segment(
    subscriptions: pd.DataFrame, *, period: Period, customers: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return logo churn, revenue churn and GRR of a period by group, as it was before the period.

    Columns out: `dimension`, `segment`, `split` (in words) string, `customers`, `lapsed` int64 (at
    the start, and lost), `churn_rate`, `low`, `high` float64 (share; Wilson), `revenue` float64
    (currency, MRR at the start), `revenue_churn_rate`, `grr` float64 (share of it). Grain: one row
    per dimension and group; dimensions of one group alone are left out.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    moves = mrr_movements(subscriptions, period=period)
    moves = moves[moves["start_mrr"] > 0]
    before = in_force(subscriptions, period.start - timedelta(days=1))
    groups = contract_groups(before, customers=customers)
    merged = moves.merge(groups, on="customer_id", how="left")
    gone, less = merged["movement"].eq("churn"), merged["movement"].isin(["churn", "contraction"])
    merged = merged.assign(
        lapsed=gone, lost=-merged["change"] * gone, shrunk=-merged["change"] * less
    )
    parts = []
    for name in dimensions(groups):
        found = merged.groupby(name, observed=True).agg(
            customers=("lapsed", "size"), lapsed=("lapsed", "sum"), revenue=("start_mrr", "sum"),
            lost=("lost", "sum"), shrunk=("shrunk", "sum"),
        )  # fmt: skip
        found = found.set_axis(found.index.astype(str)).rename_axis("segment").reset_index()
        if name != SIZE:
            found = found.sort_values("segment", key=lambda s: s.map(natural), kind="stable")
        if len(found) > 1:
            parts.append(found.assign(dimension=name, split=in_words(name).capitalize()))
    if not parts:
        return pd.DataFrame(columns=_COLUMNS)
    table = pd.concat(parts, ignore_index=True)
    low, high = wilson(table["lapsed"], table["customers"])
    return table.assign(
        churn_rate=table["lapsed"] / table["customers"],
        low=low,
        high=high,
        revenue_churn_rate=table["lost"] / table["revenue"],
        grr=1 - table["shrunk"] / table["revenue"],
    )[_COLUMNS]


def contract_stay_by_group(
    subscriptions: pd.DataFrame,
    *,
    as_of: date,
    customers: pd.DataFrame | None = None,
    step: int = 30,
) -> pd.DataFrame:
    """Return how long customers stay under contract (Kaplan–Meier), overall and by group.

    Groups are those of the contracts of the customer's first day, so that nothing later makes the
    loyal look loyal. Columns out and grain: those of `stay_by_group`. Customers of unknown
    attributes are left out of them.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    stays = subscription_lifetimes(subscriptions, as_of=as_of)
    paid = subscriptions[subscriptions["mrr"] > 0]
    first = stays.set_index("customer_id")["first_day"]
    began = paid["customer_id"].astype(str).map(first)
    at_first = days_of(paid["starts_on"]) == began.to_numpy(dtype="datetime64[D]")
    groups = contract_groups(paid[at_first], customers=customers)
    return curves_by_group(stays, groups, step=step)


def in_force(subscriptions: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return the contracts in force on a day: `starts_on` ≤ day ≤ `ends_on`, or no end."""
    starts, ends = days_of(subscriptions["starts_on"]), days_of(subscriptions["ends_on"])
    at = np.datetime64(day)
    return subscriptions[(starts <= at) & (np.isnat(ends) | (ends >= at))]


def known(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of known groups."""
    return table[table["segment"] != UNKNOWN].reset_index(drop=True)
