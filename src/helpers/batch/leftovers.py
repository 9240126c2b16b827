"""Nothing that a notebook started outlives its report."""

import json
import logging
import os
import shutil
from pathlib import Path

import psutil

MARK = "CRM_REPORTS_ATTEMPT"
"""Set in a kernel's environment, so that what it starts can be told from everything else."""

log = logging.getLogger("helpers.batch")
NOTE = "kernel.json"
_notes: dict[Path, None] = {}


def note_attempt(landing: Path, pid: int | None = None, *, mark: str, sockets: Path) -> None:
    """Write down what an attempt holds, for whoever has to end it; `pid` once its kernel runs."""
    try:
        started = psutil.Process(pid).create_time() if pid else 0.0
    except psutil.Error:  # it has died already, which its first cell will tell
        pid, started = None, 0.0
    noted = {"pid": pid, "started": started, "mark": mark, "sockets": str(sockets)}
    beside = landing / f".{NOTE}"
    beside.write_text(json.dumps(noted))
    os.replace(beside, landing / NOTE)
    _notes[landing] = None


def end_kernel(landing: Path) -> None:
    """Kill the kernel of an attempt and what it started: children, process group, strays.

    Start times are compared, so a process id that now belongs to somebody else is not hit. What
    may not be killed, as a process that runs as another user, stays, and a warning names it.
    """
    _notes.pop(landing, None)
    try:
        noted = json.loads((landing / NOTE).read_text())
        pid, started, mark = noted["pid"], noted["started"], noted["mark"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # it did not get as far as that
    for process in (_family(pid, started) if pid else []) + _marked(mark):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
        except psutil.Error as error:
            log.warning("What a notebook started cannot be ended: %s", error)
    shutil.rmtree(noted["sockets"], ignore_errors=True)


def end_all() -> None:
    """Kill the kernels that this process has started, before it goes itself."""
    for landing in list(_notes):
        end_kernel(landing)


def _family(pid: int, started: float) -> list[psutil.Process]:
    """Return a kernel, its descendants, and what is left of its process group without it."""
    try:
        kernel = psutil.Process(pid)
        if kernel.create_time() != started:
            return []
        return [*kernel.children(recursive=True), kernel, *_group(pid)]
    except psutil.Error:  # it is gone, or may not be looked at
        return _group(pid)


def _group(leader: int) -> list[psutil.Process]:
    if not hasattr(os, "getpgid") or leader == os.getpgid(0):
        return []
    return [process for process in psutil.process_iter() if _group_of(process.pid) == leader]


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _marked(mark: str) -> list[psutil.Process]:
    """Return processes that left their parent and their group, by what they inherited."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.append(process)
        except psutil.Error:
            continue  # gone meanwhile, or of another user
    return found
