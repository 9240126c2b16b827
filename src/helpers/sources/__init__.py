"""From raw extracts to canonical tables: mapping, cleaning, account and snapshot store."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from helpers.errors import DataError
from helpers.sources.account import Account
from helpers.sources.declaration import Declaration, available, read_declaration
from helpers.sources.manifest import Manifest, TableInfo
from helpers.sources.tables import Tables

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["Account", "SourceInfo", "Tables", "available", "describe", "load", "pinned"]


@dataclass(frozen=True)
class SourceInfo:
    """What can be said of a source without reading a table.

    Attributes:
        source, label, note: name, name for titles, and what it cannot support.
        snapshot: the hash of its clean tables and their account.
        first_day, last_day: the days it covers.
        tables: per canonical table rows, columns and content hashes (`hash_until(as_of)`).
        attributes: per attribute of the customers, how many customers have each value.
        account: what cleaning did to every raw row.
        files: the raw files: `name`, `sha256`, `rows`.
        path: the folder of the snapshot.
    """

    source: str
    label: str
    note: str
    snapshot: str
    first_day: date | None
    last_day: date | None
    tables: dict[str, TableInfo]
    attributes: dict[str, dict[str, int]]
    account: Account
    files: tuple[dict[str, Any], ...]
    path: "Path"

    def has(self, name: str) -> bool:
        """Return whether the source has the canonical table."""
        return name in self.tables


def describe(source: str) -> SourceInfo:
    """Return what the source's snapshot says of itself; it is built if it is not current.

    Raises:
        UsageError: no such source. ParameterError: its file is not valid.
        DataError: raw files are missing, cannot be read, or do not pass the quality gate.
    """
    from helpers.sources.snapshot import current

    said = read_declaration(source)
    manifest, folder = current(said)
    return _info(said, manifest, folder)


def _info(said: Declaration, manifest: Manifest, folder: "Path") -> SourceInfo:
    return SourceInfo(
        source=said.source,
        label=said.label,
        note=said.note,
        snapshot=manifest.snapshot,
        first_day=manifest.first_day,
        last_day=manifest.last_day,
        tables=manifest.tables,
        attributes=manifest.attributes,
        account=manifest.account,
        files=manifest.files,
        path=folder,
    )


def pinned(info: SourceInfo) -> dict[str, str]:
    """Return the variable with which a process loads just this snapshot, whatever comes in.

    Raises:
        DataError: the snapshot has been deleted meanwhile.
    """
    from helpers.sources.snapshot import PINNED, pin

    return {PINNED: pin(info.source, info.snapshot, info.files)}


def load(source: str, *, as_of: date | None = None, slice: str = "all") -> Tables:
    """Return the source's canonical tables, cut at `as_of` and restricted to a slice.

    Raises:
        UsageError: no such source. ParameterError: its file, or the slice, is not valid.
        DataError: raw files are missing, cannot be read, or do not pass the quality gate.
        DisclosureError: the slice has fewer than 8 customers.
    """
    from helpers.sources.snapshot import DamagedError, current, read_table, rebuild
    from helpers.sources.versions import latest

    said = read_declaration(source)
    manifest, folder = current(said)

    def read(name: str, rows: int) -> "pd.DataFrame":
        nonlocal manifest, folder
        snapshot = manifest.snapshot
        try:
            return stored(name, rows)
        except DamagedError:
            manifest, folder = rebuild(said, folder)
        if manifest.snapshot != snapshot:
            raise DataError(
                "the snapshot was damaged, and the raw files have changed since it was made",
                file=folder,
                hint="Load the source again.",
            )
        return stored(name, rows)

    def stored(name: str, rows: int) -> "pd.DataFrame":
        frame = read_table(folder, manifest, name, rows).to_pandas()
        by = manifest.tables[name].by
        return frame if by is None else latest(frame, by)

    return Tables(said, manifest, read, as_of=as_of, slice=slice)
