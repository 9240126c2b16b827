"""The page's charts of the evidence: pass one to `helpers.report.line`, `dots` or `bar`."""

from typing import Any

import pandas as pd

from helpers.metrics.campaign_roi.evaluation import Evaluation
from helpers.metrics.campaign_roi.evidence import ENOUGH_OVERLAP
from helpers.metrics.campaign_roi.panel import History
from helpers.metrics.campaign_roi.views import (
    balance_chart,
    course_chart,
    cumulative_chart,
    overlap_chart,
    practice_chart,
)
from helpers.metrics.campaign_roi.words import (
    Write,
    balance_sentence,
    cumulative_sentence,
    precision_sentence,
    trust_sentence,
)


def course_charts(course: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the lines of `courses`: weekly sales of both groups, and the sum of what was caused.

    Without a campaign that can be compared there is none; without one that can be judged, no sum.
    """
    shared = {
        "x": "day", "unit": "currency", "x_unit": "days", "grain": "campaign",
        "customers": "customers", "switch": "campaign", "labels": {"day": "Days since the start"},
    }  # fmt: skip
    weekly = {
        "frame": course_chart(course),
        "y": "sales",
        "group": "group",
        "title": "Weekly sales a customer",
        "says": "Up to day 0 both lines should run together. Then the gap is the effect.",
    }
    summed = cumulative_chart(course)
    whole = {
        "frame": summed,
        "y": "cumulative",
        "low": "cumulative_low",
        "high": "cumulative_high",
        "title": "Sales caused, added up",
        "says": cumulative_sentence(summed),
    }
    return [chart | shared for chart in (weekly, whole) if len(chart["frame"])]


def practice_dots(evaluation: Evaluation, *, write: Write) -> dict[str, Any]:
    """Return what the comparison finds in weeks before campaigns."""
    said = (trust_sentence(evaluation, write=write), precision_sentence(evaluation, write=write))
    return {
        "frame": practice_chart(evaluation),
        "x": "campaign",
        "y": "effect",
        "low": "low",
        "high": "high",
        "unit": "currency",
        "grain": "campaign",
        "customers": "contacted",
        "title": "What is found before the campaign",
        "says": " ".join(filter(None, said)),
    }


def balance_dots(
    evaluation: Evaluation, *, campaign: str | None, write: Write
) -> list[dict[str, Any]]:
    """Return how alike the groups of a campaign are, as they are and weighted.

    None for a campaign that was not compared, or has a random control group.
    """
    frame = balance_chart(evaluation, campaign=campaign)
    chart = {
        "frame": frame,
        "x": "trait",
        "y": "difference",
        "group": "weighting",
        "unit": "number",
        "grain": "model",
        "title": "How alike the groups are",
        "says": balance_sentence(frame, campaign=campaign, write=write),
    }
    return [chart] if len(frame) else []


def overlap_bars(
    history: History, evaluation: Evaluation, *, campaign: str | None, pre_weeks: int, write: Write
) -> list[dict[str, Any]]:
    """Return who had which chance of being on a campaign's list: where both groups have customers.

    None for a campaign that was not compared, or has a random control group: there everybody had
    the same chance.
    """
    frame = overlap_chart(history, campaign=campaign, pre_weeks=pre_weeks)
    rows = evaluation.effects[evaluation.effects["campaign_id"] == campaign]
    if frame.empty or rows["kept_share"].isna().all():
        return []
    says = (
        f"{campaign}: {write(float(rows['kept_share'].iloc[0]), 'share')} of the contacted "
        "customers have somebody like them who was not contacted; "
        f"{write(ENOUGH_OVERLAP, 'share')} are asked for."
    )
    chart = {
        "frame": frame,
        "x": "chance",
        "y": "share",
        "group": "group",
        "unit": "share",
        "grain": "bin",
        "customers": "customers",
        "labels": {"chance": "Estimated chance of being on the list", "share": "Of the group"},
        "title": "Who could have been on the list",
        "says": says,
    }
    return [chart]
