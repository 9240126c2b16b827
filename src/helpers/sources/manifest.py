"""The manifest of a snapshot: all that can be said of it without reading a table."""

import hashlib
import json
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from typing import Any

from helpers.errors import DataError, did_you_mean
from helpers.sources.account import Account, Entry

FORMAT = 2  # of the store: a snapshot of another format is built anew


@dataclass(frozen=True)
class TableInfo:
    """One table of a snapshot.

    Attributes:
        name: the canonical table.
        rows: how many.
        columns: column -> kind (text, number, time).
        days: (day or None, stored rows so far, content hash so far), in order.
        sha256: of the Parquet file.
        by: of a derived table, the column whose last stored row counts: a group is stored anew on
            each day that changes it.
    """

    name: str
    rows: int
    columns: dict[str, str]
    days: tuple[tuple[str | None, int, str], ...]
    sha256: str
    by: str | None = None

    def rows_until(self, as_of: date | None) -> int:
        """Return how many of the stored rows are known on that day; all without a day."""
        if as_of is None:
            return self.days[-1][1] if self.days else 0
        known = [day for day, _, _ in self.days if day is not None]
        place = bisect_right(known, as_of.isoformat())
        return self.days[place - 1][1] if place else 0

    def hash_until(self, as_of: date | None = None) -> str:
        """Return the content hash of the rows known on that day; of all without a day."""
        known = [d for d, _, _ in self.days if d is not None] if as_of else list(self.days)
        place = bisect_right(known, as_of.isoformat()) if as_of else len(known)
        return self.days[place - 1][2] if place else "no rows"


@dataclass(frozen=True)
class Manifest:
    """What a snapshot holds; its hash names the snapshot's folder."""

    source: str
    tables: dict[str, TableInfo]
    first_day: date | None
    last_day: date | None
    attributes: dict[str, dict[str, int]]
    account: Account
    files: tuple[dict[str, Any], ...]

    @property
    def snapshot(self) -> str:
        """The hash of the content: tables and account, not files, paths or versions."""
        said = {
            "format": FORMAT,
            "source": self.source,
            "tables": {
                name: [table.rows, table.columns, table.hash_until(), table.by]
                for name, table in self.tables.items()
            },
            "account": [entry.to_json() for entry in self.account.entries],
        }
        text = json.dumps(said, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def table(self, name: str) -> TableInfo:
        """Return one table's info.

        Raises:
            DataError: the snapshot has no such table.
        """
        if name not in self.tables:
            raise DataError(
                f"the source {self.source} has no table {name!r}",
                hint=did_you_mean(name, self.tables),
            )
        return self.tables[name]

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as plain data."""
        derived = {t.table: t.derived_from for t in self.account.tables.values() if t.derived_from}
        return {
            "format": FORMAT,
            "snapshot": self.snapshot,
            "source": self.source,
            "first_day": self.first_day.isoformat() if self.first_day else None,
            "last_day": self.last_day.isoformat() if self.last_day else None,
            "tables": {
                name: {
                    "rows": t.rows,
                    "columns": t.columns,
                    "days": [list(day) for day in t.days],
                    "sha256": t.sha256,
                    "by": t.by,
                }
                for name, t in self.tables.items()
            },
            "attributes": self.attributes,
            "account": [entry.to_json() for entry in self.account.entries],
            "derived": derived,
            "files": list(self.files),
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Manifest":
        """Return the manifest that `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        return cls(
            source=given["source"],
            tables={
                name: TableInfo(
                    name=name,
                    rows=int(t["rows"]),
                    columns=dict(t["columns"]),
                    days=tuple((day, rows, digest) for day, rows, digest in t["days"]),
                    sha256=t["sha256"],
                    by=t["by"],
                )
                for name, t in given["tables"].items()
            },
            first_day=date.fromisoformat(given["first_day"]) if given["first_day"] else None,
            last_day=date.fromisoformat(given["last_day"]) if given["last_day"] else None,
            attributes=given["attributes"],
            account=Account.of(map(Entry.from_json, given["account"]), given["derived"]),
            files=tuple(given["files"]),
        )
