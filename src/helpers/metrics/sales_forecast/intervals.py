"""Intervals whose width is measured: conformal calibration on the backtest.

The error e = y - f of a series i, at origin o and h steps ahead, is divided by a size of its own:

    r = e / (g_h * s_i),   log s_i = (1 - w) log(k q_i) + w log(a_i),   w = n / (n + 2)

g_h is how errors grow with the horizon (their 80 % quantile over all series, never falling), q_i
the in-sample seasonal naive error, a_i the mean |e| / g_h over the n other origins of the series,
and k the median of a / q. The quantiles of the pooled r then stretch every interval
(Stankeviciute, Alaa & van der Schaar 2021; Barber et al. 2023 for data in time order). Leaving the
own origin out of s_i keeps the calibration honest. Few origins say little of the tails, so
bounds are widened by Student's distribution.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from helpers.metrics.sales_forecast.smoothing import Array

_STRENGTH = 2.0  # origins that the in-sample error is worth
_TWO_SIDED = 200  # errors needed before the two tails are measured apart
_MIN_ERRORS = 5
_KINDRED = 50  # series that are worth one independent sample
_FEWEST = 2.0


@dataclass(frozen=True)
class Calibration:
    """What the backtest taught: growth with the horizon, size a series, pooled scaled errors.

    `samples` is the number of independent samples that the errors are worth.
    """

    growth: Array
    size: Array
    scaled: Array
    samples: float

    def bounds(self, forecast: Array, level: float, *, floor: Array) -> tuple[Array, Array]:
        """Return lower and upper bound of the `level` % interval; NaN where nothing was learnt.

        Args:
            forecast: one row a series, one column a step.
            level: nominal coverage in percent.
            floor: the lowest possible value of each series (0 for sales, -inf for none).
        """
        if len(self.scaled) < _MIN_ERRORS:
            empty = np.full(forecast.shape, np.nan)
            return empty, empty.copy()
        tail = (1 - level / 100) / 2
        low, high = self._stretch(tail)
        width = self.size[:, None] * self.growth[: forecast.shape[1]]
        lower = np.maximum(np.minimum(forecast + low * width, forecast), floor[:, None])
        return lower, np.maximum(forecast + high * width, forecast)

    def _stretch(self, tail: float) -> tuple[float, float]:
        wider = self.widening(tail)
        if len(self.scaled) < _TWO_SIDED:
            q = wider * float(np.quantile(np.abs(self.scaled), 1 - 2 * tail))
            return -q, q
        low, high = np.quantile(self.scaled, [tail, 1 - tail])
        return wider * float(low), wider * float(high)

    def widening(self, tail: float = 0.1) -> float:
        """Return how much wider than the pooled errors a bound is, for the few samples behind it.

        Student's quantile over the normal one, with `samples` degrees of freedom.
        """
        return float(stdtrit(self.samples, 1 - tail) / ndtri(1 - tail))


def calibrate(errors: Array, scale: Array, *, overlap: float = 0.0) -> Calibration:
    """Learn the width of intervals from backtest errors.

    Args:
        errors: actual minus forecast, (series, origins, steps); NaN where there was no origin.
        scale: in-sample seasonal naive error of each series; NaN or 0 where unknown.
        overlap: share of a horizon that neighbouring origins have in common, 0 to 1.
    """
    usable = np.where(scale > 0, scale, np.nan)
    typical = np.nanmedian(usable) if np.isfinite(usable).any() else 1.0
    q = np.where(np.isnan(usable), typical, usable)
    growth = _growth(np.abs(errors) / q[:, None, None])
    absolute = np.abs(errors) / growth
    known = ~np.isnan(absolute)
    count = known.sum(axis=2)
    mean = np.where(count > 0, np.nansum(absolute, axis=2) / np.maximum(count, 1), np.nan)
    mean = np.maximum(mean, 1e-3 * q[:, None])
    ratio = mean / q[:, None]
    k = float(np.nanmedian(ratio)) if (count > 0).any() else 1.0
    present = ~np.isnan(mean)
    others = np.nansum(mean, axis=1)[:, None] - np.where(present, mean, 0.0)
    n_other = present.sum(axis=1)[:, None] - present
    loo = _blend(others, n_other, k * q[:, None])
    scaled = (errors / (growth * loo[:, :, None]))[known]
    size = _blend(np.nansum(mean, axis=1), present.sum(axis=1), k * q)
    return Calibration(growth, size, scaled, _samples(count > 0, overlap))


def _samples(present: NDArray[np.bool_], overlap: float) -> float:
    """Return the number of independent samples: origins without overlap, or fifty series each.

    Series of one house rise and fall together, so a dozen of them are hardly more than one.
    """
    origins = int(present.any(axis=0).sum())
    apart = 1 + (origins - 1) * (1 - overlap)
    return max(apart, float(present.sum()) / _KINDRED, _FEWEST)


def _blend(total: Array, n: Array, prior: Array) -> Array:
    weight = n / (n + _STRENGTH)
    own = np.where(n > 0, total / np.maximum(n, 1), prior)
    return np.exp((1 - weight) * np.log(prior) + weight * np.log(np.maximum(own, 1e-9 * prior)))


def _growth(relative: Array) -> Array:
    """Return the pooled 80 % quantile of the error by step, made never to fall, with mean 1."""
    steps = relative.shape[2]
    known = ~np.isnan(relative)
    count = known.sum(axis=(0, 1))
    if not count.any():
        return np.ones(steps)
    seen = count > 0
    typical = np.ones(steps)
    typical[seen] = np.nanquantile(relative[:, :, seen], 0.8, axis=(0, 1))
    typical[~seen] = typical[seen].mean()
    rising = _isotonic(typical, count)
    return rising / rising.mean() if rising.mean() > 0 else np.ones(steps)


def _isotonic(values: Array, weights: Array) -> Array:
    """Pool adjacent violators: the nearest never-falling sequence."""
    blocks: list[list[float]] = []
    for value, weight in zip(values, np.maximum(weights, 1), strict=True):
        blocks.append([float(value), float(weight), 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            v, w, n = blocks.pop()
            u, x, m = blocks.pop()
            blocks.append([(u * x + v * w) / (x + w), x + w, m + n])
    return np.concatenate([np.full(int(n), value) for value, _, n in blocks])
