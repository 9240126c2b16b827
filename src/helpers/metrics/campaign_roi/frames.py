"""Check the tables that the family reads."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from helpers.errors import MetricError


def require_columns(frame: pd.DataFrame, columns: Iterable[str], *, table: str) -> None:
    """Raise unless the frame has the columns.

    Raises:
        MetricError: a column is missing; the message names those that are there.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise MetricError(
            f"the table `{table}` has no such column",
            column=missing[0],
            hint=f"It has: {', '.join(map(str, frame.columns))}.",
        )


def numbers(frame: pd.DataFrame, column: str, *, table: str) -> np.ndarray:
    """Return a column as float64.

    Raises:
        MetricError: a value is missing, infinite or no number; the message names the first rows.
    """
    found = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = ~np.isfinite(found)
    if bad.any():
        raise MetricError(
            f"the table `{table}` has {int(bad.sum()):,} missing or infinite values",
            column=column,
            keys=frame.index[bad],
            hint="Give a customer without a purchase the value 0; leave out no customer.",
        )
    return found


def day_numbers(times: pd.Series) -> np.ndarray:
    """Return dates or local times as whole days since 1970-01-01 (int64)."""
    return pd.to_datetime(times).to_numpy(dtype="datetime64[D]").astype(np.int64)


def ratio(above: pd.Series, below: pd.Series) -> pd.Series:
    """Return above / below as float64; NaN where the denominator is zero or missing."""
    bottom = below.astype(float)
    return above.astype(float) / bottom.where(bottom != 0)
