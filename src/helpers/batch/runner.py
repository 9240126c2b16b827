"""Runs what a plan lists: longest first, a few at a time, again when a kernel died, never half."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.batch import attempts
from helpers.batch.edition import Edition
from helpers.batch.execute import execute
from helpers.batch.job import Failure, Job, Outcome
from helpers.batch.pool import NoWorkerError
from helpers.errors import HelpersError

RETRIES = 2
BACK_OFF = (1.0, 4.0)  # seconds before the second and the third attempt


@dataclass(order=True)
class _Task:
    ready_at: float
    rank: int
    job: Job = field(compare=False)


class UnsentError(Exception):
    """A job could not be handed to an executor; the text says why."""


class Way:
    """How a job gets to where it is executed, and what it leaves back here: here, by itself."""

    def call(self) -> Callable[[Job], Outcome]:
        """Return the function that a worker calls; it must be importable there."""
        return execute

    def send(self, job: Job) -> Job:
        """Return the job as the worker gets it."""
        return job

    def fetch(self, job: Job, outcome: Outcome) -> None:
        """Bring what the worker left to the job's landing folder.

        Raises:
            OSError: it is not there, or not as it was sent.
        """

    def close(self) -> None:
        """Remove what was sent for jobs that were called off."""


class Runner:
    """Executes jobs on an executor and hands each outcome on as soon as it is there."""

    def __init__(
        self,
        executor: Executor,
        at_once: int,
        *,
        on_start: Callable[[Job], None],
        on_end: Callable[[Job, Outcome], None],
        retries: int = RETRIES,
        way: Way | None = None,
    ) -> None:
        self.way = way or Way()
        self.executor, self.at_once = executor, at_once
        self.on_start, self.on_end, self.retries = on_start, on_end, retries
        self._futures: dict[Future[Outcome], _Task] = {}
        self._after: Mapping[Edition, Edition] = {}

    def run(self, jobs: Iterable[Job], *, after: Mapping[Edition, Edition] | None = None) -> None:
        """Run all jobs, in the order given; what a job of `ok` has made is in its landing folder.

        `after` names the edition that has to be over, well or not, before another one begins.
        """
        self._after = after or {}
        waiting = [_Task(0.0, rank, job) for rank, job in enumerate(jobs)]
        while waiting or self._futures:
            self._submit(waiting)
            done, _ = wait(self._futures, timeout=self._pause(waiting), return_when=FIRST_COMPLETED)
            for future in done:
                task = self._futures.pop(future)
                outcome = _result(future, task.job)
                self._fetch(task, outcome)
                if outcome.status == "died" and task.job.attempt <= self.retries:
                    waiting.append(self._again(task))
                    attempts.clear(Path(task.job.landing))
                else:
                    self.on_end(task.job, outcome)

    def _submit(self, waiting: list[_Task]) -> None:
        now = time.monotonic()
        for task in sorted(self._free(waiting)):
            if len(self._futures) >= self.at_once:
                return
            if task.ready_at <= now:
                waiting.remove(task)
                self._futures[self._handed_on(task.job)] = task

    def _handed_on(self, job: Job) -> Future[Outcome]:
        """Return the future of a job; what keeps it from being sent is an end of this job only."""
        future: Future[Outcome] = Future()
        try:
            self.on_start(job)
        except OSError as error:  # its folder cannot be written
            future.set_exception(error)
            return future
        try:
            return self.executor.submit(self.way.call(), self.way.send(job))
        except Exception as error:  # of a store, a cluster, a pool: whatever they raise
            kept = isinstance(error, HelpersError)
            future.set_exception(error if kept else UnsentError(_told(error)))
            return future

    def _free(self, waiting: list[_Task]) -> list[_Task]:
        """Return those that need not wait for another report."""
        pending = {task.job.edition for task in (*waiting, *self._futures.values())}
        return [task for task in waiting if self._after.get(task.job.edition) not in pending]

    def _fetch(self, task: _Task, outcome: Outcome) -> None:
        try:
            self.way.fetch(task.job, outcome)
        except Exception as error:  # of a store, whatever it raises
            said = f"what it made cannot be fetched: {_told(error)}"
            outcome.status, outcome.error = "died", Failure(None, type(error).__name__, said)

    def _pause(self, waiting: list[_Task]) -> float | None:
        """How long to wait for a job's end before a retry is due."""
        free = self._free(waiting)
        if not free or len(self._futures) >= self.at_once:
            return None
        soonest = max(0.0, min(task.ready_at for task in free) - time.monotonic())
        if not self._futures:
            time.sleep(soonest)
            return 0.0
        return soonest

    def _again(self, task: _Task) -> _Task:
        attempt = task.job.attempt
        pause = BACK_OFF[min(attempt, len(BACK_OFF)) - 1]
        return _Task(time.monotonic() + pause, task.rank, replace(task.job, attempt=attempt + 1))


def _result(future: Future[Outcome], job: Job) -> Outcome:
    try:
        return future.result()
    except NoWorkerError as error:
        return Outcome("died", Failure(None, "NoWorkerError", str(error)))
    except BrokenExecutor:
        return Outcome("died", Failure(None, "WorkerDied", "the process that ran it went away"))
    except UnsentError as error:
        return Outcome("died", Failure(None, "UnsentError", str(error)))
    except HelpersError as error:
        return Outcome("failed", Failure(None, type(error).__name__, str(error)))
    except OSError as error:
        said = f"{error.strerror or error} ({error.filename or job.landing})"
        return Outcome("failed", Failure(None, type(error).__name__, said))
    except Exception as error:  # a cluster has errors of its own: a killed worker, a lost result
        of_cluster = type(error).__module__.partition(".")[0] == "distributed"
        failure = Failure(None, type(error).__name__, str(error))
        return Outcome("died" if of_cluster else "failed", failure)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def describe_failure(job: Job, failure: Failure) -> dict[str, Any]:
    """Return a failure as `run.json` holds it."""
    return {
        "cell": failure.cell,
        "ename": failure.ename,
        "evalue": failure.evalue,
        "source": failure.source,
        "notebook": job.edition.failed.relative_to(paths.output()).as_posix(),
    }
