"""What would run, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from helpers.batch.edition import Edition
from helpers.batch.selection import Wanted

State = Literal["run", "fresh", "not_applicable"]


@dataclass(frozen=True)
class Planned:
    """One report of a plan: whether it runs, and the reasons in words."""

    edition: Edition
    parameters: dict[str, Any]
    state: State
    reasons: tuple[str, ...]
    seconds: float | None = None


def plan(reports: Iterable[Wanted], *, force: bool = False) -> list[Planned]:
    """Return the reports asked for with what is to be done about each."""
    return [_planned(report, force=force) for report in reports]


def _planned(report: Wanted, *, force: bool) -> Planned:
    if report.missing:
        tables = " and ".join(report.missing)
        reason = f"{report.edition.source} has no {tables}, which {report.edition.family} needs"
        return Planned(report.edition, report.parameters, "not_applicable", (reason,))
    reason = "forced" if force else "never run"
    return Planned(report.edition, report.parameters, "run", (reason,))
