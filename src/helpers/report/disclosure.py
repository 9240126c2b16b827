"""Nothing about a single customer: what a report may show, and what it suppresses."""

import pandas as pd

from helpers.document import GRAINS
from helpers.errors import DisclosureError, did_you_mean
from helpers.privacy import MINIMUM_CUSTOMERS, identifies

_COUNTED = {"segment", "cohort", "store", "bin"}


def protect(
    frame: pd.DataFrame, *, grain: str, customers: str | None, title: str
) -> tuple[pd.DataFrame, int]:
    """Return the frame without groups of 1 to 7 customers, and how many rows that took.

    Args:
        frame: one row a group.
        grain: what one row is about, one of `helpers.document.GRAINS`.
        customers: the column with the number of customers behind each row; required for groups
            of customers (segment, cohort, store, bin).
        title: of the table or chart, for the error.

    Raises:
        DisclosureError: a row would be about a single customer, or nothing says how many
            customers stand behind it.
    """
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
    if customers is None:
        if grain in _COUNTED:
            raise DisclosureError(
                f"{title!r}: rows of grain {grain!r} need the number of customers behind them",
                hint="Pass customers=COLUMN.",
            )
        return frame, 0
    if customers not in frame.columns:
        raise DisclosureError(
            f"{title!r} has no column {customers!r}",
            hint=did_you_mean(customers, map(str, frame.columns)),
        )
    counts = pd.to_numeric(frame[customers], errors="coerce").fillna(0)
    small = counts.between(0, MINIMUM_CUSTOMERS, inclusive="neither")
    return frame.loc[~small].reset_index(drop=True), int(small.sum())
