"""Every campaign's effect on sales, its practice runs, its balance and its grade."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from scipy import stats

from helpers.errors import MetricError
from helpers.metrics.campaign_roi.evidence import checks_table
from helpers.metrics.campaign_roi.findings import (
    COLUMNS,
    described,
    graded,
    trial_row,
    weighted_row,
)
from helpers.metrics.campaign_roi.frames import day_numbers
from helpers.metrics.campaign_roi.panel import History, Panel, randomised_arms
from helpers.metrics.campaign_roi.practice import Spread, method_errors
from helpers.metrics.campaign_roi.runs import Run, weighted_runs
from helpers.metrics.campaign_roi.segments import adjust_p_values
from helpers.metrics.campaign_roi.trial import ARMS, Trial, run_trial


@dataclass(frozen=True)
class Evaluation:
    """What is known of the effect of each campaign that started by `as_of`.

    Attributes:
        effects: one row a campaign, by start; money a customer and week unless it says otherwise:
            `campaign_id campaign_type` (str), `starts_on ends_on` (datetime), `break_even` (effect
            from which it pays; NaN unknown), `design` (str), `contacted` (int64, all contacted
            customers), `analysed compared` (int64, contacted and other customers in the
            comparison), `kept_share`, `effective_controls`, `imbalance` (largest standardised
            difference left), `weeks` (of the window, up to `as_of`), `baseline` (sales before),
            `effect standard_error low high p_value` (as estimated), `corrected corrected_error
            corrected_low corrected_high` (for the errors seen in practice runs), `placebo_effect
            placebo_error placebo_p equivalence_p`, `later_contacted later_compared` (share of the
            contacted and of their comparison group on the list of another campaign that began while
            this one ran), `grade evidence reason` (str), `claimable` (bool), `incremental_revenue
            incremental_error incremental_low incremental_high` (currency, whole window; NaN unless
            claimable), `p_adjusted` (Holm, over the claimable campaigns).
        checks: one row a campaign and check; see `checks_table`.
        practice: one row a campaign and practice run: `campaign_id weeks_before effect
            standard_error low high analysed comparable` (whether the run meets the overlap and
            balance that the campaign must).
        balance: one row a campaign and covariate; see `balance_table`.
        errors: mean and spread of the effects that comparable practice runs found where there were
            none.
        arms: one row a randomised campaign and arm: `campaign_id`, and the columns of `ARMS`.
    """

    effects: pd.DataFrame
    checks: pd.DataFrame
    practice: pd.DataFrame
    balance: pd.DataFrame
    errors: Spread
    arms: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["campaign_id", *ARMS]))


def evaluate(
    history: History,
    *,
    pre_weeks: int = 8,
    planned_control_share: float | None = None,
    break_even: pd.Series | None = None,
) -> Evaluation:
    """Return the effect of each campaign, and how far it can be believed.

    A campaign with a random control arm is read as an experiment (`adjusted_lift` of sales a week).
    Any other is compared by `difference_in_differences` with customers who were not contacted,
    weighted by the propensity of being contacted given `pre_weeks` of behaviour. The same
    comparison is run on up to three spans of four weeks before the start, where the true effect is
    zero: nothing is claimed unless an effect there as large as the campaign's `break_even` can be
    ruled out.

    Args:
        history: the source's tables, cut at `as_of`.
        pre_weeks: length of the pre-period.
        planned_control_share: share of customers that experiments meant to hold out, for the
            sample-ratio test, where `campaigns` has no `control_share`; None or 0: not known.
        break_even: of `break_even_effects`: campaign -> effect from which it pays, currency a
            contacted customer and week. A campaign without one is not claimed, unless it is an
            experiment.

    Raises:
        MetricError: a planned share is negative, or not below 1.
    """
    panels, trials, runs = _compared(history, pre_weeks, planned_control_share)
    errors = _errors(runs)
    pays = {} if break_even is None else break_even.astype(float).to_dict()
    rows, checks = [], {}
    ended = day_numbers(history.campaigns["ends_on"]) <= history.as_of
    records = history.campaigns.to_dict("records")
    for record, over in zip(records, ended.tolist(), strict=True):
        campaign, panel = record["campaign_id"], panels[record["campaign_id"]]
        even = pays.get(campaign, float("nan"))
        found, answered = (
            trial_row(trials[campaign], over=over)
            if campaign in trials
            else weighted_row(
                panel, runs[campaign], errors, break_even=even, over=over, pre_weeks=pre_weeks
            )
        )
        checks[campaign] = answered
        known = described(record, panel, break_even=even)
        rows.append(known | found | graded(found, answered, panel))
    return Evaluation(
        _with_adjusted_p(pd.DataFrame(rows, columns=None if rows else COLUMNS)),
        checks_table(checks),
        _practice_table(runs),
        _balance(runs),
        errors,
        _arms(trials),
    )


def _compared(
    history: History, pre_weeks: int, planned_share: float | None
) -> tuple[dict[str, Panel], dict[str, Trial], dict[str, list[Run]]]:
    """Return each campaign's panel, and its trial or its weighted runs."""
    panels: dict[str, Panel] = {}
    trials: dict[str, Trial] = {}
    runs: dict[str, list[Run]] = {}
    for record in history.campaigns.to_dict("records"):
        campaign = record["campaign_id"]
        panel = panels[campaign] = history.around(campaign)
        if randomised_arms(panel, history.control_arm):
            planned = _planned(record, planned_share)
            trials[campaign] = run_trial(
                panel, history.control_arm, pre_weeks=pre_weeks, planned=planned
            )
        else:
            runs[campaign] = weighted_runs(panel, pre_weeks=pre_weeks)
    return panels, trials, runs


def _planned(record: Mapping[Any, Any], given: float | None) -> float | None:
    """Return the share meant to be held out: the campaign's own, else the one given, else None."""
    own = record.get("control_share")
    share = given if own is None or pd.isna(own) else float(own)
    if share is None or share == 0:
        return None
    if not 0 < share < 1:
        raise MetricError(
            f"the planned share of the control group is {share}, and must lie between 0 and 1",
            column="control_share",
            keys=[record["campaign_id"]],
            hint="Write 10 % as 0.1; 0 says that it is not known.",
        )
    return share


def _errors(runs: dict[str, list[Run]]) -> Spread:
    practice = [run for found in runs.values() for run in found if run.ago and run.comparable]
    return method_errors([run.comparison for run in practice])


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


def _arms(trials: dict[str, Trial]) -> pd.DataFrame:
    tables = [trial.arms.assign(campaign_id=name) for name, trial in trials.items()]
    if not tables:
        return pd.DataFrame(columns=["campaign_id", *ARMS])
    return pd.concat(tables, ignore_index=True)[["campaign_id", *ARMS]]
