"""Write beside, then rename: a file is whole at its final place, or not there."""

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.errors import HelpersError


def write_json(path: Path, value: Any) -> None:
    """Write plain data as JSON, whole or not at all."""
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(value, file, ensure_ascii=False, separators=(",", ":"))
            os.replace(beside, path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the file system says into an error that a user can act on.

    Raises:
        HelpersError: the folder cannot be made or written, or the disk is full.
    """
    try:
        yield
    except OSError as error:
        raise _told(folder, error) from error


def _told(folder: Path, error: OSError) -> HelpersError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return HelpersError(
            "the disk is full; nothing half-written was left",
            file=folder,
            hint="Free some space, or let CRM_REPORTS_OUTPUT name a folder on another disk.",
        )
    blocking = next((p for p in [folder, *folder.parents] if p.exists() and not p.is_dir()), None)
    if blocking is not None:
        return HelpersError(
            f"a file is where a folder has to be: {blocking}",
            file=folder,
            hint="Move it away, or let CRM_REPORTS_OUTPUT name another folder.",
        )
    return HelpersError(
        f"cannot be written: {error.strerror or error}",
        file=folder,
        hint="Let CRM_REPORTS_OUTPUT name a folder that can be written.",
    )
