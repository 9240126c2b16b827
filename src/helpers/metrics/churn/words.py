"""How churn writes a change: one that rounds to nothing has no direction."""

from helpers.metrics.contracts import Unit
from helpers.metrics.writing import Write


def signed(value: float, unit: Unit, write: Write) -> str:
    """Write a change with its sign: `+1.2 pp`, `−$300`."""
    text = write(abs(value), unit)
    if text == write(0.0, unit):
        return f"±{text}"
    return f"+{text}" if value > 0 else f"−{text}"
