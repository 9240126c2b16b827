"""Churn: who stopped buying, why, who may be next, and what acting on it would bring.

Everything starts from `purchase_days(orders)`, one row per customer and day, or from a table of
subscriptions for the contractual measures.
"""

from helpers.metrics.churn.activity import (
    active_customers,
    bridge,
    churn,
    churn_history,
    movements,
)
from helpers.metrics.churn.advice import next_steps, verdict
from helpers.metrics.churn.at_risk import (
    RISK_BANDS,
    Action,
    at_risk,
    by_segment,
    days_lost,
    risk_band,
    value_at_stake,
)
from helpers.metrics.churn.changes import explain_changes
from helpers.metrics.churn.contractual import (
    contractual_churn,
    mrr_movements,
    revenue_bridge,
    subscription_lifetimes,
)
from helpers.metrics.churn.cube import churn_cube
from helpers.metrics.churn.definitions import CONTRACTS
from helpers.metrics.churn.diagnosis import churn_by_segment, contributors, decompose, explain
from helpers.metrics.churn.drivers import drivers
from helpers.metrics.churn.evaluation import (
    calibration,
    curves,
    lift_by_decile,
    reliability,
    score_table,
)
from helpers.metrics.churn.features import FEATURES, THEMES, features, labels
from helpers.metrics.churn.headline import (
    contract_kpis,
    earlier_studies,
    headline,
    prediction_kpis,
    retention_kpi,
)
from helpers.metrics.churn.leaks import (
    cross_validated_auc,
    find_leaks,
    future_features,
    refuse_leaks,
)
from helpers.metrics.churn.model import RiskModel, fit_risk
from helpers.metrics.churn.profit import (
    Threshold,
    backtest_policies,
    best_threshold,
    break_even_success,
    control_group,
    profit_curve,
    sensitivity,
)
from helpers.metrics.churn.rules import alive_by
from helpers.metrics.churn.scorecard import replay, scorecard
from helpers.metrics.churn.segments import dimensions, in_words, segments
from helpers.metrics.churn.spend import spend_bridge
from helpers.metrics.churn.stays import starting_groups, stay_by_group, window_choices
from helpers.metrics.churn.study import Study, outcomes, study
from helpers.metrics.churn.survival import (
    absences,
    compare_curves,
    lifetimes,
    share_after,
    survival_curve,
)
from helpers.metrics.churn.training import Cutoffs, plan_cutoffs, training_rows
from helpers.metrics.churn.trust import Trust, trust
from helpers.metrics.churn.visits import purchase_days
from helpers.metrics.churn.window import Window, choose_window, pauses

__all__ = [
    "CONTRACTS",
    "FEATURES",
    "RISK_BANDS",
    "THEMES",
    "Action",
    "Cutoffs",
    "RiskModel",
    "Study",
    "Threshold",
    "Trust",
    "Window",
    "absences",
    "active_customers",
    "alive_by",
    "at_risk",
    "backtest_policies",
    "best_threshold",
    "break_even_success",
    "bridge",
    "by_segment",
    "calibration",
    "choose_window",
    "churn",
    "churn_by_segment",
    "churn_cube",
    "churn_history",
    "compare_curves",
    "contract_kpis",
    "contractual_churn",
    "contributors",
    "control_group",
    "cross_validated_auc",
    "curves",
    "days_lost",
    "decompose",
    "dimensions",
    "drivers",
    "earlier_studies",
    "explain",
    "explain_changes",
    "features",
    "find_leaks",
    "fit_risk",
    "future_features",
    "headline",
    "in_words",
    "labels",
    "lifetimes",
    "lift_by_decile",
    "movements",
    "mrr_movements",
    "next_steps",
    "outcomes",
    "pauses",
    "plan_cutoffs",
    "prediction_kpis",
    "profit_curve",
    "purchase_days",
    "refuse_leaks",
    "reliability",
    "replay",
    "retention_kpi",
    "revenue_bridge",
    "risk_band",
    "score_table",
    "scorecard",
    "segments",
    "sensitivity",
    "share_after",
    "spend_bridge",
    "starting_groups",
    "stay_by_group",
    "study",
    "subscription_lifetimes",
    "survival_curve",
    "training_rows",
    "trust",
    "value_at_stake",
    "verdict",
    "window_choices",
]
