"""A campaign with a random control group, read as an experiment."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.metrics.campaign_roi.experiment import adjusted_lift, lift
from helpers.metrics.campaign_roi.panel import Panel
from helpers.metrics.campaign_roi.sample_ratio import SampleRatio, sample_ratio_test


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
        split: the sample-ratio test; None where no planned share is known.
        before_p: p of the difference before the start; NaN without a pre-period.
        variance_reduction: share of variance that the pre-period takes out.
    """

    treated: int
    control: int
    baseline: float
    effect: float
    standard_error: float
    low: float
    high: float
    p_value: float
    split: SampleRatio | None
    before_p: float
    variance_reduction: float


def run_trial(
    panel: Panel, control_arm: str, *, pre_weeks: int, planned: float | None = None
) -> Trial:
    """Return the effect of contacting, over all arms that were contacted.

    Every customer of the campaign counts, buyers or not. With a pre-period the lift is adjusted
    (CUPED) for sales a week in it and over the whole history.

    Args:
        panel: of a campaign with a control arm.
        control_arm: its name.
        pre_weeks: length of the pre-period.
        planned: share of customers meant to be held out.
    """
    inside = panel.arm != ""
    outcomes = pd.DataFrame(
        {
            "arm": np.where(panel.contacted[inside], "contacted", control_arm),
            "sales": panel.window_revenue[inside] * (7 / max(1, panel.window_days)),
        }
    )
    known = panel.weeks_before >= pre_weeks
    if known:
        outcomes["before"] = panel.baseline(pre_weeks=pre_weeks)[inside]
        outcomes["history"] = panel.weekly_revenue[inside].mean(axis=1)
    table = adjusted_lift(
        outcomes,
        arm="arm",
        control=control_arm,
        metric="sales",
        covariates=["before", "history"] if known else [],
    ).set_index("arm")
    row = table.loc["contacted"].astype(float).to_dict()
    before: dict[Hashable, float] = {"mean": float("nan"), "p_value": float("nan")}
    if known:
        earlier = lift(outcomes, arm="arm", control=control_arm, metric="before").set_index("arm")
        before = earlier.loc["contacted"].astype(float).to_dict()
    shares = {control_arm: planned, "contacted": 1 - planned} if planned else None
    return Trial(
        treated=int(row["n"]),
        control=int((outcomes["arm"] == control_arm).sum()),
        baseline=before["mean"],
        effect=row["lift"],
        standard_error=(row["lift_high"] - row["lift"]) / 1.959964,
        low=row["lift_low"],
        high=row["lift_high"],
        p_value=row["p_value"],
        split=sample_ratio_test(outcomes, arm="arm", planned=shares) if shares else None,
        before_p=before["p_value"],
        variance_reduction=row["variance_reduction"],
    )
