"""Words for the page: what periods and columns are called."""

from collections.abc import Callable, Mapping

import pandas as pd

from helpers.metrics.contracts import Unit
from helpers.periods import Period

Name = Callable[[Period], str]
"""Writes a period in words, as `helpers.report.format.Formatter.period` does for a locale."""


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
    "value_expected": ("Value expected", "currency"),
    "value_made": ("Value brought", "currency"),
    "value_bias": ("Error", "share"),
    "from": ("From", None),
    "until": ("Until", None),
    "low": ("Range from", "currency"),
    "high": ("Range to", "currency"),
    "inside": ("Inside", None),
    "covered": ("Customers inside their own", "share"),
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
