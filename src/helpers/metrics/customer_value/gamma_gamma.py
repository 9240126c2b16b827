"""Gamma-Gamma: what a customer spends a purchase, shrunk towards what all customers spend."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.errors import MetricError
from helpers.metrics.customer_value.fitting import maximise
from helpers.metrics.customer_value.frames import require_columns, require_finite
from helpers.metrics.customer_value.purchase_fit import SCREEN_ROWS, ModelFit


@dataclass(frozen=True)
class Spending:
    """Repeat customers' (x, mean value) with the sums that the likelihood needs only once.

    `level` holds the distinct x, `of_level` each row's position in it.
    """

    x: np.ndarray
    spent: np.ndarray
    level: np.ndarray
    of_level: np.ndarray
    size: np.ndarray
    log_m: float
    x_log_m: float

    @classmethod
    def of(cls, x: np.ndarray, mean_value: np.ndarray) -> "Spending":
        """Return the rows of customers with x > 0 and mean value > 0."""
        level, of_level, size = np.unique(x, return_inverse=True, return_counts=True)
        log_m = np.log(mean_value)
        return cls(
            x,
            x * mean_value,
            level,
            of_level,
            size.astype(float),
            float(log_m.sum()),
            float(x @ log_m),
        )


@dataclass(frozen=True)
class GammaGammaFit(ModelFit):
    """Gamma-Gamma (Fader, Hardie & Lee 2005; note 025). Parameters p, q, v (in money)."""

    label: ClassVar[str] = "Gamma-Gamma"
    names: ClassVar[tuple[str, ...]] = ("p", "q", "v")

    @classmethod
    def log_likelihood_at(cls, params: np.ndarray, rows: Spending) -> tuple[float, np.ndarray]:
        """Return the log-likelihood of mean values m and its gradient in (p, q, v).

        ln L = lnΓ(px+q) - lnΓ(px) - lnΓ(q) + q ln v + (px-1) ln m + px ln x - (px+q) ln(xm+v).
        Source: Fader & Hardie, note 025, eq. 1a. Gammas are taken once per distinct x.
        """
        from scipy.special import digamma, gammaln

        p, q, v = params
        x, n = rows.level, rows.size
        whole, customers = p * x + q, n.sum()
        log_total = np.log(rows.spent + v)
        by_level = np.bincount(rows.of_level, log_total)  # Σ ln(xm + v) of each distinct x
        pull = np.bincount(rows.of_level, 1.0 / (rows.spent + v))
        height = float(
            n @ (gammaln(whole) - gammaln(p * x) + p * x * np.log(x))
            + customers * (q * np.log(v) - gammaln(q))
            + p * rows.x_log_m
            - rows.log_m
            - whole @ by_level
        )
        shared = digamma(whole)
        slope_p = n @ (x * (shared - digamma(p * x) + np.log(x))) + rows.x_log_m - x @ by_level
        slope_q = n @ shared + customers * (np.log(v) - digamma(q)) - by_level.sum()
        slope_v = customers * q / v - whole @ pull
        return height, np.array([slope_p, slope_q, slope_v])

    @classmethod
    def fit(cls, summary: pd.DataFrame, *, start: Mapping[str, float] | None = None) -> Self:
        """Return the maximum likelihood fit to a summary; see `fit_gamma_gamma`."""
        x, mean_value = _repeat_rows(summary)
        level = float(np.average(mean_value, weights=x))
        scaled = mean_value / level  # in units of the mean: the fit knows no currency
        rows = Spending.of(x, scaled)
        thin = max(1, len(x) // SCREEN_ROWS)
        part = Spending.of(x[::thin], scaled[::thin])
        starts = (
            [[2.0, 3.0, 1.0], [6.0, 4.0, 0.5], [1.0, 10.0, 9.0], [20.0, 2.5, 0.1], [0.5, 2.0, 2.0]]
            if start is None
            else [[start["p"], start["q"], start["v"] / level]]
        )
        found = maximise(
            lambda params: cls.log_likelihood_at(params, rows),
            names=cls.names,
            starts=starts,
            customers=len(x),
            screen=(lambda params: cls.log_likelihood_at(params, part)) if thin > 1 else None,
        )
        money = replace(
            found,
            params=found.params * np.array([1.0, 1.0, level]),
            log_likelihood=found.log_likelihood - len(x) * float(np.log(level)),
        )
        return cls._from_optimum(money, len(x))._checked()

    def _checked(self) -> Self:
        if self.usable and self.params["q"] <= 1.0:
            return replace(
                self, verdict="degenerate", reason="q is 1 or less, so that no mean value exists"
            )
        return self

    def expected_average_value(
        self, frequency: ArrayLike | None = None, monetary_value: ArrayLike | None = None
    ) -> np.ndarray:
        """Return E[M | x, m] = p (v + x m) / (p x + q - 1), or p v / (q - 1) over all customers.

        A customer without repeat purchase gets the value over all customers; NaN where q <= 1.
        Source: Fader & Hardie, note 025, eq. 5.
        """
        p, q, v = self.values
        if (frequency is None) != (monetary_value is None):
            raise MetricError("frequency and monetary_value belong together")
        if q <= 1.0:
            return np.full(np.shape(frequency if frequency is not None else 0.0), np.nan)
        x = np.asarray(0.0 if frequency is None else frequency, dtype=float)
        mean_value = np.asarray(0.0 if monetary_value is None else monetary_value, dtype=float)
        known = np.where(mean_value > 0.0, x, 0.0)  # returns beyond purchases: no evidence of value
        return np.asarray(p * (v + known * np.maximum(mean_value, 0.0)) / (p * known + q - 1.0))

    def drawn(self, rng: np.random.Generator) -> Self:
        """Return the model with parameters drawn as those of any fit, among those with a mean.

        With q of 1 or less no mean value exists: such a fit would be refused, and such a draw is
        drawn again.
        """
        for _ in range(50):
            found = super().drawn(rng)
            if found.params["q"] > 1.0:
                return found
        return self

    def spent(
        self, summary: pd.DataFrame, purchases: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return what is spent on `purchases` (draws × customers) to come; 0 on none.

        A customer's ν | x, m ~ Gamma(q + p x, v + x m); n purchases cost Gamma(p n, ν) together.
        The mean over draws is purchases × `expected_average_value`, where that exists.
        """
        p, q, v = self.values
        mean_value = np.maximum(summary["monetary_value"].to_numpy(dtype=float), 0.0)
        known = np.where(mean_value > 0.0, summary["frequency"].to_numpy(dtype=float), 0.0)
        rate = rng.gamma(q + p * known, 1.0 / (v + known * mean_value), purchases.shape)
        return np.asarray(rng.gamma(p * purchases) / np.maximum(rate, 1e-300))

    def simulate(self, frequency: ArrayLike, rng: np.random.Generator) -> np.ndarray:
        """Return a simulated mean value for each number of repeat purchases (0: 0)."""
        p, q, v = self.values
        x = np.asarray(frequency, dtype=float)
        scale = rng.gamma(q, 1.0 / v, len(x))
        total = rng.gamma(p * np.maximum(x, 1.0), 1.0 / np.maximum(scale, 1e-300))
        return np.where(x > 0, total / np.maximum(x, 1.0), 0.0)


def _repeat_rows(summary: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    require_columns(summary, ("frequency", "monetary_value"), table="summary")
    x = require_finite(summary, "frequency", table="summary", key="customer_id")
    mean_value = require_finite(summary, "monetary_value", table="summary", key="customer_id")
    usable = (x > 0) & (mean_value > 0)
    if not usable.any():
        raise MetricError(
            "no customer has a repeat purchase of more than zero, so spending cannot be modelled",
            hint="Take a longer history, or leave the expected value out.",
        )
    return x[usable], mean_value[usable]


def fit_gamma_gamma(summary: pd.DataFrame) -> GammaGammaFit:
    """Return Gamma-Gamma fitted by maximum likelihood to the customers with repeat purchases.

    Columns in: `frequency` (repeat purchases), `monetary_value` (money a repeat purchase).
    Customers without repeat purchase, or with a mean value of zero or less (returns), are left out
    and counted by the difference of `customers`. The model assumes that how much is spent does not
    depend on how often: see `spend_frequency_correlation`.

    Raises:
        MetricError: a column is missing, or no customer is left.

    Source: Fader & Hardie, note 025 "The Gamma-Gamma model of monetary value".
    """
    return GammaGammaFit.fit(summary)


def spend_frequency_correlation(summary: pd.DataFrame) -> float:
    """Return the correlation of frequency and ln(monetary value) among repeat customers.

    Gamma-Gamma assumes none. NaN where fewer than 3 customers, or no variation, are there.
    """
    x, mean_value = _repeat_rows(summary)
    log_m = np.log(mean_value)
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(log_m) == 0:
        return float("nan")
    return float(np.corrcoef(x, log_m)[0, 1])
