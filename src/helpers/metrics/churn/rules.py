"""The plain rules that a model must beat: each turns one number into a probability."""

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.model import expit, newton

Alive = Callable[[pd.DataFrame, date], pd.Series]
"""From orders and a day to P(alive) by customer: a rule that another family computes."""

Rule = Callable[[pd.DataFrame, pd.DataFrame, date], np.ndarray]
"""From features, purchase days and a day to the probability of a lapse for each row."""

RULES: dict[str, str] = {
    "latest purchase": "recency",
    "recent purchase days": "days_window",
}
P_ALIVE = "P(alive)"


def fit_rules(
    visits: pd.DataFrame,
    cutoffs: Sequence[date],
    features: pd.DataFrame,
    label: pd.Series,
    *,
    alive: Alive | None = None,
) -> dict[str, Rule]:
    """Return the plain rules by name, each calibrated on the training rows.

    Formula: p = σ(a + b·log(1 + x)), x the recency, or the purchase days in the window; and, with
    `alive`, p = σ(a + b·P(alive)), learnt at the latest cut-off alone. A P(alive) that cannot be
    fitted, or is not finite, is left out.

    Columns in: `features` and `label` as of `training_rows`.
    """
    rules: dict[str, Rule] = {}
    for name, column in RULES.items():
        x = np.log1p(features[column].to_numpy())
        rules[name] = _on_feature(column, *newton(x, label.to_numpy(dtype="float64")))
    if alive is not None:
        latest = max(cutoffs)
        rows = features.xs(pd.Timestamp(latest), level="cutoff")
        raw = _alive_scores(alive, visits, latest, rows.index)
        outcome = label.xs(pd.Timestamp(latest), level="cutoff").to_numpy(dtype="float64")
        if raw is not None:
            rules[P_ALIVE] = _on_alive(alive, *newton(raw, outcome))
    return rules


def alive_by(summarise: Callable[..., pd.DataFrame], fit: Callable[..., object]) -> Alive:
    """Return the P(alive) baseline made of a summary and a fit of the customer value family.

    Args:
        summarise: `customer_value.rfm_summary`.
        fit: `customer_value.fit_mbg_nbd` or another of its fits.
    """

    def alive(orders: pd.DataFrame, as_of: date) -> pd.Series:
        table = summarise(orders, as_of=as_of)
        found = fit(table)
        p = found.probability_alive(table["frequency"], table["recency"], table["T"])  # type: ignore[attr-defined]
        return pd.Series(np.asarray(p, dtype="float64"), index=pd.Index(table["customer_id"]))

    return alive


def _on_feature(column: str, a: float, b: float) -> Rule:
    return lambda rows, visits, day: expit(a + b * np.log1p(rows[column].to_numpy()))


def _on_alive(alive: Alive, a: float, b: float) -> Rule:
    def score(rows: pd.DataFrame, visits: pd.DataFrame, day: date) -> np.ndarray:
        raw = _alive_scores(alive, visits, day, rows.index.get_level_values("customer_id"))
        return expit(a + b * (raw if raw is not None else 0.0)) + np.zeros(len(rows))

    return score


def _alive_scores(
    alive: Alive, visits: pd.DataFrame, day: date, customers: pd.Index
) -> np.ndarray | None:
    """Return P(alive) of the customers on a day; None where the model could not be fitted."""
    seen = visits[(visits["day"] <= pd.Timestamp(day)) & (visits["orders"] > 0)]
    orders = pd.DataFrame(
        {
            "customer_id": seen["customer_id"].to_numpy(),
            "order_id": np.arange(len(seen)).astype(str),
            "ordered_at": seen["day"].to_numpy(),
            "revenue": seen["revenue"].to_numpy(),
        }
    )
    try:
        found = alive(orders, day).reindex(customers).to_numpy(dtype="float64")
    except MetricError:
        return None  # a degenerate fit: the table of scores then has no such rule
    return found if np.isfinite(found).all() else None
