"""Which model each series is forecast with: the combination, or a plain rule that beat it.

The loss of a model at an origin is half its mean absolute error a step, half its absolute error of
the horizon's sum, each as a share of the series' usual one. With d the loss of a rule less that of
the combination, a series' own mean d_i is pulled towards the mean m of all series (empirical Bayes,
Efron & Morris 1975):

    t_i = m + B (d_i - m),   B = T / (T + S_i),   Var(t_i) = B S_i + (1 - B)^2 Var(m)

S_i is the variance of d_i, from how d scatters over a series' origins, T the variance between
series beyond that, and Var(m) comes from how the mean over the series scatters over the origins.
Origins that share days count for less. The rule is used where t_i is below 0 by more than its
standard error: much evidence from one series, or a little from all of them.
"""

import numpy as np
from numpy.typing import NDArray

from helpers.metrics.sales_forecast.backtest import Backtest
from helpers.metrics.sales_forecast.combine import COMBINATION
from helpers.metrics.sales_forecast.members import BASELINES
from helpers.metrics.sales_forecast.smoothing import Array

_FEWEST = 2  # origins: one shows no scatter
_TINY = 1e-12


def choose(test: Backtest, among: NDArray[np.intp] | None = None) -> tuple[str, ...]:
    """Return the model used for each series: the combination, or a plain rule that beat it.

    Args:
        test: the backtest, with the combination and the plain rules.
        among: the origins to judge by; all unless given.
    """
    chosen = [COMBINATION] * len(test.actual)
    origins = np.arange(len(test.offsets)) if among is None else among
    if len(origins) < _FEWEST:
        return tuple(chosen)
    best = np.zeros(len(chosen))
    for rule in BASELINES:
        mean, error = advantage(test, rule, COMBINATION, origins)
        for row in np.flatnonzero((mean + error < 0) & (mean < best)):
            chosen[row], best[row] = rule, mean[row]
    return tuple(chosen)


def as_chosen(test: Backtest) -> Array:
    """Return at each origin the forecasts of the models chosen on what had come by then."""
    result = np.full(test.actual.shape, np.nan)
    for j in range(len(test.offsets)):
        names = choose(test, test.before(j))
        for row, name in enumerate(names):
            result[row, j] = test.forecasts[name][row, j]
    return result


def advantage(
    test: Backtest, one: str, other: str, origins: NDArray[np.intp]
) -> tuple[Array, Array]:
    """Return each series' pulled mean of loss(one) - loss(other) and its standard error.

    Below 0 the first is better. 0 and infinity for a series with fewer than two origins.
    """
    difference = _loss_difference(test, one, other, origins)
    known = ~np.isnan(difference)
    count = known.sum(axis=1)
    enough = count >= _FEWEST
    none = np.zeros(len(count)), np.full(len(count), np.inf)
    if not enough.any():
        return none
    d = np.where(known & enough[:, None], difference, np.nan)[enough]
    n = count[enough]
    worth = 1 + (n - 1) * (1 - test.overlap)
    mean = np.nanmean(d, axis=1)
    within = np.nansum((d - mean[:, None]) ** 2) / (n - 1).sum()
    own = within / worth
    between = max(0.0, float(np.var(mean, ddof=1)) - float(own.mean())) if len(mean) > 1 else 0.0
    by_origin = np.nanmean(d[:, ~np.isnan(d).all(axis=0)], axis=0)
    apart = 1 + (len(by_origin) - 1) * (1 - test.overlap)
    common = float(np.var(by_origin, ddof=1)) / apart if len(by_origin) > 1 else np.inf
    pull = between / (between + own + _TINY)
    centre = float(mean.mean())
    none[0][enough] = centre + pull * (mean - centre)
    none[1][enough] = np.sqrt(pull * own + (1 - pull) ** 2 * common)
    return none


def _loss_difference(test: Backtest, one: str, other: str, origins: NDArray[np.intp]) -> Array:
    steps, sums = [], []
    for name in (one, other):
        errors = test.errors(name)[:, origins]
        steps.append(np.abs(errors).mean(axis=2))
        sums.append(np.abs(errors.sum(axis=2)))
    result = np.zeros(steps[0].shape)
    for mine, its in (steps, sums):
        both = (mine + its) / 2
        known = ~np.isnan(both)
        usual = np.where(known, both, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        usual = np.where(usual > 0, usual, 1.0)
        result += (mine - its) / (2 * usual[:, None])
    return result
