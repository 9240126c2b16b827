"""Sales forecast: what the next period will bring, how sure that is, and whether targets are near.

`forecast(frame, horizon=..., freq=...)` forecasts any number of series; `outlook(orders, lines,
period=..., first=...)` is the whole page's model: daily sales of the total, of departments and of
shops, made to add up, with orders and customers.
"""

from helpers.metrics.sales_forecast.accuracy import (
    accuracy,
    bias,
    coverage,
    mae_seasonal_naive,
    mase,
    smape,
    wape,
)
from helpers.metrics.sales_forecast.advice import (
    expectation,
    holiday_note,
    next_steps,
    season_caution,
    trust,
)
from helpers.metrics.sales_forecast.customers import Customers, customers_ahead
from helpers.metrics.sales_forecast.definitions import CONTRACTS
from helpers.metrics.sales_forecast.diagnosis import (
    contributors,
    covered,
    explain,
    explain_contributors,
    explain_weekdays,
    factors,
    weekdays,
)
from helpers.metrics.sales_forecast.exposure import (
    COUNTRIES,
    daily_exposure,
    holiday_effects,
    holidays,
    trading_days,
)
from helpers.metrics.sales_forecast.frames import (
    busiest,
    parts_ahead,
    past_forecasts,
    recent_and_ahead,
    rules,
    sales_cube,
    special_days,
    trust_table,
)
from helpers.metrics.sales_forecast.goal import Goal, course, cumulated, goal, growth_target
from helpers.metrics.sales_forecast.headline import (
    backtest_coverage,
    headline,
    period_sales,
    targets,
    trust_kpis,
)
from helpers.metrics.sales_forecast.hierarchy import Reconciled, reconcile
from helpers.metrics.sales_forecast.members import DAILY, MEMBERS
from helpers.metrics.sales_forecast.model import Fit, fit, forecast
from helpers.metrics.sales_forecast.outlook import MIN_DAYS, Outlook, outlook
from helpers.metrics.sales_forecast.scorecard import predictions, score, scorecard, verdict
from helpers.metrics.sales_forecast.series import (
    ORDERS,
    TOTAL,
    Hierarchy,
    daily,
    hierarchy,
    windows,
)
from helpers.metrics.sales_forecast.totals import Totals, totals

__all__ = [
    "CONTRACTS",
    "COUNTRIES",
    "DAILY",
    "MEMBERS",
    "MIN_DAYS",
    "ORDERS",
    "TOTAL",
    "Customers",
    "Fit",
    "Goal",
    "Hierarchy",
    "Outlook",
    "Reconciled",
    "Totals",
    "accuracy",
    "backtest_coverage",
    "bias",
    "busiest",
    "contributors",
    "course",
    "coverage",
    "covered",
    "cumulated",
    "customers_ahead",
    "daily",
    "daily_exposure",
    "expectation",
    "explain",
    "explain_contributors",
    "explain_weekdays",
    "factors",
    "fit",
    "forecast",
    "goal",
    "growth_target",
    "headline",
    "hierarchy",
    "holiday_effects",
    "holiday_note",
    "holidays",
    "mae_seasonal_naive",
    "mase",
    "next_steps",
    "outlook",
    "parts_ahead",
    "past_forecasts",
    "period_sales",
    "predictions",
    "recent_and_ahead",
    "reconcile",
    "rules",
    "sales_cube",
    "score",
    "scorecard",
    "season_caution",
    "smape",
    "special_days",
    "targets",
    "totals",
    "trading_days",
    "trust",
    "trust_kpis",
    "trust_table",
    "verdict",
    "wape",
    "weekdays",
    "windows",
]
