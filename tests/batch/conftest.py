"""A whole small project in a temporary folder: two families of tiny notebooks, one source."""

import json
import sys
import textwrap
from dataclasses import dataclass
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


SOURCE = """\
label: Small
note: A made-up shop.
mapping:
  tables:
    customers:
      file: customers.csv
      columns: {customer_id: customer, age: age}
    orders:
      file: orders-*.csv
      columns:
        order_id: order
        customer_id: customer
        ordered_at: {column: day, format: "%Y-%m-%d"}
        revenue: revenue
"""


@dataclass
class Project:
    """The folders of the small project; its source has the year 2017."""

    root: Path
    models: Path

    @property
    def output(self) -> Path:
        return self.root / "reports" / "output"

    @property
    def data(self) -> Path:
        return self.root / "data" / "small"

    def family(self, name: str, *cells: str, needs: tuple[str, ...] = ("orders",)) -> None:
        """Add a report family, or replace its notebook."""
        (self.root / "notebooks" / f"{name}.ipynb").write_text(notebook(*cells))
        (self.root / "params" / f"{name}.yml").write_text("horizon: 3\n")
        (self.models / f"{name}.py").write_text(MODEL.format(family=name, needs=needs))

    def extract(self, month: int, *, orders: int = 20, name: str = "") -> None:
        """Write an extract: orders on the first days of a month of 2017, one a customer."""
        lines = ["order,customer,day,revenue"]
        for number in range(orders):
            day = f"2017-{month:02}-{1 + number % 28:02}"
            lines.append(f"{name or 'o'}{month:02}{number:03},c{number % 10},{day},{10 + number}.5")
        (self.data / f"orders-{month:02}{name}.csv").write_text("\n".join(lines) + "\n")

    def run_json(self) -> dict:
        return json.loads((self.output / "run.json").read_text())

    def statuses(self) -> dict[str, str]:
        return {f"{r['family']} {r['period']}": r["status"] for r in self.run_json()["reports"]}

    def reasons(self) -> dict[str, list[str]]:
        return {f"{r['family']} {r['period']}": r["reasons"] for r in self.run_json()["reports"]}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with the families `alpha` and `beta`; nothing outside its folder is read."""
    root, models = tmp_path / "project", tmp_path / "models"
    for folder in ("notebooks", "params/sources", "data/small"):
        (root / folder).mkdir(parents=True)
    models.mkdir()
    (root / "params" / "base.yml").write_text(BASE)
    (root / "params" / "sources" / "small.yml").write_text(SOURCE)
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(root))
    monkeypatch.delenv("CRM_REPORTS_DATA", raising=False)
    monkeypatch.delenv("CRM_REPORTS_OUTPUT", raising=False)
    monkeypatch.setattr(helpers.params, "__path__", [*helpers.params.__path__, str(models)])
    made = Project(root, models)
    customers = [f"c{number},{'19-24' if number % 2 else '25-34'}" for number in range(10)]
    (made.data / "customers.csv").write_text("\n".join(["customer,age", *customers]) + "\n")
    for month in range(1, 13):
        made.extract(month, orders=28 if month < 12 else 31)
    publish = ModuleType("helpers.publish")
    publish.publish = lambda **_: SimpleNamespace(
        renderer="none", why="a test", pages=0, written=0, failed=[], warnings=[]
    )
    monkeypatch.setitem(sys.modules, "helpers.publish", publish)
    made.family("alpha", "print(period, horizon)")
    made.family("beta", "print(horizon)")
    yield made
    for name in [n for n in sys.modules if n.startswith("helpers.params.")]:
        if Path(str(getattr(sys.modules[name], "__file__", ""))).parent == models:
            del sys.modules[name]
