"""What is at stake with each customer at risk, whom to contact, and what it would bring."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.survival import absences, survival_curve
from helpers.metrics.churn.visits import arrays, need, number, revenue_between

ASSUMPTIONS = ("contact_cost", "incentive_cost", "success_rate", "margin", "horizon_days")
"""What an `Action` assumes; a report's parameters of these names."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """A retention action and what it is assumed to cost and to achieve.

    Attributes:
        contact_cost: currency for each customer contacted.
        incentive_cost: currency for each contacted customer who buys, whether the action moved
            them or not (a coupon that is redeemed).
        success_rate: share of the contacted who would have lapsed and now stay.
        margin: share of revenue that is margin.
        horizon_days: days ahead over which a lost customer's margin is counted.
    """

    contact_cost: float
    incentive_cost: float
    success_rate: float
    margin: float
    horizon_days: int

    def __post_init__(self) -> None:
        """Refuse a value out of bounds."""
        for name, low, high in (
            ("contact_cost", 0, np.inf), ("incentive_cost", 0, np.inf),
            ("success_rate", 0, 1), ("margin", 0, 1), ("horizon_days", 1, 3660),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                raise MetricError(
                    f"{name} = {getattr(self, name)} is not between {low:g} and {high:g}",
                    hint="Costs are in the report's currency, shares between 0 and 1.",
                )

    def gain(self, probability: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Return the expected gain of contacting each customer.

        Formula: p·γ·(V − δ) − (1 − p)·δ − c, with success rate γ, value at stake V, incentive δ and
        contact cost c. Source: Neslin et al. (2006), Journal of Marketing Research 43, 204–211,
        equation 1, for one customer.
        """
        kept = probability * self.success_rate * (value - self.incentive_cost)
        return kept - (1 - probability) * self.incentive_cost - self.contact_cost

    def result(self, lapsed: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Return the gain of contacting each customer once it is known who lapses unmoved."""
        return self.gain(lapsed.astype("float64"), value)


def days_lost(visits: pd.DataFrame, *, as_of: date, window: int, horizon: int) -> float:
    """Return how many of the next `horizon` days a customer who lapses is expected to be away.

    Formula: N + ∫₀^{H−N} S(t) dt, with N the window, H the horizon and S the Kaplan–Meier share of
    lapsed customers who have not come back t days after their lapse; beyond the last day watched
    S stays where it is. Without any lapse seen: H.
    """
    if horizon <= window:
        return float(horizon)
    away = absences(visits, as_of=as_of, window=window)
    if not len(away):
        return float(horizon)
    curve = survival_curve(away, event="returned", min_at_risk=1)
    share = curve.set_index("day")["survival"].reindex(range(horizon - window)).ffill()
    return float(window + share.sum())


def value_at_stake(
    visits: pd.DataFrame, *, as_of: date, window: int, customers: pd.Index, action: Action
) -> pd.DataFrame:
    """Return what each customer's lapse would cost.

    Formula: `daily_revenue` = (revenue of the last 3 N days + N·m)/(days known of those + N), with
    m the customers' mean, so that a customer known for a few days is not taken at their word;
    `value_at_stake` = margin · daily_revenue · days lost (`days_lost`).

    Columns out: `customer_id` string, `daily_revenue`, `value_at_stake` float64 (currency). Grain:
    one row per customer asked for, in that order. Returns lower the revenue; below zero counts as
    zero.
    """
    rows = arrays(visits, as_of=as_of)
    today = number(as_of)
    first = pd.Series(rows.day[rows.starts], index=rows.ids).reindex(customers).to_numpy("float64")
    known = np.minimum(today - first + 1, 3 * window)
    spent = np.maximum(
        revenue_between(visits, customers, after=today - 3 * window, until=today), 0.0
    )
    mean = spent.sum() / known.sum() if len(known) else 0.0
    daily = (spent + window * mean) / (known + window)
    lost = days_lost(visits, as_of=as_of, window=window, horizon=action.horizon_days)
    return pd.DataFrame(
        {
            "customer_id": pd.Series(customers, dtype=str),
            "daily_revenue": daily,
            "value_at_stake": action.margin * daily * lost,
        }
    )


def at_risk(
    scored: pd.DataFrame, visits: pd.DataFrame, *, as_of: date, window: int, action: Action
) -> pd.DataFrame:
    """Return the at-risk list: probability, value at stake, expected gain, whom to contact.

    Formula: `expected_loss` = p · value at stake; `expected_gain` as `Action.gain`; `contact` =
    expected gain above zero, which maximises the expected profit over all choices of customers.

    Columns in: `customer_id` string, `probability` float64 (share). Columns out: also
    `recency_days` int64, `daily_revenue`, `value_at_stake`, `expected_loss`, `expected_gain`
    float64 (currency), `contact` bool, `rank` int64.

    Grain: one row per customer: for the analyst, never for a page. Largest expected gain first,
    ties by customer.

    Raises:
        MetricError: a column is missing or has nulls.
    """
    need(scored, ["customer_id", "probability"], table="scored")
    ids = pd.Index(scored["customer_id"])
    stake = value_at_stake(visits, as_of=as_of, window=window, customers=ids, action=action)
    rows = arrays(visits, as_of=as_of)
    last = pd.Series(rows.day[rows.ends], index=rows.ids).reindex(ids).to_numpy("float64")
    p, value = scored["probability"].to_numpy("float64"), stake["value_at_stake"].to_numpy()
    gain = action.gain(p, value)
    table = scored.assign(
        recency_days=(number(as_of) - last).astype("int64"),
        daily_revenue=stake["daily_revenue"].to_numpy(),
        value_at_stake=value,
        expected_loss=p * value,
        expected_gain=gain,
        contact=gain > 0,
    )
    table = table.sort_values(
        ["expected_gain", "customer_id"], ascending=[False, True], ignore_index=True
    )
    return table.assign(rank=np.arange(1, len(table) + 1))


def by_segment(listed: pd.DataFrame, groups: pd.DataFrame, *, by: str | list[str]) -> pd.DataFrame:
    """Return the at-risk list summed by groups of customers: what a page may show.

    Columns in: those of `at_risk`; `groups` with `customer_id` and the columns `by`. Columns out:
    `by`, `customers` int64, `probability` float64 (mean), `expected_lapses` float64,
    `value_at_stake`, `expected_loss` float64 (currency, sums), `contacts` int64, `expected_gain`
    float64 (currency, over the contacts). Grain: one row per group.
    """
    keys = [by] if isinstance(by, str) else list(by)
    merged = listed.merge(groups[["customer_id", *keys]], on="customer_id", how="left")
    merged = merged.assign(gain=merged["expected_gain"].where(merged["contact"], 0.0))
    table = merged.groupby(keys, observed=True, dropna=False).agg(
        customers=("probability", "size"),
        probability=("probability", "mean"),
        expected_lapses=("probability", "sum"),
        value_at_stake=("value_at_stake", "sum"),
        expected_loss=("expected_loss", "sum"),
        contacts=("contact", "sum"),
        expected_gain=("gain", "sum"),
    )
    return table.reset_index()


def risk_grid(
    listed: pd.DataFrame, groups: pd.DataFrame, *, rows: str, columns: str
) -> pd.DataFrame:
    """Return `by_segment` of two dimensions, ordered so that a heatmap shows all columns in order.

    A heatmap takes its columns in the order in which they come, and cells of fewer than 8 customers
    are not shown: so the rows begin at the end whose first row is complete.
    """
    table = by_segment(listed, groups, by=[rows, columns])
    shown = table[table["customers"] >= 8]
    names, width = list(pd.unique(shown[rows])), shown[columns].nunique()
    complete = [int((shown[rows] == name).sum()) == width for name in names]
    if names and not complete[0] and complete[-1]:
        table = table.sort_values([rows, columns], ascending=[False, True], ignore_index=True)
    return table
