"""The second pass: pandera schemas of the canonical tables, and the rows that break them."""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from helpers.errors import DataError
from helpers.sources.canonical import TABLES, Kind
from helpers.sources.texts import TEXT

DTYPES: dict[Kind, Any] = {
    "id": TEXT,
    "text": TEXT,
    "money": "float64",
    "number": "float64",
    "time": "datetime64[ns]",
    "date": "datetime64[ns]",
}
EARLIEST = pd.Timestamp("1900-01-01")
_ENDS = "ends_before_it_starts"
REASONS = {
    "missing": "The canonical table cannot do without this value.",
    "before_1900": "A date before 1900 is a placeholder or a slip.",
    "future": "It had not happened yet when the data was read.",
    "below_zero": "This money is never owed back: a refund belongs to the orders.",
    _ENDS: "It cannot end before it starts.",
}


def schema(
    table: str, columns: list[str], *, today: pd.Timestamp, final: bool
) -> pa.DataFrameSchema:
    """Return the schema of a canonical table with these columns.

    `final` also demands what single rows cannot show: unique keys and no column beside those.
    """
    spec = TABLES[table]
    made = {}
    for name in columns:
        kind = spec.kind(name)
        if kind is None:
            made[name] = pa.Column(nullable=True)
            continue
        checks = []
        if kind in {"time", "date"}:
            checks.append(_check("before_1900", lambda s: s.isna() | (s >= EARLIEST)))
        if name == spec.event and spec.happened:
            after = today + pd.Timedelta(days=1)
            checks.append(_check("future", lambda s, after=after: s.isna() | (s < after)))
        if name in spec.not_negative:
            checks.append(_check("below_zero", lambda s: ~(s < 0)))
        if name in spec.columns and name not in spec.blank:
            checks.append(_check("missing", lambda s: s.notna()))
        made[name] = pa.Column(DTYPES[kind], checks=checks, nullable=True)
    whole = []
    if {"starts_on", "ends_on"} <= set(columns):
        whole.append(_check(_ENDS, lambda f: ~(f["ends_on"] < f["starts_on"])))
    key = list(spec.key_in(columns))
    return pa.DataFrameSchema(
        made, checks=whole, unique=(key or None) if final else None, strict=final
    )


def _check(name: str, test: Any) -> pa.Check:
    return pa.Check(test, name=name, ignore_na=False)


@dataclass(frozen=True)
class Breach:
    """Rows that break one check, such as `missing_customer_id` or `future_ordered_at`."""

    name: str
    check: str
    column: str
    rows: "pd.Index[Any]"

    def renamed(self, columns: dict[str, str]) -> "Breach":
        """Return the breach by another name of its column."""
        column = columns.get(self.column, self.column)
        return replace(self, name=_named(self.check, column), column=column)


def _named(check: str, column: str) -> str:
    return check if check == _ENDS else f"{check}_{column}"


def breaches(table: str, frame: pd.DataFrame, *, today: pd.Timestamp) -> list[Breach]:
    """Return what breaks the schema row by row; the rows are the frame's index labels.

    Raises:
        DataError: a whole column breaks it: a fault of the cleaning.
    """
    try:
        made = schema(table, list(frame.columns), today=today, final=False)
        made.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        if cases["index"].isna().any():
            raise _fault(table, cases) from error
        found: list[Breach] = []
        for (check, column), rows in cases.groupby(["check", "column"], sort=False):
            name = _named(str(check), str(column))
            if name not in {breach.name for breach in found}:
                at = pd.Index(rows["index"].unique())
                found.append(Breach(name, str(check), str(column), at))
        return found
    return []


def validate(table: str, frame: pd.DataFrame, *, today: pd.Timestamp) -> None:
    """Hold a finished canonical table against its whole schema.

    Raises:
        DataError: it breaks it: a fault of the cleaning, for bad rows were to be quarantined.
    """
    try:
        schema(table, list(frame.columns), today=today, final=True).validate(frame, lazy=True)
    except SchemaErrors as error:
        raise _fault(table, error.failure_cases) from error


def _fault(table: str, cases: pd.DataFrame) -> DataError:
    first = cases.iloc[0]
    return DataError(
        f"the cleaned table {table} breaks its schema: {first['check']} ({first['failure_case']})",
        column=None if pd.isna(first["column"]) else str(first["column"]),
        hint="This is a fault of the cleaning, not of the data: please report it.",
    )
