"""Churn: who stopped buying, why, who may be next, and what acting on it would bring.

Everything starts from `purchase_days(orders)`, one row per customer and day, or from a table of
subscriptions for the contractual measures.
"""

from helpers.metrics.churn.activity import (
    active_customers,
    bridge,
    churn,
    churn_history,
    movement_history,
    movements,
)
from helpers.metrics.churn.advice import next_steps
from helpers.metrics.churn.at_risk import (
    ASSUMPTIONS,
    Action,
    at_risk,
    by_segment,
    days_lost,
    risk_grid,
    value_at_stake,
)
from helpers.metrics.churn.changes import explain_both, explain_changes
from helpers.metrics.churn.contract_changes import contract_changes, contract_drivers
from helpers.metrics.churn.contract_groups import (
    contract_by_segment,
    contract_groups,
    contract_stay_by_group,
)
from helpers.metrics.churn.contract_page import (
    contract_bridge,
    contract_charts,
    contract_kpis,
    contract_sentences,
)
from helpers.metrics.churn.contractual import (
    contractual_churn,
    mrr_movements,
    revenue_bridge,
    subscription_lifetimes,
)
from helpers.metrics.churn.cube import churn_cube
from helpers.metrics.churn.definitions import CONTRACTS
from helpers.metrics.churn.diagnosis import (
    churn_by_segment,
    contributors,
    decompose,
    explain,
)
from helpers.metrics.churn.drivers import drivers
from helpers.metrics.churn.evaluation import (
    calibration,
    curves,
    lift_by_decile,
    reliability,
    score_table,
)
from helpers.metrics.churn.features import FEATURES, THEMES, features, labels
from helpers.metrics.churn.guard import CHECKS, Guard, guard_study
from helpers.metrics.churn.headline import earlier_studies, headline, prediction_kpis
from helpers.metrics.churn.headline_drivers import headline_drivers
from helpers.metrics.churn.leaks import (
    cross_validated_auc,
    find_leaks,
    future_features,
    refuse_leaks,
)
from helpers.metrics.churn.level import Level, level_errors, level_of, level_range
from helpers.metrics.churn.model import RiskModel, fit_risk
from helpers.metrics.churn.movers import telling, what_moved
from helpers.metrics.churn.profit import (
    Threshold,
    backtest_policies,
    best_threshold,
    borne_out,
    break_even_success,
    contacts_needed,
    control_group,
    other_assumptions,
    profit_curve,
    sensitivity,
    with_control,
    with_value,
)
from helpers.metrics.churn.quality import quality_sentences
from helpers.metrics.churn.recipes import (
    ASSUMPTION_GRID,
    BACK,
    BACKTEST,
    DRIVERS,
    EFFECTS,
    EXPLORE,
    GAINS,
    LIFT,
    MOVES,
    NO_CONTRACTS,
    PROFIT,
    RATE,
    RATES,
    RELIABILITY,
    RISK,
    SCORECARD,
    SPEND,
    STAY,
    STAY_BY_GROUP,
)
from helpers.metrics.churn.rules import Rules, alive_by
from helpers.metrics.churn.scorecard import (
    PREDICTED,
    due,
    expected_and_seen,
    judged,
    predictions,
    scorecard,
)
from helpers.metrics.churn.segments import dimensions, in_words, segments
from helpers.metrics.churn.sentences import (
    backtest_sentence,
    drivers_sentence,
    expected_sentence,
    gains_sentence,
    groups_sentence,
    lift_sentence,
    movement_sentence,
    profit_sentence,
    reliability_sentence,
    return_sentence,
    scorecard_sentence,
    spend_sentence,
    stay_sentence,
)
from helpers.metrics.churn.spend import spend_bridge, spend_changes
from helpers.metrics.churn.stays import (
    retention_kpi,
    return_curve,
    starting_groups,
    stay_by_group,
    window_choices,
)
from helpers.metrics.churn.study import Study, outcomes, study
from helpers.metrics.churn.survival import (
    absences,
    compare_curves,
    lifetimes,
    share_after,
    survival_curve,
)
from helpers.metrics.churn.tables import risk_table, score_rows, scorecard_rows, window_rows
from helpers.metrics.churn.training import Cutoffs, plan_cutoffs, training_rows
from helpers.metrics.churn.trust import Trust, trust
from helpers.metrics.churn.verdict import verdict
from helpers.metrics.churn.visits import purchase_days
from helpers.metrics.churn.window import Window, choose_window, pauses

__all__ = [
    "ASSUMPTIONS", "ASSUMPTION_GRID", "BACK", "BACKTEST", "CHECKS", "CONTRACTS", "DRIVERS",
    "EFFECTS", "EXPLORE", "FEATURES", "GAINS", "LIFT", "MOVES", "NO_CONTRACTS", "PREDICTED",
    "PROFIT", "RATE", "RATES", "RELIABILITY", "RISK", "SCORECARD", "SPEND",
    "STAY", "STAY_BY_GROUP", "THEMES", "Action", "Cutoffs", "Guard", "Level", "RiskModel",
    "Rules", "Study", "Threshold", "Trust", "Window", "absences", "active_customers",
    "alive_by", "at_risk", "backtest_policies", "backtest_sentence", "best_threshold",
    "borne_out", "break_even_success", "bridge", "by_segment", "calibration", "choose_window",
    "churn", "churn_by_segment", "churn_cube", "churn_history", "compare_curves",
    "contacts_needed", "contract_bridge", "contract_by_segment", "contract_changes",
    "contract_charts", "contract_drivers", "contract_groups", "contract_kpis",
    "contract_sentences", "contract_stay_by_group", "contractual_churn", "contributors",
    "control_group", "cross_validated_auc", "curves", "days_lost", "decompose", "dimensions",
    "drivers", "drivers_sentence", "due", "earlier_studies", "expected_and_seen",
    "expected_sentence", "explain", "explain_both", "explain_changes", "features", "find_leaks",
    "fit_risk", "future_features", "gains_sentence", "groups_sentence", "guard_study",
    "headline", "headline_drivers", "in_words", "judged", "labels", "level_errors", "level_of",
    "level_range", "lifetimes", "lift_by_decile", "lift_sentence", "movement_history",
    "movement_sentence", "movements", "mrr_movements", "next_steps", "other_assumptions",
    "outcomes", "pauses", "plan_cutoffs", "prediction_kpis", "predictions", "profit_curve",
    "profit_sentence", "purchase_days", "quality_sentences", "refuse_leaks", "reliability",
    "reliability_sentence", "retention_kpi", "return_curve", "return_sentence",
    "revenue_bridge", "risk_grid", "risk_table", "score_rows", "score_table",
    "scorecard", "scorecard_rows", "scorecard_sentence", "segments", "sensitivity",
    "share_after", "spend_bridge", "spend_changes", "spend_sentence", "starting_groups",
    "stay_by_group", "stay_sentence", "study", "subscription_lifetimes", "survival_curve",
    "telling", "training_rows", "trust", "value_at_stake", "verdict", "what_moved",
    "window_choices", "window_rows", "with_control", "with_value",
]  # fmt: skip
