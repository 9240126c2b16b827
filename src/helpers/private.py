"""Lists about single customers, for the analyst: written under `private/`, never published."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import paths
from helpers.errors import HelpersError

if TYPE_CHECKING:
    import pandas as pd

LANDING = "CRM_REPORTS_LANDING"
"""The variable that names the folder in which the batch looks for what an execution has made."""

FOLDER = "private"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_list(
    frame: "pd.DataFrame", *, name: str, family: str, period: str, source: str, slice: str = "all"
) -> Path:
    """Write the frame as CSV under `reports/output/private/<source>/<family>/` and return where.

    The folders are made with mode 0700, the file with 0600; it is written beside and renamed. In a
    run of the batch it comes to its place together with the executed notebook and not before: a
    failed report keeps the list of its last good edition. Text that a spreadsheet would take for a
    formula gets a leading apostrophe.

    Raises:
        HelpersError: the folder cannot be made or written, or the disk is full.
    """
    file = Path(source) / family / f"{_stem(period, name, slice)}.csv"
    final, landing = paths.private() / file, os.environ.get(LANDING)
    place = Path(landing) / FOLDER / file if landing else final
    try:
        _folders(Path(landing) / FOLDER if landing else paths.private(), place.parent)
        handle, beside = tempfile.mkstemp(
            dir=place.parent, prefix=f".{place.name}.{os.getpid()}.", suffix=".part"
        )  # with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as opened:
                _as_text(frame).to_csv(opened, index=False)
                opened.flush()
                os.fsync(opened.fileno())
            os.replace(beside, place)
        except BaseException:
            os.unlink(beside)
            raise
    except OSError as error:
        raise _told(final, error) from error
    return final


def left(landing: Path) -> Iterator[tuple[str, Path]]:
    """Yield the lists that an execution has left: `<source>/<family>/<name>.csv`, and the file."""
    top = landing / FOLDER
    for path in sorted(top.glob("*/*/[!.]*")):
        if path.is_file():
            yield path.relative_to(top).as_posix(), path


def install(landing: Path, name: str) -> Path:
    """Move a list to its place, if it is not there already, and return that.

    Raises:
        HelpersError: the place cannot be written, or the list is at neither.
    """
    found, final = landing / FOLDER / name, paths.private() / name
    try:
        if found.is_file():
            private_folders(final.parent)
            found.chmod(0o600)
            os.replace(found, final)
        final.stat()
    except OSError as error:
        raise _told(final, error) from error
    return final


def remove(name: str) -> None:
    """Remove a list that its report makes no more.

    Raises:
        HelpersError: it cannot be removed.
    """
    final = paths.private() / name
    try:
        final.unlink(missing_ok=True)
    except OSError as error:
        raise _told(final, error) from error


def _stem(period: str, name: str, slice: str) -> str:
    """Return a name that no other slice has, as the executed notebooks are called."""
    return f"{period}-{name}" if slice == "all" else f"{period}-{name}--{paths.slug(slice)}"


def _told(final: Path, error: OSError) -> HelpersError:
    hint = "Free some space or mend the rights, then run again."
    if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
        hint = "A file stands where a folder is needed, or a folder where the file is to be."
    return HelpersError(f"cannot be written: {error.strerror or error}", file=final, hint=hint)


def private_folders(folder: Path) -> None:
    """Make a folder below `private/`, it and all between readable by their owner only."""
    paths.output().mkdir(parents=True, exist_ok=True)
    _folders(paths.private(), folder)


def _folders(top: Path, folder: Path) -> None:
    for path in [top, *reversed([p for p in folder.parents if top in p.parents]), folder]:
        path.mkdir(mode=0o700, parents=path == top, exist_ok=True)
        path.chmod(0o700)


def _as_text(frame: "pd.DataFrame") -> "pd.DataFrame":
    def safe(value: object) -> object:
        return (
            f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
        )

    return frame.assign(**{name: frame[name].map(safe) for name in frame.columns})
