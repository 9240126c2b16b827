"""Which raw files a source is made of."""

from pathlib import Path

from helpers.errors import DataError, did_you_mean
from helpers.sources.declaration import Declaration
from helpers.sources.mapping import FileTable


def files_of(table: FileTable, folder: Path) -> list[Path]:
    """Return the table's files in name order.

    Raises:
        DataError: there is none.
    """
    pattern = any(sign in table.file for sign in "*?[")
    found = sorted(folder.glob(table.file)) if pattern else [folder / table.file]
    found = [path for path in found if path.is_file()]
    if not found:
        there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        raise DataError(
            f"no file {table.file!r}",
            file=folder,
            hint=did_you_mean(table.file, there)
            if there
            else "The folder is missing or empty; CRM_REPORTS_DATA says where extracts are.",
        )
    return found


def raw_files(declared: Declaration) -> list[Path]:
    """Return the raw files of a source, each once, in name order.

    Raises:
        DataError: a table has no file.
    """
    found = {
        path
        for table in declared.mapping.tables.values()
        if isinstance(table, FileTable)
        for path in files_of(table, declared.folder)
    }
    return sorted(found)
