"""What an attempt holds is written down before it holds it, and ended by whoever comes next."""

import os
import subprocess
import sys

import psutil
import pytest

from helpers.batch.leftovers import MARK, end_kernel, note_attempt

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def begin():
    """Start processes that end with the test."""
    begun = []

    def start(mark=None, **options):
        environment = {**os.environ, **({MARK: mark} if mark else {})}
        begun.append(subprocess.Popen(SLEEP, env=environment, **options))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait()


@pytest.fixture
def attempt(tmp_path):
    """The folders of an attempt: landing and sockets."""
    (tmp_path / "sockets").mkdir()
    (tmp_path / "landing").mkdir()
    return tmp_path / "landing", tmp_path / "sockets"


def test_before_its_kernel_is_known_an_attempt_is_found_by_its_mark(attempt, begin):
    landing, sockets = attempt
    ours, other = begin("mark-1"), begin("mark-2")
    note_attempt(landing, mark="mark-1", sockets=sockets)
    end_kernel(landing)
    assert ours.wait(timeout=10) == -9
    assert other.poll() is None
    assert not sockets.exists()


def test_a_kernel_is_ended_with_its_group(attempt, begin):
    landing, sockets = attempt
    kernel = begin(process_group=0)
    strays = begin(process_group=kernel.pid)
    note_attempt(landing, kernel.pid, mark="nobody", sockets=sockets)
    end_kernel(landing)
    assert (kernel.wait(timeout=10), strays.wait(timeout=10)) == (-9, -9)


def test_a_process_that_has_the_number_of_a_dead_kernel_is_not_hit(attempt, begin, monkeypatch):
    landing, sockets = attempt
    process = begin()
    with monkeypatch.context() as earlier:
        earlier.setattr(psutil.Process, "create_time", lambda self: 1.0)
        note_attempt(landing, process.pid, mark="nobody", sockets=sockets)
    end_kernel(landing)
    assert process.poll() is None


def test_a_kernel_that_died_at_once_is_noted_as_none(attempt, begin):
    landing, sockets = attempt
    process = begin()
    process.kill()
    process.wait()
    note_attempt(landing, process.pid, mark="nobody", sockets=sockets)
    end_kernel(landing)
    assert not sockets.exists()


@pytest.mark.parametrize("error", [psutil.AccessDenied, psutil.ZombieProcess])
def test_what_may_not_be_killed_stays_and_is_told(attempt, begin, monkeypatch, caplog, error):
    landing, sockets = attempt
    process = begin(process_group=0)
    note_attempt(landing, process.pid, mark="nobody", sockets=sockets)

    def refuse(self):
        raise error(self.pid)

    monkeypatch.setattr(psutil.Process, "kill", refuse)
    end_kernel(landing)
    assert process.poll() is None
    assert not sockets.exists()
    if error is psutil.AccessDenied:
        assert f"cannot be ended: (pid={process.pid}" in caplog.text


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_note_that_cannot_be_read_ends_nothing(attempt, content):
    landing, sockets = attempt
    (landing / "kernel.json").write_text(content)
    end_kernel(landing)
    assert sockets.exists()
