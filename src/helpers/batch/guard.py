"""Watches the kernel of a job: its time, its memory, and that nothing of it stays behind."""

import os
import signal
import threading
import time

import psutil

from helpers.batch.job import Limits

_PACE = 0.25  # seconds between looks; a walk over the kernel's children takes some milliseconds
_current: set["Guard"] = set()


def end_current() -> None:
    """Kill the kernels that this process watches, before it goes itself."""
    for guard in list(_current):
        guard.end_all()


class Guard:
    """Ends a kernel that passes its limits, and says which one it was (`verdict`)."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.peak_mb, self._now_mb, self.verdict = limits, 0.0, 0.0, ""
        self._kernel: psutil.Process | None = None
        self._family: dict[int, psutil.Process] = {}
        self._done = threading.Event()
        self._deadline = time.monotonic() + limits.report_seconds if limits.report_seconds else None
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)

    def __enter__(self) -> "Guard":
        """Begin to watch."""
        _current.add(self)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching, and leave nothing of the kernel behind."""
        self._done.set()
        self._thread.join()
        self.end_all()
        _current.discard(self)

    def watch(self, pid: int | None) -> None:
        """Take the kernel under watch; a remote kernel has no process id here."""
        if pid is not None and psutil.pid_exists(pid):
            self._kernel = psutil.Process(pid)

    def _watch(self) -> None:
        while not self._done.wait(_PACE):
            self._measure()
            if self.limits.memory_mb and self._now_mb > self.limits.memory_mb:
                self._end(f"used more than the {self.limits.memory_mb:,} MiB it may")
            elif self._deadline and time.monotonic() > self._deadline:
                self._end(f"took longer than the {self.limits.report_seconds:,} s it may")

    def _measure(self) -> None:
        self._now_mb = 0.0
        if self._kernel is None:
            return
        try:
            found = [self._kernel, *self._kernel.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for process in found:
            self._family[process.pid] = process
            try:
                self._now_mb += process.memory_info().rss / 2**20
            except psutil.NoSuchProcess:
                continue
        self.peak_mb = max(self.peak_mb, self._now_mb)

    def _end(self, verdict: str) -> None:
        if self._kernel is not None and not self.verdict:
            self.verdict = verdict
            self.end_all()

    def end_all(self) -> None:
        """Kill what is left of the kernel: itself, its group, children that left the group."""
        if self._kernel is None:
            return
        for process in self._family.values():
            try:
                process.kill()  # psutil compares start times: a reused id is not hit
            except psutil.NoSuchProcess:
                continue
        if hasattr(os, "killpg"):
            try:
                if self._kernel.pid != os.getpgid(0):
                    os.killpg(self._kernel.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return  # the group is empty
