"""An executed notebook that grows on disk by the finished cell: a line each, never rewritten."""

import json
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from papermill.engines import NotebookExecutionManager

from helpers.batch.files import write_bytes
from helpers.errors import ReportError

SUFFIX = ".journal"


def beside(output_path: str | None) -> Path | None:
    """Return where the journal of an output stands, or None where that is no local file."""
    if output_path is None or output_path == "-" or "://" in str(output_path):
        return None
    path = Path(output_path)
    return path.with_name(path.name + SUFFIX)


class JournalledExecution(NotebookExecutionManager):
    """Papermill's record of an execution, kept in a journal.

    The first line is the notebook as it will be executed; each other line is a finished code
    cell with its outputs and its position. With an `output_path` the notebook is written there
    once, at the end, and the journal removed.
    """

    def __init__(
        self, nb: NotebookNode, *, output_path: str | None, journal: Path | None, **shown: Any
    ) -> None:
        super().__init__(nb, output_path=None, autosave_cell_every=0, **shown)
        self.final = Path(output_path) if journal and output_path else None
        self.journal = journal

    def notebook_start(self, **kwargs: Any) -> None:
        """Begin the journal."""
        super().notebook_start(**kwargs)
        self._append(self.nb, mode="w")

    def cell_complete(
        self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any
    ) -> None:
        """Add a finished cell to the journal."""
        super().cell_complete(cell, cell_index, **kwargs)
        if cell.cell_type == "code":
            self._append({"index": cell_index, "cell": cell})

    def notebook_complete(self, **kwargs: Any) -> None:
        """Write the notebook, if it has a place, and remove the journal that it replaces."""
        super().notebook_complete(**kwargs)
        if self.final and self.journal:
            write_bytes(self.final, nbformat.writes(self.nb).encode())
            self.journal.unlink()

    def _append(self, entry: Any, mode: str = "a") -> None:
        if self.journal:
            with open(self.journal, mode, encoding="utf-8") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def recover(journal: Path | str) -> NotebookNode:
    """Return the notebook as far as it had been executed when its journal ends.

    A last line that was cut in half counts as not written.

    Raises:
        ReportError: there is no first line to start from.
    """
    lines = Path(journal).read_text(encoding="utf-8", errors="replace").split("\n")
    try:
        nb = nbformat.from_dict(json.loads(lines[0]))
    except ValueError as error:
        hint = "The run was stopped before it began; run it again."
        raise ReportError("the journal has no notebook", file=journal, hint=hint) from error
    for line in lines[1:]:
        try:
            entry = json.loads(line)
        except ValueError:
            break
        nb.cells[entry["index"]] = nbformat.from_dict(entry["cell"])
    return nb
