"""What the KPIs of the sales forecast mean."""

from helpers.metrics.contracts import Contract

PERIOD_SALES = Contract(
    name="period_sales",
    label="Sales of the period",
    unit="currency",
    definition="What customers paid in the period, net of returns.",
    formula="sum of revenue over the orders dated in the period",
    exclusions="Rows removed by the quality gate; see data quality.",
    reconciles="orders.revenue",
    owner="Finance",
)
FORECAST_SALES = Contract(
    name="forecast_sales",
    label="Sales expected next period",
    unit="currency",
    definition="The forecast of next period's sales, made from days up to the period's end only.",
    formula="sum of the reconciled daily forecasts over next period's days",
    owner="Data science",
)
FORECAST_ORDERS = Contract(
    name="forecast_orders",
    label="Orders expected next period",
    unit="count",
    definition="The forecast of how many orders next period will bring.",
    formula="sum of the daily order forecasts over next period's days",
    precision=0,
    owner="Data science",
)
FORECAST_CUSTOMERS = Contract(
    name="forecast_customers",
    label="Customers expected next period",
    unit="count",
    definition="How many different customers are expected to buy at least once next period.",
    formula="orders expected x customers per order of recent windows of the same length, or the "
    "last window's customers, whichever was closer in past forecasts; the 80% range is as wide as "
    "the errors of the rule that would have been chosen at the time",
    precision=0,
    owner="Data science",
)
FORECAST_ERROR = Contract(
    name="forecast_error",
    label="Usual error of the sales forecast",
    unit="share",
    definition="How far forecasts of a whole period were off, on average, when repeated on the "
    "past without knowing what came.",
    formula="sum |actual - forecast| / sum actual, over the sums of the backtest's horizons",
    denominator="actual sales of the backtest's horizons",
    higher_is="worse",
    precision=4,
    owner="Data science",
)
FORECAST_ADVANTAGE = Contract(
    name="forecast_advantage",
    label="Error saved against repeating last week",
    unit="share",
    definition="How much smaller the daily error is than that of simply repeating the last week "
    "(the seasonal naive forecast). Below zero, the simple rule would have been better.",
    formula="1 - sum |error of the forecast| / sum |error of the seasonal naive forecast|",
    denominator="error of the seasonal naive forecast in the backtest",
    precision=4,
    owner="Data science",
)
FORECAST_COVERAGE = Contract(
    name="forecast_coverage",
    label="Days that fell inside their range",
    unit="share",
    definition="Share of past days whose sales fell inside the 80% range, in forecasts that did "
    "not know them. It should be near 80%.",
    formula="days with low <= actual <= high / days of the backtest; each forecast's range is "
    "calibrated on the past forecasts of other days",
    denominator="days of the backtest",
    higher_is="neutral",
    precision=4,
    owner="Data science",
)
TARGET_ATTAINMENT = Contract(
    name="target_attainment",
    label="Target reached",
    unit="share",
    definition="Sales of the period as a share of its target.",
    formula="sales of the period / target",
    denominator="target of the period",
    precision=4,
    owner="Sales",
)
TARGET_PROBABILITY = Contract(
    name="target_probability",
    label="Chance of reaching next period's target",
    unit="share",
    definition="How often, judged by the errors of past forecasts, the expected sales would reach "
    "next period's target.",
    formula="(past errors with forecast + error >= target, + 0.5) / (number of errors + 1)",
    denominator="errors of the backtest, stretched to the size of total sales",
    precision=4,
    owner="Data science",
)

CONTRACTS = (
    PERIOD_SALES,
    FORECAST_SALES,
    FORECAST_ORDERS,
    FORECAST_CUSTOMERS,
    TARGET_ATTAINMENT,
    TARGET_PROBABILITY,
    FORECAST_ERROR,
    FORECAST_ADVANTAGE,
    FORECAST_COVERAGE,
)
