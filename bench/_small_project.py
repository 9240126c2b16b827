"""Whole projects in temporary folders, for measurements that must not touch the real one."""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from helpers import paths

FROZEN = Path(__file__).parent / "notebooks"
_MODEL = """\
from typing import ClassVar

from helpers.params import BaseParams


class Params(BaseParams):
    title: ClassVar[str] = "{family}"
    summary: ClassVar[str] = "A report that is measured."
"""
_COMMAND = """\
import helpers.params

helpers.params.__path__.append({models!r})
if __name__ == "__main__":
    from helpers.cli import main

    main()
"""


@dataclass(frozen=True)
class Project:
    """A project of its own over the bundled data; each `output` starts with the same snapshot."""

    root: Path

    def environment(self, output: str = "output") -> dict[str, str]:
        """Return the variables of a process that works on it."""
        return {
            **os.environ,
            "CRM_REPORTS_ROOT": str(self.root),
            "CRM_REPORTS_DATA": str(paths.data()),
            "CRM_REPORTS_OUTPUT": str(self.root / output),
        }

    @property
    def command(self) -> list[str]:
        """The project's `crm-reports`."""
        return [sys.executable, str(self.root / "crm.py")]

    def fresh(self, output: str) -> None:
        """Make an output folder that holds the snapshot and nothing else."""
        target = self.root / output
        shutil.rmtree(target, ignore_errors=True)
        (target / "store").mkdir(parents=True)
        shutil.copytree(self.root / "snapshots", target / "store" / "snapshots")


def project(root: Path, notebooks: dict[str, str]) -> Project:
    """Write a project with these notebooks, by family."""
    made = Project(root)
    for name in ("notebooks", "models", "reports"):
        (root / name).mkdir(parents=True)
    shutil.copytree(paths.params(), root / "params", ignore=_families)
    shutil.copytree(paths.root() / "reports" / "theme", root / "reports" / "theme")
    (root / "crm.py").write_text(_COMMAND.format(models=str(root / "models")))
    for family, text in notebooks.items():
        (root / "notebooks" / f"{family}.ipynb").write_text(text)
        (root / "models" / f"{family}.py").write_text(_MODEL.format(family=family))
    _trim(root / "params")
    return made


def frozen() -> dict[str, str]:
    """Return the notebooks that stay as they are, so that figures can be compared over time."""
    return {path.stem: path.read_text() for path in sorted(FROZEN.glob("*.ipynb"))}


def tiny(*cells: str) -> str:
    """Return a notebook of a few cells."""
    code = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "execution_count": None,
            "metadata": {"tags": ["parameters"]} if number == 1 else {},
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(["import os", 'period: str = "2017-12"', *cells])
    ]
    found = {"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(found)


def _families(folder: str, names: list[str]) -> list[str]:
    """Leave out the files of the real families, which this project does not have."""
    if Path(folder) != paths.params():
        return []
    return [name for name in names if name.endswith(".yml") and name != "base.yml"]


def _trim(folder: Path) -> None:
    """Keep of the shared files only the parameters that every family has."""
    import yaml

    from helpers.params import BaseParams

    def kept(values: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in values.items() if name in BaseParams.model_fields}

    for path in (folder / "base.yml", *(folder / "sources").glob("*.yml")):
        found = yaml.safe_load(path.read_text())
        if path.stem == "base":
            found = kept(found)
        else:
            found["params"] = kept(found.get("params", {}))
        path.write_text(yaml.safe_dump(found, sort_keys=False))
