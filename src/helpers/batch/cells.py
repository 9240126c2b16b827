"""The parts of a notebook's cell, read as JSON: nbformat takes a second to import."""

from typing import Any


def source_of(cell: dict[str, Any]) -> str:
    """Return the text of a cell, which JSON may hold in lines."""
    return "".join(cell["source"])


def tags_of(cell: dict[str, Any]) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.get("metadata", {}).get("tags", []))


def without_magic(source: str) -> str:
    """Return a cell's code with IPython's own lines left out."""
    return "\n".join("" if line.lstrip()[:1] in ("%", "!") else line for line in source.split("\n"))
