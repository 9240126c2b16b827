"""The JSON form of a report's blocks: written into notebooks, checked when it is read."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from helpers.document import (
    VERSION,
    Block,
    Caption,
    Chart,
    Column,
    Comparison,
    Control,
    Definitions,
    KpiItem,
    Kpis,
    Provenance,
    Table,
    Text,
    Title,
)
from helpers.errors import PublishError


def as_json(block: Block) -> dict[str, Any]:
    """Return the JSON form of a block; a KPI without a control has no field for it."""
    found = {"version": VERSION, **_fields(block)}
    if isinstance(block, Kpis):
        for item in found["items"]:
            if item["control"] is None:
                del item["control"]
    return found


def _fields(block: Any) -> dict[str, Any]:
    return {each.name: _form(getattr(block, each.name)) for each in fields(block)}


def _form(value: Any) -> Any:
    """Return a field's JSON form; rows are the block's own, not copies: nobody changes them."""
    if is_dataclass(value):
        return _fields(value)
    if isinstance(value, list) and any(map(is_dataclass, value)):
        return [_form(each) for each in value]
    return value


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
