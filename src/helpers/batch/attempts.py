"""Attempts that did not end well: what they did is kept to be read, what they hold is freed."""

import shutil
from pathlib import Path

from helpers.batch import files
from helpers.batch.edition import store
from helpers.batch.leftovers import end_kernel
from helpers.errors import ReportError

EXECUTED, JOURNAL = "executed.ipynb", "journal.jsonl"


def keep_failed(landing: Path, final: Path) -> bool:
    """Put an attempt's notebook, or the cells its journal holds, to where it can be read."""
    executed, journal = landing / EXECUTED, landing / JOURNAL
    if executed.exists():
        files.move(executed, final)
        return True
    if not journal.exists():
        return False
    from helpers.batch.kernels.journal import recover

    try:
        notebook = recover(journal)
    except ReportError:
        return False  # killed before its first cell
    files.write_json(final, notebook)
    return True


def failed() -> list[str]:
    """Return the names of the editions whose last attempt failed."""
    top = store() / "failed"
    found = sorted(top.glob("*/*/[!.]*.ipynb"))
    return [path.relative_to(top).with_suffix("").as_posix() for path in found]


def clear(landing: Path) -> None:
    """End what an attempt has left running and remove its folder."""
    end_kernel(landing)
    shutil.rmtree(landing, ignore_errors=True)


def sweep() -> list[str]:
    """Clear what a killed run left, and return the names of the attempts it was at."""
    top = store() / "running"
    found = []
    for landing in sorted(top.glob("*/*/*")):
        name = landing.relative_to(top).as_posix()
        end_kernel(landing)
        keep_failed(landing, store() / "failed" / f"{name}.ipynb")
        found.append(name)
    shutil.rmtree(top, ignore_errors=True)
    return found
