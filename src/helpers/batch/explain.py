"""A plan in words: what would run and why, and what one report depends on."""

from collections.abc import Iterator
from typing import Any

from helpers.batch.content import digest
from helpers.batch.plan import Plan, Planned
from helpers.batch.progress import counted, span
from helpers.errors import UsageError

_WORDS = {"run": "run", "fresh": "up to date", "not_applicable": "not applicable"}


def listed(plan: Plan) -> Iterator[str]:
    """Yield a line a report, then how many of which and how long that takes."""
    width = max((len(str(report.edition)) for report in plan.reports), default=0)
    for report in plan.reports:
        why = "; ".join(report.reasons)
        yield f"{_WORDS[report.state]:<14}  {report.edition!s:<{width}}  {why}"
    counts = dict.fromkeys(_WORDS, 0)
    for report in plan.reports:
        counts[report.state] += 1
    said = [f"{count} {_WORDS[state]}" for state, count in counts.items() if count]
    known = [report.seconds for report in plan.todo]
    if known and None not in known:
        said[0] += f" ({span(sum(filter(None, known)))} of work)"
    yield f"{counted(len(plan.reports), 'report')}: {', '.join(said) or 'none'}."


def explained(plan: Plan, family: str, period: str) -> Iterator[str]:
    """Yield what each report of the plan depends on, with a mark at what has changed since it ran.

    The plan is that of the family and period asked for, which may be told as `last-month`.

    Raises:
        UsageError: the plan has no report.
    """
    if not plan.reports:
        raise UsageError(f"the plan has no report {family} {period}")
    for report in plan.reports:
        yield f"{report.edition}: {_WORDS[report.state]}"
        for reason in report.reasons:
            yield f"  because: {reason}"
        yield from _dependencies(plan, report)


def _dependencies(plan: Plan, report: Planned) -> Iterator[str]:
    known = report.known
    if known is None or not known.fingerprint:
        yield "  What it depends on is known once it has run."
        return
    now = plan.now(report, known.uses)
    yield f"  last run: {known.finished}, fingerprint {known.fingerprint}"
    yield _line("notebook", "cells", known.inputs.get("notebook"), now["notebook"])
    for part in ("params", "tables", "modules", "files", "predictions", "versions"):
        before = known.inputs.get(part) or {}
        for name in sorted({*before, *now[part]}):
            yield _line(part, name, before.get(name), now[part].get(name))
    if digest(now) == known.fingerprint:
        yield "  Nothing of this has changed."


def _line(part: str, name: str, before: Any, now: Any) -> str:
    mark, said = ("*", f"{_short(before)} → {_short(now)}") if before != now else (" ", _short(now))
    return f"  {mark} {part:<9} {name}: {said}"


def _short(value: Any) -> str:
    if isinstance(value, dict) and "hash" in value:
        rows = f"{value['rows']:,} rows, " if value["rows"] else ""
        return f"{rows}{str(value['hash'])[:23]}"
    return "nothing" if value is None else str(value)
