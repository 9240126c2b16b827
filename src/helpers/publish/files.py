"""Files that appear whole or not at all, and are left alone where their bytes do not change."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

PART = ".part"


def put(path: Path, content: bytes | str) -> bool:
    """Write the content beside the path and rename it there; return whether anything changed.

    Raises:
        OSError: the folder cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    if _same(path, data):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=PART)
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


def present(folder: Path) -> set[str]:
    """Return the files under a folder, relative to it, and remove what a killed run left beside."""
    found: set[str] = set()
    for parent, _, names in os.walk(folder):
        inside = os.path.relpath(parent, folder).replace(os.sep, "/")
        for name in names:
            if name.startswith(".") and name.endswith(PART):
                Path(parent, name).unlink(missing_ok=True)
            else:
                found.add(name if inside == "." else f"{inside}/{name}")
    return found


def remove(folder: Path, names: Iterator[str] | list[str]) -> int:
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
