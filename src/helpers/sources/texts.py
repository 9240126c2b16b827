"""Raw cells as text, whatever type a file gave them."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TEXT = pd.StringDtype("pyarrow")
DAYS = pd.ArrowDtype(pa.date32())  # days without a time of day, which no time zone moves


def as_text(raw: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return cells as text; a whole number stored as a float loses its `.0`."""
    if raw.dtype == TEXT:
        return raw
    if pd.api.types.is_float_dtype(raw.dtype):
        whole = raw.mod(1).eq(0) & raw.abs().lt(2**53)
        return raw.where(whole).astype("Int64").astype(TEXT).fillna(raw.astype(TEXT)).astype(TEXT)
    if raw.dtype == object:
        return pd.Series([_cell_text(cell) for cell in raw], dtype=TEXT)
    return raw.astype(TEXT)


def _cell_text(cell: object) -> str | None:
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell)):
        return None
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def arrow(values: "pd.Series[Any]") -> pa.Array:
    """Return text as Arrow, missing cells as nulls."""
    found = pa.array(values.astype(TEXT).array, type=pa.string(), from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def isin(values: "pd.Series[Any]", ids: "pd.Series[Any]") -> np.ndarray:
    """Return which texts are among the ids.

    pandas would make a Python string of each text to ask that.
    """
    found = pc.is_in(arrow(values), value_set=arrow(ids).drop_null())
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)


def places(values: "pd.Series[Any]", ids: "pd.Series[Any]") -> np.ndarray:
    """Return the place of each text among the ids, which are unique; -1 where it is not there."""
    found = pc.index_in(arrow(values), value_set=arrow(ids), skip_nulls=True)
    return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
