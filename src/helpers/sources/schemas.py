"""The second pass: pandera schemas of the canonical tables, and the rows that break them."""

from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from helpers.errors import DataError
from helpers.sources.canonical import TABLES, Kind
from helpers.sources.reading import TEXT

DTYPES: dict[Kind, Any] = {
    "id": TEXT,
    "text": TEXT,
    "money": "float64",
    "number": "float64",
    "time": "datetime64[ns]",
    "date": "datetime64[ns]",
}
EARLIEST = pd.Timestamp("1900-01-01")
REASONS = {
    "missing": "The canonical table cannot do without this value.",
    "before_1900": "A date before 1900 is a placeholder or a slip.",
    "future": "It had not happened yet when the data was read.",
    "ends_before_it_starts": "A campaign cannot end before it starts.",
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
        if name in spec.columns:
            checks.append(_check("missing", lambda s: s.notna()))
        made[name] = pa.Column(DTYPES[kind], checks=checks, nullable=True)
    whole = []
    if {"starts_on", "ends_on"} <= set(columns):
        whole.append(_check("ends_before_it_starts", lambda f: ~(f["ends_on"] < f["starts_on"])))
    key = [name for name in spec.key if name in columns]
    if table == "campaign_contacts" and "contacted_at" in columns:
        key.append("contacted_at")
    return pa.DataFrameSchema(
        made, checks=whole, unique=(key or None) if final else None, strict=final
    )


def _check(name: str, test: Any) -> pa.Check:
    return pa.Check(test, name=name, ignore_na=False)


def breaches(table: str, frame: pd.DataFrame, *, today: pd.Timestamp) -> dict[str, np.ndarray]:
    """Return, per named breach of the row-wise schema, the index labels of the rows.

    A breach is named after check and column: `missing_customer_id`, `future_ordered_at`.
    """
    columns = list(frame.columns)
    try:
        schema(table, columns, today=today, final=False).validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        if cases["index"].isna().any():
            raise _fault(table, cases) from error
        found: dict[str, np.ndarray] = {}
        for (check, column), rows in cases.groupby(["check", "column"], dropna=False, sort=False):
            whole = check in {"ends_before_it_starts"}
            name = str(check) if whole else f"{check}_{column}"
            found[name] = rows["index"].astype("int64").unique()
        return found
    return {}


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


def empty(table: str) -> pd.DataFrame:
    """Return the table without rows, its required columns typed."""
    spec = TABLES[table]
    return pd.DataFrame({name: pd.Series([], dtype=DTYPES[k]) for name, k in spec.columns.items()})
