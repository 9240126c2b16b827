"""A notebook can do what it likes: its report fails in words, the others are made."""

import json
import os
import subprocess
import tempfile

import psutil
import pytest


def record(misbehaved, family):
    project, _ = misbehaved
    return next(r for r in project.run_json()["reports"] if r["family"] == family)


def test_a_failed_report_leaves_the_others_untouched(misbehaved):
    project, done = misbehaved
    ok = {name for name, status in project.statuses().items() if status == "ok"}
    assert ok == {f"{name} 2017-12" for name in ("flood", "forks", "threads", "good")}
    assert done.exit_code == 1


@pytest.mark.parametrize(
    ("family", "cell", "ename", "said"),
    [
        ("raises", 4, "ZeroDivisionError", "division by zero"),
        ("refuses", 3, "MetricError", "Hint: map it"),
        ("endless", 3, "CellTimeoutError", "longer than the 9 s"),
        ("stubborn", 3, "CellTimeoutError", "longer than the 9 s"),
        ("exits", 3, "DeadKernelError", "exit status 3"),
        ("killed", 4, "DeadKernelError", "SIGKILL"),
        ("leaves", 4, "NotExecuted", "left before this cell"),
        ("greedy", 3, "DeadKernelError", "more than the 500 MiB"),
    ],
)
def test_the_summary_names_cell_error_and_parameters(misbehaved, family, cell, ename, said):
    error = record(misbehaved, family)["error"]
    assert (error["cell"], error["ename"]) == (cell, ename)
    assert said in error["evalue"]
    output = misbehaved[1].output
    line = next(
        line for line in output.splitlines() if f"{family} 2017-12" in line and "in code" in line
    )
    assert f"FAILED in code cell {cell}: {ename}" in line
    after = output.split(line, 1)[1]
    assert "period='2017-12'" in after.split("FAILED", 1)[0]


def test_a_kernel_that_closed_its_sockets_does_not_stop_the_run(misbehaved):
    assert record(misbehaved, "deaf")["status"] == "failed"


def test_a_kernel_that_died_gets_another_attempt_and_a_cell_that_failed_does_not(misbehaved):
    assert record(misbehaved, "killed")["attempts"] == 2
    assert record(misbehaved, "raises")["attempts"] == 1
    assert record(misbehaved, "greedy")["attempts"] == 1


def test_what_was_done_before_the_failure_can_be_read(misbehaved):
    project, _ = misbehaved
    for family, printed in (("raises", "before\n"), ("killed", "done so far\n")):
        path = record(misbehaved, family)["error"]["notebook"]
        text = (project.output / path).read_text()
        outputs = [o for cell in json.loads(text)["cells"] for o in cell.get("outputs", [])]
        assert printed in ["".join(o.get("text", "")) for o in outputs]
        assert not project.executed(family, "2017-12").exists()


def test_printed_floods_are_cut_with_a_word(misbehaved):
    project, _ = misbehaved
    assert project.executed("flood", "2017-12").stat().st_size < 6 * 2**20
    assert "cut here" in project.text("flood", "2017-12")


def test_no_process_of_a_notebook_outlives_its_report(misbehaved):
    project, _ = misbehaved
    left = [
        process.info["cmdline"]
        for process in psutil.process_iter(["cmdline", "environ"])
        if (process.info["environ"] or {}).get("CRM_REPORTS_ROOT") == str(project.root)
        and "CRM_REPORTS_ATTEMPT" in process.info["environ"]
    ]
    assert left == []


def test_attempts_leave_no_folder_behind(misbehaved):
    project, _ = misbehaved
    assert not list((project.output / "store").glob("running/*/*/*"))


@pytest.mark.parametrize(
    "last",
    [
        "from helpers.batch import trace\n"
        "trace.finish = lambda: os.kill(os.getpid(), 19)  # it stops, and cannot be traced",
        "from helpers.batch import trace\nimport time\ntrace.finish = lambda: time.sleep(600)",
    ],
    ids=["stops", "blocks"],
)
def test_a_kernel_that_answers_no_more_ends_with_its_report(project, crm, last):
    project.family("alpha", "print(period)", last)
    done = crm("run", "--period", "2017-12", "--family", "alpha", "--report-timeout", "5")
    assert done.exit_code == 0, done.output
    assert project.text("alpha", "2017-12") == "2017-12\n"
    (report,) = project.run_json()["reports"]
    assert report["seconds"]["cells"] < 60  # and not for ever


def test_why_a_kernel_is_not_warm_is_said_once_and_recorded(project):
    """The workers that find it out have nobody to tell."""
    with tempfile.NamedTemporaryFile(prefix="crm-") as file:  # a longer path is no socket's
        done = subprocess.run(
            [*project.command, "run", "--period", "2017-12", "--no-publish",
             "--kernel", "crm-reports-warm"],
            capture_output=True, text=True, check=False,
            env={**os.environ, "CRM_REPORTS_RUNTIME": f"{file.name}/below"},
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("No warm kernel, an ordinary one instead") == 1
    assert done.stderr == ""
    kernels = [report["kernel"] for report in project.run_json()["reports"]]
    assert [kernel["kind"] for kernel in kernels] == ["cold", "cold"]
    for kernel in kernels:
        assert "cannot be made: Not a directory" in kernel["fallback"]
