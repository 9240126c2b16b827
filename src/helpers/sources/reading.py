"""Read raw extracts as they are: every row gets an id, nothing is converted yet."""

import re
import zipfile
from collections.abc import Iterable
from datetime import datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from helpers.errors import DataError, did_you_mean
from helpers.sources.csvfiles import read_csv
from helpers.sources.mapping import FileTable
from helpers.sources.raw import Raw, part, places_of
from helpers.sources.texts import DAYS, TEXT

MIDNIGHT = time()
# Text, colours and languages in a spreadsheet's number format: letters that show no part of a time.
_NOT_SHOWN = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')


def read(table: FileTable, paths: Iterable[Path], *, root: Path) -> Raw:
    """Return the raw rows of a table's files, one below the other; files are named from `root`.

    Raises:
        DataError: a file is empty, cannot be read, or lacks a mapped column.
    """
    wanted = sorted({name for made in table.columns.values() for name in made.raw})
    readers = {"csv": read_csv, "xlsx": _xlsx, "parquet": _parquet}
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
    frame = pd.concat([one.frame for one in parts], ignore_index=True)
    return Raw(
        frame=frame,
        file=np.repeat(np.arange(len(parts)), [len(one.frame) for one in parts]),
        line=np.concatenate([one.line for one in parts]),
        names=names,
        root=root,
        broken={
            fault: np.concatenate(
                [one.broken.get(fault, np.zeros(len(one.frame), bool)) for one in parts]
            )
            for fault in sorted({fault for one in parts for fault in one.broken})
        },
    )


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
        for number, row in enumerate(book[name].iter_rows(), start=1):
            cells = [_of_workbook(cell) for cell in row]
            if any(cell is not None for cell in cells):
                rows.append(cells)
                lines.append(number)
    finally:
        book.close()
    if not rows:
        raise DataError(f"the sheet {name!r} is empty", file=path, hint="Export it again.")
    places = places_of(path, ["" if cell is None else str(cell) for cell in rows[0]], wanted)
    # A row that ends early has blank cells there: that is how Excel writes them.
    columns: dict[str, list[Any]] = {
        name: [row[place] if place < len(row) else None for row in rows[1:]]
        for name, place in places.items()
    }
    return part(path, columns, np.array(lines[1:], dtype=np.int64), {})


def _of_workbook(cell: Any) -> Any:
    """Return a cell's value; midnight that is shown without a time of day is a day."""
    value = cell.value
    if not isinstance(value, datetime) or value.time() != MIDNIGHT:
        return value
    shown = _NOT_SHOWN.sub("", cell.number_format).lower()
    return value if "h" in shown or "s" in shown else value.date()


def _parquet(path: Path, table: FileTable, wanted: list[str]) -> Raw:
    try:
        names = pq.read_schema(path).names
        places_of(path, names, wanted)
        found = pq.read_table(path, columns=wanted)
        columns = {name: _plain(found.column(name)) for name in wanted}
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"is no Parquet file: {error}", file=path) from error
    return part(path, columns, np.arange(len(found), dtype=np.int64) + 2, {})


def _plain(column: pa.ChunkedArray) -> "pd.Series[Any]":
    """Return a Parquet column as nullable integers, floats, times, days or text."""
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
        return column.cast(DAYS.pyarrow_dtype).to_pandas(types_mapper={pa.date32(): DAYS}.get)
    return pd.Series(column.cast(pa.string()).to_pandas(), dtype=TEXT)
