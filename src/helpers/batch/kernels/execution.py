"""Executes a notebook on a kernel, within limits, and records what it took."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from queue import Empty
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async, run_sync
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.log import logger

from helpers.batch.kernel import threads
from helpers.batch.kernels import limits
from helpers.batch.kernels.journal import JournalledExecution, beside
from helpers.batch.kernels.observer import Observer
from helpers.batch.kernels.options import Options, Places
from helpers.batch.kernels.process import ForkedProcess
from helpers.batch.kernels.ready import message, wait_until_ready
from helpers.batch.kernels.sockets import connection
from helpers.batch.leftovers import MARK

IOPUB_S = 60  # how long outputs may lag behind the end of their cell
ASK_S = 60.0  # how long a kernel that has run all cells may take to say what it used
GRACE_S = 2.0  # and how long at least, where the report's time is used up
SHOWN = 10  # a cell may show pictures and tables of so many times the text that it may print


def execute(
    nb: NotebookNode,
    kernel_name: str,
    options: Options,
    places: Places,
    *,
    observer: Observer | None = None,
    shown: Mapping[str, Any] | None = None,
    streams: Mapping[str, Any] | None = None,
) -> NotebookNode:
    """Execute a notebook in place and return it; `metadata.crm_reports` says how it went.

    That has `kernel` (`name`, `kind` warm, cold or remote, `fallback`), `phases` (`start_s`,
    `cells_s`, `end_s`) and `resources` (`cpu_user_s`, `cpu_system_s`, `peak_mb`). A cell that
    fails, takes too long or kills its kernel carries an error output, and the rest is not run.

    Raises:
        RuntimeError: the kernel does not start.
    """
    shown, looking = dict(shown or {"progress_bar": False}), observer or Observer()
    journal = places.journal or beside(places.output)
    manager = JournalledExecution(nb, output_path=places.output, journal=journal, **shown)
    looking.prepared(nb)
    manager.notebook_start()
    try:
        client = ReportClient(
            manager,
            options,
            looking,
            kernel_name=kernel_name,
            log=logger,
            log_output=bool(shown.get("log_output")),
            config=connection(kernel_name, places.sockets),
            **(streams or {}),
        )
        started: dict[str, Any] = {"cwd": places.folder} if places.folder else {}
        with places.log.open("wb") if places.log else nullcontext() as log:
            client.execute(**started, **({"stdout": log, "stderr": log} if log else {}))
    finally:
        manager.cleanup_pbar()
        manager.notebook_complete()
    return manager.nb


class ReportClient(PapermillNotebookClient):
    """Papermill's client with limits, a quicker start, and errors that stay in the notebook."""

    def __init__(
        self, manager: JournalledExecution, options: Options, observer: Observer, **traits: Any
    ) -> None:
        super().__init__(
            manager,
            startup_timeout=options.start_timeout,
            iopub_timeout=IOPUB_S,
            store_widget_state=False,
            **traits,
        )
        self.options, self.observer = options, observer
        self.timeout_func = self._time_left
        self.printed: dict[int, int] = {}
        self.displayed: dict[int, int] = {}
        self.until = float("inf")
        self.used: dict[str, float] = {}

    def execute(self, **kwargs: Any) -> NotebookNode:
        """Start the kernel, run the cells, end the kernel."""
        self.reset_execution_trackers()
        record = self.nb.metadata.setdefault("crm_reports", NotebookNode())
        marks = [time.monotonic()]
        self.until = marks[0] + (self.options.report_timeout or float("inf"))
        environment = {
            **os.environ,
            **(threads(self.options.threads) if self.options.threads else {}),
            **self.options.environment,
        }
        try:
            with self.setup_kernel(env=environment, **kwargs):
                marks.append(time.monotonic())
                record["kernel"] = self._kernel()
                with self._memory_watched():
                    self.observer.started(self)
                    self.papermill_execute_cells()
                    self.observer.finished(self)
                record["resources"] = self.used
                marks.append(time.monotonic())
        finally:
            marks.append(time.monotonic())
            spent = [round(b - a, 3) for a, b in pairwise(marks)]
            names = ("start_s", "cells_s", "end_s")
            record["phases"] = dict(zip(names, spent, strict=False))
        return self.nb

    async def async_start_new_kernel_client(self) -> Any:
        """Return a client of the kernel, connected."""
        self.kc = self.km.client()
        try:
            await ensure_async(self.kc.start_channels())
            info = await wait_until_ready(self.kc, self.km, self.startup_timeout)
        except Exception:
            await self._async_cleanup_kernel()
            raise
        self.kc.allow_stdin = False
        self.nb.metadata["language_info"] = info["language_info"]
        return self.kc

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    def papermill_execute_cells(self) -> None:
        """Run the cells in order, up to the first that does not end well."""
        for index, cell in enumerate(self.nb.cells):
            self.nb_man.cell_start(cell, index)
            try:
                self.execute_cell(cell, index)
                self._refuse_floods(cell, index)
            except CellExecutionError as error:
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                break
            except (CellTimeoutError, DeadKernelError) as error:
                self.shutdown_kernel = "immediate"  # there is nobody to ask politely
                self._blame(cell, error)
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                break
            finally:
                self.nb_man.cell_complete(cell, cell_index=index)
                if cell.cell_type == "code" and (pid := self.pid):
                    self.used = limits.usage(pid) or self._last_usage() or self.used

    def output(
        self, outs: list[Any], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> Any:
        """Keep an output, unless the cell has printed or shown more than it may."""
        limit = self.options.output_limit
        if msg["msg_type"] == "stream":
            text, before = msg["content"]["text"], self.printed.get(cell_index, 0)
            self.printed[cell_index] = before + len(text)
            if before >= limit:
                return None
            if before + len(text) > limit:
                cut = f"\n[cut here: a cell may print {limit:,} characters]\n"
                msg["content"]["text"] = text[: limit - before] + cut
        elif msg["msg_type"] != "error":
            self.displayed[cell_index] = self.displayed.get(cell_index, 0) + _size(msg["content"])
            if self.displayed[cell_index] > SHOWN * limit:
                return None  # the cell fails at its end: a page must not lack what nobody misses
        return super().output(outs, msg, display_id, cell_index)

    def _refuse_floods(self, cell: NotebookNode, index: int) -> None:
        limit = SHOWN * self.options.output_limit
        if self.displayed.get(index, 0) > limit:
            said = f"a cell may show {limit:,} characters of pictures and tables"
            name = "OutputTooLargeError"
            cell.outputs.append(new_output("error", ename=name, evalue=said, traceback=[said]))
            raise CellExecutionError(said, name, said)

    async def async_ask(self, expression: str) -> dict[str, Any] | None:
        """Return what the kernel answers to an expression, in silence; None where it does not.

        It has a minute, as long as the report's time lasts: a kernel that was stopped, or blocks
        after its last cell, never answers.
        """
        left = max(min(ASK_S, self.until - time.monotonic()), GRACE_S)
        asked = await ensure_async(
            self.kc.execute(
                "", silent=True, store_history=False, user_expressions={"asked": expression}
            )
        )
        until = time.monotonic() + left
        while (left := until - time.monotonic()) > 0:
            try:
                reply = await message(self.kc.shell_channel, asked, "execute_reply", min(left, 1.0))
            except Empty:
                if not await ensure_async(self.km.is_alive()):
                    return None
                continue
            return (reply.get("user_expressions") or {}).get("asked")
        return None

    ask = run_sync(async_ask)

    @contextmanager
    def _memory_watched(self) -> Iterator[None]:
        pid, limit = self.pid, self.options.memory_limit_mb
        mark = self.options.environment.get(MARK, "")
        self.watch = limits.MemoryWatch(pid, limit, mark=mark) if pid and limit else None
        try:
            yield
        finally:
            if self.watch:
                self.watch.stop()
                peak = max(self.used.get("peak_mb", 0.0), self.watch.peak_mb)
                self.used = {**self.used, "peak_mb": round(peak, 1)}

    def _time_left(self, cell: NotebookNode) -> float | None:
        left = max(self.until - time.monotonic(), 0.01)  # 0 would be no limit at all
        allowed = min(left, self.options.cell_timeout or float("inf"))
        return None if allowed == float("inf") else allowed

    def _blame(self, cell: NotebookNode, error: Exception) -> None:
        """Give a cell the error output that its kernel could not send."""
        if self.watch and self.watch.exceeded:
            said = f"the kernel held more than the {self.options.memory_limit_mb:,} MiB it may"
        elif isinstance(error, DeadKernelError):
            said = f"the kernel died in this cell: {self._how_it_ended()}"
        elif time.monotonic() >= self.until:
            said = f"the report has used the {self.options.report_timeout:g} s that it may take"
        else:
            said = f"the cell ran longer than the {self.options.cell_timeout:g} s that it may take"
        name = type(error).__name__
        cell.outputs.append(new_output("error", ename=name, evalue=said, traceback=[said]))

    def _how_it_ended(self) -> str:
        status = getattr(self.process, "returncode", None)
        if status is None:
            return "nobody knows how"
        if status >= 0:
            return f"it left with exit status {status}"
        name = signal.Signals(-status).name
        return f"{name}, perhaps for want of memory" if name == "SIGKILL" else name

    def _last_usage(self) -> dict[str, float]:
        said = getattr(self.process, "usage", {})  # what the fork server says of a dead kernel
        return {name: round(value, 3) for name, value in said.items()}

    @property
    def pid(self) -> int | None:
        """The kernel's process; None where it is one of another machine.

        Provisioners of remote kernels call the number that a process has over there `pid`, too.
        """
        return self.process.pid if self.process else None

    @property
    def process(self) -> "subprocess.Popen[bytes] | ForkedProcess | None":
        """The kernel's process, if this machine started it and knows that it is the kernel."""
        provisioner = self.km.provisioner if self.km else None
        if not isinstance(provisioner, LocalProvisioner):
            return None
        process: Any = provisioner.process
        return process if isinstance(process, subprocess.Popen | ForkedProcess) else None

    def _kernel(self) -> dict[str, str]:
        provisioner = self.km.provisioner
        local = "cold" if self.pid else "remote"
        kind = getattr(provisioner, "kernel_kind", local)
        fallback = getattr(provisioner, "fallback", "")
        found = {"name": self.kernel_name, "kind": kind}
        return {**found, "fallback": fallback} if fallback else found


def _size(content: Mapping[str, Any]) -> int:
    """Return how large an output is: texts by their characters, all else as it is written."""
    data = content.get("data") or {}
    texts = (v if isinstance(v, str) else json.dumps(v, default=str) for v in data.values())
    return 100 + sum(map(len, texts))
