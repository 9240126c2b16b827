"""What the commands of `crm-reports` do with the batch, and what they say."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from helpers import params, paths
from helpers.batch import published
from helpers.batch import run as runs
from helpers.batch.attempts import sweep
from helpers.batch.explain import explained, listed
from helpers.batch.facts import Facts
from helpers.batch.interpreter import of_kernel
from helpers.batch.job import Limits
from helpers.batch.lock import one_run
from helpers.batch.plan import Plan
from helpers.batch.progress import counted
from helpers.batch.record import Record
from helpers.batch.run import Options
from helpers.batch.selection import Selection, chosen_families, select


def selection(
    periods: list[str] | None,
    first: str | None,
    last: str | None,
    families: list[str] | None,
    source: str | None,
    slices: list[str] | None,
    values: list[str] | None,
    only: list[str] | None,
) -> Selection:
    """Return what the options ask for."""
    return Selection(
        families=tuple(families or ()),
        source=source,
        periods=tuple(periods or ()),
        first=first,
        last=last,
        slices=tuple(slices or ()),
        overrides=params.parse_assignments(values or ()),
        only=tuple(only or ()),
    )


def options(
    *,
    jobs: int = 0,
    kernel: str | None = None,
    executor: str = "processes",
    staging: str | None = None,
    timeout: int = 600,
    report_timeout: int = 1800,
    memory: int = 0,
    retries: int = 2,
    command: str = "crm-reports",
) -> Options:
    """Return how a run is carried out."""
    limits = Limits(cell_seconds=timeout, report_seconds=report_timeout, memory_mb=memory)
    return Options(jobs, kernel, executor, staging, limits, retries, command)


def planned(asked: Selection, chosen: Options, *, force: bool) -> Plan:
    """Return the plan of what is asked for.

    Raises:
        UsageError: an option names what is not there, or a notebook cannot be read.
    """
    kernel = of_kernel(chosen.kernel, here=chosen.executor == "processes")
    selected = select(asked)
    return Plan(Facts(selected.info), selected.reports, force=force, kernel=kernel)


def show_plan(
    asked: Selection, chosen: Options, *, force: bool, explain: tuple[str, str] | None
) -> int:
    """Print what would run and why, or what one report depends on."""
    if explain:
        family, period = explain
        asked = replace(asked, families=(family,), periods=(period,), first=None, last=None)
    plan = planned(asked, chosen, force=force)
    for line in explained(plan, *explain) if explain else listed(plan):
        print(line)
    touched = [] if explain else published.altered()
    if touched:
        said = f"{counted(len(touched), 'file')} of the site, such as {touched[0]}"
        print(f"Altered by hand: {said}. The next run or publication restores what it can.")
    return 0


def run(
    asked: Selection,
    chosen: Options,
    *,
    force: bool,
    wait: bool,
    profile: bool,
    publish: Callable[[], int] | None = None,
) -> int:
    """Run what is out of date, say what came of it, `publish`; return the exit status.

    The output folder is held until all is published, so that nobody deletes or replaces meanwhile
    what the pages are made from.
    """
    with one_run(wait=wait, say=print):
        for name in sweep():
            print(f"An earlier run was killed at {name}; it runs again.")
        records = runs.run(planned(asked, chosen, force=force), chosen)
        for line in [*(slowest(records) if profile else ()), *summary(records)]:
            print(line)
        status = 1 if any(record.status == "failed" for record in records) else 0
        return max(status, publish()) if publish else status


def summary(records: list[Record]) -> list[str]:
    """Return the closing lines: how many of which; of failures cell, error and parameters."""
    counts: dict[str, int] = {}
    for record in records:
        counts[record.status] = counts.get(record.status, 0) + 1
    words = {"ok": "done", "fresh": "up to date", "not_applicable": "not applicable"}
    said = [f"{count} {words.get(status, status)}" for status, count in counts.items()]
    lines = [f"{counted(len(records), 'report')}: {', '.join(said) or 'none'}."]
    for record in records:
        if record.status == "not_applicable":
            lines.append(f"  {record.edition}: {record.reasons[0]}")
        if record.status == "failed" and record.error:
            lines += _failure(record, record.error)
    return lines


def slowest(records: list[Record], *, count: int = 10) -> list[str]:
    """Return the slowest code cells of a run, slowest first."""
    cells = [
        (seconds, number, record)
        for record in records
        for number, seconds in enumerate(record.cells, start=1)
    ]
    cells.sort(key=lambda found: -found[0])
    lines = [
        f"  {seconds:8.2f} s  code cell {number:2}  {record.edition}"
        for seconds, number, record in cells[:count]
    ]
    return ["Slowest cells:", *lines] if lines else []


def _failure(record: Record, error: dict[str, Any]) -> list[str]:
    where = f"in code cell {error['cell']}" if error.get("cell") else "before its first cell"
    values = ", ".join(f"{name}={value!r}" for name, value in record.parameters.items())
    first, *more = str(error["evalue"]).splitlines() or [""]
    lines = [f"  {record.edition} FAILED {where}: {error['ename']}: {first}"]
    lines += [f"      {line}" for line in more]
    lines.append(f"      parameters: {values}")
    if error.get("notebook"):
        lines.append(f"      read it in: {paths.output() / error['notebook']}")
    return lines


def prune(keep: int, *, yes: bool, ask: Callable[[str], bool] | None) -> int:
    """Say what can be deleted, then delete it if that is wanted."""
    from helpers.batch.prune import delete, deletions

    with one_run(wait=False, say=print):
        found = deletions(keep)
        for deletion in found:
            place = deletion.path.relative_to(paths.output())
            print(f"  {deletion.size / 1e6:8.1f} MB  {place}  ({deletion.why})")
        if not found:
            print("There is nothing to delete.")
        elif yes or (ask is not None and ask("Delete this?")):
            print(f"Deleted {delete(found) / 1e6:.1f} MB.")
        else:
            print("Nothing was deleted; --yes does it.")
    return 0


def watch(asked: Selection, chosen: Options, *, publish: Callable[[], int], port: int) -> None:
    """Run, publish and serve again whenever something changes on disk."""
    from helpers.batch.published import state
    from helpers.batch.serving import serving
    from helpers.batch.watch import port_before
    from helpers.batch.watch import watch as follow

    first = params.resolve(chosen_families(asked)[0], source=asked.source)

    def once() -> None:
        run(asked, chosen, force=False, wait=True, profile=False, publish=publish)

    paths.site().mkdir(parents=True, exist_ok=True)
    with serving(paths.site(), port_before(port)) as pages:
        print(pages.address)
        follow(once, sources=[first.source], pages=pages, state=state, say=print)
