"""What is known about each edition: one JSON file each, whole or not there.

```
{"version": 3, "edition": {"source", "family", "period", "slice"},
 "fingerprint": "…", "inputs": {"notebook", "params", "tables", "modules", "files",
 "predictions", "versions"}, "uses": {"tables", "modules", "files", "predictions", "versions",
 "extracts", "snapshot"}, "output": {"sha256", "stat", "predictions", "lists"},
 "seconds": …, "finished": ISO time, "run": "…",
 "failure": null | {"cell", "ename", "evalue", "run"}}
```

`inputs` holds the values that the report has seen, `uses` where they are found again. `lists` has
digest and signature of each list about single customers, by its place below `private/`.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from helpers.batch.edition import Edition, store
from helpers.batch.files import write_json

VERSION = 3  # 3: files and modules as the kernel saw them, the Python of the kernel, private lists

_USES: dict[str, Any] = {"modules": dict, "files": list, "versions": (list, type(None))}


@dataclass
class Known:
    """The record of one edition; `fingerprint` is empty where it has never run well."""

    edition: dict[str, str]
    fingerprint: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    uses: dict[str, Any] = field(default_factory=dict)
    output: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    finished: str = ""
    run: str = ""
    failure: dict[str, Any] | None = None
    problem: str = ""
    """Why the record on disk could not be used; empty where it could."""


def load(edition: Edition) -> Known:
    """Return what is known; a record that cannot be read says so, and the report runs again."""
    return _read(edition.record, asdict(edition))


def _read(path: Path, edition: dict[str, str]) -> Known:
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return Known(edition)
    except (OSError, ValueError):
        return Known(edition, problem="its record could not be read and is made anew")
    if not isinstance(found, dict) or found.get("version") != VERSION:
        return Known(edition, problem="its record is of another release and is made anew")
    del found["version"]
    try:
        known = Known(**found)
    except TypeError:
        known = None
    if known is None or not _is_whole(known):
        return Known(edition, problem="its record is not complete and is made anew")
    return known


def _is_whole(known: Known) -> bool:
    """Say whether a record that somebody may have edited has what a plan looks up."""
    parts = (known.edition, known.inputs, known.uses, known.output)
    if not all(isinstance(part, dict) for part in parts):
        return False
    if not known.fingerprint:
        return True  # it has never run well, and there is nothing to look up
    uses = known.uses
    return isinstance(uses.get("tables", ""), (list, type(None))) and all(
        name in uses and isinstance(uses[name], kind) for name, kind in _USES.items()
    )


def save(edition: Edition, known: Known) -> None:
    """Write what is known.

    Raises:
        HelpersError: the disk refuses.
    """
    content = asdict(known)
    del content["problem"]
    write_json(edition.record, {"version": VERSION, **content})


def by_name(name: str) -> tuple[Edition, Known] | None:
    """Return an edition with what is known of it, by `Edition.name`; None where that is nothing."""
    known = _read(store() / "editions" / f"{name}.json", {})
    try:
        return Edition(**known.edition), known
    except TypeError:
        return None


def every() -> dict[str, Path]:
    """Return the records in the store by edition name."""
    top = store() / "editions"
    return {
        path.relative_to(top).with_suffix("").as_posix(): path
        for path in sorted(top.glob("*/*/[!.]*.json"))
    }
