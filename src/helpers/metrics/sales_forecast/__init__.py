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
from helpers.metrics.sales_forecast.compare import BY_DEPARTMENT, BY_WEEKDAY, Change, compare
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
from helpers.metrics.sales_forecast.drivers import driver_sentences, headline_drivers
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
    says_daily,
    says_past,
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
from helpers.metrics.sales_forecast.outlook import MIN_DAYS, Outlook, outlook, outlooks
from helpers.metrics.sales_forecast.scorecard import (
    PREDICTED,
    last_verdict,
    predictions,
    score,
    scorecard,
    verdict,
)
from helpers.metrics.sales_forecast.series import (
    ORDERS,
    TOTAL,
    Hierarchy,
    daily,
    hierarchy,
    windows,
)
from helpers.metrics.sales_forecast.tables import (
    ahead_course,
    chance_course,
    department_table,
    quality_sentences,
    scorecard_rows,
    shop_frame,
    shop_table,
    target_course,
    trust_rows,
)
from helpers.metrics.sales_forecast.totals import Totals, totals

__all__ = [
    "BY_DEPARTMENT",
    "BY_WEEKDAY",
    "CONTRACTS",
    "COUNTRIES",
    "DAILY",
    "MEMBERS",
    "MIN_DAYS",
    "ORDERS",
    "PREDICTED",
    "TOTAL",
    "Change",
    "Customers",
    "Fit",
    "Goal",
    "Hierarchy",
    "Outlook",
    "Reconciled",
    "Totals",
    "accuracy",
    "ahead_course",
    "backtest_coverage",
    "bias",
    "busiest",
    "chance_course",
    "compare",
    "contributors",
    "course",
    "coverage",
    "covered",
    "cumulated",
    "customers_ahead",
    "daily",
    "daily_exposure",
    "department_table",
    "driver_sentences",
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
    "headline_drivers",
    "hierarchy",
    "holiday_effects",
    "holiday_note",
    "holidays",
    "last_verdict",
    "mae_seasonal_naive",
    "mase",
    "next_steps",
    "outlook",
    "outlooks",
    "parts_ahead",
    "past_forecasts",
    "period_sales",
    "predictions",
    "quality_sentences",
    "recent_and_ahead",
    "reconcile",
    "rules",
    "sales_cube",
    "says_daily",
    "says_past",
    "score",
    "scorecard",
    "scorecard_rows",
    "season_caution",
    "shop_frame",
    "shop_table",
    "smape",
    "special_days",
    "target_course",
    "targets",
    "totals",
    "trading_days",
    "trust",
    "trust_kpis",
    "trust_rows",
    "trust_table",
    "verdict",
    "wape",
    "weekdays",
    "windows",
]
