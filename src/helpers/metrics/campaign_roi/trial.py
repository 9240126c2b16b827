"""A campaign with a random control group, read as an experiment."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.metrics.campaign_roi.experiment import (
    adjusted_lift,
    adjusted_values,
    lift,
    relative_lift_interval,
)
from helpers.metrics.campaign_roi.panel import Panel
from helpers.metrics.campaign_roi.sample_ratio import SampleRatio, sample_ratio_test
from helpers.metrics.campaign_roi.segments import adjust_p_values

ARMS = ["arm", "n", "mean", "lift", "lift_low", "lift_high"]
ARMS += ["relative_lift", "relative_low", "relative_high", "p_value", "p_adjusted"]


@dataclass(frozen=True)
class Trial:
    """An experiment's effect on sales, in money a customer and week.

    Attributes:
        treated: customers contacted, in any arm.
        control: customers held out.
        baseline: mean sales a week of the contacted before the start; NaN without a pre-period.
        effect: mean difference to the held out.
        standard_error: of it.
        low: lower limit of the 95 % interval.
        high: upper limit.
        p_value: two-sided.
        planned: share of customers meant to be held out; None where it is not known.
        split: the sample-ratio test against it; None where it is not known.
        before_p: p of the difference before the start; NaN without a pre-period.
        variance_reduction: share of variance that the pre-period takes out.
        arms: one row an arm, the held out first: see `ARMS`; `p_adjusted` by Holm over the arms,
            the relative lift's limits by Fieller's theorem.
        overlap: (of the contacted, of the held out) the share put on another campaign's list that
            began while this one ran.
    """

    treated: int
    control: int
    baseline: float
    effect: float
    standard_error: float
    low: float
    high: float
    p_value: float
    planned: float | None
    split: SampleRatio | None
    before_p: float
    variance_reduction: float
    arms: pd.DataFrame
    overlap: tuple[float, float]


def run_trial(
    panel: Panel, control_arm: str, *, pre_weeks: int, planned: float | None = None
) -> Trial:
    """Return the effect of contacting, over all arms that were contacted, and of each arm.

    Every customer of the campaign counts, buyers or not. With a pre-period the lift is adjusted
    (CUPED) for sales a week in it and over the whole history.

    Args:
        panel: of a campaign with a control arm.
        control_arm: its name.
        pre_weeks: length of the pre-period.
        planned: share of customers meant to be held out; None where it is not known.
    """
    outcomes, covariates = trial_outcomes(panel, control_arm, pre_weeks=pre_weeks)
    table = adjusted_lift(
        outcomes, arm="contact", control=control_arm, metric="sales", covariates=covariates
    ).set_index("arm")
    row = table.loc["contacted"].astype(float).to_dict()
    before: dict[Hashable, float] = {"mean": float("nan"), "p_value": float("nan")}
    if covariates:
        earlier = lift(outcomes, arm="contact", control=control_arm, metric="before")
        before = earlier.set_index("arm").loc["contacted"].astype(float).to_dict()
    shares = {control_arm: planned, "contacted": 1 - planned} if planned else None
    inside, later = panel.arm != "", panel.joined_later()
    return Trial(
        treated=int(row["n"]),
        control=int((outcomes["contact"] == control_arm).sum()),
        baseline=before["mean"],
        effect=row["lift"],
        standard_error=(row["lift_high"] - row["lift"]) / 1.959964,
        low=row["lift_low"],
        high=row["lift_high"],
        p_value=row["p_value"],
        planned=planned,
        split=sample_ratio_test(outcomes, arm="contact", planned=shares) if shares else None,
        before_p=before["p_value"],
        variance_reduction=row["variance_reduction"],
        arms=_by_arm(outcomes, control_arm, covariates),
        overlap=(
            float(later[panel.contacted].mean()),
            float(later[inside & ~panel.contacted].mean()),
        ),
    )


def trial_outcomes(
    panel: Panel, control_arm: str, *, pre_weeks: int
) -> tuple[pd.DataFrame, list[str]]:
    """Return the sales a week of an experiment's customers, and what was known of them before.

    Returns:
        One row a customer of the campaign: `arm` (str), `contact` (str; `contacted` or the control
        arm), `sales` (float64, currency a week) [`before history`: likewise, where there is a
        pre-period]; and the names of the columns to adjust for. For internal use: it is about
        single customers.
    """
    inside = panel.arm != ""
    outcomes = pd.DataFrame(
        {
            "arm": panel.arm[inside],
            "contact": np.where(panel.contacted[inside], "contacted", control_arm),
            "sales": panel.window_revenue[inside] * (7 / max(1, panel.window_days)),
        }
    )
    if panel.weeks_before < pre_weeks:
        return outcomes, []
    outcomes["before"] = panel.baseline(pre_weeks=pre_weeks)[inside]
    outcomes["history"] = panel.weekly_revenue[inside].mean(axis=1)
    return outcomes, ["before", "history"]


def _by_arm(outcomes: pd.DataFrame, control_arm: str, covariates: list[str]) -> pd.DataFrame:
    values, _ = adjusted_values(
        outcomes, arm="arm", control=control_arm, metric="sales", covariates=covariates
    )
    rows = outcomes[["arm"]].assign(sales=values)
    table = lift(rows, arm="arm", control=control_arm, metric="sales")
    table = table.drop(columns=["relative_lift", "incremental_total"])
    relative = relative_lift_interval(rows, arm="arm", control=control_arm, metric="sales")
    relative = relative.rename(columns={"low": "relative_low", "high": "relative_high"})
    found = table.merge(relative, on="arm", how="left")
    return found.assign(p_adjusted=adjust_p_values(found["p_value"].astype(float)))[ARMS]
