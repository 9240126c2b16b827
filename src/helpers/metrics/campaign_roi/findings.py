"""What is found of one campaign, as a row of the evaluation's table of effects."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from helpers.metrics.campaign_roi.comparison import Comparison
from helpers.metrics.campaign_roi.evidence import CLAIMABLE, GRADES, Check, grade
from helpers.metrics.campaign_roi.judgement import (
    comparison_checks,
    experiment_checks,
    no_comparison_checks,
)
from helpers.metrics.campaign_roi.panel import Panel
from helpers.metrics.campaign_roi.practice import Spread, calibrated, joint_placebo
from helpers.metrics.campaign_roi.runs import Run
from helpers.metrics.campaign_roi.trial import Trial

_FIGURES = (
    "kept_share",
    "effective_controls",
    "imbalance",
    "baseline",
    "effect",
    "standard_error",
    "low",
    "high",
    "p_value",
    "corrected",
    "corrected_error",
    "corrected_low",
    "corrected_high",
    "placebo_effect",
    "placebo_error",
    "placebo_p",
    "equivalence_p",
    "later_contacted",
    "later_compared",
)
NOTHING: dict[str, Any] = {"design": "", "analysed": 0, "compared": 0} | dict.fromkeys(
    _FIGURES, float("nan")
)
COLUMNS = [
    "campaign_id",
    "campaign_type",
    "starts_on",
    "ends_on",
    "contacted",
    "weeks",
    "break_even",
    *NOTHING,
    "grade",
    "evidence",
    "reason",
    "claimable",
    "incremental_revenue",
    "incremental_error",
    "incremental_low",
    "incremental_high",
]


def described(record: Mapping[Any, Any], panel: Panel, *, break_even: float) -> dict[str, Any]:
    """Return what a campaign is: its columns of `COLUMNS` that need no comparison."""
    return {
        "campaign_id": record["campaign_id"],
        "campaign_type": record.get("campaign_type", ""),
        "starts_on": record["starts_on"],
        "ends_on": record["ends_on"],
        "contacted": int(panel.contacted.sum()),
        "weeks": panel.window_days / 7,
        "break_even": break_even,
    }


def weighted_row(
    panel: Panel, runs: list[Run], errors: Spread, *, break_even: float, over: bool, pre_weeks: int
) -> tuple[dict[str, Any], list[Check]]:
    """Return figures and checks of a campaign without a control group."""
    if not runs:
        return NOTHING | {"design": "none"}, no_comparison_checks(
            panel, pre_weeks=pre_weeks, over=over
        )
    run, practice = runs[0], runs[1:]
    placebo = joint_placebo([r.comparison for r in practice])
    found = run.comparison
    analysed = found.kept & panel.contacted
    baseline = panel.baseline(pre_weeks=pre_weeks)[analysed].mean() if analysed.any() else np.nan
    low, high = found.interval()
    centre, error, bottom, top = calibrated(found.effect, found.standard_error, errors)
    later_contacted, later_compared = _later(panel, found)
    row = {
        "design": "weighted comparison",
        "analysed": found.contacted,
        "compared": found.compared,
        "kept_share": found.kept_share,
        "effective_controls": found.effective_controls,
        "imbalance": run.imbalance,
        "baseline": float(baseline),
        "effect": found.effect,
        "standard_error": found.standard_error,
        "low": low,
        "high": high,
        "p_value": found.p_value,
        "corrected": centre,
        "corrected_error": error,
        "corrected_low": bottom,
        "corrected_high": top,
        "placebo_effect": placebo.effect,
        "placebo_error": placebo.standard_error,
        "placebo_p": placebo.p_value,
        "equivalence_p": placebo.equivalence_p(break_even),
        "later_contacted": later_contacted,
        "later_compared": later_compared,
    }
    return row, comparison_checks(
        panel, run, placebo, break_even=break_even, tried=errors.count, over=over
    )


def _later(panel: Panel, found: Comparison) -> tuple[float, float]:
    """Return which share of the contacted, and of their comparison group, got a later campaign."""
    later = panel.joined_later()
    treated = found.kept & panel.contacted
    weight = found.weights * ~panel.contacted
    if not (treated.any() and weight.sum() > 0):
        return float("nan"), float("nan")
    return float(later[treated].mean()), float((weight * later).sum() / weight.sum())


def trial_row(trial: Trial, *, over: bool) -> tuple[dict[str, Any], list[Check]]:
    """Return figures and checks of a campaign with a random control group."""
    row = NOTHING | {
        "design": "random control group",
        "analysed": trial.treated,
        "compared": trial.control,
        "kept_share": 1.0,
        "effective_controls": float(trial.control),
        "baseline": trial.baseline,
        "effect": trial.effect,
        "standard_error": trial.standard_error,
        "low": trial.low,
        "high": trial.high,
        "p_value": trial.p_value,
        "corrected": trial.effect,
        "corrected_error": trial.standard_error,
        "corrected_low": trial.low,
        "corrected_high": trial.high,
        "later_contacted": trial.overlap[0],
        "later_compared": trial.overlap[1],
    }
    return row, experiment_checks(trial, over=over)


def graded(found: dict[str, Any], checks: list[Check], panel: Panel) -> dict[str, Any]:
    """Return the grade of the evidence, and the incremental revenue where one may be claimed."""
    letter, reason = grade(checks)
    claimable = letter in CLAIMABLE and np.isfinite(found["effect"])
    scale = panel.window_days / 7 * found["analysed"] if claimable else np.nan
    return {
        "grade": letter,
        "evidence": GRADES[letter],
        "reason": reason,
        "claimable": bool(claimable),
        "incremental_revenue": found["corrected"] * scale,
        "incremental_error": found["corrected_error"] * scale,
        "incremental_low": found["corrected_low"] * scale,
        "incremental_high": found["corrected_high"] * scale,
    }
