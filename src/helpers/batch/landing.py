"""The folder of an attempt: what runner, worker and kernel leave there until its end.

```
planned.json     by the runner, before it begins: what the report was planned on
journal.jsonl    by the worker: the cells that are done
predictions.parquet, private/   by the kernel: what it predicts, lists about single customers
executed.ipynb   by the worker, whole
outcome.json     by the worker, after a good end: what came of it
known.json       by the runner, when all is decided: the record to be, so that installing it can be
                 taken up by the next run
```
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from helpers.batch.job import Failure, Outcome

EXECUTED, JOURNAL = "executed.ipynb", "journal.jsonl"
JOURNAL_KEPT = ".journal"
"""How a journal ends that is kept after a failure, where there is no room for a notebook."""

PLANNED, OUTCOME, KNOWN = "planned.json", "outcome.json", "known.json"


def note(landing: Path, name: str, content: Any) -> None:
    """Write one of the notes, whole or not at all.

    It need not outlast the machine, only this process, so the disk is not waited for.

    Raises:
        OSError: the folder cannot be written.
    """
    landing.mkdir(parents=True, exist_ok=True)
    beside = landing / f".{name}"
    beside.write_text(json.dumps(content, default=str), encoding="utf-8")
    os.replace(beside, landing / name)


def noted(landing: Path, name: str) -> dict[str, Any] | None:
    """Return one of the notes; None where it is not there or cannot be read."""
    try:
        found = json.loads((landing / name).read_bytes())
    except (OSError, ValueError):
        return None  # not written yet, or a machine that went down meanwhile
    return found if isinstance(found, dict) else None


def note_outcome(landing: Path, outcome: Outcome) -> None:
    """Keep what came of a report that ended well, in case its runner is not there any more.

    Raises:
        OSError: the folder cannot be written.
    """
    note(landing, OUTCOME, asdict(outcome))


def noted_outcome(landing: Path) -> Outcome | None:
    """Return what `note_outcome` kept."""
    found = noted(landing, OUTCOME)
    try:
        error = (found or {}).pop("error", None)
        return Outcome(**found, error=Failure(**error) if error else None) if found else None
    except TypeError:
        return None  # of another release
