"""Lists about single customers, for the analyst: written under `private/`, never published."""

import os
import tempfile
from typing import TYPE_CHECKING

from helpers import paths
from helpers.errors import HelpersError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_list(
    frame: "pd.DataFrame", *, name: str, family: str, period: str, source: str, slice: str = "all"
) -> "Path":
    """Write the frame as CSV under `reports/output/private/<source>/<family>/` and return where.

    The folders are made with mode 0700, the file with 0600; it is written beside and renamed. Text
    that a spreadsheet would take for a formula gets a leading apostrophe.

    Raises:
        HelpersError: the folder cannot be made or written, or the disk is full.
    """
    final = paths.private() / source / family / f"{_stem(period, name, slice)}.csv"
    try:
        private_folders(final.parent)
        handle, beside = tempfile.mkstemp(dir=final.parent, suffix=".part")  # with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                _as_text(frame).to_csv(file, index=False)
            os.replace(beside, final)
        except BaseException:
            os.unlink(beside)
            raise
    except OSError as error:
        raise _told(final, error) from error
    return final


def _stem(period: str, name: str, slice: str) -> str:
    """Return a name that no other slice has, as the executed notebooks are called."""
    return f"{period}-{name}" if slice == "all" else f"{period}-{name}--{paths.slug(slice)}"


def _told(path: "Path", error: OSError) -> HelpersError:
    hint = "Free some space or mend the rights, then run again."
    if isinstance(error, FileExistsError | NotADirectoryError):
        hint = "A file stands where a folder is needed, or a folder where the file is to be."
    return HelpersError(f"cannot be written: {error.strerror or error}", file=path, hint=hint)


def private_folders(folder: "Path") -> None:
    """Make a folder below `private/`, it and all between readable by their owner only."""
    paths.output().mkdir(parents=True, exist_ok=True)
    top = paths.private()
    for path in [top, *reversed([p for p in folder.parents if top in p.parents]), folder]:
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)


def _as_text(frame: "pd.DataFrame") -> "pd.DataFrame":
    def safe(value: object) -> object:
        return (
            f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
        )

    return frame.assign(**{name: frame[name].map(safe) for name in frame.columns})
