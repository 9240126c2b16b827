"""Parameters and sources in columns, for a terminal and for a pipe alike."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from helpers import params
from helpers.params.values import layers

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from helpers.sources import SourceInfo
    from helpers.sources.account import TableAccount

_BOUNDS = {"ge": "≥ ", "gt": "> ", "le": "≤ ", "lt": "< ", "min_length": "length ≥ ",
           "max_length": "length ≤ ", "pattern": "", "multiple_of": "multiple of "}  # fmt: skip


def columns(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield rows as lines with aligned columns; the last one is as long as it is."""
    every = [list(map(str, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    for row in every:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def parameters(family: str, source: str | None) -> Iterator[str]:
    """Yield the parameters of a family: name, value, where it stands, type, bounds, meaning.

    Raises:
        UsageError: there is no such family or source.
    """
    kind = params.model(family)
    found = params.resolve(family, source=source)
    origin: dict[str, str] = {}
    for file, values in layers(family, found.source):
        origin |= dict.fromkeys(values, file)
    yield f"{kind.title}: {kind.summary}"
    rows = [("name", "value", "from", "type", "bounds", "meaning")]
    for name, value in found.model_dump(mode="json").items():
        field = kind.model_fields[name]
        where = "--source" if name == "source" and source else origin.get(name, "default")
        kinds, bounds = _type(field.annotation), _bounds(field)
        rows.append((name, _value(value), where, kinds, bounds, field.description or ""))
    yield from columns(rows)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "one of"
    arguments = get_args(annotation)
    if arguments:
        name = getattr(get_origin(annotation), "__name__", "")
        inner = [_type(part) for part in arguments if part is not ...]
        return " or ".join(inner) if name in ("UnionType", "Union") else f"{name} of {inner[0]}"
    return "none" if annotation is type(None) else getattr(annotation, "__name__", str(annotation))


def _bounds(field: "FieldInfo") -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(map(str, get_args(field.annotation)))
    said = [
        f"{sign}{bound}"
        for constraint in field.metadata
        for name, sign in _BOUNDS.items()
        if (bound := getattr(constraint, name, None)) is not None
    ]
    return ", ".join(said)


def source(info: "SourceInfo") -> Iterator[str]:
    """Yield what a source holds, and what cleaning did to every raw row."""
    yield f"{info.label} ({info.source}), {info.first_day} to {info.last_day}"
    if info.note:
        yield info.note
    yield f"snapshot {info.snapshot} in {info.path}"
    yield ""
    rows = [("table", "rows", "columns")]
    rows += [(name, f"{t.rows:,}", ", ".join(t.columns)) for name, t in info.tables.items()]
    yield from columns(rows)
    for table in info.account.tables.values():
        yield ""
        yield from _account(table)


def _account(table: "TableAccount") -> Iterator[str]:
    if table.derived_from:
        yield f"{table.table}: summed up from {table.derived_from}, {table.kept:,} rows"
        return
    yield f"{table.table}: {table.raw:,} raw rows"
    rows = [
        (f"  {entry.outcome}", entry.rule, f"{entry.rows:,}", entry.reason)
        for entry in table.entries
    ]
    yield from columns(rows)


def listed(infos: Iterable["SourceInfo"]) -> Iterator[str]:
    """Yield a line a source."""
    rows = [("source", "from", "to", "tables", "label")]
    for info in infos:
        days = (str(info.first_day), str(info.last_day))
        rows.append((info.source, *days, ", ".join(info.tables), info.label))
    yield from columns(rows)
