"""Executes one job in a worker: papermill in, an executed notebook and an `Outcome` out."""

import asyncio
import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from helpers.batch.guard import Guard
from helpers.batch.job import Failure, Job, Outcome


def execute(job: Job) -> Outcome:
    """Execute a job; whatever the notebook does, an outcome comes back.

    The executed notebook, finished or not, is written to `job.landing` as `executed.ipynb`.
    """
    import nbformat

    from helpers.batch.engine import Session

    began = time.time()
    landing = Path(job.landing)
    landing.mkdir(parents=True, exist_ok=True)
    nb = nbformat.reads(Path(job.notebook).read_text(encoding="utf-8"), as_version=4)
    with Guard(job.limits) as guard:
        session = Session(
            journal=landing / "journal.jsonl",
            root=job.environment["CRM_REPORTS_ROOT"],
            snapshots=os.path.join(job.environment["CRM_REPORTS_OUTPUT"], "store", "snapshots"),
            environment={**os.environ, **job.environment},
            output_bytes=job.limits.output_mb * 2**20,
            on_kernel=guard.watch,
        )
        status, error = _execute(nb, job, session, guard)
    outcome = Outcome(
        status=status,
        error=error,
        seconds=session.seconds,
        kernel=session.kernel or job.kernel,
        trace=session.trace,
        cells=session.cells,
        started=began,
        peak_mb=max(guard.peak_mb, (session.trace or {}).get("peak_mb", 0.0)),
    )
    writing = time.monotonic()
    outcome.digest = _write(session, job, landing / "executed.ipynb")
    outcome.seconds["write"] = time.monotonic() - writing
    return outcome


def _execute(nb: Any, job: Job, session: Any, guard: Guard) -> tuple[Any, Failure | None]:
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillException, PapermillExecutionError

    from helpers.batch import engine

    papermill_engines.register(engine.NAME, engine.BatchEngine)
    try:
        done = papermill.execute_notebook(
            nb,
            None,
            parameters=job.parameters,
            engine_name=engine.NAME,
            kernel_name=job.kernel,
            progress_bar=False,
            execution_timeout=job.limits.cell_seconds or None,
            session=session,
        )
    except PapermillExecutionError as error:
        return "failed", Failure(session.cell, error.ename, error.evalue, error.source)
    except CellTimeoutError:
        took = f"the cell took longer than the {job.limits.cell_seconds:,} s it may"
        return "failed", Failure(session.cell, "Timeout", took)
    except NoSuchKernel as error:
        return "refused", Failure(None, "NoSuchKernel", f"no kernelspec is called {error.name!r}")
    except (DeadKernelError, RuntimeError, OSError, PapermillException) as error:
        if guard.verdict:
            return "failed", Failure(session.cell, "LimitPassed", f"the kernel {guard.verdict}")
        dead = isinstance(error, DeadKernelError)
        said = "the kernel died" if dead else (str(error) or repr(error))
        return "died", Failure(session.cell, type(error).__name__, said)
    return _all_cells_ran(done)


def _all_cells_ran(nb: Any) -> tuple[Any, Failure | None]:
    """Notice a notebook that left with `sys.exit(0)`: no error, and not done."""
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        skipped = not cell.source.strip() or "skip-execution" in cell.metadata.get("tags", [])
        if cell.execution_count is None and not skipped:
            return "failed", Failure(number, "NotExecuted", "the notebook left before this cell")
    return "ok", None


def _write(session: Any, job: Job, final: Path) -> str:
    import nbformat

    if session.nb is None:
        return ""
    about = session.nb.metadata.setdefault("papermill", {})
    about["input_path"] = f"notebooks/{job.edition.family}.ipynb"
    about["output_path"] = f"{job.edition.name}.ipynb"
    session.nb.metadata["kernelspec"] = {
        "name": session.kernel,
        "display_name": session.kernel,
        "language": "python",
    }
    content = nbformat.writes(session.nb).encode()
    handle, beside = tempfile.mkstemp(dir=final.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.replace(beside, final)
    return hashlib.sha256(content).hexdigest()


def warm_up() -> None:
    """Import what an execution needs, so that a pool's workers inherit it."""
    import nbformat  # noqa: F401
    import papermill  # noqa: F401

    from helpers.batch import engine  # noqa: F401

    asyncio.new_event_loop().close()
