"""Customer value: who buys, how unevenly, who comes back, and what they will be worth."""

from helpers.metrics.customer_value.advice import advice, next_steps
from helpers.metrics.customer_value.bg_nbd import BgNbdFit, MbgNbdFit, fit_bg_nbd, fit_mbg_nbd
from helpers.metrics.customer_value.bridge import customer_bridge
from helpers.metrics.customer_value.checks import value_checks
from helpers.metrics.customer_value.choice import (
    PurchaseChoice,
    choose_purchase_model,
    forecasts,
)
from helpers.metrics.customer_value.clv import clv
from helpers.metrics.customer_value.cohorts import cohort_retention, cohort_revenue
from helpers.metrics.customer_value.concentration import (
    gini,
    lorenz,
    tenth_table,
    tier_table,
    top_share,
    value_tiers,
)
from helpers.metrics.customer_value.cube import value_cube
from helpers.metrics.customer_value.definitions import CONTRACTS
from helpers.metrics.customer_value.diagnosis import (
    contributions,
    explain,
    group_measures,
)
from helpers.metrics.customer_value.drivers import kpi_drivers, revenue_drivers
from helpers.metrics.customer_value.evidence import Evidence
from helpers.metrics.customer_value.gamma_gamma import (
    GammaGammaFit,
    fit_gamma_gamma,
    spend_frequency_correlation,
)
from helpers.metrics.customer_value.headline import covers, further_kpis, headline, measure
from helpers.metrics.customer_value.history import covered_periods, customer_moves, period_history
from helpers.metrics.customer_value.holdout import (
    accuracy,
    calibration_holdout,
    conditional_expectations,
    weekly_tracking,
)
from helpers.metrics.customer_value.lapse import lapse_window
from helpers.metrics.customer_value.nbd import NbdFit, fit_nbd
from helpers.metrics.customer_value.pareto_nbd import ParetoNbdFit, fit_pareto_nbd
from helpers.metrics.customer_value.profile import customer_profile, customer_profiles
from helpers.metrics.customer_value.ranges import (
    ModelError,
    Ranges,
    clv_interval,
    value_ranges,
)
from helpers.metrics.customer_value.recent_rate import RecentRate, recent_rate, summary_with_recent
from helpers.metrics.customer_value.scorecard import (
    PREDICTED,
    forecast_scorecard,
    predictions,
    valued,
)
from helpers.metrics.customer_value.segments import rfm_scores, segment_movement, segment_table
from helpers.metrics.customer_value.sentences import Sentences
from helpers.metrics.customer_value.spending import (
    CredibilityMean,
    SpendingChoice,
    choose_spending_model,
    fit_credibility_mean,
)
from helpers.metrics.customer_value.study import Study
from helpers.metrics.customer_value.summary import rfm_summary
from helpers.metrics.customer_value.value_model import ValueModel, value_model
from helpers.metrics.customer_value.words import AGES, headings

__all__ = [
    "AGES",
    "CONTRACTS",
    "PREDICTED",
    "BgNbdFit",
    "CredibilityMean",
    "Evidence",
    "GammaGammaFit",
    "MbgNbdFit",
    "ModelError",
    "NbdFit",
    "ParetoNbdFit",
    "PurchaseChoice",
    "Ranges",
    "RecentRate",
    "Sentences",
    "SpendingChoice",
    "Study",
    "ValueModel",
    "accuracy",
    "advice",
    "calibration_holdout",
    "choose_purchase_model",
    "choose_spending_model",
    "clv",
    "clv_interval",
    "cohort_retention",
    "cohort_revenue",
    "conditional_expectations",
    "contributions",
    "covered_periods",
    "covers",
    "customer_bridge",
    "customer_moves",
    "customer_profile",
    "customer_profiles",
    "explain",
    "fit_bg_nbd",
    "fit_credibility_mean",
    "fit_gamma_gamma",
    "fit_mbg_nbd",
    "fit_nbd",
    "fit_pareto_nbd",
    "forecast_scorecard",
    "forecasts",
    "further_kpis",
    "gini",
    "group_measures",
    "headings",
    "headline",
    "kpi_drivers",
    "lapse_window",
    "lorenz",
    "measure",
    "next_steps",
    "period_history",
    "predictions",
    "recent_rate",
    "revenue_drivers",
    "rfm_scores",
    "rfm_summary",
    "segment_movement",
    "segment_table",
    "spend_frequency_correlation",
    "summary_with_recent",
    "tenth_table",
    "tier_table",
    "top_share",
    "value_checks",
    "value_cube",
    "value_model",
    "value_ranges",
    "value_tiers",
    "valued",
    "weekly_tracking",
]
