"""What would run, and why."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from helpers import paths, predictions
from helpers.batch import fingerprint, interpreter, store
from helpers.batch.basis import Basis
from helpers.batch.changes import changes, changes_of
from helpers.batch.content import Content, sha256, signature
from helpers.batch.edition import Edition
from helpers.batch.facts import Facts
from helpers.batch.interpreter import Interpreter
from helpers.batch.selection import Wanted

State = Literal["run", "fresh", "not_applicable"]


@dataclass(frozen=True)
class Planned:
    """One report of a plan: whether it runs, and the reasons in words.

    `basis` is what the plan knows of its inputs, None where the report does not apply.
    """

    edition: Edition
    parameters: dict[str, Any]
    state: State
    reasons: tuple[str, ...]
    basis: Basis | None = field(repr=False, default=None)
    known: store.Known | None = field(repr=False, default=None)

    @property
    def seconds(self) -> float | None:
        """What its last run took."""
        return self.known.seconds if self.known else None


class Plan:
    """The reports asked for, with what is to be done about each.

    Notebooks are read here, once: what a run executes is what its plan has seen.
    """

    def __init__(
        self,
        facts: Facts,
        wanted: Iterable[Wanted],
        *,
        force: bool = False,
        kernel: Interpreter | None = None,
    ) -> None:
        self.facts, self.content = facts, Content()
        self.kernel = kernel or interpreter.own()
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
        basis, known = self._basis(report), store.load(report.edition)
        reasons = self._changes(basis, known)
        if force:
            reasons = ["forced", *reasons]
        state: State = "run" if reasons else "fresh"
        told = tuple(reasons) or (f"nothing has changed since {known.finished[:10]}",)
        return Planned(report.edition, report.parameters, state, told, basis, known)

    def _basis(self, report: Wanted) -> Basis:
        return Basis(
            edition=report.edition,
            parameters=report.parameters,
            notebook=self.content.notebook(report.edition.family).digest,
            tables=self.facts.at(report.as_of),
            extracts=self.facts.files(),
            snapshot=self.facts.info.snapshot,
            interpreter=self.kernel,
        )

    def _changes(self, basis: Basis, known: store.Known) -> list[str]:
        """Return in words why a report is not up to date; nothing where it is."""
        failed = [_failed(known.failure)] if known.failure else []
        if known.problem:
            return [known.problem]
        if not known.fingerprint:
            return failed or ["never run"]
        now = fingerprint.current(self.content, basis, known.uses)
        found = changes(known.inputs, now)
        if any(change.endswith(("rows", "rows changed")) for change in found):
            found += _extracts(known.uses.get("extracts", {}), basis.extracts)
        if not found:
            found = _output(basis.edition, known.output)
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
            changed = changes_of("predictions", uses, now)
            if changed:
                found.append(replace(report, state="run", reasons=tuple(changed)))
        return found

    def now(self, report: Planned, uses: dict[str, Any]) -> dict[str, Any]:
        """Return the inputs that a report depends on, as they are."""
        basis = report.basis
        return fingerprint.current(self.content, basis, uses) if basis else {}


def _unless(report: Planned, due: set[str]) -> Planned:
    """Say of a report that is up to date that an earlier one, which is due, may change that."""
    if report.state != "fresh" or report.known is None:
        return report
    judged = sorted(due & set(report.known.uses.get("predictions") or {}))
    said = tuple(f"it runs too if {name} predicts something else" for name in judged)
    return replace(report, reasons=report.reasons + said)


def _output(edition: Edition, output: dict[str, Any]) -> list[str]:
    """Return in words what of a report's output is missing or altered by hand."""
    kept = predictions.digest(edition.name)
    if kept != output.get("predictions", ""):
        return [f"its predictions {'were altered' if kept else 'are missing'}"]
    for name, wanted in (output.get("lists") or {}).items():
        if why := _differs(paths.private() / name, wanted):
            return [f"its list {name} {why}"]
    why = _differs(edition.notebook, output)
    return [f"its executed notebook {why}"] if why else []


def _differs(path: Path, wanted: dict[str, Any]) -> str:
    try:
        if signature(path) == wanted.get("stat"):
            return ""
        return "" if sha256(path) == wanted.get("sha256") else "was altered"
    except (FileNotFoundError, NotADirectoryError):
        return "is missing"
    except IsADirectoryError:
        return "was altered"


def _extracts(before: dict[str, str], now: dict[str, str]) -> list[str]:
    new = len(now.keys() - before.keys())
    other = sum(before[name] != now[name] for name in before.keys() & now.keys())
    parts = [(new, "new"), (other, "changed"), (len(before.keys() - now.keys()), "gone")]
    said = [f"extracts: {', '.join(f'{count} {word}' for count, word in parts if count)}"]
    return said if any(count for count, _ in parts) else []


def _failed(failure: dict[str, Any]) -> str:
    where = f" in code cell {failure['cell']}" if failure.get("cell") else ""
    return f"failed last time: {failure['ename']}{where}"
