"""The leak guard at work on a study: what it checks, and what it finds."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers.metrics.churn.leaks import find_leaks, future_features
from helpers.metrics.churn.model import FOLDS
from helpers.metrics.churn.training import Cutoffs, folds_by_customer

_LATE, _TWICE = "after the cut-off", "duplicate rows"

CHECKS = (
    "no feature ranks the outcome by itself",
    "none changes when later rows are taken away",
    "no purchase or outcome that it learnt from lies after the day of the test",
    "all rows of a customer stand in one fold of the calibration",
)
"""What holds where nothing is found, as a reader is told."""


@dataclass(frozen=True)
class Guard:
    """What the leak guard found in a study.

    Attributes:
        leaks: one row per finding, as of `find_leaks`; empty where `CHECKS` hold.
        rows: training rows.
        twins: those that equal, in all features and the outcome, a row in the other fold: other
            customers who look alike. No leak between days, so nothing is refused for it.
    """

    leaks: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["check", "column", "rows", "finding"])
    )
    rows: int = 0
    twins: int = 0


def guard_study(
    visits: pd.DataFrame,
    train: tuple[pd.DataFrame, pd.Series],
    test: tuple[pd.DataFrame, pd.Series],
    cutoffs: Cutoffs,
    *,
    seed: int = 0,
) -> Guard:
    """Return what leaks into a study, by `find_leaks` with its folds and days, and the future.

    Checked: single features that separate the outcome; the days of the latest purchase behind each
    row and of its outcome against the day of the test; that no customer has rows in two folds of
    the calibration (`folds_by_customer`, as `fit_risk` makes them); `future_features`.

    Columns in: `train` and `test` as of `training_rows`.
    """
    x, y = train[0].sort_index(), train[1].sort_index()
    customers = x.index.get_level_values("customer_id")
    fold = folds_by_customer(customers, folds=FOLDS, seed=seed)
    copies = find_leaks(x, y, folds=fold)
    twins = copies["check"] == _TWICE
    nobody = pd.Series(np.zeros(len(x), dtype=bool))
    split = find_leaks(pd.DataFrame({"customer_id": np.asarray(customers)}), nobody, folds=fold)
    late = [
        find_leaks(_days(rows[0], cutoffs.window, known=known), rows[1], cutoff=cutoffs.test)
        for rows, known in (((x, y), True), (test, False))
    ]
    found = [
        copies[~twins],
        split.assign(column="customer_id"),
        *(part[part["check"] == _LATE] for part in late),
        future_features(visits, as_of=cutoffs.test, window=cutoffs.window),
    ]
    leaks = [part for part in found if len(part)]
    return Guard(
        pd.concat(leaks, ignore_index=True) if leaks else Guard().leaks,
        len(x),
        int(copies.loc[twins, "rows"].sum()),
    )


def _days(features: pd.DataFrame, window: int, *, known: bool) -> pd.DataFrame:
    """Return the days behind each row: its latest purchase, and when its outcome was known."""
    cutoff = pd.DatetimeIndex(features.index.get_level_values("cutoff"))
    latest = cutoff - pd.to_timedelta(features["recency"].to_numpy(), unit="D")
    outcome = {"outcome": cutoff + pd.Timedelta(days=window)} if known else {}
    return pd.DataFrame({"latest_purchase": latest, **outcome})
