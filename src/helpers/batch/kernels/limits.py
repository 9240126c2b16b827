"""What a kernel may use, and what it used."""

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from helpers.batch.kernels.family import Family, Member, end, resident_mb, share_mb

PACE_S = 0.05  # between two looks at the kernel: an allocation fills some 100 MiB meanwhile
FAMILY = 5  # every so many looks at what it has started, too
_REST = 10  # pages are counted for a tenth of the time at most
_VICTIM = 500  # of 1,000; any process may offer itself, and its children follow it


class MemoryWatch:
    """Kills a kernel that, with the processes it started, holds more memory than it may.

    What counts is resident memory, each page that several hold once in all (their proportional
    set size): address space says little, as threads and allocators reserve a gigabyte that they
    never touch, and a limit on it would fail notebooks that stay far below. Where a kernel is
    faster than this watch and the machine runs out of memory, the system ends the kernel, and
    not the runner beside it.

    Attributes:
        exceeded: whether it was killed.
        peak_mb: the most that was seen of a kernel that has children, with them, in MiB.
    """

    def __init__(self, pid: int, megabytes: float, *, mark: str = "") -> None:
        self.exceeded, self.peak_mb = False, 0.0
        self._family, self._megabytes = Family(pid, mark), megabytes
        self._not_before = 0.0
        _offer(pid)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="MemoryWatch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        look = 0
        while not self._done.wait(PACE_S):
            look += 1
            much = resident_mb(self._family.pid) > self._megabytes
            if not much and look % FAMILY:
                continue
            members = self._family.members()
            if not members:
                return
            if self._held(members) > self._megabytes:
                self.exceeded = True
                for member in members:
                    end(member)
                return

    def _held(self, members: list[Member]) -> float:
        """Return what they hold together, or 0 while that is known to be below the limit.

        The sum of resident memory is quickly known and never too small, so pages are counted only
        where it is too much, or where there are children whose share makes a new peak.
        """
        resident = sum(member.resident_mb for member in members)
        new_peak = len(members) > 1 and resident > self.peak_mb
        if resident <= self._megabytes and not new_peak:
            return 0.0
        began = time.monotonic()
        if began < self._not_before:
            return 0.0
        held = sum(share_mb(member) for member in members)
        self._not_before = time.monotonic() + _REST * (time.monotonic() - began)
        if len(members) > 1:
            self.peak_mb = max(self.peak_mb, held)
        return held


def _offer(pid: int) -> None:
    """Let the system, when memory runs out, end the kernel before the runner and the worker."""
    if sys.platform == "linux":
        with suppress(OSError):
            Path(f"/proc/{pid}/oom_score_adj").write_text(str(_VICTIM))


def usage(pid: int) -> dict[str, float]:
    """Return `cpu_user_s`, `cpu_system_s` and `peak_mb` (largest resident memory) of a process.

    Empty where the process is gone. Of processes that it started, only the time counts, and once
    they have ended.
    """
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
    except psutil.Error:
        return {}
    return {
        "cpu_user_s": round(times.user + times.children_user, 3),
        "cpu_system_s": round(times.system + times.children_system, 3),
        "peak_mb": round(max(resident_mb(pid), _high_water_mark(pid)), 1),
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
