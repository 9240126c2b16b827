"""One autoregression for all series of a panel: what many series teach, short ones can use.

Montero-Manso & Hyndman (2021, "Principles and algorithms for forecasting groups of time series")
show that a linear model shared by all series of a panel, with a long memory, is a match for models
of single series. Here: direct ridge regressions, one a step ahead, on windows that were
standardised by the mean of their last cycle and their standard deviation.
"""

import numpy as np

from helpers.metrics.sales_forecast.scales import transform
from helpers.metrics.sales_forecast.smoothing import Array

_MIN_SERIES = 20
_MIN_WINDOWS_A_LAG = 20
_ORIGINS = 60  # windows are taken from the latest origins only
_RIDGE = 1e-3
_SPREAD = 0.02  # keeps a flat window from being divided by nothing
_CLIP = 6.0


def lags(season: int) -> int:
    """Return the memory of the regression: two cycles and four periods, at least eight."""
    return max(2 * season + 4, 8)


def forecast(panel: Array, *, season: int, horizon: int) -> Array:
    """Return forecasts, one row a series; NaN where a series or the panel is too short.

    Args:
        panel: one row a series, oldest first, aligned at the end; NaN only before the start.
        season: number of periods in a cycle.
        horizon: number of periods ahead.
    """
    result = np.full((len(panel), horizon), np.nan)
    memory = lags(season)
    if len(panel) < _MIN_SERIES or panel.shape[1] < memory + horizon:
        return result
    scaled = transform(panel, "log")
    past, future = _windows(scaled.values, memory, horizon, season)
    if len(past) < _MIN_WINDOWS_A_LAG * memory:
        return result
    weight = np.linalg.solve(past.T @ past + _RIDGE * len(past) * np.eye(memory), past.T @ future)
    last = scaled.values[:, -memory:]
    long = ~np.isnan(last).any(axis=1)
    x, centre, spread = _standardise(last[long], season)
    ahead = np.full((len(panel), horizon), np.nan)
    ahead[long] = x @ weight * spread + centre
    natural = scaled.back(ahead)
    lowest = np.nanmin(panel, axis=1, keepdims=True)
    result[long] = np.where(lowest >= 0, np.maximum(natural, 0.0), natural)[long]
    return result


def _windows(z: Array, memory: int, horizon: int, season: int) -> tuple[Array, Array]:
    length = z.shape[1]
    past, future = [], []
    for origin in range(length - horizon, max(memory, length - horizon - _ORIGINS) - 1, -1):
        window = z[:, origin - memory : origin]
        whole = ~np.isnan(window).any(axis=1)
        if whole.any():
            x, centre, spread = _standardise(window[whole], season)
            past.append(x)
            future.append((z[whole, origin : origin + horizon] - centre) / spread)
    if not past:
        return np.empty((0, memory)), np.empty((0, horizon))
    return np.concatenate(past), np.clip(np.concatenate(future), -_CLIP, _CLIP)


def _standardise(window: Array, season: int) -> tuple[Array, Array, Array]:
    centre = window[:, -season:].mean(axis=1, keepdims=True)
    spread = window.std(axis=1, keepdims=True) + _SPREAD
    return (window - centre) / spread, centre, spread
