"""Execute the committed notebooks in place, on the fixture: `make notebooks`.

What may be committed is the outcome on `tests/fixture` and nothing else, so the outputs name its
snapshot; timings, widget state and random ids, which differ from run to run, are left out.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.batch.files import write_bytes
from helpers.errors import ReportError
from helpers.params import families

_WIDGET = "application/vnd.jupyter.widget-view+json"


def refresh(notebook: Path, *, timeout: int = 300) -> None:
    """Execute a notebook with the parameters that stand in it, and write it back.

    Raises:
        ReportError: a cell failed; the file is left as it was.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    found = nbformat.read(notebook, as_version=4)
    client = NotebookClient(
        found, timeout=timeout, kernel_name="python3", record_timing=False,
        store_widget_state=False, resources={"metadata": {"path": str(notebook.parent)}},
    )  # fmt: skip
    try:
        client.execute()
    except CellExecutionError as error:
        raise ReportError(f"{error.ename}: {error.evalue}", file=notebook) from error
    found.metadata.pop("widgets", None)
    found.metadata.pop("papermill", None)
    for cell in found.cells:
        cell.metadata = {k: v for k, v in cell.metadata.items() if k == "tags"}
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(_WIDGET, None)
    write_bytes(notebook, _text(found))


def _text(notebook: Any) -> bytes:
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    return f"{text}\n".encode()


def main() -> int:
    """Refresh the notebooks named on the command line, or all of them."""
    fixture = paths.root() / "tests" / "fixture"
    os.environ["CRM_REPORTS_DATA"] = str(fixture)
    os.environ.setdefault("CRM_REPORTS_OUTPUT", str(paths.output() / "nbval"))
    for family in sys.argv[1:] or families():
        try:
            refresh(paths.notebooks() / f"{family}.ipynb")
        except ReportError as error:
            sys.stderr.write(f"Error: {error}\n")
            return error.exit_status
        sys.stdout.write(f"{family}: executed on {fixture.relative_to(paths.root())}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
