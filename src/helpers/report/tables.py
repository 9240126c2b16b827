"""From a frame to a table that a page can show: guarded, labelled, formatted."""

import math
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from helpers.document import Column, Table
from helpers.errors import ReportError, did_you_mean
from helpers.metrics.contracts import Unit
from helpers.report.disclosure import Columns, protect
from helpers.report.format import NOTHING, Formatter

_PARTS = {"segment", "cohort", "store", "bin", "category", "campaign"}


def build(
    frame: pd.DataFrame,
    fmt: Formatter,
    *,
    title: str,
    grain: str,
    units: Mapping[str, Unit] | None = None,
    labels: Mapping[str, str] | None = None,
    customers: Columns = None,
    note: str = "",
    id: str = "",
    parts: bool = True,
) -> Table:
    """Return the table block of a frame.

    Args:
        frame: one row a group of the grain; columns are shown in their order.
        fmt: writes the numbers.
        title: heading.
        grain: what one row is about.
        units: column to unit; a numeric column without one is a count if integer, else a number.
        labels: column to heading; by default the column's name in words.
        customers: column or columns with the number of customers behind each row.
        note: a sentence under the table.
        id: anchor; by default made from the title.
        parts: whether the rows may be parts of a total that is known: where a small one is
            hidden, so is what it could be worked out from.

    Raises:
        DisclosureError: the rows are about single customers, or nothing counts them.
        ReportError: `units` or `labels` name a column that is not there.
    """
    for name in [*(units or {}), *(labels or {})]:
        if name not in frame.columns:
            raise ReportError(
                f"table {title!r}: the frame has no column {name!r}",
                hint=did_you_mean(name, map(str, frame.columns)),
            )
    within = () if parts and grain in _PARTS else None
    found = protect(frame, grain=grain, customers=customers, title=title, within=within)
    shown = found.frame
    columns = [_column(shown, str(name), units or {}, labels or {}) for name in shown.columns]
    rows = [[_raw(value) for value in row] for row in shown.itertuples(index=False, name=None)]
    text = [
        [_text(value, column, fmt) for value, column in zip(row, columns, strict=True)]
        for row in shown.itertuples(index=False, name=None)
    ]
    note = " ".join(part for part in (note, found.note) if part)
    return Table(id or slug(title), title, grain, columns, rows, text, note, found.hidden)


def slug(title: str) -> str:
    """Return an anchor for a title."""
    return re.sub(r"[^\w]+", "-", title.lower()).strip("-") or "table"


def _column(
    frame: pd.DataFrame, name: str, units: Mapping[str, Unit], labels: Mapping[str, str]
) -> Column:
    kind = frame[name].dtype
    numeric = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
    default = "count" if pd.api.types.is_integer_dtype(kind) else "number"
    unit = units.get(name, default if numeric else "text")
    label = labels.get(name) or name.replace("_", " ").capitalize()
    return Column(name, label, unit, "right" if numeric or unit != "text" else "left")


def _raw(value: Any) -> Any:
    """Return a JSON value; floats carry six significant digits, the same on any machine."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, bool) or (hasattr(value, "dtype") and value.dtype == bool):
        return bool(value)
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat() if value == value.normalize() else value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value if isinstance(value, (int, str)) else str(value)


def _text(value: Any, column: Column, fmt: Formatter) -> str:
    if isinstance(value, pd.Timestamp):
        return fmt.day(value.date())
    if column.unit == "text":
        empty = value is None or value is pd.NaT or value is pd.NA or value != value
        return NOTHING if empty else str(value)
    return fmt.value(None if value is pd.NA else value, column.unit)
