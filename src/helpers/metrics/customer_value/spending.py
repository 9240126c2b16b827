"""What a purchase will be worth: Gamma-Gamma, or a credibility-weighted mean when it is refused."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.errors import MetricError
from helpers.metrics.customer_value.frames import require_columns, require_finite
from helpers.metrics.customer_value.gamma_gamma import (
    GammaGammaFit,
    fit_gamma_gamma,
    spend_frequency_correlation,
)


@dataclass(frozen=True)
class CredibilityMean:
    """The customer's own mean, drawn towards the mean of all by how little is known of it.

    E[M | x, m] = Z m + (1 - Z) μ, Z = x / (x + k), k = variance within / variance between
    customers. Source: Bühlmann & Gisler (2005), theorem 3.2.

    Attributes:
        mean: μ, money a purchase.
        k: purchases at which own and common mean weigh the same; infinite where customers do not
            differ.
        within: variance of a customer's purchases around his or her mean.
        among: variance of the customers' means around μ.
        error: standard error of μ.
    """

    mean: float
    k: float
    within: float = 0.0
    among: float = 0.0
    error: float = 0.0

    label = "Credibility mean"

    def expected_average_value(
        self, frequency: ArrayLike | None = None, monetary_value: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the expected value of a purchase; μ for a customer without repeat purchase."""
        if frequency is None or monetary_value is None:
            return np.asarray(self.mean)
        weight = self._weight(np.asarray(frequency, dtype=float))
        return weight * np.asarray(monetary_value, dtype=float) + (1.0 - weight) * self.mean

    def _weight(self, x: np.ndarray) -> np.ndarray:
        return np.where(x > 0, x / (np.maximum(x, 1.0) + self.k), 0.0)

    def drawn(self, rng: np.random.Generator) -> Self:
        """Return the same with μ drawn from a normal of its standard error, not below 0."""
        return replace(self, mean=max(self.mean + self.error * rng.standard_normal(), 0.0))

    def spent(
        self, summary: pd.DataFrame, purchases: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return what is spent on `purchases` (draws × customers) to come; 0 on none.

        A customer's mean is drawn with the variance that his or her purchases leave open, (1 - Z)
        · `among`, and n purchases with the variance n · `within`, both from gammas. A mean of zero
        or less (returns) is taken as it is.
        """
        x = summary["frequency"].to_numpy(dtype=float)
        expected = self.expected_average_value(x, summary["monetary_value"])
        own = _drawn(np.broadcast_to(expected, purchases.shape), (1 - self._weight(x)) * self.among,
                     rng)  # fmt: skip
        return _drawn(own * purchases, self.within * purchases, rng)


def _drawn(mean: np.ndarray, variance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return gammas of this mean and variance; the mean where either is not above 0."""
    mean, variance = np.broadcast_arrays(mean, variance)
    varies = (mean > 0.0) & (variance > 1e-12 * np.square(mean))
    shape = np.where(varies, mean, 1.0) ** 2 / np.where(varies, variance, 1.0)
    found = rng.gamma(shape) * np.where(varies, variance, 1.0) / np.where(varies, mean, 1.0)
    return np.where(varies, found, mean)


def fit_credibility_mean(summary: pd.DataFrame) -> CredibilityMean:
    """Return the credibility mean of customers with repeat purchases, by moments.

    Squared deviations of the means m from μ are regressed on 1/x: the intercept estimates the
    variance between customers, the slope that within; a negative one counts as 0.

    Columns in: `frequency`, `monetary_value`. Without any repeat purchase μ is 0 and k infinite.

    Raises:
        MetricError: a column is missing or not finite.
    """
    require_columns(summary, ("frequency", "monetary_value"), table="summary")
    x = require_finite(summary, "frequency", table="summary", key="customer_id")
    own = require_finite(summary, "monetary_value", table="summary", key="customer_id")
    x, own = x[x > 0], own[x > 0]
    if not len(x):
        return CredibilityMean(0.0, float("inf"))
    mean = float(np.average(own, weights=x))
    deviation, rare = np.square(own - mean), 1.0 / x
    if np.ptp(rare) == 0.0:
        within, among = 0.0, float(deviation.mean())
    else:
        slope, intercept = np.polyfit(rare, deviation, 1)
        within, among = max(float(slope), 0.0), max(float(intercept), 0.0)
    k = within / among if among > 0.0 else float("inf")
    error = float(np.sqrt(np.square(x) @ (among + within / x)) / x.sum())
    return CredibilityMean(mean, k, within, among, error)


@dataclass(frozen=True)
class SpendingChoice:
    """The spending model in use and why.

    Attributes:
        used: Gamma-Gamma, or the credibility mean.
        fit: Gamma-Gamma as fitted; None where no customer has a repeat purchase of more than zero.
        correlation: of frequency and ln(value) among repeat customers; Gamma-Gamma assumes none.
        fallback: whether Gamma-Gamma was refused.
        reason: one sentence for the page.
    """

    used: GammaGammaFit | CredibilityMean
    fit: GammaGammaFit | None
    correlation: float
    fallback: bool
    reason: str


def choose_spending_model(summary: pd.DataFrame) -> SpendingChoice:
    """Return Gamma-Gamma where its fit is sound, else the credibility mean, and say why.

    Columns in, one row per customer: `frequency`, `monetary_value` (money).

    Raises:
        MetricError: a column is missing or not finite.
    """
    try:
        fit = fit_gamma_gamma(summary)
    except MetricError as error:
        if "no customer has a repeat purchase" not in error.message:
            raise
        mean = fit_credibility_mean(summary)
        reason = "No customer has bought twice yet, so future spending is not modelled."
        return SpendingChoice(mean, None, float("nan"), True, reason)
    correlation = spend_frequency_correlation(summary)
    if fit.usable:
        return SpendingChoice(
            fit,
            fit,
            correlation,
            False,
            "For what a purchase is worth, Gamma-Gamma fits and is used.",
        )
    reason = (
        f"Gamma-Gamma is refused ({fit.reason}); each customer's own mean, drawn towards the "
        "mean of all, is used instead."
    )
    return SpendingChoice(fit_credibility_mean(summary), fit, correlation, True, reason)
