"""From KPI values to the items that a page and the index show."""

from typing import Literal

from helpers.document import Comparison, KpiItem
from helpers.metrics.contracts import Direction, Kpi
from helpers.periods import Period
from helpers.report.format import Formatter


def item(kpi: Kpi, period: Period, fmt: Formatter) -> KpiItem:
    """Return a KPI with its text, interval and comparisons."""
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
