"""How the last forecast did: what was expected for the period at its start, and what came."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.customer_value.checks import value_checks
from helpers.metrics.customer_value.choice import PurchaseChoice, choose_purchase_model
from helpers.metrics.customer_value.clv import Terms
from helpers.metrics.customer_value.frames import purchase_days, purchase_rows
from helpers.metrics.customer_value.holdout import accuracy
from helpers.metrics.customer_value.ranges import ModelError, Ranges, value_ranges
from helpers.metrics.customer_value.recent_rate import count_days
from helpers.metrics.customer_value.spending import choose_spending_model
from helpers.metrics.customer_value.summary import elapsed
from helpers.metrics.customer_value.value_model import ValueModel
from helpers.periods import Period

MIN_HISTORY_DAYS = 56
DAYS_A_MONTH = 365.2425 / 12

PREDICTED = (
    "customer_id", "model", "purchases", "revenue", "revenue_low", "revenue_high", "all_low",
    "all_high", "rule", "rule_purchases", "rule_revenue", "clv", "clv_low", "clv_high",
    "all_clv_low", "all_clv_high", "horizon", "margin", "discount_rate",
)  # fmt: skip
"""The columns of what a report predicts (see `predictions`)."""


def predictions(
    orders: pd.DataFrame,
    model: ValueModel,
    *,
    ahead: Period,
    error: ModelError | None = None,
    replicates: int = 1000,
    worth: Ranges | None = None,
) -> pd.DataFrame:
    """Return what a report predicts, to be kept with its edition; it names customers.

    Columns out: `customer_id` string; `model`, `rule` string (their labels); `purchases`,
    `revenue`, `rule_purchases`, `rule_revenue` float64 (expected in the period `ahead`, see
    `forecast_scorecard`); `clv` float64 (the value published, see `clv`); `horizon` int64 (months),
    `margin`, `discount_rate` float64: its terms. The 95 % ranges (see `value_ranges`) of what each
    customer will bring: `revenue_low`, `revenue_high` in the period, `clv_low`, `clv_high` over
    the horizon; and, the same on every row, those of all customers together: `all_low`,
    `all_high`, `all_clv_low`, `all_clv_high`. `error` is that of `value_checks`, by default worked
    out; `worth`, the `ranges` of the model, saves drawing them again.
    Grain: one row per customer seen by the model's last day.
    """
    chosen, terms = model.purchases, model.terms
    if error is None:
        error = value_checks(orders, chosen, as_of=model.as_of)
    found = _expected(orders, chosen, model.as_of, ahead, error, replicates)
    worth = worth or model.ranges(error=error, replicates=replicates)
    low, high = worth.of_sums
    values = model.values.set_index("customer_id")["clv"]
    return found.assign(
        clv=values.reindex(chosen.summary["customer_id"].array).to_numpy(dtype=float),
        clv_low=worth.low,
        clv_high=worth.high,
        all_clv_low=low[0],
        all_clv_high=high[0],
        horizon=terms.horizon,
        margin=terms.margin,
        discount_rate=terms.discount_rate,
    )[list(PREDICTED)]


def _expected(
    orders: pd.DataFrame,
    chosen: PurchaseChoice,
    as_of: date,
    ahead: Period,
    error: ModelError,
    replicates: int,
) -> pd.DataFrame:
    """Return the columns of `predictions` that are about the period ahead."""
    frame, rule = chosen.summary, chosen.rule
    length = float(elapsed(pd.Series([pd.Timestamp(as_of)]), pd.Timestamp(ahead.end), unit="W")[0])
    spending = choose_spending_model(frame).used
    value = spending.expected_average_value(frame["frequency"], frame["monetary_value"])
    purchases = chosen.used.expected_for(frame, length)
    after = pd.Timestamp(as_of) - timedelta(days=rule.window_days)
    days = purchase_days(orders, as_of=as_of)
    lately = days[days["day"] > after].groupby("customer_id", observed=True)["revenue"].sum()
    carried = lately.reindex(frame["customer_id"].array, fill_value=0.0).to_numpy(dtype=float)
    ranges = value_ranges(
        frame, purchases=chosen.used, spending=spending, ends=np.array([length]),
        weights=np.ones(1), error=error, replicates=replicates,
    )  # fmt: skip
    low, high = ranges.of_sums
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"].astype(str),
            "model": chosen.used.label,
            "purchases": purchases,
            "revenue": purchases * value,
            "revenue_low": ranges.low,
            "revenue_high": ranges.high,
            "all_low": low[0],
            "all_high": high[0],
            "rule": rule.label,
            "rule_purchases": rule.expected_for(frame, length),
            "rule_revenue": carried * ahead.days / rule.window_days,
        }
    )


def score(predicted: pd.DataFrame, orders: pd.DataFrame, *, period: Period) -> pd.DataFrame:
    """Return how kept predictions for a period did (see `forecast_scorecard`).

    Columns in: `predicted` as of `predictions`. Customers of whom the orders before the period know
    nothing any more are left out. Empty where nobody is left.
    """
    days = purchase_days(orders, as_of=period.end)
    start = pd.Timestamp(period.start)
    known = predicted["customer_id"].isin(days.loc[days["day"] < start, "customer_id"])
    said = predicted[known].reset_index(drop=True)
    if said.empty:
        return pd.DataFrame(columns=["model", "expected", "actual", "bias"])
    model, rule = said["model"].iloc[0], said["rule"].iloc[0]
    came = days[(days["day"] >= start) & days["customer_id"].isin(said["customer_id"])]
    purchases = {model: said["purchases"].to_numpy()} | {rule: said["rule_purchases"].to_numpy()}
    money = {model: said["revenue"].sum()} | {rule: said["rule_revenue"].sum()}
    actual = float(came["revenue"].sum())
    table = accuracy(count_days(came, said["customer_id"]), purchases)
    table["expected_revenue"] = table["model"].map(money).astype(float)
    table["actual_revenue"] = actual
    table["revenue_bias"] = table["expected_revenue"] / actual - 1.0 if actual else float("nan")
    own = came.groupby("customer_id", observed=True)["revenue"].sum()
    brought = own.reindex(said["customer_id"].array, fill_value=0.0).to_numpy(dtype=float)
    table = _judged(table, said, predicted, "revenue", "all", brought)
    return table.assign(customers=len(said))


def _judged(
    table: pd.DataFrame,
    said: pd.DataFrame,
    predicted: pd.DataFrame,
    own: str,
    whole: str,
    brought: np.ndarray,
) -> pd.DataFrame:
    """Return the table with the ranges given and whether they held, in the model's row alone.

    The range of all customers is cut to the part expected of those who are still known.
    """
    expected = float(predicted[own].sum())
    part = float(said[own].sum()) / expected if expected else 1.0
    low, high = (float(said[f"{whole}_{end}"].iloc[0]) * part for end in ("low", "high"))
    within = brought >= said[f"{own}_low"].to_numpy()
    within &= brought <= said[f"{own}_high"].to_numpy()
    told = {
        "low": low,
        "high": high,
        "inside": "Yes" if low <= float(brought.sum()) <= high else "No",
        "covered": float(within.mean()),
    }
    of_model = table["model"] == said["model"].iloc[0]
    return table.assign(**{name: of_model.map({True: value}) for name, value in told.items()})


def valued(period: Period, *, horizon: int) -> Period | None:
    """Return the period whose report looked `horizon` months ahead, to the end of this one.

    None for weeks, and where no period of this kind ends so many months earlier.
    """
    years, month = divmod(period.end.year * 12 + period.end.month - 1 - horizon, 12)
    made = Period.containing(date(years, month + 1, 1), period.kind)
    ends = (made.end.year, made.end.month) == (years, month + 1)
    return made if ends and period.kind != "week" else None


def value_score(
    predicted: pd.DataFrame, orders: pd.DataFrame, *, made: Period, period: Period
) -> pd.DataFrame:
    """Return what customers were valued at by the report of `made`, and what they then brought.

    value_made = Σ margin · revenue / (1 + discount_rate)^(t / 12) over the purchase days of known
    customers after `made` up to the end of `period`, t the month since (1 … horizon). The rule
    values each month at the rate of its window.

    Columns in: `predicted` as of `predictions`. Columns out, one row each for the model and the
    plain rule: `model`, `value_expected`, `value_made` (money), `value_bias` (share; NaN where
    nothing came); `low`, `high`, `inside`, `covered` as `forecast_scorecard`. Customers that
    nobody knows any more are left out; empty where nobody is left.
    """
    days = purchase_days(orders, as_of=period.end)
    since = (days["day"] - pd.Timestamp(made.end)).dt.days
    said = predicted[predicted["customer_id"].isin(days.loc[since <= 0, "customer_id"])]
    if said.empty:
        return pd.DataFrame(columns=["model", "value_expected", "value_made", "value_bias"])
    first = said.iloc[0]
    terms = Terms(float(first["margin"]), float(first["discount_rate"]), int(first["horizon"]))
    later = (since > 0) & days["customer_id"].isin(said["customer_id"])
    month = np.ceil(since[later] / DAYS_A_MONTH).clip(1, terms.horizon).astype(int)
    each = terms.margin * days.loc[later, "revenue"] * terms.discounts[month - 1]
    brought = each.groupby(days.loc[later, "customer_id"], observed=True).sum()
    own = brought.reindex(said["customer_id"].array, fill_value=0.0).to_numpy(dtype=float)
    came = float(own.sum())
    a_month = float(said["rule_revenue"].sum()) / made.next().days * DAYS_A_MONTH
    by_rule = terms.margin * a_month * float(terms.discounts.sum())
    rows = {first["rule"]: by_rule, first["model"]: float(said["clv"].sum())}
    table = pd.DataFrame({"model": list(rows), "value_expected": list(rows.values())})
    table["value_made"] = came
    table["value_bias"] = table["value_expected"] / came - 1.0 if came else float("nan")
    return _judged(table.iloc[::-1].reset_index(drop=True), said, predicted, "clv", "all_clv", own)


def forecast_scorecard(
    orders: pd.DataFrame,
    *,
    period: Period,
    chosen: PurchaseChoice | None = None,
    holdout_days: int = 91,
    window_days: int = 90,
    replicates: int = 1000,
) -> pd.DataFrame:
    """Return what the model and the rule expected of a period at its start, and the truth.

    The model sees only rows before the period, as the page of the period before did; known
    customers only. Revenue = Σ expected purchases × expected value of a purchase; the rule
    multiplies by the customer's revenue a purchase in its window. `chosen` saves choosing the
    model as of the day before the period.

    Columns in: `customer_id`, `ordered_at`, `revenue`. Columns out, one row each for the model and
    the plain rule: `model`, `expected`, `actual` (purchases), `bias`, `mae`, `rmse`, `correlation`
    (see `accuracy`), `expected_revenue`, `actual_revenue` (money, purchase days of known
    customers), `revenue_bias` (share; NaN without actual revenue); of the model alone `low`, `high`
    (money, the 95 % range of the revenue of all), `inside` (text, `Yes` or `No`: the revenue came
    within it) and `covered` (share of the customers who came within their own range); `customers`
    (int64, known at the start).

    Raises:
        MetricError: the history before the period is shorter than 56 days, or as `rfm_summary`.
    """
    start = period.start - timedelta(days=1)
    seen = purchase_rows(orders, as_of=start)
    length = (pd.Timestamp(start) - seen["day"].min()).days + 1 if len(seen) else 0
    if length < MIN_HISTORY_DAYS:
        raise MetricError(
            f"{length} days of history before {period} are too few to have made a forecast",
            hint=f"It takes {MIN_HISTORY_DAYS}.",
        )
    if chosen is None:
        chosen = choose_purchase_model(
            orders, as_of=start, holdout_days=holdout_days, window_days=window_days
        )
    error = value_checks(orders, chosen, as_of=start)
    said = _expected(orders, chosen, start, period, error, replicates)
    return score(said, orders, period=period)
