"""Read CSV files row by row, so that each keeps its line and a broken one breaks no other."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from helpers.errors import DataError
from helpers.sources.decoding import decode
from helpers.sources.mapping import FileTable
from helpers.sources.mapping_parts import Csv
from helpers.sources.raw import BLANK, Raw, part, places_of

_CHUNK = 50_000  # rows at a time become Arrow, which holds text in a fifth of the room
_CSV_LIMIT = 2**30


def read_csv(path: Path, table: FileTable, wanted: list[str]) -> Raw:
    """Return the wanted columns of a CSV file as text; empty lines are no rows.

    Raises:
        DataError: it is no text in the declared encoding, no CSV, or lacks a wanted column.
    """
    rows = _rows(path, table.csv)
    _, header = next(rows, (0, []))
    if not header:
        raise DataError("the file holds no header", file=path, hint="Export it again.")
    places = places_of(path, header, wanted)
    columns: dict[str, list[pa.Array]] = {name: [] for name in places}
    lines, blank, ragged = _none(np.int64), _none(bool), _none(bool)
    while chunk := list(islice(rows, _CHUNK)):
        cells = [_of_width(row, len(header)) for _, row in chunk]
        for name, place in places.items():
            columns[name].append(pa.array([row[place] for row in cells], pa.string()))
        lines.append(np.array([line for line, _ in chunk], np.int64))
        blank.append(np.array([not any(row) for _, row in chunk], bool))
        ragged.append(np.array([len(row) != len(header) for _, row in chunk], bool))
    found = {name: pa.chunked_array(parts, pa.string()) for name, parts in columns.items()}
    broken = {BLANK: np.concatenate(blank), "ragged_row": np.concatenate(ragged)}
    return part(path, found, np.concatenate(lines), broken)


def _none(kind: type) -> list[np.ndarray]:
    return [np.array([], kind)]


def _of_width(row: list[str], width: int) -> list[str]:
    return row if len(row) == width else (row + [""] * width)[:width]


def _rows(path: Path, how: Csv) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that has a cell, with the line it begins on."""
    text = io.StringIO(decode(path, how.encoding), newline="")
    reader = csv.reader(text, delimiter=how.delimiter, strict=True)
    start = 1
    try:
        with _wide_cells():
            for row in reader:
                if row:
                    yield start, row
                start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"line {start} is no CSV: {error}",
            file=path,
            hint="A quote that is never closed, or a wrong `delimiter`?",
        ) from error


@contextmanager
def _wide_cells() -> Iterator[None]:
    """Let the csv module read a cell of any size, so that its row can be quarantined by name."""
    before = csv.field_size_limit(_CSV_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)
