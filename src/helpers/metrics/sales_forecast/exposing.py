"""Taking an exposure out of a frame before the models see it, and putting it back after."""

from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.sales_forecast.backtest import Backtest
from helpers.metrics.sales_forecast.panel import Series
from helpers.metrics.sales_forecast.smoothing import Array


class Exposure:
    """How much of a normal period each date is, the same for all series; 1 where not given."""

    def __init__(self, given: pd.Series | None, freq: str) -> None:
        """Take the exposure by date.

        Raises:
            MetricError: a value is negative or unknown.
        """
        self.freq = freq
        self.given = pd.Series(dtype=float) if given is None else given.astype(float)
        bad = ~(self.given >= 0)
        if bad.any():
            raise MetricError(
                "an exposure is negative or unknown",
                keys=[str(day)[:10] for day in self.given.index[bad]],
                hint="0 is a closed period, 1 a normal one.",
            )

    def remove(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with y / exposure; unknown where the exposure is 0."""
        if self.given.empty or not {"ds", "y"} <= set(frame.columns):
            return frame
        share = pd.to_datetime(frame["ds"]).map(self.given).fillna(1.0)
        return frame.assign(y=(frame["y"] / share.where(share > 0)).astype(float))

    def ahead(self, series: list[Series], steps: int) -> Array:
        """Return the exposure of the dates to come, (series, steps)."""
        return np.stack(
            [self._at(pd.date_range(s.last, periods=steps + 1, freq=self.freq)[1:]) for s in series]
        )

    def histories(self, series: list[Series]) -> list[Series]:
        """Return the series on their own scale again."""
        if self.given.empty:
            return series
        return [replace(s, values=s.values * self._past(s)) for s in series]

    def restore(self, test: Backtest, series: list[Series]) -> Backtest:
        """Return the backtest on the scale of y."""
        if self.given.empty:
            return test
        factor = np.ones(test.actual.shape)
        steps = test.actual.shape[2]
        for row, s in enumerate(series):
            past = self._past(s)
            for j, offset in enumerate(test.offsets):
                if offset <= len(past):
                    factor[row, j] = past[len(past) - offset :][:steps]
        forecasts = {name: values * factor for name, values in test.forecasts.items()}
        return Backtest(test.offsets, test.actual * factor, forecasts)

    def _past(self, s: Series) -> Array:
        return self._at(pd.date_range(end=s.last, periods=len(s.values), freq=self.freq))

    def _at(self, dates: pd.DatetimeIndex) -> Array:
        if self.given.empty:
            return np.ones(len(dates))
        return self.given.reindex(dates).fillna(1.0).to_numpy(float)
