"""Files that appear whole or not at all, and are left alone where their bytes do not change."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

PART = ".part"

Mark = tuple[int, int]
"""A file's size and the time of its last change, which nobody can set."""

Stamp = list[str | int]
"""A file's digest and its mark, as the manifest keeps them."""


def put(path: Path, content: bytes | str) -> bool:
    """Write the content beside the path and rename it there; return whether anything changed.

    Raises:
        OSError: the folder cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    if _same(path, data):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(beside, 0o644)  # mkstemp's 0600 would hide the page from a web server
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    return True


def _same(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def present(folder: Path) -> dict[str, Mark]:
    """Return the files under a folder and their marks, and remove what a killed run left beside."""
    found: dict[str, Mark] = {}
    folders = [("", folder)]
    while folders:
        inside, place = folders.pop()
        try:
            listed = list(os.scandir(place))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in listed:
            if entry.is_dir(follow_symlinks=False):
                folders.append((f"{inside}{entry.name}/", place / entry.name))
            elif entry.name.startswith(".") and entry.name.endswith(PART):
                Path(entry.path).unlink(missing_ok=True)
            else:
                status = entry.stat()
                found[f"{inside}{entry.name}"] = status.st_size, status.st_ctime_ns
    return found


def stamp(path: Path, content: bytes | str | None = None) -> Stamp:
    """Return the digest and mark of a file, which holds the content if that is known.

    Raises:
        OSError: it cannot be read.
    """
    status = path.stat()
    data = path.read_bytes() if content is None else content
    data = data.encode("utf-8") if isinstance(data, str) else data
    return [hashlib.blake2b(data, digest_size=8).hexdigest(), status.st_size, status.st_ctime_ns]


def remove(folder: Path, names: Iterable[str]) -> int:
    """Remove files under the folder, and the folders that this leaves empty; return how many."""
    count = 0
    for name in names:
        path = folder / name
        if path.is_file():
            path.unlink()
            count += 1
        for parent in path.parents:
            if parent == folder or not parent.is_dir() or any(parent.iterdir()):
                break
            parent.rmdir()
    return count
