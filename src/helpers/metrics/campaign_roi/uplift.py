"""Uplift by segment in a source's campaigns: who is moved by a contact, and who is not."""

import numpy as np
import pandas as pd
from scipy import stats

from helpers.metrics.campaign_roi.experiment import lift
from helpers.metrics.campaign_roi.frames import require_columns
from helpers.metrics.campaign_roi.panel import Panel
from helpers.metrics.campaign_roi.practice import Spread, calibrated
from helpers.metrics.campaign_roi.runs import weighted_run
from helpers.metrics.campaign_roi.segments import Method, adjust_p_values

_COLUMNS = [
    "segment",
    "contacted",
    "compared",
    "effect",
    "standard_error",
    "low",
    "high",
    "p_value",
]


def uplift_by_segment(
    panel: Panel | None,
    segments: pd.DataFrame,
    *,
    control_arm: str = "control",
    pre_weeks: int = 8,
    errors: Spread | None = None,
    method: Method = "holm",
) -> pd.DataFrame:
    """Return a campaign's effect on sales a week in each segment, corrected for many tests.

    With a control arm: `lift` within the segment. Without: the weighted comparison fitted anew
    within the segment and corrected as in `calibrated`; a segment with too few customers for it has
    no effect (NaN).

    Args:
        panel: of the campaign; None gives an empty table.
        segments: `customer_id segment` (str), one row a customer, known before the start.
        control_arm: the arm held out at random.
        pre_weeks: length of the pre-period.
        errors: of the practice runs.
        method: correction, see `adjust_p_values`.

    Returns:
        One row a segment: `segment` (str), `contacted compared` (int64, customers), `effect
        standard_error low high` (float64, currency a customer and week), `p_value p_adjusted`
        (float64).

    Raises:
        MetricError: a column is missing.
    """
    require_columns(segments, ["customer_id", "segment"], table="segments")
    if panel is None:
        return pd.DataFrame(columns=[*_COLUMNS, "p_adjusted"])
    unique = segments.drop_duplicates("customer_id").set_index("customer_id")["segment"]
    member = unique.reindex(panel.customers)
    experiment = bool((panel.arm == control_arm).any())
    rows = []
    for name in sorted(member.dropna().unique()):
        among = (member == name).to_numpy(dtype=bool)
        found = (
            _experiment(panel, among, control_arm)
            if experiment
            else _weighted(panel, among, pre_weeks, errors)
        )
        rows.append({"segment": str(name)} | found)
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return table.assign(p_adjusted=adjust_p_values(table["p_value"].astype(float), method=method))


def _experiment(panel: Panel, among: np.ndarray, control_arm: str) -> dict[str, float]:
    inside = among & (panel.arm != "")
    arm = np.where(panel.contacted[inside], "contacted", control_arm)
    treated, held = int((arm == "contacted").sum()), int((arm == control_arm).sum())
    if min(treated, held) < 2:
        return _nothing(treated, held)
    sales = panel.window_revenue[inside] * (7 / max(1, panel.window_days))
    table = lift(
        pd.DataFrame({"arm": arm, "sales": sales}), arm="arm", control=control_arm, metric="sales"
    )
    row = table.set_index("arm").loc["contacted"].astype(float).to_dict()
    return {
        "contacted": treated,
        "compared": held,
        "effect": row["lift"],
        "standard_error": (row["lift_high"] - row["lift_low"]) / 2 / 1.959964,
        "low": row["lift_low"],
        "high": row["lift_high"],
        "p_value": row["p_value"],
    }


def _weighted(
    panel: Panel, among: np.ndarray, pre_weeks: int, errors: Spread | None
) -> dict[str, float]:
    treated = int((among & panel.contacted).sum())
    if panel.weeks_before < pre_weeks or treated < 2:
        return _nothing(treated, int((among & ~panel.contacted).sum()))
    run = weighted_run(panel, pre_weeks=pre_weeks, among=among)
    found = run.comparison
    if not run.enough_customers:
        return _nothing(found.contacted, found.compared)
    centre, error, low, high = calibrated(found.effect, found.standard_error, errors)
    return {
        "contacted": found.contacted,
        "compared": found.compared,
        "effect": centre,
        "standard_error": error,
        "low": low,
        "high": high,
        "p_value": float(2 * stats.norm.sf(abs(centre) / error)),
    }


def _nothing(contacted: int, compared: int) -> dict[str, float]:
    nothing = dict.fromkeys(_COLUMNS[3:], float("nan"))
    return {"contacted": contacted, "compared": compared} | nothing
