"""What travels to a worker and what comes back: plain values, for a process or a cluster."""

from dataclasses import dataclass, field
from typing import Any, Literal

from helpers.batch.edition import Edition

Status = Literal["ok", "failed", "died"]


@dataclass(frozen=True)
class Limits:
    """What one report may use.

    Attributes:
        cell_seconds: wall time of one cell; 0 is no limit.
        report_seconds: wall time of the whole notebook, kernel's start included; 0 is no limit.
        memory_mb: resident memory of the kernel and what it started, in MiB; shared pages count
            once. 0 leaves it to where the job is executed.
        output_mb: text that one cell may print, in MiB; what is above is cut with a word. A cell
            that shows ten times as much in pictures and tables fails.
    """

    cell_seconds: int = 600
    report_seconds: int = 1800
    memory_mb: int = 0
    output_mb: int = 5


@dataclass(frozen=True)
class Job:
    """One execution of one notebook.

    `notebook` and `landing` are fsspec paths: what to execute, and the folder that receives
    `executed.ipynb` and, while cells run, `journal.jsonl`. `source` is the notebook itself as the
    plan has read it, which is executed whatever the file holds by now; empty: what the file holds.
    A job that travels says in `environs` what its worker must have installed, and in `earlier`
    where the predictions are that it may judge: by the name that they have, the fsspec path.
    """

    edition: Edition
    notebook: str
    landing: str
    parameters: dict[str, Any]
    kernel: str
    environment: dict[str, str]
    limits: Limits = field(default_factory=Limits)
    attempt: int = 1
    source: str = ""
    environs: dict[str, Any] = field(default_factory=dict)
    earlier: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Where and why a notebook stopped."""

    cell: int | None
    ename: str
    evalue: str
    source: str = ""

    def __str__(self) -> str:
        """Return place and error in one line."""
        where = "before its first cell" if self.cell is None else f"in code cell {self.cell}"
        return f"{where}: {self.ename}: {self.evalue}"


@dataclass
class Outcome:
    """What came of a job.

    Attributes:
        status: `ok`; `failed`: a cell raised or a limit was passed; `died`: the kernel or the
            worker went away, which is worth another attempt.
        seconds: wall time by phase: `start` of the kernel, `cells`, `end` of the kernel, `write`.
        peak_mb: highest resident memory of the kernel, in MiB; where it has children, the most
            that was seen of all together, looking four times a second, shared pages once.
        kernel: `name` of the kernelspec, `kind` warm, cold or remote, `fallback` why not warm.
        trace: what the notebook used (see `trace.py`), None where the kernel could not say.
        cells: seconds of each code cell, in order.
        digest: SHA-256 of the notebook that was written.
        sent: what a worker of another machine has left for the runner: fsspec path of its folder,
            and by the name of each file in it the SHA-256.
    """

    status: Status
    error: Failure | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    peak_mb: float = 0.0
    kernel: dict[str, Any] = field(default_factory=dict)
    trace: dict[str, Any] | None = None
    cells: list[float] = field(default_factory=list)
    digest: str = ""
    started: float = 0.0
    sent: tuple[str, dict[str, str]] | None = None
