"""What can be deleted: everything but what is published and what the last runs left."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from helpers import paths, predictions
from helpers.batch import store
from helpers.batch.edition import store as folder
from helpers.batch.record import last_runs
from helpers.document import MIME
from helpers.errors import HelpersError

_ASIDE = ".deleting-"


@dataclass(frozen=True)
class Deletion:
    """A file or folder that nothing needs, and why."""

    path: Path
    why: str
    size: int


def deletions(keep: int) -> list[Deletion]:
    """Return what to delete, keeping the records of the last `keep` runs.

    Kept: executed notebooks with their records, the snapshots they show, those that the runs kept
    worked on, those that the raw files make now, failed attempts of the runs that are kept. Other
    snapshots go, and what describes them, and predictions of reports that are gone; raw files and
    private lists are never touched.
    """
    runs = last_runs()
    old = runs[: max(0, len(runs) - keep)]
    kept = runs[len(old) :]
    found = [_of(path, "record of an older run") for path in old]
    found += _failed({path.stem for path in kept})
    found += _records()
    found += _left_over()
    found += [
        _of(path, "predictions of a report that is not there any more")
        for name, path in predictions.names().items()
        if not (paths.executed() / f"{name}.ipynb").exists()
    ]
    found += _snapshots({str((_json(path).get("run") or {}).get("snapshot")) for path in kept})
    found += [_of(path, "what a cluster was sent") for path in (folder() / "staging").glob("[!.]*")]
    return sorted(found, key=lambda deletion: deletion.path)


def delete(found: list[Deletion]) -> int:
    """Delete, and return how many bytes that freed."""
    for deletion in found:
        if deletion.path.is_dir():
            aside = deletion.path
            if not aside.name.startswith(_ASIDE):
                aside = deletion.path.with_name(f"{_ASIDE}{deletion.path.name}")
                os.replace(deletion.path, aside)  # a folder goes in one step, or stays
            shutil.rmtree(aside)
        else:
            deletion.path.unlink(missing_ok=True)
    return sum(deletion.size for deletion in found)


def _failed(kept_runs: set[str]) -> list[Deletion]:
    found = []
    for path in sorted((folder() / "failed").glob("*/*/[!.]*")):
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


def _left_over() -> list[Deletion]:
    """Return what a deletion that was killed has left; it had been said and wanted."""
    tops = [folder() / "staging", paths.snapshots(), folder()]
    found = [path for top in tops for path in sorted(top.glob(f"{_ASIDE}*"))]
    return [_of(path, "left by a deletion that was killed") for path in found]


def _snapshots(worked_on: set[str]) -> list[Deletion]:
    top = paths.snapshots()
    index = {path: str(_json(path).get("snapshot")) for path in sorted((top / "index").glob("*"))}
    described = {path: name for path, name in index.items() if (top / name).is_dir()}
    needed = worked_on | _current(top, described) | _shown()
    found = [
        _of(path, "snapshot that no report shows")
        for path in sorted(top.glob("[!.]*"))
        if path.is_dir() and path.name != "index" and path.name not in needed
    ]
    gone = {deletion.path.name for deletion in found}
    return found + [
        _of(path, "way to a snapshot that goes") for path, name in described.items() if name in gone
    ]


def _current(top: Path, described: dict[Path, str]) -> set[str]:
    """Return the snapshots of the raw files as they are; all of a source whose files are not there.

    Times of files say nothing of which one is newer: a clock may have been set back.
    """
    found = set()
    for name in set(described.values()):
        source = str(_json(top / name / "manifest.json").get("source"))
        try:
            now = _current_key(source)
        except HelpersError:
            now = None  # nobody can say which one would be needed again
        if now is None or described.get(top / "index" / f"{now}.json") == name:
            found.add(name)
    return found


def _current_key(source: str) -> str:
    from helpers.sources import freshness, read_declaration
    from helpers.sources.rawfiles import raw_files

    declared = read_declaration(source)
    memo = paths.snapshots() / "index" / "files.json"
    return freshness.input_key(declared, freshness.file_hashes(raw_files(declared), memo))


def _shown() -> set[str]:
    """Return the snapshots that the executed notebooks were made from.

    Where a record is damaged or gone, its notebook says so itself.
    """
    found = set()
    for path in sorted(paths.executed().glob("*/*/[!.]*.ipynb")):
        name = path.relative_to(paths.executed()).with_suffix("").as_posix()
        known = store.by_name(name)
        snapshot = known[1].uses.get("snapshot") if known else None
        found |= {str(snapshot)} if snapshot else _said_by(path)
    return found


def _said_by(notebook: Path) -> set[str]:
    """Return the snapshots of which a notebook's outputs tell."""
    cells = _json(notebook).get("cells") or []
    outputs = [output for cell in cells for output in cell.get("outputs") or []]
    blocks = [output.get("data", {}).get(MIME) for output in outputs]
    return {
        str(block.get("snapshot"))
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "provenance"
    }


def _json(path: Path) -> dict:  # type: ignore[type-arg]
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}  # unreadable: nothing is known of it, so nothing is derived from it
    return found if isinstance(found, dict) else {}


def _of(path: Path, why: str) -> Deletion:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return Deletion(path, why, sum(file.stat().st_size for file in files))
