"""Read `params/sources/<source>.yml`: label, note, local time zone and the checked mapping."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from helpers import paths
from helpers.errors import ParameterError, UsageError, did_you_mean
from helpers.params.files import read_yaml
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
    given = read_yaml(path)
    for key in given:
        if key not in _KEYS:
            raise ParameterError(
                f"unknown key {key!r}", file=path, hint=did_you_mean(str(key), _KEYS)
            )
    own = given.get("params") or {}
    if not isinstance(own, dict):
        raise ParameterError("`params:` must hold `name: value` lines", file=path)
    zone = own.get("time_zone")
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
