"""What a notebook calls: named KPIs, charts, tables, an explorer, and where it all comes from."""

from helpers.report.explorer import Explorer, Measure
from helpers.report.page import Report
from helpers.report.spec import ChartSpec, bar, dots, heatmap, line, scatter

__all__ = [
    "ChartSpec",
    "Explorer",
    "Measure",
    "Report",
    "bar",
    "dots",
    "heatmap",
    "line",
    "scatter",
]
