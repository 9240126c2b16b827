"""Canonical tables summed up from another one: orders and customers from invoice lines.

A row that changes with later lines stands once for each day on which it did, so that a report for
an earlier period sees it as it was known then.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.sources.canonical import TABLES
from helpers.sources.mapping import DerivedTable
from helpers.sources.mapping_parts import Aggregate
from helpers.sources.schemas import DTYPES
from helpers.sources.work import day_ranks

_MONEY_DECIMALS = 4


@dataclass(frozen=True)
class Derived:
    """A table that is summed up: the rows of its groups, and the day each is known from."""

    name: str
    frame: pd.DataFrame
    days: Any

    @property
    def key(self) -> str:
        """The column whose last row counts."""
        return TABLES[self.name].key[0]

    @property
    def first(self) -> np.ndarray:
        """Which rows are the first of their group."""
        return ~self.frame[self.key].duplicated().to_numpy(bool)


def derive(name: str, plan: DerivedTable, base: pd.DataFrame, days: Any) -> Derived:
    """Return the groups of the base table, with one row for each day that changed one.

    A row holds what the group's base rows up to its day come to. `first` and `last` follow the
    base's time, and within it the order of the extract; sums are taken in an order that does not
    depend on it, so that they are the same to the last bit.

    Args:
        name: the derived table.
        plan: how it is summed up.
        base: the rows it is made from, each with the id it is grouped by.
        days: datetime64[D], the day from which each base row is known; NaT comes last.
    """
    group, ids = pd.factorize(base[plan.by], sort=True)
    known = day_ranks(days)
    times = [
        day_ranks(base[column].to_numpy("datetime64[ns]"))
        for column in reversed([str(column) for column in base])
        if str(base[column].dtype) == "datetime64[ns]"
    ]
    place = np.lexsort([*times, known, group])
    ends = _last_of_day(group[place], known[place])
    made = {}
    for column, how in plan.columns.items():
        values = base[how.of]
        at = place
        if how.how == "sum":
            at = np.lexsort([values.to_numpy("float64"), known, group])
        made[column] = _running(how, values.iloc[at], group[at]).iloc[ends].reset_index(drop=True)
    owner, since = group[place][ends], days[place][ends]
    frame = pd.DataFrame(made)
    key = pd.Series(np.asarray(ids, object)[owner], dtype=DTYPES["id"])
    frame.insert(0, TABLES[name].key[0], key)
    changed = _changed(frame)
    return Derived(name, frame[changed].reset_index(drop=True), since[changed])


def _last_of_day(group: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the places of the last row of each group on each day; rows are sorted by both."""
    if not len(group):
        return np.array([], np.int64)
    differs = (group[1:] != group[:-1]) | (known[1:] != known[:-1])
    return np.append(np.flatnonzero(differs), len(group) - 1)


def _running(how: Aggregate, values: "pd.Series[Any]", group: np.ndarray) -> "pd.Series[Any]":
    """Return, row by row, what the group's rows so far come to."""
    if how.how == "count":
        return values.notna().groupby(group).cumsum().astype("float64")
    if how.how == "sum":
        return values.fillna(0.0).groupby(group).cumsum().round(_MONEY_DECIMALS)
    # Ranks stand for the values, so that text and times are compared as quickly as numbers.
    codes, known = pd.factorize(values, sort=True)
    ranks = pd.Series(codes, dtype="float64").mask(codes < 0)
    if how.how in {"only", "first"}:
        ranks = ranks.where(ranks.notna().groupby(group).cumsum() == 1)
    elif how.how in {"min", "max"}:
        by_group = ranks.groupby(group)
        ranks = by_group.cummin() if how.how == "min" else by_group.cummax()
    found = ranks.groupby(group).ffill().fillna(-1).astype("int64")
    return pd.Series(known, dtype=values.dtype).reindex(found).reset_index(drop=True)


def _changed(frame: pd.DataFrame) -> np.ndarray:
    """Return which rows say something else than the one before of the same group."""
    same = np.ones(len(frame), bool)
    for column in frame:
        values, before = frame[column], frame[column].shift()
        equal = np.asarray((values == before).fillna(False), bool)
        same &= equal | np.asarray(values.isna() & before.isna(), bool)
    if len(same):
        same[0] = False
    return ~same
