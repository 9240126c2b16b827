"""Files that are whole or not there: written beside, forced to disk, then renamed."""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from helpers.errors import HelpersError, UsageError

PART = ".part"
_ABANDONED = 24 * 3600


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that its final place never holds a part of it.

    Raises:
        UsageError: a file stands where a folder is needed.
        HelpersError: the disk is full or refuses.
    """
    try:
        make_folder(path.parent)
        handle, beside = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.{os.getpid()}.", suffix=PART
        )
    except OSError as error:
        raise refused(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException as error:
        Path(beside).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise refused(path, error) from error
        raise


def write_json(path: Path, content: Any) -> None:
    """Write JSON as `write_bytes` does, keys in the order given."""
    text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
    write_bytes(path, (text + "\n").encode())


def move(beside: Path, final: Path) -> None:
    """Move a finished file to its final place, in one step.

    Raises:
        UsageError: a file stands where a folder is needed, or a folder where the file is to be.
        HelpersError: the disk is full or refuses.
    """
    try:
        make_folder(final.parent)
        os.replace(beside, final)
    except OSError as error:
        raise refused(final, error) from error


def is_abandoned(part: Path) -> bool:
    """Say whether a file beside its final place was left by a process that is gone.

    The name tells the process. Where it does not, a file that was touched within a day may still
    be written.
    """
    process = part.name.removesuffix(PART).split(".")[-2]
    if process.isdecimal():
        return not _is_alive(int(process))
    try:
        return abs(time.time() - part.stat().st_mtime) > _ABANDONED
    except FileNotFoundError:
        return False  # its process has just finished


def _is_alive(process: int) -> bool:
    import psutil

    return psutil.pid_exists(process)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises:
        UsageError: a file stands in its place.
        HelpersError: the operating system refuses it for another reason.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        blocking = next((p for p in (folder, *folder.parents) if p.exists()), folder)
        raise UsageError(
            "a file stands where a folder is needed",
            file=blocking,
            hint="Move it away, or set CRM_REPORTS_OUTPUT to another folder.",
        ) from error
    except OSError as error:
        raise refused(folder, error) from error


def refused(path: Path, error: OSError) -> HelpersError:
    """Return what the operating system says of a file as an error to act on."""
    return HelpersError(
        f"cannot be written: {error.strerror or error}",
        file=path,
        hint="Free some space or mend the rights, then run again: finished reports are kept.",
    )
