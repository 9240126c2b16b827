"""The sum over the whole horizon: what a month will bring, and how likely a target is.

The sum of daily bounds is no bound of the sum, so the sums' own backtest errors are calibrated,
pooled over all series of the fit (see `intervals`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.errors import MetricError, did_you_mean
from helpers.metrics.sales_forecast.accuracy import mae_seasonal_naive
from helpers.metrics.sales_forecast.intervals import Calibration, calibrate
from helpers.metrics.sales_forecast.model import CHOSEN, Fit
from helpers.metrics.sales_forecast.smoothing import Array


@dataclass(frozen=True)
class Totals:
    """Sums over the horizon, with intervals and chances.

    Attributes:
        frame: one row a series: `unique_id`, `forecast`, `seasonal_naive`, `low_80 high_80 ...`
            (unit of y), `wape`, `wape_naive`, `wape_rule` (mean backtest error of the sum over the
            mean actual, of the forecast, the seasonal naive one and the mean of the last cycles),
            `origins`.
    """

    frame: pd.DataFrame
    calibration: Calibration

    def row(self, unique_id: str) -> pd.Series:
        """Return the row of a series.

        Raises:
            MetricError: there is none of that name.
        """
        found = self.frame[self.frame["unique_id"] == unique_id]
        if found.empty:
            raise MetricError(
                f"no series is called {unique_id!r}",
                hint=did_you_mean(unique_id, self.frame["unique_id"]),
            )
        return found.iloc[0]

    def chance(self, unique_id: str, target: float) -> float:
        """Return the probability that a series' sum reaches the target.

        The share of past errors, stretched to the size of this series, with which the sum would
        have reached it: (r + 0.5) / (n + 1), so never 0 or 1. NaN without enough errors.

        Raises:
            MetricError: there is no series of that name.
        """
        row = self.row(unique_id)
        n = len(self.calibration.scaled)
        if n == 0 or not np.isfinite(row["low_80"]):
            return float("nan")
        size = self.calibration.size[int(row.name)] * self.calibration.widening()
        reached = row["forecast"] + size * self.calibration.scaled >= target
        return float((reached.sum() + 0.5) / (n + 1))


def totals(fit: Fit) -> Totals:
    """Sum the forecasts of a fit over its horizon and calibrate the sums on the backtest."""
    test = fit.test
    actual = test.actual.sum(axis=2)
    error = {name: actual - values.sum(axis=2) for name, values in test.forecasts.items()}
    steps = fit.ahead[CHOSEN].shape[1]
    naive = np.array([mae_seasonal_naive(s.values, s.season) for s in fit.histories])
    calibration = calibrate(error[CHOSEN][:, :, None], naive * np.sqrt(steps), overlap=test.overlap)
    point = fit.ahead[CHOSEN].sum(axis=1)[:, None]
    columns: dict[str, object] = {
        "unique_id": fit.ids,
        "forecast": point[:, 0],
        "seasonal_naive": fit.ahead["seasonal_naive"].sum(axis=1),
    }
    for one in fit.level:
        low, high = calibration.bounds(point, one, floor=fit.floor)
        low[fit.unsold], high[fit.unsold] = np.nan, np.nan
        columns[f"low_{one:g}"], columns[f"high_{one:g}"] = low[:, 0], high[:, 0]
    for label, name in (("wape", CHOSEN), ("wape_naive", "seasonal_naive"),
                        ("wape_rule", "cycle_mean")):  # fmt: skip
        columns[label] = _relative(error[name], actual)
    columns["origins"] = (~np.isnan(actual)).sum(axis=1)
    return Totals(pd.DataFrame(columns), calibration)


def _relative(error: Array, actual: Array) -> Array:
    known = ~np.isnan(error)
    size = np.where(known, np.abs(actual), 0.0).sum(axis=1)
    total = np.where(known, np.abs(error), 0.0).sum(axis=1)
    return np.where(size > 0, total / np.where(size > 0, size, 1.0), np.nan)
