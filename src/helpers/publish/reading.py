"""An executed notebook as a document: its title, its sections of blocks, its code.

Notebooks are read as JSON; only outputs that carry a block are shown. What a cell prints is kept
beside its code; all else (a bare frame, a picture, a widget) declares no grain and is withheld.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from helpers.document import MIME, Block, Caption, Chart, Kpis, Title, from_json
from helpers.errors import PublishError
from helpers.publish.prose import Heading, Prose, parse
from helpers.publish.text import plain, plain_all, slug, unique

PRINTED_LIMIT = 4_000
"""Characters of a cell's printed output that a page carries."""


@dataclass
class Code:
    """A code cell: its source, what it printed, and the kinds of output withheld."""

    source: str
    parameters: bool = False
    printed: str = ""
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
    try:
        cells = list(json.loads(path.read_bytes())["cells"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PublishError(f"is no notebook: {error!r}", file=path.name) from error
    return assemble(cells, file=path.name)


def assemble(cells: list[dict[str, Any]], *, file: str) -> Document:
    """Return the document of a notebook's cells.

    Raises:
        PublishError: as `read`.
    """
    title: Title | None = None
    taken: set[str] = {"top", "headline", "contents", "code"}
    sections = [Section("headline", "")]
    code: list[Code] = []
    for number, cell in enumerate(cells, start=1):
        source = plain(_text(cell.get("source", "")))
        if cell.get("cell_type") == "markdown":
            for part in parse(source):
                if isinstance(part, Heading):
                    sections.append(Section(unique(slug(part.text), taken), part.text))
                else:
                    sections[-1].parts.append(part)
        elif cell.get("cell_type") == "code":
            found = Code(source, "parameters" in cell.get("metadata", {}).get("tags", []))
            code.append(found)
            for output in cell.get("outputs", []):
                block = _block(output, found, place=f"{file}, cell {number}")
                if isinstance(block, Title):
                    title = title or block
                elif block is not None:
                    sections[-1].parts.append(block)
    if title is None:
        raise PublishError(
            "has no title block, so nothing says what it is about",
            file=file,
            hint="The notebook calls report.title() after its parameters.",
        )
    return Document(file, title, tuple(s for s in sections if s.parts), tuple(code))


def _text(found: object) -> str:
    return "".join(map(str, found)) if isinstance(found, list) else str(found)


def _block(output: dict[str, Any], code: Code, *, place: str) -> Block | None:
    kind = output.get("output_type")
    if kind == "error":
        raise PublishError(
            f"the cell failed with {plain(str(output.get('ename')))}",
            file=place,
            hint="Run the report again: crm-reports run.",
        )
    if kind == "stream":
        _print(code, output.get("text", ""))
        return None
    data = output.get("data")
    if not isinstance(data, dict):
        code.withheld.append(plain(str(kind)))
        return None
    if MIME not in data:
        _undeclared(data, code)
        return None
    try:
        block = from_json(plain_all(data[MIME]))
    except PublishError as error:
        raise PublishError(error.message, file=place, hint=error.hint) from error
    if isinstance(block, Caption):
        return None  # JupyterLab's heading; a page writes its own
    if isinstance(block, Chart) and not block.svg:
        return replace(block, svg=_text(data.get("image/svg+xml", "")))
    return block


def _undeclared(data: dict[str, Any], code: Code) -> None:
    if set(data) == {"text/plain"}:
        _print(code, data["text/plain"])
        code.printed += "\n"
    else:
        code.withheld += sorted(plain(kind) for kind in data if kind != "text/plain")


def _print(code: Code, found: object) -> None:
    room = PRINTED_LIMIT - len(code.printed)
    text = _text(found)
    if room > 0:
        code.printed += plain(text[:room]) + ("\n[cut here]" if len(text) > room else "")
