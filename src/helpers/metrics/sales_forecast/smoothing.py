"""Exponential smoothing averaged over a grid of parameters, for many series at once.

State space form (Hyndman, Koehler, Ord & Snyder 2008, section 2.5), additive error on the
transformed scale: with e_t = y_t - (l_{t-1} + phi b_{t-1} + s_{t-m}),

    l_t = l_{t-1} + phi b_{t-1} + alpha e_t
    b_t = phi b_{t-1} + beta e_t
    s_t = s_{t-m} + gamma (1 - alpha) e_t

Nothing is optimised. Every point of the grid is filtered, and the forecasts are averaged with
weights exp(-AIC / 2) as in Kolassa (2011, "Combining exponential smoothing forecasts using Akaike
weights"), the likelihood being that of errors several steps ahead: what is asked of the model is
a forecast over a horizon, and one-step errors choose trends that are too lively for that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_CHUNK = 24  # series filtered together: their states stay in the processor's cache
_TINY = 1e-12
_MIN_LINE = 4  # fewer points are no evidence of a slope


@dataclass(frozen=True)
class Grid:
    """Smoothing parameters to average over, one model an entry.

    `beta` is already multiplied by `alpha`; `seasonal` and `trend` are 1 where the model has one.
    """

    alpha: Array
    beta: Array
    phi: Array
    gamma: Array
    seasonal: Array
    trend: Array


def grid(
    *,
    alphas: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9),
    betas: tuple[float, ...] = (0.003, 0.01, 0.03, 0.08, 0.16),
    phis: tuple[float, ...] = (0.8, 0.9, 0.97),
    gammas: tuple[float, ...] = (0.05, 0.15, 0.4),
    seasonal: bool = True,
) -> Grid:
    """Return all models without trend and with a damped one, without season and with one."""
    seasons = [(0.0, 0.0)] + ([(gamma, 1.0) for gamma in gammas] if seasonal else [])
    rows = []
    for alpha in alphas:
        for gamma, flag in seasons:
            rows.append((alpha, 0.0, 0.0, gamma, flag, 0.0))
            rows += [(alpha, alpha * b, p, gamma, flag, 1.0) for b in betas for p in phis]
    return Grid(*(np.array(column) for column in zip(*rows, strict=True)))


def start_states(y: Array, season: int, *, years: int = 10) -> tuple[float, float, Array]:
    """Return level, slope and seasonal pattern before the first observation of one series.

    A quadratic trend with seasonal dummies is fitted to the first `years` cycles; the pattern is
    then shrunk towards zero by James and Stein's rule, so that a season that is only noise starts
    near none (Miller & Williams 2003). Level and slope come from a line through the first one
    and a half cycles without the pattern.
    """
    n = min(len(y), years * season if season > 1 else 8)
    x, t = y[:n], np.arange(n, dtype=float)
    pattern = np.zeros(season)
    if season > 1 and n >= 2 * season:
        dummies = (t[:, None] % season == np.arange(season)) - 1.0 / season
        design = np.c_[np.ones(n), t, t**2 / n, dummies]
        ridge = np.diag([0.0] * 3 + [0.01] * season)
        fitted = np.linalg.solve(design.T @ design + ridge, design.T @ x)
        pattern = fitted[3:] - fitted[3:].mean()
        residual = x - design @ fitted
        noise = residual @ residual / max(n - season - 2, 2) * season / n
        pattern = pattern * max(0.0, 1.0 - (season - 3) * noise / max(pattern @ pattern, _TINY))
        n = int(1.5 * season)
    level, slope = _line(x[:n] - pattern[np.arange(n) % season])
    return level, slope, pattern


def _line(y: Array) -> tuple[float, float]:
    """Return the value one step before the first point and the slope of a straight line."""
    if len(y) < _MIN_LINE:
        return float(y.mean()), 0.0
    slope, intercept = np.polyfit(np.arange(len(y)), y, 1)
    return float(intercept - slope), float(slope)


def average(
    panel: Array,
    *,
    season: int,
    horizon: int,
    models: Grid,
    leads: tuple[int, ...] = (1, 2, 3, 4, 6),
    temper: float = 0.7,
) -> Array:
    """Return the averaged forecasts of every series, on the scale of `panel`.

    Args:
        panel: one row a series, oldest first, aligned at the end; NaN only before the start.
        season: number of periods in a cycle; 1 means none.
        horizon: number of periods ahead.
        models: the grid.
        leads: steps ahead whose squared errors make the likelihood.
        temper: exponent of the likelihood; below 1 since errors at several leads overlap.
    """
    result = np.empty((len(panel), horizon))
    order = np.argsort(np.isnan(panel).sum(axis=1), kind="stable")
    for first in range(0, len(panel), _CHUNK):
        rows = order[first : first + _CHUNK]
        skipped = int(np.isnan(panel[rows]).sum(axis=1).min())
        result[rows] = _filter(panel[rows, skipped:], season, horizon, models, leads, temper)
    return result


def _filter(
    z: Array, season: int, horizon: int, models: Grid, leads: tuple[int, ...], temper: float
) -> Array:
    k, length = z.shape
    begin = np.isnan(z).sum(axis=1)
    level, slope, pattern = _start(z, begin, season, models)
    damping = np.cumsum(models.phi ** np.arange(1, max(*leads, horizon) + 1)[:, None], axis=0)
    squares = np.zeros((len(leads), *level.shape))
    counts = np.zeros((len(leads), k))
    past: list[tuple[Array, Array]] = []
    for t in range(length):
        active = t >= begin
        y = np.where(active, z[:, t], 0.0)[:, None]
        seasonal = pattern[t % season]
        past = [(level, slope), *past[: max(leads) - 1]]
        for i, lead in enumerate(leads):
            if lead <= len(past):
                known = active & (begin <= t - lead + 1)
                then, rise = past[lead - 1]
                error = (y - then - damping[lead - 1] * rise - seasonal) * known[:, None]
                squares[i] += error * error
                counts[i] += known
        mean = level + models.phi * slope
        error = (y - mean - seasonal) * active[:, None]
        level = np.where(active[:, None], mean + models.alpha * error, level)
        slope = np.where(active[:, None], models.phi * slope + models.beta * error, slope)
        pattern[t % season] = seasonal + models.gamma * (1 - models.alpha) * error
    weight = _weights(squares, counts, models, season, temper)
    ahead = [
        (weight * (level + damping[j] * slope + pattern[(length + j) % season])).sum(axis=1)
        for j in range(horizon)
    ]
    return np.stack(ahead, axis=1)


def _start(z: Array, begin: Array, season: int, models: Grid) -> tuple[Array, Array, Array]:
    shape = (len(z), len(models.alpha))
    level, slope = np.zeros(shape), np.zeros(shape)
    pattern = np.zeros((season, *shape))
    for row, first in enumerate(begin):
        a, b, s = start_states(z[row, first:], season)
        level[row], slope[row] = a, b * models.trend
        for j in range(season):
            pattern[(first + j) % season, row] = s[j] * models.seasonal
    return level, slope, pattern


def _weights(squares: Array, counts: Array, models: Grid, season: int, temper: float) -> Array:
    parameters = 2 + 2 * models.trend + (season - 1) * models.seasonal
    n = np.maximum(counts, 1)[:, :, None]
    fit = -0.5 * n * np.log(squares / n + _TINY)
    log_weight = temper * (fit.mean(axis=0) - parameters)
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True)
