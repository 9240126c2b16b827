"""Write clean tables as Parquet and say in a manifest what they hold."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from helpers.sources.canonical import COVERING, TABLES
from helpers.sources.content import day_hashes, kind_of
from helpers.sources.freshness import sha256
from helpers.sources.manifest import Manifest, TableInfo
from helpers.sources.texts import TEXT
from helpers.sources.versions import latest

if TYPE_CHECKING:
    from helpers.sources.building import Built

_FEW = 60  # an attribute with more values is no segment


def write_tables(source: str, made: "Built", files: list[dict[str, Any]], folder: Path) -> Manifest:
    """Write each table into the folder and return the manifest."""
    tables: dict[str, TableInfo] = {}
    by = made.by
    for name, frame in made.tables.items():
        path = folder / f"{name}.parquet"
        # pandas' own metadata would force this process's string type on every reader.
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(table, path, compression="zstd")
        tables[name] = TableInfo(
            name=name,
            rows=frame[by[name]].nunique() if name in by else len(frame),
            columns={column: kind_of(frame[column]) for column in map(str, frame)},
            days=tuple((d, n, h) for d, n, h in day_hashes(frame, made.seen[name])),
            sha256=sha256(path),
            by=by.get(name),
        )
    first, last = _covered(made)
    return Manifest(
        source=source,
        tables=tables,
        first_day=first,
        last_day=last,
        attributes=_attributes(made.tables.get("customers"), by.get("customers")),
        account=made.account,
        files=tuple(files),
    )


def _covered(made: "Built") -> tuple[date | None, date | None]:
    days = [made.seen[name] for name in COVERING if name in made.seen and len(made.seen[name])]
    known = np.concatenate(days) if days else np.array([], "datetime64[D]")
    known = known[~np.isnat(known)]
    return (known.min().item(), known.max().item()) if len(known) else (None, None)


def _attributes(customers: pd.DataFrame | None, by: str | None) -> dict[str, dict[str, int]]:
    """Return, per attribute of the customers with few values, how many customers have each.

    A value that customers had, and none has any more, is there with none: an earlier period may
    still be sliced by it.
    """
    if customers is None:
        return {}
    now = latest(customers, by) if by else customers
    spec = TABLES["customers"]
    found = {}
    for name in sorted(map(str, customers)):
        if spec.kind(name) is None and customers[name].dtype == TEXT:
            values, counts = customers[name].dropna().unique(), now[name].value_counts()
            if len(values) <= _FEW:
                found[name] = {str(value): int(counts.get(value, 0)) for value in sorted(values)}
    return found
