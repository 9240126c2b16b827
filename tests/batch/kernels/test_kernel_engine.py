"""The papermill engine: the cells that ran are never lost, and limits hold."""

import asyncio
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient.util import run_sync
from papermill.exceptions import PapermillExecutionError

from helpers.batch.kernels import warm_available
from helpers.batch.kernels.execution import ReportClient
from helpers.batch.kernels.journal import recover
from helpers.batch.kernels.observer import Observer
from helpers.errors import ReportError

pytestmark = [
    pytest.mark.skipif(not warm_available()[0], reason=warm_available()[1]),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # papermill leaves event loops open
]


def notebook(*cells: str) -> nbformat.NotebookNode:
    nb = nbformat.v4.new_notebook()
    nb.metadata.kernelspec = {
        "name": "crm-reports-light",
        "display_name": "light",
        "language": "python",
    }
    nb.cells = [nbformat.v4.new_code_cell(textwrap.dedent(cell)) for cell in cells]
    return nb


def execute(path: Path, *cells: str, **options: object) -> nbformat.NotebookNode:
    return papermill.execute_notebook(
        notebook(*cells), path, engine_name="crm-reports", progress_bar=False, **options
    )


def refused(path: Path, *cells: str, **options: object) -> PapermillExecutionError:
    with pytest.raises(PapermillExecutionError) as caught:
        execute(path, *cells, **options)
    return caught.value


def test_outputs_and_a_record_of_the_execution_are_in_the_notebook(tmp_path):
    execute(tmp_path / "out.ipynb", "x = 20", "print(x); x + 1")
    done = nbformat.read(tmp_path / "out.ipynb", 4)
    assert [output.output_type for output in done.cells[1].outputs] == ["stream", "execute_result"]
    assert done.cells[1].outputs[1].data["text/plain"] == "21"
    assert done.metadata.language_info.name == "python"
    record = done.metadata.crm_reports
    assert record.kernel == {"name": "crm-reports-light", "kind": "warm"}
    assert set(record.phases) == {"start_s", "cells_s", "end_s"}
    assert record.resources.peak_mb > 10
    assert [path.name for path in tmp_path.iterdir()] == ["out.ipynb"]


def test_while_it_runs_the_notebook_is_not_rewritten_and_the_journal_grows(tmp_path):
    out = tmp_path / "out.ipynb"
    look = (
        "import os, pathlib; "
        f"print(os.path.exists({str(out)!r}), "
        f"len(pathlib.Path({str(out) + '.journal'!r}).read_text().splitlines()))"
    )
    done = execute(out, look, look, look)
    assert [cell.outputs[0].text.split() for cell in done.cells] == [
        ["False", "1"],
        ["False", "2"],
        ["False", "3"],
    ]


def test_after_a_kill_the_finished_cells_are_readable(tmp_path):
    out, source = tmp_path / "out.ipynb", tmp_path / "in.ipynb"
    nbformat.write(notebook("1 + 1", "2 + 2", "import os; os.kill(os.getppid(), 0); 5"), source)
    program = textwrap.dedent(
        f"""
        import os, papermill
        from helpers.batch.kernels.journal import JournalledExecution as J
        after = J.cell_complete
        def complete(self, cell, cell_index=None, **kwargs):
            after(self, cell, cell_index, **kwargs)
            if cell_index == 1:
                os.kill(os.getpid(), 9)
        J.cell_complete = complete
        papermill.execute_notebook({str(source)!r}, {str(out)!r}, engine_name="crm-reports",
                                   progress_bar=False)
        """
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == -9
    assert not out.exists()
    done = recover(f"{out}.journal")
    nbformat.validate(done)
    assert [len(cell.outputs) for cell in done.cells] == [1, 1, 0]
    assert done.cells[1].outputs[0].data["text/plain"] == "4"


def test_a_journal_cut_in_the_middle_of_a_line_is_read_up_to_there(tmp_path):
    journal = tmp_path / "j"
    cells = [{"index": n, "cell": nbformat.v4.new_code_cell(str(n))} for n in (0, 1)]
    lines = [json.dumps(entry) for entry in (notebook("a", "b"), *cells)]
    journal.write_text("\n".join(lines)[:-20])
    assert [cell.source for cell in recover(journal).cells] == ["0", "b"]


def test_a_journal_without_a_first_line_says_so(tmp_path):
    (tmp_path / "j").write_text('{"cells": [')
    with pytest.raises(ReportError, match="no notebook"):
        recover(tmp_path / "j")


def test_a_failed_cell_is_named_and_the_rest_does_not_run(tmp_path):
    error = refused(tmp_path / "out.ipynb", "1", "1 / 0", "print('never')")
    assert (error.ename, error.exec_count) == ("ZeroDivisionError", 2)
    saved = nbformat.read(tmp_path / "out.ipynb", 4)
    assert "never" not in [out.get("text") for c in saved.cells for out in c.get("outputs", [])]
    assert not (tmp_path / "out.ipynb.journal").exists()


def test_a_caller_with_a_place_of_its_own_keeps_the_journal(tmp_path):
    journal = tmp_path / "mine"
    options = {"request_save_on_cell_execute": False, "journal": journal}
    execute(tmp_path / "out.ipynb", "6 * 7", **options)
    assert recover(journal).cells[0].outputs[0].data["text/plain"] == "42"


@pytest.mark.parametrize(
    ("cell", "options", "name", "says"),
    [
        ("while True: pass", {"execution_timeout": 1}, "CellTimeoutError", "longer than the 1 s"),
        ("import time; time.sleep(60)", {"report_timeout": 1}, "CellTimeoutError", "used the 1 s"),
        (
            """
            import signal, time
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(60)
            """,
            {"execution_timeout": 1},
            "CellTimeoutError",
            "longer than the 1 s",
        ),
        ("import os; os._exit(3)", {}, "DeadKernelError", "exit status 3"),
        ("import os; os.kill(os.getpid(), 9)", {}, "DeadKernelError", "SIGKILL"),
        (
            "held = []\nwhile True: held.append(bytes(10**6))",
            {"memory_limit_mb": 400},
            "DeadKernelError",
            "held more than the 400 MiB",
        ),
        (
            """
            import os
            for fd in range(3, 200):
                try: os.close(fd)
                except OSError: pass
            """,
            {"execution_timeout": 5},
            "Error",
            "",
        ),
    ],
    ids=["busy", "slow", "deaf", "exit", "killed", "memory", "sockets"],
)
def test_a_cell_that_misbehaves_ends_its_report_and_nothing_else(
    tmp_path, alive, cell, options, name, says
):
    out = tmp_path / "out.ipynb"
    error = refused(out, "import os; print(os.getpid())", cell, **options)
    assert error.ename.endswith(name)
    assert says in error.evalue
    saved = nbformat.read(out, 4)
    (pid,) = [
        int(output.text)
        for saved_cell in saved.cells
        for output in saved_cell.get("outputs", [])
        if output.output_type == "stream"
    ]
    assert not alive(pid)


def test_a_cell_may_print_so_much_and_what_is_cut_is_said(tmp_path):
    done = execute(
        tmp_path / "out.ipynb",
        "for _ in range(300): print('x' * 999)",
        "print('after')",
        output_limit_mb=0.1,
    )
    text = "".join(output.text for output in done.cells[0].outputs)
    assert 100_000 < len(text) < 100_100
    assert "[cut here: a cell may print 100,000 characters]" in text
    assert done.cells[1].outputs[0].text == "after\n"


def test_a_cell_that_shows_far_more_than_it_may_fails_and_the_rest_does_not_run(tmp_path):
    """A page without a chart that nobody misses would be worse than no page."""
    out = tmp_path / "out.ipynb"
    show = "for _ in range(99): display({'image/svg+xml': s}, raw=True)"
    error = refused(
        out,
        "from IPython.display import display; s = 'x' * 20_000",
        show,
        "print('never')",
        output_limit_mb=0.1,
    )
    assert error.ename == "OutputTooLargeError"
    assert "1,000,000 characters of pictures and tables" in error.evalue
    assert out.stat().st_size < 1_200_000
    assert "never" not in out.read_text().replace("print('never')", "")


def test_a_picture_within_bounds_is_kept_whole(tmp_path):
    done = execute(
        tmp_path / "out.ipynb",
        "from IPython.display import display; display({'image/svg+xml': 'x' * 900_000}, raw=True)",
        output_limit_mb=0.1,
    )
    assert len(done.cells[0].outputs[0].data["image/svg+xml"]) == 900_000


def test_the_start_of_the_kernel_counts_into_the_time_of_the_report(tmp_path, monkeypatch):
    waiting = ReportClient.async_start_new_kernel_client

    async def slow(self):
        await asyncio.sleep(1.5)
        return await waiting(self)

    monkeypatch.setattr(ReportClient, "start_new_kernel_client", run_sync(slow))
    error = refused(tmp_path / "out.ipynb", "import time; time.sleep(9)", report_timeout=1)
    assert "the report has used the 1 s that it may take" in error.evalue


STOP = "__import__('os').kill(__import__('os').getpid(), 19)"


class Asking(Observer):
    """Asks a kernel something that stops it, then something that it can answer no more."""

    def finished(self, client):
        self.said = [client.ask("6 * 7"), client.ask(STOP), client.ask("6 * 7")]


def test_a_kernel_that_stops_after_its_last_cell_does_not_hold_up_its_report(tmp_path):
    asking = Asking()
    done = execute(tmp_path / "out.ipynb", "1 + 1", report_timeout=4, observer=asking)
    assert asking.said[0]["data"]["text/plain"] == "42"
    assert asking.said[1:] == [None, None]
    assert done.cells[0].outputs[0].data["text/plain"] == "2"


def test_a_notebook_that_forks_and_starts_threads_leaves_no_process(tmp_path, alive, eventually):
    done = execute(
        tmp_path / "out.ipynb",
        """
        import os, subprocess, threading, time
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        left = subprocess.Popen(["sleep", "600"]).pid
        print(os.getpid(), left)
        """,
        """
        child = os.fork()
        if child == 0:
            time.sleep(600)
        """,
        "print(child)",
    )
    pids = [int(word) for n in (0, 2) for word in done.cells[n].outputs[0].text.split()]
    assert len(pids) == 3
    eventually(lambda: not any(alive(pid) for pid in pids))


def test_widget_state_is_not_stored(tmp_path):
    done = execute(tmp_path / "out.ipynb", "import ipywidgets; ipywidgets.IntSlider(3)")
    assert "widgets" not in done.metadata
    assert "application/vnd.jupyter.widget-view+json" in done.cells[0].outputs[0].data


def test_variables_and_threads_reach_the_kernel(tmp_path):
    done = execute(
        tmp_path / "out.ipynb",
        "import os; print(os.environ['COLOUR'], os.environ['OPENBLAS_NUM_THREADS'], os.getcwd())",
        environment={"COLOUR": "blue"},
        threads=1,
        cwd=tmp_path,
    )
    assert done.cells[0].outputs[0].text.split() == ["blue", "1", os.path.realpath(tmp_path)]


def test_a_misspelt_option_stops_the_run(tmp_path):
    with pytest.raises(TypeError, match="report_timout"):
        execute(tmp_path / "out.ipynb", "1", report_timout=3)
