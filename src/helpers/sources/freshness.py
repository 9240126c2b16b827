"""Is a snapshot current? Content decides: raw files, mapping and cleaning code are hashed.

Hashes of large raw files are remembered by (path, size, mtime, ctime, inode). As a file may change
twice within one tick of the clock, a hash is remembered only once the file has been at rest for two
seconds, and the change time, which no program can set, is part of the key.
"""

import hashlib
import json
import logging
import os
import time
from datetime import date
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from helpers.errors import DataError, HelpersError
from helpers.sources.atomic import write_json
from helpers.sources.declaration import Declaration

log = logging.getLogger("helpers.sources")
_AT_REST = 2 * 10**9


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def file_hashes(files: list[Path], memo: Path) -> dict[Path, str]:
    """Return the SHA-256 of each file, from the memo where it is surely still right."""
    known = _read(memo)
    found: dict[Path, str] = {}
    new: dict[str, str] = {}
    for path in files:
        key = _key(path)
        if key in known:
            found[path] = known[key]
            continue
        try:
            found[path] = sha256(path)
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", file=path) from error
        stat = path.stat()
        at_rest = time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) > _AT_REST
        if at_rest and _key(path) == key:
            new[key] = found[path]
    if new:
        _remember(memo, known | new)
    return found


def _key(path: Path) -> str:
    stat = path.stat()
    parts = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)
    return "|".join([os.fspath(path), *map(str, parts)])


def _read(memo: Path) -> dict[str, str]:
    try:
        found = json.loads(memo.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # the memo is a speed-up: without it files are hashed again
    return found if isinstance(found, dict) else {}


def _remember(memo: Path, known: dict[str, str]) -> None:
    newest = {key.split("|", 1)[0]: key for key in known}  # one hash a path, the last one seen
    try:
        write_json(memo, {key: known[key] for key in newest.values()})
    except HelpersError as error:
        log.info("hashes of raw files are not remembered: %s", error)


@lru_cache
def code_digest() -> str:
    """Return a digest of what cleans: this package's code and the libraries it works with."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    for name in ("pandas", "pandera", "pyarrow", "numpy", "openpyxl"):
        try:
            digest.update(f"{name}=={version(name)}\0".encode())
        except PackageNotFoundError:
            continue
    return digest.hexdigest()


def input_key(declared: Declaration, hashes: dict[Path, str]) -> str:
    """Return what decides a snapshot: raw content, mapping, local time zone and code."""
    given = {
        "code": code_digest(),
        "source": declared.source,
        "time_zone": declared.time_zone,
        "mapping": declared.mapping.model_dump(mode="json"),
        "files": sorted((p.relative_to(declared.folder).as_posix(), h) for p, h in hashes.items()),
    }
    text = json.dumps(given, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def still_right(recheck_on: str | None, today: date) -> bool:
    """Return whether no row that lay in the future when it was cleaned has come to pass since."""
    return recheck_on is None or today < date.fromisoformat(recheck_on)
