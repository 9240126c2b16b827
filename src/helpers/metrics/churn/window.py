"""The window of silence after which a customer counts as lapsed, chosen from the pauses seen."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.visits import Visits, arrays, number

Basis = Literal["data", "history", "given", "assumed"]
FALLBACK_DAYS = 91  # a quarter; used, and said so, where nobody ever came back


@dataclass(frozen=True)
class Window:
    """The chosen window.

    Attributes:
        days: days without a purchase after which a customer counts as lapsed.
        basis: `data` (from the pauses), `history` (cut short by the length of the history),
            `given` (a parameter), `assumed` (nobody came back, or hardly any history).
        covers: share of the pauses that ended which ended within it, each customer weighing the
            same; NaN where no pause ended.
        pauses: number of pauses that ended.
        customers: number of customers they belong to.
        wanted: days that the pauses alone would have asked for; equals `days` but for `history`.
    """

    days: int
    basis: Basis
    covers: float
    pauses: int
    customers: int
    wanted: int

    @property
    def sentence(self) -> str:
        """Say in plain words what the window is and where it comes from."""
        what = f"A customer counts as lapsed after {self.days} days without a purchase"
        seen = f"{self.covers:.0%} of the pauses that ended were no longer than that"
        if self.basis == "given":
            tail = f"; {seen}" if self.pauses else ""
            return f"{what}, as set by the report's parameters{tail}."
        if self.basis == "assumed":
            return f"{what}. This is an assumption: too few customers came back to measure a pause."
        if self.basis == "history":
            return (
                f"{what}. The pauses seen would ask for {self.wanted} days, but the history is too "
                f"short for that; {seen}."
            )
        return f"{what}: {seen}, each customer counted once."


def pauses(visits: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """Return the distribution of the pauses between two purchase days of a customer.

    Formula: share(d) = Σ weight of pauses of at most d days; each pause of a customer with k pauses
    weighs 1/k, so that every customer who came back counts once.

    Columns out: `days` int64, `pauses` int64 (of exactly that length), `customers` int64 (with a
    pause of that length), `share` float64 (cumulative, 0 to 1).

    Grain: one row per length of pause. Pauses still open at `as_of` do not count: this is the
    distribution of those that ended. Empty where nobody came back.
    """
    length, weight, customer = _ended(arrays(visits, as_of=as_of))
    table = pd.DataFrame({"days": length, "weight": weight, "customer": customer})
    if table.empty:
        return pd.DataFrame({"days": [], "pauses": [], "customers": [], "share": []}).astype(
            {"days": "int64", "pauses": "int64", "customers": "int64", "share": "float64"}
        )
    grouped = table.groupby("days")
    result = pd.DataFrame(
        {
            "pauses": grouped.size(),
            "customers": grouped["customer"].nunique(),
            "share": grouped["weight"].sum().cumsum(),
        }
    ).reset_index()
    return result.assign(share=(result["share"] / result["share"].iloc[-1]).round(12))


def choose_window(
    visits: pd.DataFrame, *, as_of: date, cover: float = 0.9, given: int | None = None
) -> Window:
    """Return the window after which silence counts as a lapse.

    Formula: the least number of whole weeks that covers `cover` of the pauses that ended (each
    customer weighing the same), but at most a third of the history, in whole weeks: a window
    that cannot be seen three times (to know a customer, to learn, to test) cannot be checked.
    `given` overrides all.

    Raises:
        MetricError: `given` is below 1, or `cover` not between 0 and 1.
    """
    if given is not None and given < 1:
        raise MetricError(f"a window of {given} days", hint="Give at least 1 day.")
    if not 0 < cover < 1:
        raise MetricError(f"cover = {cover} is not between 0 and 1", hint="0.9 is usual.")
    rows = arrays(visits, as_of=as_of)
    length, weight, customer = _ended(rows)
    seen = (len(length), len(np.unique(customer)))
    if given is not None:
        return Window(given, "given", _covered(length, weight, given), *seen, given)
    history = number(as_of) - int(rows.day.min()) + 1 if len(rows.day) else 0
    limit = max(history // 3 // 7 * 7, 7)
    if seen[1] < 8:
        days = min(FALLBACK_DAYS, limit)
        return Window(days, "assumed", _covered(length, weight, days), *seen, FALLBACK_DAYS)
    order = np.argsort(length, kind="stable")
    reached = np.cumsum(weight[order])
    at = int(np.searchsorted(reached, cover * reached[-1] - 1e-9))
    wanted = int(-(-int(length[order][min(at, len(order) - 1)]) // 7) * 7)
    days = min(wanted, limit)
    basis: Basis = "data" if days == wanted else "history"
    return Window(days, basis, _covered(length, weight, days), *seen, wanted)


def _ended(rows: Visits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return length, weight and customer of each pause that ended."""
    inner = ~rows.starts
    length = np.diff(rows.day, prepend=0)[inner]
    customer = rows.customer[inner]
    count = np.bincount(customer, minlength=len(rows.ids))
    return length, 1.0 / count[customer], customer


def _covered(length: np.ndarray, weight: np.ndarray, days: int) -> float:
    total = weight.sum()
    return float(weight[length <= days].sum() / total) if total > 0 else float("nan")
