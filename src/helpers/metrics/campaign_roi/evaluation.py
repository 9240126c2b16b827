"""Every campaign's effect on sales, its practice runs, its balance and its grade."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from helpers.metrics.campaign_roi.evidence import CLAIMABLE, GRADES, Check, checks_table, grade
from helpers.metrics.campaign_roi.frames import day_numbers
from helpers.metrics.campaign_roi.judgement import (
    comparison_checks,
    experiment_checks,
    no_comparison_checks,
)
from helpers.metrics.campaign_roi.panel import History, Panel, randomised_arms
from helpers.metrics.campaign_roi.practice import (
    Spread,
    calibrated,
    joint_placebo,
    method_errors,
)
from helpers.metrics.campaign_roi.runs import Run, weighted_runs
from helpers.metrics.campaign_roi.segments import adjust_p_values
from helpers.metrics.campaign_roi.trial import Trial, run_trial


@dataclass(frozen=True)
class Evaluation:
    """What is known of the effect of each campaign that started by `as_of`.

    Attributes:
        effects: one row a campaign, by start; money a customer and week unless it says otherwise:
            `campaign_id campaign_type` (str), `starts_on ends_on` (datetime), `design` (str),
            `contacted` (int64, all contacted customers), `analysed compared` (int64, contacted and
            other customers in the comparison), `kept_share`, `effective_controls`, `imbalance`
            (largest standardised difference left), `weeks` (of the window, up to `as_of`),
            `baseline` (sales before), `effect standard_error low high p_value` (as estimated),
            `corrected corrected_error corrected_low corrected_high` (for the errors seen in
            practice runs), `placebo_effect placebo_error placebo_p`, `grade evidence reason` (str),
            `claimable` (bool), `incremental_revenue incremental_error incremental_low
            incremental_high` (currency, whole window; NaN unless claimable), `p_adjusted` (Holm,
            over the claimable campaigns).
        checks: one row a campaign and check; see `checks_table`.
        practice: one row a campaign and practice run: `campaign_id weeks_before effect
            standard_error low high analysed comparable` (whether the run meets the overlap and
            balance that the campaign must).
        balance: one row a campaign and covariate; see `balance_table`.
        errors: mean and spread of the effects that comparable practice runs found where there were
            none.
    """

    effects: pd.DataFrame
    checks: pd.DataFrame
    practice: pd.DataFrame
    balance: pd.DataFrame
    errors: Spread


def evaluate(
    history: History, *, pre_weeks: int = 8, planned_control_share: float | None = None
) -> Evaluation:
    """Return the effect of each campaign, and how far it can be believed.

    A campaign with a random control arm is read as an experiment (`adjusted_lift` of sales a week).
    Any other is compared by `difference_in_differences` with customers who were not contacted,
    weighted by the propensity of being contacted given `pre_weeks` of behaviour. The same
    comparison is run on up to three spans of four weeks before the start, where the true effect is
    zero.

    Args:
        history: the source's tables, cut at `as_of`.
        pre_weeks: length of the pre-period.
        planned_control_share: share of customers that experiments meant to hold out, for the
            sample-ratio test; None leaves it out.
    """
    trials: dict[str, Trial] = {}
    runs: dict[str, list[Run]] = {}
    panels: dict[str, Panel] = {}
    for campaign in history.campaigns["campaign_id"]:
        panel = history.around(campaign)
        panels[campaign] = panel
        if randomised_arms(panel, history.control_arm):
            trials[campaign] = run_trial(
                panel, history.control_arm, pre_weeks=pre_weeks, planned=planned_control_share
            )
        else:
            runs[campaign] = weighted_runs(panel, pre_weeks=pre_weeks)
    errors = _errors(runs)
    rows, checks = [], {}
    ended = day_numbers(history.campaigns["ends_on"]) <= history.as_of
    for record, over in zip(history.campaigns.to_dict("records"), ended.tolist(), strict=True):
        campaign, panel = record["campaign_id"], panels[record["campaign_id"]]
        if campaign in trials:
            found, answered = _trial_row(trials[campaign], over)
        else:
            found, answered = _weighted_row(panel, runs[campaign], errors, over, pre_weeks)
        checks[campaign] = answered
        rows.append(_described(record, panel) | found | _graded(found, answered, panel))
    return Evaluation(
        _with_adjusted_p(pd.DataFrame(rows, columns=None if rows else _COLUMNS)),
        checks_table(checks),
        _practice_table(runs),
        _balance(runs),
        errors,
    )


def _errors(runs: dict[str, list[Run]]) -> Spread:
    practice = [run for found in runs.values() for run in found if run.ago and run.comparable]
    return method_errors([run.comparison for run in practice])


def _described(record: Mapping[Any, Any], panel: Panel) -> dict[str, Any]:
    return {
        "campaign_id": record["campaign_id"],
        "campaign_type": record.get("campaign_type", ""),
        "starts_on": record["starts_on"],
        "ends_on": record["ends_on"],
        "contacted": int(panel.contacted.sum()),
        "weeks": panel.window_days / 7,
    }


def _weighted_row(
    panel: Panel, runs: list[Run], errors: Spread, over: bool, pre_weeks: int
) -> tuple[dict[str, Any], list[Check]]:
    if not runs:
        return _NOTHING | {"design": "none"}, no_comparison_checks(
            panel, pre_weeks=pre_weeks, over=over
        )
    run, practice = runs[0], runs[1:]
    placebo = joint_placebo([r.comparison for r in practice])
    found = run.comparison
    analysed = found.kept & panel.contacted
    baseline = panel.baseline(pre_weeks=pre_weeks)[analysed].mean() if analysed.any() else np.nan
    low, high = found.interval()
    centre, error, bottom, top = calibrated(found.effect, found.standard_error, errors)
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
    }
    return row, comparison_checks(panel, run, placebo, baseline=float(baseline), over=over)


def _trial_row(trial: Trial, over: bool) -> tuple[dict[str, Any], list[Check]]:
    row = _NOTHING | {
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
    }
    return row, experiment_checks(trial, over=over)


def _graded(found: dict[str, Any], checks: list[Check], panel: Panel) -> dict[str, Any]:
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


def _with_adjusted_p(effects: pd.DataFrame) -> pd.DataFrame:
    z = (effects["corrected"] / effects["corrected_error"]).abs().astype(float)
    p = pd.Series(2 * stats.norm.sf(z), index=effects.index).where(
        effects["claimable"].astype(bool)
    )
    return effects.assign(p_adjusted=adjust_p_values(p, method="holm"))


def _practice_table(runs: dict[str, list[Run]]) -> pd.DataFrame:
    rows = []
    for campaign, found in runs.items():
        for run in found[1:]:
            low, high = run.comparison.interval()
            rows.append(
                {
                    "campaign_id": campaign,
                    "weeks_before": run.ago,
                    "effect": run.comparison.effect,
                    "standard_error": run.comparison.standard_error,
                    "low": low,
                    "high": high,
                    "analysed": run.comparison.contacted,
                    "comparable": run.comparable,
                }
            )
    columns = ["campaign_id", "weeks_before", "effect", "standard_error", "low", "high", "analysed"]
    return pd.DataFrame(rows, columns=[*columns, "comparable"])


def _balance(runs: dict[str, list[Run]]) -> pd.DataFrame:
    tables = [found[0].balance.assign(campaign_id=name) for name, found in runs.items() if found]
    if not tables:
        columns = ["campaign_id", "covariate", "difference_before", "difference_after"]
        return pd.DataFrame(columns=columns)
    return pd.concat(tables, ignore_index=True)


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
)
_NOTHING: dict[str, Any] = {"design": "", "analysed": 0, "compared": 0} | dict.fromkeys(
    _FIGURES, float("nan")
)
_COLUMNS = [
    "campaign_id",
    "campaign_type",
    "starts_on",
    "ends_on",
    "contacted",
    "weeks",
    *_NOTHING,
    "grade",
    "evidence",
    "reason",
    "claimable",
    "incremental_revenue",
    "incremental_error",
    "incremental_low",
    "incremental_high",
]
