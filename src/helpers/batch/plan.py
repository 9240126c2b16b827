"""What would run, and why."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from helpers import predictions
from helpers.batch import fingerprint, store
from helpers.batch.edition import Edition
from helpers.batch.facts import ALWAYS, Facts
from helpers.batch.selection import Wanted

State = Literal["run", "fresh", "not_applicable"]


@dataclass(frozen=True)
class Planned:
    """One report of a plan: whether it runs, and the reasons in words.

    `tables` are the facts of all tables as of its last day, `seconds` what it took last time.
    """

    edition: Edition
    parameters: dict[str, Any]
    state: State
    reasons: tuple[str, ...]
    tables: dict[str, Any] = field(repr=False, default_factory=dict)
    known: store.Known | None = field(repr=False, default=None)

    @property
    def seconds(self) -> float | None:
        """What its last run took."""
        return self.known.seconds if self.known else None


class Plan:
    """The reports asked for, with what is to be done about each."""

    def __init__(self, facts: Facts, wanted: Iterable[Wanted], *, force: bool = False) -> None:
        self.facts, self.content = facts, fingerprint.Content()
        self.reports = [self._planned(report, force) for report in wanted]
        due = {report.edition.name for report in self.todo}
        self.reports = [_unless(report, due) for report in self.reports]

    @property
    def todo(self) -> list[Planned]:
        """The reports that are to run."""
        return [report for report in self.reports if report.state == "run"]

    def _planned(self, report: Wanted, force: bool) -> Planned:
        if report.missing:
            reason = (
                f"{report.edition.source} has no {' and no '.join(report.missing)}, "
                f"without which {report.edition.family} says nothing"
            )
            return Planned(report.edition, report.parameters, "not_applicable", (reason,))
        tables, known = self.facts.at(report.as_of), store.load(report.edition)
        reasons = self.changes(report.edition, report.parameters, tables, known)
        if force:
            reasons = ["forced", *reasons]
        state: State = "run" if reasons else "fresh"
        told = tuple(reasons) or (f"nothing has changed since {known.finished[:10]}",)
        return Planned(report.edition, report.parameters, state, told, tables, known)

    def changes(
        self, edition: Edition, parameters: dict[str, Any], tables: dict[str, Any], known: Any
    ) -> list[str]:
        """Return in words why a report is not up to date; nothing where it is."""
        failed = [_failed(known.failure)] if known.failure else []
        if known.problem:
            return [known.problem]
        if not known.fingerprint:
            return failed or ["never run"]
        now = fingerprint.inputs(self.content, edition.family, parameters, tables, known.uses)
        found = fingerprint.changes(known.inputs, now)
        if any(change.endswith(("rows", "rows changed")) for change in found):
            found += _extracts(known.uses.get("extracts", {}), self.facts.files())
        if not found:
            found = _output(edition, known.output)
        return found + failed if found else []

    def late(self, seen: set[Edition]) -> list[Planned]:
        """Return what was up to date until an earlier report, run meanwhile, said something else.

        `seen` are the editions that this run has executed already: none of them runs twice.
        """
        found = []
        for report in self.reports:
            if report.state != "fresh" or report.known is None or report.edition in seen:
                continue
            uses = report.known.uses.get("predictions") or {}
            now = {name: predictions.digest(name) for name in uses}
            changed = fingerprint.changes_of("predictions", uses, now)
            if changed:
                found.append(replace(report, state="run", reasons=tuple(changed)))
        return found

    def now(self, report: Planned, uses: dict[str, Any]) -> dict[str, Any]:
        """Return the inputs that a report depends on, as they are."""
        return fingerprint.inputs(
            self.content, report.edition.family, report.parameters, report.tables, uses
        )

    def inputs(self, report: Planned, uses: dict[str, Any]) -> dict[str, Any]:
        """Return the inputs of a report that has just run, as they were when it was planned.

        What earlier editions predicted counts as it was read: they may have run after the plan.
        """
        return self.now(report, uses) | {"predictions": uses.get("predictions") or {}}


def uses_of(trace: dict[str, Any] | None, plan: Plan) -> dict[str, Any]:
    """Return what a report used, from the trace of its kernel, as the store keeps it."""
    from helpers.batch.distributions import distributions

    site = trace["site"] if trace else []
    used = fingerprint.uses(trace, distributions(site))
    if used["tables"] is not None:
        used["tables"] = sorted({*used["tables"], *ALWAYS})
    return {**used, "extracts": plan.facts.files(), "snapshot": plan.facts.info.snapshot}


def _unless(report: Planned, due: set[str]) -> Planned:
    """Say of a report that is up to date that an earlier one, which is due, may change that."""
    if report.state != "fresh" or report.known is None:
        return report
    judged = sorted(due & set(report.known.uses.get("predictions") or {}))
    said = tuple(f"it runs too if {name} predicts something else" for name in judged)
    return replace(report, reasons=report.reasons + said)


def signature(path: Path) -> list[int]:
    """Return what changes when a file is replaced or written: the change time cannot be set."""
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _output(edition: Edition, output: dict[str, Any]) -> list[str]:
    kept = predictions.digest(edition.name)
    if kept != output.get("predictions", ""):
        return [f"its predictions {'were altered' if kept else 'are missing'}"]
    try:
        if signature(edition.notebook) == output.get("stat"):
            return []
    except (FileNotFoundError, NotADirectoryError):
        return ["its executed notebook is missing"]
    if fingerprint.sha256(edition.notebook) == output.get("sha256"):
        return []
    return ["its executed notebook was altered"]


def _extracts(before: dict[str, str], now: dict[str, str]) -> list[str]:
    new = len(now.keys() - before.keys())
    other = sum(before[name] != now[name] for name in before.keys() & now.keys())
    parts = [(new, "new"), (other, "changed"), (len(before.keys() - now.keys()), "gone")]
    said = [f"{count} {word}" for count, word in parts if count]
    return [f"extracts: {', '.join(said)}"] if said else []


def _failed(failure: dict[str, Any]) -> str:
    where = f" in code cell {failure['cell']}" if failure.get("cell") else ""
    return f"failed last time: {failure['ename']}{where}"
