"""Asks the fork server for a kernel, and starts the server where there is none."""

import json
import os
import select
import socket
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from helpers.batch.kernels import forkserver, runtime
from helpers.batch.kernels.forkserver import wire
from helpers.batch.kernels.launch import Launch, WarmUnavailableError
from helpers.batch.kernels.process import ForkedProcess

ANSWER_S = 20.0  # a server that says nothing for so long is stuck
START_S = 120.0  # imports without byte-compiled files, on a slow disk
IDLE_S = 900.0
RETRY_S = 60.0  # after a failure, ordinary kernels for so long, without trying again
_given_up: dict[str, tuple[float, str]] = {}


def start_kernel(launch: Launch) -> ForkedProcess:
    """Return a new kernel process.

    Raises:
        WarmUnavailableError: there is no server and none can be started, or it cannot fork.
    """
    key = launch.server_key()
    since, reason = _given_up.get(key, (float("-inf"), ""))
    if time.monotonic() - since < RETRY_S:
        raise WarmUnavailableError(reason)
    try:
        return _start_kernel(launch, key)
    except WarmUnavailableError as error:
        _given_up[key] = time.monotonic(), str(error)
        raise


def _start_kernel(launch: Launch, key: str) -> ForkedProcess:
    for _ in range(3):
        path = runtime.folder() / f"{key}.sock"
        conn = connect(path) or _start_server(launch, path)
        try:
            reply, fds = _ask_for_kernel(conn, launch)
        except (OSError, EOFError):  # it ended between our call and its answer
            conn.close()
            continue
        if "pid" in reply and fds:
            conn.settimeout(5.0)  # from now on it says one thing, at the kernel's end
            return ForkedProcess(reply["pid"], fds[0], conn)
        conn.close()
        if not reply.get("stale"):
            raise WarmUnavailableError(
                reply.get("error", "the fork server's answer is not understood")
            )
    raise WarmUnavailableError("the fork server ended three times in a row")


def _ask_for_kernel(conn: socket.socket, launch: Launch) -> tuple[dict[str, Any], list[int]]:
    """Return the answer once the kernel listens, so that nobody's first call to it fails.

    zmq tries a refused connection again after a tenth of a second, which is as long as all of a
    warm kernel's start.
    """
    nothing = os.open(os.devnull, os.O_WRONLY)
    listens, its_end = os.pipe()
    try:
        streams = [fd if fd >= 0 else nothing for fd in (launch.stdout, launch.stderr)]
        wire.send(conn, launch.request(), [*streams, its_end])
        os.close(its_end)
        its_end = -1
        answer = wire.receive(conn, fds=1)
        if "pid" in answer[0]:
            _readable(listens, ANSWER_S)  # it closes its end, or dies
        return answer
    finally:
        for fd in (nothing, listens, its_end):
            if fd >= 0:
                os.close(fd)


def connect(path: Path) -> socket.socket | None:
    """Return a connection to the server that listens there, or None."""
    conn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    conn.settimeout(ANSWER_S)
    try:
        conn.connect(str(path))
        if wire.peer(conn)[1] == os.getuid():
            return conn
    except (FileNotFoundError, ConnectionRefusedError):
        pass
    conn.close()
    return None


def _start_server(launch: Launch, path: Path) -> socket.socket:
    with runtime.lock(path.with_suffix(".lock"), START_S) as lock:
        if conn := connect(path):  # somebody else has started it meanwhile
            return conn
        sweep(path.parent)
        _spawn(launch, path, lock)
        if conn := connect(path):
            return conn
    raise WarmUnavailableError("the fork server ended as soon as it was ready")


def _spawn(launch: Launch, path: Path, lock: int) -> None:
    """Start a server and wait until it listens; it holds the lock until then, even without us."""
    log, idle = path.with_suffix(".log"), _idle_seconds()
    environment = launch.server_environment() | {"OPENBLAS_NUM_THREADS": "1"}
    given = environment.get("JE_ARROW_MALLOC_CONF", "")
    environment["JE_ARROW_MALLOC_CONF"] = f"{given},background_thread:false".lstrip(",")
    ready, ready_fd = os.pipe()
    options = {
        "socket": str(path),
        "idle": idle,
        "preload": launch.preload,
        "affinity": launch.affinity,
        "niceness": launch.niceness,
        "lock_fd": lock,
        "ready_fd": ready_fd,
    }
    command = [*launch.python, str(Path(forkserver.__file__).parent), json.dumps(options)]
    with suppress(FileNotFoundError):
        log.unlink()
    try:
        with open(log, "xb") as output:
            os.chmod(log, 0o600)
            starter = subprocess.Popen(
                command,
                env=environment,
                cwd=path.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(lock, ready_fd),
                start_new_session=True,
            )
    except OSError as error:
        os.close(ready)
        raise WarmUnavailableError(f"the fork server cannot be started: {error}") from error
    finally:
        os.close(ready_fd)
    with closing(os.fdopen(ready, "rb", buffering=0)) as pipe:
        starter.wait()
        if not _readable(ready, START_S) or not pipe.read(1):
            lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
            raise WarmUnavailableError(f"the fork server did not start: {lines[-1]}")


def _readable(fd: int, seconds: float) -> bool:
    poll = select.poll()  # unlike select(), it takes descriptors beyond 1,023
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _idle_seconds() -> float:
    given = os.environ.get("CRM_REPORTS_KERNEL_IDLE") or str(IDLE_S)
    try:
        return float(given)
    except ValueError:
        reason = f"CRM_REPORTS_KERNEL_IDLE is no number of seconds: {given!r}"
        raise WarmUnavailableError(reason) from None


def sweep(folder: Path) -> None:
    """Remove what servers that were killed have left behind."""
    for path in folder.glob("*.sock"):
        if conn := connect(path):
            conn.close()
            continue
        left = [path.with_suffix(suffix) for suffix in (".sock", ".log", ".lock")]
        with suppress(WarmUnavailableError), runtime.lock(path.with_suffix(".lock"), 0.0):
            for file in left:
                file.unlink(missing_ok=True)
