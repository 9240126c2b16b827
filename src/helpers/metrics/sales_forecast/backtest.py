"""Rolling-origin backtest: every candidate forecasts from past origins, seeing nothing later."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.metrics.sales_forecast.closed import closed
from helpers.metrics.sales_forecast.combine import COMBINATION, candidates
from helpers.metrics.sales_forecast.members import BASELINES
from helpers.metrics.sales_forecast.panel import ENDED, Series, align
from helpers.metrics.sales_forecast.smoothing import Array

_MANY = 200  # series above which fewer origins carry the calibration
_MIN_TRAIN = 6
_MARGIN = 0.8  # a baseline's error must be below this share of the combination's
_MIN_ORIGINS = 5


@dataclass(frozen=True)
class Backtest:
    """Forecasts from past origins, aligned at each series' end.

    Attributes:
        offsets: periods between an origin and the end of the series, one an origin.
        actual: (series, origins, steps); NaN where the series was too short at the origin.
        forecasts: the same shape, one array a model.
    """

    offsets: tuple[int, ...]
    actual: Array
    forecasts: dict[str, Array]

    @property
    def overlap(self) -> float:
        """The share of a horizon that neighbouring origins have in common."""
        if len(self.offsets) < 2:
            return 0.0
        return max(0.0, 1 - (self.offsets[1] - self.offsets[0]) / self.actual.shape[2])

    def errors(self, model: str) -> Array:
        """Return actual minus forecast of a model."""
        return self.actual - self.forecasts[model]


def origins(
    series: list[Series], *, horizon: int, season: int, windows: int | None = None
) -> tuple[int, ...]:
    """Return how many periods before the end the backtest forecasts from, nearest first.

    As many origins as asked (8, or 4 where there are more than 200 series), at most half a
    horizon apart, as far back as the typical series allows.
    """
    count = windows or (4 if len(series) > _MANY else 8)
    typical = int(np.median([len(s.values) for s in series]))
    room = typical - max(2 * season, _MIN_TRAIN) - horizon
    step = int(np.clip(room // count, 1, max(1, horizon // 2)))
    return tuple(horizon + i * step for i in range(count))


def by_season(series: list[Series]) -> dict[int, list[int]]:
    """Return the rows that share a season and can be forecast: not dead, not all zero."""
    groups: dict[int, list[int]] = {}
    for row, one in enumerate(series):
        if one.status not in ENDED:
            groups.setdefault(one.season, []).append(row)
    return groups


def forecast_all(series: list[Series], horizon: int, names: tuple[str, ...]) -> dict[str, Array]:
    """Return each model's forecasts from the end, one row a series; 0 for one that has ended."""
    models = dict.fromkeys((*names, *BASELINES, COMBINATION))
    result = {name: np.zeros((len(series), horizon)) for name in models}
    for season, rows in by_season(series).items():
        panel = align([series[row] for row in rows])
        made = candidates(panel, season=season, horizon=horizon, names=names)
        for name, values in made.items():
            result[name][rows] = values
    return result


def opening(series: list[Series], horizon: int) -> NDArray[np.bool_]:
    """Return False at the steps ahead at which a series is known to sell nothing."""
    result = np.zeros((len(series), horizon), dtype=bool)
    for season, rows in by_season(series).items():
        result[rows] = ~closed(align([series[row] for row in rows]), season, horizon)
    return result


def run(
    series: list[Series], *, horizon: int, offsets: tuple[int, ...], names: tuple[str, ...]
) -> Backtest:
    """Forecast from every origin at which a series still had two cycles (six periods) behind it."""
    models = dict.fromkeys((*names, *BASELINES, COMBINATION))
    shape = (len(series), len(offsets), horizon)
    actual = np.full(shape, np.nan)
    forecasts = {name: np.full(shape, np.nan) for name in models}
    for season, rows in by_season(series).items():
        for j, offset in enumerate(offsets):
            enough = max(2 * season, _MIN_TRAIN) if season > 1 else _MIN_TRAIN
            usable = [r for r in rows if len(series[r].values) - offset >= enough]
            if not usable:
                continue
            panel = align([series[r] for r in usable])
            end = panel.shape[1] - offset
            actual[usable, j] = panel[:, end : end + horizon]
            made = candidates(panel[:, :end], season=season, horizon=horizon, names=names)
            for name, values in made.items():
                forecasts[name][usable, j] = values
    return Backtest(offsets, actual, forecasts)


def choose(test: Backtest) -> tuple[str, ...]:
    """Return the model used for each series: the combination, or a baseline that beat it.

    A baseline is used where, over at least five origins, its mean absolute error was at least
    20 % lower and it won at each of them. Weaker evidence is mostly luck: on three collections of
    monthly series a lower bar made the forecasts worse (docs/forecasting.md).
    """
    size = {name: _by_origin(test.errors(name)) for name in (*BASELINES, COMBINATION)}
    chosen = []
    for row in range(len(test.actual)):
        best, error = COMBINATION, size[COMBINATION][row]
        known = ~np.isnan(error)
        limit = _MARGIN * error[known].sum()
        for name in BASELINES if known.sum() >= _MIN_ORIGINS else ():
            own = size[name][row][known]
            if own.sum() < limit and (own < error[known]).all():
                best, limit = name, own.sum()
        chosen.append(best)
    return tuple(chosen)


def _by_origin(errors: Array) -> Array:
    known = ~np.isnan(errors)
    count = known.sum(axis=2)
    return np.where(count > 0, np.nansum(np.abs(errors), axis=2) / np.maximum(count, 1), np.nan)


def as_frame(test: Backtest, series: list[Series], freq: str) -> pd.DataFrame:
    """Return one row a series, origin and step: unique_id, cutoff, ds, step, y, and the models."""
    rows, cols, steps = np.nonzero(~np.isnan(test.actual))
    step = pd.tseries.frequencies.to_offset(freq)
    dates = {s.last: pd.date_range(end=s.last, periods=_reach(test), freq=step) for s in series}
    last = [dates[series[row].last] for row in range(len(series))]
    offset = np.array(test.offsets)[cols]
    back = _reach(test) - 1 - offset
    cutoff = [last[r][b] for r, b in zip(rows, back, strict=True)]
    ds = [last[r][b + s + 1] for r, b, s in zip(rows, back, steps, strict=True)]
    names = np.array([s.unique_id for s in series], dtype=object)
    return pd.DataFrame(
        {
            "unique_id": names[rows] if len(rows) else pd.Series(dtype=str),
            "cutoff": pd.DatetimeIndex(cutoff),
            "ds": pd.DatetimeIndex(ds),
            "step": steps + 1,
            "y": test.actual[rows, cols, steps],
            **{name: values[rows, cols, steps] for name, values in test.forecasts.items()},
        }
    )


def _reach(test: Backtest) -> int:
    return max(test.offsets) + 1
