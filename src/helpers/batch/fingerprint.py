"""What a report depends on, as content: its inputs, their digest, and what changed in words.

Inputs are the notebook's source (not its outputs), the resolved parameters, the tables that it read
as cut at `as_of`, the `helpers` modules and data files that it used, the versions of the
distributions that it imported, and what earlier editions predicted where it judges them. KPI
contracts are part of their metrics module. Files are hashed when the plan is made, before a kernel
starts: a file that changes while reports run differs from what is recorded, and the next plan says
so.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import helpers
from helpers import paths, predictions

_CODE = Path(helpers.__file__).resolve().parent


class Content:
    """Hashes of files, each read once; the package's own modules are read at once."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}
        self._versions: dict[str, dict[str, str]] = {}
        self._own = {_module(path): self.of(path) for path in sorted(_CODE.rglob("*.py"))}

    def of(self, path: Path) -> str:
        """Return the digest of a file; a word where it is not there."""
        if path not in self._known:
            try:
                self._known[path] = hashlib.sha256(path.read_bytes()).hexdigest()[:20]
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                self._known[path] = "gone"
        return self._known[path]

    def modules(self) -> dict[str, str]:
        """Return the digest of every module of the package."""
        return dict(self._own)

    def notebook(self, family: str) -> str:
        """Return the digest of a notebook's cells: type, source and tags, nothing else."""
        path = paths.notebooks() / f"{family}.ipynb"
        key = path / "cells"
        if key not in self._known:
            self._known[key] = notebook_digest(path.read_bytes())
        return self._known[key]

    def versions(self, site: list[str]) -> dict[str, str]:
        """Return the installed distributions of some site folders with their versions."""
        key = os.pathsep.join(site)
        if key not in self._versions:
            self._versions[key] = installed(site)
        return self._versions[key]

    @cached_property
    def root(self) -> Path:
        """The project's root."""
        return paths.root()


def notebook_digest(content: bytes) -> str:
    """Return the digest of what a notebook says, whatever its outputs and metadata are."""
    try:
        cells = json.loads(content)["cells"]
        said = [
            (cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", []))
            for cell in cells
        ]
    except (ValueError, KeyError, TypeError):
        return digest(content.decode("utf-8", "replace"))
    return digest(said)


def installed(site: list[str]) -> dict[str, str]:
    """Return the distributions in site folders by normalised name, from folder names alone."""
    found: dict[str, str] = {}
    for folder in reversed(site):  # the first folder on the path wins
        try:
            names = os.listdir(folder)
        except OSError:
            continue  # a kernel of another machine: what it had installed is not to be seen here
        for entry in names:
            if entry.endswith(".dist-info"):
                name, _, version = entry.removesuffix(".dist-info").partition("-")
                found[name.lower().replace("_", "-").replace(".", "-")] = version
    return found


def inputs(
    content: Content,
    family: str,
    parameters: Mapping[str, Any],
    tables: Mapping[str, Any],
    uses: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the current values of everything that `uses` says a report depends on."""
    versions = content.versions(uses["site"])
    read = uses["tables"] if uses["tables"] is not None else sorted(tables)
    return {
        "notebook": content.notebook(family),
        "params": dict(parameters),
        "tables": {name: tables.get(name) for name in read},
        "modules": {name: content.of(_absolute(file)) for name, file in uses["modules"].items()},
        "files": {file: content.of(content.root / file) for file in uses["files"]},
        "predictions": {name: predictions.digest(name) for name in uses.get("predictions", ())},
        "versions": {
            "python": uses["python"],
            **{name: versions.get(name, "gone") for name in uses["versions"]},
        },
    }


def uses(trace: dict[str, Any] | None, distributions: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return what a trace says was used, in a form that can be looked up again.

    Without a trace (a kernel that cannot say) everything counts: all modules, all tables. A report
    that imported `sources` and opened no table read them in a way that leaves no trace: all count.
    """
    if trace is None:
        modules = {_module(path): _relative(str(path)) for path in sorted(_CODE.rglob("*.py"))}
        nothing: dict[str, Any] = {"files": [], "versions": [], "site": [], "python": ""}
        return {"tables": None, "modules": modules, **nothing}
    names = {name for top in trace["tops"] for name in distributions.get(top, ())}
    tables = trace["tables"]
    ignored = ("reports/output/", "data/", "params/", "notebooks/", ".venv/", ".git/")
    return {
        "tables": None if "helpers.sources" in trace["modules"] and not tables else tables,
        "modules": {name: _relative(file) for name, file in sorted(trace["modules"].items())},
        "files": [
            *(file for file in trace["files"] if not file.startswith(ignored)),
            *trace["beside"],
        ],
        "versions": sorted(names),
        "predictions": dict(sorted(trace.get("predictions", {}).items())),
        "site": trace["site"],
        "python": trace["python"],
    }


def _module(path: Path) -> str:
    parts = path.relative_to(_CODE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _relative(file: str) -> str:
    """Keep modules of the package relative to it: a checkout may be moved."""
    path = Path(file)
    return path.relative_to(_CODE).as_posix() if path.is_relative_to(_CODE) else file


def _absolute(file: str) -> Path:
    return _CODE / file  # an absolute `file` stays as it is


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_ABSENT = object()


def digest(value: Any) -> str:
    """Return a digest of a JSON value."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words what differs between two sets of inputs."""
    found: list[str] = []
    if before.get("notebook") != now["notebook"]:
        found.append("notebook changed")
    for part in _SAY:
        found += changes_of(part, before.get(part) or {}, now.get(part) or {})
    return found


def changes_of(part: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return in words what differs in one part of the inputs."""
    return [
        _SAY[part](name, old.get(name, _ABSENT), new.get(name, _ABSENT))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _say_value(name: str, old: Any, new: Any) -> str:
    if old is _ABSENT:
        return f"params: {name} is new, {new}"
    return f"params: {name} is gone" if new is _ABSENT else f"params: {name} {old} → {new}"


def _say_version(name: str, old: Any, new: Any) -> str:
    return f"{name} {old} → {new}"


def _say_table(name: str, old: Any, new: Any) -> str:
    if old is _ABSENT or not old:
        return f"{name}: new table"
    if new is _ABSENT or not new:
        return f"{name}: the table is gone"
    added = new["rows"] - old["rows"]
    if not added:
        return f"{name}: rows changed" if new["rows"] else f"{name} changed"
    return f"{name}: {abs(added):,} {'more' if added > 0 else 'fewer'} rows"


def _say_file(name: str, old: Any, new: Any) -> str:
    return f"{name} {'is gone' if new == 'gone' else 'changed'}"


def _say_predictions(name: str, old: Any, new: Any) -> str:
    what = "is gone" if not new else "is new" if old is _ABSENT or not old else "changed"
    return f"what {name} predicted {what}"


_SAY = {
    "params": _say_value,
    "tables": _say_table,
    "modules": _say_file,
    "files": _say_file,
    "predictions": _say_predictions,
    "versions": _say_version,
}
