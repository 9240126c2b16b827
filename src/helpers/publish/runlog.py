"""What the last run says of itself (`reports/output/run.json`), as far as anybody may read it.

Commands, machines, parameters and messages stay in the house: what is published is named here.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from helpers import paths
from helpers.errors import DisclosureError, PeriodError
from helpers.publish.guard import Guard, guard_for
from helpers.publish.model import Key, Site
from helpers.publish.text import plain_all

WORDS = {
    "ok": "executed",
    "fresh": "up to date",
    "failed": "failed",
    "not_applicable": "does not apply",
    "stale": "older edition kept",
}
"""A report's status in a reader's words."""
_ABOUT = ("started", "seconds", "result", "jobs", "kernel")
_PLAIN = re.compile(r"[\w.:+ -]{1,80}")
_PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[/~\\][^\s,;:'\"]+")
_SAME = re.compile(r"nothing has changed since \d{4}-\d\d-\d\d|never run|forced")
"""Reasons that hold no value of anything."""


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

    def fallbacks(self) -> int:
        """Return how many reports had an ordinary kernel where a warm one was wanted."""
        kernels = [report.get("kernel") for report in self.reports]
        return sum(isinstance(kernel, dict) and bool(kernel.get("fallback")) for kernel in kernels)


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
        about, reports = found.get("run") or {}, found.get("reports") or ()
        told = {name: about[name] for name in _ABOUT if _is_plain(about.get(name))}
        return RunLog(told, tuple(_report(report) for report in reports))
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return RunLog()


def _is_plain(value: object) -> bool:
    return isinstance(value, int | float) or (
        isinstance(value, str) and _PLAIN.fullmatch(value) is not None
    )


def _report(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a report's record may be read: names, numbers, reasons, the kind of error."""
    names = ("source", "family", "period", "status", "page", "offset")
    kept = {name: found[name] for name in names if _is_plain(found.get(name))}
    kept["notebook"] = str(found.get("notebook") or "")
    seconds = found.get("seconds")
    parts = seconds.items() if isinstance(seconds, dict) else ()
    kept["seconds"] = {name: part for name, part in parts if isinstance(part, int | float)}
    reasons = found.get("reasons")
    kept["reasons"] = [_relative(str(r)) for r in reasons] if isinstance(reasons, list) else []
    error = found.get("error")
    if isinstance(error, dict):
        name = str(error.get("ename") or "")
        kept["error"] = {"ename": name if name.isidentifier() else "an error"}
    return kept


def _relative(text: str) -> str:
    """Return a reason with paths as they are called inside the project; others by name alone."""

    def said(match: re.Match[str]) -> str:
        path = match[0]
        for top in (paths.output(), paths.root()):
            if path.startswith(f"{top}/"):
                return path.removeprefix(f"{top}/")
        return re.split(r"[/\\]", path.rstrip("/\\"))[-1]

    return _PATH.sub(said, text)


def guarded(log: RunLog, site: Site) -> RunLog:
    """Return the record without reasons that name a customer, or that nothing can be checked by."""
    sources = {str(r.get("source")) for r in log.reports if not _harmless(r.get("reasons", ()))}
    guards = {source: _guards(source, log, site) for source in sources}

    def fine(reason: str, source: str) -> bool:
        known = guards.get(source) or ()
        named = any(guard.names(reason) for guard in known)
        return _SAME.fullmatch(reason) is not None or bool(known and not named)

    return replace(
        log,
        reports=tuple(
            {**r, "reasons": [said for said in r["reasons"] if fine(said, str(r.get("source")))]}
            for r in log.reports
        ),
    )


def _harmless(reasons: Iterable[str]) -> bool:
    return all(_SAME.fullmatch(reason) for reason in reasons)


def _guards(source: str, log: RunLog, site: Site) -> list[Guard]:
    """Return the guards of what the run executed of a source, or of its newest report; else none.

    None, too, where a snapshot of them is gone.
    """
    ran = [key_of(report) for report in log.reports if report.get("status") == "ok"]
    pages = [site.by_key[key] for key in ran if key in site.by_key and key.source == source]
    newest = [page for page in site.pages if page.key.source == source]
    pages = pages or sorted(newest, key=lambda page: page.as_of)[-1:]
    try:
        return [guard_for(snapshot) for snapshot in sorted({page.snapshot for page in pages})]
    except DisclosureError:
        return []


def shown(failed: Iterable[str], site: Site) -> dict[str, str]:
    """Return the names of what could not be published, as far as a page may carry them.

    The name of a notebook that was refused may itself be about a customer: its slice, or all that
    is no period, is left out.
    """
    found: dict[str, str] = {}
    for name in failed:
        source, _, rest = name.partition("/")
        family, _, stem = rest.partition("/")
        key = Key(source, family, stem)
        if not stem or family == "board-pack" or key in site.by_key:
            found[name] = ""
            continue
        try:
            where = f"{source}/{family}/{key.period}"
        except PeriodError:
            found[f"{source}/{family}, a notebook whose name is no report's"] = ""
        else:
            found[f"{where}, a slice" if key.slice else where] = ""
    return found
