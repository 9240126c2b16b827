"""What a report is made of: the blocks that notebooks write and the publisher reads.

A notebook cell displays one block (or several); each output carries its JSON form
(`document_json`) under the MIME type `MIME`, beside views for JupyterLab. Text in a block is plain
text: whoever renders it escapes it. Numbers stand beside the text that a reader sees, formatted for
the report's locale.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

MIME = "application/vnd.crm-reports+json"
VERSION = 1

Grain = Literal[
    "total", "period", "segment", "cohort", "category", "campaign", "store", "rule", "model", "bin"
]
"""What one row of a table or chart is about; a single customer is none that may be shown."""

GRAINS: tuple[str, ...] = Grain.__args__  # type: ignore[attr-defined]

Tone = Literal["plain", "good", "caution", "assumed", "missing"]


@dataclass(frozen=True)
class Title:
    """The head of a report: what it is about, in words and in parameters."""

    family: str
    title: str
    summary: str
    period: str
    period_text: str
    as_of: str
    source: str
    source_text: str
    slice: str
    slice_text: str
    currency: str
    locale: str
    parameters: dict[str, Any]
    type: str = "title"


@dataclass(frozen=True)
class Comparison:
    """A KPI's value in an earlier period and the change since."""

    period: str
    period_text: str
    value: float
    text: str
    change: float | None
    change_text: str
    verdict: Literal["better", "worse", "neutral"]


@dataclass(frozen=True)
class Control:
    """The sum of a source's table that a KPI must equal: its name, such as `orders.revenue`."""

    name: str
    value: float


@dataclass(frozen=True)
class KpiItem:
    """One named KPI with its value, formatted text, interval and comparisons."""

    name: str
    label: str
    unit: str
    value: float | None
    text: str
    definition: str
    interval_text: str = ""
    low: float | None = None
    high: float | None = None
    level: int = 95
    note: str = ""
    assumed: bool = False
    previous: Comparison | None = None
    year_before: Comparison | None = None
    control: Control | None = None


@dataclass(frozen=True)
class Kpis:
    """KPIs shown together; those with `headline` stand on the index too."""

    items: list[KpiItem]
    headline: bool = True
    type: str = "kpis"


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, heading, unit and alignment."""

    name: str
    label: str
    unit: str
    align: Literal["left", "right"]


@dataclass(frozen=True)
class Table:
    """A table: raw values (`rows`) and what a reader sees (`text`), row by row."""

    id: str
    title: str
    grain: str
    columns: list[Column]
    rows: list[list[Any]]
    text: list[list[str]]
    note: str = ""
    suppressed: int = 0
    type: str = "table"


@dataclass(frozen=True)
class Chart:
    """A chart: the SVG stands beside this block in the output; `table` is the data behind it.

    `marks` are the points a reader can ask for: `[x, y, row]` with x and y as fractions of the
    picture's width and height from its upper left corner, and the row of `table`. `variants` are
    the same chart for other groups, prepared at execution (a switch on the page, labelled
    `switch`, chooses): each is a Chart with its own `svg`, `label` and data. `explorer` says that
    it is the static first view of a widget.
    """

    id: str
    title: str
    kind: str
    alt: str
    sentence: str
    digest: str
    table: Table
    explorer: bool = False
    marks: list[list[float]] = field(default_factory=list)
    label: str = ""
    svg: str = ""
    switch: str = ""
    variants: list["Chart"] = field(default_factory=list)
    type: str = "chart"


@dataclass(frozen=True)
class Text:
    """A paragraph computed from the data."""

    text: str
    tone: Tone = "plain"
    type: str = "text"


@dataclass(frozen=True)
class Caption:
    """The heading above a chart or table in JupyterLab; pages write their own and skip it."""

    text: str
    type: str = "caption"


@dataclass(frozen=True)
class Definitions:
    """The contracts of the KPIs on the page."""

    items: list[dict[str, str]] = field(default_factory=list)
    type: str = "definitions"


@dataclass(frozen=True)
class Provenance:
    """Where the figures come from: snapshot, files, versions, parameters."""

    snapshot: str
    files: list[dict[str, Any]]
    versions: dict[str, str]
    parameters: dict[str, Any]
    type: str = "provenance"


Block = Title | Kpis | Table | Chart | Text | Caption | Definitions | Provenance
