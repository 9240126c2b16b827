"""A pool whose workers die alone, and with the process that began them."""

import os
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, CancelledError

import psutil
import pytest

from helpers.batch.pool import Lanes, NoWorkerError, open_executor
from helpers.errors import UsageError


@pytest.fixture
def lanes():
    pool = Lanes(2, preload="json")
    yield pool
    pool.shutdown(wait=True, cancel_futures=True)


def test_calls_are_answered_each_with_its_own_result(lanes):
    futures = [lanes.submit(pow, number, 2) for number in range(6)]
    assert [future.result(timeout=30) for future in futures] == [0, 1, 4, 9, 16, 25]


def test_an_error_in_a_call_comes_back_and_the_lane_goes_on(lanes):
    with pytest.raises(ZeroDivisionError):
        lanes.submit(divmod, 1, 0).result(timeout=30)
    assert lanes.submit(abs, -3).result(timeout=30) == 3


def test_a_worker_that_dies_costs_its_own_job_only(lanes):
    slow = lanes.submit(time.sleep, 0.5)
    with pytest.raises(BrokenExecutor):
        lanes.submit(os._exit, 9).result(timeout=30)
    assert slow.result(timeout=30) is None
    assert lanes.submit(abs, -3).result(timeout=30) == 3


def test_a_worker_that_cannot_begin_costs_its_job_and_not_its_lane(monkeypatch):
    pool, begin, refused = (
        Lanes(1, preload="json"),
        Lanes._lane,
        [OSError(24, "Too many open files")],
    )

    def lane(self):
        if refused:
            raise refused.pop()
        return begin(self)

    monkeypatch.setattr(Lanes, "_lane", lane)
    first, second = pool.submit(abs, -3), pool.submit(abs, -4)
    with pytest.raises(NoWorkerError, match="Too many open files"):
        first.result(timeout=30)
    assert second.result(timeout=30) == 4
    pool.shutdown(wait=True, cancel_futures=True)


def test_a_lane_that_takes_no_call_is_replaced(lanes):
    assert lanes.submit(abs, -3).result(timeout=30) == 3
    (idle,) = lanes._idle
    idle.shutdown()
    with pytest.raises(NoWorkerError, match="cannot schedule new futures"):
        lanes.submit(abs, -3).result(timeout=30)
    assert lanes.submit(abs, -3).result(timeout=30) == 3


def test_no_more_workers_than_lanes(lanes):
    futures = [lanes.submit(os.getpid) for _ in range(8)]
    assert len({future.result(timeout=30) for future in futures}) <= 2


def test_what_has_not_begun_can_be_cancelled():
    pool = Lanes(1, preload="json")
    pool.submit(time.sleep, 60)
    waiting = pool.submit(abs, -3)
    pool.shutdown(wait=True, cancel_futures=True)
    with pytest.raises(CancelledError):
        waiting.result(timeout=1)


def test_workers_die_with_a_process_that_is_killed(tmp_path):
    script = tmp_path / "owner.py"
    script.write_text(
        "import os, time\n"
        "from helpers.batch.pool import Lanes\n"
        "if __name__ == '__main__':\n"
        "    pool = Lanes(1, preload='json')\n"
        "    print(pool.submit(os.getpid).result(), flush=True)\n"
        "    pool.submit(time.sleep, 600)\n"
        "    time.sleep(600)\n"
    )
    owner = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    worker = psutil.Process(int(owner.stdout.readline()))
    owner.kill()
    owner.wait()
    owner.stdout.close()
    psutil.wait_procs([worker], timeout=20)
    assert not worker.is_running()


def test_an_executor_that_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="no executor is called 'threads'"):
        open_executor("threads", 2)
