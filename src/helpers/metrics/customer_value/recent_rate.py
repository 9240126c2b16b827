"""The plainest rule, against which every model is measured: they go on buying as lately."""

from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.customer_value.frames import purchase_days, require_columns
from helpers.metrics.customer_value.summary import TimeUnit, rfm_summary

UNITS_A_MONTH: dict[TimeUnit, float] = {"D": 365.2425 / 12, "W": 365.2425 / 84, "M": 1.0}
"""Mean length of a Gregorian month in each time unit."""


@dataclass(frozen=True)
class RecentRate:
    """Purchases expected in t = purchases in the last `window` × t / window.

    Attributes:
        window: length of the window, in the unit of the summary.
        window_days: the same in days.
    """

    window: float
    window_days: int

    @property
    def label(self) -> str:
        """What tables call it."""
        return f"Last {self.window_days} days"

    def expected_for(self, summary: pd.DataFrame, t: float) -> np.ndarray:
        """Return expected purchases in the next `t` for each row; needs the column `recent`."""
        require_columns(summary, ("recent",), table="summary")
        return summary["recent"].to_numpy(dtype=float) * t / self.window

    def drawn(self, rng: np.random.Generator) -> Self:
        """Return the rule as it is: it has no parameter that the data tell of."""
        return self

    def ahead(
        self, summary: pd.DataFrame, ends: np.ndarray, rng: np.random.Generator, draws: int
    ) -> np.ndarray:
        """Return drawn purchases up to each of `ends`: int64, draws × customers × spans.

        A customer's rate is known no better than by the purchases in the window: it is drawn from
        Gamma(purchases, window), whose mean is the rule's. Who bought nothing there buys nothing.
        """
        require_columns(summary, ("recent",), table="summary")
        recent = summary["recent"].to_numpy(dtype=float)
        rate = rng.gamma(recent, 1.0 / self.window, (draws, len(recent)))
        return rng.poisson(rate[..., None] * np.diff(ends, prepend=0.0))


def recent_rate(*, window_days: int, unit: TimeUnit = "W") -> RecentRate:
    """Return the rule for a window of days.

    Raises:
        MetricError: the window is shorter than a day.
    """
    if window_days < 1:
        raise MetricError(f"a window of {window_days} days holds nothing")
    in_months = window_days / (365.2425 / 12)
    return RecentRate(in_months * UNITS_A_MONTH[unit], window_days)


def summary_with_recent(
    orders: pd.DataFrame, *, as_of: date, window_days: int, unit: TimeUnit = "W"
) -> pd.DataFrame:
    """Return `rfm_summary` with `recent`: purchase days (int64) in the `window_days` up to `as_of`.

    One row per customer. Returns and nulls as in `rfm_summary`.

    Raises:
        MetricError: as `rfm_summary`.
    """
    summary = rfm_summary(orders, as_of=as_of, unit=unit)
    days = purchase_days(orders, as_of=as_of)
    after = pd.Timestamp(as_of) - pd.Timedelta(days=window_days)
    return summary.assign(recent=count_days(days[days["day"] > after], summary["customer_id"]))


def count_days(days: pd.DataFrame, customers: pd.Series) -> np.ndarray:
    """Return the number of rows of `days` for each of the customers (int64; 0 where none)."""
    counted = days.groupby("customer_id", observed=True).size()
    return counted.reindex(customers.array, fill_value=0).to_numpy(dtype=np.int64)
