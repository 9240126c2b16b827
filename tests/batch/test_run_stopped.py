"""A run that is stopped, killed or refused leaves nothing half-done, and the next one goes on."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from helpers.batch import store

WAIT = (
    "import pathlib, time\nprint('was here')",
    "pathlib.Path('{flag}').touch(); time.sleep(600)",
)
MONTHS = ("--from", "2017-10", "--to", "2017-11", "--kernel", "python3", "--no-publish")


@pytest.fixture
def start():
    """Begin runs in processes of their own; none outlives its test, however that ends."""
    begun = []

    def begin(project, *arguments):
        # As from a terminal: a suite that runs in the background has SIGINT ignored, and a child
        # would inherit that; a handler becomes the default in the program that is started.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            run = subprocess.Popen(
                [*project.command, "run", *MONTHS, "--jobs", "1", *arguments],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        finally:
            signal.signal(signal.SIGINT, before)
        begun.append(run)
        return run

    yield begin
    for run in begun:
        if run.poll() is None:
            run.kill()
        run.wait()
        run.stdout.close()


def wait_for(condition, seconds=60.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "this did not come to pass"
        time.sleep(0.05)


def kernels(project):
    """Processes that belong to attempts of this project."""
    return [
        process.pid
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get("CRM_REPORTS_ROOT") == str(project.root)
        and "CRM_REPORTS_ATTEMPT" in process.info["environ"]
    ]


@pytest.fixture
def stuck(project, tmp_path):
    """A project whose family `omega` never ends, and says when it has got there."""
    flag = tmp_path / "reached"
    project.family("omega", WAIT[0], WAIT[1].format(flag=flag))
    return project, flag


def assert_whole(project):
    """Every file at a final place can be read; nothing of an attempt is left."""
    for path in project.output.glob("notebooks/*/*/*"):
        assert json.loads(path.read_text())["cells"], path
    for path in project.output.glob("store/editions/*/*/*"):
        assert json.loads(path.read_text())["version"] == store.VERSION, path
    assert not list(project.output.glob("**/*.part"))


def test_ctrl_c_ends_kernels_keeps_what_was_done_and_exits_with_130(stuck, start):
    project, flag = stuck
    run = start(project)
    wait_for(flag.exists)
    run.send_signal(signal.SIGINT)
    said, _ = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "What had finished is kept" in said
    assert "Traceback" not in said
    wait_for(lambda: not kernels(project), 10)
    assert_whole(project)
    assert project.run_json()["run"]["result"] == "interrupted"
    done = {r["family"] for r in project.run_json()["reports"]}
    assert done == {"alpha", "beta"}
    read = json.loads((project.output / "store/failed/small/omega/2017-10.ipynb").read_text())
    assert "was here\n" in ["".join(o.get("text", "")) for c in read["cells"] for o in c["outputs"]]


def test_after_kill_9_the_next_run_goes_on_and_repeats_nothing(stuck, start):
    project, flag = stuck
    run = start(project)
    wait_for(flag.exists)
    run.kill()
    run.communicate()
    wait_for(lambda: not kernels(project), 15)
    assert_whole(project)
    before = {p: p.stat().st_mtime_ns for p in project.output.glob("notebooks/*/*/*")}
    assert len(before) == 4
    project.family("omega", "print('mended')")
    again = start(project)
    said, _ = again.communicate(timeout=60)
    assert again.returncode == 0, said
    assert "An earlier run was killed at small/omega/2017-10; it runs again." in said
    assert project.statuses() == {
        "alpha 2017-10": "fresh", "alpha 2017-11": "fresh", "beta 2017-10": "fresh",
        "beta 2017-11": "fresh", "omega 2017-10": "ok", "omega 2017-11": "ok",
    }  # fmt: skip
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.long
def test_a_killed_worker_costs_one_more_attempt(stuck, start):
    project, flag = stuck
    run = start(project, "--family", "omega", "--retries", "0")
    wait_for(flag.exists)
    worker = next(
        child
        for child in psutil.Process(run.pid).children(recursive=True)
        if any(grandchild.pid in kernels(project) for grandchild in child.children())
    )
    flag.unlink()
    worker.kill()
    wait_for(flag.exists)  # the other month is tried
    run.send_signal(signal.SIGINT)
    said, _ = run.communicate(timeout=30)
    assert "WorkerDied" in project.run_json()["reports"][0]["error"]["ename"], said
    wait_for(lambda: not kernels(project), 10)


@pytest.mark.long
def test_a_second_run_says_who_holds_the_folder_and_waits(stuck, start):
    project, flag = stuck
    first = start(project)
    wait_for(flag.exists)
    refused = start(project, "--no-wait")
    said, _ = refused.communicate(timeout=30)
    assert refused.returncode == 1
    assert f"process {first.pid}, since" in said
    second = start(project, "--family", "alpha")
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)
    said, _ = second.communicate(timeout=30)
    assert second.returncode == 0, said
    assert "2 up to date" in said


def test_a_lock_whose_owner_was_killed_is_free(project, start):
    held = (
        "import os\nfrom helpers.batch.lock import one_run\n"
        "with one_run(wait=False, say=print):\n    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", held], check=False).returncode == -9
    done = start(project, "--no-wait", "--family", "alpha")
    assert done.wait(timeout=60) == 0, done.stdout.read()


def test_a_file_in_the_place_of_the_output_folder_is_named(project, crm):
    shutil.rmtree(project.root / "reports", ignore_errors=True)
    (project.root / "reports").mkdir()
    (project.root / "reports" / "output").write_text("in the way")
    done = crm("run", *MONTHS)
    assert done.exit_code in (1, 2)
    assert str(project.root / "reports" / "output") in done.output
    assert "Traceback" not in done.output


@pytest.fixture
def small_disk(tmp_path):
    """A file system of four megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.long
def test_a_full_disk_fails_the_report_and_keeps_what_was_there(
    project, crm, small_disk, monkeypatch
):
    monkeypatch.setenv("CRM_REPORTS_OUTPUT", str(small_disk / "output"))
    done = crm("run", *MONTHS, "--family", "alpha")
    assert done.exit_code == 0, done.output
    project.family("alpha", "print('x' * 1500000)", "print('x' * 1500000)", "print('x' * 1500000)")
    done = crm("run", *MONTHS, "--family", "alpha")
    assert done.exit_code == 1
    assert "No space left" in done.output
    assert "Traceback" not in done.output
    output = small_disk / "output"
    for path in [*output.glob("notebooks/*/*/*"), *output.glob("store/failed/*/*/*.ipynb")]:
        assert json.loads(path.read_text())["cells"], path
    for path in [*output.glob("store/editions/*/*/*"), *output.glob("store/runs/*")]:
        assert json.loads(path.read_text())["version"], path
    assert not list(output.glob("**/*.part"))
    assert not list(output.glob("store/running/*/*/*"))
    project.family("alpha", "print('less')")
    assert crm("run", *MONTHS, "--family", "alpha").exit_code == 0
    told = json.loads((output / "run.json").read_text())
    assert [report["status"] for report in told["reports"]] == ["ok", "ok"]
    assert not list(output.glob("store/failed/*/*/*"))
