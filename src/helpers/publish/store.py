"""What was published from what, so that only what changed is made again.

Content decides: a notebook's digest, the theme's, the neighbours a page links to. A file's size and
times only say whether its digest must be computed again, as git's index does.
"""

import fcntl
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.publish import settings as settings_of
from helpers.publish.files import Mark, Stamp, put, stamp
from helpers.publish.model import Page

VERSION = 2
_UNKNOWN: Stamp = ["", -1, -1]
_MODULES = (
    "document.py", "document_json.py", "errors.py", "periods.py", "privacy.py",
    "metrics/contracts.py",
)  # fmt: skip
_READERS = (
    "document.py",
    "document_json.py",
    "periods.py",
    *(f"publish/{name}.py" for name in ("model", "page", "prose", "reading", "text")),
)
_MAKERS = ("jinja2", "pagefind", "pagefind_bin", "pygments", "typst")


@dataclass
class Entry:
    """What is known of one notebook and of the page made from it.

    `page` and `files` (each with its stamp) are those of the last good publication; `failed` says
    why a newer state of the notebook could not be published.
    """

    stat: list[int] = field(default_factory=list)
    digest: str = ""
    page: dict[str, Any] | None = None
    html_of: str = ""
    rest_of: str = ""
    pdf_of: str = ""
    edition: str = ""
    files: dict[str, Stamp] = field(default_factory=dict)
    failed: str = ""


@dataclass
class Manifest:
    """Everything that was published, and with which theme; `files` are those of no one report."""

    entries: dict[str, Entry] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    files: dict[str, Stamp] = field(default_factory=dict)

    def every_file(self) -> set[str]:
        """Return every file of the site that a publication wrote."""
        return {*self.files, *(name for entry in self.entries.values() for name in entry.files)}

    def stamped(self) -> Iterator[dict[str, Stamp]]:
        """Yield the stamps of all files, those of one report together."""
        yield self.files
        yield from (entry.files for entry in self.entries.values())


def _path() -> Path:
    return paths.output() / "store" / "site.json"


def page_form() -> str:
    """Return a digest of the code that decides what is noted of a page."""
    package = Path(__file__).parents[1]
    files = (package / name for name in _READERS)
    return digest(*(path.read_bytes() for path in files if path.is_file()))


def load() -> Manifest:
    """Return what the last publication noted; an unreadable note means that all is made again.

    What another release noted of a page is read anew from its notebook; its files stay known, so
    that what is gone is removed.
    """
    try:
        found = json.loads(_path().read_bytes())
        form, entries = found.pop("page_form", ""), found.pop("entries")
        if found.pop("version") not in (1, VERSION):
            return Manifest()
        made = Manifest({name: Entry(**given) for name, given in entries.items()}, **found)
        if form != page_form():
            made.files = _stamps(made.files)
            for entry in made.entries.values():
                entry.page, entry.files = _page(entry.page), _stamps(entry.files)
                entry.digest = ""  # so that its notebook is read anew
        return made
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Manifest()


def _page(noted: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what was noted of a page, as far as this release can read it."""
    try:
        return Page.from_json(noted).as_json() if noted else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _stamps(files: Iterable[str]) -> dict[str, Stamp]:
    """Return stamps for files that were noted without any, as the first release did."""
    return dict(files) if isinstance(files, dict) else {name: [*_UNKNOWN] for name in files}


def save(manifest: Manifest) -> None:
    """Note what was published."""
    entries = {name: vars(entry) for name, entry in sorted(manifest.entries.items())}
    head = {"version": VERSION, "page_form": page_form()}
    found = {**head, **vars(manifest), "entries": entries}
    put(_path(), json.dumps(found, ensure_ascii=False, separators=(",", ":")))


@contextmanager
def locked() -> Iterator[None]:
    """Hold the site for one publication or deployment at a time; a second one waits."""
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
    """Return a digest of all that decides what a page may show and how it looks.

    Theme, settings, this package, the modules it takes documents and rules from, and the releases
    of what makes pages: where one changes, every document is guarded and rendered again.
    """
    theme, package = settings_of.theme(), Path(__file__).parent
    files = [*theme.rglob("*"), *(theme.parent / "quarto").glob("*"), theme.parent / "site.yml"]
    files += [*package.glob("*.py"), *(package.parent / name for name in _MODULES)]
    return digest(
        *(part for f in sorted(files) if f.is_file() for part in (f.name, f.read_bytes())),
        *(f"{name} {_release(name)}" for name in _MAKERS),
    )


def _release(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def altered(manifest: Manifest, present: Mapping[str, Mark]) -> set[str]:
    """Return the files that are not as they were written; what was only touched is noted so."""
    found: set[str] = set()
    for stamps in manifest.stamped():
        for name, known in stamps.items():
            if name not in present or [*present[name]] == known[1:]:
                continue
            now = stamp(paths.site() / name)
            if now[0] == known[0]:
                stamps[name] = now
            else:
                found.add(name)
    return found
