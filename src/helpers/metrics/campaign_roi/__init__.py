"""Campaign ROI: what campaigns attracted, what they caused, and how far that can be believed."""

from helpers.metrics.campaign_roi.advice import (
    arms_sentences,
    break_even_sentence,
    experiment_sentences,
    holdout_sentence,
    next_sentence,
    uplift_sentence,
)
from helpers.metrics.campaign_roi.attribution import (
    attribute_redemptions,
    contact_outcomes,
    results_by,
)
from helpers.metrics.campaign_roi.balance import balance_table, overlap_table
from helpers.metrics.campaign_roi.budget import (
    Total,
    budget_total,
    next_budget,
    sales_deviation,
)
from helpers.metrics.campaign_roi.charts import (
    balance_dots,
    course_charts,
    overlap_bars,
    practice_dots,
)
from helpers.metrics.campaign_roi.comparison import Comparison, compare, difference_in_differences
from helpers.metrics.campaign_roi.definitions import CONTRACTS
from helpers.metrics.campaign_roi.diagnosis import contributions, mix_and_rate
from helpers.metrics.campaign_roi.drivers import (
    change_sentences,
    changes_sentence,
    headline_changes,
    headline_effects,
)
from helpers.metrics.campaign_roi.evaluation import Evaluation, evaluate
from helpers.metrics.campaign_roi.evidence import CHECKS, GRADES, Check, grade
from helpers.metrics.campaign_roi.experiment import adjusted_lift, lift, relative_lift_interval
from helpers.metrics.campaign_roi.headline import evidence_kpis, headline, sales_kpis
from helpers.metrics.campaign_roi.incremental import (
    incremental_effects,
    incremental_kpis,
    incremental_sentences,
)
from helpers.metrics.campaign_roi.outlook import (
    NextTest,
    Pooled,
    break_even_chart,
    budget_options,
    next_test,
    pooled_effect,
)
from helpers.metrics.campaign_roi.over_time import effect_over_time
from helpers.metrics.campaign_roi.panel import History, Panel, covariates
from helpers.metrics.campaign_roi.pay_tables import budget_tables, kinds_tables, returns_tables
from helpers.metrics.campaign_roi.power import holdout_plan, minimum_detectable_effect, sample_size
from helpers.metrics.campaign_roi.practice import (
    Placebo,
    Spread,
    calibrated,
    joint_placebo,
    method_errors,
    random_effects,
)
from helpers.metrics.campaign_roi.response import response_interval
from helpers.metrics.campaign_roi.results import (
    campaign_cube,
    period_results,
    response_by_month,
    response_by_segment,
    response_change,
    with_payback,
)
from helpers.metrics.campaign_roi.returns import (
    break_even_effects,
    break_even_table,
    payback_days,
    returns,
    returns_by,
)
from helpers.metrics.campaign_roi.runs import weighted_run, weighted_runs
from helpers.metrics.campaign_roi.sample_ratio import SampleRatio, sample_ratio_test
from helpers.metrics.campaign_roi.segment_uplift import pooled_uplift
from helpers.metrics.campaign_roi.segments import adjust_p_values, heterogeneity, lift_by_segment
from helpers.metrics.campaign_roi.spans import ended_in, ran_in
from helpers.metrics.campaign_roi.tables import (
    arms_table,
    attributed_tables,
    changes_table,
    evidence_tables,
    experiment_table,
    segment_table,
    uplift_table,
)
from helpers.metrics.campaign_roi.uplift import experiment_segments
from helpers.metrics.campaign_roi.views import (
    arms_chart,
    balance_chart,
    course_chart,
    courses,
    cumulative_chart,
    effect_chart,
    evidence_counts,
    evidence_table,
    largest_campaign,
    overlap_chart,
    practice_chart,
)
from helpers.metrics.campaign_roi.words import (
    balance_sentence,
    counts_sentence,
    cumulative_sentence,
    effects_sentence,
    later_sentences,
    pooled_sentence,
    precision_sentence,
    quality_sentences,
    trust_sentence,
    verdict_sentence,
)

__all__ = [
    "CHECKS",
    "CONTRACTS",
    "GRADES",
    "Check",
    "Comparison",
    "Evaluation",
    "History",
    "NextTest",
    "Panel",
    "Placebo",
    "Pooled",
    "SampleRatio",
    "Spread",
    "Total",
    "adjust_p_values",
    "adjusted_lift",
    "arms_chart",
    "arms_sentences",
    "arms_table",
    "attribute_redemptions",
    "attributed_tables",
    "balance_chart",
    "balance_dots",
    "balance_sentence",
    "balance_table",
    "break_even_chart",
    "break_even_effects",
    "break_even_sentence",
    "break_even_table",
    "budget_options",
    "budget_tables",
    "budget_total",
    "calibrated",
    "campaign_cube",
    "change_sentences",
    "changes_sentence",
    "changes_table",
    "compare",
    "contact_outcomes",
    "contributions",
    "counts_sentence",
    "course_chart",
    "course_charts",
    "courses",
    "covariates",
    "cumulative_chart",
    "cumulative_sentence",
    "difference_in_differences",
    "effect_chart",
    "effect_over_time",
    "effects_sentence",
    "ended_in",
    "evaluate",
    "evidence_counts",
    "evidence_kpis",
    "evidence_table",
    "evidence_tables",
    "experiment_segments",
    "experiment_sentences",
    "experiment_table",
    "grade",
    "headline",
    "headline_changes",
    "headline_effects",
    "heterogeneity",
    "holdout_plan",
    "holdout_sentence",
    "incremental_effects",
    "incremental_kpis",
    "incremental_sentences",
    "joint_placebo",
    "kinds_tables",
    "largest_campaign",
    "later_sentences",
    "lift",
    "lift_by_segment",
    "method_errors",
    "minimum_detectable_effect",
    "mix_and_rate",
    "next_budget",
    "next_sentence",
    "next_test",
    "overlap_bars",
    "overlap_chart",
    "overlap_table",
    "payback_days",
    "period_results",
    "pooled_effect",
    "pooled_sentence",
    "pooled_uplift",
    "practice_chart",
    "practice_dots",
    "precision_sentence",
    "quality_sentences",
    "ran_in",
    "random_effects",
    "relative_lift_interval",
    "response_by_month",
    "response_by_segment",
    "response_change",
    "response_interval",
    "results_by",
    "returns",
    "returns_by",
    "returns_tables",
    "sales_deviation",
    "sales_kpis",
    "sample_ratio_test",
    "sample_size",
    "segment_table",
    "trust_sentence",
    "uplift_sentence",
    "uplift_table",
    "verdict_sentence",
    "weighted_run",
    "weighted_runs",
    "with_payback",
]
