"""The loop of the fork server: one thread, no event library, a fresh process for each kernel."""

import fcntl
import os
import selectors
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import child, imports, installed, preload, wire

READING_S = 5.0  # how long a client may take to state its request
ROUND_S = 10.0  # how often the server looks whether it is still wanted


@dataclass
class Kernel:
    """A kernel that was handed out: its process and the connection that awaits its end."""

    pid: int
    pidfd: int
    conn: socket.socket


@dataclass
class Server:
    """Hands out kernels over a socket until nobody has asked for `idle` seconds."""

    path: Path
    idle: float
    environment: str
    loaded: preload.Loaded
    listener: socket.socket
    wakeup: tuple[socket.socket, socket.socket]
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    kernels: dict[int, Kernel] = field(default_factory=dict)
    served: int = 0
    started: float = field(default_factory=time.time)
    used: float = field(default_factory=time.monotonic)
    retiring: bool = False

    def run(self) -> child.Birth | None:
        """Serve; return None at the end of the server, and in a forked child what to become."""
        self.inode = os.stat(self.path).st_ino
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.wakeup[0], selectors.EVENT_READ)
        while self.kernels or not self.retiring:
            for key, _ in self.selector.select(min(self.idle, ROUND_S)):
                if key.fd in self.kernels:
                    self._bury(self.kernels.pop(key.fd))
                elif key.fileobj is self.wakeup[0]:
                    self.wakeup[0].recv(64)
                    self.retire()
                elif not self.retiring and (birth := self._accept()):
                    return birth
            if not self.retiring and not self._wanted() and (birth := self._drain()):
                return birth
        return None

    def _wanted(self) -> bool:
        idle = not self.kernels and time.monotonic() - self.used >= self.idle
        try:
            found = os.stat(self.path).st_ino == self.inode
        except FileNotFoundError:
            return False
        return found and not idle and installed.digest() == self.environment

    def _drain(self) -> child.Birth | None:
        """Take the name away, then serve whoever had already found it."""
        self._unlink()
        self.listener.setblocking(False)
        with suppress(BlockingIOError):
            while not self.retiring:
                if birth := self._accept():
                    return birth
        self.retire()
        return None

    def retire(self) -> None:
        """Accept nobody any more; the loop ends with the last kernel."""
        if not self.retiring:
            self.retiring = True
            self._unlink()
            self.selector.unregister(self.listener)
            self.listener.close()

    def _unlink(self) -> None:
        """Remove the socket and the log, unless a client is about to put new ones there."""
        with (
            suppress(FileNotFoundError, BlockingIOError),
            open(self.path.with_suffix(".lock")) as lock,
        ):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.stat(self.path).st_ino == self.inode:
                for suffix in (".sock", ".log", ".lock"):
                    self.path.with_suffix(suffix).unlink(missing_ok=True)

    def _accept(self) -> child.Birth | None:
        conn, _ = self.listener.accept()
        conn.settimeout(READING_S)
        fds: list[int] = []
        try:
            pid, uid = wire.peer(conn)
            request, fds = wire.receive(conn, fds=3)
            if uid != os.getuid() or pid != request.get("pid"):
                wire.send(conn, {"error": "the client is of another user or process namespace"})
            elif request["do"] == "kernel":
                if birth := self._kernel(conn, request, fds, pid):
                    return birth
            else:
                wire.send(conn, self._answer(request))
        except (OSError, EOFError, ValueError, KeyError) as error:
            print(f"a request failed: {error!r}", file=sys.stderr, flush=True)
        for fd in fds:
            os.close(fd)
        if all(conn is not kernel.conn for kernel in self.kernels.values()):
            conn.close()
        return None

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "stop":
            for kernel in self.kernels.values() if request.get("force") else ():
                os.kill(kernel.pid, signal.SIGKILL)
            self.retire()
        return {
            "pid": os.getpid(),
            "python": sys.executable,
            "started": self.started,
            "served": self.served,
            "kernels": [kernel.pid for kernel in self.kernels.values()],
            "threads": len(os.listdir("/proc/self/task")),
            "failed_imports": self.loaded.failed,
            "current": installed.digest() == self.environment,
        }

    def _kernel(
        self, conn: socket.socket, request: dict[str, Any], fds: list[int], client: int
    ) -> child.Birth | None:
        if installed.digest() != self.environment:
            wire.send(conn, {"stale": True})
            self.retire()
            return None
        watched = -1 if request["independent"] else os.pidfd_open(client)
        try:
            pid = os.fork()
        except OSError as error:
            wire.send(conn, {"error": f"the fork server cannot fork: {error.strerror}"})
            pid = -1
        if pid == 0:
            self._let_go(conn)
            return child.Birth(request, fds, watched, self.loaded.variables)
        if watched >= 0:
            os.close(watched)
        if pid > 0:
            self._register(Kernel(pid, os.pidfd_open(pid), conn))
        return None

    def _register(self, kernel: Kernel) -> None:
        self.kernels[kernel.pidfd] = kernel
        self.selector.register(kernel.pidfd, selectors.EVENT_READ)
        self.served += 1
        self.used = time.monotonic()
        try:
            wire.send(kernel.conn, {"pid": kernel.pid}, [kernel.pidfd])
        except OSError:  # the client has gone and will never speak to this kernel
            os.kill(kernel.pid, signal.SIGKILL)

    def _bury(self, kernel: Kernel) -> None:
        """Reap a kernel, and first what it left running in its own process group."""
        self.selector.unregister(kernel.pidfd)
        with suppress(ProcessLookupError):
            os.killpg(kernel.pid, signal.SIGKILL)
        _, status, usage = os.wait4(kernel.pid, 0)
        self.used = time.monotonic()
        with suppress(OSError):  # the client may have gone
            wire.send(
                kernel.conn,
                {
                    "exit": os.waitstatus_to_exitcode(status),
                    "cpu_user_s": usage.ru_utime,
                    "cpu_system_s": usage.ru_stime,
                    "peak_mb": usage.ru_maxrss / 1024,
                },
            )
        kernel.conn.close()
        os.close(kernel.pidfd)

    def _let_go(self, conn: socket.socket) -> None:
        """Close, in a forked child, all that belongs to the server."""
        signal.set_wakeup_fd(-1)
        self.selector.close()
        for held in (conn, self.listener, *self.wakeup, *(k.conn for k in self.kernels.values())):
            held.close()
        for pidfd in self.kernels:
            os.close(pidfd)


def main(options: dict[str, Any]) -> int:
    """Import, listen, serve; `options` come from `helpers.batch.kernels.client`."""
    environment = installed.digest()
    loaded = preload.load(options["preload"])
    blas = child.Blas()
    imports.arm()
    path = Path(options["socket"])
    wakeup = socket.socketpair()
    server = Server(path, options["idle"], environment, loaded, _listen(path), wakeup)
    _handle_signals(server)
    os.write(options["ready_fd"], b"1")
    os.close(options["ready_fd"])
    os.close(options["lock_fd"])  # until here no second server could be started
    birth = server.run()
    return child.live(birth, blas) if birth else 0


def _listen(path: Path) -> socket.socket:
    """Listen under another name, then take the place of whatever had this one."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    before = os.umask(0o177)
    listener.bind(str(beside))
    os.umask(before)
    listener.listen(128)
    os.replace(beside, path)
    return listener


def _handle_signals(server: Server) -> None:
    for end in server.wakeup:
        end.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a client's terminal is not for us
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: None)  # wakes the loop, which then retires
    signal.set_wakeup_fd(server.wakeup[1].fileno())
