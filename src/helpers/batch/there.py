"""What a worker of a cluster does with a job: fetch, execute, leave the results to be fetched."""

import socket
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from helpers import paths, predictions, private
from helpers.batch import bundle, workroom
from helpers.batch import kernel as kernels
from helpers.batch.calledoff import ended_when_called_off
from helpers.batch.cgroup import available_mb
from helpers.batch.fingerprint import differences, environment
from helpers.batch.job import Job, Limits, Outcome
from helpers.batch.landing import EXECUTED, JOURNAL
from helpers.batch.staging import Place
from helpers.errors import HelpersError

LEFT = (EXECUTED, JOURNAL, predictions.FILE)
"""What an execution leaves in its landing folder, beside private lists."""

_SHOWN = 4


class WorkerDiffersError(HelpersError):
    """A worker has other code or other packages than the machine that planned the run."""


def execute_there(job: Job) -> Outcome:
    """Execute a job on a worker: fetch the bundle, run, leave notebook and private lists.

    Raises:
        WorkerDiffersError: other code or packages are installed here.
        BundleError: the bundle is not what its name says.
        WorkroomError: there is no folder of the worker's own.
    """
    from helpers.batch.execute import execute

    _check(job.environs)
    with bundle.unpacked(Place(job.notebook)) as root, workroom.fresh(root / "work") as output:
        (output / "store").symlink_to(root / "store")
        _fetch_earlier(job, output)
        kernels.spare_home(root)
        here = replace(
            job,
            notebook=str(root / "notebooks" / f"{job.edition.family}.ipynb"),
            landing=str(output / "landing"),
            kernel=job.kernel or kernels.chosen(None)[0],
            environment=_environment(job, root, output),
            limits=_limits(job.limits),
        )
        with ended_when_called_off(output / "landing") as called_off:
            outcome = execute(here)
        if not called_off():
            outcome.sent = _leave(output, job.landing)
        return outcome


def _check(planned: dict[str, Any]) -> None:
    """Refuse to make another report under a fingerprint that says what was installed elsewhere."""
    now = environment()
    found = differences(planned, now)
    if not found and _begun()["code"] != now["code"]:
        found = ["its code has changed since it began"]
    if not found:
        return
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise WorkerDiffersError(
        f"the worker on {socket.gethostname()} is not as the machine that planned the run: "
        f"{'; '.join(found[:_SHOWN])}{more}",
        hint="Install the same release of the project and its packages there, and begin the "
        "worker anew.",
    )


@cache
def _begun() -> dict[str, Any]:
    """Return what was installed when this process executed its first job."""
    return environment()


def _environment(job: Job, root: Path, output: Path) -> dict[str, str]:
    """Return what the kernel sees: of each thread that a worker has, one is for one report.

    That is how a cluster counts cores, and a report's figures must not depend on the worker.
    """
    return {
        **job.environment,
        **kernels.threads(1),
        "CRM_REPORTS_ROOT": str(root),
        "CRM_REPORTS_DATA": str(root / "data"),
        "CRM_REPORTS_OUTPUT": str(output),
    }


def _limits(limits: Limits) -> Limits:
    """Fill in the memory that a kernel may use here, where the run does not say."""
    if limits.memory_mb:
        return limits
    return replace(limits, memory_mb=int(_memory_mb(_worker()) * 0.8))


def _memory_mb(worker: Any) -> float:
    """Return the memory that a thread of the worker has."""
    if worker is None:
        return available_mb()
    limit = worker.memory_manager.memory_limit or float("inf")
    return min(limit / 2**20, available_mb()) / max(1, worker.state.nthreads)


def _worker() -> Any:
    try:
        from distributed import get_worker

        return get_worker()
    except (ImportError, ValueError):  # no worker of a cluster
        return None


def _fetch_earlier(job: Job, output: Path) -> None:
    """Put what earlier editions predicted to where the kernel looks for it."""
    for name, address in job.earlier.items():
        place = output / predictions.place(name).relative_to(paths.output())
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.write_bytes(Place(address).read())


def _leave(output: Path, landing: str) -> tuple[str, dict[str, str]]:
    """Leave what an execution made, and return where, with digests.

    Each execution has a folder of its own: a cluster that has lost sight of a worker executes the
    job again, and two would write to one place.
    """
    found = {name: output / "landing" / name for name in LEFT}
    for name, path in private.left(output / "landing"):
        found[f"{private.FOLDER}/{name}"] = path
    top = Place(landing).below(uuid4().hex)
    digests = {
        name: top.below(name).write(path.read_bytes())
        for name, path in found.items()
        if path.is_file()
    }
    return top.address, digests
