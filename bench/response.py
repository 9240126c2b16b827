"""How soon an answer is there: the help of the command line, and a page after a change on disk."""

import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

import helpers
from bench._small_project import Project, frozen, project
from helpers import paths

ROUNDS = int(os.environ.get("CRM_BENCH_ROUNDS", "5"))
MONTH = "2017-12"


def main(data: Path | None) -> list[dict[str, Any]]:
    """Measure; `data` is not needed."""
    return [*_help(), *_watch()]


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def _help() -> Iterator[dict[str, Any]]:
    tool = str(Path(sys.executable).parent / "crm-reports")
    pairs = [
        (_seconds([tool, "--help"]), _seconds([sys.executable, "-c", "pass"]))
        for _ in range(2 * ROUNDS)
    ]
    medians = [round(statistics.median(times), 4) for times in zip(*pairs, strict=True)]
    yield {
        "name": "batch.help_ratio",
        "value": medians[0] / medians[1],
        "reference": "at most 20",
        "unit": "times",
        "note": f"crm-reports --help {medians[0]:.3f} s, bare Python {medians[1]:.3f} s; medians",
        "medians": medians,
    }


def _watch() -> Iterator[dict[str, Any]]:
    """One report of the bundled data, watched while each kind of thing that it needs changes.

    Data and package are copies: a measurement writes to no file of the project.
    """
    family, text = next(iter(frozen().items()))
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        made = project(Path(folder) / "watched", {family: text})
        shutil.copytree(paths.data(), made.root / "data")
        package = made.root / "src" / "helpers"
        shutil.copytree(Path(helpers.__file__).parent, package)
        environment = {
            **made.environment(),
            "CRM_REPORTS_DATA": str(made.root / "data"),
            "PYTHONPATH": str(package.parent),
        }
        watch = subprocess.Popen(
            [*made.command, "watch", "--period", MONTH, "--formats", "html", "--port", "0"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        changes = _changes(made, family, package)
        took: dict[str, list[float]] = {name: [] for name in changes}
        try:
            _until(watch, lambda line: line.startswith("Ready"))
            for name, change in itertools.chain.from_iterable([changes.items()] * ROUNDS):
                took[name].append(_one_change(made, family, change, watch))
        finally:
            watch.terminate()
            watch.communicate()
    for name, seconds in took.items():
        yield {
            "name": f"batch.watch_{name}_s",
            "value": statistics.median(seconds),
            "reference": "under 5",
            "unit": "s",
            "note": f"from a changed {name} to its page and the end; median of {len(seconds)}",
        }


def _changes(made: Project, family: str, package: Path) -> dict[str, Callable[[], None]]:
    """Return what changes an extract, a parameter, a module and the notebook, once more each."""
    counter, locales = itertools.count(), itertools.cycle(["en_GB", "en_US"])
    source = made.root / "params" / "sources" / "complete_journey.yml"
    notebook = made.root / "notebooks" / f"{family}.ipynb"
    extract = made.root / "data" / "complete_journey" / "coupon_redemptions.csv"

    def edit_notebook() -> None:
        content = json.loads(notebook.read_text())
        content["cells"][0]["source"].append(f"\n# change {next(counter)}")
        notebook.write_text(json.dumps(content))

    def edit_parameter() -> None:
        said = yaml.safe_load(source.read_text())
        said["params"]["locale"] = next(locales)
        source.write_text(yaml.safe_dump(said, sort_keys=False))

    def append(path: Path, line: str) -> None:
        path.write_text(path.read_text() + line)

    row = extract.read_text().splitlines()[-1]
    return {
        "notebook": edit_notebook,
        "parameter": edit_parameter,
        "module": lambda: append(package / "report" / "format.py", f"# {next(counter)}\n"),
        "extract": lambda: append(extract, f"{row}\n"),
    }


def _one_change(
    made: Project, family: str, change: Callable[[], None], watch: "subprocess.Popen[str]"
) -> float:
    """Return the seconds until the watch is ready again, with the report run and its page there."""
    (done,) = (made.root / "output" / "notebooks").glob(f"*/{family}/{MONTH}.ipynb")
    before = done.stat().st_ino
    began = time.perf_counter()
    change()
    _until(watch, lambda line: line.startswith("Ready"))
    took = time.perf_counter() - began
    if done.stat().st_ino == before:
        raise RuntimeError("the change ran nothing")
    return took


def _until(watch: "subprocess.Popen[str]", wanted: Callable[[str], bool]) -> None:
    said = []
    for line in watch.stdout or ():
        said.append(line)
        if wanted(line):
            return
    raise RuntimeError(f"the watch ended: {''.join(said[-5:])}")
