"""What can be deleted: everything but what is published and what the last runs left."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from helpers import paths, predictions
from helpers.batch import store
from helpers.batch.edition import store as folder


@dataclass(frozen=True)
class Deletion:
    """A file or folder that nothing needs, and why."""

    path: Path
    why: str
    size: int


def deletions(keep: int) -> list[Deletion]:
    """Return what to delete, keeping the records of the last `keep` runs.

    Kept: executed notebooks with their records, the snapshots they show, current snapshots, failed
    attempts of the runs that are kept. Snapshots that no kept report shows go, and what describes
    them, and predictions of reports that are gone; raw files and private lists are never touched.
    """
    runs = sorted((folder() / "runs").glob("*.json"))
    old = runs[: max(0, len(runs) - keep)]
    found = [_of(path, "record of an older run") for path in old]
    found += _failed({path.stem for path in runs[len(old) :]})
    found += _records()
    found += [
        _of(path, "predictions of a report that is not there any more")
        for name, path in predictions.names().items()
        if not (paths.executed() / f"{name}.ipynb").exists()
    ]
    found += _snapshots()
    found += [_of(path, "what a cluster was sent") for path in (folder() / "staging").glob("*")]
    return sorted(found, key=lambda deletion: deletion.path)


def delete(found: list[Deletion]) -> int:
    """Delete, and return how many bytes that freed."""
    for deletion in found:
        if deletion.path.is_dir():
            aside = deletion.path.with_name(f".deleting-{deletion.path.name}")
            os.replace(deletion.path, aside)  # a folder goes in one step, or stays
            shutil.rmtree(aside)
        else:
            deletion.path.unlink(missing_ok=True)
    return sum(deletion.size for deletion in found)


def _failed(kept_runs: set[str]) -> list[Deletion]:
    found = []
    for path in sorted((folder() / "failed").glob("*/*/*.ipynb")):
        name = path.relative_to(folder() / "failed").with_suffix("").as_posix()
        failure = _json(folder() / "editions" / f"{name}.json").get("failure")
        run = failure.get("run") if isinstance(failure, dict) else None
        if run not in kept_runs:
            found.append(_of(path, "failed attempt of an older run"))
    return found


def _records() -> list[Deletion]:
    return [
        _of(path, "record of a report that is not there any more")
        for name, path in store.every().items()
        if not (paths.executed() / f"{name}.ipynb").exists() and not _json(path).get("failure")
    ]


def _snapshots() -> list[Deletion]:
    top = paths.snapshots()
    index = {path: str(_json(path).get("snapshot")) for path in sorted((top / "index").glob("*"))}
    described = {path: name for path, name in index.items() if (top / name).is_dir()}
    newest: dict[str, Path] = {}
    for path, name in described.items():
        source = str(_json(top / name / "manifest.json").get("source"))
        best = newest.get(source)
        if best is None or path.stat().st_mtime_ns > best.stat().st_mtime_ns:
            newest[source] = path
    needed = {described[path] for path in newest.values()} | _shown()
    found = [
        _of(path, "snapshot that no report shows")
        for path in sorted(top.glob("[!.]*"))
        if path.is_dir() and path.name != "index" and path.name not in needed
    ]
    gone = {deletion.path.name for deletion in found}
    return found + [
        _of(path, "way to a snapshot that goes") for path, name in described.items() if name in gone
    ]


def _shown() -> set[str]:
    """Return the snapshots that the executed notebooks were made from."""
    records = (_json(path) for path in store.every().values())
    return {str(record.get("uses", {}).get("snapshot")) for record in records}


def _json(path: Path) -> dict:  # type: ignore[type-arg]
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}  # unreadable: nothing is known of it, so nothing is derived from it
    return found if isinstance(found, dict) else {}


def _of(path: Path, why: str) -> Deletion:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return Deletion(path, why, sum(file.stat().st_size for file in files))
