"""The papermill engine of a run: journal instead of rewriting, limits, a trace of what was used.

papermill saves the whole notebook after each cell, which costs seconds on notebooks with many
charts. Here each finished cell is appended to a journal once; after a crash it is still there.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.log import logger

NAME = "crm-reports-batch"


@dataclass
class Session:
    """What one execution leaves for its caller, whether it ends well or not."""

    journal: Path
    root: str
    snapshots: str
    environment: dict[str, str]
    output_bytes: int
    on_kernel: Callable[[int | None], None]
    nb: NotebookNode | None = None
    cell: int | None = None
    kernel: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    cells: list[float] = field(default_factory=list)
    trace: dict[str, Any] | None = None


class Journal(NotebookExecutionManager):
    """Papermill's record of an execution, appended cell by cell."""

    def __init__(self, nb: NotebookNode, session: Session) -> None:
        super().__init__(nb, output_path=None, progress_bar=False, autosave_cell_every=0)
        self.session = session
        session.nb = nb

    def notebook_start(self, **kwargs: Any) -> None:
        """Open the journal with the notebook as it will be executed."""
        super().notebook_start(**kwargs)
        self._append({"notebook": self.nb}, mode="w")

    def cell_start(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        """Remember which cell runs, so that a dead kernel can be blamed on it."""
        if cell.cell_type == "code" and cell_index is not None:
            self.session.cell = sum(c.cell_type == "code" for c in self.nb.cells[: cell_index + 1])
        super().cell_start(cell, cell_index, **kwargs)

    def cell_complete(
        self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any
    ) -> None:
        """Append the finished cell."""
        super().cell_complete(cell, cell_index, **kwargs)
        if cell.cell_type == "code":
            self.session.cells.append(cell.metadata.papermill.get("duration") or 0.0)
            self._append({"index": cell_index, "cell": cell})

    def _append(self, entry: dict[str, Any], mode: str = "a") -> None:
        with open(self.session.journal, mode, encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")


class Client(PapermillNotebookClient):
    """Papermill's client with the kernel's environment, a trace, and a cap on printed text."""

    session: Session

    def execute(self, **kwargs: Any) -> NotebookNode:
        """Run all cells on a fresh kernel."""
        session, began = self.session, time.monotonic()
        self.reset_execution_trackers()
        self._printed: dict[int, int] = {}
        with self.setup_kernel(env=session.environment, cwd=session.root, **kwargs):
            session.on_kernel(_pid(self.km))
            self._evaluate(f"start({session.root!r}, {session.snapshots!r})")
            ready = time.monotonic()
            session.seconds["start"] = ready - began
            try:
                self.papermill_execute_cells()
                found = self._evaluate("finish()")
                session.trace = json.loads(found) if found else None
                info = self.wait_for_reply(self.kc.kernel_info())
                self.nb.metadata["language_info"] = info["content"]["language_info"]
            finally:
                ended = time.monotonic()
                session.seconds["cells"] = ended - ready
        session.seconds["end"] = time.monotonic() - ended
        return self.nb

    def _evaluate(self, call: str) -> str | None:
        """Return what the kernel says to an expression of `helpers.batch.trace`, or None."""
        code = f"__import__('helpers.batch.trace', fromlist=['trace']).{call}"
        asked = self.kc.execute(
            "", silent=True, store_history=False, user_expressions={"trace": code}
        )
        reply = self.wait_for_reply(asked)
        found = ((reply or {}).get("content", {}).get("user_expressions") or {}).get("trace", {})
        if found.get("status") != "ok":
            return None
        import ast

        return str(ast.literal_eval(found["data"]["text/plain"]))

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: Any, cell_index: int
    ) -> NotebookNode | None:
        """Keep an output, unless the cell has printed more than it may."""
        if msg["msg_type"] == "stream":
            text, limit = msg["content"]["text"], self.session.output_bytes
            before = self._printed.get(cell_index, 0)
            self._printed[cell_index] = before + len(text)
            if before >= limit:
                return None
            if before + len(text) > limit:
                msg["content"]["text"] = (
                    text[: limit - before] + f"\n[cut: a cell may print {limit:,} characters]\n"
                )
        return super().output(outs, msg, display_id, cell_index)


class BatchEngine(NBClientEngine):
    """Executes with `Client` and `Journal`; registered under `NAME`."""

    @classmethod
    def execute_notebook(
        cls, nb: NotebookNode, kernel_name: str, session: Session | None = None, **kwargs: Any
    ) -> NotebookNode:
        """Run a prepared notebook; `session` receives what there is to know."""
        if session is None:
            raise TypeError("the engine of the batch is called by helpers.batch.execute")
        session.kernel = kernel_name
        nb.metadata.papermill["input_path"] = nb.metadata.papermill["output_path"] = None
        manager = Journal(nb, session)
        manager.notebook_start()
        try:
            client = Client(
                manager,
                timeout=kwargs.get("execution_timeout"),
                startup_timeout=kwargs.get("start_timeout", 60),
                kernel_name=kernel_name,
                store_widget_state=False,
                log=logger,
            )
            client.session = session
            client.execute()
        finally:
            manager.notebook_complete()
        return manager.nb


def _pid(manager: Any) -> int | None:
    provisioner = getattr(manager, "provisioner", None)
    process = getattr(provisioner, "process", None)
    return getattr(process, "pid", None) or getattr(provisioner, "pid", None)
