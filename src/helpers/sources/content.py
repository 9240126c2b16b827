"""What a table's content hashes to, day by day, independent of file format and machine."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from helpers.sources.texts import TEXT, arrow

_NAT = np.iinfo(np.int64).min


def day_hashes(frame: pd.DataFrame, days: Any) -> list[list[Any]]:
    """Return [day, rows so far, hash so far] for each day on which rows become known.

    The hash at a day is SHA-256 over the hash of the day before and that day's rows, so it covers
    exactly the rows that a report with that `as_of` may see. Rows known on no day come last, with
    day None. Columns count by name and kind; text as UTF-8, numbers as IEEE 754, times as
    nanoseconds.

    Args:
        frame: sorted by the day its rows are known from.
        days: datetime64[D] a row, NaT last.
    """
    columns = [
        (name, kind_of(frame[name]), *_bytes(frame[name])) for name in sorted(map(str, frame))
    ]
    chain = hashlib.sha256("\0".join(f"{name}:{kind}" for name, kind, *_ in columns).encode())
    numbers = days.astype("int64")
    cuts = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1 if len(numbers) else np.array([], int)
    starts, ends = np.r_[0, cuts].astype(int), np.r_[cuts, len(numbers)].astype(int)
    found: list[list[Any]] = []
    for start, end in zip(starts, ends, strict=True):
        if start == end:
            continue
        for _, _, values, offsets in columns:
            if offsets is None:
                chain.update(values[start:end].tobytes())
            else:
                chain.update((offsets[start : end + 1] - offsets[start]).tobytes())
                chain.update(values[offsets[start] : offsets[end]])
        day = None if numbers[start] == _NAT else str(days[start])
        chain = hashlib.sha256(chain.digest() + str(day).encode())
        found.append([day, int(end), chain.hexdigest()[:32]])
    return found


def kind_of(values: "pd.Series[Any]") -> str:
    """Return whether a column holds text, times or numbers."""
    if values.dtype == TEXT:
        return "text"
    return "time" if pd.api.types.is_datetime64_any_dtype(values.dtype) else "number"


def _bytes(values: "pd.Series[Any]") -> tuple[Any, Any]:
    """Return a column's values; text as one run of bytes, with offsets."""
    if values.dtype == TEXT:
        # A missing text and an empty one must differ: each cell is led by a byte that tells.
        cells = [
            b"\0" if cell is None else b"\1" + cell.encode() for cell in arrow(values).to_pylist()
        ]
        lengths = np.fromiter(map(len, cells), dtype="<i8", count=len(cells))
        return b"".join(cells), np.r_[0, np.cumsum(lengths)].astype("<i8")
    if kind_of(values) == "time":
        return values.to_numpy("datetime64[ns]").astype("<i8"), None
    numbers = values.to_numpy("<f8", na_value=np.nan) + 0.0  # no negative zero
    numbers[np.isnan(numbers)] = np.nan  # and one kind of NaN
    return numbers, None
