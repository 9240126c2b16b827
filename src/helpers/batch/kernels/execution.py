"""Executes a notebook on a kernel, within limits, and records what it took."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

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
from helpers.batch.kernels.ready import wait_until_ready
from helpers.batch.kernels.sockets import connection

IOPUB_S = 60  # how long outputs may lag behind the end of their cell


@dataclass(frozen=True)
class Options:
    """The limits of an execution; None is no limit. Times are in seconds."""

    start_timeout: int = 60
    cell_timeout: float | None = None
    report_timeout: float | None = None
    memory_limit_mb: int | None = None
    output_limit: int = 20_000_000
    threads: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Places:
    """Where an execution reads and writes; None leaves it to papermill and jupyter_client.

    Attributes:
        output: the executed notebook; its journal stands beside it until the end.
        journal: where to journal if there is no `output`; the caller removes it.
        folder: the kernel's working folder.
        log: a file that receives what the kernel writes outside its cells.
        sockets: a private folder to connect through, instead of ports.
    """

    output: str | None = None
    journal: Path | None = None
    folder: str | None = None
    log: Path | None = None
    sockets: Path | None = None


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
        self.until = float("inf")

    def execute(self, **kwargs: Any) -> NotebookNode:
        """Start the kernel, run the cells, end the kernel."""
        self.reset_execution_trackers()
        record = self.nb.metadata.setdefault("crm_reports", NotebookNode())
        marks = [time.monotonic()]
        environment = {
            **os.environ,
            **(threads(self.options.threads) if self.options.threads else {}),
            **self.options.environment,
        }
        try:
            with self.setup_kernel(env=environment, **kwargs):
                marks.append(time.monotonic())
                record["kernel"] = self._kernel()
                self.until = marks[-1] + (self.options.report_timeout or float("inf"))
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
        self.used: dict[str, float] = {}
        for index, cell in enumerate(self.nb.cells):
            self.nb_man.cell_start(cell, index)
            try:
                self.execute_cell(cell, index)
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
        """Keep an output, unless the cell has printed more than it may."""
        if msg["msg_type"] == "stream":
            text, limit = msg["content"]["text"], self.options.output_limit
            before = self.printed.get(cell_index, 0)
            self.printed[cell_index] = before + len(text)
            if before >= limit:
                return None
            if before + len(text) > limit:
                cut = f"\n[cut here: a cell may print {limit:,} characters]\n"
                msg["content"]["text"] = text[: limit - before] + cut
        return super().output(outs, msg, display_id, cell_index)

    @contextmanager
    def _memory_watched(self) -> Iterator[None]:
        pid, limit = self.pid, self.options.memory_limit_mb
        self.watch = limits.MemoryWatch(pid, limit) if pid and limit else None
        try:
            yield
        finally:
            if self.watch:
                self.watch.stop()

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
        """The kernel's process; None where it is one of another machine."""
        return getattr(self.km.provisioner, "pid", None) if self.km else None

    @property
    def process(self) -> Any:
        """The kernel's process with the manners of `subprocess.Popen`, if it is of this machine."""
        return getattr(self.km.provisioner, "process", None)

    def _kernel(self) -> dict[str, str]:
        provisioner = self.km.provisioner
        local = "cold" if self.pid else "remote"
        kind = getattr(provisioner, "kernel_kind", local)
        fallback = getattr(provisioner, "fallback", "")
        found = {"name": self.kernel_name, "kind": kind}
        return {**found, "fallback": fallback} if fallback else found
