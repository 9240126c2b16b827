"""Subscriptions: logo churn, revenue churn, GRR, NRR and a bridge that closes to the cent."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.intervals import share, wilson
from helpers.metrics.churn.visits import need
from helpers.periods import Period

STEPS = ("start", "new", "reactivation", "expansion", "contraction", "churn", "end")


def mrr_movements(subscriptions: pd.DataFrame, *, period: Period) -> pd.DataFrame:
    """Return each customer's monthly recurring revenue before and after the period, and the move.

    Formula: MRR on a day = sum over the subscriptions in force, `starts_on` ≤ day ≤ `ends_on`
    (an open end is null; both days are inside). `start_mrr` is that of the day before the period,
    `end_mrr` that of its last day. `new`: from nothing, never a customer before;
    `reactivation`: from nothing, once a customer; `expansion`, `contraction`: up, down; `churn`:
    to nothing; `kept`.

    Columns in: `subscription_id`, `customer_id` string, `starts_on`, `ends_on` datetime64 or date,
    `mrr` float64 (currency a month, ≥ 0). Columns out: `customer_id` string, `start_mrr`,
    `end_mrr`, `change` float64 (currency, whole cents), `movement` string.

    Grain: one row per customer with MRR at either end. Moves inside the period are netted. MRR is
    rounded to whole cents per subscription; sums are made in cents, so nothing is lost.
    `ends_on` after the period's end is a plan, and has no effect yet.

    Raises:
        MetricError: a column is missing, an MRR is negative, an id occurs twice, or an end lies
            before its start; the first ids are named.
    """
    _check(subscriptions)
    known = subscriptions[days_of(subscriptions["starts_on"]) <= np.datetime64(period.end)]
    before = period.start - timedelta(days=1)
    cents = pd.DataFrame({"start": _mrr_cents(known, before), "end": _mrr_cents(known, period.end)})
    cents = cents.fillna(0).astype("int64").sort_index()
    cents = cents[(cents["start"] > 0) | (cents["end"] > 0)]
    began = days_of(known["starts_on"]) <= np.datetime64(before)
    earlier = cents.index.isin(known.loc[began & (known["mrr"] > 0).to_numpy(), "customer_id"])
    start, end = cents["start"].to_numpy(), cents["end"].to_numpy()
    movement = np.select(
        [(start == 0) & ~earlier, start == 0, end == 0, end > start, end < start],
        ["new", "reactivation", "churn", "expansion", "contraction"],
        default="kept",
    )
    return pd.DataFrame(
        {
            "customer_id": pd.Series(cents.index.to_numpy(), dtype=object).astype(str),
            "start_mrr": start / 100,
            "end_mrr": end / 100,
            "change": (end - start) / 100,
            "movement": pd.Series(movement, dtype=str),
        }
    )


def revenue_bridge(subscriptions: pd.DataFrame, *, period: Period) -> pd.DataFrame:
    """Return the MRR bridge: start + new + reactivation + expansion − contraction − churn = end.

    Columns out: `step` string, `mrr` float64 (currency, whole cents; losses are negative),
    `customers` int64 (behind the step). Grain: one row per step. The end is summed by itself, and
    the steps add up to it to the cent.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    return bridge_of(mrr_movements(subscriptions, period=period), value="mrr")


def contractual_churn(subscriptions: pd.DataFrame, *, period: Period) -> dict[str, float]:
    """Return logo churn, revenue churn, GRR and NRR of a period.

    Formula: `logo_churn_rate` = customers lost / customers at the start (Wilson interval
    `logo_low`, `logo_high`); `revenue_churn_rate` = churned MRR / start MRR; `grr` = 1 − (churned +
    contraction) / start MRR; `nrr` = `grr` + expansion / start MRR. Customers won or won back in
    the period count in neither GRR nor NRR; `nrr_with_reactivation` adds the latter, as some do.

    Out: also `start_customers`, `end_customers`, `start_mrr`, `end_mrr`. Nobody at the start
    gives NaN.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    moves = mrr_movements(subscriptions, period=period)
    steps = bridge_of(moves, value="mrr").set_index("step")["mrr"]
    start, lost = steps["start"], -steps["churn"]
    customers = int((moves["start_mrr"] > 0).sum())
    gone = int(moves["movement"].eq("churn").sum())
    low, high = wilson([gone], [customers])
    grr = 1 - share(lost - steps["contraction"], start)
    nrr = grr + share(steps["expansion"], start)
    return {
        "start_customers": customers,
        "end_customers": int((moves["end_mrr"] > 0).sum()),
        "logo_churn_rate": share(gone, customers),
        "logo_low": float(low[0]),
        "logo_high": float(high[0]),
        "start_mrr": float(start),
        "end_mrr": float(steps["end"]),
        "revenue_churn_rate": share(lost, start),
        "grr": grr,
        "nrr": nrr,
        "nrr_with_reactivation": nrr + share(steps["reactivation"], start),
    }


def subscription_lifetimes(subscriptions: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """Return how long each customer stayed under contract before first being without one.

    Formula: `duration_days` = days from the first `starts_on` to the first day without MRR, or to
    the day after `as_of` where there is none yet. Contracts that overlap or touch are one stay.

    Columns out: `customer_id` string, `first_day` datetime64[ns], `duration_days` int64, `lapsed`
    bool. Grain: one row per customer with a contract of MRR above zero begun by `as_of`.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    _check(subscriptions)
    paid = subscriptions[subscriptions["mrr"] > 0]
    paid = paid[days_of(paid["starts_on"]) <= np.datetime64(as_of)]
    after = np.datetime64(as_of) + np.timedelta64(1, "D")
    ends = days_of(paid["ends_on"])
    until = np.where(np.isnat(ends) | (ends >= after), after, ends + np.timedelta64(1, "D"))
    spells = pd.DataFrame(
        {
            "customer_id": paid["customer_id"].astype(str).to_numpy(),
            "start": days_of(paid["starts_on"]).astype("int64"),
            "until": until.astype("datetime64[D]").astype("int64"),
        }
    ).sort_values(["customer_id", "start", "until"])
    reach = spells.groupby("customer_id")["until"].cummax()
    gap = spells["start"] > reach.groupby(spells["customer_id"]).shift().fillna(10**9)
    first_stay = spells[~gap.groupby(spells["customer_id"]).cummax()]
    stay = first_stay.groupby("customer_id").agg(start=("start", "min"), until=("until", "max"))
    start, until = stay["start"].to_numpy(), stay["until"].to_numpy()
    return pd.DataFrame(
        {
            "customer_id": pd.Series(stay.index.to_numpy(), dtype=object).astype(str),
            "first_day": start.astype("datetime64[D]").astype("datetime64[ns]"),
            "duration_days": until - start,
            "lapsed": until < after.astype("int64"),
        }
    )


def bridge_of(moves: pd.DataFrame, *, value: str) -> pd.DataFrame:
    """Return the bridge of a table of movements (`start_mrr`, `end_mrr`, `movement`), in cents."""
    cents = {name: _cents(moves[f"{name}_mrr"]) for name in ("start", "end")}
    change = cents["end"] - cents["start"]
    rows = []
    for step in STEPS:
        own = moves["movement"].eq(step).to_numpy()
        if step in cents:
            total, who = int(cents[step].sum()), int((cents[step] > 0).sum())
        else:
            total, who = int(change[own].sum()), int(own.sum())
        rows.append({"step": step, value: total / 100, "customers": who})
    return pd.DataFrame(rows)


def _mrr_cents(subscriptions: pd.DataFrame, day: date) -> pd.Series:
    starts, ends = days_of(subscriptions["starts_on"]), days_of(subscriptions["ends_on"])
    at = np.datetime64(day)
    force = subscriptions[(starts <= at) & (np.isnat(ends) | (ends >= at))]
    return pd.Series(_cents(force["mrr"]), index=force["customer_id"]).groupby(level=0).sum()


def _cents(money: pd.Series) -> np.ndarray:
    return (money.to_numpy(dtype="float64") * 100).round().astype("int64")


def days_of(dates: pd.Series) -> np.ndarray:
    """Return dates as whole days; a missing one is NaT."""
    return pd.to_datetime(dates).to_numpy(dtype="datetime64[D]")


def _check(subscriptions: pd.DataFrame) -> None:
    need(
        subscriptions, ["subscription_id", "customer_id", "starts_on", "mrr"], table="subscriptions"
    )
    if "ends_on" not in subscriptions.columns:
        raise MetricError(
            "the table `subscriptions` has no such column",
            column="ends_on",
            hint="Add it; null stands for a contract without an end.",
        )
    ids = subscriptions["subscription_id"]
    faults = {
        "mrr": (
            ~subscriptions["mrr"].between(0, 1e12),
            "is negative or infinite",
            "Keep refunds elsewhere.",
        ),
        "subscription_id": (ids.duplicated(), "occurs twice", "Keep one row per subscription."),
        "ends_on": (
            pd.to_datetime(subscriptions["ends_on"]) < pd.to_datetime(subscriptions["starts_on"]),
            "lies before starts_on",
            "Exchange the two dates, or drop the row.",
        ),
    }
    for column, (wrong, what, hint) in faults.items():
        if wrong.any():
            raise MetricError(
                f"{int(wrong.sum()):,} rows: {column} {what}",
                column=column,
                keys=ids[wrong],
                hint=hint,
            )
