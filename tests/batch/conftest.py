"""A whole small project in a temporary folder: two families of tiny notebooks, one source."""

import json
import sys
import textwrap
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import helpers.params

BASE = """\
period: "2017-12"
source: small
slice: all
currency: USD
locale: en_US
time_zone: America/New_York
"""
MODEL = """\
from typing import ClassVar
from pydantic import Field
from helpers.params import BaseParams

class Params(BaseParams):
    title: ClassVar[str] = "{family}"
    summary: ClassVar[str] = "A tiny report."
    needs: ClassVar[tuple[str, ...]] = {needs}
    horizon: int = Field(ge=1, le=12, description="months ahead")
"""


def notebook(*cells: str, parameters: str = 'period = "2017-12"\nhorizon = 3') -> str:
    """Return a notebook: imports, parameters, then one code cell for each text."""
    sources = ["import os", parameters, *(textwrap.dedent(cell) for cell in cells)]
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {
                "kernelspec": {"name": "python3", "display_name": "p", "language": "python"}
            },
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"cell-{number}",
                    "metadata": {"tags": ["parameters"]} if number == 1 else {},
                    "execution_count": None,
                    "outputs": [],
                    "source": source,
                }
                for number, source in enumerate(sources)
            ],
        }
    )


@dataclass
class Project:
    """The folders of the small project and what its source says of itself."""

    root: Path
    models: Path
    tables: dict[str, str] = field(default_factory=lambda: {"orders": "o1", "customers": "c1"})
    first_day: date = date(2017, 1, 1)
    last_day: date = date(2017, 12, 31)

    @property
    def output(self) -> Path:
        return self.root / "reports" / "output"

    def family(self, name: str, *cells: str, needs: tuple[str, ...] = ("orders",)) -> None:
        """Add a report family, or replace its notebook."""
        (self.root / "notebooks" / f"{name}.ipynb").write_text(notebook(*cells))
        (self.root / "params" / f"{name}.yml").write_text("horizon: 3\n")
        (self.models / f"{name}.py").write_text(MODEL.format(family=name, needs=needs))

    def run_json(self) -> dict:
        return json.loads((self.output / "run.json").read_text())

    def statuses(self) -> dict[str, str]:
        return {f"{r['family']} {r['period']}": r["status"] for r in self.run_json()["reports"]}


@dataclass
class Info:
    """What the batch reads of `helpers.sources.SourceInfo`."""

    source: str
    tables: dict[str, str]
    first_day: date
    last_day: date
    snapshot: str = "s1"
    label: str = "Small"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with the families `alpha` and `beta`; nothing outside its folder is read."""
    root, models = tmp_path / "project", tmp_path / "models"
    for folder in ("notebooks", "params/sources", "src/helpers"):
        (root / folder).mkdir(parents=True)
    models.mkdir()
    (root / "params" / "base.yml").write_text(BASE)
    (root / "params" / "sources" / "small.yml").write_text("mapping: {}\n")
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(root))
    monkeypatch.delenv("CRM_REPORTS_DATA", raising=False)
    monkeypatch.delenv("CRM_REPORTS_OUTPUT", raising=False)
    monkeypatch.setattr(helpers.params, "__path__", [*helpers.params.__path__, str(models)])
    made = Project(root, models)
    sources = ModuleType("helpers.sources")
    sources.describe = lambda name: Info(name, dict(made.tables), made.first_day, made.last_day)
    monkeypatch.setitem(sys.modules, "helpers.sources", sources)
    publish = ModuleType("helpers.publish")
    publish.publish = lambda **_: SimpleNamespace(renderer="none", why="a test", pages=0, failed=[])
    monkeypatch.setitem(sys.modules, "helpers.publish", publish)
    made.family("alpha", "print(period, horizon)")
    made.family("beta", "print(horizon)")
    yield made
    for name in [n for n in sys.modules if n.startswith("helpers.params.")]:
        if Path(str(getattr(sys.modules[name], "__file__", ""))).parent == models:
            del sys.modules[name]
