"""An executed notebook as a document: its title, its sections of blocks, its code.

Notebooks are read as JSON, and only outputs that carry a block are shown. All else (what a cell
prints, a bare value or frame, a picture, a widget) declares no grain and is withheld.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from helpers.document import MIME, Block, Caption, Chart, Kpis, Title
from helpers.document_json import from_json
from helpers.errors import PublishError
from helpers.publish.prose import Heading, Prose, parse
from helpers.publish.text import plain, plain_all, slug, unique

_PRINTED = {"stdout": "what it printed", "stderr": "its warnings"}
_BARE = "a bare value"


@dataclass
class Code:
    """A code cell: its source, and the kinds of output that are withheld."""

    source: str
    parameters: bool = False
    withheld: list[str] = field(default_factory=list)


@dataclass
class Section:
    """What stands under one heading; the first section has none."""

    id: str
    heading: str
    parts: list[Block | Prose] = field(default_factory=list)


@dataclass(frozen=True)
class Document:
    """A report as it was executed."""

    file: str
    title: Title
    sections: tuple[Section, ...]
    code: tuple[Code, ...]

    def blocks(self) -> list[Block]:
        """Return every block of every section, in order."""
        parts = (part for section in self.sections for part in section.parts)
        return [part for part in parts if not isinstance(part, Prose)]

    def kpis(self) -> list[Kpis]:
        """Return the blocks of KPIs, in order."""
        return [block for block in self.blocks() if isinstance(block, Kpis)]


def read(path: Path) -> Document:
    """Return the document that an executed notebook holds.

    Raises:
        PublishError: the file is no notebook, a cell failed, a block cannot be read, or there is
            no title.
    """
    return assemble(cells_of(path), file=path.name)


def cells_of(path: Path) -> list[Any]:
    """Return the cells of a notebook as the file holds them.

    Raises:
        PublishError: the file is no notebook.
    """
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise PublishError(f"is no notebook: {error!r}", file=path.name) from error
    cells = found.get("cells") if isinstance(found, dict) else None
    if not isinstance(cells, list):
        raise PublishError("is no notebook: it has no list of cells", file=path.name)
    return cells


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook, as far as anything of it is published."""

    kind: str
    source: str
    tags: tuple[str, ...]
    outputs: list[dict[str, Any]]
    count: int | None


def cell_of(cell: Any, place: str) -> Cell:
    """Return a cell as a notebook file holds it.

    Raises:
        PublishError: it is none.
    """
    if not isinstance(cell, dict):
        raise PublishError(f"is no notebook: a cell is a {type(cell).__name__}", file=place)
    source, metadata = cell.get("source") or "", cell.get("metadata") or {}
    tags = (metadata.get("tags") or []) if isinstance(metadata, dict) else None
    outputs = cell.get("outputs") or []
    if not isinstance(source, str | list) or not isinstance(tags, list):
        raise PublishError("is no notebook: the cell's source or tags cannot be read", file=place)
    if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
        raise PublishError("is no notebook: the cell's outputs cannot be read", file=place)
    count = cell.get("execution_count")
    return Cell(
        kind=str(cell.get("cell_type") or "raw"),
        source=plain(text_of(source)),
        tags=tuple(plain(str(tag)) for tag in tags),
        outputs=outputs,
        count=count if isinstance(count, int) else None,
    )


def assemble(cells: list[Any], *, file: str) -> Document:
    """Return the document of a notebook's cells.

    Raises:
        PublishError: as `read`.
    """
    title: Title | None = None
    taken: set[str] = {"top", "headline", "contents", "code"}
    sections = [Section("headline", "")]
    code: list[Code] = []
    for number, given in enumerate(cells, start=1):
        place = f"{file}, cell {number}"
        cell = cell_of(given, place)
        if cell.kind == "markdown":
            for part in parse(cell.source):
                if isinstance(part, Heading):
                    sections.append(Section(unique(slug(part.text), taken), part.text))
                else:
                    sections[-1].parts.append(part)
        elif cell.kind == "code":
            found = Code(cell.source, "parameters" in cell.tags)
            code.append(found)
            for block in _blocks(cell.outputs, found, place):
                if isinstance(block, Title):
                    title = title or block
                else:
                    sections[-1].parts.append(block)
    if title is None:
        raise PublishError(
            "has no title block, so nothing says what it is about",
            file=file,
            hint="The notebook calls report.title() after its parameters.",
        )
    return Document(file, title, tuple(s for s in sections if s.parts), tuple(code))


def text_of(found: object) -> str:
    """Return a notebook's text, which may be written as a list of lines."""
    return "".join(map(str, found)) if isinstance(found, list) else str(found)


def _blocks(outputs: list[dict[str, Any]], code: Code, place: str) -> Iterator[Block]:
    """Yield the blocks of a cell's outputs, and note what is withheld."""
    for output in outputs:
        kind = output.get("output_type")
        if kind == "error":
            raise PublishError(
                f"the cell failed with {plain(str(output.get('ename')))}",
                file=place,
                hint="Run the report again: crm-reports run.",
            )
        data = output.get("data")
        if isinstance(data, dict) and MIME in data:
            block = _block(data, place)
            if not isinstance(block, Caption):  # JupyterLab's heading; a page writes its own
                yield block
        else:
            code.withheld += [w for w in _undeclared(output, data) if w not in code.withheld]


def _block(data: dict[str, Any], place: str) -> Block:
    try:
        block = from_json(plain_all(data[MIME]))
    except PublishError as error:
        raise PublishError(error.message, file=place, hint=error.hint) from error
    if isinstance(block, Chart) and not block.svg:
        return replace(block, svg=text_of(data.get("image/svg+xml", "")))
    return block


def _undeclared(output: dict[str, Any], data: object) -> list[str]:
    """Return what an output without a block is called, none where it shows nothing."""
    if output.get("output_type") == "stream":
        said = text_of(output.get("text") or "").strip()
        return [_PRINTED.get(str(output.get("name")), _PRINTED["stdout"])] if said else []
    if not isinstance(data, dict):
        return [plain(str(output.get("output_type")))]
    return sorted(plain(str(kind)) for kind in data if kind != "text/plain") or [_BARE]
