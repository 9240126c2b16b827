"""What a site keeps for good: who it is, where it is served, and since when each edition says so.

It stands in a file of its own, so that what was noted of a publication may be lost without it.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from helpers import paths
from helpers.document import Chart, Provenance
from helpers.publish.files import put
from helpers.publish.reading import Document
from helpers.publish.store import digest

_ID = re.compile(r"<id>urn:uuid:([0-9a-f-]{36})</id>")


@dataclass
class Identity:
    """A site's own id, its address, and of each edition the digest and when it came to be so."""

    id: str
    site_url: str = ""
    editions: dict[str, list[str]] = field(default_factory=dict)

    def entry(self, path: str) -> str:
        """Return the id of a report, the same as long as the site lives, wherever it is served."""
        return str(uuid.uuid5(uuid.UUID(self.id), path))

    def note(self, editions: Mapping[str, str], now: datetime) -> None:
        """Note which editions there are; one that says something new is dated now."""
        stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        known = self.editions
        self.editions = {
            path: known[path] if path in known and known[path][0] == made_of else [made_of, stamp]
            for path, made_of in sorted(editions.items())
        }


def edition_of(document: Document) -> str:
    """Return a digest of what a report says: its words and figures, not how they are drawn.

    Where the figures come from is left out: a report that was executed again and says the same is
    no new edition.
    """
    said = [
        _undrawn(block) if isinstance(block, Chart) else block
        for block in document.blocks()
        if not isinstance(block, Provenance)
    ]
    return digest(document.title, *said)


def _undrawn(chart: Chart) -> Chart:
    return replace(chart, svg="", marks=[], variants=[_undrawn(one) for one in chart.variants])


def _path() -> Path:
    return paths.output() / "store" / "identity.json"


def load() -> Identity:
    """Return what the site keeps; a lost id is read from its feed, and a new site gets one."""
    try:
        found = Identity(**json.loads(_path().read_bytes()))
        uuid.UUID(found.id)
    except (OSError, ValueError, TypeError, AttributeError):
        return Identity(_published() or str(uuid.uuid4()))
    return found


def _published() -> str:
    try:
        found = _ID.search((paths.site() / "feed.xml").read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    return found[1] if found else ""


def save(identity: Identity) -> None:
    """Keep it."""
    put(_path(), json.dumps(asdict(identity), ensure_ascii=False, separators=(",", ":")))
