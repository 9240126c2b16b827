"""One run: a plan in, executed notebooks in place and `run.json` out."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.batch import attempts, settle, store
from helpers.batch import kernel as kernels
from helpers.batch.basis import Basis
from helpers.batch.edition import Edition
from helpers.batch.edition import store as store_folder
from helpers.batch.job import Job, Limits, Outcome
from helpers.batch.order import before, longest_first
from helpers.batch.plan import Plan, Planned
from helpers.batch.pool import open_executor, prepare
from helpers.batch.progress import Progress, open_progress
from helpers.batch.record import Page, Record, RunRecord
from helpers.batch.runner import Runner, Way, describe_failure
from helpers.errors import HelpersError


@dataclass(frozen=True)
class Options:
    """How a run is carried out."""

    jobs: int = 0
    kernel: str | None = None
    executor: str = "processes"
    staging: str | None = None
    limits: Limits = field(default_factory=Limits)
    retries: int = 2
    command: str = "run"


def run(plan: Plan, options: Options) -> list[Record]:
    """Execute what is to run and return a record of every planned report.

    Raises:
        KeyboardInterrupt: Ctrl-C; kernels are dead, finished reports in place, `run.json` written.
    """
    todo = plan.todo
    jobs = max(1, min(options.jobs or kernels.cores(), len(todo) or 1))
    name, warning = _kernel(options) if todo else ("", "")
    record = RunRecord(
        options.command,
        jobs=jobs,
        executor=options.executor,
        kernel=name,
        snapshot=plan.facts.info.snapshot,
    )
    for stale in _stale(plan):
        record.add(stale)
    ran: set[Edition] = set()
    result = "interrupted"
    try:
        while todo:
            ran |= {report.edition for report in todo}
            with open_progress(_expected(todo), jobs=jobs) as progress:
                if warning:
                    progress.line(warning)
                _Execution(plan, todo, options, jobs, name, record, progress).go()
            todo, warning = plan.late(ran), ""
        failed = any(found.status == "failed" for found in record.records)
        result = "failed" if failed else "ok"
    finally:
        for report in plan.reports:
            if report.state != "run" and report.edition not in ran:
                record.add(_standing(report))
        record.write(result)
    return record.records


class _Execution:
    """The part of a run that executes: jobs out, records in."""

    def __init__(
        self,
        plan: Plan,
        todo: list[Planned],
        options: Options,
        jobs: int,
        kernel: str,
        record: RunRecord,
        progress: Progress,
    ) -> None:
        self.plan, self.options, self.jobs, self.kernel = plan, options, jobs, kernel
        self.record, self.progress = record, progress
        self.planned = {report.edition: report for report in todo}
        self.pinned = plan.facts.pinned()
        self.share = min(options.jobs or kernels.cores(), kernels.cores())
        self.offsets: dict[Edition, float] = {}

    def go(self) -> None:
        """Run all, longest first, and each family that judges itself in order of its periods."""
        earlier = before(self.planned)
        longest = longest_first(list(self.planned.values()), earlier)
        executor, at_once = open_executor(self.options.executor, self.jobs)
        if self.options.jobs:
            at_once = min(at_once, self.options.jobs)
        way = Way()
        try:
            way = self._way()
            runner = Runner(
                executor,
                at_once,
                on_start=self._start,
                on_end=self._end,
                retries=self.options.retries,
                way=way,
            )
            runner.run((self._job(report) for report in longest), after=earlier)
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
            way.close()
            attempts.sweep()  # after Ctrl-C: kernels, and the cells that were done

    def _way(self) -> Way:
        if self.options.executor == "processes":
            return Way()
        from helpers.batch.cluster import Staging

        families = sorted({edition.family for edition in self.planned})
        return Staging(self.options.staging, self.plan.facts, families)

    def _job(self, report: Planned) -> Job:
        limits = self.options.limits
        if not limits.memory_mb and self.options.executor == "processes":
            limits = replace(limits, memory_mb=kernels.memory_mb(self.jobs))
        return Job(
            edition=report.edition,
            notebook=str(paths.notebooks() / f"{report.edition.family}.ipynb"),
            landing=str(report.edition.running),
            parameters=report.parameters,
            kernel=self.kernel,
            environment={**kernels.environment(self.share), **self.pinned},
            limits=limits,
            source=self.plan.content.notebook(report.edition.family).source,
        )

    def _start(self, job: Job) -> None:
        self.offsets.setdefault(job.edition, self.record.elapsed())
        settle.begin(Path(job.landing), _basis(self.planned[job.edition]), self.record.id)
        self.progress.start(job.edition, job.attempt)

    def _end(self, job: Job, outcome: Outcome) -> None:
        error = describe_failure(job, outcome.error) if outcome.error else None
        report = self.planned[job.edition]
        known = report.known or store.Known(asdict(report.edition))
        try:
            known = self._keep(job, outcome, error)
        except HelpersError as refused:
            outcome.status = "failed"
            error = {"cell": None, "ename": type(refused).__name__, "evalue": str(refused)}
        finally:
            attempts.clear(Path(job.landing))
        offset = self.offsets[job.edition]
        kept: Page = "stale" if job.edition.notebook.exists() else "none"
        found = Record(
            edition=job.edition,
            status="ok" if outcome.status == "ok" else "failed",
            page="current" if outcome.status == "ok" else kept,
            reasons=report.reasons,
            parameters=job.parameters,
            started=outcome.started or time.time(),
            offset=offset,
            seconds={
                "wait": max(0.0, outcome.started - self.record.began - offset),
                **outcome.seconds,
                "total": self.record.elapsed() - offset,
            },
            peak_mb=outcome.peak_mb,
            kernel=outcome.kernel or {"name": job.kernel},
            fingerprint=known.fingerprint,
            attempts=job.attempt,
            cells=outcome.cells,
            error=error,
        )
        self.record.add(found)
        self.progress.end(found)
        self._warn(str(found.kernel.get("fallback", "")))

    def _warn(self, fallback: str) -> None:
        """Say once why kernels are not warm: their workers have nobody to say it to."""
        before = self.record.records[:-1]
        if fallback and all(record.kernel.get("fallback") != fallback for record in before):
            self.progress.line(f"No warm kernel, an ordinary one instead: {fallback}")

    def _keep(self, job: Job, outcome: Outcome, error: dict[str, Any] | None) -> store.Known:
        """Put in place what was made; after a failure the record of the last good run stays."""
        landing, report = Path(job.landing), self.planned[job.edition]
        if outcome.status == "ok":
            content = self.plan.content
            return settle.settle(landing, _basis(report), outcome, content, self.record.id)
        attempts.keep_failed(landing, job.edition.failed)
        known = report.known or store.Known(asdict(report.edition))
        known.failure = {"run": self.record.id, **(error or {})}
        store.save(report.edition, known)
        return known


def _basis(report: Planned) -> Basis:
    if report.basis is None:
        raise ValueError(f"{report.edition} does not apply, and is not to run")
    return report.basis


def _kernel(options: Options) -> tuple[str, str]:
    """Return the kernelspec to use; a cluster's workers choose their own unless one is named."""
    if options.executor != "processes":
        return options.kernel or "", ""
    kernels.spare_home(store_folder())
    prepare(options.executor)
    return kernels.chosen(options.kernel)


def _standing(report: Planned) -> Record:
    fresh = report.state == "fresh"
    return Record(
        report.edition,
        "fresh" if fresh else "not_applicable",
        "current" if fresh else "none",
        reasons=report.reasons,
        parameters=report.parameters,
        fingerprint=report.known.fingerprint if report.known else "",
    )


def _stale(plan: Plan) -> Iterator[Record]:
    """Yield the reports outside the plan whose last attempt failed: their pages are older ones."""
    planned = {report.edition.name for report in plan.reports}
    for name in attempts.failed():
        found = None if name in planned else store.by_name(name)
        if found is None:
            continue
        edition, failure = found[0], dict(found[1].failure or {})
        if not failure or not edition.notebook.exists():
            continue
        reason = f"failed in the run {failure.pop('run', '')}, and was not part of this one"
        yield Record(edition, "stale", "stale", (reason,), error=failure)


def _expected(todo: list[Planned]) -> dict[Edition, float | None]:
    return {report.edition: report.seconds for report in todo}
