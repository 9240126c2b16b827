"""The `mapping:` of `params/sources/<source>.yml`: which raw column is what, and what is cleaned.

These models hold types and bounds; `docs/sources.md` explains the keys with an example.
"""

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from helpers.errors import did_you_mean
from helpers.sources.canonical import TABLES

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Scalar = str | int | float | bool
AsKind = Literal["id", "text", "number", "money", "time", "date"]
FORMATS = {".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "xlsx", ".parquet": "parquet"}


class Strict(BaseModel):
    """A model that refuses unknown keys and says which would be valid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        if isinstance(given, dict):
            for key in given:
                if key not in cls.model_fields:
                    raise ValueError(
                        f"unknown key {key!r}: {did_you_mean(str(key), cls.model_fields)}"
                    )
        return given


class Column(Strict):
    """Where the values of one canonical column come from, and how they are written."""

    column: str | None = None
    literal: Scalar | None = None
    sum: tuple[str, ...] | None = None
    product: tuple[str, ...] | None = None
    kind: AsKind | None = None
    format: str | None = None
    time_zone: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal["", ",", ".", " ", "'"] | None = None
    values: dict[str, str] | None = None
    otherwise: str | None = None
    keep: bool = True

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"column": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = [self.column, self.literal, self.sum, self.product]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("give exactly one of column, literal, sum, product")
        return self

    @property
    def raw(self) -> tuple[str, ...]:
        """The raw columns that the values are made of."""
        return (self.column,) if self.column else self.sum or self.product or ()


class Where(Strict):
    """Which rows a rule is about: one column and one test, or rows that repeat others."""

    column: str | None = None
    missing: bool | None = None
    one_of: tuple[Scalar, ...] | None = None
    starts_with: str | None = None
    matches: str | None = None
    below: float | str | None = None
    at_most: float | str | None = None
    above: float | str | None = None
    at_least: float | str | None = None
    repeats: tuple[str, ...] | None = None
    keep: Literal["first", "last"] = "first"

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        names = set(type(self).model_fields) - {"column", "keep"}
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(sorted(names))}")
        if (self.repeats is None) == (self.column is None):
            raise ValueError("give `column` with a test, or `repeats` alone")
        return self


class Rule(Strict):
    """A named cleaning rule: where, what is done, and why."""

    name: Name
    where: Where
    action: Literal["remove", "quarantine", "correct", "flag"]
    set: dict[str, Scalar] = {}
    negate: tuple[str, ...] = ()
    reason: Annotated[str, Field(min_length=10)]

    @model_validator(mode="after")
    def _correction(self) -> Self:
        if (self.action == "correct") != bool(self.set or self.negate):
            raise ValueError("`action: correct` and only that needs `set` or `negate`")
        return self


class Aggregate(Strict):
    """How a column of a derived table is made from the rows of a group."""

    only: str | None = None
    first: str | None = None
    last: str | None = None
    min: str | None = None
    max: str | None = None
    sum: str | None = None
    count: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"give exactly one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def how(self) -> str:
        """The name of the aggregate."""
        return next(iter(self.model_fields_set))

    @property
    def of(self) -> str:
        """The column of the base table."""
        return str(getattr(self, self.how))


class Csv(Strict):
    """How a CSV file is written."""

    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""

    @field_validator("encoding")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            "".encode(name)
        except LookupError as error:
            raise ValueError(f"Python knows no text encoding {name!r}") from error
        return name

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.thousands == self.decimal:
            raise ValueError("`thousands` and `decimal` cannot be the same sign")
        return self


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
        fixed = spec.kind(column)
        if isinstance(made, Column) and fixed and made.kind not in {None, fixed}:
            raise ValueError(f"{name}.{column} is always of kind {fixed!r}, not {made.kind!r}")


def _check_derived(name: str, table: DerivedTable, tables: dict[str, Any]) -> None:
    base = tables.get(table.derived_from)
    if name == "customers" and table.derived_from == "order_lines":
        if isinstance(tables.get("orders"), FileTable):
            raise ValueError("derive customers from orders, which are read from a file of their own")
    if not isinstance(base, FileTable):
        files = [key for key, other in tables.items() if isinstance(other, FileTable)]
        raise ValueError(
            f"{name} is derived from {table.derived_from!r}, which is no table read from a file: "
            + did_you_mean(table.derived_from, files)
        )
    for used in [table.by, *(made.of for made in table.columns.values())]:
        if used not in base.columns:
            raise ValueError(
                f"{name} uses {table.derived_from}.{used}: {did_you_mean(used, base.columns)}"
            )
