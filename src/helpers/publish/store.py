"""What was published from what, so that only what changed is made again.

Content decides: a notebook's digest, the theme's, the neighbours a page links to. A file's size and
times only say whether its digest must be computed again, as git's index does.
"""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.publish import settings as settings_of
from helpers.publish.files import put

VERSION = 2


@dataclass
class Entry:
    """What is known of one notebook and of the page made from it.

    `page`, `files` and `edition` (a digest of what it says) are those of the last good publication; `failed` says why a newer state of
    the notebook could not be published.
    """

    stat: list[int] = field(default_factory=list)
    digest: str = ""
    page: dict[str, Any] | None = None
    html_of: str = ""
    rest_of: str = ""
    pdf_of: str = ""
    edition: str = ""
    files: list[str] = field(default_factory=list)
    failed: str = ""


@dataclass
class Manifest:
    """Everything that was published, and with which theme."""

    entries: dict[str, Entry] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def every_file(self) -> set[str]:
        """Return every file of the site that a publication wrote."""
        return {*self.files, *(name for entry in self.entries.values() for name in entry.files)}


def _path() -> Path:
    return paths.output() / "store" / "site.json"


def load() -> Manifest:
    """Return what the last publication noted; an unreadable note means that all is made again."""
    try:
        found = json.loads(_path().read_bytes())
        if found.pop("version") != VERSION:
            return Manifest()
        entries = {name: Entry(**given) for name, given in found.pop("entries").items()}
        return Manifest(entries=entries, **found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Manifest()


def save(manifest: Manifest) -> None:
    """Note what was published."""
    entries = {name: vars(entry) for name, entry in sorted(manifest.entries.items())}
    found = {"version": VERSION, **vars(manifest), "entries": entries}
    put(_path(), json.dumps(found, ensure_ascii=False, separators=(",", ":")))


@contextmanager
def locked() -> Iterator[None]:
    """Hold the site for one publication at a time; a second one waits."""
    path = paths.output() / "store" / "site.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def stat_of(path: Path) -> list[int]:
    """Return what tells that a file was touched: size, times of content and of name, inode."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def digest(*parts: object) -> str:
    """Return a digest of the parts' bytes or text."""
    made = hashlib.sha256()
    for part in parts:
        made.update(part if isinstance(part, bytes) else str(part).encode("utf-8"))
        made.update(b"\0")
    return made.hexdigest()[:24]


def theme_digest() -> str:
    """Return a digest of all that decides how pages look: theme, settings, this package."""
    theme = settings_of.theme()
    files = [*theme.rglob("*"), *(theme.parent / "quarto").glob("*"), theme.parent / "site.yml"]
    files += Path(__file__).parent.glob("*.py")
    return digest(
        *(part for f in sorted(files) if f.is_file() for part in (f.name, f.read_bytes()))
    )
