"""The plain rules that a model must beat: each turns one number into a probability."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.model import expit, newton

Alive = Callable[[pd.DataFrame, date], pd.Series]
"""From orders and a day to P(alive) by customer: a rule that another family computes.

It raises MetricError where the orders of that day support no such model.
"""

Rule = Callable[[pd.DataFrame, pd.DataFrame, date], np.ndarray]
"""From features, purchase days and a day to the probability of a lapse for each row.

It raises MetricError where it cannot speak on that day: no number stands for what is not known.
"""

RULES: dict[str, str] = {
    "latest purchase": "recency",
    "recent purchase days": "days_window",
}
P_ALIVE = "P(alive)"


@dataclass(frozen=True)
class Rules:
    """The plain rules by name, calibrated, and why P(alive) is none of them.

    Attributes:
        by_name: name as a reader knows it → rule.
        refused: why P(alive) is left out; empty where it is a rule, or was not asked for.
    """

    by_name: dict[str, Rule] = field(default_factory=dict)
    refused: str = ""


def fit_rules(
    visits: pd.DataFrame,
    cutoffs: Sequence[date],
    features: pd.DataFrame,
    label: pd.Series,
    *,
    alive: Alive | None = None,
) -> Rules:
    """Return the plain rules, each calibrated on the training rows.

    Formula: p = σ(a + b·log(1 + x)), x the recency, or the purchase days in the window; and, with
    `alive`, p = σ(a + b·P(alive)), learnt at the latest cut-off alone. A P(alive) that cannot be
    fitted, is not finite or is the same for everybody is left out, and `refused` says why.

    Columns in: `features` and `label` as of `training_rows`.
    """
    rules: dict[str, Rule] = {}
    for name, column in RULES.items():
        x = np.log1p(features[column].to_numpy())
        rules[name] = _on_feature(column, *newton(x, label.to_numpy(dtype="float64")))
    if alive is None:
        return Rules(rules)
    latest = max(cutoffs)
    rows = features.xs(pd.Timestamp(latest), level="cutoff")
    outcome = label.xs(pd.Timestamp(latest), level="cutoff").to_numpy(dtype="float64")
    try:
        raw = _alive_scores(alive, visits, latest, rows.index)
    except MetricError as error:
        return Rules(rules, refused=error.message)
    return Rules(rules | {P_ALIVE: _on_alive(alive, *newton(raw, outcome))})


def alive_by(summarise: Callable[..., pd.DataFrame], *fits: Callable[..., Any]) -> Alive:
    """Return the P(alive) baseline made of a summary and of fits of the customer value family.

    Of the fits that may be used (`usable`: converged, and the data show that customers leave) the
    one of the highest log-likelihood speaks. What it returns raises MetricError where there is none
    on that day: a degenerate fit is no baseline.

    Args:
        summarise: `customer_value.rfm_summary`.
        fits: `customer_value.fit_mbg_nbd`, `fit_pareto_nbd` or others of its fits.
    """

    def alive(orders: pd.DataFrame, as_of: date) -> pd.Series:
        table = summarise(orders, as_of=as_of)
        found = [fit(table) for fit in fits]
        sound = [fit for fit in found if fit.usable]
        if not sound:
            why = " and ".join(f"{fit.label} is refused ({fit.reason})" for fit in found)
            raise MetricError(why or "no purchase model was given")
        best = max(sound, key=lambda fit: fit.log_likelihood)
        p = best.probability_alive(table["frequency"], table["recency"], table["T"])
        return pd.Series(np.asarray(p, dtype="float64"), index=pd.Index(table["customer_id"]))

    return alive


def _on_feature(column: str, a: float, b: float) -> Rule:
    return lambda rows, visits, day: expit(a + b * np.log1p(rows[column].to_numpy()))


def _on_alive(alive: Alive, a: float, b: float) -> Rule:
    def score(rows: pd.DataFrame, visits: pd.DataFrame, day: date) -> np.ndarray:
        customers = rows.index.get_level_values("customer_id")
        found: np.ndarray = expit(a + b * _alive_scores(alive, visits, day, customers))
        return found

    return score


def _alive_scores(alive: Alive, visits: pd.DataFrame, day: date, customers: pd.Index) -> np.ndarray:
    """Return P(alive) of the customers on a day.

    Raises:
        MetricError: the model could not be fitted, or tells nobody from anybody.
    """
    seen = visits[(visits["day"] <= pd.Timestamp(day)) & (visits["orders"] > 0)]
    orders = pd.DataFrame(
        {
            "customer_id": seen["customer_id"].to_numpy(),
            "order_id": np.arange(len(seen)).astype(str),
            "ordered_at": seen["day"].to_numpy(),
            "revenue": seen["revenue"].to_numpy(),
        }
    )
    found = alive(orders, day).reindex(customers).to_numpy(dtype="float64")
    if not np.isfinite(found).all():
        raise MetricError("P(alive) is not finite")
    if len(found) > 1 and np.ptp(found) < 1e-9:
        raise MetricError("P(alive) is the same for everybody")
    return found
