"""What a source's snapshot holds as of a day: what the table part of a fingerprint is made of."""

import hashlib
import json
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from helpers.sources import SourceInfo

ALWAYS = ("account", "coverage", "label", "note")
"""Facts that every report shows, whichever tables it reads."""


class Facts:
    """Rows and content hash of each table as cut at a day; each day is worked out once."""

    def __init__(self, info: "SourceInfo") -> None:
        self.info = info
        self._known: dict[date, dict[str, Any]] = {}

    def at(self, as_of: date) -> dict[str, Any]:
        """Return `{table: {"rows", "hash"}}`, with what else a report says of its source.

        That is the account of cleaning, the days covered, and the source's label and note.
        """
        if as_of not in self._known:
            found: dict[str, Any] = {
                name: {"rows": table.rows_until(as_of), "hash": table.hash_until(as_of)}
                for name, table in self.info.tables.items()
            }
            found["account"] = self._account(as_of)
            last = self.info.last_day
            covered = [self.info.first_day, min(as_of, last) if last else None]
            found["coverage"] = {"rows": 0, "hash": "/".join(map(str, covered))}
            for name in ("label", "note"):
                said = hashlib.sha256(str(getattr(self.info, name)).encode()).hexdigest()
                found[name] = {"rows": 0, "hash": said[:32]}
            self._known[as_of] = found
        return self._known[as_of]

    def _account(self, as_of: date) -> dict[str, Any]:
        entries = [entry.until(as_of) for entry in self.info.account.entries]
        told = [(e.table, e.outcome, e.rule, e.rows, e.amount) for e in entries]
        digest = hashlib.sha256(json.dumps(sorted(map(str, told))).encode()).hexdigest()[:32]
        return {"rows": sum(entry.rows for entry in entries), "hash": digest}

    def files(self) -> dict[str, str]:
        """Return the raw files that the snapshot was made of: name and hash."""
        return {str(file["name"]): str(file["sha256"]) for file in self.info.files}

    def pinned(self) -> dict[str, str]:
        """Return the variable with which a kernel loads the snapshot that these facts are of.

        Raises:
            DataError: the snapshot has been deleted meanwhile.
        """
        from helpers.sources import pinned

        return pinned(self.info)
