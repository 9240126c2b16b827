"""The folders in which a worker of another machine works: private, held while used, swept."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from helpers.errors import HelpersError

AGE_S = 24 * 3600.0  # a bundle that no job has used for so long is removed


class WorkroomError(HelpersError):
    """A worker has no folder that is its own."""


def top() -> Path:
    """Return the folder of this user's workers on this machine, readable by nobody else.

    Raises:
        WorkroomError: somebody else has made it, or it is open to others.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"crm-reports-worker-{user}"
    if sys.platform == "win32":
        folder.mkdir(exist_ok=True)  # below the user's own profile
        return folder
    from helpers.batch.kernels.runtime import not_private

    if reason := not_private(folder):
        raise WorkroomError(
            reason,
            file=folder,
            hint="Remove it, or begin the worker with TMPDIR set to a folder of its own.",
        )
    return folder


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a folder from being swept, until the end of the block or of this process.

    Raises:
        FileNotFoundError: it has just been swept.
    """
    fd = _lock(folder, exclusive=False)
    try:
        os.utime(folder)
        yield
    finally:
        _release(fd)


@contextmanager
def fresh(parent: Path) -> Iterator[Path]:
    """Make a folder for one job, remove it afterwards, and what killed jobs have left."""
    parent.mkdir(mode=0o700, exist_ok=True)
    sweep(parent, older=0.0)
    while True:
        folder = parent / uuid4().hex
        folder.mkdir(mode=0o700)
        try:
            fd = _lock(folder, exclusive=False)
        except FileNotFoundError:  # swept before it was held
            continue
        break
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _release(fd)


def sweep(parent: Path, *, older: float = AGE_S) -> None:
    """Remove the folders that nobody holds and nobody has used for so many seconds."""
    if sys.platform == "win32":
        return  # a folder cannot be locked there
    for folder in parent.iterdir():
        with suppress(OSError):  # used, or swept by another worker
            if time.time() - folder.stat().st_mtime < older:
                continue
            fd = _lock(folder, exclusive=True)
            try:
                aside = parent / f".removing-{uuid4().hex}"
                os.replace(folder, aside)
                shutil.rmtree(aside, ignore_errors=True)
            finally:
                _release(fd)


def _lock(folder: Path, *, exclusive: bool) -> int:
    """Lock a folder; who holds it alone is about to remove it."""
    if sys.platform == "win32":
        return -1
    import fcntl

    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        how = fcntl.LOCK_EX | fcntl.LOCK_NB if exclusive else fcntl.LOCK_SH
        fcntl.flock(fd, how)
        if os.fstat(fd).st_ino != os.stat(folder).st_ino:
            raise FileNotFoundError(folder)
    except OSError:
        os.close(fd)
        raise
    return fd


def _release(fd: int) -> None:
    if fd >= 0:
        os.close(fd)
