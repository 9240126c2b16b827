"""Uplift by segment over all campaigns that can be judged, read together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy import stats

from helpers.metrics.campaign_roi.evaluation import Evaluation
from helpers.metrics.campaign_roi.frames import require_columns
from helpers.metrics.campaign_roi.panel import History, Panel
from helpers.metrics.campaign_roi.practice import Spread, calibrated, method_errors
from helpers.metrics.campaign_roi.runs import weighted_run
from helpers.metrics.campaign_roi.segments import Method, adjust_p_values

FEWEST_CONTACTED = 20
"""Contacted customers of a segment below which a campaign says nothing about it."""
_COLUMNS = [
    "segment",
    "campaigns",
    "contacted",
    "effect",
    "standard_error",
    "low",
    "high",
    "p_value",
]


@dataclass(frozen=True)
class _Estimate:
    effect: float
    standard_error: float
    influence: np.ndarray
    contacted: int


def pooled_uplift(
    history: History,
    evaluation: Evaluation,
    segments_on: Callable[[date], pd.DataFrame],
    *,
    pre_weeks: int = 8,
    method: Method = "holm",
) -> pd.DataFrame:
    """Return the mean effect on sales a week in each segment over all claimable campaigns.

    Within a campaign: mean over the segment's contacted customers of what its comparison left
    unexplained, less the weighted mean over the segment's other customers (with a control arm: the
    difference of means). Over campaigns: `method_errors`, which counts that the same customers are
    in several; then `calibrated` where a campaign was not randomised.

    Args:
        history: the source's tables.
        evaluation: of the same.
        segments_on: day -> `customer_id segment` (str), known on that day; asked for the day before
            each campaign.
        pre_weeks: length of the pre-period.
        method: correction for many tests, see `adjust_p_values`.

    Returns:
        One row a segment with at least 20 contacted customers in a campaign: `segment` (str),
        `campaigns contacted` (int64; contacts, a customer in two campaigns counts twice), `effect
        standard_error low high` (float64, currency a customer and week), `p_value p_adjusted`
        (float64).

    Raises:
        MetricError: a column is missing.
    """
    claimed = evaluation.effects[evaluation.effects["claimable"].astype(bool)]
    found: dict[str, list[_Estimate]] = {}
    for campaign in claimed["campaign_id"]:
        panel = history.around(campaign)
        segments = segments_on(panel.day_before)
        require_columns(segments, ["customer_id", "segment"], table="segments")
        unique = segments.drop_duplicates("customer_id").set_index("customer_id")["segment"]
        member = unique.reindex(panel.customers).to_numpy(dtype=object)
        value, weight = _scores(panel, pre_weeks)
        for name in sorted({str(name) for name in member if isinstance(name, str)}):
            inside = (member == name) & (weight > 0)
            estimate = _estimate(value, weight, panel.contacted & inside, ~panel.contacted & inside)
            if estimate is not None:
                found.setdefault(name, []).append(estimate)
    weighted = bool(claimed["design"].eq("weighted comparison").any())
    errors = evaluation.errors if weighted else None
    rows = [_row(name, estimates, errors) for name, estimates in sorted(found.items())]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return table.assign(p_adjusted=adjust_p_values(table["p_value"].astype(float), method=method))


def _row(name: str, estimates: list[_Estimate], errors: Spread | None) -> dict[str, object]:
    summary = method_errors(estimates)
    centre, error, low, high = calibrated(summary.mean, summary.standard_error, errors)
    return {
        "segment": name,
        "campaigns": len(estimates),
        "contacted": sum(estimate.contacted for estimate in estimates),
        "effect": centre,
        "standard_error": error,
        "low": low,
        "high": high,
        "p_value": float(2 * stats.norm.sf(abs(centre) / error)),
    }


def _scores(panel: Panel, pre_weeks: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for each customer what is to be averaged, and the weight; weight 0 is outside."""
    if (panel.arm == "").all() or not ((panel.arm != "") & ~panel.contacted).any():
        run = weighted_run(panel, pre_weeks=pre_weeks)
        return run.comparison.residual, run.comparison.weights
    return panel.window_revenue * (7 / max(1, panel.window_days)), (panel.arm != "").astype(float)


def _estimate(
    value: np.ndarray, weight: np.ndarray, treated: np.ndarray, others: np.ndarray
) -> _Estimate | None:
    """Return a segment's effect in one campaign; None with too few customers on a side."""
    share = weight * others
    worth = share.sum() ** 2 / (share**2).sum() if others.any() else 0.0
    if treated.sum() < FEWEST_CONTACTED or worth < FEWEST_CONTACTED:
        return None
    top = float(value[treated].mean())
    bottom = float((share * value).sum() / share.sum())
    influence = treated * (value - top) / treated.sum() - share * (value - bottom) / share.sum()
    error = float(np.sqrt((influence**2).sum()))
    return _Estimate(top - bottom, error, influence, int(treated.sum())) if error > 0 else None
