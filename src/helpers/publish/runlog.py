"""What the last run says of itself (`reports/output/run.json`), as far as it says anything."""

import json
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from helpers import paths
from helpers.errors import PeriodError
from helpers.publish.model import Key
from helpers.publish.text import plain_all

WORDS = {
    "ok": "executed",
    "fresh": "up to date",
    "failed": "failed",
    "not_applicable": "does not apply",
    "stale": "older edition kept",
}
"""A report's status in a reader's words."""


@dataclass(frozen=True)
class RunLog:
    """The last run and its reports; empty where there was none."""

    about: dict[str, Any] = field(default_factory=dict)
    reports: tuple[dict[str, Any], ...] = ()

    def stale(self) -> dict[Key, str]:
        """Return the reports whose page is older than the last attempt, and why."""
        found: dict[Key, str] = {}
        for report in self.reports:
            key = key_of(report)
            if key and report.get("page") == "stale":
                found[key] = (
                    f"The last run of this report failed{_cause(report)}; this is the one before."
                )
        return found

    def counts(self) -> dict[str, int]:
        """Return how many reports ended in which status, in words."""
        counts: dict[str, int] = {}
        for report in self.reports:
            said = WORDS.get(str(report.get("status")), str(report.get("status")))
            counts[said] = counts.get(said, 0) + 1
        return counts


def _cause(report: dict[str, Any]) -> str:
    error = report.get("error")
    if not isinstance(error, dict) or not error.get("ename"):
        return ""
    return f" with {error['ename']}"  # the message may quote data, so it stays in the house


def key_of(report: dict[str, Any]) -> Key | None:
    """Return the key of a record's notebook, or None where it names none."""
    path = PurePosixPath(str(report.get("notebook", "")))
    if path.suffix != ".ipynb" or len(path.parts) < 3:
        return None
    key = Key(path.parts[-3], path.parts[-2], path.stem)
    try:
        key.period  # noqa: B018 - a name that is no period makes no page
    except PeriodError:
        return None
    return key


def read() -> RunLog:
    """Return the record of the last run; an absent or unreadable one is empty."""
    try:
        found = plain_all(json.loads((paths.output() / "run.json").read_bytes()))
        return RunLog(dict(found.get("run") or {}), tuple(found.get("reports") or ()))
    except (OSError, ValueError, AttributeError, TypeError):
        return RunLog()
