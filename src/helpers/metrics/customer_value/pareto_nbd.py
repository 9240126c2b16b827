"""Pareto/NBD: Poisson purchases for as long as an unseen lifetime lasts.

Purchases come at rate λ ~ Gamma(r, α) until the customer leaves, at rate μ ~ Gamma(s, β).
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.metrics.customer_value.histories import Histories, log_rising
from helpers.metrics.customer_value.nbd import refuse_without_leaving
from helpers.metrics.customer_value.purchase_fit import PurchaseFit, history_arrays, spread_alive

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_CHUNK = 20_000


@dataclass(frozen=True)
class ParetoNbdFit(PurchaseFit):
    """Pareto/NBD (Schmittlein, Morrison & Colombo 1987). Parameters r, alpha, s, beta."""

    label: ClassVar[str] = "Pareto/NBD"
    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")

    @classmethod
    def _scaled_starts(cls, scale: float) -> list[list[float]]:
        return [
            [0.5, scale * 0.3, 0.5, scale * 0.3],
            [1.0, scale * 0.1, 0.3, scale],
            [0.3, scale * 0.1, 1.0, scale * 2.0],
            [2.0, scale * 0.5, 0.1, scale * 0.1],
        ]

    @classmethod
    def log_likelihood_at(cls, params: np.ndarray, rows: Histories) -> tuple[float, np.ndarray]:
        """Return the log-likelihood and its gradient in (r, α, s, β).

        L = [Γ(r+x)/Γ(r)] α^r β^s {(α+T)^-(r+x) (β+T)^-s + s ∫ (α+y)^-(r+x) (β+y)^-(s+1) dy}, the
        integral over y from t_x to T being the moment the customer left. It equals the difference
        of 2F1's in Fader & Hardie's note 009, eq. 22, but needs no case for α < β, neither over-
        nor underflows, and its gradient in all four parameters is as plain as itself.
        """
        r, alpha, s, beta = params
        gamma_r, d_gamma_r = log_rising(r, int(rows.x.max()))
        size = rows.weight.sum()
        total = float(rows.weight @ gamma_r[rows.x]) + size * (r * np.log(alpha) + s * np.log(beta))
        slope = np.array(
            [
                rows.weight @ d_gamma_r[rows.x] + size * np.log(alpha),
                size * r / alpha,
                size * np.log(beta),
                size * s / beta,
            ]
        )
        for part in rows.chunks(_CHUNK):
            height, tilt = _integrated(params, part)
            total += float(part.weight @ height)
            slope += tilt @ part.weight
        return total, slope

    def _checked(self, rows: Histories) -> Self:
        return refuse_without_leaving(self, rows)

    def probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> np.ndarray:
        """Return P(alive | x, t_x, T): the share of the likelihood that the living hold.

        Source: Schmittlein, Morrison & Colombo (1987), eq. 11 to 13.
        """
        histories = history_arrays(frequency, recency, T)
        if histories is None:
            return np.ones(())
        x, recent, total = np.broadcast_arrays(*histories)
        rows = Histories(x.ravel(), recent.ravel(), total.ravel(), np.ones(x.size))
        parts = [_alive_share(np.array(self.values), part) for part in rows.chunks(_CHUNK)]
        return np.concatenate(parts).reshape(x.shape) if parts else np.empty(x.shape)

    def expected_purchases(
        self,
        t: ArrayLike,
        frequency: ArrayLike | None = None,
        recency: ArrayLike | None = None,
        T: ArrayLike | None = None,
    ) -> np.ndarray:
        """Return E[Y(t) | x, t_x, T], or E[X(t)] of a new customer when no history is given.

        E[Y(t)] = P(alive) (r+x)(β+T) / [(α+T)(s-1)] {1 - [(β+T)/(β+T+t)]^(s-1)}, with its limit, a
        logarithm, at s = 1. Source: Fader & Hardie, note 009, eq. 41 and 27.
        """
        histories = history_arrays(frequency, recency, T)
        x, recent, total = histories if histories else (np.zeros(()),) * 3
        r, alpha, s, beta = self.values
        alive = 1.0 if histories is None else self.probability_alive(x, recent, total)
        log_growth = np.log1p(np.asarray(t, dtype=float) / (beta + total))
        power = s - 1.0
        lived = log_growth if power == 0.0 else -np.expm1(-power * log_growth) / power
        return np.asarray(alive * (r + x) * (beta + total) / (alpha + total) * lived)

    def ahead(
        self, summary: pd.DataFrame, ends: np.ndarray, rng: np.random.Generator, draws: int
    ) -> np.ndarray:
        """Return drawn purchases (see `PurchaseFit.ahead`).

        Of the living λ ~ Gamma(r + x, α + T) and μ ~ Gamma(s, β + T), independent of each other.
        """
        r, alpha, s, beta = self.values
        x, recency, total = (
            summary[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T")
        )
        shape = (draws, len(x))
        alive = rng.random(shape) < self.probability_alive(x, recency, total)
        rate = rng.gamma(r + x, 1.0 / (alpha + total), shape)
        leaving = np.maximum(rng.gamma(s, 1.0 / (beta + total), shape), 1e-300)
        stay = np.where(alive, rng.exponential(1.0, shape) / leaving, 0.0)
        lived = np.diff(np.minimum(stay[..., None], ends), axis=2, prepend=0.0)
        return rng.poisson(rate[..., None] * lived)

    def simulate(self, T: ArrayLike, rng: np.random.Generator) -> pd.DataFrame:
        """Return one simulated history per entry of `T`: `frequency`, `recency`, `T`."""
        total = np.asarray(T, dtype=float)
        r, alpha, s, beta = self.values
        rate = rng.gamma(r, 1.0 / alpha, len(total))
        leaving = np.maximum(rng.gamma(s, 1.0 / beta, len(total)), 1e-300)
        x, recency = spread_alive(rng.exponential(1.0, len(total)) / leaving, total, rng, rate)
        return pd.DataFrame({"frequency": x, "recency": recency, "T": total})


def _log_terms(
    params: np.ndarray, rows: Histories
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ln of the living's term, of the integral's terms, and ln(α+y), ln(β+y) there.

    The nodes are spread evenly in ln(c + y), c = min(α, β), where the integrand is smooth, and end
    where (α+y)^-(r+x) has fallen by e^-40: for a frequent buyer the rest is nothing.
    """
    r, alpha, s, beta = params
    rate = (r + rows.x)[:, None]
    near = min(alpha, beta)
    start = rows.recency[:, None]
    with np.errstate(over="ignore"):
        reach = (alpha + start) * np.exp(40.0 / rate) - alpha
    end = np.maximum(np.minimum(rows.T[:, None], reach), start)
    width = np.log(near + end) - np.log(near + start)
    y = (near + start) * np.exp(width * (_NODES + 1.0) / 2.0) - near
    log_a, log_b = np.log(alpha + y), np.log(beta + y)
    with np.errstate(divide="ignore"):  # T = t_x: no time to leave in
        measure = np.log(width * _WEIGHTS / 2.0)
    dead = np.log(s) + measure + np.log(near + y) - rate * log_a - (s + 1.0) * log_b
    living = -rate[:, 0] * np.log(alpha + rows.T) - s * np.log(beta + rows.T)
    return living, dead, log_a, log_b


def _shares(living: np.ndarray, dead: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ln of the sum, and the shares of the living and of each node in it."""
    top = np.maximum(living, dead.max(axis=1))
    of_living, of_dead = np.exp(living - top), np.exp(dead - top[:, None])
    whole = of_living + of_dead.sum(axis=1)
    return top + np.log(whole), of_living / whole, of_dead / whole[:, None]


def _alive_share(params: np.ndarray, rows: Histories) -> np.ndarray:
    living, dead, _, _ = _log_terms(params, rows)
    return _shares(living, dead)[1]


def _integrated(params: np.ndarray, rows: Histories) -> tuple[np.ndarray, np.ndarray]:
    """Return ln{…} of the likelihood a row, and its gradient (4 × rows)."""
    r, alpha, s, beta = params
    living, dead, log_a, log_b = _log_terms(params, rows)
    height, alive, gone = _shares(living, dead)
    rate, T = r + rows.x, rows.T
    slope_r = -alive * np.log(alpha + T) - (gone * log_a).sum(axis=1)
    slope_alpha = -rate * (alive / (alpha + T) + (gone * np.exp(-log_a)).sum(axis=1))
    slope_s = -alive * np.log(beta + T) - (gone * log_b).sum(axis=1) + (1.0 - alive) / s
    slope_beta = -s * alive / (beta + T) - (s + 1.0) * (gone * np.exp(-log_b)).sum(axis=1)
    return height, np.stack([slope_r, slope_alpha, slope_s, slope_beta])


def fit_pareto_nbd(summary: pd.DataFrame) -> ParetoNbdFit:
    """Return Pareto/NBD fitted by maximum likelihood to one row a customer.

    Columns in: `frequency` (count), `recency` and `T` (one unit of time); others are ignored. The
    verdict says whether the fit may be used. Gradient analytic, rows grouped, several starts.

    Raises:
        MetricError: the summary is empty or a row cannot be a purchase history.

    Source: Schmittlein, Morrison & Colombo (1987); Fader & Hardie, notes 008 and 009.
    """
    return ParetoNbdFit.fit(summary)
