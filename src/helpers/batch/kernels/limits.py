"""What a kernel may use, and what it used."""

import os
import threading
from contextlib import suppress

import psutil

PACE_S = 0.25


class MemoryWatch:
    """Kills a kernel that, with the processes it started, holds more memory than it may.

    Looks at resident memory four times a second: address space says little, as threads and
    allocators reserve a gigabyte that they never touch.
    """

    def __init__(self, pid: int, megabytes: float) -> None:
        self.exceeded = False
        self._kernel, self._megabytes = psutil.Process(pid), megabytes
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="MemoryWatch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(PACE_S):
            try:
                family = [self._kernel, *self._kernel.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            if sum(_resident_mb(process) for process in family) > self._megabytes:
                self.exceeded = True
                for process in family:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
                return


def _resident_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


def usage(pid: int) -> dict[str, float]:
    """Return `cpu_user_s`, `cpu_system_s` and `peak_mb` (largest resident memory) of a process.

    Empty where the process is gone. Processes that it started count once they have ended.
    """
    try:
        process = psutil.Process(pid)
        times, resident = process.cpu_times(), _resident_mb(process)
    except psutil.Error:
        return {}
    return {
        "cpu_user_s": round(times.user + times.children_user, 3),
        "cpu_system_s": round(times.system + times.children_system, 3),
        "peak_mb": round(max(resident, _high_water_mark(pid)), 1),
    }


def _high_water_mark(pid: int) -> float:
    path = f"/proc/{pid}/status"
    if not os.path.exists(path):
        return 0.0
    with open(path, encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
