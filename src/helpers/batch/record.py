"""`reports/output/run.json`: what the last run did; the site's run page reads it.

```
{"version": 1,
 "run": {"id", "command", "started", "ended", "seconds", "jobs", "executor", "kernel", "snapshot",
         "result"},
 "reports": [
   {"source", "family", "period", "slice", "notebook",      # notebook: path below reports/output
    "status": "ok" | "failed" | "fresh" | "not_applicable" | "stale",
    "page": "current" | "stale" | "none",                   # what its published page shows
    "reasons": ["params: horizon 3 → 6", ...],              # why it ran, or why it did not
    "fingerprint": "…", "started": ISO time in UTC, "offset": seconds after the run's start,
    "seconds": {"wait", "start", "cells", "end", "write", "total"},
    "peak_mb", "kernel": {"name", "kind", "fallback"}, "attempts", "cells": [seconds each],
    "error": null | {"cell", "ename", "evalue", "source", "notebook"},
    "parameters": {…}}]}
```

`stale`: the report was not part of this run, and its last attempt failed: the page is an older one.
The `id` of a run begins with its number: times of the wall clock say nothing of the order.

`result` is `ok`, `failed` or `interrupted`. Times come from the wall clock, durations from a
monotonic one, so that a clock that is set back makes no duration negative.
"""

import os
import re
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from helpers import paths
from helpers.batch.edition import Edition
from helpers.batch.files import write_json

VERSION = 1
Page = Literal["current", "stale", "none"]
Status = Literal["ok", "failed", "fresh", "not_applicable", "stale"]


@dataclass
class Record:
    """What happened to one report."""

    edition: Edition
    status: Status
    page: Page
    reasons: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    started: float = 0.0
    offset: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    peak_mb: float = 0.0
    kernel: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0
    cells: list[float] = field(default_factory=list)
    error: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the record as `run.json` holds it."""
        found = asdict(self)
        edition = found.pop("edition")
        found["started"] = _iso(self.started) if self.started else None
        found["offset"] = round(self.offset, 3)
        found["seconds"] = {name: round(value, 3) for name, value in self.seconds.items()}
        found["cells"] = [round(value, 3) for value in self.cells]
        found["peak_mb"] = round(self.peak_mb, 1)
        place = self.edition.notebook.relative_to(paths.output())
        return {**edition, "notebook": place.as_posix(), **found}


class RunRecord:
    """Collects the records of a run and writes them, now and then and at the end."""

    def __init__(
        self, command: str, *, jobs: int, executor: str, kernel: str, snapshot: str = ""
    ) -> None:
        self.records: list[Record] = []
        self.began, self._clock = time.time(), time.monotonic()
        self._about = {"command": command, "jobs": jobs, "executor": executor, "kernel": kernel}
        self._about["snapshot"] = snapshot
        self._written = self._clock
        self._number = max((number_of(path) for path in last_runs()), default=0) + 1

    @property
    def id(self) -> str:
        """The run's name: its number, its start in UTC and its process."""
        start = datetime.fromtimestamp(self.began, UTC)
        return f"{self._number:06}-{start:%Y%m%dT%H%M%SZ}-{os.getpid()}"

    def elapsed(self) -> float:
        """Seconds since the run began, by a clock that does not go back."""
        return time.monotonic() - self._clock

    def add(self, record: Record) -> None:
        """Take a record in; the file follows at most every five seconds."""
        self.records.append(record)
        if time.monotonic() - self._written > 5:
            self.write("running")

    def write(self, result: str) -> Path:
        """Write `run.json` and a copy among the last runs, and return where it is."""
        self._written = time.monotonic()
        seconds = self.elapsed()
        about = {
            "id": self.id,
            "started": _iso(self.began),
            "ended": _iso(self.began + seconds),
            "seconds": round(seconds, 3),
            "result": result,
            **self._about,
        }
        ordered = sorted(self.records, key=lambda record: record.edition)
        content = {"version": VERSION, "run": about, "reports": [r.as_json() for r in ordered]}
        if result != "running":
            write_json(_runs() / f"{self.id}.json", content)
        write_json(path(), content)
        return path()


def number_of(run: Path) -> int:
    """Return the number of a run by its record; 0 for one of a release that did not count."""
    found = re.match(r"(\d{6,})-", run.name)
    return int(found[1]) if found else 0


def last_runs() -> list[Path]:
    """Return the records of the last runs, oldest first."""
    return sorted(_runs().glob("*.json"), key=lambda path: (number_of(path), path.name))


def _runs() -> Path:
    return paths.output() / "store" / "runs"


def path() -> Path:
    """Return where the record of the last run is."""
    return paths.output() / "run.json"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
