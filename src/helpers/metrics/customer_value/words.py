"""Words for the page: how sentences write a value, and what columns are called."""

from collections.abc import Callable, Mapping

import pandas as pd

from helpers.metrics.contracts import Unit
from helpers.periods import Period

Write = Callable[[float, Unit], str]
"""Writes a value in a unit, as `helpers.report.format.Formatter.value` does for a locale."""
Name = Callable[[Period], str]
"""Writes a period in words, as `helpers.report.format.Formatter.period` does for a locale."""


def plain(value: float, unit: Unit) -> str:
    """Write a value without locale or currency: `12.3%`, `1.2 pp`, `35 days`, `1,234`."""
    match unit:
        case "share":
            return f"{100 * value:.1f}%"
        case "points":
            return f"{100 * value:.1f} pp"
        case "days":
            return f"{value:,.0f} days"
        case "ratio":
            return f"{value:.2f}×"
        case "count":
            return f"{value:,.0f}"
    return f"{value:,.2f}"


def signed(value: float, unit: Unit, write: Write) -> str:
    """Write a change with its sign: `+1.2 pp`, `−$300`."""
    text = write(abs(value), unit)
    return f"+{text}" if value > 0 else f"−{text}" if value < 0 else f"±{text}"


COLUMNS: Mapping[str, tuple[str, Unit | None]] = {
    "customers": ("Customers", "count"),
    "customer_share": ("Of the customers", "share"),
    "revenue": ("Revenue so far", "currency"),
    "revenue_share": ("Of the revenue", "share"),
    "value": ("Revenue so far", "currency"),
    "value_share": ("Of the revenue", "share"),
    "value_per_customer": ("Revenue per customer", "currency"),
    "revenue_per_customer": ("Revenue per customer", "currency"),
    "clv": ("Expected value", "currency"),
    "clv_per_customer": ("Expected value per customer", "currency"),
    "expected": ("Purchases expected", "count"),
    "actual": ("Purchases made", "count"),
    "bias": ("Error", "share"),
    "rmse": ("Error per customer", "number"),
    "expected_revenue": ("Revenue expected", "currency"),
    "actual_revenue": ("Revenue made", "currency"),
    "revenue_bias": ("Error of revenue", "share"),
    "from_segment": ("From", None),
    "to_segment": ("To", None),
    "share": ("Of those in “From”", "share"),
    "start": ("Active at the start", "count"),
    "new": ("New", "count"),
    "reactivated": ("Back again", "count"),
    "lost": ("Lost", "count"),
    "end": ("Active at the end", "count"),
}
"""Column -> heading and unit."""


def headings(frame: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return `labels` and `units` of the frame's columns, as `Report.table` takes them."""
    known = {str(name): COLUMNS[str(name)] for name in frame.columns if str(name) in COLUMNS}
    return {
        "labels": {name: label for name, (label, _) in known.items()},
        "units": {name: unit for name, (_, unit) in known.items() if unit is not None},
    }


AGES: Mapping[str, str] = {"age": "Months since the first", "cohort": "First seen"}
"""Headings of a cohort heatmap."""
