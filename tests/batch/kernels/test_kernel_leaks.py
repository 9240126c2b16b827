"""Starts in a row leave nothing behind: no process, port, file, socket or descriptor."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from helpers.batch.kernels import server_status, warm_available

pytestmark = pytest.mark.skipif(not warm_available()[0], reason=warm_available()[1])


def use_kernels(count: int) -> tuple[list[psutil.Process], set[int]]:
    """Start and end kernels one after the other; return their processes and ports."""
    processes: list[psutil.Process] = []
    ports: set[int] = set()
    for _ in range(count):
        manager, client = start_new_kernel(kernel_name="crm-reports-light")
        client.execute_interactive("x = 1", timeout=60)
        assert manager.provisioner.kernel_kind == "warm"
        processes.append(psutil.Process(manager.provisioner.pid))
        ports |= {getattr(manager, f"{name}_port") for name in ("shell", "iopub", "hb", "control")}
        client.stop_channels()
        kernel = manager.provisioner.process
        manager.shutdown_kernel()
        assert kernel.poll() == 0, "it had to be ended by a signal"
        client.context.destroy()
    return processes, ports


def listening(process: psutil.Process) -> set[int]:
    """Return the ports on which a process listens; other programs may have taken ours since."""
    return {c.laddr.port for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}


def settled(count: Callable[[], int]) -> int:
    """Return the least of some counts: the server may be about to close what we asked by."""
    return min((time.sleep(0.01), count())[1] for _ in range(20))


def held(folders: tuple[Path, ...]) -> dict[str, object]:
    """Return what this process and the server hold, and the files that either makes."""
    (server,) = server_status()
    return {
        "our descriptors": len(os.listdir("/proc/self/fd")),
        "our threads": threading.active_count(),
        "our children": psutil.Process().children(recursive=True),
        "its descriptors": settled(lambda: len(os.listdir(f"/proc/{server['pid']}/fd"))),
        "its threads": server["threads"],
        "its kernels": server["kernels"],
        "files": sorted(str(path) for folder in folders for path in folder.rglob("*")),
    }


def check(count: int, *folders: Path) -> None:
    use_kernels(2)  # loops, executors and folders that are made once
    before = held(folders)
    processes, ports = use_kernels(count)
    assert held(folders) == before
    assert not [process for process in processes if process.is_running()]
    for holder in (psutil.Process(), psutil.Process(server_status()[0]["pid"])):
        assert not ports & listening(holder)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_twenty_starts_leave_nothing_behind(fresh_servers, kernel_home):
    check(20, fresh_servers, kernel_home)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_five_hundred_starts_leave_nothing_behind(fresh_servers, kernel_home):
    check(500, fresh_servers, kernel_home)
