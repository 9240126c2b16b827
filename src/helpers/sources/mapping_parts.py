"""The small parts of a mapping: columns, rules, aggregates, and how a CSV file is written."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from helpers.errors import did_you_mean

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Scalar = str | int | float | bool | date
Bound = float | date | str
_SAMPLE = datetime(2017, 11, 23, 14, 5, 6, 123456, tzinfo=UTC)
AsKind = Literal["id", "text", "number", "money", "time", "date"]


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

    @field_validator("format")
    @classmethod
    def _tells_the_day(cls, form: str | None) -> str | None:
        if form is not None:
            try:
                read = datetime.strptime(_SAMPLE.strftime(form), form)
            except (ValueError, re.error) as error:
                raise ValueError(f"{form!r} reads no date: {error}") from error
            if read.date() != _SAMPLE.date():
                raise ValueError(f"{form!r} does not tell year, month and day of a date")
        return form

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = [self.column, self.literal, self.sum, self.product]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("give exactly one of column, literal, sum, product")
        return self

    @property
    def resolved_kind(self) -> AsKind:
        """The kind of an attribute: as declared, else a number if computed, else text."""
        return self.kind or ("number" if self.sum or self.product else "text")

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
    below: Bound | None = None
    at_most: Bound | None = None
    above: Bound | None = None
    at_least: Bound | None = None
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
        try:
            re.compile(self.matches or "")
        except re.error as error:
            raise ValueError(f"`matches` is no regular expression: {error}") from error
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
