"""How sentences write a value: a report passes its own formatter, tests and scripts need none."""

from collections.abc import Callable

from helpers.metrics.contracts import Unit

Write = Callable[[float, Unit], str]
"""Writes a value in a unit, as `helpers.report.format.Formatter.value` does for a locale."""


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
    """Write a change with its sign: `+1.2%`, `−300`; one that rounds to nothing has none: `±0`."""
    text = write(abs(value), unit)
    if text == write(0.0, unit):
        return f"±{text}"
    return f"+{text}" if value > 0 else f"−{text}"
