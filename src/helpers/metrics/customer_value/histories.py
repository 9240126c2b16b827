"""Purchase histories grouped into distinct (x, t_x, T) rows, as the likelihoods read them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.customer_value.frames import require_columns, require_finite


@dataclass(frozen=True)
class Histories:
    """Distinct histories with the number of customers that share each.

    Attributes:
        x: repeat purchases (int64).
        recency: time of the last purchase, t_x.
        T: time observed.
        weight: customers with this history (float64).
    """

    x: np.ndarray
    recency: np.ndarray
    T: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, summary: pd.DataFrame) -> "Histories":
        """Return the grouped rows of a summary with `frequency`, `recency` and `T`.

        Raises:
            MetricError: a column is missing, the summary is empty, or a history cannot be: a
                negative or broken frequency, recency beyond T or without a repeat purchase.
        """
        require_columns(summary, ("frequency", "recency", "T"), table="summary")
        if summary.empty:
            raise MetricError("a model cannot be fitted to no customers")
        frame = pd.DataFrame(
            {
                name: require_finite(summary, name, table="summary", key="customer_id")
                for name in ("frequency", "recency", "T")
            }
        )
        _refuse_impossible(frame, summary)
        grouped = (
            frame.groupby(["frequency", "recency", "T"], sort=False).size().reset_index(name="n")
        )
        return cls(
            grouped["frequency"].to_numpy(dtype=np.int64),
            grouped["recency"].to_numpy(dtype=float),
            grouped["T"].to_numpy(dtype=float),
            grouped["n"].to_numpy(dtype=float),
        )

    @property
    def customers(self) -> int:
        """Number of customers."""
        return int(self.weight.sum())

    def thinned(self, rows: int) -> "Histories":
        """Return about `rows` of the distinct histories, evenly spread, to screen starts."""
        step = max(1, len(self.x) // rows)
        return Histories(self.x[::step], self.recency[::step], self.T[::step], self.weight[::step])

    def chunks(self, rows: int) -> Iterator["Histories"]:
        """Yield the histories in slices, so that a wide quadrature stays small in memory."""
        for start in range(0, len(self.x), rows):
            part = slice(start, start + rows)
            yield Histories(self.x[part], self.recency[part], self.T[part], self.weight[part])


def _refuse_impossible(frame: pd.DataFrame, summary: pd.DataFrame) -> None:
    x, recency, total = frame["frequency"], frame["recency"], frame["T"]
    slack = 1e-9
    checks = {
        "frequency is no whole number of 0 or more": (x < 0) | (x != x.round()),
        "recency lies before 0 or beyond T": (recency < -slack) | (recency > total + slack),
        "recency is not 0 although there was no repeat purchase": (x == 0) & (recency > slack),
        "recency is 0 although there was a repeat purchase": (x > 0) & (recency <= 0),
    }
    for message, bad in checks.items():
        if bad.any():
            keyed = (
                summary["customer_id"]
                if "customer_id" in summary.columns
                else summary.index.to_series()
            )
            raise MetricError(
                f"summary: {message}, {int(bad.sum()):,} times",
                keys=keyed[bad.to_numpy()].tolist(),
                hint="Build the summary with rfm_summary.",
            )


def log_rising(base: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ln[Γ(base + j) / Γ(base)] for j = 0 … count, and its derivative in `base`.

    The sums ln(base) + ln(base + 1) + … lose nothing for a huge `base`, where the difference of two
    log-gammas keeps no digit.
    """
    terms = base + np.arange(count, dtype=float)
    zero = np.zeros(1)
    return (
        np.concatenate([zero, np.cumsum(np.log(terms))]),
        np.concatenate([zero, np.cumsum(1.0 / terms)]),
    )
