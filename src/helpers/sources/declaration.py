"""Read `params/sources/<source>.yml`: label, note, local time zone and the checked mapping."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import ValidationError

from helpers import paths
from helpers.errors import ParameterError, UsageError, did_you_mean
from helpers.sources.mapping import FileTable, Mapping

_KEYS = {"label", "note", "params", "mapping"}
_TAGS = {"file", "derived"}  # pydantic names the chosen model in an error's place


@dataclass(frozen=True)
class Declaration:
    """What a source's file declares.

    Attributes:
        source: its name: the file's stem and the name of its folder of raw extracts.
        label: what titles call it.
        note: one sentence on what it cannot support.
        time_zone: the local zone that times are told in; None where nothing is converted.
        mapping: from raw columns to canonical tables.
    """

    source: str
    label: str
    note: str
    time_zone: str | None
    mapping: Mapping
    path: Path

    @property
    def folder(self) -> Path:
        """The folder of the source's raw extracts."""
        return paths.data() / self.source


def available() -> list[str]:
    """Return the names of the mapped sources, those that `params/sources/` holds."""
    return sorted(path.stem for path in (paths.params() / "sources").glob("*.yml"))


def read_declaration(source: str) -> Declaration:
    """Return what `params/sources/<source>.yml` declares, checked.

    Raises:
        UsageError: there is no such source.
        ParameterError: the file is no YAML, or a key or value in it is not valid; the message
            names the place and the valid names.
    """
    if source not in available():
        raise UsageError(f"no source is called {source!r}", hint=did_you_mean(source, available()))
    path = paths.params() / "sources" / f"{source}.yml"
    try:
        given = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParameterError(f"cannot be read as YAML in UTF-8: {error}", file=path) from error
    if not isinstance(given, dict):
        raise ParameterError("must hold the keys label, note, params and mapping", file=path)
    for key in given:
        if key not in _KEYS:
            raise ParameterError(
                f"unknown key {key!r}", file=path, hint=did_you_mean(str(key), _KEYS)
            )
    zone = (given.get("params") or {}).get("time_zone")
    mapping = _mapping(given.get("mapping"), path)
    _check_zones(mapping, zone, path)
    return Declaration(
        source=source,
        label=_text(given, "label", path),
        note=_text(given, "note", path),
        time_zone=zone,
        mapping=mapping,
        path=path,
    )


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader, in C where PyYAML has it, that refuses a key given twice.

    YAML lets the last one win, and a rule or a column would be gone without a word.
    """

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of a node."""
        keys = [key.value for key, _ in node.value]
        twice = next((key for n, key in enumerate(keys) if key in keys[:n]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {twice!r} is given twice", node.start_mark
            )
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]


def _text(given: dict[str, Any], key: str, path: Path) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ParameterError(f"needs a text {key!r}", file=path, hint=f"Add `{key}: …`.")
    return " ".join(value.split())


def _mapping(given: Any, path: Path) -> Mapping:
    if not isinstance(given, dict):
        raise ParameterError("has no `mapping:`", file=path, hint="See docs/sources.md.")
    try:
        return Mapping.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in _TAGS)
        message = first["msg"].removeprefix("Value error, ")
        raise ParameterError(
            f"{'.'.join(filter(None, ['mapping', place]))}: {message}",
            file=path,
            hint="docs/sources.md explains every key.",
        ) from error


def _check_zones(mapping: Mapping, local: object, path: Path) -> None:
    zones = [
        (f"{name}.{column}", made.time_zone)
        for name, table in mapping.tables.items()
        if isinstance(table, FileTable)
        for column, made in table.columns.items()
        if made.time_zone
    ]
    if zones and not local:
        raise ParameterError(
            f"{zones[0][0]} is in {zones[0][1]}, and no local time zone is declared",
            file=path,
            hint="Add `time_zone: Area/City` under `params:`.",
        )
    for place, zone in [*zones, ("params.time_zone", local)]:
        try:
            if zone is not None:
                ZoneInfo(str(zone))
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ParameterError(
                f"{place}: {zone!r} is no IANA time zone", file=path, hint="Such as Europe/Berlin."
            ) from error
