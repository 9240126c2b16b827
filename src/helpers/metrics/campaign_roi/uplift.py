"""Uplift by segment in the period's experiments: who is moved by a contact, and who is not."""

from collections.abc import Callable
from datetime import date

import pandas as pd

from helpers.metrics.campaign_roi.evaluation import Evaluation
from helpers.metrics.campaign_roi.experiment import adjusted_values
from helpers.metrics.campaign_roi.frames import require_columns
from helpers.metrics.campaign_roi.panel import History
from helpers.metrics.campaign_roi.segment_uplift import FEWEST_CONTACTED
from helpers.metrics.campaign_roi.segments import Method, heterogeneity, lift_by_segment
from helpers.metrics.campaign_roi.spans import experiments_in
from helpers.metrics.campaign_roi.trial import trial_outcomes
from helpers.periods import Period

_COLUMNS = ["campaign_id", "segment", "arm", "n", "n_control", "lift", "lift_low", "lift_high"]
_COLUMNS += ["p_value", "p_adjusted", "difference_p"]


def experiment_segments(
    history: History,
    evaluation: Evaluation,
    segments_on: Callable[[date], pd.DataFrame],
    *,
    period: Period,
    pre_weeks: int = 8,
    method: Method = "holm",
) -> pd.DataFrame:
    """Return the effect of each arm on sales a week in each segment of the period's experiments.

    `lift_by_segment` of sales adjusted for the pre-period (`adjusted_values`), corrected over all
    segments and arms of a campaign; and, for each arm, whether the segments differ more than chance
    (`heterogeneity`).

    Args:
        history: the source's tables.
        evaluation: of the same.
        segments_on: day -> `customer_id segment` (str), known on that day; asked for the day before
            each campaign.
        period: of the report.
        pre_weeks: length of the pre-period.
        method: correction for many tests, see `adjust_p_values`.

    Returns:
        One row a campaign, segment and arm with at least 20 customers in it and held out:
        `campaign_id segment arm` (str), `n n_control` (int64, customers), `lift lift_low lift_high`
        (float64, currency a customer and week), `p_value p_adjusted difference_p` (float64).

    Raises:
        MetricError: a column is missing.
    """
    tables = []
    for campaign in experiments_in(evaluation.effects, period)["campaign_id"]:
        panel, control = history.around(campaign), history.control_arm
        segments = segments_on(panel.day_before)
        require_columns(segments, ["customer_id", "segment"], table="segments")
        unique = segments.drop_duplicates("customer_id").set_index("customer_id")["segment"]
        outcomes, known = trial_outcomes(panel, control, pre_weeks=pre_weeks)
        values, _ = adjusted_values(
            outcomes, arm="arm", control=control, metric="sales", covariates=known
        )
        member = unique.reindex(panel.customers[panel.arm != ""]).to_numpy(dtype=object)
        rows = _large(outcomes[["arm"]].assign(sales=values, segment=member))
        table = lift_by_segment(
            rows, arm="arm", control=control, metric="sales", segment="segment", method=method
        )
        tables.append(_with_difference(table).assign(campaign_id=campaign)[_COLUMNS])
    tables = [table for table in tables if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=_COLUMNS)


def _large(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows, without a segment where one of its arms has too few customers."""
    sizes = rows.groupby(["segment", "arm"]).size().unstack(fill_value=0)
    large = sizes.index[sizes.min(axis=1) >= FEWEST_CONTACTED] if len(sizes) else []
    return rows.assign(segment=rows["segment"].where(rows["segment"].isin(large)))


def _with_difference(table: pd.DataFrame) -> pd.DataFrame:
    # the limits are Welch's: read as normal ones they are wide, which makes Q small, never large
    error = (table["lift_high"] - table["lift_low"]).astype(float) / (2 * 1.959964)
    differs = {
        arm: heterogeneity(rows["lift"].astype(float), error[rows.index])[2]
        for arm, rows in table.groupby("arm")
    }
    return table.assign(difference_p=table["arm"].map(differs).astype(float))
