"""One run at a time in an output folder: a lock that dies with its owner, and says who that is."""

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from helpers.batch.edition import store
from helpers.batch.files import make_folder, refused
from helpers.errors import HelpersError

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class HeldError(HelpersError):
    """Another run works in the same output folder."""


@contextmanager
def one_run(*, wait: bool, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the output folder; wait for its holder, or refuse.

    Raises:
        HeldError: another run holds it, and `wait` is False.
        HelpersError: the folder cannot be written, or its file system has no locks.
    """
    path = store() / "run.lock"
    make_folder(path.parent)
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise refused(path, error) from error
    with file:
        said = ""
        while not _try(file, path):
            holder = _holder(path)
            if not wait:
                raise HeldError(f"{holder} works in {path.parent.parent}", hint="Wait for its end.")
            if holder != said:
                say(f"Waiting: {holder} works in {path.parent.parent}.")
                said = holder
            time.sleep(0.25)
        _sign(file)
        try:
            yield
        finally:
            with suppress(OSError):  # a signature that stays is that of nobody who holds it
                file.truncate(0)
            # closing the file gives the lock back


def _try(file: IO[str], path: Path) -> bool:
    """Take the lock if it is free; the operating system drops it when this process ends.

    Raises:
        HelpersError: it can be neither taken nor held: the file system has no locks, say.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise HelpersError(
            f"cannot be locked: {error.strerror or error}",
            file=path,
            hint="Two runs could spoil each other's work: let CRM_REPORTS_OUTPUT name a folder "
            "on a disk that has locks.",
        ) from error
    return True


def _sign(file: IO[str]) -> None:
    """Say who holds the lock, for those who wait; on a full disk they are not told."""
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    said = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now})
    with suppress(OSError):
        os.ftruncate(file.fileno(), 0)
        os.pwrite(file.fileno(), said.encode(), 0)


def _holder(path: Path) -> str:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return f"a run on {found['host']} (process {found['pid']}, since {found['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
