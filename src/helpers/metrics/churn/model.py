"""The risk model: a logistic regression and gradient boosting, averaged and calibrated."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.linear import Linear
from helpers.metrics.churn.training import folds_by_customer

LEAST_EVENTS = 20
FOLDS = 2


@dataclass(frozen=True)
class RiskModel:
    """A fitted model: `predict` gives the calibrated probability of a lapse.

    Attributes:
        columns: the features, in order.
        offset, slope: of the calibration on the log-odds, learnt at the latest cut-off from
            models that had not seen the customer.
        rows, events: training rows and lapses among them.
    """

    columns: tuple[str, ...]
    offset: float
    slope: float
    rows: int
    events: int
    _parts: "_Blend"

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Return the probability of a lapse for each row.

        Raises:
            MetricError: a feature is missing.
        """
        missing = [name for name in self.columns if name not in features.columns]
        if missing:
            raise MetricError(
                "a feature is missing", column=missing[0], hint="Use `features(...)`."
            )
        raw = self._parts.predict(features[list(self.columns)])
        return expit(self.offset + self.slope * logit(raw))


def fit_risk(features: pd.DataFrame, label: pd.Series, *, seed: int = 0) -> RiskModel:
    """Fit the risk model.

    Formula: p = σ(a + b·logit((p_logistic + p_boosting)/2)); a, b by maximum likelihood on
    the rows of the latest cut-off, each predicted by a model fitted without that customer.

    Columns in: `features` number, indexed by `cutoff` and `customer_id` (`training_rows`); `label`
    bool on the same index. Nulls in a feature mean "not known yet" and are kept apart.

    Raises:
        MetricError: fewer than 20 lapses or 20 non-lapses to learn from.
    """
    features, label = features.sort_index(), label.sort_index()
    y = label.to_numpy(dtype=bool)
    events = int(min(y.sum(), (~y).sum()))
    if events < LEAST_EVENTS:
        what = "lapses" if y.sum() <= (~y).sum() else "customers who stayed"
        raise MetricError(
            f"only {events} {what} to learn from; a model needs at least {LEAST_EVENTS}",
            hint="Use a longer history or more customers.",
        )
    customers = features.index.get_level_values("customer_id")
    fold = folds_by_customer(customers, folds=FOLDS, seed=seed)
    cutoff = features.index.get_level_values("cutoff")
    latest = np.asarray(cutoff == cutoff.max())
    held_out = np.full(len(y), np.nan)
    for number in range(FOLDS):
        part = latest & (fold == number)
        learn = fold != number
        if part.any() and 0 < y[learn].sum() < learn.sum():
            held_out[part] = _Blend.fit(features[learn], y[learn], seed).predict(features[part])
    seen = latest & np.isfinite(held_out)
    offset, slope = platt(held_out[seen], y[seen])
    blend = _Blend.fit(features, y, seed)
    columns = tuple(map(str, features.columns))
    return RiskModel(columns, offset, slope, len(y), int(y.sum()), blend)


def platt(probability: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """Return offset and slope that calibrate probabilities on the log-odds.

    Formula: maximum likelihood of σ(a + b·logit p), with Platt's targets (k + 1)/(k + 2) so that
    no estimate is infinite; a slope below 0.2, a sign of too few events, is refused and (0, 1)
    kept.

    Source: Platt (1999), Advances in Large Margin Classifiers, 61–74.
    """
    y = outcome.astype("float64")
    up, down = y.sum(), (1 - y).sum()
    if min(up, down) < LEAST_EVENTS:
        return 0.0, 1.0
    target = np.where(y == 1, (up + 1) / (up + 2), 1 / (down + 2))
    a, b = newton(logit(probability), target)
    return (a, b) if b >= 0.2 else (0.0, 1.0)


def newton(x: np.ndarray, target: np.ndarray, *, steps: int = 50) -> tuple[float, float]:
    """Return intercept and slope of the logistic regression of `target` (0 to 1) on `x`."""
    design = np.column_stack([np.ones_like(x), x])
    beta = np.array([logit(np.clip(target.mean(), 1e-6, 1 - 1e-6)), 0.0])
    ridge = np.diag([0.0, 1e-6])
    for _ in range(steps):
        p = expit(design @ beta)
        weight = np.maximum(p * (1 - p), 1e-9)
        gradient = design.T @ (target - p) - ridge @ beta
        move = np.linalg.solve(design.T @ (design * weight[:, None]) + ridge, gradient)
        beta = beta + np.clip(move, -5, 5)
        if np.abs(move).max() < 1e-8:
            break
    return float(beta[0]), float(beta[1])


def expit(x: Any) -> Any:
    """Return the logistic function 1 / (1 + e^−x), a probability from log-odds."""
    return 1 / (1 + np.exp(-np.clip(x, -35, 35)))


def logit(p: Any) -> Any:
    """Return the log-odds log(p / (1 − p)), p held off 0 and 1 by 1e-6."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


@dataclass(frozen=True)
class _Blend:
    linear: Linear
    boosted: Any

    @classmethod
    def fit(cls, features: pd.DataFrame, y: np.ndarray, seed: int) -> "_Blend":
        from sklearn.ensemble import HistGradientBoostingClassifier

        # Small trees, few columns each: the signal is weak and the features say much the same.
        boosted = HistGradientBoostingClassifier(
            learning_rate=0.1, max_iter=45, max_leaf_nodes=6, min_samples_leaf=40,
            l2_regularization=5.0, max_features=0.4, early_stopping=False, random_state=seed,
        )  # fmt: skip
        boosted.fit(features.to_numpy(dtype="float64"), y)
        return cls(Linear.fit(features, y), boosted)

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        if not len(features):
            return np.array([])
        boosted = self.boosted.predict_proba(features.to_numpy(dtype="float64"))[:, 1]
        return (self.linear.predict(features) + boosted) / 2
