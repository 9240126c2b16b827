"""Looks after the fork servers of this user: can there be one, which are there, end them."""

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from helpers.batch.kernels import client, runtime
from helpers.batch.kernels.forkserver import wire
from helpers.batch.kernels.launch import WarmUnavailableError


def warm_available() -> tuple[bool, str]:
    """Return whether kernels can be forked here, and if not, why."""
    if not sys.platform.startswith("linux"):
        return False, f"kernels are forked on Linux only, this is {sys.platform}"
    try:
        os.close(os.pidfd_open(os.getpid()))
        runtime.folder()
    except (OSError, AttributeError) as error:
        return False, f"this system has no process descriptors ({error})"
    except WarmUnavailableError as error:
        return False, str(error)
    return True, ""


def server_status() -> list[dict[str, Any]]:
    """Return what each running fork server says of itself.

    Keys: `pid`, `python`, `started` (seconds since 1970), `served` (kernels so far), `kernels`
    (processes that run), `threads` (of the server), `failed_imports`, `current` (whether the
    environment is as it was when the server started), `socket`.
    """
    return [answer for path in _sockets() if (answer := _ask(path, {"do": "status"}))]


def stop_server(*, force: bool = False, seconds: float = 10.0) -> int:
    """End the fork servers of this user and return how many there were.

    Kernels that run keep running, and each server ends with its last one, unless `force`.
    """
    stopped = [_ask(path, {"do": "stop", "force": force}) for path in _sockets()]
    until = time.monotonic() + seconds
    for answer in filter(None, stopped):
        waits = force or not answer["kernels"]
        while waits and _runs(answer["pid"]) and time.monotonic() < until:
            time.sleep(0.01)
    return sum(answer is not None for answer in stopped)


def _runs(pid: int) -> bool:
    """Say whether a process has not ended; init may take its time to reap one that has."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _sockets() -> list[Path]:
    return sorted(runtime.folder().glob("*.sock")) if warm_available()[0] else []


def _ask(path: Path, request: dict[str, Any]) -> dict[str, Any] | None:
    conn: socket.socket | None = client.connect(path)
    if conn is None:
        return None
    with conn:
        try:
            wire.send(conn, {**request, "pid": os.getpid()})
            answer, _ = wire.receive(conn)
        except (OSError, EOFError):  # it ended just now
            return None
    return {**answer, "socket": str(path)}
