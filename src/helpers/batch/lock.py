"""One run at a time in an output folder: a lock that dies with its owner, and says who that is."""

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from helpers.batch.edition import store
from helpers.batch.files import make_folder, refused
from helpers.errors import HelpersError


class HeldError(HelpersError):
    """Another run works in the same output folder."""


@contextmanager
def one_run(*, wait: bool, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the output folder; wait for its holder, or refuse.

    Raises:
        HeldError: another run holds it, and `wait` is False.
        HelpersError: the folder cannot be written.
    """
    path = store() / "run.lock"
    make_folder(path.parent)
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise refused(path, error) from error
    with file:
        said = ""
        while not _try(file):
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
            file.truncate(0)  # closing it gives the lock back


def _try(file: IO[str]) -> bool:
    """Take the lock if it is free; the operating system drops it when this process ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sign(file: IO[str]) -> None:
    file.seek(0)
    file.truncate()
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    json.dump({"pid": os.getpid(), "host": socket.gethostname(), "since": now}, file)
    file.flush()


def _holder(path: Path) -> str:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return f"a run on {found['host']} (process {found['pid']}, since {found['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
