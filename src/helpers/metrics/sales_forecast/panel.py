"""From a tidy frame to aligned series: gaps filled, oddities named."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.sales_forecast.smoothing import Array

Gaps = Literal["zero", "interpolate"]
Status = Literal["regular", "new", "short", "dead", "zero", "constant"]

SEASONS = {"D": 7, "B": 5, "W": 52, "M": 12, "MS": 12, "ME": 12, "Q": 4, "QS": 4, "QE": 4,
           "Y": 1, "YS": 1, "YE": 1, "h": 24}  # fmt: skip
"""Periods in the cycle that a frequency suggests."""

ENDED = ("dead", "zero")
"""States of a series that sells nothing any more, or never did."""

_DEAD = 8  # periods without sales that end a series, or two cycles if that is longer


@dataclass(frozen=True)
class Series:
    """One series without gaps, and what is peculiar about it.

    `season` is the cycle that its length supports: 1 below two whole cycles.
    """

    unique_id: str
    values: Array
    last: pd.Timestamp
    season: int
    status: Status
    gaps: int
    zeros: float
    negatives: int


def season_of(freq: str) -> int:
    """Return the number of periods in a cycle of a pandas frequency.

    Raises:
        MetricError: the frequency is not one that has a customary cycle.
    """
    name = freq.split("-")[0]
    if name not in SEASONS:
        raise MetricError(
            f"no customary season for frequency {freq!r}",
            hint=f"Use one of {', '.join(SEASONS)}, or pass season_length.",
        )
    return SEASONS[name]


def prepare(
    frame: pd.DataFrame,
    *,
    freq: str,
    season: int,
    until: pd.Timestamp | None = None,
    gaps: Gaps = "zero",
) -> list[Series]:
    """Return the series of a frame in the order of their ids.

    A date without a row is a gap: zero sales (`gaps="zero"`) or interpolated. A null `y` is
    unknown and always interpolated. Leading zeros are cut: the series had not begun. With `until`
    every series is continued to that date by the same rule, so that one without recent rows ends
    in zeros.

    Raises:
        MetricError: a column is missing, a value is not a finite number or date, a key occurs
            twice, or a date does not lie on the frequency.
    """
    tidy = _checked(frame)
    return [
        _series(str(key), rows, freq, season, until, gaps)
        for key, rows in tidy.groupby("unique_id", sort=True)
    ]


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in ("unique_id", "ds", "y") if name not in frame.columns]
    if missing:
        raise MetricError(
            f"columns {missing} are missing; there are {list(frame.columns)}",
            hint="Pass one row a series and date: unique_id, ds, y.",
        )
    if frame.empty:
        raise MetricError("there is no row to forecast from", hint="Check the period and slice.")
    tidy = frame[["unique_id", "ds", "y"]].copy()
    tidy["unique_id"] = tidy["unique_id"].astype(str)
    try:
        tidy["ds"] = pd.to_datetime(tidy["ds"], format="ISO8601")
        tidy["y"] = pd.to_numeric(tidy["y"]).astype(float)
    except (ValueError, TypeError) as error:
        raise MetricError(f"ds must be dates and y numbers: {error}") from error
    infinite = np.isinf(tidy["y"])
    if infinite.any() or tidy["ds"].isna().any():
        bad = tidy.loc[infinite | tidy["ds"].isna(), "unique_id"]
        raise MetricError("a date is missing or a value infinite", column="y", keys=bad)
    double = tidy.duplicated(["unique_id", "ds"])
    if double.any():
        keys = (tidy["unique_id"] + " " + tidy["ds"].dt.strftime("%Y-%m-%d"))[double]
        raise MetricError("a series has two rows for a date", column="ds", keys=keys,
                          hint="Sum them first.")  # fmt: skip
    return tidy


def _series(
    key: str, rows: pd.DataFrame, freq: str, season: int, until: pd.Timestamp | None, gaps: Gaps
) -> Series:
    given = rows.set_index("ds")["y"].sort_index()
    end = max(given.index[-1], until) if until is not None else given.index[-1]
    index = pd.date_range(given.index[0], end, freq=freq)
    off = given.index.difference(index)
    if len(off):
        raise MetricError(
            f"series {key!r} has dates that do not lie on frequency {freq!r}",
            column="ds",
            keys=off.strftime("%Y-%m-%d"),
            hint="Months start on day 1 with MS and end with ME; weeks end on a day: W-SUN.",
        )
    absent = ~index.isin(given.index)
    filled = given.reindex(index)
    if gaps == "zero":
        filled = filled.mask(pd.Series(absent, index=index), 0.0)
    filled = filled.interpolate(limit_direction="both").fillna(0.0)
    values = filled.to_numpy(dtype=float, copy=True)
    nonzero = np.flatnonzero(values)
    trimmed = values[nonzero[0] :] if len(nonzero) else values
    return Series(
        unique_id=key,
        values=trimmed,
        last=index[-1],
        season=season if len(trimmed) >= 2 * season else 1,
        status=_status(trimmed, season),
        gaps=int(absent.sum() + given.isna().sum()),
        zeros=float((trimmed == 0).mean()),
        negatives=int((trimmed < 0).sum()),
    )


def _status(values: Array, season: int) -> Status:
    nonzero = np.flatnonzero(values)
    if not len(nonzero):
        return "zero"
    if len(values) - 1 - nonzero[-1] >= max(_DEAD, 2 * season):
        return "dead"
    if len(values) < max(2 * season, 4):
        return "short"
    if np.ptp(values) == 0:
        return "constant"
    return "new" if len(values) < 4 * season else "regular"


def align(series: list[Series]) -> Array:
    """Return the values as an array with one row a series, NaN before a series starts."""
    length = max(len(s.values) for s in series)
    panel = np.full((len(series), length), np.nan)
    for row, s in enumerate(series):
        panel[row, length - len(s.values) :] = s.values
    return panel


def describe(series: list[Series]) -> pd.DataFrame:
    """Return one row a series: what it looked like when it was read.

    Columns: `unique_id`, `observations`, `last` (date), `season`, `status`, `gaps` (dates filled),
    `zeros` (share), `negatives` (count).
    """
    return pd.DataFrame(
        {
            "unique_id": [s.unique_id for s in series],
            "observations": [len(s.values) for s in series],
            "last": [s.last for s in series],
            "season": [s.season for s in series],
            "status": [s.status for s in series],
            "gaps": [s.gaps for s in series],
            "zeros": [s.zeros for s in series],
            "negatives": [s.negatives for s in series],
        }
    )
