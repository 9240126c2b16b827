"""An exposure only where past forecasts were better with it; the forecast of a plain frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from helpers.metrics.sales_forecast.combine import COMBINATION
from helpers.metrics.sales_forecast.exposing import Exposure, Given
from helpers.metrics.sales_forecast.model import Fit, fit
from helpers.metrics.sales_forecast.panel import Gaps
from helpers.metrics.sales_forecast.smoothing import Array

_FEWEST = 2  # origins: one shows no scatter
_QUICK = ("ets_root_cycle",)  # one candidate is enough to judge an exposure by


@dataclass(frozen=True)
class Trial:
    """Whether an exposure made past forecasts better.

    It did where the mean gain over the origins is above its standard error, for which origins that
    share periods count for less: one lucky holiday is no evidence.

    Attributes:
        given, otherwise: the exposure in question, and the one used without it.
        errors: sum |e| / sum |y| over the backtest, `without` and `with` it.
        ends: the last date of each origin's forecasts.
        gains: what the exposure saved at each origin, as a share of usual sales.
        overlap: share of a horizon that neighbouring origins have in common.
    """

    given: Given
    otherwise: Given
    freq: str
    errors: Mapping[str, float]
    ends: pd.DatetimeIndex = field(repr=False)
    gains: Array = field(repr=False)
    overlap: float = 0.0

    @property
    def used(self) -> bool:
        """Say whether it was better over the whole backtest."""
        return self._better(self.gains)

    def exposure(self, origin: pd.Timestamp) -> pd.Series:
        """Return the exposure if it was better in the forecasts over by an origin.

        Where it was not, or fewer than two were over, the one used otherwise.
        """
        better = self._better(self.gains[self.ends <= origin])
        return Exposure(self.given if better else self.otherwise, self.freq).known(origin)

    def _better(self, gains: Array) -> bool:
        if len(gains) < _FEWEST:
            return False
        worth = 1 + (len(gains) - 1) * (1 - self.overlap)
        return bool(gains.mean() > gains.std(ddof=1) / np.sqrt(worth))


def where_it_helps(
    frame: pd.DataFrame, given: Given, *, otherwise: Given = None, freq: str, **options: Any
) -> Trial:
    """Forecast a frame with and without an exposure at past origins, by one quick candidate.

    Columns in and `options` as for `fit`. `otherwise` is the exposure without the one in question.

    Raises:
        MetricError: as for `fit`.
    """
    tests: dict[str, Fit] = {
        name: fit(frame, freq=freq, exposure=one, **{**options, "members": _QUICK})
        for name, one in (("without", otherwise), ("with", given))
    }
    made = tests["with"]
    actual = made.test.actual
    sizes = {name: np.abs(one.test.errors(COMBINATION)) for name, one in tests.items()}
    known = ~np.isnan(sizes["with"])
    total = float(np.abs(actual[known]).sum())
    errors = {n: float(e[known].sum()) / total if total else np.nan for n, e in sizes.items()}
    usual = np.where(known, np.abs(actual), 0.0).sum(axis=(1, 2)) / np.maximum(
        known.sum(axis=(1, 2)), 1
    )
    saved = (sizes["without"] - sizes["with"]).mean(axis=2)
    saved = saved / np.where(usual > 0, usual, 1.0)[:, None]
    tested = ~np.isnan(saved)
    gains = pd.Series(saved[tested]).groupby(_ends(made)[tested]).mean()
    return Trial(
        given, otherwise, freq, errors, pd.DatetimeIndex(gains.index), gains.to_numpy(float),
        made.test.overlap,
    )  # fmt: skip


def _ends(made: Fit) -> np.ndarray:
    """Return the last date of each backtest forecast, (series, origins)."""
    horizon = made.test.actual.shape[2]
    at = Exposure(None, made.freq).origin
    found = {
        last: [at(last, offset - horizon) for offset in made.test.offsets]
        for last in {s.last for s in made.histories}
    }
    return np.array([found[s.last] for s in made.histories], dtype="datetime64[ns]")


def forecast(
    frame: pd.DataFrame,
    *,
    horizon: int,
    freq: str,
    level: tuple[float, ...] = (80, 95),
    season_length: int | None = None,
    gaps: Gaps = "zero",
    exposure: Given = None,
) -> pd.DataFrame:
    """Return the forecasts of `fit`: unique_id, ds, forecast, seasonal_naive, bounds and model.

    `exposure` says how much of a normal period each date is: trading days of a month
    (`exposure.trading_days_known`), or holidays (`exposure.holidays_known`). It is used where it
    lowered the error of the backtest by more than its standard error; what is measured on sales is
    given as a function of the origin (see `exposing.Exposure`).

    See `fit` for the arguments, the treatment of gaps, nulls and negative values, and `Raises`.
    """
    options: dict[str, Any] = {"horizon": horizon, "season_length": season_length, "gaps": gaps}
    if exposure is not None:
        tried = where_it_helps(frame, exposure, freq=freq, **options)
        options["exposure"] = tried.exposure
    return fit(frame, freq=freq, level=level, **options).frame
