"""What a notebook really used: modules, files, tables.

Runs inside the kernel, with the standard library only. The engine evaluates `start` before the
first cell and `finish` after the last one, both silently: no cell, output or execution count
tells that they ran.
"""

import json
import os
import sys
from typing import Any

_opened: set[str] = set()
_tables: set[str] = set()
_watching = False


def start(root: str, snapshots: str) -> str:
    """Note every file under `root` that Python opens for reading from now on; return our pid.

    A Parquet file under `snapshots` is a table of the source.
    """
    global _watching
    prefix = os.path.join(os.path.abspath(root), "")
    store = os.path.join(os.path.abspath(snapshots), "")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            path, mode = arguments[0], arguments[1] or "r"
            if mode.startswith("r") and "+" not in mode and not path.endswith((".py", ".pyc")):
                full = os.path.abspath(path)
                if full.startswith(store):
                    if full.endswith(".parquet"):
                        _tables.add(os.path.basename(full).removesuffix(".parquet"))
                elif full.startswith(prefix):
                    _opened.add(full[len(prefix) :])

    if not _watching:  # an audit hook cannot be taken away again
        sys.addaudithook(hook)
        _watching = True
    return str(os.getpid())


def finish() -> str:
    """Return as JSON: `modules files tops tables python site peak_mb`."""
    modules = dict(sys.modules)
    helpers = {
        name: found
        for name, module in modules.items()
        if (name == "helpers" or name.startswith("helpers."))
        and not name.startswith("helpers.batch")
        and (found := getattr(module, "__file__", None))
    }
    tops = {
        name.partition(".")[0]: True
        for name, module in modules.items()
        if "-packages" in (getattr(module, "__file__", None) or "")
    }
    return json.dumps(
        {
            "modules": helpers,
            "files": sorted(_opened),
            "tops": sorted(tops),
            "tables": sorted(_tables),
            "python": sys.version.split()[0],
            "site": [path for path in sys.path if path.endswith("-packages")],
            "peak_mb": _peak_mb(),
        }
    )


def _peak_mb() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
