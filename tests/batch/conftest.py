"""A whole small project in a temporary folder: two families of tiny notebooks, one source."""

import calendar
import json
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import helpers.params
from helpers import cli

BASE = """\
period: "2017-12"
source: small
slice: all
locale: en_US
"""
MODEL = """\
from typing import ClassVar
from pydantic import Field
from helpers.params import BaseParams

class Params(BaseParams):
    title: ClassVar[str] = "{family}"
    summary: ClassVar[str] = "A tiny report."
    needs: ClassVar[tuple[str, ...]] = {needs}
    keeps_predictions: ClassVar[bool] = {keeps}
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


COMMAND = """\
import helpers.params

helpers.params.__path__.append({models!r})
if __name__ == "__main__":
    from helpers.cli import main

    main()
"""
SOURCE = """\
label: Small
note: A made-up shop.
params: {currency: USD, time_zone: America/New_York}
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

    def family(
        self, name: str, *cells: str, needs: tuple[str, ...] = ("orders",), keeps: bool = False
    ) -> None:
        """Add a report family, or replace its notebook."""
        (self.root / "notebooks" / f"{name}.ipynb").write_text(notebook(*cells))
        (self.root / "params" / f"{name}.yml").write_text("horizon: 3\n")
        (self.models / f"{name}.py").write_text(MODEL.format(family=name, needs=needs, keeps=keeps))

    def extract(self, month: int, *, orders: int = 31, name: str = "") -> None:
        """Write an extract: orders on the days of a month of 2017, ten customers in turn."""
        last = calendar.monthrange(2017, month)[1]
        lines = ["order,customer,day,revenue"]
        for number in range(orders):
            day = f"2017-{month:02}-{1 + number % last:02}"
            lines.append(f"{name or 'o'}{month:02}{number:03},c{number % 10},{day},{10 + number}.5")
        (self.data / f"orders-{month:02}{name}.csv").write_text("\n".join(lines) + "\n")

    @property
    def command(self) -> list[str]:
        """The command line of `crm-reports` for this project, in a process of its own."""
        return [sys.executable, str(self.models.parent / "crm.py")]

    def executed(self, family: str, period: str) -> Path:
        return self.output / "notebooks" / "small" / family / f"{period}.ipynb"

    def text(self, family: str, period: str) -> str:
        """What an executed notebook printed."""
        cells = json.loads(self.executed(family, period).read_text())["cells"]
        return "".join(t for c in cells for o in c.get("outputs", []) for t in o.get("text", []))

    def run_json(self) -> dict:
        return json.loads((self.output / "run.json").read_text())

    def statuses(self) -> dict[str, str]:
        return {f"{r['family']} {r['period']}": r["status"] for r in self.run_json()["reports"]}

    def reasons(self) -> dict[str, list[str]]:
        return {f"{r['family']} {r['period']}": r["reasons"] for r in self.run_json()["reports"]}


def build(folder: Path, patch: pytest.MonkeyPatch) -> Project:
    """Write a project with the families `alpha` and `beta`, and point the package at it."""
    root, models = folder / "project", folder / "models"
    for name in ("notebooks", "params/sources", "data/small"):
        (root / name).mkdir(parents=True)
    models.mkdir()
    (root / "params" / "base.yml").write_text(BASE)
    (root / "params" / "sources" / "small.yml").write_text(SOURCE)
    patch.setenv("CRM_REPORTS_ROOT", str(root))
    patch.delenv("CRM_REPORTS_DATA", raising=False)
    patch.delenv("CRM_REPORTS_OUTPUT", raising=False)
    patch.setattr(helpers.params, "__path__", [*helpers.params.__path__, str(models)])
    made = Project(root, models)
    customers = [f"c{number},{'19-24' if number % 2 else '25-34'}" for number in range(10)]
    (made.data / "customers.csv").write_text("\n".join(["customer,age", *customers]) + "\n")
    for month in range(1, 13):
        made.extract(month)
    made.family("alpha", "print(period, horizon)")
    made.family("beta", "print(horizon)")
    (folder / "crm.py").write_text(COMMAND.format(models=str(models)))
    return made


def forget_models(models: Path) -> None:
    """Drop the project's parameter models: another test may have others of the same name."""
    for name in [n for n in sys.modules if n.startswith("helpers.params.")]:
        if Path(str(getattr(sys.modules[name], "__file__", ""))).parent == models:
            del sys.modules[name]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project with the families `alpha` and `beta`; nothing outside its folder is touched."""
    made = build(tmp_path, monkeypatch)
    yield made
    forget_models(made.models)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name, as pytest's own need not."""
    with tempfile.TemporaryDirectory(prefix="crm-") as folder:
        yield Path(folder)


def call(command: str, *arguments: str) -> Result:
    """The command line in this process; executes on ordinary kernels and publishes nothing."""
    quick = ["--kernel", "python3", "--no-publish"] if command in ("run", "backfill") else []
    return CliRunner().invoke(cli.app, [command, *arguments, *quick])


@pytest.fixture
def crm() -> Callable[..., Result]:
    """The command line in this process; executes on ordinary kernels and publishes nothing."""
    return call


@pytest.fixture(scope="module")
def make_project(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Project, Callable[..., Result]]]:
    """A project that the tests of a module share, and its command line."""
    with pytest.MonkeyPatch.context() as patch:
        made = build(tmp_path_factory.mktemp("shared"), patch)
        yield made, call
        forget_models(made.models)


BAD = {
    "raises": ("print('before')", "1 / 0", "print('never')"),
    "refuses": (
        "from helpers.errors import MetricError\n"
        "raise MetricError('no revenue', column='revenue', hint='map it')",
    ),
    "endless": ("while True: pass",),
    "stubborn": (
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "while True: time.sleep(1)",
    ),
    "exits": ("os._exit(3)",),
    "killed": ("print('done so far')", "os.kill(os.getpid(), 9)"),
    "leaves": ("import sys; sys.exit(0)", "print('never')"),
    "greedy": ("hold = bytearray(600 * 2**20)\nimport time; time.sleep(5)",),
    "deaf": (
        "import gc, zmq\n[o.close(0) for o in gc.get_objects() if isinstance(o, zmq.Socket)]",
    ),
}
FINE = {
    "flood": ("for _ in range(100): print('x' * 2**20)",),
    "forks": (
        "import subprocess\nif os.fork() == 0:\n    import time; time.sleep(600)",
        "subprocess.Popen(['sleep', '601'], start_new_session=True); print('forked')",
    ),
    "threads": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
        "print('threaded')",
    ),
    "good": ("print(horizon)",),
}


@pytest.fixture(scope="module")
def misbehaved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Result]]:
    """One run over notebooks that misbehave, each in its way, and some that only seem to."""
    with pytest.MonkeyPatch.context() as patch:
        made = build(tmp_path_factory.mktemp("misbehaved"), patch)
        for name in ("alpha", "beta"):
            (made.root / "notebooks" / f"{name}.ipynb").unlink()
            (made.root / "params" / f"{name}.yml").unlink()
        for name, cells in {**BAD, **FINE}.items():
            made.family(name, *cells)
        done = CliRunner().invoke(
            cli.app,
            ["run", "--period", "2017-12", "--jobs", "2", "--timeout", "9", "--memory", "500",
             "--retries", "1", "--kernel", "python3", "--no-publish"],
        )  # fmt: skip
        yield made, done
        forget_models(made.models)
