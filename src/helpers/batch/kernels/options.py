"""What an execution is told: its limits, and where it reads and writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """The limits of an execution; None is no limit. Times are in seconds.

    `report_timeout` counts from the kernel's start on; `output_limit` is characters a cell.
    """

    start_timeout: int = 60
    cell_timeout: float | None = None
    report_timeout: float | None = None
    memory_limit_mb: int | None = None
    output_limit: int = 20_000_000
    threads: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Places:
    """Where an execution reads and writes; None leaves it to papermill and jupyter_client.

    Attributes:
        output: the executed notebook; its journal stands beside it until the end.
        journal: where to journal if there is no `output`; the caller removes it.
        folder: the kernel's working folder.
        log: a file that receives what the kernel writes outside its cells.
        sockets: a private folder to connect through, instead of ports.
    """

    output: str | None = None
    journal: Path | None = None
    folder: str | None = None
    log: Path | None = None
    sockets: Path | None = None
