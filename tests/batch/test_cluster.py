"""Reports on a real Dask cluster of two workers give what a process pool gives."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import helpers

pytest.importorskip("distributed")
pytestmark = pytest.mark.long

CELLS = (
    "from datetime import date\nfrom helpers.private import write_list\n"
    "from helpers.sources import load\nimport pandas as pd",
    "data = load('small', as_of=date(2017, int(period[-2:]), 28))\n"
    "print(len(data.orders), round(float(data.orders['revenue'].sum()), 2), data.snapshot)",
    "write_list(pd.DataFrame({'customer': ['c1']}), name='list', family='alpha', period=period,\n"
    "           source='small')\nprint(sorted(os.listdir(os.getcwd())))",
)
MONTHS = ("--from", "2017-09", "--to", "2017-12", "--family", "alpha")


class Cluster:
    """A scheduler and workers that know nothing of the project's folder."""

    def __init__(self, folder):
        self.folder, self.began = folder, []
        clean = {k: v for k, v in os.environ.items() if not k.startswith("CRM_REPORTS")}
        self.environment = clean | {
            "TMPDIR": str(folder), "DASK_DISTRIBUTED__WORKER__DAEMON": "False",
        }  # fmt: skip
        address = self.begin(
            "dask_scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard",
            until=r"tcp://127\.0\.0\.1:\d+",
        )  # fmt: skip
        self.address = address.removeprefix("tcp://")

    def begin(self, module, *arguments, until, **variables):
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=self.environment | variables, cwd=self.folder,
        )  # fmt: skip
        self.began.append(process)
        for line in process.stderr:
            if found := re.search(until, line):
                return found.group(0)
        raise AssertionError(f"{module} did not begin")

    def worker(self, **variables):
        self.begin(
            "dask_worker", self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny",
            until="Registered to", **variables,
        )  # fmt: skip

    def end(self):
        for process in reversed(self.began):
            process.terminate()
            process.wait(timeout=30)
            process.stderr.close()


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a cluster of two workers."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.worker()
    cluster.worker()
    yield cluster.address
    cluster.end()


def test_a_worker_with_other_code_refuses_and_says_so(project, crm, tmp_path):
    code = Path(helpers.__file__).parent
    shutil.copytree(code, tmp_path / "copy" / "helpers", ignore=shutil.ignore_patterns("*.pyc"))
    cluster = Cluster(tmp_path)
    try:
        cluster.worker(PYTHONPATH=str(tmp_path / "copy"))
        arguments = ("run", "--period", "2017-12", "--family", "alpha",
                     "--executor", f"dask://{cluster.address}")  # fmt: skip
        done = crm(*arguments)
        assert done.exit_code == 0, done.output  # the same code in another folder is the same
        with (tmp_path / "copy" / "helpers" / "periods.py").open("a") as file:
            file.write("\nSTALE = True\n")
        done = crm(*arguments, "--force")
        assert done.exit_code == 1, done.output
        assert "WorkerDiffersError" in done.output
        assert "has other code there" in done.output
        assert "begin the worker anew" in done.output
    finally:
        cluster.end()


def texts(project):
    return {period: project.text("alpha", period) for period in ("2017-09", "2017-11", "2017-12")}


def test_workers_give_what_processes_give(project, crm, scheduler, tmp_path):
    project.family("alpha", *CELLS[:2])
    assert crm("run", *MONTHS).exit_code == 0
    local = texts(project)
    done = crm("run", *MONTHS, "--force", "--executor", f"dask://{scheduler}")
    assert done.exit_code == 0, done.output
    assert texts(project) == local
    assert {r["kernel"]["kind"] for r in project.run_json()["reports"]} == {"cold"}
    plan = crm("plan", *MONTHS).output
    assert "4 up to date" in plan, plan


def test_workers_see_their_own_copy_and_send_private_lists_home(project, crm, scheduler):
    project.family("alpha", *CELLS)
    staging = project.root.parent / "staging"
    done = crm(
        "run", *MONTHS, "--executor", f"dask://{scheduler}", "--staging", f"file://{staging}"
    )
    assert done.exit_code == 0, done.output
    assert "['manifest.json', 'notebooks', 'params', 'store', 'work']" in project.text(
        "alpha", "2017-09"
    )
    sent = project.output / "private" / "small" / "alpha" / "2017-09-list.csv"
    assert sent.read_text() == "customer\nc1\n"
    assert sent.stat().st_mode & 0o777 == 0o600
    assert sent.parent.stat().st_mode & 0o777 == 0o700
    (own,) = staging.iterdir()
    assert [path.name for path in own.iterdir()] == ["bundles"]


def test_a_failure_on_a_worker_is_told_like_any_other(project, crm, scheduler):
    project.family("alpha", "print('before')", "1 / 0")
    done = crm(
        "run", "--period", "2017-12", "--family", "alpha", "--executor", f"dask://{scheduler}"
    )
    assert done.exit_code == 1
    assert "FAILED in code cell 4: ZeroDivisionError" in done.output
    failed = json.loads((project.output / "store/failed/small/alpha/2017-12.ipynb").read_text())
    assert "before\n" in [
        "".join(o.get("text", "")) for c in failed["cells"] for o in c.get("outputs", [])
    ]


def attempts():
    """The kernels of this machine that belong to an attempt on a worker."""
    return [
        process.pid
        for process in psutil.process_iter(["environ"])
        if "CRM_REPORTS_ATTEMPT" in (process.info["environ"] or {})
        and "crm-reports-worker-" in process.info["environ"].get("CRM_REPORTS_ROOT", "")
    ]


def wait_for(condition, seconds=60.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "this did not come to pass"
        time.sleep(0.1)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_stops_what_runs_on_workers(project, crm, scheduler, tmp_path, how):
    flag = tmp_path / "reached"
    project.family("alpha", f"open({str(flag)!r}, 'w').close()\nimport time; time.sleep(600)")
    staging = tmp_path / "staging"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run = subprocess.Popen(
            [*project.command, "run", *MONTHS, "--no-publish", "--kernel", "python3",
             "--executor", f"dask://{scheduler}", "--staging", str(staging)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
    wait_for(flag.exists)
    assert len(attempts()) in (1, 2)
    run.send_signal(how)
    said, _ = run.communicate(timeout=60)
    assert run.returncode == {signal.SIGINT: 130, signal.SIGKILL: -9}[how], said
    wait_for(lambda: not attempts())
    if how == signal.SIGINT:
        assert list(staging.glob("*/results/*/*")) == []
    project.family("alpha", "print('mended')")
    done = crm("run", "--period", "2017-12", "--family", "alpha",
               "--executor", f"dask://{scheduler}", "--staging", str(staging))  # fmt: skip
    assert done.exit_code == 0, done.output


def test_a_scheduler_that_does_not_answer_is_refused(project, crm):
    done = crm("run", "--period", "2017-12", "--executor", "dask://127.0.0.1:9")
    assert done.exit_code == 2
    assert "no Dask scheduler answers at 127.0.0.1:9" in done.output


def test_workers_read_and_keep_what_editions_predict(project, crm, scheduler):
    project.family(
        "judged",
        "import pandas as pd\nfrom types import SimpleNamespace\n"
        "from helpers.periods import Period\nfrom helpers.predictions import keep, kept\n"
        "params = SimpleNamespace(family='judged', source=source, period=period, slice=slice,\n"
        "                         keeps_predictions=True)\n"
        "said = kept(params, [Period.parse(period).previous()])\n"
        "print([float(frame['expected'].sum()) for frame in said.frames.values()])\n"
        "keep(pd.DataFrame({'expected': [float(period[-2:])]}), params)",
        keeps=True,
    )
    months = ("--from", "2017-10", "--to", "2017-12", "--family", "judged")
    done = crm("run", *months, "--executor", f"dask://{scheduler}")
    assert done.exit_code == 0, done.output
    assert project.text("judged", "2017-12") == "[11.0]\n"
    assert "3 up to date" in crm("plan", *months).output
    assert crm("run", *months, "--force").exit_code == 0
    kept = sorted(project.output.glob("private/small/judged/predictions/*"))
    assert [path.stem for path in kept] == ["2017-10", "2017-11", "2017-12"]
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600] * 3
