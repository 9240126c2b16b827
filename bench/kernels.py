"""Kernels: a warm start against a cold one, the end of both, and the journal against rewriting."""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import papermill
import psutil
from jupyter_client.manager import start_new_kernel

from helpers.batch.kernels import (
    ORDINARY,
    WARM,
    install_kernelspecs,
    server_status,
    stop_server,
)
from helpers.batch.kernels import (
    execution as executing,
)
from helpers.batch.kernels.options import Options, Places
from helpers.batch.kernels.sockets import private_folder

ROUNDS = 5
IMPORTS = """
import babel.numbers, ipywidgets, lifelines, matplotlib.pyplot, numpy, pandas, pandera.pandas
import pyarrow.parquet, scipy.stats, seaborn, sklearn.ensemble, sklearn.linear_model
import sklearn.model_selection, statsforecast.models
"""
PICTURES = 100
CHARACTERS = 190_000  # a cell; 19 MB in all


def first_answer(kernel: str) -> tuple[float, float]:
    """Return the seconds to a kernel's first answer with the imports done, and to its end.

    By the client that the batch uses, through sockets of files as the batch does.
    """
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IMPORTS)])
    nb.metadata.papermill = nbformat.NotebookNode()
    nb.cells[0].metadata.papermill = nbformat.NotebookNode()
    with private_folder() as sockets:
        places = Places(log=sockets / "log", sockets=sockets)
        done = executing.execute(nb, kernel, Options(), places)
    assert not done.cells[0].metadata.papermill.exception, done.cells[0].outputs
    took = done.metadata.crm_reports.phases
    return took.start_s + took.cells_s, took.end_s


def by_jupyter_client(kernel: str) -> float:
    """Return the seconds to the first answer by jupyter_client's own client.

    It waits for a fifth of a second after a kernel has answered, whatever the kernel.
    """
    began = time.perf_counter()
    manager, client = start_new_kernel(kernel_name=kernel, stderr=subprocess.DEVNULL)
    reply = client.execute_interactive(IMPORTS, timeout=120)
    answered = time.perf_counter()
    client.stop_channels()
    manager.shutdown_kernel()
    client.context.destroy()
    assert reply["content"]["status"] == "ok", reply["content"]
    return answered - began


def in_turn(
    rounds: int, first: Callable[[], Any], second: Callable[[], Any]
) -> tuple[list[Any], list[Any]]:
    """Measure A B A B …, so that what else the machine does falls on both."""
    pairs = [(first(), second()) for _ in range(rounds)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def execute(engine: str | None, folder: Path) -> float:
    """Return the seconds for a notebook of a hundred cells with 19 MB of outputs."""
    nb = nbformat.v4.new_notebook()
    nb.metadata.kernelspec = {"name": WARM, "display_name": WARM, "language": "python"}
    show = f"from IPython.display import display; x = 'x' * {CHARACTERS}"
    cells = [show, *["display({'image/svg+xml': x}, raw=True)"] * PICTURES]
    nb.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    out = folder / "out.ipynb"
    began = time.perf_counter()
    papermill.execute_notebook(nb, out, engine_name=engine, progress_bar=False)
    spent = time.perf_counter() - began
    assert out.stat().st_size > PICTURES * CHARACTERS
    return spent


@contextmanager
def servers_of_our_own() -> Iterator[Path]:
    """Use fork servers that nobody else uses, and end them."""
    folder = Path(tempfile.mkdtemp(prefix="crm-bench-"))
    install_kernelspecs(folder)
    changed = {
        "CRM_REPORTS_RUNTIME": str(folder / "run"),
        "JUPYTER_PATH": str(folder / "share" / "jupyter"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield folder
    finally:
        stop_server(force=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        shutil.rmtree(folder)


def own_memory_mb() -> float:
    """Return the memory that a warm kernel has for itself, beside what it shares."""
    manager, client = start_new_kernel(kernel_name=WARM, stderr=subprocess.DEVNULL)
    client.execute_interactive(IMPORTS, timeout=120)
    own = psutil.Process(manager.provisioner.pid).memory_full_info().uss / 2**20
    client.stop_channels()
    manager.shutdown_kernel()
    client.context.destroy()
    return own


def ratio(name: str, medians: list[float], reference: float, note: str) -> dict[str, Any]:
    found = row(name, medians[0] / medians[1], reference, "times", note)
    return {**found, "medians": [round(median, 3) for median in medians]}


def row(name: str, value: float, reference: float, unit: str, note: str) -> dict[str, Any]:
    return {
        "name": f"kernel.{name}",
        "value": round(value, 3),
        "reference": round(reference, 3),
        "unit": unit,
        "note": note,
    }


def main(data: Path | None = None) -> list[dict[str, Any]]:
    """Measure; `data` is not used. For a ratio `reference` is what is to be reached."""
    with servers_of_our_own() as folder:
        first_answer(WARM)  # starts the server
        cold, warm = in_turn(ROUNDS, lambda: first_answer(ORDINARY), lambda: first_answer(WARM))
        starts = [statistics.median(start for start, _ in times) for times in (cold, warm)]
        ends = [statistics.median(end for _, end in times) for times in (cold, warm)]
        plain = in_turn(3, lambda: by_jupyter_client(ORDINARY), lambda: by_jupyter_client(WARM))
        clients = [statistics.median(times) for times in plain]
        stock, ours = in_turn(
            2, lambda: execute(None, folder), lambda: execute("crm-reports", folder)
        )
        writing = [statistics.median(times) for times in (stock, ours)]
        (server,) = server_status()
        shared = psutil.Process(server["pid"]).memory_info().rss / 2**20
        own = own_memory_mb()
    how = f"s; medians of {ROUNDS}, in turn"
    start = f"first answer, imports done: cold {starts[0]:.2f}, warm {starts[1]:.2f} {how}"
    client = (
        f"the same by jupyter_client, which waits .2 s more: cold {clients[0]:.2f}, "
        f"warm {clients[1]:.2f} s; medians of 3, in turn"
    )
    end = f"end of a kernel: cold {ends[0]:.2f}, warm {ends[1]:.2f} {how}"
    write = (
        f"100 cells, 19 MB: papermill's engine {writing[0]:.1f}, ours {writing[1]:.1f} s; 2 each"
    )
    return [
        ratio("warm_ratio", starts, 8.0, start),
        ratio("client_ratio", clients, 1.0, client),
        ratio("end_ratio", ends, 1.0, end),
        ratio("journal_ratio", writing, 1.0, write),
        row("own_memory", own, shared, "MiB", "of a warm kernel, beside the server's (reference)"),
    ]


if __name__ == "__main__":
    for line in main():
        print(f"{line['name']:24} {line['value']:>10} {line['unit']:6} {line['note']}")
