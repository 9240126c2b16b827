"""Papermill's engine for a run: the kernels' engine, with a trace of what the notebook used."""

import ast
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from nbformat import NotebookNode
from papermill.log import logger
from traitlets.config import Config

from helpers.batch.job import Limits
from helpers.batch.kernels.engine import ReportEngine
from helpers.batch.kernels.execution import Options, ReportClient
from helpers.batch.kernels.journal import JournalledExecution
from helpers.batch.leftovers import end_kernel

NAME = "crm-reports-traced"
LOCAL = (None, "local-provisioner", "crm-reports-forkserver")


@dataclass
class Session:
    """What one execution is given, and what it leaves whether it ends well or not.

    Attributes:
        folder: receives the journal and what the kernel writes outside its cells.
        sockets: a private folder with a short name.
        root: the kernel's working folder.
        environment: the kernel's variables.
        on_kernel: is told the kernel's process id, unless it is one of another machine.
        nb: the notebook, as far as it got.
        trace: what the kernel said it used.
    """

    folder: Path
    sockets: Path
    root: str
    environment: dict[str, str]
    limits: Limits
    on_kernel: Callable[[int], None]
    nb: NotebookNode | None = None
    trace: dict[str, Any] | None = None

    @property
    def journal(self) -> Path:
        """Where finished cells are appended."""
        return self.folder / "journal.jsonl"

    @property
    def log(self) -> Path:
        """Where goes what the kernel writes outside its cells."""
        return self.folder / "kernel.log"


class TracedClient(ReportClient):
    """Asks the kernel before the first and after the last cell, in silence."""

    session: Session

    def papermill_execute_cells(self) -> None:
        """Run the cells between the two questions."""
        if (pid := self._pid()) is not None:
            self.session.on_kernel(pid)
        output = self.session.environment["CRM_REPORTS_OUTPUT"]
        snapshots = os.path.join(output, "store", "snapshots")
        self._ask(f"start({self.session.root!r}, {snapshots!r})")
        super().papermill_execute_cells()
        if not self.nb.metadata.papermill["exception"]:
            found = self._ask("finish()")
            self.session.trace = json.loads(found) if found else None
        self._end_now()

    def _end_now(self) -> None:
        """Kill the kernel: all cells have answered, and a polite end takes most of a second.

        Somebody who finds it dead asks no more; jupyter_client looks ten times a second only.
        """
        process = getattr(self.km.provisioner, "process", None)
        if self._pid() is None or process is None:
            return  # of another machine: jupyter_client ends it
        end_kernel(self.session.folder)
        for _ in range(50):
            if process.poll() is not None:
                return
            time.sleep(0.002)

    def _ask(self, call: str) -> str | None:
        """Return what the kernel says to an expression of `helpers.batch.trace`, or None."""
        code = f"__import__('helpers.batch.trace', fromlist=['trace']).{call}"
        asked = self.kc.execute(
            "", silent=True, store_history=False, user_expressions={"trace": code}
        )
        reply = self.wait_for_reply(asked)
        found = ((reply or {}).get("content", {}).get("user_expressions") or {}).get("trace", {})
        if found.get("status") != "ok":
            return None
        return str(ast.literal_eval(found["data"]["text/plain"]))


class TracedEngine(ReportEngine):
    """Executes with `TracedClient`; registered under `NAME`."""

    @classmethod
    def execute_notebook(  # type: ignore[override]
        cls, nb: NotebookNode, kernel_name: str, session: Session | None = None, **ignored: Any
    ) -> NotebookNode:
        """Run a prepared notebook; the session receives what there is to know.

        Raises:
            RuntimeError: the kernel does not start.
        """
        if session is None:
            raise TypeError("this engine is called by helpers.batch.execute alone")
        nb.metadata.papermill["input_path"] = nb.metadata.papermill["output_path"] = None
        session.nb = nb
        manager = JournalledExecution(
            nb, output_path=None, journal=session.journal, progress_bar=False
        )
        manager.notebook_start()
        try:
            client = TracedClient(
                manager,
                _options(session),
                kernel_name=kernel_name,
                log=logger,
                shutdown_kernel="immediate",
                config=_connection(kernel_name, session.sockets),
            )
            client.session = session
            with session.log.open("wb") as log:
                client.execute(cwd=session.root, stdout=log, stderr=log)
        finally:
            manager.notebook_complete()
        return nb


def _options(session: Session) -> Options:
    limits = session.limits
    return Options(
        cell_timeout=limits.cell_seconds or None,
        report_timeout=limits.report_seconds or None,
        memory_limit_mb=limits.memory_mb or None,
        output_limit=limits.output_mb * 2**20,
        environment=session.environment,
    )


def _connection(kernel_name: str, folder: Path) -> Config:
    """Connect through files in a private folder wherever the kernel is of this machine.

    Free ports are looked up first and bound later, and parallel runs collide on them.
    """
    spec = KernelSpecManager().get_kernel_spec(kernel_name)
    provisioner = spec.metadata.get("kernel_provisioner", {}).get("provisioner_name")
    manager = {"connection_file": str(folder / "kernel.json")}
    if os.name == "posix" and provisioner in LOCAL:
        manager["transport"] = "ipc"
    return Config(KernelManager=manager)
