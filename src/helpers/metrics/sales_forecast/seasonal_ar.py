"""Autoregressions of the change against the same period of the last cycle, averaged.

On the logarithm z of a series, with w_t = z_t - z_{t-m}:

    w_t = sum over l in L of phi_l w_{t-l} + e_t

for a handful of lag sets L, each fitted by lightly ridged least squares on the same rows and
weighted by exp(-AIC / 2). There is no constant: without evidence of change the forecast goes back
to the seasonal naive one. Alone it is a poor forecast; in a combination it errs where exponential
smoothing does not.
"""

import numpy as np

from helpers.metrics.sales_forecast.scales import transform
from helpers.metrics.sales_forecast.smoothing import Array

_RIDGE = 0.02
_SPARE = 8  # rows a fit needs beyond its lags
_TINY = 1e-12


def lag_sets(season: int) -> tuple[tuple[int, ...], ...]:
    """Return the sets of lags whose autoregressions are averaged, for a season."""
    short: tuple[tuple[int, ...], ...] = ((), (1,), (1, 2), (1, 2, 3))
    if season < 4:
        return short
    return (*short, (1, season), (1, 2, season), (1, 2, 3, season, season + 1))


def needs(season: int) -> int:
    """Return how many values a series must have."""
    return season + _SPARE


def forecast(panel: Array, *, season: int, horizon: int) -> Array:
    """Return forecasts, one row a series; NaN where a series is shorter than a cycle and 8.

    Args:
        panel: one row a series, oldest first, aligned at the end; NaN only before the start.
        season: number of periods in a cycle.
        horizon: number of periods ahead.
    """
    scaled = transform(panel, "log")
    ahead = np.full((len(panel), horizon), np.nan)
    for row, z in enumerate(scaled.values):
        known = z[~np.isnan(z)]
        if len(known) >= needs(season):
            reach = float(np.ptp(known))
            path = _one(known, season, horizon)
            ahead[row] = np.clip(path, known.min() - reach, known.max() + reach)
    natural = scaled.back(ahead)
    lowest = np.nanmin(panel, axis=1, keepdims=True)
    return np.where(lowest >= 0, np.maximum(natural, 0.0), natural)


def _one(z: Array, season: int, horizon: int) -> Array:
    w = z[season:] - z[:-season]
    usable = [
        lags for lags in lag_sets(season) if max(lags, default=0) + len(lags) <= len(w) - _SPARE
    ]
    begin = max(max(lags, default=0) for lags in usable)
    target = w[begin:]
    paths, scores = [], []
    for lags in usable:
        design = np.stack([w[begin - lag : len(w) - lag] for lag in lags], axis=1) if lags else None
        weight = _fit(design, target)
        error = target if design is None else target - design @ weight
        scores.append(-0.5 * len(target) * np.log(error @ error / len(target) + _TINY) - len(lags))
        paths.append(_extend(z, w, lags, weight, season, horizon))
    share = np.exp(np.array(scores) - max(scores))
    return (share / share.sum()) @ np.array(paths)


def _fit(design: Array | None, target: Array) -> Array:
    if design is None:
        return np.zeros(0)
    ridge = (_RIDGE * target.var() + _TINY) * np.eye(design.shape[1])
    return np.linalg.solve(design.T @ design + ridge, design.T @ target)


def _extend(
    z: Array, w: Array, lags: tuple[int, ...], weight: Array, season: int, horizon: int
) -> Array:
    changes, values = list(w), list(z)
    for _ in range(horizon):
        change = sum(float(b) * changes[-lag] for b, lag in zip(weight, lags, strict=True))
        changes.append(change)
        values.append(values[-season] + change)
    return np.array(values[-horizon:])
