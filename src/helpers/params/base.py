"""The parameters that every report has, with their types and bounds."""

import re
from datetime import date
from functools import lru_cache
from typing import Annotated, ClassVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from helpers.errors import PeriodError
from helpers.periods import Period


def _period_text(given: object) -> object:
    return str(given) if isinstance(given, int) else given  # YAML reads the year 2017 as a number


def _period(text: str) -> str:
    try:
        return str(Period.parse(text))
    except PeriodError as error:
        raise ValueError(error.message) from error


def _currency(code: str) -> str:
    from babel.numbers import list_currencies

    if code not in list_currencies("en"):
        raise ValueError(f"{code!r} is no ISO 4217 currency code such as USD, EUR or GBP")
    return code


def _locale(name: str) -> str:
    from babel.core import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(name.replace("-", "_")))
    except (UnknownLocaleError, ValueError) as error:
        raise ValueError(f"{name!r} is no locale such as en_US or de_DE") from error


@lru_cache
def _zones() -> set[str]:
    return available_timezones()


def _time_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError(f"{name!r} is no IANA time zone such as Europe/Berlin")
    return name


def _slice(text: str) -> str:
    if text != "all" and not re.fullmatch(r"\w+=.+", text):
        raise ValueError(f"{text!r} is neither `all` nor `attribute=value`")
    return text


class BaseParams(BaseModel):
    """Types and bounds of the parameters shared by all families; values live in `params/*.yml`.

    A family derives its own `Params` and sets `title`, `summary` and `needs`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    title: ClassVar[str]
    summary: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ("orders",)
    """The canonical tables without which the report does not apply to a source."""
    keeps_predictions: ClassVar[bool] = False
    """Whether the report keeps what it predicts and judges what earlier ones predicted (see
    `helpers.predictions`): then its periods run in order."""

    period: Annotated[str, BeforeValidator(_period_text), AfterValidator(_period)] = Field(
        description="month 2017-09, quarter 2017Q3, ISO week 2017-W38 or year 2017"
    )
    source: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = Field(
        description="a file of params/sources/"
    )
    slice: Annotated[str, AfterValidator(_slice)] = Field(
        description="`all`, or `attribute=value` over the customers' attributes"
    )
    currency: Annotated[str, AfterValidator(_currency)] = Field(description="ISO 4217 code")
    locale: Annotated[str, AfterValidator(_locale)] = Field(
        description="how numbers and dates are written"
    )
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(description="IANA name")

    @property
    def family(self) -> str:
        """The report family: the name of the module that the model stands in."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def span(self) -> Period:
        """The period as a span of days."""
        return Period.parse(self.period)

    @property
    def as_of(self) -> date:
        """The last day whose rows the report may see."""
        return self.span.as_of


class MarginParams(BaseParams):
    """The parameters of a family whose figures rest on a margin: one margin, the same for all."""

    margin: float = Field(gt=0, le=1, description="assumed gross margin, a share of sales")
