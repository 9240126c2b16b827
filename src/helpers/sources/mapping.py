"""The `mapping:` of `params/sources/<source>.yml`: which file and column is what in which table.

These models hold types and bounds; `docs/sources.md` explains the keys with an example.
"""

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from helpers.errors import did_you_mean
from helpers.sources.canonical import TABLES, Kind
from helpers.sources.mapping_parts import Aggregate, Column, Csv, Name, Rule, Share, Strict

FORMATS = {".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "xlsx", ".parquet": "parquet"}


class FileTable(Strict):
    """A canonical table read from one file, or several of one form."""

    file: str
    format: Literal["csv", "xlsx", "parquet"] | None = None
    csv: Csv = Csv()
    sheet: str | None = None
    columns: dict[Name, Column]
    rules: tuple[Rule, ...] = ()
    may_be_empty: bool = False
    quarantined: Share | None = None

    @field_validator("file")
    @classmethod
    def _inside(cls, name: str) -> str:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            raise ValueError("a file is named relative to the source's data folder, without `..`")
        return name

    @model_validator(mode="after")
    def _rules(self) -> Self:
        names = [rule.name for rule in self.rules]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two rules are called {sorted(twice)[0]!r}")
        for rule in self.rules:
            where = [rule.where.column] if rule.where.column else list(rule.where.repeats or ())
            for name in [*where, *rule.set, *rule.negate]:
                if name not in self.columns:
                    raise ValueError(
                        f"rule {rule.name!r} speaks of {name!r}; "
                        + did_you_mean(name, self.columns)
                    )
        return self

    @property
    def kind_of_file(self) -> str:
        """The declared format, or the one that the file's name says."""
        return self.format or FORMATS.get(PurePosixPath(self.file).suffix.lower(), "")


class DerivedTable(Strict):
    """A canonical table summed up from another one: orders from their lines.

    The column it is grouped by becomes the table's key.
    """

    derived_from: str
    by: str
    columns: dict[Name, Aggregate]


class Limits(Strict):
    """The quality gate: over these shares of rows the data is refused."""

    quarantined: Share = 0.01
    unreconciled: Share = 0.0


def _file_or_derived(given: Any) -> str:
    derived = "derived_from" in given if isinstance(given, dict) else hasattr(given, "derived_from")
    return "derived" if derived else "file"


Table = Annotated[
    Annotated[FileTable, Tag("file")] | Annotated[DerivedTable, Tag("derived")],
    Discriminator(_file_or_derived),
]


class Mapping(Strict):
    """From raw extracts to canonical tables."""

    tables: dict[str, Table] = Field(min_length=1)
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _canonical(self) -> Self:
        for name, table in self.tables.items():
            if name not in TABLES:
                raise ValueError(f"{name!r} is no canonical table: {did_you_mean(name, TABLES)}")
            _check_columns(name, table)
            if isinstance(table, DerivedTable):
                _check_derived(name, table, self.tables)
        return self


def _check_columns(name: str, table: FileTable | DerivedTable) -> None:
    spec = TABLES[name]
    kept = {
        column for column, made in table.columns.items() if isinstance(made, Aggregate) or made.keep
    }
    if isinstance(table, DerivedTable):
        kept |= set(spec.key[:1])  # the column it is grouped by
    missing = sorted(set(spec.columns) - kept)
    if missing:
        raise ValueError(
            f"{name} needs the column {missing[0]!r}; it maps {', '.join(sorted(kept))}"
        )
    for column, made in table.columns.items():
        if isinstance(made, Column):
            _check_kind(f"{name}.{column}", made, spec.kind(column))


# Which kinds of column a key makes sense for.
_MEANT_FOR = {
    "format": {"time", "date"},
    "time_zone": {"time"},
    "decimal": {"number", "money"},
    "thousands": {"number", "money"},
    "values": {"text", "id"},
    "otherwise": {"text", "id"},
    "sum": {"number", "money"},
    "product": {"number", "money"},
}


def _check_kind(place: str, made: Column, fixed: str | None) -> None:
    if fixed and made.kind not in {None, fixed}:
        raise ValueError(f"{place} is always of kind {fixed!r}, not {made.kind!r}")
    kind = fixed or made.resolved_kind
    for key, kinds in _MEANT_FOR.items():
        if getattr(made, key) is not None and kind not in kinds:
            raise ValueError(
                f"{place} is of kind {kind!r}, and `{key}` is for {' or '.join(sorted(kinds))}"
            )


# Kinds that are stored alike.
_ALIKE = {"id": "text", "text": "text", "money": "number", "number": "number"} | {
    "time": "time",
    "date": "time",
}


def _check_derived(name: str, table: DerivedTable, tables: dict[str, Any]) -> None:
    base = tables.get(table.derived_from)
    if (name, table.derived_from) == ("customers", "order_lines") and isinstance(
        tables.get("orders"), FileTable
    ):
        raise ValueError("derive customers from orders, which have a file of their own")
    if not isinstance(base, FileTable):
        files = [key for key, other in tables.items() if isinstance(other, FileTable)]
        raise ValueError(
            f"{name} is derived from {table.derived_from!r}, which is no table read from a file: "
            + did_you_mean(table.derived_from, files)
        )
    if not TABLES[name].key:
        raise ValueError(f"{name} has no id to be grouped by: map a file")
    for used in [table.by, *(made.of for made in table.columns.values())]:
        if used not in base.columns:
            raise ValueError(
                f"{name} uses {table.derived_from}.{used}: {did_you_mean(used, base.columns)}"
            )
    if _kind(table.derived_from, base, table.by) not in {"id", "text"}:
        raise ValueError(f"{name} is grouped by {table.by!r}, which is no id")
    for column, made in table.columns.items():
        kind = _kind(table.derived_from, base, made.of)
        if made.how == "sum" and kind not in {"number", "money"}:
            raise ValueError(
                f"{name}.{column} cannot sum {table.derived_from}.{made.of}, which is {kind}"
            )
        fixed = TABLES[name].kind(column)
        given = "number" if made.how == "count" else kind
        if fixed and _ALIKE[fixed] != _ALIKE[given]:
            raise ValueError(
                f"{name}.{column} is a {fixed}, and {table.derived_from}.{made.of} a {given}"
            )


def _kind(name: str, table: FileTable, column: str) -> Kind:
    return TABLES[name].kind(column) or table.columns[column].resolved_kind
