"""Whether the site still shows what is there, so that a run that changed nothing ends at once."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.batch import record
from helpers.batch.content import Content, digest, signature
from helpers.batch.edition import store
from helpers.batch.files import write_json


def key(formats: tuple[str, ...], site_url: str | None) -> str:
    """Return a digest of all that the site is made from, and of how it is made."""
    content = Content()
    theme = paths.root() / "reports"
    own = [path for path in _files(theme) if not path.is_relative_to(paths.output())]
    return digest(
        {
            "formats": sorted(formats),
            "site_url": site_url,
            "quarto": shutil.which("quarto"),
            "code": content.modules(),
            "theme": {str(path): content.of(path) for path in own},
            "notebooks": _signatures(paths.executed()),
            "problems": _problems(),
        }
    )


def is_current(made_from: str) -> bool:
    """Return whether the site was made from just that, and nobody has touched it since."""
    try:
        known = json.loads(_stamp().read_bytes())
    except (OSError, ValueError):
        return False
    return bool(known == {"key": made_from, "site": _signatures(paths.site())})


def note(made_from: str) -> None:
    """Remember what the site has just been made from.

    Raises:
        HelpersError: the disk refuses.
    """
    write_json(_stamp(), {"key": made_from, "site": _signatures(paths.site())})


def altered() -> list[str]:
    """Return the files of the site that are not as a publication wrote them, missing ones too.

    Of the files whose size and time of change are as noted, none is read.
    """
    try:
        noted = json.loads((store() / "site.json").read_bytes())
        stamps = dict(noted["files"])
        for entry in noted["entries"].values():
            stamps.update(entry["files"])
        site = str(paths.site())  # asked once: there are thousands of files
        return sorted(name for name in stamps if not _is_noted(f"{site}/{name}", stamps[name]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []  # nothing was published yet, or by another release, which makes all anew


def _is_noted(path: str, stamp: list[Any]) -> bool:
    made_of, *mark = stamp
    try:
        found = os.stat(path)
        if [found.st_size, found.st_ctime_ns] == mark:
            return True
        return hashlib.blake2b(Path(path).read_bytes(), digest_size=8).hexdigest() == made_of
    except FileNotFoundError:
        return False


def state() -> str:
    """Return what changes whenever a file of the site does."""
    return digest(_signatures(paths.site()))


def forget() -> None:
    """Let the next publication look at everything."""
    _stamp().unlink(missing_ok=True)


def _stamp() -> Path:
    return store() / "published.json"


def _problems() -> list[list[str]]:
    """Return the reports whose pages say that something is wrong with them."""
    try:
        found: dict[str, Any] = json.loads(record.path().read_bytes())
        return [
            [report["notebook"], report["status"], report["page"]]
            for report in found["reports"]
            if report["status"] not in ("ok", "fresh")
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _signatures(top: Path) -> dict[str, list[int]]:
    return {path.relative_to(top).as_posix(): signature(path) for path in _files(top)}


def _files(top: Path) -> list[Path]:
    return sorted(
        Path(folder) / name for folder, _, names in os.walk(top) for name in names if name[0] != "."
    )
