"""What may look on while a notebook is executed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from helpers.batch.kernels.execution import ReportClient


class Observer:
    """Is told of an execution's turns; this one does nothing about them."""

    def prepared(self, nb: "NotebookNode") -> None:
        """Look at the notebook that is going to be executed in place."""

    def started(self, client: "ReportClient") -> None:
        """Look at the kernel, which answers and has run no cell."""

    def finished(self, client: "ReportClient") -> None:
        """Look at the kernel after the last cell that ran, which may have killed it."""
