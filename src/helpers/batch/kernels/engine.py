"""The papermill engine `crm-reports`, by its entry point.

papermill loads its engines while it is itself being imported, so nothing of papermill may be
imported here before an engine is called.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from helpers.batch.kernels.observer import Observer

NAME = "crm-reports"


class ReportEngine:
    """Executes a notebook under limits, journalling each cell instead of rewriting the file.

    Options, beside those of papermill:
        output_path: where papermill writes; its journal stands beside it until the end.
        progress_bar: True, False, or options of tqdm.
        log_output: whether outputs are logged too.
        stdout_file: what cells print goes there too.
        stderr_file: so do their errors.
        start_timeout: seconds that a kernel may take to start.
        execution_timeout: seconds that one cell may take.
        report_timeout: seconds that the kernel's start and all cells together may take.
        memory_limit_mb: what the kernel and its processes together may hold of memory, in MiB.
        output_limit_mb: how many million characters a cell may print; the rest is cut. A cell
            that shows ten times as much in pictures and tables fails.
        threads: how many threads the kernel's numerical libraries may use.
        environment: variables for the kernel, beside those of this process.
        journal: where to journal if there is no `output_path`; the caller removes it.
        folder: the kernel's working folder; by default this process's.
        log: receives what the kernel writes outside its cells.
        sockets: a private folder to connect through, instead of ports.
        observer: is told when the notebook is prepared, its kernel started, its cells run.
        input_path: where the notebook comes from; not kept unless it is a path.
        autosave_cell_every: not used; between cells only the journal is written.
    """

    @classmethod
    def execute_notebook(
        cls,
        nb: "NotebookNode",
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: bool | dict[str, Any] = True,
        log_output: bool = False,
        stdout_file: TextIO | None = None,
        stderr_file: TextIO | None = None,
        start_timeout: int = 60,
        execution_timeout: float | None = None,
        report_timeout: float | None = None,
        memory_limit_mb: int | None = None,
        output_limit_mb: float = 20.0,
        threads: int | None = None,
        environment: dict[str, str] | None = None,
        journal: Path | str | None = None,
        folder: str | None = None,
        log: Path | None = None,
        sockets: Path | None = None,
        observer: "Observer | None" = None,
        input_path: object = None,
        autosave_cell_every: int = 0,
    ) -> "NotebookNode":
        """Execute a prepared notebook in place and return it."""
        from helpers.batch.kernels.execution import execute
        from helpers.batch.kernels.options import Options, Places

        if not isinstance(input_path, str):  # papermill notes the notebook itself, if given one
            nb.metadata.papermill["input_path"] = None
        options = Options(
            start_timeout=start_timeout,
            cell_timeout=execution_timeout,
            report_timeout=report_timeout,
            memory_limit_mb=memory_limit_mb,
            output_limit=int(output_limit_mb * 1_000_000),
            threads=threads,
            environment=environment or {},
        )
        at = Path(journal) if journal else None
        return execute(
            *(nb, kernel_name, options, Places(output_path, at, folder, log, sockets)),
            observer=observer,
            shown={"progress_bar": progress_bar, "log_output": log_output},
            streams={"stdout_file": stdout_file, "stderr_file": stderr_file},
        )

    @classmethod
    def nb_kernel_name(cls, nb: "NotebookNode", name: str | None = None) -> str:
        """Return the kernel's name, from the notebook if not given."""
        from papermill.utils import nb_kernel_name

        return str(nb_kernel_name(nb, name))

    @classmethod
    def nb_language(cls, nb: "NotebookNode", language: str | None = None) -> str:
        """Return the notebook's language."""
        from papermill.utils import nb_language

        return str(nb_language(nb, language))
