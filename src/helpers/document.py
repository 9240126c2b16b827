"""What a report is made of, and its JSON form: notebooks write it, the publisher reads it.

A notebook cell displays one block (or several); each output carries `block.as_json()` under the
MIME type `MIME`, beside views for JupyterLab. Text in a block is plain text: whoever renders it
escapes it. Numbers stand beside the text that a reader sees, formatted for the report's locale.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from helpers.errors import PublishError

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


def as_json(block: Block) -> dict[str, Any]:
    """Return the JSON form of a block; a KPI without a control has no field for it."""
    found = {"version": VERSION, **asdict(block)}
    if isinstance(block, Kpis):
        for item in found["items"]:
            if item["control"] is None:
                del item["control"]
    return found


def from_json(found: Any) -> Block:
    """Return the block that `as_json` wrote.

    Raises:
        PublishError: the version or the type is unknown, a field is missing, unknown or not of its
            type, or the rows of a table are not as long as its head.
    """
    if not isinstance(found, dict):
        raise PublishError(f"a block is a {type(found).__name__}")
    given = dict(found)
    version, kind = given.pop("version", None), given.get("type")
    if version != VERSION:
        raise PublishError(
            f"a block has format version {version!r}; this release reads {VERSION}",
            hint="Run the report again: crm-reports run --force.",
        )
    try:
        block = _READERS[str(kind)](given)
        _check(block)
        return block
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PublishError(f"a block of type {kind!r} cannot be read: {error}") from error


def _table(given: dict[str, Any]) -> Table:
    return Table(**{**given, "columns": [Column(**column) for column in given["columns"]]})


def _chart(given: dict[str, Any]) -> Chart:
    variants = [_chart(found) for found in given.get("variants", [])]
    return Chart(**{**given, "table": _table(given["table"]), "variants": variants})


def kpi_item(found: dict[str, Any]) -> KpiItem:
    """Return the KPI whose fields are given as JSON holds them."""
    earlier = {
        name: Comparison(**found[name]) if found.get(name) else None
        for name in ("previous", "year_before")
    }
    control = Control(**found["control"]) if found.get("control") else None
    return KpiItem(**{**found, **earlier, "control": control})


def _kpis(given: dict[str, Any]) -> Kpis:
    return Kpis(**{**given, "items": [kpi_item(found) for found in given["items"]]})


_READERS: dict[str, Callable[[dict[str, Any]], Block]] = {
    "title": lambda given: Title(**given),
    "kpis": _kpis,
    "table": _table,
    "chart": _chart,
    "text": lambda given: Text(**given),
    "caption": lambda given: Caption(**given),
    "definitions": lambda given: Definitions(**given),
    "provenance": lambda given: Provenance(**given),
}


def _check(found: Any) -> bool:
    """Raise a TypeError if a field is not of its declared type, or a table's rows are ragged."""
    kind: Any = type(found)
    for name, declared in _declared(kind).items():
        value = getattr(found, name)
        if not _fits(value, declared):
            raise TypeError(f"its {name} cannot be {value!r:.40}")
    if isinstance(found, Table):
        ragged = {len(row) for row in (*found.rows, *found.text)} - {len(found.columns)}
        if ragged or len(found.text) != len(found.rows):
            raise TypeError("its rows, their text and its columns are not of one length")
    return True


@lru_cache(maxsize=32)
def _declared(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


def _fits(value: Any, declared: Any) -> bool:
    """Return whether a value read from JSON is of a declared type; a block inside is too."""
    kind, inner = get_origin(declared), get_args(declared)
    if kind is Literal:
        return value in inner
    if kind in (Union, UnionType):
        return any(_fits(value, each) for each in inner)
    if kind is list:
        of = inner[0]
        return isinstance(value, list) and (
            of is Any
            or (of is str and {*map(type, value)} <= {str})  # much the quicker way
            or all(_fits(each, of) for each in value)
        )
    if kind is dict:
        return isinstance(value, dict) and all(_fits(each, inner[1]) for each in value.values())
    if declared is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if declared in (Any, NoneType, int, str, bool):
        return declared is Any or type(value) is declared
    return isinstance(value, declared) and _check(value)
