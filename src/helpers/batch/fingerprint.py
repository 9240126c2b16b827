"""What a report depends on, as content: its inputs, and where they are looked up again.

Inputs are the notebook's source (not its outputs), the resolved parameters, the tables that it read
as cut at `as_of`, the `helpers` modules and files that it used, the versions of Python and of the
distributions that it imported, and what earlier editions predicted where it judges them. KPI
contracts are part of their metrics module.

What is recorded is what the report has really seen: the notebook is read when the plan is made, and
those cells are executed; modules, files and versions are those that its kernel noted when it used
them. What changes while reports run differs from that, and the next plan says so.
"""

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers import paths, predictions
from helpers.batch.basis import Basis
from helpers.batch.content import (
    CODE,
    Content,
    differences,
    digest,
    environment,
    environment_digest,
    module_name,
    own_modules,
    sha256,
)

__all__ = [
    "Content",
    "current",
    "differences",
    "digest",
    "environment",
    "environment_digest",
    "recorded",
    "sha256",
    "uses",
]


def current(content: Content, basis: Basis, uses: Mapping[str, Any]) -> dict[str, Any]:
    """Return the current values of everything that `uses` says a report depends on."""
    read = uses["tables"] if uses["tables"] is not None else sorted(basis.tables)
    return {
        "notebook": basis.notebook,
        "params": dict(basis.parameters),
        "tables": {name: basis.tables.get(name) for name in read},
        "modules": {name: content.of(CODE / file) for name, file in uses["modules"].items()},
        "files": {key: content.of(place(key)) for key in uses["files"]},
        "predictions": {name: predictions.digest(name) for name in uses.get("predictions", ())},
        "versions": _versions(content, basis, uses["versions"]),
    }


def _versions(content: Content, basis: Basis, names: list[str] | None) -> dict[str, str]:
    """Return the versions in the environment of the kernel that a run would use."""
    kernel = basis.interpreter
    found = {"python": kernel.python, "kernel": kernel.spec}
    installed = content.versions(kernel.site or ())
    if kernel.site is not None:
        found |= {name: installed.get(name, "gone") for name in names or ()}
        found |= installed if names is None else {}
    return {name: version for name, version in found.items() if version}


def recorded(
    content: Content, basis: Basis, uses: Mapping[str, Any], trace: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the inputs of a report that has just run, as its kernel saw them.

    Without a trace they are as they were when the plan was made.
    """
    found = current(content, basis, uses)
    if trace is None:
        return found
    found["modules"] |= {name: seen for name, (_, seen) in trace["modules"].items()}
    found["files"] |= {key: trace["files"][key] for key in uses["files"]}
    found["predictions"] = dict(uses["predictions"])
    if basis.interpreter.site is not None:
        seen = {"python": trace["python"], **trace["installed"]}
        found["versions"] |= {
            name: seen.get(name, "gone") for name in ("python", *uses["versions"])
        }
    return found


def uses(
    trace: Mapping[str, Any] | None,
    distributions: Mapping[str, list[str]],
    extracts: Mapping[str, str],
    source: str,
) -> dict[str, Any]:
    """Return what a trace says was used, in a form that can be looked up again.

    Without a trace (a kernel that cannot say) everything counts: all modules, tables and installed
    distributions, the raw files of the source, and what lies beside the notebooks. A report that
    imported `sources` and opened no table read them in a way that leaves no trace: all count.
    """
    if trace is None:
        return {
            "tables": None,
            "modules": {module_name(p): p.relative_to(CODE).as_posix() for p in own_modules()},
            "files": [*_beside_notebooks(), *(f"data/{source}/{name}" for name in extracts)],
            "versions": None,
            "predictions": {},
        }
    names = {name for top in trace["tops"] for name in distributions.get(top, ())}
    tables = trace["tables"]
    return {
        "tables": None if "helpers.sources" in trace["modules"] and not tables else tables,
        "modules": {name: _here(name, file) for name, (file, _) in trace["modules"].items()},
        "files": sorted(trace["files"]),
        "versions": sorted(names),
        "predictions": dict(sorted(trace.get("predictions", {}).items())),
    }


def place(key: str) -> Path:
    """Return where a file that a trace calls so is: of the data, the package or the project."""
    for word, folder in (("data/", paths.data()), ("helpers/", CODE)):
        if key.startswith(word):
            return folder / key.removeprefix(word)
    return paths.root() / key  # an absolute one stays as it is


def _beside_notebooks() -> list[str]:
    found = sorted(paths.notebooks().rglob("*"))
    return [
        path.relative_to(paths.root()).as_posix()
        for path in found
        if path.is_file() and path.suffix != ".ipynb" and not _hidden(path)
    ]


def _hidden(path: Path) -> bool:
    parts = path.relative_to(paths.notebooks()).parts
    return any(part.startswith((".", "__pycache__")) for part in parts)


def _here(name: str, file: str) -> str:
    """Return the file of a module on this machine; one of the package is the same everywhere."""
    if not Path(file).is_absolute() or Path(file).exists():
        return file
    loaded = getattr(sys.modules.get(name), "__file__", None)  # a worker's path tells nothing here
    if loaded is None:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            spec = None
        loaded = spec.origin if spec else None
    return str(loaded) if loaded else file
