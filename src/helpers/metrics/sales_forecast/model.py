"""The forecast of any number of series, with the evidence that it rests on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.errors import MetricError
from helpers.metrics.sales_forecast import backtest as bt
from helpers.metrics.sales_forecast.accuracy import accuracy, mae_seasonal_naive
from helpers.metrics.sales_forecast.choice import as_chosen, choose
from helpers.metrics.sales_forecast.exposing import Exposure, Given
from helpers.metrics.sales_forecast.intervals import Calibration, calibrate
from helpers.metrics.sales_forecast.members import KNOWN, default
from helpers.metrics.sales_forecast.notes import missing
from helpers.metrics.sales_forecast.panel import (
    ENDED,
    Gaps,
    Series,
    describe,
    prepare,
    season_of,
)
from helpers.metrics.sales_forecast.smoothing import Array

CHOSEN = "forecast"


@dataclass(frozen=True)
class Fit:
    """Forecasts and how far to trust them.

    Attributes:
        ahead: forecasts of every model and of the chosen one (`"forecast"`), (series, steps).
        chosen: the model used for each series.
        test: the backtest of the same models.
        histories: the series as they were read, in the order of the rows.
        level: nominal coverages of the intervals in percent.
        open: False where a series is known to sell nothing (closed), (series, steps).
        members: the candidates that were combined.
    """

    ahead: dict[str, Array]
    chosen: tuple[str, ...]
    test: bt.Backtest
    histories: tuple[Series, ...]
    level: tuple[float, ...]
    freq: str
    season: int
    open: NDArray[np.bool_]
    members: tuple[str, ...] = ()

    @cached_property
    def calibration(self) -> Calibration:
        """The measured widths of the intervals."""
        scale = np.array([mae_seasonal_naive(s.values, s.season) for s in self.histories])
        return calibrate(self.test.errors(CHOSEN), scale, overlap=self.test.overlap)

    @property
    def ids(self) -> list[str]:
        """The ids of the series, in the order of the rows."""
        return [s.unique_id for s in self.histories]

    @property
    def dates(self) -> list[pd.DatetimeIndex]:
        """The dates to come of each series."""
        steps = self.ahead[CHOSEN].shape[1]
        return [
            pd.date_range(s.last, periods=steps + 1, freq=self.freq)[1:] for s in self.histories
        ]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The forecasts, one row a series and date to come.

        Columns: `unique_id` (text), `ds`, `forecast`, `seasonal_naive`, `low_80 high_80 ...` (unit
        of y; NaN where there is too little to measure them by), `model` (text).
        """
        point = self.ahead[CHOSEN]
        columns = {
            "unique_id": np.repeat(np.array(self.ids, dtype=object), point.shape[1]),
            "ds": np.concatenate([d.to_numpy() for d in self.dates]),
            CHOSEN: point.ravel(),
            "seasonal_naive": self.ahead["seasonal_naive"].ravel(),
        }
        shut = ~self.open
        for one in self.level:
            low, high = self.calibration.bounds(point, one, floor=self.floor)
            low[self.unsold], high[self.unsold] = np.nan, np.nan
            columns[f"low_{one:g}"] = np.where(shut, point, low).ravel()
            columns[f"high_{one:g}"] = np.where(shut, point, high).ravel()
        columns["model"] = np.repeat(self.named(), point.shape[1])
        return pd.DataFrame(columns)

    @property
    def unsold(self) -> NDArray[np.bool_]:
        """True for a series that never sold anything: nothing says how much it may."""
        return np.array([s.status == "zero" for s in self.histories])

    @property
    def floor(self) -> Array:
        """The lowest possible value of each series: 0, or none where it was negative before."""
        return np.array([-np.inf if s.negatives else 0.0 for s in self.histories])

    def named(self) -> list[str]:
        """Return the model of each series in a word; `zero` for one that has ended."""
        pairs = zip(self.histories, self.chosen, strict=True)
        return ["zero" if s.status in ENDED else model for s, model in pairs]

    @property
    def series(self) -> pd.DataFrame:
        """One row a series: what it looked like (see `panel.describe`) and its `model`."""
        return describe(list(self.histories)).assign(model=self.named())

    def backtest(self) -> pd.DataFrame:
        """Return the backtest, one row a series, origin and step (see `backtest.as_frame`)."""
        return bt.as_frame(self.test, list(self.histories), self.freq)

    def scales(self, *, tested: bool = False) -> dict[str, float]:
        """Return each series' in-sample seasonal naive error, the denominator of MASE.

        In-sample is the whole history, or with `tested` what lies before the first period that the
        series' backtest forecasts.
        """
        known = ~np.isnan(self.test.actual[:, :, 0])
        found = {}
        for s, row in zip(self.histories, known, strict=True):
            cut = max(np.array(self.test.offsets)[row], default=0) if tested else 0
            found[s.unique_id] = mae_seasonal_naive(s.values[: len(s.values) - cut], s.season)
        return found

    def accuracy(self, by: list[str] | None = None) -> pd.DataFrame:
        """Return the backtest's errors of every model, by series unless `by` says otherwise."""
        models, scales = list(self.test.forecasts), self.scales(tested=True)
        return accuracy(self.backtest(), models=models, scales=scales, by=by)

    @property
    def notes(self) -> tuple[str, ...]:
        """Name the candidates that could not forecast a series: the combination did without."""
        return missing(self.ahead, self.test, self.histories, self.members)


def fit(
    frame: pd.DataFrame,
    *,
    horizon: int,
    freq: str,
    level: tuple[float, ...] = (80, 95),
    season_length: int | None = None,
    windows: int | None = None,
    offsets: tuple[int, ...] | None = None,
    until: pd.Timestamp | None = None,
    gaps: Gaps = "zero",
    exposure: Given = None,
    members: tuple[str, ...] | None = None,
) -> Fit:
    """Forecast every series of a frame and backtest the forecast.

    The forecast is the trimmed mean of the candidates `members` (those of `members.default`
    unless given), or a plain rule that beat it in the backtest (`choice`), at each origin judged
    by what had come by then. Intervals are as wide as the backtest's errors were (`intervals`).

    Args:
        frame: `unique_id` (string), `ds` (date on `freq`), `y` (number; may be negative).
        horizon: periods ahead, at least 1.
        freq: a pandas frequency: D, W-SUN, MS, QS, YS ...
        level: nominal coverages in percent, each above 0 and below 100.
        season_length: periods in a cycle; that of the frequency unless given.
        windows: origins of the backtest; 8, or 4 for more than 200 series.
        offsets: in place of `windows`, how many periods before the end the origins lie.
        until: continue every series to this date before forecasting (no row means no sale).
        gaps: what a date without a row is: zero sales, or unknown and interpolated.
        members: the candidates to combine.
        exposure: by date, how much of a normal period it is (see `exposure`); 1 where absent. What
            is measured on sales is a function of the origin (see `exposing.Exposure`). The models
            work on y / exposure; errors are measured on y itself.

    Raises:
        MetricError: the frame cannot be read (see `panel.prepare`), or an argument is out of
            range.
    """
    _check(horizon, level, members)
    season = season_length or season_of(freq)
    share = Exposure(exposure, freq)
    series = prepare(frame, freq=freq, season=season, until=until, gaps=gaps)
    names = default(season) if members is None else members
    back = offsets or bt.origins(series, horizon=horizon, season=season, windows=windows)
    test = bt.run(series, horizon=horizon, offsets=back, names=names, exposure=share)
    chosen = choose(test)
    test.forecasts[CHOSEN] = as_chosen(test)
    made = bt.forecast_all(series, horizon=horizon, names=names, exposure=share)
    return Fit(
        ahead={**made, CHOSEN: pick(made, chosen)},
        chosen=chosen,
        test=test,
        histories=tuple(series),
        level=level,
        freq=freq,
        season=season,
        open=bt.opening(series, horizon=horizon, exposure=share),
        members=names,
    )


def _check(horizon: int, level: tuple[float, ...], members: tuple[str, ...] | None) -> None:
    if horizon < 1:
        raise MetricError(f"horizon is {horizon}", hint="Forecast at least one period ahead.")
    if not all(0 < one < 100 for one in level):
        raise MetricError(f"level is {level}", hint="Levels are percentages, such as (80, 95).")
    unknown = [name for name in members or () if name not in KNOWN]
    if unknown or members == ():
        raise MetricError(f"members {unknown} are unknown", hint=f"Valid: {', '.join(KNOWN)}.")


def pick(forecasts: dict[str, Array], chosen: tuple[str, ...]) -> Array:
    """Return each series' forecast by the model chosen for it, one row a series."""
    return np.stack([forecasts[name][row] for row, name in enumerate(chosen)])
