"""How soon an answer is there: the help of the command line, and a page after a change on disk."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench._small_project import Project, frozen, project

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
    """One report of the bundled data, whose notebook changes while it is watched."""
    family, text = next(iter(frozen().items()))
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        made = project(Path(folder) / "watched", {family: text})
        watch = subprocess.Popen(
            [*made.command, "watch", "--period", MONTH, "--formats", "html", "--port", "0"],
            env=made.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            _until(watch, lambda line: line.startswith("Ready"))
            took = [_one_change(made, family, number, watch) for number in range(ROUNDS)]
        finally:
            watch.terminate()
            watch.communicate()
    yield {
        "name": "batch.watch_s",
        "value": statistics.median(took),
        "reference": "under 5",
        "unit": "s",
        "note": f"from a changed notebook to its page; median of {len(took)}",
    }


def _one_change(made: Project, family: str, number: int, watch: "subprocess.Popen[str]") -> float:
    (page,) = (made.root / "output" / "site").glob(f"*/{family}/{MONTH}.html")
    before = page.stat().st_ino
    notebook = made.root / "notebooks" / f"{family}.ipynb"
    content = json.loads(notebook.read_text())
    content["cells"][0]["source"].append(f"\n# change {number}")
    began = time.perf_counter()
    notebook.write_text(json.dumps(content))
    while page.stat().st_ino == before:
        if time.perf_counter() - began > 120:
            raise TimeoutError(f"{page} was not made anew")
        time.sleep(0.01)
    took = time.perf_counter() - began
    _until(watch, lambda line: line.startswith("Ready"))
    return took


def _until(watch: "subprocess.Popen[str]", wanted: Callable[[str], bool]) -> None:
    said = []
    for line in watch.stdout or ():
        said.append(line)
        if wanted(line):
            return
    raise RuntimeError(f"the watch ended: {''.join(said[-5:])}")
