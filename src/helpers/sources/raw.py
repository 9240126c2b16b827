"""Raw rows: each with an id, nothing converted yet."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.errors import DataError, did_you_mean
from helpers.sources.texts import TEXT

LONGEST_CELL = 32_767  # what a spreadsheet's cell can hold; more is no name, note or number

BLANK = "blank_row"
BROKEN = {
    "ragged_row": "The row has more or fewer cells than the header.",
    "oversized_cell": f"A cell holds more than {LONGEST_CELL:,} characters.",
}


@dataclass
class Raw:
    """The raw rows of one canonical table.

    Attributes:
        frame: one row a raw row, numbered from 0; text files arrive as text.
        file: per row, the number of its file in `names`.
        line: per row, its line or row in that file, the header being 1.
        names: the files, in name order, as they are called in the folder `root`.
        broken: per named structural fault, which rows have it.
    """

    frame: pd.DataFrame
    file: np.ndarray
    line: np.ndarray
    names: list[str]
    root: Path
    broken: dict[str, np.ndarray] = field(default_factory=dict)

    def label(self, row: int) -> str:
        """Return the raw row's id, such as `orders.csv:17`."""
        return f"{self.names[self.file[row]]}:{self.line[row]}"


def places_of(path: Path, header: list[str], wanted: list[str]) -> dict[str, int]:
    """Return where the wanted columns stand in the header.

    Raises:
        DataError: one is not there, or is there twice.
    """
    places = {}
    for name in wanted:
        if name not in header:
            raise DataError(
                "no such column",
                file=path,
                column=name,
                hint=did_you_mean(name, filter(None, header)),
            )
        if header.count(name) > 1:
            raise DataError("two columns have this name", file=path, column=name)
        places[name] = header.index(name)
    return places


def part(
    path: Path, columns: dict[str, Any], line: np.ndarray, broken: dict[str, np.ndarray]
) -> Raw:
    """Return the rows of one file; text columns come as Arrow, others as lists or series."""
    frame = pd.DataFrame(index=pd.RangeIndex(len(line)))
    oversized = np.zeros(len(line), bool)
    for name, values in columns.items():
        if isinstance(values, pa.ChunkedArray):
            values = TEXT.__from_arrow__(values.combine_chunks())
        series = pd.Series(values, dtype=object if isinstance(values, list) else None)
        if series.dtype == TEXT:
            long = series.str.len().fillna(0).to_numpy(dtype=np.int64) > LONGEST_CELL
            if long.any():
                oversized |= long
                series = series.mask(long, "(cell too long to keep)")
        frame[name] = series
    broken = {**broken, "oversized_cell": oversized}
    return Raw(frame, np.zeros(len(line), np.int64), line, [path.name], path.parent, broken)
