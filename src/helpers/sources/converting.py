"""The first pass: raw cells to canonical types; what cannot be read is flagged, never guessed."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.errors import DataError
from helpers.sources.canonical import Kind, TableSpec
from helpers.sources.mapping import FileTable
from helpers.sources.mapping_parts import Column
from helpers.sources.raw import Raw
from helpers.sources.texts import TEXT, as_text
from helpers.sources.times import UndeclaredError, to_time

TOO_LARGE = 1e15  # from there on cents are lost, and sums of a table may be no number any more
_MONEY_DECIMALS = 4  # prices have up to three; rounding removes the noise of binary sums


@dataclass
class Cells:
    """A converted column: `wrong` rows held something that could not be read."""

    values: "pd.Series[Any]"
    wrong: np.ndarray
    trimmed: np.ndarray


@dataclass
class Converted:
    """A raw table in canonical columns, with what could not be read and what was trimmed."""

    frame: pd.DataFrame
    wrong: dict[str, np.ndarray]
    trimmed: dict[str, np.ndarray]


def convert(raw: Raw, table: FileTable, spec: TableSpec, *, local: str | None) -> Converted:
    """Return the raw rows in the mapping's columns and kinds; rows keep their numbers.

    Raises:
        DataError: dates such as 03/04/2017 and a mapping that does not say which part is the month;
            times with an offset and no local time zone.
    """
    made: dict[str, Cells] = {}
    for name, column in table.columns.items():
        kind = spec.kind(name) or column.resolved_kind
        try:
            made[name] = _cells(raw.frame, column, kind, table, local)
        except UndeclaredError as error:
            raise DataError(
                str(error),
                file=raw.root / raw.names[raw.file[error.row]],
                column=column.column,
                keys=[raw.label(error.row)],
                hint=error.mend.format(name=name, column=column.column),
            ) from error
    return Converted(
        frame=pd.DataFrame({name: cells.values for name, cells in made.items()}),
        wrong={name: cells.wrong for name, cells in made.items() if cells.wrong.any()},
        trimmed={name: cells.trimmed for name, cells in made.items() if cells.trimmed.any()},
    )


def _cells(
    frame: pd.DataFrame, column: Column, kind: Kind, table: FileTable, local: str | None
) -> Cells:
    rows = len(frame)
    if column.literal is not None:
        raw: pd.Series[Any] = pd.Series([str(column.literal)] * rows, dtype=TEXT)
        return _read(raw, kind, column, table, local)
    if column.column is not None:
        cells = _read(frame[column.column], kind, column, table, local)
        if column.values is not None:
            cells.values = _recode(cells.values, column)
        return cells
    parts = [_read(frame[name], "number", column, table, local) for name in column.raw]
    values = parts[0].values
    for part in parts[1:]:
        values = values + part.values if column.sum else values * part.values
    wrong = np.logical_or.reduce([part.wrong for part in parts])
    wrong |= (values.abs() >= TOO_LARGE).to_numpy(bool)
    values = values.mask(wrong)
    rounded = values.round(_MONEY_DECIMALS) if kind == "money" else values
    return Cells(rounded, wrong, np.zeros(rows, bool))


def _recode(values: "pd.Series[Any]", column: Column) -> "pd.Series[Any]":
    new = values.map(column.values or {}).astype(TEXT)
    return new.fillna(values if column.otherwise is None else column.otherwise).mask(values.isna())


def _read(
    raw: "pd.Series[Any]", kind: Kind, column: Column, table: FileTable, local: str | None
) -> Cells:
    nothing = np.zeros(len(raw), bool)
    if kind in {"id", "text"}:
        text = as_text(raw)
        blank = (text.str.strip() == "").fillna(False)
        text = text.mask(blank)
        if kind == "text":
            return Cells(text, nothing, nothing)
        stripped = text.str.strip()
        return Cells(stripped, nothing, (stripped != text).fillna(False).to_numpy(bool))
    if kind in {"number", "money"}:
        decimal = column.decimal or table.csv.decimal
        thousands = table.csv.thousands if column.thousands is None else column.thousands
        numbers, wrong = to_number(raw, decimal=decimal, thousands=thousands)
        wrong |= (numbers.abs() >= TOO_LARGE).to_numpy(bool)
        numbers = numbers.mask(wrong)
        return Cells(numbers.round(_MONEY_DECIMALS) if kind == "money" else numbers, wrong, nothing)
    times, wrong = to_time(raw, format=column.format, zone=column.time_zone, local=local)
    return Cells(times.dt.normalize() if kind == "date" else times, wrong, nothing)


def to_number(
    raw: "pd.Series[Any]", *, decimal: str = ".", thousands: str = ""
) -> tuple["pd.Series[Any]", np.ndarray]:
    """Return cells as float64, and which of them hold something that is no finite number.

    Grouping signs count only between groups of three, so that 1,23 is not read as 123.
    """
    if pd.api.types.is_numeric_dtype(raw.dtype):
        numbers = pd.Series(raw.to_numpy(dtype="float64", na_value=np.nan))
        infinite = np.isinf(numbers.to_numpy())
        return numbers.mask(infinite), infinite
    if raw.dtype == object:
        is_number = np.array([_is_number(cell) for cell in raw], bool)
        text, wrong = to_number(as_text(raw.mask(is_number)), decimal=decimal, thousands=thousands)
        numbers = pd.to_numeric(raw.where(is_number), errors="coerce").astype("float64")
        return numbers.fillna(text), wrong
    text = as_text(raw).str.replace("[\u00a0\u202f]", " ", regex=True).str.strip()
    whole = r"\d+"
    if thousands:
        whole = rf"\d{{1,3}}({re.escape(thousands)}\d{{3}})+|\d+"
    pattern = (
        rf"([+-]?(({whole})({re.escape(decimal)}\d*)?|{re.escape(decimal)}\d+)([eE][+-]?\d+)?)"
    )
    fits = text.str.fullmatch(pattern).fillna(False).to_numpy(bool)
    plain = text.where(fits)
    if thousands:
        plain = plain.str.replace(thousands, "", regex=False)
    if decimal != ".":
        plain = plain.str.replace(decimal, ".", regex=False)
    found = pd.to_numeric(plain, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    found[np.isinf(found)] = np.nan
    blank = (text.isna() | (text == "").fillna(False)).to_numpy(bool)
    return pd.Series(found), np.isnan(found) & ~blank


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)
