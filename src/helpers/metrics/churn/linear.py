"""The linear half of the risk model, and how surely it knows the level of the risk."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

PAUSES = ("usual_pause", "spread_of_pauses")  # unknown until a customer has come back
_STRENGTH = 0.05  # scikit-learn's C: the inverse of the ridge


@dataclass(frozen=True)
class Linear:
    """A logistic regression with a ridge, on the features in a log scale."""

    fitted: Any
    typical: pd.Series

    @classmethod
    def fit(cls, features: pd.DataFrame, y: np.ndarray) -> "Linear":
        """Fit it to outcomes of both kinds; nulls stand at the typical value and are flagged."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        typical = features.median().fillna(0.0)
        fitted = make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=1000))
        return cls(fitted.fit(_spread(features, typical), y), typical)

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Return the probability of a lapse for each row."""
        if not len(features):
            return np.array([])
        found: np.ndarray = self.fitted.predict_proba(_spread(features, self.typical))[:, 1]
        return found

    def level_variance(
        self, features: pd.DataFrame, y: np.ndarray, customers: pd.Index, today: pd.DataFrame
    ) -> float:
        """Return the variance of the predicted level of `today`, in log-odds, from its training.

        Formula: g' H⁻¹ (Σ_c s_c s_c') H⁻¹ g, H the penalised information, s_c the score summed over
        the rows of customer c (they repeat between cut-offs), g = Σ p(1 − p) z / Σ p(1 − p) over
        the rows of `today`. Source: Liang & Zeger (1986), Biometrika 73, 13–22, equation 6.
        """
        z, ahead = self._design(features), self._design(today)
        p, q = self.predict(features), self.predict(today)
        ridge = np.diag(np.r_[0.0, np.full(z.shape[1] - 1, 1 / _STRENGTH)])
        information = z.T @ (z * (p * (1 - p))[:, None]) + ridge
        codes, ids = pd.factorize(customers)
        scores = np.zeros((len(ids), z.shape[1]))
        np.add.at(scores, codes, z * (y - p)[:, None])
        weight = q * (1 - q)
        if not weight.sum() > 0:
            return 0.0
        towards = scores @ np.linalg.solve(information, weight @ ahead / weight.sum())
        return float(towards @ towards)

    def _design(self, features: pd.DataFrame) -> np.ndarray:
        scaled = self.fitted[0].transform(_spread(features, self.typical))
        return np.column_stack([np.ones(len(scaled)), scaled])


def _spread(features: pd.DataFrame, typical: pd.Series) -> np.ndarray:
    """Return the features on a log scale, nulls at the typical value and flagged."""
    middle = typical.to_numpy(dtype="float64")
    small = 0.02 * np.abs(middle) + 1e-3
    given = features.to_numpy(dtype="float64")
    unknown = np.isnan(given)
    values = np.log(np.maximum(np.where(unknown, middle, given), 0.0) + small)
    varies = [name in PAUSES for name in features.columns]
    return np.column_stack([values, unknown[:, varies]])
