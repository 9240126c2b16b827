"""How the last forecast did: what was expected for the period at its start, and what came."""

from datetime import timedelta

import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.customer_value.choice import PurchaseChoice, choose_purchase_model
from helpers.metrics.customer_value.frames import purchase_days, purchase_rows
from helpers.metrics.customer_value.holdout import accuracy, calibration_holdout
from helpers.metrics.customer_value.spending import choose_spending_model
from helpers.periods import Period

MIN_HISTORY_DAYS = 56


def forecast_scorecard(
    orders: pd.DataFrame,
    *,
    period: Period,
    chosen: PurchaseChoice | None = None,
    holdout_days: int = 91,
    window_days: int = 90,
) -> pd.DataFrame:
    """Return what the model and the rule expected of a period at its start, and the truth.

    The model sees only rows before the period, as the page of the period before did; known
    customers only. Revenue = Σ expected purchases × expected value of a purchase; the rule
    multiplies by the customer's revenue a purchase in its window. `chosen` saves choosing the
    model as of the day before the period.

    Columns in: `customer_id`, `ordered_at`, `revenue`. Columns out, one row each for the model and
    the plain rule: `model`, `expected`, `actual` (purchases), `bias`, `mae`, `rmse`, `correlation`
    (see `accuracy`), `expected_revenue`, `actual_revenue` (money, purchase days of known
    customers), `revenue_bias` (share; NaN without actual revenue), `customers` (int64, known at
    the start).

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
    rule = chosen.rule
    window_days = rule.window_days
    frame = calibration_holdout(
        orders, calibration_end=start, as_of=period.end, window_days=window_days
    )
    spending = choose_spending_model(frame).used
    duration = float(frame["duration"].iloc[0])
    expected = {chosen.used.label: chosen.used.expected_for(frame, duration)}
    expected[rule.label] = rule.expected_for(frame, duration)
    value = spending.expected_average_value(frame["frequency"], frame["monetary_value"])
    days = purchase_days(orders, as_of=period.end)
    known = days[days["customer_id"].isin(frame["customer_id"])]
    actual = float(known.loc[known["day"] >= pd.Timestamp(period.start), "revenue"].sum())
    lately = known[(known["day"] > pd.Timestamp(start) - timedelta(days=window_days))]
    lately = lately[lately["day"] <= pd.Timestamp(start)]
    carried = float(lately["revenue"].sum()) * period.days / window_days
    table = accuracy(frame["actual"].to_numpy(), expected)
    money = {name: float(forecast @ value) for name, forecast in expected.items()}
    money[rule.label] = carried
    table["expected_revenue"] = table["model"].map(money)
    table["actual_revenue"] = actual
    table["revenue_bias"] = table["expected_revenue"] / actual - 1.0 if actual else float("nan")
    return table.assign(customers=len(frame))
