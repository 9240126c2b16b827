"""Rows that cannot be trusted, for the analyst: under `private/`, never published."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import paths
from helpers.sources.atomic import writing

if TYPE_CHECKING:
    import pandas as pd


def folder_of(source: str) -> Path:
    """Return the folder of a source's quarantined rows."""
    return paths.private() / "quarantine" / source


def write(source: str, rows: "dict[str, pd.DataFrame]") -> None:
    """Write the quarantined raw rows, a file a table, in folders of mode 0700.

    The rows hold `row` (file and line), `rule` and the raw cells as text. A table that has none
    any more loses its file.

    Raises:
        HelpersError: the folder cannot be written.
    """
    folder = folder_of(source)
    with writing(folder):
        if rows:
            paths.output().mkdir(parents=True, exist_ok=True)
            for part in (paths.private(), folder.parent, folder):
                part.mkdir(mode=0o700, exist_ok=True)
                part.chmod(0o700)
        for name, frame in rows.items():
            handle, beside = tempfile.mkstemp(dir=folder, suffix=".part")
            os.close(handle)
            try:
                frame.to_parquet(beside, index=False)
                os.replace(beside, folder / f"{name}.parquet")
            except BaseException:
                Path(beside).unlink(missing_ok=True)
                raise
        for old in folder.glob("*.parquet"):
            if old.stem not in rows:
                old.unlink()
