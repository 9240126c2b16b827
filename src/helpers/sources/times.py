"""Raw cells as naive local times: ISO 8601 or a declared format, moved between time zones."""

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from helpers.sources.texts import DAYS, as_text

_DAY = r"\d{4}-\d{2}-\d{2}"
_TIME = _DAY + r"[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?"
_OFFSET = _TIME + r"\s?(Z|[+-]\d{2}:?\d{2})"
_AMBIGUOUS = r"\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}(\D.*)?"
_CLOCK = ("%H", "%I", "%c", "%X", "%T", "%s")
_FIRST, _LAST = pd.Timestamp.min.ceil("s"), pd.Timestamp.max.floor("s")


class UndeclaredError(Exception):
    """A column cannot be read before the mapping says how; `mend` tells what to write."""

    def __init__(self, message: str, *, row: int, mend: str) -> None:
        super().__init__(message)
        self.row, self.mend = row, mend


def to_time(
    raw: "pd.Series[Any]", *, format: str | None = None, zone: str | None = None, local: str | None
) -> tuple["pd.Series[Any]", np.ndarray]:
    """Return cells as naive local times (datetime64[ns]), and which of them cannot be read.

    A time told in `zone`, or with an offset of its own, is moved to the zone `local`; one that a
    clock change skips or repeats in `zone` cannot be read. A day without a time of day stays that
    day wherever it is told.

    Raises:
        UndeclaredError: the mapping does not say what is needed to read a cell.
    """
    if raw.dtype == DAYS:
        days = raw.astype("datetime64[s]").reset_index(drop=True)
        return _to_local(days, raw.notna().to_numpy(bool), None, local)
    if pd.api.types.is_datetime64_any_dtype(raw.dtype):
        return _to_local(raw.reset_index(drop=True), raw.notna().to_numpy(), zone, local)
    if raw.dtype == object:
        return _of_cells(raw, format=format, zone=zone, local=local)
    text = as_text(raw).reset_index(drop=True).str.strip()
    given = (text.notna() & (text != "").fillna(False)).to_numpy(bool)
    text = text.where(given)
    if format is None:
        return _of_iso(text, given, zone, local)
    times = pd.to_datetime(text, format=format, errors="coerce", utc="%z" in format)
    told = zone if any(sign in format for sign in _CLOCK) else None
    return _to_local(times, given, told, local)


def _of_iso(
    text: "pd.Series[Any]", given: np.ndarray, zone: str | None, local: str | None
) -> tuple["pd.Series[Any]", np.ndarray]:
    odd = _fits(text, _AMBIGUOUS)
    if odd.any():
        row = int(np.flatnonzero(odd)[0])
        raise UndeclaredError(
            f"is the date {str(text.iloc[row])!r} day/month or month/day? The mapping must say it",
            row=row,
            mend="Map it as `{name}: {{column: {column}, format: "
            + " or ".join(f'"{form}"' for form in _candidates(str(text.iloc[row])))
            + "}}`.",
        )
    found = pd.Series(np.full(len(text), np.datetime64("NaT", "ns")))
    for pattern, told, aware in ((_DAY, None, False), (_TIME, zone, False), (_OFFSET, None, True)):
        fits = _fits(text, pattern)
        if fits.any():
            times = pd.to_datetime(text.where(fits), format="ISO8601", errors="coerce", utc=aware)
            found = found.fillna(_to_local(times, fits, told, local)[0])
    return found, given & found.isna().to_numpy()


def _candidates(text: str) -> tuple[str, str]:
    """Return the two formats that an ambiguous day may be written in."""
    sign = next(sign for sign in text if not sign.isdigit())
    parts = text.split()
    year = "%Y" if len(parts[0].split(sign)[2]) == 4 else "%y"
    clock = " …" if len(parts) > 1 else ""
    return sign.join(["%d", "%m", year]) + clock, sign.join(["%m", "%d", year]) + clock


def _fits(text: "pd.Series[Any]", pattern: str) -> np.ndarray:
    return text.str.fullmatch(pattern).fillna(False).to_numpy(bool)


def _of_cells(
    raw: "pd.Series[Any]", *, format: str | None, zone: str | None, local: str | None
) -> tuple["pd.Series[Any]", np.ndarray]:
    """Read a spreadsheet's column, in which some cells are times and others text."""
    times = np.array([isinstance(cell, datetime) and cell is not pd.NaT for cell in raw], bool)
    days = np.array([isinstance(cell, date) for cell in raw], bool) & ~times
    found, wrong = to_time(as_text(raw.mask(times | days)), format=format, zone=zone, local=local)
    for stamped, told in ((times, zone), (days, None)):
        read = pd.to_datetime(raw.where(stamped).reset_index(drop=True), errors="coerce")
        moved, unread = _to_local(read, stamped, told, local)
        found, wrong = found.fillna(moved), wrong | unread
    return found, wrong


def _to_local(
    times: "pd.Series[Any]", given: np.ndarray, zone: str | None, local: str | None
) -> tuple["pd.Series[Any]", np.ndarray]:
    if times.dt.tz is None and zone is not None and zone != local:
        times = times.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    if times.dt.tz is not None:
        if local is None:
            raise UndeclaredError(
                "times carry an offset from UTC, and the source has no local time zone",
                row=int(np.flatnonzero(given)[0]) if given.any() else 0,
                mend="Add `time_zone: Area/City` under `params:` of the source's file.",
            )
        times = times.dt.tz_convert(local).dt.tz_localize(None)
    nanoseconds = times.where(times.between(_FIRST, _LAST)).astype("datetime64[ns]")
    return nanoseconds, given & nanoseconds.isna().to_numpy()
