"""The sample-ratio test: whether the arms of an experiment have the sizes that were planned."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from helpers.errors import MetricError
from helpers.metrics.campaign_roi.frames import require_columns

SAMPLE_RATIO_ALPHA = 0.001
"""A split this unlikely means a fault in the assignment (Fabijan et al. 2019)."""


@dataclass(frozen=True)
class SampleRatio:
    """Whether the arms have the sizes that were planned.

    `arms` has one row an arm: `arm n planned expected`; `passed` is False where chance alone would
    make such a split less than once in a thousand times.
    """

    arms: pd.DataFrame
    statistic: float
    p_value: float

    @property
    def passed(self) -> bool:
        """Whether the split can be chance."""
        return not self.p_value < SAMPLE_RATIO_ALPHA


def sample_ratio_test(
    outcomes: pd.DataFrame, *, arm: str, planned: Mapping[str, float] | None = None
) -> SampleRatio:
    """Return the test of the arms' sizes against the planned shares (equal ones if none are given).

    χ² = Σ (n − expected)² / expected with k − 1 degrees of freedom.

    Raises:
        MetricError: the column is missing, an arm has no planned share, or a share is not positive.

    Source: Fabijan et al. (2019), Diagnosing sample ratio mismatch in online experiments, KDD.
    """
    require_columns(outcomes, [arm], table="outcomes")
    sizes = outcomes[arm].astype(str).value_counts().sort_index()
    names = sorted({*sizes.index, *map(str, planned or {})})
    shares = pd.Series(planned or dict.fromkeys(names, 1.0), dtype=float)
    absent = [name for name in names if name not in shares.index]
    if absent or not (shares > 0).all():
        raise MetricError(
            f"the planned share of an arm is missing or not positive: {absent or shares.to_dict()}",
            column=arm,
            hint=f"Give a positive share to each of: {', '.join(names)}.",
        )
    count = sizes.reindex(names, fill_value=0)
    share = shares.reindex(names) / shares.reindex(names).sum()
    expected = share * count.sum()
    table = pd.DataFrame(
        {
            "arm": names,
            "n": count.to_numpy(),
            "planned": share.to_numpy(),
            "expected": expected.to_numpy(),
        }
    )
    if len(names) < 2 or not count.sum():
        return SampleRatio(table, float("nan"), float("nan"))
    statistic = float(((count - expected) ** 2 / expected).sum())
    return SampleRatio(table, statistic, float(stats.chi2.sf(statistic, len(names) - 1)))
