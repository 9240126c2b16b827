"""A kernel's process that is not our child, with the manners of `subprocess.Popen`."""

import os
import select
import signal
import socket
import time
from typing import Any

from helpers.batch.kernels.forkserver import wire

UNKNOWN = 255  # the server died before it could report how the kernel ended


class ForkedProcess:
    """A kernel handed out by the fork server.

    Attributes:
        pid: its process, leader of its own session and process group.
        returncode: None while it runs; then its exit status, negative for a signal.
        usage: after its end `cpu_user_s`, `cpu_system_s` and `peak_mb` (largest resident memory).
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, pidfd: int, conn: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.usage: dict[str, float] = {}
        self._pidfd, self._conn = pidfd, conn

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when the process ends."""
        return self._pidfd

    def poll(self) -> int | None:
        """Return the exit status, or None while the process runs."""
        if self.returncode is None and self._ended(0.0):
            self.returncode = self._report()
            self._close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Block until the process has ended and return its exit status.

        Raises:
            TimeoutError: it still runs after `timeout` seconds.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"kernel process {self.pid} runs on after {timeout} s")
            self._ended(left)
        return int(self.returncode if self.returncode is not None else UNKNOWN)

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, if it has not ended."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def _ended(self, seconds: float | None) -> bool:
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(None if seconds is None else seconds * 1000))

    def _report(self) -> int:
        try:
            said: dict[str, Any]
            said, _ = wire.receive(self._conn)
        except (OSError, EOFError, ValueError):
            return UNKNOWN
        status = int(said.pop("exit"))
        self.usage = said
        return status

    def _close(self) -> None:
        self._conn.close()
        os.close(self._pidfd)

    def __del__(self) -> None:
        """Let go of the descriptors of a kernel that nobody waited for."""
        if getattr(self, "returncode", 0) is None:
            self._close()
