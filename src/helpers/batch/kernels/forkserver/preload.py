"""What the server imports before it forks, under the conditions of a kernel.

Importing is all that may happen here. A thread, an OpenMP region, a query or an open connection
would be inherited by every kernel as a lock that nobody holds any more.
"""

import builtins
import gc
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Any

from . import imports

KERNEL = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.magics",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "IPython.utils.wildcard",
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "pygments.formatters.terminal256",
    "pygments.lexers.python",
    "sqlite3",
    "tornado.platform.asyncio",
    "tornado.queues",
)
REPORTS = (
    "numpy",
    "pandas",
    "pandas.io.formats.style",
    "pandas.plotting",
    "pyarrow.compute",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "seaborn",
    "sklearn.calibration",
    "sklearn.cluster",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.inspection",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "statsforecast",
    "statsforecast.models",
    "utilsforecast.losses",
    "lifelines",
    "lifelines.statistics",
    "pandera.pandas",
    "pydantic",
    "babel.dates",
    "babel.numbers",
    "jinja2",
    "yaml",
    "ipywidgets",
)
INLINE = "module://matplotlib_inline.backend_inline"


@dataclass(frozen=True)
class Loaded:
    """What importing did: packages that failed, and why; variables that packages have set."""

    failed: dict[str, str]
    variables: dict[str, str]


def load(modules: Sequence[str] | None = None) -> Loaded:
    """Import the kernel's machinery and `modules`, by default the reports' packages.

    A package that is not installed, or does not import, is left to the notebook that wants it.
    """
    before = dict(os.environ)
    with imports.noting():
        failed = _import(KERNEL)
        os.environ.setdefault("MPLBACKEND", INLINE)  # as ipykernel does before any cell runs
        with _as_in_a_kernel():
            failed |= _import(REPORTS if modules is None else modules)
    gc.collect()
    gc.freeze()  # a kernel's collector must not touch, and so copy, what it shares with this one
    changed = {k: v for k, v in os.environ.items() if before.get(k) != v}
    return Loaded(failed, changed)


def _import(names: Sequence[str]) -> dict[str, str]:
    failed = {}
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever a package raises on import, others go on
            failed[name] = f"{type(error).__name__}: {error}"
    return failed


@contextmanager
def _as_in_a_kernel() -> Iterator[None]:
    """Let packages that look for a notebook on import find one.

    pandas chooses `display.max_columns`, tqdm its bar and ipywidgets its channel by what
    `get_ipython()` returns while they are imported: here, a shell that was never set up. pandas
    also notes the encoding of what a kernel calls stdout.
    """
    from ipykernel.zmqshell import ZMQInteractiveShell
    from IPython import get_ipython
    from IPython.core.interactiveshell import InteractiveShell

    def refuse(event: str, function: Any) -> None:
        raise RuntimeError(f"{function!r} asks for the event {event!r} on import")

    shell = ZMQInteractiveShell.__new__(ZMQInteractiveShell)
    shell.events = type("Events", (), {"register": staticmethod(refuse)})()
    InteractiveShell._instance = shell  # type: ignore[assignment]
    builtins.get_ipython = get_ipython  # type: ignore[attr-defined]
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="UTF-8")
    try:
        yield
    finally:
        InteractiveShell._instance = None
        del builtins.get_ipython  # type: ignore[attr-defined]
