"""Campaigns without randomisation: difference in differences against weighted customers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from helpers.metrics.campaign_roi.frames import numbers, require_columns

TRIM = 0.95
"""Customers whose chance of being contacted is above this have nobody to be compared with."""
_RIDGE = 1e-6
_STEPS = 60


@dataclass(frozen=True)
class Comparison:
    """The effect on the contacted, and what the comparison rests on.

    Attributes:
        effect: mean change of the contacted beyond that of their weighted comparison group.
        standard_error: from the influence function; it counts the estimation of weights and
            regression.
        contacted: contacted customers in the comparison.
        compared: not contacted customers in it.
        kept_share: contacted customers in the comparison / all contacted customers.
        effective_controls: (Σw)² / Σw² of the not contacted: as many equal-weight customers they
            are worth.
        kept: whether a customer is in it, in the order of the input.
        weights: 1 for the contacted, the odds p / (1 − p) for the others, 0 outside.
        propensity: estimated chance of being contacted; NaN outside the first fit.
        influence: each customer's influence on the effect; Σ influence² is the variance.
        residual: change beyond what the regression of the others expects; 0 outside.
    """

    effect: float
    standard_error: float
    contacted: int
    compared: int
    kept_share: float
    effective_controls: float
    kept: np.ndarray
    weights: np.ndarray
    propensity: np.ndarray
    influence: np.ndarray
    residual: np.ndarray

    @property
    def p_value(self) -> float:
        """Two-sided, normal."""
        if not self.standard_error > 0:
            return float("nan")
        return float(2 * stats.norm.sf(abs(self.effect) / self.standard_error))

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the normal interval."""
        reach = float(stats.norm.ppf((1 + confidence) / 2)) * self.standard_error
        return self.effect - reach, self.effect + reach


def difference_in_differences(
    frame: pd.DataFrame,
    *,
    contacted: str,
    before: str,
    after: str,
    covariates: Sequence[str] = (),
    trim: float | None = TRIM,
) -> Comparison:
    """Return the doubly robust difference in differences of contacted and other customers.

    τ = mean_{D=1}(Δy − μ₀(x)) − Σ_{D=0} w (Δy − μ₀(x)) / Σ_{D=0} w, with Δy = after − before, w =
    p(x) / (1 − p(x)), p logistic by maximum likelihood and μ₀ least squares over those not
    contacted. Right if either the weights or the regression is. Without covariates it is the plain
    difference in differences.

    Args:
        frame: one row a customer: `contacted` (bool), `before after` (float64, any unit, the same),
            covariates.
        contacted: column that says who was contacted.
        before: column of the outcome before the start.
        after: column of the outcome after it, on the same scale.
        covariates: columns known before the start.
        trim: customers with a higher propensity are left out and the propensity fitted again; None
            keeps all.

    Raises:
        MetricError: a column is missing or a value null.

    Source: Sant'Anna & Zhao (2020), Doubly robust difference-in-differences estimators, Journal of
    Econometrics 219, eq. 2.6 and 3.1 (panel data); trimming: Crump et al. (2009), Biometrika 96.
    """
    require_columns(frame, [contacted, before, after, *covariates], table="comparison")
    change = numbers(frame, after, table="comparison") - numbers(frame, before, table="comparison")
    design = [numbers(frame, name, table="comparison") for name in covariates]
    known = np.column_stack([np.empty((len(frame), 0)), *design])
    treated = numbers(frame, contacted, table="comparison") != 0
    return compare(change, treated, known, among=np.ones(len(frame), bool), trim=trim)


def compare(
    change: np.ndarray,
    contacted: np.ndarray,
    known: np.ndarray,
    *,
    among: np.ndarray,
    trim: float | None = TRIM,
) -> Comparison:
    """Return `difference_in_differences` of arrays, among some of the customers."""
    propensity = np.full(len(change), np.nan)
    kept = among.copy()
    if _both(contacted, kept):
        propensity[kept], _ = _logistic(_design(known[kept]), contacted[kept].astype(float))
        if trim is not None and known.shape[1]:
            kept &= ~(propensity > trim)
    share = (kept & contacted).sum() / max(1, contacted.sum())
    if not _both(contacted, kept):
        return _nothing(contacted, kept, propensity, float(share))
    x, d, dy = _design(known[kept]), contacted[kept].astype(float), change[kept]
    p, information = _logistic(x, d)
    effect, influence, odds, left = _doubly_robust(x, d, dy, p, information)
    whole, residual = np.zeros(len(change)), np.zeros(len(change))
    residual[kept] = left
    whole[kept] = influence / len(d)
    weights = np.zeros(len(change))
    weights[kept] = np.where(d == 1, 1.0, odds)
    error = float(np.sqrt((whole**2).sum() * len(d) / (len(d) - 1)))
    worth = odds[d == 0].sum() ** 2 / (odds[d == 0] ** 2).sum()
    return Comparison(
        effect,
        error,
        int(d.sum()),
        int((1 - d).sum()),
        float(share),
        float(worth),
        kept,
        weights,
        propensity,
        whole,
        residual,
    )


def _doubly_robust(
    x: np.ndarray, d: np.ndarray, dy: np.ndarray, p: np.ndarray, information: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Return the effect, each customer's influence (mean zero), odds weights and residuals."""
    n, others = len(d), 1 - d
    odds = p * others / (1 - p)
    gram = np.linalg.pinv((x * others[:, None]).T @ x / n)
    residual = dy - x @ (gram @ (x.T @ (others * dy)) / n)
    top = (d * residual).mean() / d.mean()
    bottom = (odds * residual).mean() / odds.mean()
    # What estimating the regression and the propensity adds to the variance (their scores).
    of_regression = (others * residual)[:, None] * x @ gram
    of_propensity = (d - p)[:, None] * x @ np.linalg.pinv(information / n)
    first = d * (residual - top) - of_regression @ (d[:, None] * x).mean(axis=0)
    spread = odds * (residual - bottom)
    second = (
        spread
        + of_propensity @ (spread[:, None] * x).mean(axis=0)
        - of_regression @ (odds[:, None] * x).mean(axis=0)
    )
    return float(top - bottom), first / d.mean() - second / odds.mean(), odds, residual


def _logistic(x: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return fitted chances and the information matrix, by Newton's method with a tiny ridge.

    The ridge keeps the fit finite where the groups separate; the overlap check then speaks.
    """
    beta = np.zeros(x.shape[1])
    ridge = _RIDGE * np.eye(x.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        information = (x * (p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(information, x.T @ (d - p) - _RIDGE * beta)
        longest = float(np.abs(step).max())
        beta += step / max(1.0, longest / 5)  # an early step may overshoot where groups separate
        if longest < 1e-10:
            break
    p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
    return p, (x * (p * (1 - p))[:, None]).T @ x + ridge


def _design(known: np.ndarray) -> np.ndarray:
    """Return a constant and the standardised covariates that vary."""
    spread = known.std(axis=0)
    varies = spread > 1e-12
    standard = (known[:, varies] - known[:, varies].mean(axis=0)) / spread[varies]
    return np.column_stack([np.ones(len(known)), standard])


def _both(contacted: np.ndarray, among: np.ndarray) -> bool:
    return min((contacted & among).sum(), (~contacted & among).sum()) >= 2


def _nothing(
    contacted: np.ndarray, kept: np.ndarray, propensity: np.ndarray, share: float
) -> Comparison:
    nothing, zero = float("nan"), np.zeros(len(kept))
    return Comparison(
        nothing,
        nothing,
        int((contacted & kept).sum()),
        int((~contacted & kept).sum()),
        share,
        0.0,
        kept,
        zero,
        propensity,
        zero,
        zero,
    )
