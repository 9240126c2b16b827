"""The candidates: each takes a panel and returns one row of forecasts a series.

A panel is an array with one row a series, oldest value first, aligned at the end, NaN only before
a series starts. All series of a panel have the same season and at least one value.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.metrics.sales_forecast import pooled, seasonal_ar
from helpers.metrics.sales_forecast.scales import Kind, transform
from helpers.metrics.sales_forecast.smoothing import Array, average, grid

_WEEK = 7
_CYCLES = 4  # complete cycles that a series needs before its yearly (weekly) sums are modelled
_PULL = 0.25  # how far a forecast moves towards the forecast of the cycle's sum, as an exponent

_WEEKLY = grid(
    alphas=(0.02, 0.05, 0.1, 0.2, 0.4, 0.7), betas=(0.02, 0.1), phis=(0.9,), gammas=(0.05, 0.2)
)  # on days a coarser grid was as accurate, at a third of the time
_COARSE = grid(
    alphas=(0.2, 0.35, 0.5, 0.7, 0.9, 1.0),
    betas=(0.03, 0.1, 0.3),
    seasonal=False,
)


def seasonal_naive(panel: Array, season: int, horizon: int) -> Array:
    """Repeat the last cycle: f_{T+h} = y_{T+h-m(k+1)}, k = floor((h-1)/m); source FPP3 5.2."""
    last = _last_cycle(panel, season)
    return np.tile(last, (1, -(-horizon // season)))[:, :horizon]


def cycle_mean(panel: Array, season: int, horizon: int, *, cycles: int = 8) -> Array:
    """Repeat the mean of the last `cycles` cycles, position by position: the plainest rule."""
    length = min(cycles, panel.shape[1] // season) * season
    if length == 0:
        return seasonal_naive(panel, season, horizon)
    recent = panel[:, panel.shape[1] - length :].reshape(len(panel), -1, season)
    known = ~np.isnan(recent)
    total, count = np.where(known, recent, 0.0).sum(axis=1), known.sum(axis=1)
    mean = np.where(count > 0, total / np.maximum(count, 1), _last_cycle(panel, season))
    return np.tile(mean, (1, -(-horizon // season)))[:, :horizon]


def _last_cycle(panel: Array, season: int) -> Array:
    if panel.shape[1] < season:
        return np.repeat(panel[:, -1:], season, axis=1)
    last = panel[:, -season:]
    return np.where(np.isnan(last), panel[:, -1:], last)


def ets(panel: Array, season: int, horizon: int, *, kind: Kind) -> tuple[Array, Array]:
    """Exponential smoothing averaged over a grid, on the scale `kind` (see `smoothing`).

    Returns the forecasts, and the same moved for each cycle (a year of months, a week of days)
    towards a forecast of the cycle's sum made from the sums of past cycles (temporal aggregation,
    Athanasopoulos et al. 2017): f * (sum forecast / sum of f) ** 0.25.
    """
    scaled = transform(panel, kind)
    whole = -(-horizon // season) * season
    models = _WEEKLY if season == _WEEK else grid(seasonal=season > 1)
    plain = scaled.back(average(scaled.values, season=season, horizon=whole, models=models))
    pulled = _pulled(panel, plain, season, kind) if season > 1 else plain
    return plain[:, :horizon], pulled[:, :horizon]


def _pulled(panel: Array, forecast: Array, season: int, kind: Kind) -> Array:
    cycles = panel.shape[1] // season
    sums = panel[:, panel.shape[1] - cycles * season :].reshape(len(panel), cycles, season)
    sums = sums.sum(axis=2)  # NaN where a cycle is incomplete
    long = np.flatnonzero((~np.isnan(sums)).sum(axis=1) >= _CYCLES)
    if not len(long):
        return forecast
    parts = forecast.reshape(len(panel), -1, season)
    scaled = transform(sums[long], kind)
    coarse = scaled.back(
        average(scaled.values, season=1, horizon=parts.shape[1], models=_COARSE, leads=(1, 2))
    )
    fine = parts[long].sum(axis=2)
    usable = (fine > 0) & (coarse > 0)
    ratio = np.where(usable, coarse / np.where(usable, fine, 1.0), 1.0) ** _PULL
    result = parts.copy()
    result[long] = parts[long] * np.clip(ratio, 0.5, 2.0)[:, :, None]
    return result.reshape(len(panel), -1)


def theta(panel: Array, season: int, horizon: int) -> Array:
    """Dynamic optimised Theta (Fiorucci et al. 2016), as implemented by statsforecast."""
    from statsforecast.models import DynamicOptimizedTheta

    return _one_by_one(DynamicOptimizedTheta(season_length=season), panel, season, horizon)


def ces(panel: Array, season: int, horizon: int) -> Array:
    """Complex exponential smoothing (Svetunkov et al. 2022), as implemented by statsforecast."""
    from statsforecast.models import AutoCES

    return _one_by_one(AutoCES(season_length=season), panel, season, horizon)


def pooled_ar(panel: Array, season: int, horizon: int) -> Array:
    """Autoregression shared by all series; NaN where the panel is too small (see `pooled`)."""
    return pooled.forecast(panel, season=season, horizon=horizon)


def own_ar(panel: Array, season: int, horizon: int) -> Array:
    """Averaged autoregressions of a series' own seasonal changes (see `seasonal_ar`)."""
    return seasonal_ar.forecast(panel, season=season, horizon=horizon)


def _one_by_one(model: Any, panel: Array, season: int, horizon: int) -> Array:
    """Forecast series by series; NaN where a series is too short or the model gives up on it."""
    result = np.full((len(panel), horizon), np.nan)
    for row, y in enumerate(panel):
        known = y[~np.isnan(y)]
        if len(known) < needs("theta", season) or np.ptp(known) == 0:
            continue
        ceiling = 10.0 * np.abs(known).max()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                ahead = np.asarray(model.forecast(y=known, h=horizon)["mean"])
            except (ValueError, ZeroDivisionError, FloatingPointError, np.linalg.LinAlgError):
                continue  # the combination goes on without it, and `Fit.notes` names it
        if np.isfinite(ahead).all() and np.abs(ahead).max() <= ceiling:
            result[row] = np.maximum(ahead, 0.0) if known.min() >= 0 else ahead
    return result


Member = Callable[[Array, int, int], Array]

BASELINES: dict[str, Member] = {"seasonal_naive": seasonal_naive, "cycle_mean": cycle_mean}

_SINGLE: dict[str, Member] = {
    "theta": theta,
    "ces": ces,
    "seasonal_ar": own_ar,
    "pooled_ar": pooled_ar,
}

MEMBERS = ("ets_log", "ets_log_cycle", "ets_root_cycle", *_SINGLE)
"""The candidates of the default combination. Their choice is measured in docs/forecasting.md."""

DAILY = ("ets_log_cycle", "ets_root_cycle", "cycle_mean")
"""The candidates for days with a weekly cycle: as accurate as any there, and quick."""

KNOWN = (*MEMBERS, "cycle_mean")


def default(season: int) -> tuple[str, ...]:
    """Return the candidates to combine for a season: `DAILY` for days, else `MEMBERS`."""
    return DAILY if season == _WEEK else MEMBERS


def needs(name: str, season: int) -> int:
    """Return how many values a candidate needs of a series."""
    if name == "pooled_ar":
        return pooled.lags(season)
    if name == "seasonal_ar":
        return seasonal_ar.needs(season)
    return max(2 * season, 6) if name in ("theta", "ces") else 1


def make(panel: Array, season: int, horizon: int, names: tuple[str, ...]) -> dict[str, Array]:
    """Return the forecasts of the candidates `names`, one row a series; NaN where one cannot."""
    found: dict[str, Array] = {}
    if {"ets_log", "ets_log_cycle"} & set(names):
        found["ets_log"], found["ets_log_cycle"] = ets(panel, season, horizon, kind="log")
    if "ets_root_cycle" in names:
        found["ets_root_cycle"] = ets(panel, season, horizon, kind="root")[1]
    single = {**_SINGLE, **BASELINES}
    return {
        name: found[name] if name in found else single[name](panel, season, horizon)
        for name in names
    }
