"""What a notebook really used: modules, files, tables.

Runs inside the kernel, with the standard library only. The engine evaluates `start` before the
first cell and `finish` after the last one, both silently: no cell, output or execution count
tells that they ran.
"""

import json
import os
import sys
from typing import Any

_BATCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
_opened: set[str] = set()
_tables: set[str] = set()
_root = ""
_watching = False


def start(root: str, snapshots: str) -> str:
    """Note every file under `root` that Python opens for reading from now on; return our pid.

    A Parquet file under `snapshots` is a table of the source.
    """
    global _root, _watching
    prefix = _root = os.path.join(os.path.abspath(root), "")
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
    """Return as JSON: `modules beside files tops tables predictions python site peak_mb`."""
    files = {
        name: os.path.abspath(file)
        for name, module in dict(sys.modules).items()
        if (file := getattr(module, "__file__", None))
    }
    kept = sys.modules.get("helpers.predictions")
    return json.dumps(
        {
            **_own(files),
            "files": sorted(_opened),
            "tops": sorted(_imported(files)),
            "tables": sorted(_tables),
            "predictions": getattr(kept, "asked", {}),
            "python": sys.version.split()[0],
            "site": [path for path in sys.path if path.endswith("-packages")],
            "peak_mb": _peak_mb(),
        }
    )


def _own(files: dict[str, str]) -> dict[str, Any]:
    """Return the modules that no distribution has brought: the package's, and those beside it."""
    library = os.path.join(os.path.dirname(os.path.abspath(os.__file__)), "")
    package, beside = {}, []
    for name, file in files.items():
        if name == "helpers" or name.startswith("helpers."):
            if not name.startswith("helpers.batch"):
                package[name] = file
        elif not file.startswith((library, _BATCH)) and "-packages" not in file:
            beside.append(file.removeprefix(_root))
    return {"modules": package, "beside": sorted(beside)}


def _imported(files: dict[str, str]) -> set[str]:
    """Return the top-level packages of distributions that were imported.

    A warm kernel has more loaded than anybody in it has imported, and its server's record knows.
    """
    tops = {name.partition(".")[0] for name, file in files.items() if "-packages" in file}
    record = sys.modules.get("crm_reports_forkserver.imports")
    return tops & record.used() if record else tops


def _peak_mb() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
