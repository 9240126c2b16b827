"""Canonical tables summed up from another one: orders and customers from invoice lines."""

import pandas as pd

from helpers.sources.canonical import TABLES
from helpers.sources.mapping import DerivedTable
from helpers.sources.schemas import DTYPES

_MONEY_DECIMALS = 4


def derive(name: str, plan: DerivedTable, base: pd.DataFrame) -> pd.DataFrame:
    """Return one row a group of the base table.

    `first` and `last` follow the base's time, and within it the order of the extract; sums are
    taken in an order that does not depend on it, so that they are the same to the last bit.
    """
    times = [column for column in map(str, base) if str(base[column].dtype) == "datetime64[ns]"]
    ordered = base.sort_values([plan.by, *times], kind="stable")
    groups = ordered.groupby(plan.by, sort=True)
    made = {}
    for column, how in plan.columns.items():
        if how.how == "sum":
            by_size = base.sort_values([plan.by, how.of], kind="stable")
            made[column] = by_size.groupby(plan.by, sort=True)[how.of].sum().round(_MONEY_DECIMALS)
        elif how.how == "count":
            made[column] = groups[how.of].count().astype("float64")
        else:
            made[column] = groups[how.of].agg("first" if how.how == "only" else how.how)
    frame = pd.DataFrame(made)
    frame.insert(0, TABLES[name].key[0], frame.index.astype(DTYPES["id"]))
    return frame.reset_index(drop=True)
