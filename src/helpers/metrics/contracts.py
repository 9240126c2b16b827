"""KPI contracts: what a figure means, in one place that page, glossary and tests read."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from helpers.errors import MetricError, did_you_mean

Unit = Literal["currency", "count", "share", "points", "ratio", "days", "number"]
Direction = Literal["better", "worse", "neutral"]


@dataclass(frozen=True)
class Contract:
    """The definition of a KPI.

    Attributes:
        name: snake_case, unique over all families.
        label: what the page calls it.
        unit: `currency` (in the report's currency), `count`, `share` (0 to 1, shown in %),
            `points` (a difference of shares), `ratio` (shown with a multiplication sign), `days`,
            `number`.
        definition: one or two plain sentences for a manager.
        formula: the exact computation.
        denominator: what it is a share of, where it is one.
        exclusions: which rows or customers do not count.
        higher_is: whether more of it is good news.
        precision: decimals it is recorded with (of the raw value: a share of .1234 needs 4).
        owner: who answers for the definition: a function such as Finance. Every KPI has one.
        reconciles: the sum over the period of a source's table that it must equal, such as
            `orders.revenue`: no report is published that disagrees with it, or with another one.
    """

    name: str
    label: str
    unit: Unit
    definition: str
    formula: str
    denominator: str = ""
    exclusions: str = ""
    higher_is: Direction = "better"
    precision: int = 2
    owner: str = ""
    reconciles: str = ""


@dataclass(frozen=True)
class Kpi:
    """One value of a contract, for one period.

    `value` is None where the data cannot support it, and `note` then says why. `low` and `high`
    are an interval that covers `level` percent. `assumed` is True where the value rests on a
    parameter and not on data. `customers` is the number behind the value where it is not those
    who bought in the period: a page withholds the figures of fewer than 8.
    """

    contract: Contract
    value: float | None
    low: float | None = None
    high: float | None = None
    previous: float | None = None
    year_before: float | None = None
    note: str = ""
    assumed: bool = False
    level: int = 95
    customers: int | None = None

    def __post_init__(self) -> None:
        for field in ("value", "low", "high", "previous", "year_before"):
            given = getattr(self, field)
            clean = None if given is None or not math.isfinite(given) else float(given)
            rounded = None if clean is None else round(clean, self.contract.precision) + 0.0
            object.__setattr__(self, field, rounded)


def by_name(contracts: Iterable[Contract], name: str) -> Contract:
    """Return the contract of that name.

    Raises:
        MetricError: there is none.
    """
    known = {contract.name: contract for contract in contracts}
    if name not in known:
        raise MetricError(f"no KPI is called {name!r}", hint=did_you_mean(name, known))
    return known[name]
