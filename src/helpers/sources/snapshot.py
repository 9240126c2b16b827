"""The snapshot store: clean tables as Parquet in folders named by the hash of their content.

    store/snapshots/<hash>/manifest.json, <table>.parquet
    store/snapshots/index/<input key>.json      which snapshot these raw files and this code make

A snapshot is written beside and renamed. Two processes that build the same one make the same bytes
of content; who comes second throws his away. One that is damaged is not used: it is built anew.
"""

import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import paths
from helpers.errors import DataError
from helpers.sources import freshness
from helpers.sources.atomic import write_json, writing
from helpers.sources.declaration import Declaration
from helpers.sources.manifest import FORMAT, Manifest
from helpers.sources.rawfiles import raw_files

if TYPE_CHECKING:
    import pyarrow as pa

    from helpers.sources.building import Built

log = logging.getLogger("helpers.sources")
PINNED = "CRM_REPORTS_SNAPSHOT"
"""The variable that says which snapshot of a source counts, whatever its raw files are by now."""

_ABANDONED = 24 * 3600
_TRIES = 3


def current(declared: Declaration) -> tuple[Manifest, Path]:
    """Return the snapshot of a source's raw files as they are now, built if there is none.

    Raises:
        DataError: a raw file is missing or cannot be read, the quality gate refuses the data, or
            the snapshot that `CRM_REPORTS_SNAPSHOT` names is gone.
        HelpersError: the store cannot be written.
    """
    source, _, key = os.environ.get(PINNED, "").partition(":")
    return _pinned(key) if key and source == declared.source else _built(declared)


def pin(source: str, snapshot: str, files: Sequence[dict[str, Any]]) -> str:
    """Return what `CRM_REPORTS_SNAPSHOT` has to be for a process to see just this snapshot.

    Raises:
        DataError: it has been deleted meanwhile.
    """
    for entry in sorted((paths.snapshots() / "index").glob("*.json")):
        try:
            said = json.loads(entry.read_text(encoding="utf-8"))
            if (said["snapshot"], said["files"]) == (snapshot, list(files)):
                return f"{source}:{entry.stem}"
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not a way to a snapshot, or one that is damaged
    raise DataError(f"the snapshot {snapshot} of {source} is gone", hint="Run again.")


def _pinned(key: str) -> tuple[Manifest, Path]:
    entry = paths.snapshots() / "index" / f"{key}.json"
    if (found := _look_up(entry, for_ever=True)) is None:
        hint = f"Run again; outside a run, unset {PINNED}."
        raise DataError("the snapshot that was planned with is gone", file=entry, hint=hint)
    return found


def _built(declared: Declaration) -> tuple[Manifest, Path]:
    index = paths.snapshots() / "index"
    for _ in range(_TRIES):
        hashes = freshness.file_hashes(raw_files(declared), index / "files.json")
        entry = index / f"{freshness.input_key(declared, hashes)}.json"
        found = _look_up(entry) or _build(declared, entry, hashes)
        if found is not None:
            return found
    raise DataError(
        "the raw files change while they are read",
        file=declared.folder,
        hint="Let the export end first.",
    )


def _look_up(entry: Path, *, for_ever: bool = False) -> tuple[Manifest, Path] | None:
    try:
        said = json.loads(entry.read_text(encoding="utf-8"))
        folder = paths.snapshots() / str(said["snapshot"])
        recheck_on, files = said["recheck_on"], said["files"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        log.warning("%s is damaged: the snapshot is built anew", entry)
        return None
    if not (for_ever or freshness.still_right(recheck_on, date.today())):
        return None
    manifest = read_manifest(folder)
    return None if manifest is None else (replace(manifest, files=tuple(files)), folder)


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a snapshot; None if it is absent, damaged or of another format."""
    try:
        given = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if given["format"] != FORMAT:
            return None
        manifest = Manifest.from_json(given)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        log.warning("%s is damaged: it is built anew", folder / "manifest.json")
        return None
    there = all((folder / f"{name}.parquet").is_file() for name in manifest.tables)
    if manifest.snapshot != folder.name or not there:
        log.warning("%s is damaged: it is built anew", folder)
        return None
    return manifest


def _build(
    declared: Declaration, entry: Path, hashes: dict[Path, str]
) -> tuple[Manifest, Path] | None:
    """Build and store the snapshot; None if the files are not those that were hashed any more."""
    from helpers.sources import quarantine
    from helpers.sources.building import build
    from helpers.sources.gate import gate

    with writing(paths.snapshots()):  # told before the work is done, not after
        paths.snapshots().mkdir(parents=True, exist_ok=True)
    made = build(declared, today=date.today())
    if {path: freshness.sha256(path) for path in raw_files(declared)} != hashes:
        return None
    quarantine.write(declared.source, made.quarantine)
    gate(declared, made)
    names = {path.relative_to(declared.folder).as_posix(): path for path in sorted(hashes)}
    files = [
        {"name": name, "sha256": hashes[path], "rows": made.raw_rows[name]}
        for name, path in names.items()
    ]
    with writing(paths.snapshots()):
        manifest, folder = _store(declared.source, made, files)
    recheck_on = made.recheck_on.isoformat() if made.recheck_on else None
    write_json(entry, {"snapshot": manifest.snapshot, "recheck_on": recheck_on, "files": files})
    return manifest, folder


def _store(source: str, made: "Built", files: list[dict[str, Any]]) -> tuple[Manifest, Path]:
    from helpers.sources.storing import write_tables

    store = paths.snapshots()
    _sweep(store)
    beside = Path(tempfile.mkdtemp(dir=store, prefix=".building-"))
    try:
        manifest = write_tables(source, made, files, beside)
        write_json(beside / "manifest.json", manifest.to_json())
        beside.chmod(0o755)
        folder = store / manifest.snapshot
        _put(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return manifest, folder


def _put(beside: Path, folder: Path) -> None:
    """Rename the new snapshot to its place; a sound one that is there already stays."""
    for _ in range(_TRIES):
        try:
            beside.rename(folder)
            return
        except OSError:
            if not folder.exists():
                raise
        if read_manifest(folder) is not None and not damaged_tables(folder):
            return
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".damaged-"))
        folder.rename(aside / folder.name)
        shutil.rmtree(aside, ignore_errors=True)


def damaged_tables(folder: Path) -> list[str]:
    """Return the tables of a snapshot whose file is not what its manifest says."""
    manifest = read_manifest(folder)
    if manifest is None:
        return ["manifest"]
    return [
        name
        for name, table in manifest.tables.items()
        if freshness.sha256(folder / f"{name}.parquet") != table.sha256
    ]


def _sweep(store: Path) -> None:
    """Remove what processes that were killed while they built have left."""
    for left in [*store.glob(".building-*"), *store.glob(".damaged-*")]:
        try:
            old = time.time() - left.stat().st_mtime > _ABANDONED
        except FileNotFoundError:
            continue  # its process has just finished
        if old:
            shutil.rmtree(left, ignore_errors=True)


def read_table(folder: Path, manifest: Manifest, name: str, rows: int) -> "pa.Table":
    """Return the first rows of a table as Arrow.

    Raises:
        DamagedError: the file is not what the manifest says.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / f"{name}.parquet"
    try:
        # Arrow's own memory: its threads outlive the call, and one that lets go of Python's bytes
        # while the interpreter ends takes the process with it.
        data = pa.allocate_buffer(path.stat().st_size)
        with path.open("rb") as file:
            read = file.readinto(memoryview(data))
        if read != data.size or freshness.sha256_of(data) != manifest.tables[name].sha256:
            raise DamagedError(f"{path} is not what the manifest says")
        table = pq.read_table(pa.BufferReader(data)).slice(0, rows)
        return table.replace_schema_metadata(None)
    except (OSError, pa.ArrowException) as error:
        raise DamagedError(f"{path}: {error}") from error


class DamagedError(Exception):
    """A table of a snapshot cannot be read; the snapshot has to be built anew."""


def rebuild(declared: Declaration, folder: Path) -> tuple[Manifest, Path]:
    """Throw a damaged snapshot away and return a new one.

    Raises:
        DataError: what is built from the raw files is damaged again.
    """
    log.warning("the snapshot %s is damaged: it is built anew", folder)
    if folder.exists() and damaged_tables(folder):
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".damaged-"))
        os.rename(folder, aside / folder.name)
        shutil.rmtree(aside, ignore_errors=True)
    return _built(declared)
