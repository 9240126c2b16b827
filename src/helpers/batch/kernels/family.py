"""The processes of a kernel, and the memory that each holds."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from helpers.batch.leftovers import MARK

_PROC = Path("/proc")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20 if hasattr(os, "sysconf") else 0.0


@dataclass(frozen=True)
class Member:
    """A process: its number and parent, the leader of its session, its start, its resident MiB."""

    pid: int
    parent: int
    session: int
    started: int
    resident_mb: float


class Family:
    """A kernel with all that it started: children, its session, and what left both.

    A process that left its parent and its session is known by a variable that it inherited; each
    is looked at once.
    """

    def __init__(self, pid: int, mark: str = "") -> None:
        self.pid, self._mark = pid, mark
        self._strays: dict[tuple[int, int], bool] = {}

    def members(self) -> list[Member]:
        """Return the processes that run now; none once the kernel has ended.

        Beyond Linux they are the kernel and its descendants.
        """
        if not _PROC.joinpath("self/stat").exists():
            return _by_psutil(self.pid)
        there = {member.pid: member for member in _processes()}
        if self.pid not in there:
            return []
        ours = {self.pid}
        for member in there.values():
            if member.session == self.pid or self._is_stray(member):
                ours.add(member.pid)
        while more := {m.pid for m in there.values() if m.parent in ours} - ours:
            ours |= more
        return [there[pid] for pid in ours]

    def _is_stray(self, member: Member) -> bool:
        if not self._mark:
            return False
        key = member.pid, member.started
        if key not in self._strays:
            self._strays[key] = _has(member.pid, f"{MARK}={self._mark}")
        return self._strays[key]


def _processes() -> Iterator[Member]:
    for entry in os.scandir(_PROC):
        if entry.name.isdecimal() and (found := _read(int(entry.name))):
            yield found


def _read(pid: int) -> Member | None:
    """Return what `/proc` says of a process; the fields are counted in proc(5)."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:  # gone, or hidden
        return None
    after = stat.rpartition(b")")[2].split()  # the third field is the first here
    parent, session, started, pages = (int(after[n - 3]) for n in (4, 6, 22, 24))
    return Member(pid, parent, session, started, pages * _PAGE_MB)


def _has(pid: int, variable: str) -> bool:
    try:
        content = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:  # gone, or of another user
        return False
    return variable.encode() in content.split(b"\0")


def _by_psutil(pid: int) -> list[Member]:
    found = []
    with suppress(psutil.NoSuchProcess):
        kernel = psutil.Process(pid)
        for process in (kernel, *kernel.children(recursive=True)):
            with suppress(psutil.Error):
                resident = process.memory_info().rss / 2**20
                found.append(Member(process.pid, process.ppid(), 0, 0, resident))
    return found


def end(member: Member) -> None:
    """Kill a process, unless its number now belongs to another one."""
    now = _read(member.pid)
    if now is None or now.started == member.started:
        with suppress(psutil.Error):
            psutil.Process(member.pid).kill()


def resident_mb(pid: int) -> float:
    """Return the resident memory of one process, in a few microseconds; 0 where it is gone."""
    try:
        pages = (_PROC / str(pid) / "statm").read_bytes().split()[1]
    except (OSError, IndexError):
        with suppress(psutil.Error):
            return float(psutil.Process(pid).memory_info().rss) / 2**20
        return 0.0
    return int(pages) * _PAGE_MB


def share_mb(member: Member) -> float:
    """Return the memory of a process, of pages that several hold its share only.

    Its resident memory where the system does not say; that counts shared pages in full.
    """
    try:
        content = (_PROC / str(member.pid) / "smaps_rollup").read_bytes()
    except OSError:
        return member.resident_mb
    for line in content.splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) / 1024
    return member.resident_mb
