"""Where jobs run: processes of this machine, or a Dask cluster; both are `Executor`s."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from typing import Any

from helpers.errors import UsageError

_PRELOAD = "helpers.batch.worker"


class NoWorkerError(BrokenExecutor):
    """No worker could take a call; the text says why."""


def open_executor(spec: str, jobs: int) -> tuple[Executor, int]:
    """Return the executor that `--executor` names, and how many jobs it takes at once.

    `processes` is this machine, `dask://HOST:PORT` the scheduler of a Dask cluster.

    Raises:
        UsageError: the spec is none of these, or the cluster cannot be reached.
    """
    if spec == "processes":
        return Lanes(jobs), jobs
    if spec.startswith("dask://"):
        from helpers.batch.cluster import connect

        return connect(spec)
    raise UsageError(
        f"no executor is called {spec!r}", hint="Valid: processes, dask://HOST:PORT (a scheduler)."
    )


def prepare(executor: str) -> None:
    """Have workers' imports under way while a run still begins, where workers are of this machine.

    They get the environment that this process has now.
    """
    if executor == "processes" and os.name == "posix":
        multiprocessing.get_context("forkserver").set_forkserver_preload([_PRELOAD])
        forkserver.ensure_running()


class Lanes(Executor):
    """A process pool in which the death of one worker costs only the job that it had.

    Each lane is a `ProcessPoolExecutor` of one worker: when it breaks, its future says so and a
    fresh lane takes its place. All workers end when this process does, however it ends: they hold
    the reading end of a pipe whose other end is only here.
    """

    def __init__(self, lanes: int, *, preload: str = _PRELOAD) -> None:
        method = "forkserver" if os.name == "posix" else "spawn"
        self._context = multiprocessing.get_context(method)
        if method == "forkserver":
            self._context.set_forkserver_preload([preload])
        self._alive, self._our_end = self._context.Pipe(duplex=False)
        self._lock = threading.RLock()
        self._free = lanes  # lanes that may still be opened
        self._idle: list[ProcessPoolExecutor] = []
        self._busy: set[Future[Any]] = set()
        self._closed = False
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand a call to the next free lane."""
        future: Future[Any] = Future()
        with self._lock:
            self._waiting.append((future, partial(call, *args, **kwargs)))
        self._dispatch()
        return future

    def _dispatch(self) -> None:
        with self._lock:
            while not self._closed and self._waiting and (self._idle or self._free):
                future, call = self._waiting.popleft()
                if future.set_running_or_notify_cancel():
                    self._start(future, call)

    def _lane(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            1, mp_context=self._context, initializer=_begin, initargs=(self._alive,)
        )

    def _start(self, future: Future[Any], call: Callable[[], Any]) -> None:
        """Hand a call to an idle lane or a new one; a lane that cannot begin costs this job only.

        Without memory, processes or descriptors to spare the system refuses a new one.
        """
        lane: ProcessPoolExecutor | None = None
        try:
            if self._idle:
                lane = self._idle.pop()
            else:
                self._free -= 1
                lane = self._lane()
            inner = lane.submit(call)
        except (BrokenExecutor, RuntimeError, OSError) as error:  # it died while idle, or so
            self._free += 1
            if lane is not None:
                lane.shutdown(wait=False)
            future.set_exception(NoWorkerError(f"no worker could take it: {error}"))
            return
        self._busy.add(inner)
        inner.add_done_callback(partial(self._finished, lane, future))

    def _finished(self, lane: ProcessPoolExecutor, future: Future[Any], inner: Future[Any]) -> None:
        error = inner.exception()
        with self._lock:
            self._busy.discard(inner)
            if isinstance(error, BrokenExecutor) or self._closed:
                lane.shutdown(wait=False)
                self._free += 1
            else:
                self._idle.append(lane)
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(inner.result())
        self._dispatch()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the pool; with `cancel_futures` a worker drops its job and kills its kernel.

        Without, jobs in hand are waited for, as every executor does.
        """
        if not cancel_futures and wait:
            self._drain()
        with self._lock:
            self._closed = True
            for future, _ in self._waiting:
                future.cancel()
            self._waiting.clear()
            busy, idle, self._idle = set(self._busy), self._idle, []
        for lane in idle:
            lane.shutdown(wait=wait)
        self._our_end.close()  # what is still busy ends now
        if wait:
            futures.wait(busy, timeout=10)

    def _drain(self) -> None:
        while True:
            with self._lock:
                busy = set(self._busy)
                if not busy and not self._waiting:
                    return
            futures.wait(busy, timeout=0.5)


def _begin(alive: Connection) -> None:
    """Prepare a worker: the runner alone answers Ctrl-C, and the worker does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with, args=(alive,), name="alive", daemon=True).start()


def _die_with(alive: Connection) -> None:
    alive.poll(None)  # returns when the other end closes
    from helpers.batch.leftovers import end_all

    end_all()
    os._exit(1)
