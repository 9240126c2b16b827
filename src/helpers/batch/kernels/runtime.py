"""The private folder in which fork servers listen."""

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.batch.kernels.launch import WarmUnavailableError

_LONGEST = 100  # a socket's address has 108 bytes on Linux


def folder() -> Path:
    """Return the folder of this user's servers, made if need be, readable by nobody else.

    `CRM_REPORTS_RUNTIME`, else `$XDG_RUNTIME_DIR/crm-reports`, else `crm-reports-<uid>` in the
    folder for temporary files; the home folder is never written.

    Raises:
        WarmUnavailableError: none of them can be made, or the only one is open to others.
    """
    given = os.environ.get("CRM_REPORTS_RUNTIME")
    shared = os.environ.get("XDG_RUNTIME_DIR")
    places = [Path(given)] if given else []
    if not given and shared:
        places.append(Path(shared) / "crm-reports")
    if not given:
        places.append(Path(tempfile.gettempdir()) / f"crm-reports-{os.getuid()}")
    reasons = []
    for place in places:
        if reason := _unfit(place) or not_private(place):
            reasons.append(f"{place} {reason}")
        else:
            return place
    raise WarmUnavailableError("; ".join(reasons))


def _unfit(place: Path) -> str:
    if len(os.fsencode(place)) + len("/0123456789abcdef.sock") > _LONGEST:
        return "is too long a path for a socket"
    return ""


def not_private(place: Path) -> str:
    """Make a folder that is this user's alone; return why it is not, or nothing where it is.

    In a folder for temporary files anybody may have made it first, or a link in its place.
    """
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = place.lstat()
    except OSError as error:
        return f"cannot be made: {error.strerror}"
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return "belongs to somebody else"
    if found.st_mode & 0o077:
        return f"is open to others (mode {stat.S_IMODE(found.st_mode):04o})"
    return "" if os.access(place, os.W_OK | os.X_OK) else "cannot be written"


@contextmanager
def lock(path: Path, seconds: float) -> Iterator[int]:
    """Hold a lock file; yields its descriptor. The lock ends with the last process that has it.

    Raises:
        WarmUnavailableError: somebody else held it all the time.
    """
    fd = _acquire(path, time.monotonic() + seconds)
    try:
        yield fd
    finally:
        os.close(fd)


def _acquire(path: Path, until: float) -> int:
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same(fd, path):  # else a server that ended has removed what we locked
                return fd
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(fd)
                raise WarmUnavailableError("another process was starting a server") from None
            time.sleep(0.02)
        os.close(fd)


def _same(fd: int, path: Path) -> bool:
    try:
        return os.fstat(fd).st_ino == os.stat(path).st_ino
    except FileNotFoundError:
        return False
