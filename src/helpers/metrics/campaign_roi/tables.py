"""The page's tables of answers and evidence: columns, units and words.

Pass one to `Report.table(**…)`.
"""

from typing import Any

import pandas as pd

from helpers.metrics.campaign_roi.columns import BLANK, blank, shown
from helpers.metrics.campaign_roi.evaluation import Evaluation
from helpers.metrics.campaign_roi.evidence import CHECKS
from helpers.metrics.campaign_roi.views import arms_chart, evidence_table, named
from helpers.periods import Period


def attributed_tables(results: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what each campaign attracted and what it cost so far, from `period_results`."""
    who = ["campaign", "contacted", "redeemers"]
    more = {"grain": "campaign", "customers": ("contacted", "redeemers")}
    cost = [*who, "cost", "roas", "cpa", "cac"]
    return [
        shown(
            results,
            [*who, "response_rate", "attributed_revenue"],
            title="What each campaign attracted so far",
            note="Sales with a coupon are not what a campaign caused.",
            **more,
        ),
        shown(
            results,
            [name for name in cost if name != "cac" or results["cac"].notna().any()],
            title="What each campaign cost so far",
            note="Cost: coupon discounts and the mailing, which is assumed.",
            **more,
        ),
    ]


def evidence_tables(evaluation: Evaluation, *, period: Period) -> list[dict[str, Any]]:
    """Return the checks of each campaign of the period, and what they amount to.

    A check that no campaign was asked has no column.
    """
    rows = evidence_table(evaluation, period=period)
    asked = [name for name in CHECKS.values() if not rows[name].eq("–").all()]
    more = {"grain": "campaign", "customers": "contacted"}
    return [
        shown(
            rows,
            ["campaign", "contacted", *asked],
            title="What the evidence rests on",
            note="✓ passed, ✗ failed, ? cannot tell, – not asked.",
            **more,
        ),
        shown(
            rows,
            ["campaign", "contacted", "evidence", "reason"],
            title="Why each grade",
            note="An effect counts only as Experiment or Fair comparison.",
            **more,
        ),
    ]


def arms_table(evaluation: Evaluation, *, period: Period) -> list[dict[str, Any]]:
    """Return the effect of each arm of the period's experiments; none where there is none."""
    rows = arms_chart(evaluation, period=period)
    if rows.empty:
        return []
    columns = ["campaign", "arm", "n", "mean", "lift", "lift_low", "lift_high", "p_adjusted"]
    return [
        shown(
            rows,
            columns,
            title="What each arm of an experiment caused",
            grain="segment",
            customers="n",
            note="Money a customer and week; the first arm was held out. Limits are 95%, of each "
            "arm alone. The chance of a false alarm is corrected for the number of arms (Holm).",
        )
    ]


def segment_table(response: pd.DataFrame) -> dict[str, Any]:
    """Return the response of each segment, from `response_by_segment`."""
    columns = ["segment", "contacted", "redeemers", "response_rate", "attributed_revenue"]
    columns += ["cost", "roas"]
    return shown(
        response,
        columns,
        title="Who answered",
        grain="segment",
        customers=("contacted", "redeemers"),
        note="Segments as of the day before the period, by recency and frequency of purchases."
        if len(response)
        else "No contacted customer had bought before the period.",
    )


def uplift_table(uplift: pd.DataFrame) -> dict[str, Any]:
    """Return the effect by segment, from `pooled_uplift`."""
    columns = ["segment", "campaigns", "contacted", "effect", "low", "high", "p_adjusted"]
    note = "The chance of a false alarm is corrected for looking at many segments (Holm)."
    return shown(
        uplift,
        columns,
        title="Who was moved",
        grain="segment",
        customers="contacted",
        note=note if len(uplift) else "No campaign so far can be judged.",
    )


def experiment_table(segments: pd.DataFrame, evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return the effect by segment in experiments, from `experiment_segments`; none without one."""
    if segments.empty:
        return []
    effects = evaluation.effects
    names = dict(zip(effects["campaign_id"], named(effects), strict=True))
    campaign = segments["campaign_id"].map(names) + ", " + segments["arm"]
    rows = segments.assign(campaign=campaign)
    columns = ["campaign", "segment", "n", "n_control", "lift", "lift_low", "lift_high"]
    return [
        shown(
            rows,
            [*columns, "p_adjusted"],
            title="Who was moved, in the experiments",
            grain="segment",
            customers=("n", "n_control"),
            note="Each campaign with its arm; money a customer and week. The false-alarm chance "
            "is corrected for the number of segments and arms of a campaign (Holm).",
        )
    ]


def changes_table(changes: pd.DataFrame) -> dict[str, Any]:
    """Return the changes of the headline figures by kind of campaign, from `headline_changes`."""
    columns = ["against", "campaign_type", "contacted", "response", "attributed_revenue"]
    columns += ["coupon_discount", "roas"]
    rows = blank(
        changes,
        ["attributed_revenue", "coupon_discount", "roas"],
        customers=changes["redeemers"],
    )
    found = shown(
        rows,
        columns,
        title="What each kind of campaign brought to the change",
        grain="category",
        note=f"Each column adds up to the change of the figure over all campaigns. {BLANK}"
        if len(changes)
        else "The data do not reach back to an earlier period.",
    )
    found["labels"] |= {
        "against": "Against",
        "campaign_type": "Kind of campaign",
        "contacted": "Contacts",
        "response": "Response rate",
        "roas": "Sales per discount",
    }
    found["units"] |= {"response": "points", "roas": "number", "contacted": "count"}
    return found
