"""From KPI values to the items that a page and the index show."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pandas as pd

from helpers.document import Comparison, Control, KpiItem
from helpers.errors import ReportError, did_you_mean
from helpers.metrics.contracts import Contract, Direction, Kpi
from helpers.periods import Period
from helpers.privacy import few
from helpers.report.format import Formatter

if TYPE_CHECKING:
    from helpers.sources import Tables

_CONTROLS = {"orders.revenue": "ordered_at"}
"""The sums of tables that figures are reconciled with → the column that dates their rows."""

WITHHELD = "Too few customers to publish."


def guarded(kpi: Kpi, period: Period, small: Callable[[Period], bool]) -> Kpi:
    """Return the KPI without what 1 to 7 customers stand behind.

    A value is withheld where the KPI's own number of customers is so small, or, where it declares
    none, where so few bought in the period; a comparison where so few bought then. What is
    withheld keeps a note.
    """
    alone = small(period) if kpi.customers is None else few(kpi.customers)
    if alone:
        return Kpi(kpi.contract, None, note=WITHHELD, assumed=kpi.assumed)
    return replace(
        kpi,
        previous=None if small(period.previous()) else kpi.previous,
        year_before=None if small(period.year_before()) else kpi.year_before,
    )


def control(contract: Contract, data: "Tables", period: Period) -> Control | None:
    """Return the sum that a KPI must equal, taken from the table itself; None where there is none.

    The sum is exact and does not depend on the order of rows.

    Raises:
        ReportError: the contract names a sum that is not known.
    """
    name = contract.reconciles
    if not name:
        return None
    if name not in _CONTROLS:
        raise ReportError(
            f"the KPI {contract.name!r} is to equal {name!r}, which is no sum of a table",
            hint=did_you_mean(name, _CONTROLS),
        )
    table, _, column = name.partition(".")
    rows = data.get(table)
    when, after = rows[_CONTROLS[name]], pd.Timestamp(period.end) + pd.Timedelta(days=1)
    inside = rows.loc[(when >= pd.Timestamp(period.start)) & (when < after), column]
    return Control(name, round(math.fsum(inside.tolist()), 6))


def item(kpi: Kpi, period: Period, fmt: Formatter, *, control: Control | None = None) -> KpiItem:
    """Return a KPI with its text, interval, comparisons and what it must equal."""
    contract = kpi.contract
    low, high = kpi.low, kpi.high
    interval = ""
    if low is not None and high is not None:
        interval = f"{fmt.value(low, contract.unit)} to {fmt.value(high, contract.unit)}"
    return KpiItem(
        name=contract.name,
        label=contract.label,
        unit=contract.unit,
        value=kpi.value,
        text=fmt.value(kpi.value, contract.unit),
        definition=contract.definition,
        interval_text=interval,
        low=low,
        high=high,
        level=kpi.level,
        note=kpi.note,
        assumed=kpi.assumed,
        previous=_comparison(kpi, kpi.previous, period.previous(), fmt),
        year_before=_comparison(kpi, kpi.year_before, period.year_before(), fmt),
        control=control,
    )


def _comparison(
    kpi: Kpi, before: float | None, period: Period, fmt: Formatter
) -> Comparison | None:
    if kpi.value is None or before is None:
        return None
    unit = kpi.contract.unit
    change, text = fmt.change(kpi.value, before, unit)
    return Comparison(
        period=str(period),
        period_text=fmt.period(period),
        value=before,
        text=fmt.value(before, unit),
        change=None if change is None else round(change, 6),
        change_text=text,
        verdict=_verdict(kpi.value - before, kpi.contract.higher_is),
    )


def _verdict(change: float, higher_is: Direction) -> Literal["better", "worse", "neutral"]:
    if change == 0 or higher_is == "neutral":
        return "neutral"
    good = (change > 0) == (higher_is == "better")
    return "better" if good else "worse"
