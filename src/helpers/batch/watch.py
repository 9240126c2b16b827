"""When something changes on disk, run what depends on it, publish, and let open pages reload."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import helpers
from helpers import paths
from helpers.batch.serving import Pages
from helpers.errors import HelpersError

_PACE = 0.2
_PORT = "CRM_REPORTS_WATCH_PORT"
_CODE = Path(helpers.__file__).resolve().parent
Tree = dict[Path, tuple[int, int, int]]


def tree(sources: list[str]) -> Tree:
    """Return size, times and number of every file that a report or a page can depend on."""
    folders = [paths.data() / source for source in sources]
    folders += [paths.params(), paths.notebooks(), _CODE, paths.root() / "reports"]
    output = os.path.realpath(paths.output())
    found: Tree = {}
    for top in folders:
        for folder, below, names in os.walk(top):
            below[:] = [
                name
                for name in below
                if name[0] not in "._" and os.path.realpath(Path(folder, name)) != output
            ]
            for name in names:
                if name[0] != "." and not name.endswith((".pyc", "~")):
                    _look(Path(folder, name), found)
    return found


def _look(path: Path, found: Tree) -> None:
    try:
        seen = path.stat()
    except OSError:
        return  # replaced or locked just now: the next look sees the new one
    found[path] = (seen.st_size, seen.st_mtime_ns, seen.st_ino)


def changed(before: Tree, now: Tree) -> list[Path]:
    """Return the files that differ between two looks."""
    return sorted(path for path in {*before, *now} if before.get(path) != now.get(path))


def watch(
    once: Callable[[], None],
    *,
    sources: list[str],
    pages: Pages,
    state: Callable[[], str],
    say: Callable[[str], None],
    restart: Callable[[Pages], None] | None = None,
) -> None:
    """Run `once` now and after every change, until Ctrl-C.

    When a module that this process has loaded changes, `restart` begins the process anew, as
    Python does not load a module twice. Kernels load the rest afresh each time.
    """
    again = restart or _restart
    while True:
        before = tree(sources)
        began = time.monotonic()
        _try(once, say)
        _try(lambda: setattr(pages, "state", state()), say)  # pages load again if it has changed
        say(f"Ready after {time.monotonic() - began:.1f} s. Watching; Ctrl-C ends it.")
        found = _wait(before, sources)
        shown = ", ".join(_name(path) for path in found[:3])
        say(f"Changed: {shown}" + (f" and {len(found) - 3} more" if len(found) > 3 else ""))
        if _loaded() & set(found):
            again(pages)


def _wait(before: Tree, sources: list[str]) -> list[Path]:
    """Return what has changed, once it has been at rest for a moment."""
    now = tree(sources)
    while now == before:
        time.sleep(_PACE)
        now = tree(sources)
    while True:
        time.sleep(_PACE / 2)
        later = tree(sources)
        if later == now:
            return changed(before, now)
        now = later


def _try(once: Callable[[], None], say: Callable[[str], None]) -> None:
    try:
        once()
    except (HelpersError, OSError) as error:  # a file being replaced, say; the next change mends it
        say(f"Error: {error}")


def _loaded() -> set[Path]:
    """Return the files of the package's modules that this process has imported."""
    return {
        Path(file).resolve()
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "helpers" and (file := getattr(module, "__file__", None))
    }


def _name(path: Path) -> str:
    return str(path.relative_to(paths.root())) if path.is_relative_to(paths.root()) else path.name


def port_before(wanted: int) -> int:
    """Return the port that this watch served at before it began anew, else the one asked for.

    Pages that are open go on asking there.
    """
    return int(os.environ.pop(_PORT, wanted))


def _restart(pages: Pages) -> None:
    sys.stdout.flush()
    os.environ[_PORT] = str(pages.server_address[1])
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 (this command again)
