"""A Dask cluster as an executor, and the way of jobs and results through fsspec paths."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from helpers import predictions
from helpers.batch import bundle as bundles
from helpers.batch import kernel as kernels
from helpers.batch.edition import Edition, store
from helpers.batch.files import write_bytes
from helpers.batch.fingerprint import environment, sha256
from helpers.batch.job import Job, Outcome
from helpers.batch.landing import EXECUTED
from helpers.batch.runner import Way
from helpers.batch.staging import Place
from helpers.batch.there import LEFT, execute_there
from helpers.errors import PeriodError, UsageError
from helpers.periods import Period
from helpers.private import FOLDER

if TYPE_CHECKING:
    from helpers.batch.facts import Facts


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
    """Jobs and results by way of a place that this machine and the workers can both reach.

    All of a project's is in a folder of its own there, and what an earlier run has left in it,
    because it was killed or has another snapshot, is removed: one run at a time works in an
    output folder.
    """

    def __init__(self, address: str | None, facts: "Facts", families: list[str]) -> None:
        self.place = Place(address or str(store() / "staging")).below(_own_name())
        self.pinned, self.environs = facts.pinned(), environment()
        self._landings: dict[Edition, Place] = {}
        self._earlier: dict[str, str] = {}
        bundle = bundles.of(facts.info, families)
        self.bundle = self.place.below(f"bundles/{bundle.name}")
        try:
            self._sweep(bundle.name)
            if not self.bundle.exists():
                with self.bundle.writing() as file:
                    bundle.write(file)
        except OSError as error:
            raise UsageError(
                f"the staging place {self.place.address} cannot be used: {error}",
                hint="--staging names an address that this machine and the workers can write.",
            ) from error

    def _sweep(self, bundle: str) -> None:
        for name in ("results", "earlier"):
            self.place.below(name).remove()
        bundles = self.place.below("bundles")
        for name in bundles.names():
            if name != bundle:
                bundles.below(name).remove()

    def call(self) -> Callable[[Job], Outcome]:
        """Return what a worker calls."""
        return execute_there

    def send(self, job: Job) -> Job:
        """Return the job as a worker of another machine gets it."""
        names = (*kernels.shared(1), *self.pinned)
        landing = self._landings[job.edition] = self.place.below(f"results/{uuid4().hex}")
        return replace(
            job,
            notebook=self.bundle.address,
            landing=landing.address,
            environment={name: job.environment[name] for name in names},
            environs=self.environs,
            earlier=self._send_earlier(job.edition),
        )

    def _send_earlier(self, edition: Edition) -> dict[str, str]:
        """Send what earlier editions predicted that the report may judge; each once a run."""
        found = {}
        for name, path in predictions.names().items():
            if judged(name, edition):
                content = path.read_bytes()
                place = self.place.below(f"earlier/{hashlib.sha256(content).hexdigest()}")
                if place.address not in self._earlier:
                    self._earlier[place.address] = place.write(content)
                found[name] = place.address
        return found

    def fetch(self, job: Job, outcome: Outcome) -> None:
        """Bring what a worker has left to where a local worker leaves it, if it came whole.

        Raises:
            OSError: something of it is missing, or not what the worker has sent.
        """
        landing = self._landings.pop(job.edition, None)
        if landing is None:
            return  # it was never sent
        try:
            if outcome.sent is not None:
                bring(*outcome.sent, Path(job.landing))
            if outcome.status == "ok" and _digest_of(Path(job.landing)) != outcome.digest:
                raise OSError("the executed notebook is not the one that the worker wrote")
        finally:
            with suppress(OSError):  # the next run sweeps it
                landing.remove()

    def close(self) -> None:
        """Remove what was sent, but for the bundle, which the next run is likely to need."""
        with suppress(OSError):
            for name in ("results", "earlier"):
                self.place.below(name).remove()


def _own_name() -> str:
    """Return the name of this output folder among others that use the same place."""
    path = store() / "staging.id"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        name = uuid4().hex
        write_bytes(path, f"{name}\n".encode())
        return name


def judged(name: str, edition: Edition) -> bool:
    """Say whether a report may judge what another edition predicted.

    It does so for earlier periods of its own family, source and slice, of the same kind.
    """
    source, family, stem = name.split("/")
    period, _, of_slice = stem.partition("--")
    own = edition.stem.partition("--")
    if (source, family, of_slice) != (edition.source, edition.family, own[2]):
        return False
    try:
        other, this = Period.parse(period), Period.parse(own[0])
    except PeriodError:
        return False
    return other.kind == this.kind and other.start < this.start


def bring(address: str, digests: Mapping[str, str], landing: Path) -> None:
    """Bring the files of a place to a landing folder, readable by nobody else.

    Raises:
        OSError: a file is missing, is not what was sent, or does not belong there.
    """
    place = Place(address)
    for name, digest in digests.items():
        parts = name.split("/")
        listed = parts[0] == FOLDER and len(parts) == 4 and not {"", ".", ".."} & set(parts)
        if name not in LEFT and not listed:
            raise OSError(f"{name} is nothing that a worker leaves")
        content = place.below(name).read()
        if hashlib.sha256(content).hexdigest() != digest:
            raise OSError(f"{name} is not what the worker has sent")
        final = landing / name
        final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=final.parent, suffix=".part")  # with mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if not listed and name != predictions.FILE:
            os.chmod(beside, 0o644)  # as where it is executed here
        os.replace(beside, final)


def _digest_of(landing: Path) -> str:
    return sha256(landing / EXECUTED)
