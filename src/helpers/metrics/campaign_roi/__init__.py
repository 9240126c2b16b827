"""Campaign ROI: what campaigns attracted, what they caused, and how far that can be believed."""

from helpers.metrics.campaign_roi.attribution import (
    attribute_redemptions,
    contact_outcomes,
    results_by,
)
from helpers.metrics.campaign_roi.balance import balance_table, overlap_table
from helpers.metrics.campaign_roi.budget import next_budget, sales_deviation
from helpers.metrics.campaign_roi.comparison import (
    Comparison,
    compare,
    difference_in_differences,
)
from helpers.metrics.campaign_roi.definitions import CONTRACTS
from helpers.metrics.campaign_roi.diagnosis import contributions, diagnosis_sentence, mix_and_rate
from helpers.metrics.campaign_roi.evaluation import Evaluation, evaluate
from helpers.metrics.campaign_roi.evidence import CHECKS, GRADES, Check, grade
from helpers.metrics.campaign_roi.experiment import (
    adjusted_lift,
    lift,
    relative_lift_interval,
)
from helpers.metrics.campaign_roi.headline import ended_in, evidence_kpis, headline, ran_in
from helpers.metrics.campaign_roi.over_time import effect_over_time
from helpers.metrics.campaign_roi.panel import History, Panel, covariates
from helpers.metrics.campaign_roi.power import (
    holdout_plan,
    minimum_detectable_effect,
    sample_size,
)
from helpers.metrics.campaign_roi.practice import (
    Placebo,
    Spread,
    calibrated,
    joint_placebo,
    method_errors,
    random_effects,
)
from helpers.metrics.campaign_roi.returns import (
    break_even_table,
    payback_days,
    returns,
    returns_by,
)
from helpers.metrics.campaign_roi.runs import weighted_run, weighted_runs
from helpers.metrics.campaign_roi.sample_ratio import SampleRatio, sample_ratio_test
from helpers.metrics.campaign_roi.segments import adjust_p_values, heterogeneity, lift_by_segment
from helpers.metrics.campaign_roi.uplift import uplift_by_segment

__all__ = [
    "CHECKS",
    "CONTRACTS",
    "GRADES",
    "Check",
    "Comparison",
    "Evaluation",
    "History",
    "Panel",
    "Placebo",
    "SampleRatio",
    "Spread",
    "adjust_p_values",
    "adjusted_lift",
    "attribute_redemptions",
    "balance_table",
    "break_even_table",
    "calibrated",
    "compare",
    "contact_outcomes",
    "contributions",
    "covariates",
    "diagnosis_sentence",
    "difference_in_differences",
    "effect_over_time",
    "ended_in",
    "evaluate",
    "evidence_kpis",
    "grade",
    "headline",
    "heterogeneity",
    "holdout_plan",
    "joint_placebo",
    "lift",
    "lift_by_segment",
    "method_errors",
    "minimum_detectable_effect",
    "mix_and_rate",
    "next_budget",
    "overlap_table",
    "payback_days",
    "ran_in",
    "random_effects",
    "relative_lift_interval",
    "results_by",
    "returns",
    "returns_by",
    "sales_deviation",
    "sample_ratio_test",
    "sample_size",
    "uplift_by_segment",
    "weighted_run",
    "weighted_runs",
]
