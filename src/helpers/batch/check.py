"""What `crm-reports check` looks at: notebooks and parameter files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers import params, paths
from helpers.batch import layout
from helpers.errors import HelpersError


def problems() -> list[str]:
    """Return a line for each problem of the notebooks and the parameter files."""
    lines = [*_parameter_files()]
    snapshots, unreadable = _fixture()
    lines += unreadable
    for family in params.families():
        lines += layout.problems(paths.notebooks() / f"{family}.ipynb", snapshots=snapshots)
    return lines


def _parameter_files() -> Iterator[str]:
    families = params.families()
    for path in sorted(paths.params().glob("*.yml")):
        if path.stem != "base" and path.stem not in families:
            yield f"params/{path.name}: there is no notebook notebooks/{path.stem}.ipynb"
    for family in families:
        for source in params.sources():
            try:
                params.resolve(family, source=source)
            except HelpersError as error:
                yield str(error)


def _fixture() -> tuple[dict[str, str] | None, list[str]]:
    """Return the snapshots that committed outputs may come from: those of `tests/fixture`."""
    folder = paths.root() / "tests" / "fixture"
    if not folder.is_dir():
        return None, []
    from helpers.sources import describe

    found, lines = {}, []
    with _reading(folder):
        for path in sorted(folder.iterdir()):
            if path.is_dir() and path.name in params.sources():
                try:
                    found[path.name] = describe(path.name).snapshot
                except HelpersError as error:
                    lines.append(str(error))
    return found, lines


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Let the fixture be the data for a moment, with a store of its own."""
    changed = {"CRM_REPORTS_DATA": str(folder), "CRM_REPORTS_OUTPUT": str(paths.output() / "nbval")}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
