"""Cut-off dates: learn from earlier ones, test on a later one, never at random in time."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.metrics.churn.features import features, labels
from helpers.metrics.churn.visits import arrays, number


@dataclass(frozen=True)
class Cutoffs:
    """The days on which a model looks back, and from which its labels look ahead.

    Attributes:
        train: cut-offs to learn from, oldest first; their labels are complete at `test`.
        test: the cut-off to test on; its labels are complete at the report's `as_of`.
        window: days that a label looks ahead.
    """

    train: tuple[date, ...]
    test: date
    window: int


def plan_cutoffs(
    visits: pd.DataFrame, *, as_of: date, window: int, most: int = 4
) -> Cutoffs | None:
    """Return the cut-offs that the history allows, None where it is too short.

    Formula: test = as_of − N; train = test − N, then back in steps of N/2, at most `most`,
    each with at least N days of history before it. So the least history is 3 N days.
    """
    rows = arrays(visits, as_of=as_of)
    if not len(rows.day):
        return None
    first = date(1970, 1, 1) + timedelta(days=int(rows.day.min()))
    test = as_of - timedelta(days=window)
    step = timedelta(days=max(window // 2, 1))
    train: list[date] = []
    found = test - timedelta(days=window)
    while len(train) < most and (found - first).days + 1 >= window:
        train.append(found)
        found -= step
    return Cutoffs(tuple(reversed(train)), test, window) if train else None


def training_rows(
    visits: pd.DataFrame, *, cutoffs: tuple[date, ...], window: int
) -> tuple[pd.DataFrame, pd.Series]:
    """Return features and labels at the cut-offs, one row per cut-off and active customer.

    Out: features as of `features` and label `lapsed` bool, both indexed by `cutoff`
    (datetime64[ns]) and `customer_id`, sorted. Each cut-off sees no row after it; each label none
    after the cut-off + `window`.
    """
    parts, outcomes = [], []
    for cutoff in sorted(cutoffs):
        known = features(visits, as_of=cutoff, window=window)
        came = labels(visits, as_of=cutoff, window=window, customers=known.index)
        index = pd.MultiIndex.from_product(
            [[pd.Timestamp(cutoff)], known.index], names=["cutoff", "customer_id"]
        )
        parts.append(known.set_axis(index))
        outcomes.append(came.set_axis(index))
    return pd.concat(parts), pd.concat(outcomes)


def folds_by_customer(customers: pd.Index, *, folds: int, seed: int) -> np.ndarray:
    """Return a fold for each row's customer, the same for all rows of a customer."""
    codes, ids = pd.factorize(customers, sort=True)
    return (np.random.default_rng(seed).permutation(len(ids)) % folds)[codes]


def history_days(visits: pd.DataFrame, *, as_of: date) -> int:
    """Return the number of days from the first purchase to `as_of`, both counted."""
    rows = arrays(visits, as_of=as_of)
    return number(as_of) - int(rows.day.min()) + 1 if len(rows.day) else 0
