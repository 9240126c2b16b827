"""A Dask cluster as an executor, and the way of jobs and results through fsspec paths."""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from helpers import paths, predictions, private
from helpers.batch import bundle
from helpers.batch import kernel as kernels
from helpers.batch.calledoff import ended_when_called_off
from helpers.batch.edition import store
from helpers.batch.job import Job, Outcome
from helpers.batch.runner import Way
from helpers.errors import UsageError

if TYPE_CHECKING:
    import fsspec

    from helpers.batch.facts import Facts


EARLIER = "earlier"
"""The folder, beside a job's results, of what earlier editions predicted."""


def connect(spec: str) -> tuple[Executor, int]:
    """Return a Dask cluster's executor and the number of jobs it takes at once.

    Raises:
        UsageError: Dask is not installed, the scheduler does not answer, or it has no worker.
    """
    try:
        from distributed import Client
    except ImportError as error:
        hint = 'pip install "crm-reports[dask]"'
        raise UsageError("a Dask cluster needs the package distributed", hint=hint) from error
    address = spec.removeprefix("dask://")
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(
            f"no Dask scheduler answers at {address}: {error}",
            hint="Start one with `dask scheduler`, and workers with `dask worker HOST:PORT`.",
        ) from error
    slots = sum(client.nthreads().values())
    if not slots:
        client.close()
        raise UsageError(f"the Dask scheduler at {address} has no worker", hint="dask worker ...")
    return _Cluster(client), slots


class _Cluster(Executor):
    """A client's executor that closes the client with itself."""

    def __init__(self, client: Any) -> None:
        self._client, self._executor = client, client.get_executor(pure=False, retries=0)

    def submit(self, call: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Hand a call to the cluster."""
        return self._executor.submit(call, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take back what has not begun, and leave the cluster."""
        self._executor.shutdown(wait=wait and not cancel_futures)
        self._client.close()


class Staging(Way):
    """Jobs and results by way of a place that this machine and the workers can both reach."""

    def __init__(self, address: str | None, facts: "Facts", families: list[str]) -> None:
        self.system, top = _reach(address or str(store() / "staging"))
        self.pinned, self._open = facts.pinned(), set[str]()
        name, content = bundle.pack(facts.info, families)
        self.address = self.system.unstrip_protocol(top)
        self.bundle = f"{top}/bundles/{name}"
        if not self.system.exists(self.bundle):
            self.system.makedirs(f"{top}/bundles", exist_ok=True)
            beside = f"{self.bundle}.{uuid4().hex}"
            self.system.pipe_file(beside, content)
            self.system.mv(beside, self.bundle)

    def call(self) -> Callable[[Job], Outcome]:
        """Return what a worker calls."""
        return run

    def send(self, job: Job) -> Job:
        """Return the job as a worker of another machine gets it."""
        names = (*kernels.shared(1), *self.pinned)
        environment = {name: job.environment[name] for name in names}
        landing = f"{self.address}/results/{uuid4().hex}"
        self._open.add(landing)
        self._send_earlier(job, landing)
        return replace(job, notebook=self.bundle, landing=landing, environment=environment)

    def _send_earlier(self, job: Job, landing: str) -> None:
        """Send what earlier editions of the family predicted, for the report to judge."""
        _, top = _reach(landing)
        for name, path in predictions.names().items():
            source, family, stem = name.split("/")
            if (source, family) == (job.edition.source, job.edition.family):
                self.system.makedirs(f"{top}/{EARLIER}", exist_ok=True)
                self.system.pipe_file(f"{top}/{EARLIER}/{stem}", path.read_bytes())

    def fetch(self, remote: Job, job: Job) -> None:
        """Bring what a worker has left to where a local worker leaves it."""
        _, top = _reach(remote.landing)
        if not self.system.exists(top):
            return
        landing = Path(job.landing)
        landing.mkdir(parents=True, exist_ok=True)
        for path in self.system.find(top):
            name = path.removeprefix(top).lstrip("/")
            if name.startswith(f"{EARLIER}/"):
                continue
            listed = name.startswith("private/")
            secret = listed or name == predictions.FILE
            place = landing / name
            place.parent.mkdir(mode=0o700 if listed else 0o755, parents=True, exist_ok=True)
            beside = place.with_name(f".{place.name}.part")
            beside.touch(mode=0o600 if secret else 0o644)
            beside.write_bytes(self.system.cat_file(path))
            os.replace(beside, place)
        self.system.rm(top, recursive=True)
        self._open.discard(remote.landing)

    def close(self) -> None:
        """Remove what was sent for jobs that were called off."""
        for landing in self._open:
            _, top = _reach(landing)
            if self.system.exists(top):
                self.system.rm(top, recursive=True)


def run(job: Job) -> Outcome:
    """Execute a job on a worker: fetch the bundle, run, send back notebook and private lists."""
    from helpers.batch.execute import execute

    system, archive = _reach(job.notebook)
    root = bundle.unpack(system, archive)
    output = root / "work" / uuid4().hex
    output.mkdir(parents=True)
    (output / "store").symlink_to(root / "store")
    environment = {**job.environment, "CRM_REPORTS_ROOT": str(root)}
    environment |= {"CRM_REPORTS_DATA": str(root / "data"), "CRM_REPORTS_OUTPUT": str(output)}
    _fetch_earlier(job, output)
    kernels.spare_home(root)
    here = replace(
        job,
        notebook=str(root / "notebooks" / f"{job.edition.family}.ipynb"),
        landing=str(output / "landing"),
        kernel=job.kernel or kernels.chosen(None)[0],
        environment=environment,
    )
    try:
        with ended_when_called_off(output / "landing") as called_off:
            outcome = execute(here)
        if not called_off():
            _send(output, job.landing)
        return outcome
    finally:
        shutil.rmtree(output, ignore_errors=True)


def _send(output: Path, landing: str) -> None:
    system, top = _reach(landing)
    system.makedirs(top, exist_ok=True)
    for name in ("executed.ipynb", "journal.jsonl", predictions.FILE):
        path = output / "landing" / name
        if path.is_file():
            system.pipe_file(f"{top}/{name}", path.read_bytes())
    for name, path in private.left(output / "landing"):
        place = f"{top}/private/{name}"
        system.makedirs(place.rpartition("/")[0], exist_ok=True)
        system.pipe_file(place, path.read_bytes())


def _fetch_earlier(job: Job, output: Path) -> None:
    """Put what earlier editions predicted to where the kernel looks for it."""
    system, top = _reach(job.landing)
    if not system.exists(f"{top}/{EARLIER}"):
        return
    edition = job.edition
    folder = output / predictions.place(edition.name).parent.relative_to(paths.output())
    folder.mkdir(mode=0o700, parents=True)
    for path in system.find(f"{top}/{EARLIER}"):
        name = path.rpartition("/")[2]
        (folder / f"{name}.parquet").write_bytes(system.cat_file(path))


def _reach(address: str) -> tuple["fsspec.AbstractFileSystem", str]:
    """Return the file system of an address and the path in it.

    Raises:
        UsageError: the address is of a kind that is not installed here.
    """
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{address} cannot be reached: {error}") from error
    return system, str(path).rstrip("/")
