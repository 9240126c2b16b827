"""What a page shows of a document: blocks with anchors, safe pictures, tables cut to size."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from helpers.document import Chart, Column, Comparison, Provenance, Table
from helpers.errors import PeriodError, PublishError
from helpers.periods import Period
from helpers.publish.reading import Document, Section
from helpers.publish.svg import picture
from helpers.publish.text import slug, unique

_DATED = re.compile(r"\d{4}(?:-|Q[1-4]$|$)")
PAGE_ROWS = 200
"""Rows of a table that a page shows; the downloads hold all of them."""


@dataclass(frozen=True)
class Cell:
    """A cell as it is read, its number, and the number that it is sorted by."""

    text: str
    column: Column
    number: float | int | None = None
    order: float | int | None = None


@dataclass(frozen=True)
class TableView:
    """A table, its anchor on the page, and the name of its download."""

    anchor: str
    title: str
    note: str
    suppressed: int
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    type: str = "table"

    @property
    def csv(self) -> str:
        """The file name of the table's CSV."""
        return f"{self.anchor}.csv"


@dataclass(frozen=True)
class Frame:
    """One state of a chart: the chart itself, or one of its prepared variants."""

    label: str
    alt: str
    sentence: str
    svg: str
    marks: tuple[tuple[float, float, str], ...]
    table: TableView


@dataclass(frozen=True)
class Figure:
    """A chart with all its states; the first one stands without JavaScript."""

    anchor: str
    title: str
    switch: str
    frames: tuple[Frame, ...]
    explorer: bool
    type: str = "chart"


@dataclass(frozen=True)
class SectionView:
    """A section with its parts as a page shows them."""

    id: str
    heading: str
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class DocumentView:
    """A document as a page shows it."""

    document: Document
    sections: tuple[SectionView, ...]
    tables: tuple[tuple[TableView, Table], ...] = field(default=())


def view(document: Document, *, rows: int = PAGE_ROWS) -> DocumentView:
    """Return the view of a document.

    Raises:
        PublishError: a chart has no picture, or one that cannot be shown.
    """
    maker = _Maker(document, rows)
    sections = tuple(maker.section(section) for section in document.sections)
    return DocumentView(document, sections, tuple(maker.tables))


def alternative(chart: Chart, file: str) -> str:
    """Return the words that stand for a chart's picture where nobody sees it.

    Raises:
        PublishError: it has none; a title or a sentence about the data does not say what is drawn.
    """
    if not chart.alt.strip():
        of = f" ({chart.label})" if chart.label else ""
        raise PublishError(
            f"chart {chart.id!r}{of}, “{chart.title}”, has no alternative text",
            file=file,
            hint="Run the report again: crm-reports run --force.",
        )
    return chart.alt


class _Maker:
    def __init__(self, document: Document, rows: int) -> None:
        self._rows = rows
        self._file = document.file
        self._taken = {"top", "contents", "code", "main", *(s.id for s in document.sections)}
        self._pictures = 0
        self.tables: list[tuple[TableView, Table]] = []

    def section(self, section: Section) -> SectionView:
        return SectionView(section.id, section.heading, tuple(self._parts(section)))

    def _parts(self, section: Section) -> Iterator[Any]:
        for part in section.parts:
            if isinstance(part, Chart):
                yield self._figure(part)
            elif isinstance(part, Table):
                yield self._table(part, part.id)
            else:
                yield part

    def _figure(self, chart: Chart) -> Figure:
        anchor = unique(slug(chart.id), self._taken)
        states = _states(chart)
        frames = tuple(self._frame(state, anchor) for state in states)
        return Figure(anchor, chart.title, chart.switch, frames, chart.explorer)

    def _frame(self, chart: Chart, anchor: str) -> Frame:
        self._pictures += 1
        place = f"{self._file}: chart {chart.id!r}"
        table = self._table(
            chart.table, f"{anchor}-{chart.label}" if chart.label else f"{anchor}-data"
        )
        svg = picture(chart.svg, prefix=f"p{self._pictures}-", place=place) if chart.svg else ""
        return Frame(
            label=chart.label or "All",
            alt=alternative(chart, self._file) if svg else "",
            sentence=chart.sentence,
            svg=svg,
            marks=tuple(_marks(chart)),
            table=table,
        )

    def _table(self, table: Table, name: str) -> TableView:
        shown = zip(table.rows[: self._rows], table.text[: self._rows], strict=False)
        made = TableView(
            anchor=unique(slug(name), self._taken),
            title=table.title,
            note=table.note,
            suppressed=0 if "fewer than" in table.note else table.suppressed,
            columns=tuple(table.columns),
            rows=tuple(tuple(_cells(raw, text, table.columns)) for raw, text in shown),
            total=len(table.rows),
        )
        self.tables.append((made, table))
        return made


def _states(chart: Chart) -> list[Chart]:
    """Return a chart's states, each once: its variants hold the one that stands first again."""
    same = next((v for v in chart.variants if v.digest == chart.digest), None)
    first = replace(chart, label=chart.label or (same.label if same else ""))
    return [first, *(v for v in chart.variants if v is not same and v.label != first.label)]


def _cells(raw: list[Any], text: list[str], columns: list[Column]) -> Iterator[Cell]:
    for value, said, column in zip(raw, text, columns, strict=False):
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        yield Cell(said, column, number, _day(value) if number is None else number)


def _day(value: Any) -> int | None:
    """Return the day that a date or period ends, as a number; None for what is neither.

    A page says April where the data says 2017-04: sorted as it reads, April would come first.
    """
    if not isinstance(value, str) or not _DATED.match(value):
        return None
    try:
        day = date.fromisoformat(value[:10]) if value[4:5] == value[7:8] == "-" else None
        return (day or Period.parse(value).end).toordinal()
    except (ValueError, PeriodError):
        return None


def _marks(chart: Chart) -> Iterator[tuple[float, float, str]]:
    labels = [column.label for column in chart.table.columns]
    for x, y, row in chart.marks:
        if 0 <= int(row) < len(chart.table.text) and 0 <= x <= 1 and 0 <= y <= 1:
            said = zip(labels, chart.table.text[int(row)], strict=False)
            yield round(x, 4), round(y, 4), "\n".join(f"{name}: {text}" for name, text in said)


def direction(then: Comparison) -> int:
    """Return 1 for up, -1 for down and 0 for a change of which no digit that is shown tells."""
    if not any(digit in then.change_text for digit in "123456789"):
        return 0
    return {"+": 1, "−": -1}.get(then.change_text[0], 0)


def provenance_rows(block: Provenance) -> list[tuple[str, str]]:
    """Return what a page says of where the figures come from, as pairs of name and text."""
    rows = [("Snapshot", block.snapshot)]
    for file in block.files:
        said = {str(name): value for name, value in file.items()}
        name = str(said.pop("file", said.pop("name", "file")))
        rows.append((name, ", ".join(f"{n} {_said(n, v)}" for n, v in said.items())))
    if block.versions:
        made = ", ".join(f"{name} {version}" for name, version in block.versions.items())
        rows.append(("Made with", made))
    return rows


def _said(name: str, value: object) -> str:
    if name == "sha256":
        return str(value)[:12]
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
