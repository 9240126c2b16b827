"""BG/NBD and MBG/NBD: Poisson purchases, and a coin thrown after each on whether to stay.

Purchases come at rate λ ~ Gamma(r, α); after a purchase the customer leaves with probability
p ~ Beta(a, b). BG/NBD throws the coin after each repeat purchase, so a one-time buyer is alive with
probability 1; MBG/NBD throws it after the first purchase too.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.metrics.customer_value.histories import Histories, log_rising
from helpers.metrics.customer_value.nbd import refuse_without_leaving
from helpers.metrics.customer_value.purchase_fit import PurchaseFit, history_arrays

_NEAR = 5e-5
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)


@dataclass(frozen=True)
class BgNbdFit(PurchaseFit):
    """BG/NBD (Fader, Hardie & Lee 2005). Parameters r, alpha (in the unit of T), a, b."""

    label: ClassVar[str] = "BG/NBD"
    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    first_coin: ClassVar[int] = 0
    """1 where the first purchase too is followed by a coin."""

    @classmethod
    def _scaled_starts(cls, scale: float) -> list[list[float]]:
        return [
            [0.5, scale * 0.25, 1.0, 3.0],
            [1.0, scale * 0.1, 0.3, 5.0],
            [0.2, scale * 0.1, 0.5, 1.0],
            [2.0, scale * 0.5, 0.1, 10.0],
        ]

    @classmethod
    def log_likelihood_at(cls, params: np.ndarray, rows: Histories) -> tuple[float, np.ndarray]:
        """Return the log-likelihood and its gradient in (r, α, a, b).

        With k = coins thrown (x, or x + 1 for MBG/NBD), R = r + x:
        L = [Γ(R)/Γ(r)] α^r [B(a, b+k)/B(a, b)] {(α+T)^-R + 1(k>0) a/(b+k-1) (α+t_x)^-R}.
        Source: Fader, Hardie & Lee (2005), eq. 6; Batislam et al. (2007), eq. 4, for MBG/NBD.
        """
        r, alpha, a, b = params
        x, coins, weight = rows.x, rows.x + cls.first_coin, rows.weight
        most = int(coins.max())
        gamma_r, d_gamma_r = log_rising(r, most)
        rise_b, d_rise_b = log_rising(b, most)
        rise_ab, d_rise_ab = log_rising(a + b, most)
        thrown = coins > 0
        last_coin = b + np.maximum(coins, 1) - 1
        log_T, log_tx = np.log(alpha + rows.T), np.log(alpha + rows.recency)
        R = r + x
        odds = np.where(thrown, np.log(a / last_coin) + R * (log_T - log_tx), -np.inf)
        dead = 1.0 / (1.0 + np.exp(-np.clip(odds, -700.0, 700.0))) * thrown
        core = np.logaddexp(0.0, odds) - R * log_T + gamma_r[x] + rise_b[coins] - rise_ab[coins]
        total = float(weight @ core + weight.sum() * r * np.log(alpha))
        blend = (1.0 - dead) * log_T + dead * log_tx
        slope_r = weight @ (d_gamma_r[x] - blend) + weight.sum() * np.log(alpha)
        pull = (1.0 - dead) / (alpha + rows.T) + dead / (alpha + rows.recency)
        slope_alpha = weight.sum() * r / alpha - weight @ (R * pull)
        slope_a = weight @ (dead / a - d_rise_ab[coins])
        slope_b = weight @ (d_rise_b[coins] - d_rise_ab[coins] - dead / last_coin)
        return total, np.array([slope_r, slope_alpha, slope_a, slope_b])

    def _checked(self, rows: Histories) -> Self:
        return refuse_without_leaving(self, rows)

    def probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> np.ndarray:
        """Return P(alive | x, t_x, T) = 1 / {1 + 1(k>0) a/(b+k-1) [(α+T)/(α+t_x)]^(r+x)}.

        For BG/NBD it is exactly 1 for a one-time buyer, however long ago: the model throws no coin
        before the first repeat purchase. Source: Fader, Hardie & Lee (2008), note 021, eq. 1.
        """
        histories = history_arrays(frequency, recency, T)
        if histories is None:
            return np.ones(())
        x, recent, total = np.broadcast_arrays(*histories)
        r, alpha, a, b = self.values
        coins = x + self.first_coin
        log_odds = np.log(a / (b + np.maximum(coins, 1) - 1)) + (r + x) * (
            np.log(alpha + total) - np.log(alpha + recent)
        )
        return np.where(coins > 0, 1.0 / (1.0 + np.exp(np.minimum(log_odds, 700.0))), 1.0)

    def expected_purchases(
        self,
        t: ArrayLike,
        frequency: ArrayLike | None = None,
        recency: ArrayLike | None = None,
        T: ArrayLike | None = None,
    ) -> np.ndarray:
        """Return E[Y(t) | x, t_x, T], or E[X(t)] of a new customer when no history is given.

        E[Y(t)] = P(alive) (a+b+k-1)/(a-1) {1 - (1-z)^(a-1) 2F1(a+b+k-1-R, a-1; a+b+k-1; z)},
        z = t/(α+T+t), R = r + x: eq. 10 of Fader, Hardie & Lee (2005) after Euler's transformation,
        which keeps its digits for frequent buyers. `t` is in the unit of T.
        """
        histories = history_arrays(frequency, recency, T)
        if histories is None:
            a, b = self.params["a"], self.params["b"]
            stays = b / (a + b) if self.first_coin else 1.0
            zero = np.zeros(())
            return stays * self._while_alive(np.asarray(t, dtype=float), zero, zero)
        x, recent, total = histories
        alive = self.probability_alive(x, recent, total)
        return alive * self._while_alive(np.asarray(t, dtype=float), x, total)

    def _while_alive(self, t: np.ndarray, x: np.ndarray, total: np.ndarray) -> np.ndarray:
        r, alpha, a, b = self.values
        stay, R, scale = b + x + self.first_coin, r + x, alpha + total
        t, stay, R, scale = np.broadcast_arrays(t, stay, R, scale)
        if abs(a - 1.0) < _NEAR or bool((np.abs(a + stay - 1.0) < _NEAR).any()):
            # a removable singularity: the mean of both sides is exact to the square of the step
            sides = [_closed_form(t, a + h, stay, R, scale) for h in (-2 * _NEAR, 2 * _NEAR)]
            found = (sides[0] + sides[1]) / 2.0
        else:
            found = _closed_form(t, a, stay, R, scale)
        ceiling = R * t / scale  # what is expected when nobody leaves
        lost = ~(np.isfinite(found) & (found >= 0.0) & (found <= ceiling * (1.0 + 1e-9)))
        if lost.any():
            found = np.array(found)
            found[lost] = _by_quantiles(t[lost], a, stay[lost], R[lost], scale[lost])
        return found

    def ahead(
        self, summary: pd.DataFrame, ends: np.ndarray, rng: np.random.Generator, draws: int
    ) -> np.ndarray:
        """Return drawn purchases (see `PurchaseFit.ahead`).

        Of the living λ ~ Gamma(r + x, α + T) and p ~ Beta(a, b + k), k coins thrown: the number of
        purchases up to and with the one after which they leave is geometric in p.
        """
        r, alpha, a, b = self.values
        x, recency, total = (
            summary[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T")
        )
        shape = (draws, len(x))
        alive = rng.random(shape) < self.probability_alive(x, recency, total)
        rate = rng.gamma(r + x, 1.0 / (alpha + total), shape)
        leaves = np.clip(rng.beta(a, b + x + self.first_coin, shape), 1e-15, 1.0)
        last = np.where(alive, rng.geometric(leaves), 0)
        wanted = np.cumsum(rng.poisson(rate[..., None] * np.diff(ends, prepend=0.0)), axis=2)
        return np.diff(np.minimum(wanted, last[..., None]), axis=2, prepend=0)

    def simulate(self, T: ArrayLike, rng: np.random.Generator) -> pd.DataFrame:
        """Return one simulated history per entry of `T`: `frequency`, `recency`, `T`.

        The n-th of m Poisson times on (0, T] is T·Beta(n, m-n+1), so nothing is stepped through.
        """
        total = np.asarray(T, dtype=float)
        r, alpha, a, b = self.values
        rate = rng.gamma(r, 1.0 / alpha, len(total))
        leaves = np.clip(rng.beta(a, b, len(total)), 1e-15, 1.0)
        purchases = rng.poisson(rate * total)
        stop = rng.geometric(leaves) - self.first_coin
        x = np.minimum(purchases, stop)
        after = np.maximum(purchases - x + 1, 1)
        recency = total * rng.beta(np.maximum(x, 1), after)
        return pd.DataFrame({"frequency": x, "recency": np.where(x > 0, recency, 0.0), "T": total})


@dataclass(frozen=True)
class MbgNbdFit(BgNbdFit):
    """MBG/NBD (Batislam, Denizel & Filiztekin 2007): a one-time buyer may be gone as well."""

    label: ClassVar[str] = "MBG/NBD"
    first_coin: ClassVar[int] = 1


def _closed_form(
    t: np.ndarray, a: float, stay: np.ndarray, R: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Return E[Y(t) | alive] = E over p ~ Beta(a, stay) of {1 - [scale/(scale + p t)]^R} / p."""
    from scipy.special import hyp2f1

    top, z = a + stay - 1.0, t / (scale + t)
    with np.errstate(all="ignore"):  # what overflows is found by the caller and done otherwise
        kept = np.exp((a - 1.0) * np.log1p(-z)) * hyp2f1(top - R, a - 1.0, top, z)
        return np.asarray(top / (a - 1.0) * (1.0 - kept))


def _by_quantiles(
    t: np.ndarray, a: float, stay: np.ndarray, R: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Return the same expectation by quadrature over the quantiles of p.

    Where `a` or `b` is extreme the hypergeometric function returns nonsense (up to 1e29); this is
    bounded by R t / scale whatever the parameters.
    """
    from scipy.special import betaincinv

    distinct, place = np.unique(stay, return_inverse=True)  # few: b + a whole number
    p = np.maximum(betaincinv(a, distinct[:, None], (_NODES + 1.0) / 2.0), 1e-300)[place]
    R, ratio = R[:, None], (t / scale)[:, None]
    return np.asarray(-np.expm1(-R * np.log1p(p * ratio)) / p @ (_WEIGHTS / 2.0))


def fit_bg_nbd(summary: pd.DataFrame) -> BgNbdFit:
    """Return BG/NBD fitted by maximum likelihood to one row a customer.

    Columns in: `frequency` (count), `recency` and `T` (one unit of time); others are ignored. The
    verdict says whether the fit may be used. Gradient analytic, rows grouped, several starts.

    Raises:
        MetricError: the summary is empty or a row cannot be a purchase history.

    Source: Fader, Hardie & Lee (2005), "Counting your customers" the easy way.
    """
    return BgNbdFit.fit(summary)


def fit_mbg_nbd(summary: pd.DataFrame) -> MbgNbdFit:
    """Return MBG/NBD fitted by maximum likelihood to one row a customer; else as `fit_bg_nbd`.

    Raises:
        MetricError: the summary is empty or a row cannot be a purchase history.

    Source: Batislam, Denizel & Filiztekin (2007); Hoppe & Wagner (2007).
    """
    return MbgNbdFit.fit(summary)
