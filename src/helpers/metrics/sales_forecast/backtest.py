"""Rolling-origin backtest: every candidate forecasts from past origins, seeing nothing later."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.metrics.sales_forecast.closed import closed
from helpers.metrics.sales_forecast.combine import COMBINATION, candidates
from helpers.metrics.sales_forecast.exposing import Exposure
from helpers.metrics.sales_forecast.members import BASELINES
from helpers.metrics.sales_forecast.panel import ENDED, Series, align
from helpers.metrics.sales_forecast.smoothing import Array

_MANY = 200  # series above which fewer origins carry the calibration
_MIN_TRAIN = 6


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

    def before(self, origin: int) -> NDArray[np.intp]:
        """Return the origins whose whole horizon had come by an origin."""
        reach = self.offsets[origin] + self.actual.shape[2]
        return np.flatnonzero(np.array(self.offsets) >= reach)

    def apart(self, origin: int) -> NDArray[np.intp]:
        """Return the origins whose horizon shares no period with that of an origin."""
        gap = np.abs(np.array(self.offsets) - self.offsets[origin])
        return np.flatnonzero(gap >= self.actual.shape[2])

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


def forecast_all(
    series: list[Series], *, horizon: int, names: tuple[str, ...], exposure: Exposure
) -> dict[str, Array]:
    """Return each model's forecasts from the end, one row a series; 0 for one that has ended."""
    models = dict.fromkeys((*names, *BASELINES, COMBINATION))
    result = {name: np.zeros((len(series), horizon)) for name in models}
    for season, rows in by_season(series).items():
        panel = align([series[row] for row in rows])
        lasts = [series[row].last for row in rows]
        given = exposure.remove(panel, lasts, season)
        share = exposure.ahead(lasts, horizon)
        made = candidates(given, season=season, horizon=horizon, names=names)
        for name, values in made.items():
            result[name][rows] = values * share
    return result


def opening(series: list[Series], *, horizon: int, exposure: Exposure) -> NDArray[np.bool_]:
    """Return False at the steps ahead at which a series is known to be closed.

    A series that has ended is not: it may come back.
    """
    result = np.ones((len(series), horizon), dtype=bool)
    for season, rows in by_season(series).items():
        panel = align([series[row] for row in rows])
        lasts = [series[row].last for row in rows]
        given = exposure.remove(panel, lasts, season)
        result[rows] = ~closed(given, season, horizon) & (exposure.ahead(lasts, horizon) > 0)
    return result


def run(
    series: list[Series],
    *,
    horizon: int,
    offsets: tuple[int, ...],
    names: tuple[str, ...],
    exposure: Exposure,
) -> Backtest:
    """Forecast from every origin at which a series still had two cycles (six periods) behind it.

    At each origin only earlier values are seen, and the exposures that were known there.
    """
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
            then = [exposure.origin(series[r].last, offset) for r in usable] if exposure else []
            given = exposure.remove(panel[:, :end], then, season)
            share = exposure.ahead(then, horizon) if exposure else 1.0
            made = candidates(given, season=season, horizon=horizon, names=names)
            for name, values in made.items():
                forecasts[name][usable, j] = values * share
    return Backtest(offsets, actual, forecasts)


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
