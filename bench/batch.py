"""The batch: against a loop of command lines, against its bound, with no change, with 1,000."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench._bound import run_as_plain_python, warm
from bench._small_project import Project, frozen, project, tiny
from helpers import paths
from helpers.batch.kernel import cores
from helpers.document import MIME

ROUNDS = int(os.environ.get("CRM_BENCH_ROUNDS", "3"))
MONTHS = ("2017-10", "2017-11", "2017-12")
SPAN = ("--from", MONTHS[0], "--to", MONTHS[-1])
TWELVE = ("--from", "2017-W40", "--to", "2017-W51")  # enough history for all four
OTHER = "OTHER RESULTS"
WEEKS = ("--from", "2017-W02", "--to", "2017-W51")


def main(data: Path | None) -> Iterator[dict[str, Any]]:
    """Measure; `data` is not needed."""
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        made = project(Path(folder) / "frozen", frozen())
        _snapshot(made)
        yield from _naive(made)
        yield from _no_change(made)
        yield from _cluster(made)
        yield from _thousand(folder)
        yield from _bound()


def _run(made: Project, *arguments: str, output: str = "output") -> float:
    """Return the seconds of a whole `crm-reports` process."""
    began = time.perf_counter()
    subprocess.run(
        [*made.command, *arguments], env=made.environment(output), check=True, capture_output=True
    )
    return time.perf_counter() - began


def _snapshot(made: Project) -> None:
    _run(made, "sources", "complete_journey")
    shutil.copytree(made.root / "output" / "store" / "snapshots", made.root / "snapshots")


def _naive(made: Project) -> Iterator[dict[str, Any]]:
    """The frozen notebooks: papermill's and nbconvert's command lines in a loop, against ours."""
    made.fresh("warming")
    _run(made, "run", "--period", MONTHS[0], "--formats", "html", output="warming")
    naive, ours = [], []
    for _ in range(ROUNDS):
        naive.append(_loop(made))
        made.fresh("ours")
        ours.append(_run(made, "run", *SPAN, "--formats", "html", output="ours"))
    same = "the same results" if _blocks(made, "ours") == _blocks(made, "naive") else OTHER
    how = "12 reports, snapshot to HTML: papermill and nbconvert one after the other, against ours"
    yield _ratio("batch.naive_ratio", naive, ours, "at least 4.5", f"{how}; {same}")


def _blocks(made: Project, output: str) -> dict[str, Any]:
    """Return what each report says: every block that its cells displayed, in order."""
    found = {}
    for family in frozen():
        for month in MONTHS:
            ours = made.root / output / "notebooks" / "complete_journey" / family / f"{month}.ipynb"
            naive = made.root / output / "html" / f"{family}-{month}.ipynb"
            cells = json.loads((ours if ours.exists() else naive).read_text())["cells"]
            shown = [o.get("data", {}).get(MIME) for c in cells for o in c.get("outputs", [])]
            found[f"{family} {month}"] = [block for block in shown if block]
    return found


def _loop(made: Project) -> float:
    made.fresh("naive")
    target = made.root / "naive" / "html"
    target.mkdir()
    environment = made.environment("naive")
    tools = Path(sys.executable).parent
    began = time.perf_counter()
    for family in frozen():
        for month in MONTHS:
            done = target / f"{family}-{month}.ipynb"
            source = made.root / "notebooks" / f"{family}.ipynb"
            for command in (
                [tools / "papermill", source, done, "-p", "period", month, "-k", "python3"],
                [tools / "jupyter", "nbconvert", "--to", "html", done],
            ):
                subprocess.run(
                    [str(part) for part in command],
                    env=environment,
                    cwd=made.root,
                    check=True,
                    capture_output=True,
                )
    return time.perf_counter() - began


def _no_change(made: Project) -> Iterator[dict[str, Any]]:
    """A run of 48 reports in which nothing has changed."""
    made.fresh("ours")
    arguments = ("run", *TWELVE, "--formats", "html")
    _run(made, *arguments, output="ours")
    top = made.root / "ours"
    before = {path: path.stat().st_ino for path in top.glob("notebooks/*/*/*.ipynb")}
    quick = [_run(made, *arguments, output="ours") for _ in range(5)]
    reports = json.loads((top / "run.json").read_text())["reports"]
    ran = sum(report["status"] != "fresh" for report in reports)
    same = before == {path: path.stat().st_ino for path in top.glob("notebooks/*/*/*.ipynb")}
    note = "nothing executed" if same and not ran else f"{ran or 'SOME'} EXECUTED"
    said = f"best of five; {len(reports)} reports, {note}"
    yield _row("batch.no_change_s", min(quick), "at most 1.5", "s", said)


def _bound() -> Iterator[dict[str, Any]]:
    """The shipped notebooks' default reports against their cells as plain Python."""
    folder = Path(tempfile.mkdtemp(prefix="crm-bench-"))
    environment = {**os.environ, "CRM_REPORTS_OUTPUT": str(folder)}
    command = [str(Path(sys.executable).parent / "crm-reports"), "run", "--no-publish", "--force"]
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True)
        jobs = _longest_first(folder)  # as a run has them, so that no late forecast decides
        ours, bound = [], []
        for _ in range(ROUNDS):
            with _plain_processes(folder) as pool:
                began = time.perf_counter()
                list(pool.map(run_as_plain_python, *zip(*jobs, strict=True)))
                bound.append(time.perf_counter() - began)
            began = time.perf_counter()
            subprocess.run(command, env=environment, check=True, capture_output=True)
            ours.append(time.perf_counter() - began)
        how = (
            f"{len(jobs)} reports: crm-reports run, against cells as plain Python in warm processes"
        )
        yield _ratio("batch.bound_ratio", ours, bound, "at most 1.25", how)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _longest_first(output: Path) -> list[tuple[str, str]]:
    """Return notebook and period of each report of the last run, the longest cells first."""
    said = json.loads((output / "run.json").read_text())["reports"]
    reports = [report for report in said if report["status"] == "ok"]
    reports.sort(key=lambda report: -report["seconds"]["cells"])
    return [(str(paths.notebooks() / f"{r['family']}.ipynb"), r["period"]) for r in reports]


@contextmanager
def _plain_processes(output: Path) -> Iterator[ProcessPoolExecutor]:
    """As many processes as a run has, with everything imported and the same threads each."""
    with ProcessPoolExecutor(cores(), initializer=warm, initargs=(str(output),)) as pool:
        list(pool.map(time.sleep, [0.5] * cores()))  # each has begun, and imported
        yield pool


def _thousand(folder: str) -> Iterator[dict[str, Any]]:
    """A thousand tiny reports: does the runner grow?"""
    made = project(Path(folder) / "tiny", {f"tiny{n:02}": tiny("print(period)") for n in range(20)})
    shutil.copytree(Path(folder) / "frozen" / "snapshots", made.root / "snapshots")
    made.fresh("output")
    began = time.perf_counter()
    run = subprocess.Popen(
        [*made.command, "run", *WEEKS, "--no-publish"], env=made.environment(),
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    runner, seen = psutil.Process(run.pid), []
    for line in run.stdout or ():
        if line.startswith("["):
            seen.append((runner.memory_info().rss / 2**20, runner.num_fds()))
    status, spent = run.wait(), time.perf_counter() - began
    assert status == 0, f"exit status {status}"
    early, late = seen[len(seen) // 10], seen[-1]
    yield _row("batch.thousand_s", spent, None, "s", f"{len(seen)} reports")
    note = f"from the {len(seen) // 10}th to the last, of {early[0]:.0f} MiB"
    yield _row("batch.thousand_mb", late[0] - early[0], "at most 16", "MiB", note)
    yield _row("batch.thousand_files", late[1] - early[1], 0, "open files", "likewise")


def _cluster(made: Project) -> Iterator[dict[str, Any]]:
    """Two Dask workers against the process pool."""
    try:
        import distributed
    except ImportError:
        yield _row("batch.dask_ratio", None, None, "times", "skipped: distributed is not installed")
        return
    made.fresh("pool")
    made.fresh("dask")
    os.environ["CRM_BENCH_MODELS"] = str(made.root / "models")  # workers have a root of their own
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as cluster:
        address = cluster.scheduler_address.replace("tcp://", "dask://")
        options = ("run", *SPAN, "--no-publish", "--force")
        _run(made, *options, "--executor", address, output="dask")  # the bundle is unpacked
        pairs = [
            (_run(made, *options, "--executor", address, output="dask"),
             _run(made, *options, output="pool"))
            for _ in range(ROUNDS)
        ]  # fmt: skip
    there, here = ([pair[n] for pair in pairs] for n in (0, 1))
    same = "the same results" if _shown(made, "dask") == _shown(made, "pool") else OTHER
    a, b = (12 / statistics.median(times) for times in (there, here))
    how = f"{same}; two workers {a:.2f} reports a second, the pool {b:.2f}"
    yield _ratio("batch.dask_ratio", there, here, None, how)


def _shown(made: Project, output: str) -> dict[str, Any]:
    """Return the outputs of all cells of the executed notebooks."""
    top = made.root / output / "notebooks"
    return {
        path.relative_to(top).as_posix(): [
            cell.get("outputs") for cell in json.loads(path.read_text())["cells"]
        ]
        for path in sorted(top.glob("*/*/*.ipynb"))
    }


def _ratio(
    name: str, first: list[float], second: list[float], reference: Any, note: str
) -> dict[str, Any]:
    """Return a ratio of two medians, with both beside it."""
    medians = [round(statistics.median(times), 3) for times in (first, second)]
    said = f"{medians[0]:.1f} s to {medians[1]:.1f} s, medians of {len(first)} in turn; {note}"
    row = _row(name, medians[0] / medians[1], reference, "times", said)
    return {**row, "medians": medians}


def _row(name: str, value: Any, reference: Any, unit: str, note: str = "") -> dict[str, Any]:
    return {"name": name, "value": value, "reference": reference, "unit": unit, "note": note}
