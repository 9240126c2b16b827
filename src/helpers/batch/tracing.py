"""Looks on while a report is executed: which process its kernel is, what the notebook used."""

import ast
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from helpers.batch.kernels.execution import ReportClient
from helpers.batch.kernels.observer import Observer
from helpers.batch.leftovers import end_kernel


class Tracing(Observer):
    """Asks the kernel before the first and after the last cell, in silence, then ends it.

    Attributes:
        nb: the notebook, as far as it got.
        trace: what the kernel said it used; None where it could not say, or a cell failed.
    """

    def __init__(
        self, landing: Path, environment: dict[str, str], on_kernel: Callable[[int], None]
    ) -> None:
        self.landing, self.on_kernel = landing, on_kernel
        self.places = [environment[f"CRM_REPORTS_{name}"] for name in ("ROOT", "DATA", "OUTPUT")]
        self.nb: NotebookNode | None = None
        self.trace: dict[str, Any] | None = None

    def prepared(self, nb: NotebookNode) -> None:
        """Keep the notebook, whatever becomes of it."""
        self.nb = nb

    def started(self, client: ReportClient) -> None:
        """Note the kernel's process, and have it note what it opens and imports."""
        if client.pid is not None:
            client.shutdown_kernel = "immediate"  # a polite end takes most of a second
            self.on_kernel(client.pid)
        _ask(client, f"start(*{self.places!r})")

    def finished(self, client: ReportClient) -> None:
        """Take the trace of a notebook that ran to its end, and end the kernel.

        All cells have answered. Somebody who finds it dead asks no more; jupyter_client looks ten
        times a second only.
        """
        if not client.nb.metadata.papermill["exception"]:
            found = _ask(client, "finish()")
            self.trace = json.loads(found) if found else None
        if client.pid is None or client.process is None:
            return  # of another machine: jupyter_client ends it
        end_kernel(self.landing)
        for _ in range(50):
            if client.process.poll() is not None:
                return
            time.sleep(0.002)


def _ask(client: ReportClient, call: str) -> str | None:
    """Return what the kernel says to an expression of `helpers.batch.trace`, or None."""
    found = client.ask(f"__import__('helpers.batch.trace', fromlist=['trace']).{call}") or {}
    if found.get("status") != "ok":
        return None
    return str(ast.literal_eval(found["data"]["text/plain"]))
