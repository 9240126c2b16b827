"""Nothing about a single customer: what a report may show, and what it suppresses."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from helpers.document import GRAINS
from helpers.errors import DisclosureError, did_you_mean
from helpers.privacy import MINIMUM_CUSTOMERS, identifies

Columns = str | Sequence[str] | None
"""The column, or the columns, that count customers."""

_COUNTED = {"segment", "cohort", "store", "bin"}


class Protected(NamedTuple):
    """What may be shown: the frame, the small groups left out, and those left out with them."""

    frame: pd.DataFrame
    small: int
    beside: int

    @property
    def hidden(self) -> int:
        """How many rows are not shown."""
        return self.small + self.beside

    @property
    def note(self) -> str:
        """Say what is not shown and why; empty where nothing is."""
        few = f"fewer than {MINIMUM_CUSTOMERS} customers"
        if not self.beside:
            return f"{self.small} with {few} not shown." if self.small else ""
        return (
            f"{self.hidden} not shown: {self.small} with {few}, {self.beside} from which "
            "they could be worked out."
        )


def protect(
    frame: pd.DataFrame,
    *,
    grain: str,
    customers: Columns,
    title: str,
    within: Sequence[str] | None = None,
) -> Protected:
    """Return the frame without groups of 1 to 7 customers, and what else would tell of them.

    A row is small where any of its counts is 1 to 7 or unknown; a true 0 is nobody. Rows that add
    up to a known total give a hidden one away as the rest, so while the hidden ones of a total
    hold fewer than 8 customers together, the next smallest is hidden too.

    Args:
        frame: one row a group.
        grain: what one row is about, one of `helpers.document.GRAINS`.
        customers: the columns with the numbers of customers behind each row; required for groups
            of customers (segment, cohort, store, bin).
        title: of the table or chart, for the error.
        within: columns; the rows with the same values in them add up to a total. None where
            nothing adds up.

    Raises:
        DisclosureError: a row would be about a single customer, or nothing says how many
            customers stand behind it.
    """
    _refuse_single(frame, grain, title)
    names = [customers] if isinstance(customers, str) else list(customers or ())
    if not names:
        if grain in _COUNTED:
            raise DisclosureError(
                f"{title!r}: rows of grain {grain!r} need the number of customers behind them",
                hint="Pass customers=COLUMN.",
            )
        return Protected(frame.reset_index(drop=True), 0, 0)
    for name in names:
        if name not in frame.columns:
            raise DisclosureError(
                f"{title!r} has no column {name!r}",
                hint=did_you_mean(name, map(str, frame.columns)),
            )
    rows = frame.reset_index(drop=True)
    fewest = smallest(rows, names)
    small = ~fewest.eq(0) & ~fewest.ge(MINIMUM_CUSTOMERS)
    hidden = small.copy()
    if within is not None and small.any():
        keys = [rows[name] for name in within] or [pd.Series(0, index=rows.index)]
        for _, part in fewest.groupby(keys, dropna=False, sort=False):
            hidden[_beside(part, small[part.index])] = True
    beside = int(hidden.sum() - small.sum())
    return Protected(rows.loc[~hidden].reset_index(drop=True), int(small.sum()), beside)


def smallest(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Return the smallest count of each row that is not 0; 0 if all are, NaN if one is unknown.

    What is no number, negative or infinite is unknown.
    """
    counts = pd.DataFrame({n: pd.to_numeric(frame[n], errors="coerce") for n in names})
    counts = counts.astype(float)
    known = counts.ge(0) & counts.lt(float("inf"))
    least = counts.where(counts.ne(0)).min(axis=1).fillna(0.0)
    return least.where(known.all(axis=1))


def _refuse_single(frame: pd.DataFrame, grain: str, title: str) -> None:
    if grain not in GRAINS:
        raise DisclosureError(
            f"{title!r}: a report shows no rows of grain {grain!r}",
            hint=f"Summarise first. {did_you_mean(grain, GRAINS)}",
        )
    named = [name for name in map(str, frame.columns) if identifies(name)]
    if named:
        raise DisclosureError(
            f"{title!r} would show customers",
            column=named[0],
            hint="Summarise to segments; a list for the analyst goes through helpers.private.",
        )


def _beside(counts: pd.Series, small: pd.Series) -> list[int]:
    """Return the rows of one total to hide besides its small ones, smallest first."""
    if not small.any():
        return []
    together = float(counts[small].fillna(0.0).sum())
    more: list[int] = []
    for place, count in counts[~small & counts.gt(0)].sort_values(kind="stable").items():
        if together >= MINIMUM_CUSTOMERS:
            break
        together += count
        more.append(int(str(place)))
    return more
