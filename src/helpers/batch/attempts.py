"""Attempts that did not end well: what they did is kept to be read, what they hold is freed."""

import json
import logging
import os
import shutil
from pathlib import Path

from helpers.batch import files
from helpers.batch.edition import store
from helpers.batch.landing import EXECUTED, JOURNAL, JOURNAL_KEPT
from helpers.batch.leftovers import end_kernel
from helpers.errors import HelpersError, ReportError

log = logging.getLogger("helpers.batch")


def keep_failed(landing: Path, final: Path) -> bool:
    """Put an attempt's notebook, or the cells its journal holds, to where it can be read.

    Where the disk has no room for a notebook the journal itself is moved, which takes none.

    Raises:
        HelpersError: not even that could be done.
    """
    executed, journal = landing / EXECUTED, landing / JOURNAL
    if _is_whole(executed):
        files.move(executed, final)
        return True
    if not journal.exists():
        return False
    from helpers.batch.kernels.journal import recover

    try:
        notebook = recover(journal)
    except ReportError:
        return False  # killed before its first cell
    try:
        files.write_json(final, notebook)
    except HelpersError:
        files.move(journal, final.with_suffix(JOURNAL_KEPT))
    return True


def _is_whole(notebook: Path) -> bool:
    try:
        return isinstance(json.loads(notebook.read_bytes()), dict)
    except (OSError, ValueError):
        return False


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
    """Clear what a killed run left, and return the names of the attempts it was at.

    What had been executed to its end is installed and is not among them.

    Raises:
        HelpersError: a finished report cannot be installed; it is kept for the next time.
    """
    from helpers.batch.settle import take_up

    top = store() / "running"
    found = []
    for landing in sorted(top.glob("*/*/*")):
        name = landing.relative_to(top).as_posix()
        end_kernel(landing)
        if not take_up(landing, name):
            keep_failed(landing, store() / "failed" / f"{name}.ipynb")
            found.append(name)
        shutil.rmtree(landing, ignore_errors=True)
    shutil.rmtree(top, ignore_errors=True)
    _sweep_parts()
    return found


def _sweep_parts() -> None:
    """Remove files that a killed process was writing, not those that one is writing."""
    from helpers import paths

    folders = [paths.output(), paths.output() / "store"]
    below = [store() / "editions", store() / "failed", store() / "runs"]
    below += [paths.executed(), paths.private()]
    for top in below:
        folders += [Path(folder) for folder, _, _ in os.walk(top)]
    for folder in folders:
        for path in folder.glob(f".*{files.PART}"):
            if files.is_abandoned(path):
                path.unlink(missing_ok=True)
