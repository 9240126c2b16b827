"""What is known of unusual periods at an origin: taken out before a forecast, put back after."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.sales_forecast.smoothing import Array

Known = Callable[[pd.Timestamp], pd.Series]
"""From an origin (the last date seen) to the exposures by date that were known then."""

Given: TypeAlias = pd.Series | Known | None


class Exposure:
    """How much of a normal period each date is, the same for all series; 1 where not given.

    A series is a fact of the calendar that was known long before, such as a month's selling days.
    What is measured on sales must be given as a function of the origin: it is asked at every
    origin of a backtest, and must use no later value.
    """

    def __init__(self, given: Given, freq: str) -> None:
        """Take the exposure by date, or the function that returns it.

        Raises:
            MetricError: a value is negative or unknown, or the dates are none or occur twice.
        """
        self.freq = freq
        self.given = given
        self._seen: dict[pd.Timestamp, pd.Series] = {}
        self._fact = _checked(given) if isinstance(given, pd.Series) else None

    def __bool__(self) -> bool:
        """Say whether there is any exposure."""
        return self.given is not None

    def known(self, origin: pd.Timestamp) -> pd.Series:
        """Return the exposures by date that were known at an origin.

        Raises:
            MetricError: a value is negative or unknown.
        """
        if self._fact is not None:
            return self._fact
        if origin not in self._seen and callable(self.given):
            self._seen[origin] = _checked(self.given(origin))
        return self._seen.get(origin, pd.Series(dtype=float))

    def origin(self, last: pd.Timestamp, offset: int) -> pd.Timestamp:
        """Return the date `offset` periods before the last."""
        return pd.date_range(end=last, periods=offset + 1, freq=self.freq)[0]

    def remove(self, panel: Array, origins: list[pd.Timestamp], season: int) -> Array:
        """Return the panel divided by what is known at each row's last date.

        A closed period (exposure 0) says nothing of demand: it takes the mean of the periods one
        cycle before and after, or lies on the line between its neighbours.
        """
        if not self:
            return panel
        result = panel.copy()
        for row, origin in enumerate(origins):
            dates = pd.date_range(end=origin, periods=panel.shape[1], freq=self.freq)
            share = self._at(dates, self.known(origin))
            if (share != 1.0).any():
                result[row] = _divided(panel[row], share, season)
        return result

    def ahead(self, origins: list[pd.Timestamp], steps: int) -> Array:
        """Return the exposures of the dates after each origin as they were known there."""
        if not self:
            return np.ones((len(origins), steps))
        found = {}
        for origin in dict.fromkeys(origins):
            dates = pd.date_range(origin, periods=steps + 1, freq=self.freq)[1:]
            found[origin] = self._at(dates, self.known(origin))
        return np.stack([found[origin] for origin in origins])

    @staticmethod
    def _at(dates: pd.DatetimeIndex, known: pd.Series) -> Array:
        if known.empty:
            return np.ones(len(dates))
        return known.reindex(dates).fillna(1.0).to_numpy(float)


def _checked(given: pd.Series) -> pd.Series:
    share = given.astype(float)
    try:
        share.index = pd.DatetimeIndex(share.index)
    except (ValueError, TypeError) as error:
        raise MetricError(f"an exposure's index must be dates: {error}") from error
    if share.index.has_duplicates:
        double = share.index[share.index.duplicated()].strftime("%Y-%m-%d")
        raise MetricError("an exposure has two values for a date", keys=double)
    bad = ~(share >= 0)
    if bad.any():
        raise MetricError(
            "an exposure is negative or unknown",
            keys=[str(day)[:10] for day in share.index[bad]],
            hint="0 is a closed period, 1 a normal one.",
        )
    return share


def _divided(y: Array, share: Array, season: int) -> Array:
    begun = np.cumsum(~np.isnan(y)) > 0
    values = np.where(share > 0, y / np.where(share > 0, share, 1.0), np.nan)
    holes = np.flatnonzero(np.isnan(values) & begun)
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return y
    filled = values.copy()
    for at in holes:
        like = [values[i] for i in (at - season, at + season) if 0 <= i < len(values)]
        like = [value for value in like if not np.isnan(value)]
        filled[at] = np.mean(like) if like else np.interp(at, known, values[known])
    return filled
