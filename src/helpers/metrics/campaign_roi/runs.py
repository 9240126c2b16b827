"""The weighted comparison of one campaign, and its practice runs on the weeks before."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.metrics.campaign_roi.balance import balance_table
from helpers.metrics.campaign_roi.comparison import Comparison, compare
from helpers.metrics.campaign_roi.evidence import ALIKE, ENOUGH_OVERLAP, FEWEST_CUSTOMERS
from helpers.metrics.campaign_roi.panel import Panel, covariates

PLACEBO_WEEKS = 4
PLACEBO_RUNS = 3


@dataclass(frozen=True)
class Run:
    """One comparison: the campaign itself (`ago` 0), or a practice run `ago` weeks before it."""

    ago: int
    comparison: Comparison
    balance: pd.DataFrame

    @property
    def imbalance(self) -> float:
        """The largest standardised difference that the weights leave."""
        return float(self.balance["difference_after"].abs().max())

    @property
    def enough_customers(self) -> bool:
        """Whether both sides have the customers that the weights need."""
        found = self.comparison
        return min(found.contacted, found.compared, found.effective_controls) >= FEWEST_CUSTOMERS

    @property
    def comparable(self) -> bool:
        """Whether the run has the customers, the overlap and the balance asked of a campaign."""
        overlap = self.comparison.kept_share >= ENOUGH_OVERLAP
        return self.enough_customers and overlap and self.imbalance <= ALIKE


def weighted_runs(panel: Panel, *, pre_weeks: int) -> list[Run]:
    """Return the campaign's comparison and its practice runs; none where history is too short."""
    if not panel.contacted.any() or panel.weeks_before < pre_weeks + PLACEBO_WEEKS:
        return []
    return [
        weighted_run(panel, pre_weeks=pre_weeks, ago=ago)
        for ago in range(0, PLACEBO_WEEKS * PLACEBO_RUNS + 1, PLACEBO_WEEKS)
        if ago + pre_weeks <= panel.weeks_before
    ]


def weighted_run(
    panel: Panel, *, pre_weeks: int, ago: int = 0, among: np.ndarray | None = None
) -> Run:
    """Return the comparison as if the campaign had begun `ago` weeks before it did.

    Outcome: revenue a week, from the start to the campaign's end (or `as_of`), in a practice run
    over the four weeks from its pretended start; before: revenue a week in the `pre_weeks` ahead of
    it.

    Args:
        panel: the campaign's panel.
        pre_weeks: length of the pre-period; customers without an order in it are left out.
        ago: weeks before the real start, 0 for the campaign itself.
        among: customers to restrict the comparison to (a segment).
    """
    known = covariates(panel, pre_weeks=pre_weeks, ago=ago)
    if ago == 0:
        after = panel.window_revenue * (7 / max(1, panel.window_days))
    else:
        after = panel.weekly_revenue[:, ago - PLACEBO_WEEKS : ago].mean(axis=1)
    active = panel.active(pre_weeks=pre_weeks, ago=ago)
    found = compare(
        after - panel.baseline(pre_weeks=pre_weeks, ago=ago),
        panel.contacted,
        known.to_numpy(dtype=float),
        among=active if among is None else active & among,
    )
    return Run(ago, found, balance_table(known, contacted=panel.contacted, comparison=found))
