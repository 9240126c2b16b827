"""Read raw extracts as they are: every row gets an id, nothing is converted yet."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from helpers.errors import DataError, did_you_mean
from helpers.sources.decoding import decode
from helpers.sources.mapping import FileTable
from helpers.sources.mapping_parts import Csv
from helpers.sources.texts import TEXT

LONGEST_CELL = 32_767  # what a spreadsheet's cell can hold; more is no name, note or number
_CSV_LIMIT = 2**30

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
        names: the files, in name order.
        broken: per named structural fault, which rows have it.
    """

    frame: pd.DataFrame
    file: np.ndarray
    line: np.ndarray
    names: list[str]
    broken: dict[str, np.ndarray] = field(default_factory=dict)

    def label(self, row: int) -> str:
        """Return the raw row's id, such as `orders.csv:17`."""
        return f"{self.names[self.file[row]]}:{self.line[row]}"


def read(table: FileTable, paths: Iterable[Path], *, root: Path) -> Raw:
    """Return the raw rows of a table's files, one below the other; files are named from `root`.

    Raises:
        DataError: a file is empty, cannot be read, or lacks a mapped column.
    """
    wanted = sorted({name for made in table.columns.values() for name in made.raw})
    readers = {"csv": _csv, "xlsx": _xlsx, "parquet": _parquet}
    kind = table.kind_of_file
    parts, names = [], []
    for path in paths:
        if kind not in readers:
            raise DataError(
                "its name does not say its format", file=path, hint="Add `format: csv`."
            )
        if not path.stat().st_size:
            raise DataError("the file is empty", file=path, hint="Export it again.")
        parts.append(readers[kind](path, table, wanted))
        names.append(path.relative_to(root).as_posix())
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    return Raw(
        frame=frame,
        file=np.repeat(np.arange(len(parts)), [len(part.frame) for part in parts]),
        line=np.concatenate([part.line for part in parts]),
        names=names,
        broken={
            fault: np.concatenate(
                [part.broken.get(fault, np.zeros(len(part.frame), bool)) for part in parts]
            )
            for fault in sorted({fault for part in parts for fault in part.broken})
        },
    )


def _csv(path: Path, table: FileTable, wanted: list[str]) -> Raw:
    header, rows, lines = _csv_rows(path, table.csv)
    places = _places(path, header, wanted)
    widths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    ragged = widths != len(header)
    padding = [""] * len(header)
    for number in np.flatnonzero(ragged):
        rows[number] = (rows[number] + padding)[: len(header)]
    blank = np.fromiter((not any(row) for row in rows), dtype=bool, count=len(rows))
    columns = {name: [row[place] for row in rows] for name, place in places.items()}
    broken = {BLANK: blank, "ragged_row": ragged}
    return _part(path, columns, np.array(lines, dtype=np.int64), broken)


def _csv_rows(path: Path, how: Csv) -> tuple[list[str], list[list[str]], list[int]]:
    reader = csv.reader(
        io.StringIO(decode(path, how.encoding), newline=""), delimiter=how.delimiter, strict=True
    )
    rows: list[list[str]] = []
    lines: list[int] = []
    start = 1
    try:
        with _wide_cells():
            for row in reader:
                if row:
                    rows.append(row)
                    lines.append(start)
                start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"line {start} is no CSV: {error}",
            file=path,
            hint="A quote that is never closed, or a wrong `delimiter`?",
        ) from error
    if not rows:
        raise DataError("the file holds no header", file=path, hint="Export it again.")
    return rows[0], rows[1:], lines[1:]


@contextmanager
def _wide_cells() -> Iterator[None]:
    """Let the csv module read a cell of any size, so that its row can be quarantined by name."""
    before = csv.field_size_limit(_CSV_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _xlsx(path: Path, table: FileTable, wanted: list[str]) -> Raw:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise DataError(f"is no Excel workbook: {error}", file=path) from error
    try:
        name = table.sheet or book.sheetnames[0]
        if name not in book.sheetnames:
            hint = did_you_mean(name, book.sheetnames)
            raise DataError(f"has no sheet {name!r}", file=path, hint=hint)
        rows, lines = [], []
        for number, row in enumerate(book[name].iter_rows(values_only=True), start=1):
            if any(cell is not None for cell in row):
                rows.append(list(row))
                lines.append(number)
    finally:
        book.close()
    if not rows:
        raise DataError(f"the sheet {name!r} is empty", file=path, hint="Export it again.")
    places = _places(path, ["" if cell is None else str(cell) for cell in rows[0]], wanted)
    # A row that ends early has blank cells there: that is how Excel writes them.
    columns: dict[str, list[Any]] = {
        name: [row[place] if place < len(row) else None for row in rows[1:]]
        for name, place in places.items()
    }
    return _part(path, columns, np.array(lines[1:], dtype=np.int64), {})


def _parquet(path: Path, table: FileTable, wanted: list[str]) -> Raw:
    try:
        names = pq.read_schema(path).names
        _places(path, names, wanted)
        found = pq.read_table(path, columns=wanted)
        columns = {name: _plain(found.column(name)) for name in wanted}
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"is no Parquet file: {error}", file=path) from error
    return _part(path, columns, np.arange(len(found), dtype=np.int64) + 2, {})


def _plain(column: pa.ChunkedArray) -> "pd.Series[Any]":
    """Return a Parquet column as nullable integers, floats, times or text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_integer(kind):
        return column.cast(pa.int64()).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64()).to_pandas()
    if pa.types.is_timestamp(kind):
        return column.to_pandas()
    if pa.types.is_date(kind):
        return column.cast(pa.timestamp("us")).to_pandas()
    return pd.Series(column.cast(pa.string()).to_pandas(), dtype=TEXT)


def _places(path: Path, header: list[str], wanted: list[str]) -> dict[str, int]:
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


def _part(
    path: Path, columns: dict[str, Any], line: np.ndarray, broken: dict[str, np.ndarray]
) -> Raw:
    frame = pd.DataFrame(index=pd.RangeIndex(len(line)))
    oversized = np.zeros(len(line), bool)
    for name, values in columns.items():
        text = isinstance(values, list) and all(isinstance(value, str) for value in values)
        series = pd.Series(values, dtype=TEXT if text else None if len(line) else object)
        if series.dtype == TEXT:
            long = series.str.len().fillna(0).to_numpy(dtype=np.int64) > LONGEST_CELL
            if long.any():
                oversized |= long
                series = series.mask(long, "(cell too long to keep)")
        frame[name] = series
    broken = {**broken, "oversized_cell": oversized}
    return Raw(frame, np.zeros(len(line), np.int64), line, [path.name], broken)
