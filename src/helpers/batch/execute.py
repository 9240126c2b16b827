"""Executes one job in a worker: papermill in, an executed notebook and an `Outcome` out."""

import errno
import hashlib
import logging
import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from helpers import predictions
from helpers.batch import files
from helpers.batch.job import Failure, Job, Outcome, Status
from helpers.batch.landing import EXECUTED, JOURNAL, note_outcome
from helpers.batch.leftovers import MARK, end_kernel, note_attempt

if TYPE_CHECKING:
    from helpers.batch.tracing import Tracing

LOG = "kernel.log"
_FULL = (errno.ENOSPC, errno.EDQUOT)


def execute(job: Job) -> Outcome:
    """Execute a job; whatever the notebook does, an outcome comes back.

    The executed notebook, finished or not, is written to `job.landing`.

    Raises:
        OSError: the landing folder cannot be written.
        HelpersError: the executed notebook cannot be written.
    """
    import nbformat

    from helpers.batch.kernels.sockets import private_folder
    from helpers.batch.tracing import Tracing

    began = time.time()
    landing = Path(job.landing)
    landing.mkdir(parents=True, exist_ok=True)
    mark = uuid4().hex
    source = job.source or Path(job.notebook).read_text(encoding="utf-8")
    nb = nbformat.reads(source, as_version=4)
    with private_folder() as sockets:
        note = partial(note_attempt, landing, mark=mark, sockets=sockets)
        note()
        seen = Tracing(landing, job.environment, note)
        try:
            status, error = _execute(nb, job, seen, mark, sockets)
        finally:
            end_kernel(landing)
    outcome = _outcome(job, seen, status, error, began)
    if status == "ok":
        note_outcome(landing, outcome)
    return outcome


def _execute(
    nb: Any, job: Job, seen: "Tracing", mark: str, sockets: Path
) -> tuple[Status, Failure | None]:
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from papermill.exceptions import PapermillException, PapermillExecutionError
    from papermill.log import logger

    from helpers.batch.kernels.engine import NAME

    logger.setLevel(logging.CRITICAL)  # parameters are checked already, and failures told by us
    landing, limits = Path(job.landing), job.limits
    if path := job.environment.get("JUPYTER_PATH"):  # where the runner had to install kernelspecs
        os.environ["JUPYTER_PATH"] = path
    log = landing / LOG
    try:
        papermill.execute_notebook(
            nb,
            None,
            parameters=job.parameters,
            engine_name=NAME,
            kernel_name=job.kernel,
            language="python",
            progress_bar=False,
            execution_timeout=limits.cell_seconds or None,
            report_timeout=limits.report_seconds or None,
            memory_limit_mb=limits.memory_mb or None,
            output_limit_mb=limits.output_mb * 1.048576,
            environment={**job.environment, **_landing(landing), MARK: mark},
            journal=landing / JOURNAL,
            folder=job.environment["CRM_REPORTS_ROOT"],
            log=log,
            sockets=sockets,
            observer=seen,
        )
    except PapermillExecutionError as error:
        died = error.ename == "DeadKernelError" and error.evalue.startswith("the kernel died")
        said = error.evalue + (_last_words(log) if died else "")
        cell = _number(seen.nb, error.source)
        return "died" if died else "failed", Failure(cell, error.ename, said, error.source)
    except NoSuchKernel as error:
        return "failed", Failure(None, "NoSuchKernel", f"no kernelspec is called {error.name!r}")
    except (RuntimeError, OSError, PapermillException) as error:
        full = isinstance(error, OSError) and error.errno in _FULL
        said = (str(error) or repr(error)) + _last_words(log)
        return "failed" if full else "died", Failure(None, type(error).__name__, said)
    return _all_cells_ran(seen.nb)


def _landing(folder: Path) -> dict[str, str]:
    """Return what tells the kernel where to leave what it predicts and lists.

    IPython gets a folder of its own: what a user has put into hers (files that every kernel runs,
    settings) would be in the report and in no fingerprint.
    """
    place = folder.resolve()
    return {predictions.LANDING: str(place), "IPYTHONDIR": str(place / "ipython")}


def _code(nb: Any) -> list[Any]:
    """Return the code cells as its author counts them, without the one that papermill adds."""
    return [
        cell
        for cell in nb.cells
        if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])
    ]


def _number(nb: Any, source: str) -> int | None:
    """Return which code cell failed, counted from 1."""
    code = _code(nb)
    for number, cell in enumerate(code, start=1):
        if cell.metadata.get("papermill", {}).get("exception"):
            return number
    return next((n for n, cell in enumerate(code, start=1) if cell.source == source), None)


def _all_cells_ran(nb: Any) -> tuple[Status, Failure | None]:
    """Notice a notebook that left with `sys.exit(0)`: no error, and not done."""
    for number, cell in enumerate(_code(nb), start=1):
        skipped = not cell.source.strip() or "skip-execution" in cell.metadata.get("tags", [])
        if cell.execution_count is None and not skipped:
            return "failed", Failure(number, "NotExecuted", "the notebook left before this cell")
    return "ok", None


def _last_words(log: Path) -> str:
    """Return what a kernel wrote last: a segmentation fault, a missing library."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return "".join(f"\n  {line}" for line in lines[-3:] if "without encryption" not in line)


def _outcome(
    job: Job, seen: "Tracing", status: Status, error: Failure | None, began: float
) -> Outcome:
    writing = time.monotonic()
    digest = _write(seen.nb, job) if seen.nb is not None else ""
    cells = _code(seen.nb) if seen.nb is not None else []
    said = seen.nb.metadata.get("crm_reports", {}) if seen.nb is not None else {}
    phases = {name.removesuffix("_s"): took for name, took in said.get("phases", {}).items()}
    traced = (seen.trace or {}).get("peak_mb", 0.0)
    return Outcome(
        status=status,
        error=error,
        seconds={**phases, "write": time.monotonic() - writing},
        peak_mb=max(traced, said.get("resources", {}).get("peak_mb", 0.0)),
        kernel=dict(said.get("kernel", {"name": job.kernel})),
        trace=seen.trace,
        cells=[cell.metadata.get("papermill", {}).get("duration") or 0.0 for cell in cells],
        digest=digest,
        started=began,
    )


def _write(nb: Any, job: Job) -> str:
    """Write the executed notebook without paths of this machine; return its SHA-256."""
    import nbformat

    about = nb.metadata.setdefault("papermill", {})
    about["input_path"] = f"notebooks/{job.edition.family}.ipynb"
    about["output_path"] = f"{job.edition.name}.ipynb"
    spec = {"name": job.kernel, "display_name": job.kernel, "language": "python"}
    nb.metadata["kernelspec"] = spec  # the one that was used, not the one it was saved with
    content = nbformat.writes(nb).encode()
    files.write_bytes(Path(job.landing) / EXECUTED, content)  # moved to its place by the runner
    return hashlib.sha256(content).hexdigest()


def warm_up() -> None:
    """Import what an execution needs, so that a pool's workers inherit it."""
    import nbformat  # noqa: F401
    import papermill  # noqa: F401

    from helpers.batch import tracing  # noqa: F401
