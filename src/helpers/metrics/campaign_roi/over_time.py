"""A campaign's effect week by week, and what it adds up to."""

import numpy as np
import pandas as pd

from helpers.metrics.campaign_roi.comparison import Comparison, compare
from helpers.metrics.campaign_roi.panel import Panel, covariates
from helpers.metrics.campaign_roi.practice import Spread, calibrated

_COLUMNS = [
    "week",
    "contacted",
    "comparison",
    "effect",
    "cumulative",
    "cumulative_low",
    "cumulative_high",
]


def effect_over_time(
    panel: Panel, *, pre_weeks: int = 8, errors: Spread | None = None
) -> pd.DataFrame:
    """Return weekly sales of the contacted and their comparison group, and the cumulative effect.

    Each week's effect is `difference_in_differences` of that week's sales against the pre-period;
    the cumulative one is their sum times the contacted customers, its error from the sum of the
    influences, so that weeks of the same customers are not taken for independent. Both are
    corrected as in `calibrated`.

    Args:
        panel: of a campaign without a control arm.
        pre_weeks: length of the pre-period.
        errors: of the practice runs; None leaves the effect uncorrected.

    Returns:
        One row a week, from −`pre_weeks`, without 0 as a gap (week 0 is the first week of the
        campaign): `week` (int64), `contacted comparison` (float64, currency a customer and week;
        weighted means), `effect` (float64, likewise; NaN before the start), `cumulative
        cumulative_low cumulative_high` (float64, currency, all contacted customers in the
        comparison). Complete weeks only, up to the campaign's end. Empty where the pre-period is
        not in the data or there is nobody to compare with.
    """
    weeks = min(panel.weekly_after.shape[1], panel.window_days // 7)
    if panel.weeks_before < pre_weeks or not panel.contacted.any():
        return pd.DataFrame(columns=_COLUMNS)
    known = covariates(panel, pre_weeks=pre_weeks).to_numpy(dtype=float)
    baseline, active = panel.baseline(pre_weeks=pre_weeks), panel.active(pre_weeks=pre_weeks)
    first = compare(panel.window_revenue - baseline, panel.contacted, known, among=active)
    if not first.standard_error > 0:
        return pd.DataFrame(columns=_COLUMNS)
    rows = []
    for ago in range(pre_weeks, 0, -1):
        rows.append({"week": -ago} | _means(panel, first, panel.weekly_revenue[:, ago - 1]))
    total, influence = 0.0, np.zeros(len(panel.customers))
    for week in range(weeks):
        sales = panel.weekly_after[:, week]
        found = compare(sales - baseline, panel.contacted, known, among=active)
        total, influence = total + found.effect, influence + found.influence
        sampling = float(np.sqrt((influence**2).sum()))
        rows.append(
            {"week": week, "effect": calibrated(found.effect, found.standard_error, errors)[0]}
            | _means(panel, first, sales)
            | _sum(total, sampling, week + 1, found.contacted, errors)
        )
    return pd.DataFrame(rows, columns=_COLUMNS)


def _means(panel: Panel, found: Comparison, sales: np.ndarray) -> dict[str, float]:
    treated = found.kept & panel.contacted
    weight = found.weights * ~panel.contacted
    return {
        "contacted": float(sales[treated].mean()),
        "comparison": float((weight * sales).sum() / weight.sum()),
    }


def _sum(
    total: float, sampling: float, weeks: int, customers: int, errors: Spread | None
) -> dict[str, float]:
    """Return the cumulative effect; the method's error grows with the weeks."""
    centre, _, low, high = calibrated(total / weeks, sampling / weeks, errors)
    scale = weeks * customers
    return {
        "cumulative": centre * scale,
        "cumulative_low": low * scale,
        "cumulative_high": high * scale,
    }
