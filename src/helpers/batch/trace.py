"""What a notebook really used: modules, files, tables, each with what it held at that moment.

Runs inside the kernel, with the standard library only. The engine evaluates `start` before the
first cell and `finish` after the last one, both silently: no cell, output or execution count
tells that they ran. A file is hashed when it is opened, a module when it is executed: what is
edited afterwards was not what the report has seen.
"""

import hashlib
import json
import os
import stat
import sys
from collections.abc import Sequence
from typing import Any

_BATCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
_CODE = os.path.join(os.path.dirname(os.path.dirname(_BATCH)), "")
_LIBRARY = os.path.join(os.path.dirname(os.path.abspath(os.__file__)), "")
_IGNORED = (".venv/", ".git/", "node_modules/")

_digests: dict[str, str] = {}
_opened: set[str] = set()
_tables: set[str] = set()
_places: list[tuple[str, str]] = []  # (prefix of a path, what stands for it), the longest first
_installed: dict[str, str] = {}
_watching = False

_NOTHING, _SNAPSHOTS = "-", "snapshots:"


def digest_of(path: str) -> str:
    """Return the digest of a file's content; a word where it is not there, or no file."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return "no file"  # a pipe would give its content to us alone
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:20]
    except (FileNotFoundError, NotADirectoryError):
        return "gone"
    except OSError:
        return "unreadable"


def installed(site: Sequence[str]) -> dict[str, str]:
    """Return the distributions in site folders by normalised name, from folder names alone."""
    found: dict[str, str] = {}
    for folder in reversed(site):  # the first folder on the path wins
        try:
            names = os.listdir(folder)
        except OSError:
            continue  # a folder on the path need not exist
        for entry in names:
            if entry.endswith(".dist-info"):
                name, _, version = entry.removesuffix(".dist-info").partition("-")
                found[normalised(name)] = version
    return found


def normalised(name: str) -> str:
    """Return a distribution's name as it is compared."""
    return name.lower().replace("_", "-").replace(".", "-")


def own_site() -> tuple[str, ...]:
    """Return the site folders of this process."""
    return tuple(path for path in sys.path if path.endswith("-packages"))


def start(root: str, data: str, output: str) -> str:
    """Note every file of the project that Python opens for reading from now on; return our pid.

    The project's are files under `root`, under `data` and beside the package's modules. A Parquet
    file in the store of snapshots under `output` is a table of the source.
    """
    global _watching
    snapshots = os.path.join(output, "store", "snapshots")
    given = [(root, ""), (data, "data/"), (_CODE, "helpers/"), (_BATCH, _NOTHING)]
    given += [(output, _NOTHING), (snapshots, _SNAPSHOTS)]
    real = [(found(place), word) for found in (os.path.abspath, os.path.realpath)
            for place, word in given]  # fmt: skip
    _places[:] = sorted({(os.path.join(p, ""), w) for p, w in real}, key=lambda p: -len(p[0]))
    _installed.update(installed(own_site()))
    if not _watching:  # an audit hook cannot be taken away again
        for file in _files().values():
            if _is_own(file):
                _note(file)
        sys.addaudithook(_hook)
        _watching = True
    return str(os.getpid())


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, mode, flags = arguments
        reads = flags & 3 == os.O_RDONLY if mode is None else mode[0] == "r" and "+" not in mode
        if isinstance(path, str | bytes) and reads:
            _look(os.path.abspath(os.fsdecode(path)))
    elif event == "exec":
        file = getattr(arguments[0], "co_filename", "")
        if file.endswith(".py") and os.path.isabs(file) and _is_own(file):
            _note(file)


def _look(path: str) -> None:
    key = _key(path)
    if key.startswith(_SNAPSHOTS):
        if key.endswith(".parquet"):
            _tables.add(os.path.basename(key).removesuffix(".parquet"))
    elif key != _NOTHING and not key.endswith(".pyc") and path not in _opened:
        _opened.add(path)
        _note(path)


def _key(path: str) -> str:
    """Return what a file is called wherever the project lies; `-` for one that does not count.

    Parameter files count by the values that resolve, notebooks by what is executed.
    """
    for prefix, word in _places:
        if path.startswith(prefix):
            rest = path[len(prefix) :].replace(os.sep, "/")
            if word == _NOTHING or rest.startswith(_IGNORED) or "-packages/" in rest:
                return _NOTHING
            if not word and rest.startswith("params/") and rest.endswith(".yml"):
                return _NOTHING
            if not word and rest.startswith("notebooks/") and rest.endswith(".ipynb"):
                return _NOTHING
            return word + rest
    return _NOTHING


def _note(path: str) -> None:
    if path not in _digests:
        _digests[path] = ""  # to hash it is to open it
        _digests[path] = digest_of(path)


def finish() -> str:
    """Return as JSON: `modules files tops tables predictions python installed peak_mb`.

    `modules` are those of the package, each with its file and digest, `files` all other files with
    theirs, `installed` the distributions that were there when the notebook began.
    """
    files, beside = _files(), _beside()
    modules = {
        name: [file.removeprefix(_CODE).replace(os.sep, "/"), _seen(file)]
        for name, file in files.items()
        if _is_of_package(name) and not file.startswith(_BATCH)
    }
    loaded = set(files.values())
    read = {_key(path): _seen(path) for path in sorted(_opened - loaded)}
    kept = sys.modules.get("helpers.predictions")
    return json.dumps(
        {
            "modules": modules,
            "files": {**read, **beside},
            "tops": sorted(_imported(files)),
            "tables": sorted(_tables),
            "predictions": getattr(kept, "asked", {}),
            "python": sys.version.split()[0],
            "installed": _installed,
            "peak_mb": _peak_mb(),
        }
    )


def _files() -> dict[str, str]:
    """Return the file of each module that is loaded."""
    return {
        name: os.path.abspath(file)
        for name, module in dict(sys.modules).items()
        if isinstance(file := getattr(module, "__file__", None), str)
    }


def _is_of_package(name: str) -> bool:
    return name == "helpers" or name.startswith("helpers.")


def _is_own(file: str) -> bool:
    """Say whether a module's file is the package's, or one that no distribution has brought."""
    if file.startswith(_BATCH):
        return False
    return file.startswith(_CODE) or not (file.startswith(_LIBRARY) or "-packages" in file)


def _beside() -> dict[str, str]:
    """Return the modules that belong to no distribution and not to the package."""
    found = {}
    for name, file in _files().items():
        if not _is_of_package(name) and _is_own(file):
            key = _key(file)
            found[file if key == _NOTHING else key] = _seen(file)
    return found


def _seen(path: str) -> str:
    _note(path)
    return _digests[path]


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
