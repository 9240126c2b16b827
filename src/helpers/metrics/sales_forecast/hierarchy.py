"""Forecasts that add up: departments to the total, shops to the total.

Base forecasts y^ of all nodes are projected onto the space in which every parent is the sum of its
children (Wickramasuriya, Athanasopoulos & Hyndman 2019, in the zero-constrained form of Di Fonzo &
Girolimetto 2023):

    y~ = y^ - W C' (C W C')^+ C y^

C has one row a group, 1 at the parent and -1 at its children; groups may cross. W is what is known
of the errors: the identity (`ols`), the number of leaves (`structure`), the variances (`variance`)
or the shrunken covariance (`covariance`, Schaefer & Strimmer 2005). The backtest decides, at each
of its origins by the forecasts that were over by then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from helpers.errors import MetricError
from helpers.metrics.sales_forecast.accuracy import mae_seasonal_naive
from helpers.metrics.sales_forecast.backtest import Backtest
from helpers.metrics.sales_forecast.model import CHOSEN, Fit
from helpers.metrics.sales_forecast.panel import ENDED
from helpers.metrics.sales_forecast.smoothing import Array

METHODS = ("ols", "structure", "variance", "covariance")
_WITHOUT = "variance"  # before there is evidence
_FEWEST = 2  # origins: a single one is luck
Groups = Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Reconciled:
    """Coherent forecasts.

    Attributes:
        fit: the fit with reconciled forecasts and backtest; intervals are calibrated anew.
        method: the weighting that did best in the backtest.
        mase: mean scaled error over all nodes: `base` (not coherent), each method, and `used`, by
            the method chosen at each origin on what had come by then.
    """

    fit: Fit
    method: str
    mase: Mapping[str, float]


def constraints(ids: Sequence[str], groups: Groups) -> Array:
    """Return C, one row a group: 1 at the parent, -1 at its children.

    Raises:
        MetricError: a parent or child is not among the series.
    """
    place = {name: i for i, name in enumerate(ids)}
    rows = np.zeros((len(groups), len(ids)))
    for row, (parent, children) in enumerate(groups):
        missing = [name for name in (parent, *children) if name not in place]
        if missing:
            raise MetricError("nodes of the hierarchy have no series", keys=missing)
        rows[row, place[parent]] += 1.0
        for child in children:
            rows[row, place[child]] -= 1.0
    return rows


def project(forecasts: Array, constraint: Array, weight: Array) -> Array:
    """Return the forecasts, (series, ...), moved as little as W allows until they add up."""
    gain = weight @ constraint.T @ np.linalg.pinv(constraint @ weight @ constraint.T)
    flat = forecasts.reshape(len(forecasts), -1)
    return (flat - gain @ (constraint @ flat)).reshape(forecasts.shape)


def weights(errors: Array, constraint: Array, method: str) -> Array:
    """Return W from errors (series, samples), NaN where a series had no forecast.

    Raises:
        MetricError: the method is unknown.
    """
    n = len(errors)
    if method == "ols":
        return np.eye(n)
    if method == "structure":
        children = (constraint < 0).sum(axis=1)
        size = np.ones(n)
        for row, count in zip(constraint, children, strict=True):
            size[row > 0] = np.maximum(size[row > 0], count)
        return np.diag(size)
    if method not in METHODS:
        raise MetricError(f"no reconciliation is called {method!r}", hint=f"Valid: {METHODS}.")
    known = ~np.isnan(errors)
    sample = np.where(known, errors, 0.0)
    second = (sample**2).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    second = np.maximum(second, 1e-9 * max(second.max(), 1e-9))
    if method == "variance" or not known.any():
        return np.diag(second)
    scale = np.sqrt(second)
    z = (sample / scale[:, None])[:, known.any(axis=0)]
    count = z.shape[1]
    correlation = z @ z.T / count
    noise = ((z**2) @ (z**2).T / count - correlation**2) / max(count - 1, 1)
    off = ~np.eye(n, dtype=bool)
    strength = float(np.clip(noise[off].sum() / max((correlation[off] ** 2).sum(), 1e-12), 0, 1))
    shrunk = np.where(off, (1 - strength) * correlation, 1.0)
    return shrunk * np.outer(scale, scale)


def reconcile(fit: Fit, groups: Groups) -> Reconciled:
    """Make the forecasts of a fit add up, by the weighting that did best in the backtest.

    W for an origin of the backtest is learnt, and the weighting chosen, from the forecasts that
    were over by then; before there are any it is `variance`, of the seasonal naive errors of the
    history until then. Nodes that never sold below zero are kept at zero or above, and the children
    are then scaled to their parent's sum.

    Raises:
        MetricError: a node has no series, or the series do not end on the same day.
    """
    if len({s.last for s in fit.histories}) > 1:
        raise MetricError("the series of a hierarchy end on different days", hint="Pass `until`.")
    constraint = constraints(fit.ids, groups)
    base = fit.test.forecasts[CHOSEN]
    error = fit.test.errors(CHOSEN)
    scale = np.array(list(fit.scales().values()))
    prior = [_prior(fit, offset) for offset in fit.test.offsets]
    tried = {m: _backtest(fit.test, constraint, m, fit.floor, prior) for m in METHODS}
    missed = {m: fit.test.actual - moved for m, moved in tried.items()}
    mase = {"base": _mase(error, scale)} | {m: _mase(e, scale) for m, e in missed.items()}
    best = _best(missed, scale, np.arange(len(fit.test.offsets)))
    used = np.full(base.shape, np.nan)
    for j in range(len(fit.test.offsets)):
        used[:, j] = tried[_best(missed, scale, fit.test.before(j))][:, j]
    weight = weights(error.reshape(len(error), -1), constraint, best)
    moved = project(fit.ahead[CHOSEN], constraint, weight)
    moved[[s.status in ENDED for s in fit.histories]] = 0.0  # what has ended takes no share
    ahead = _adding_up(moved, constraint, fit.floor)
    test = Backtest(fit.test.offsets, fit.test.actual, {**fit.test.forecasts, CHOSEN: used})
    mase["used"] = _mase(test.errors(CHOSEN), scale)
    return Reconciled(replace(fit, ahead={**fit.ahead, CHOSEN: ahead}, test=test), best, mase)


def _best(missed: Mapping[str, Array], scale: Array, origins: NDArray[np.intp]) -> str:
    """Return the method with the smallest scaled error, with fewer than two origins `variance`."""
    if len(origins) < _FEWEST:
        return _WITHOUT
    mase = {m: _mase(e[:, origins], scale) for m, e in missed.items()}
    known = {m: value for m, value in mase.items() if np.isfinite(value)}
    return min(known, key=known.__getitem__) if known else _WITHOUT


def _prior(fit: Fit, offset: int) -> Array:
    """Return W from the seasonal naive errors of what was known `offset` periods before the end."""
    known = [s.values[: max(len(s.values) - offset, 0)] for s in fit.histories]
    naive = [mae_seasonal_naive(y, s.season) for y, s in zip(known, fit.histories, strict=True)]
    scale = np.nan_to_num(np.array(naive))
    return np.diag(np.maximum(scale, 1e-4 * max(scale.max(), 1e-4)) ** 2)


def _backtest(
    test: Backtest, constraint: Array, method: str, floor: Array, prior: list[Array]
) -> Array:
    base, error = test.forecasts[CHOSEN], test.errors(CHOSEN)
    result = np.full(base.shape, np.nan)
    for origin in range(base.shape[1]):
        present = np.flatnonzero(np.isfinite(base[:, origin, 0]))
        at = np.nan_to_num(base[:, origin])  # not yet open: it sells nothing
        over = error[:, test.before(origin)].reshape(len(error), -1)
        learnt = bool((~np.isnan(over)).any())
        weight = weights(over, constraint, method) if learnt else prior[origin]
        moved = project(at, constraint, weight)
        moved = _adding_up(moved, constraint, floor)
        result[present, origin] = moved[present]
    return result


def _adding_up(forecasts: Array, constraint: Array, floor: Array) -> Array:
    """Return the forecasts not below their floor, children scaled so that they still add up."""
    result = np.maximum(forecasts, floor[:, None])
    for row in constraint:
        children, parent = row < 0, row > 0
        total = result[children].sum(axis=0)
        wanted = result[parent].sum(axis=0)
        ratio = np.where(total != 0, wanted / np.where(total != 0, total, 1.0), 1.0)
        result[children] = result[children] * ratio
    return result


def _mase(error: Array, scale: Array) -> float:
    usable = np.where(scale > 0, scale, np.nan)
    scaled = np.abs(error) / usable[:, None, None]
    return float(np.nanmean(scaled)) if np.isfinite(scaled).any() else float("nan")
