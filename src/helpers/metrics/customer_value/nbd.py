"""NBD: Poisson purchases at rates λ ~ Gamma(r, α), and nobody ever leaves.

It is the edge on which the models with leaving degenerate, and their fallback when the data show no
leaving at all.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.metrics.customer_value.histories import Histories, log_rising
from helpers.metrics.customer_value.purchase_fit import PurchaseFit, history_arrays

Fit = TypeVar("Fit", bound=PurchaseFit)
EVIDENCE = 2.0  # ln-likelihood; 2·EVIDENCE = 4 is about the 5 % point of χ² with 1 or 2 degrees


@dataclass(frozen=True)
class NbdFit(PurchaseFit):
    """NBD (Ehrenberg 1959; Morrison & Schmittlein 1988). Parameters r, alpha (in the unit of T)."""

    label: ClassVar[str] = "NBD"
    names: ClassVar[tuple[str, ...]] = ("r", "alpha")

    @classmethod
    def _scaled_starts(cls, scale: float) -> list[list[float]]:
        return [[1.0, scale * 0.2]]

    @classmethod
    def log_likelihood_at(cls, params: np.ndarray, rows: Histories) -> tuple[float, np.ndarray]:
        """Return the log-likelihood and its gradient: L = [Γ(r+x)/Γ(r)] α^r (α+T)^-(r+x)."""
        r, alpha = params
        gamma_r, d_gamma_r = log_rising(r, int(rows.x.max()))
        size, log_T, R = rows.weight.sum(), np.log(alpha + rows.T), r + rows.x
        total = rows.weight @ (gamma_r[rows.x] - R * log_T) + size * r * np.log(alpha)
        slope_r = rows.weight @ (d_gamma_r[rows.x] - log_T) + size * np.log(alpha)
        slope_alpha = size * r / alpha - rows.weight @ (R / (alpha + rows.T))
        return float(total), np.array([slope_r, slope_alpha])

    def probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> np.ndarray:
        """Return 1 for every customer: in this model nobody leaves."""
        histories = history_arrays(frequency, recency, T)
        return np.ones(
            np.broadcast_shapes(*(part.shape for part in histories)) if histories else ()
        )

    def expected_purchases(
        self,
        t: ArrayLike,
        frequency: ArrayLike | None = None,
        recency: ArrayLike | None = None,
        T: ArrayLike | None = None,
    ) -> np.ndarray:
        """Return (r + x) t / (α + T), or r t / α of a new customer."""
        histories = history_arrays(frequency, recency, T)
        x, _, total = histories if histories else (np.zeros(()),) * 3
        r, alpha = self.values
        return np.asarray((r + x) * np.asarray(t, dtype=float) / (alpha + total))

    def ahead(
        self, summary: pd.DataFrame, ends: np.ndarray, rng: np.random.Generator, draws: int
    ) -> np.ndarray:
        """Return drawn purchases (see `PurchaseFit.ahead`): λ | x, T ~ Gamma(r + x, α + T)."""
        r, alpha = self.values
        x, total = (summary[name].to_numpy(dtype=float) for name in ("frequency", "T"))
        rate = rng.gamma(r + x, 1.0 / (alpha + total), (draws, len(x)))
        return rng.poisson(rate[..., None] * np.diff(ends, prepend=0.0))

    def simulate(self, T: ArrayLike, rng: np.random.Generator) -> pd.DataFrame:
        """Return one simulated history per entry of `T`: `frequency`, `recency`, `T`."""
        total = np.asarray(T, dtype=float)
        r, alpha = self.values
        x = rng.poisson(rng.gamma(r, 1.0 / alpha, len(total)) * total)
        recency = total * rng.random(len(total)) ** (1.0 / np.maximum(x, 1))
        return pd.DataFrame({"frequency": x, "recency": np.where(x > 0, recency, 0.0), "T": total})


def fit_nbd(summary: pd.DataFrame) -> NbdFit:
    """Return NBD fitted by maximum likelihood to one row a customer: `frequency`, `recency`, `T`.

    Raises:
        MetricError: the summary is empty or a row cannot be a purchase history.

    Source: Ehrenberg (1959); Morrison & Schmittlein (1988).
    """
    return NbdFit.fit(summary)


def refuse_without_leaving(fit: Fit, rows: Histories) -> Fit:
    """Return the fit, called degenerate where the data do not show that anybody leaves.

    With no leaving, the leaving parameters run to an edge or come to rest anywhere on a flat ridge,
    and the probability of being alive means nothing. The test is the likelihood gained over NBD.
    """
    if not fit.usable:
        return fit
    nobody = NbdFit.fit_rows(rows, [NbdFit._scaled_starts(1.0 + float(rows.T.mean()))[0]])
    gain = fit.log_likelihood - nobody.log_likelihood
    if gain >= EVIDENCE:
        return fit
    return replace(
        fit,
        verdict="degenerate",
        reason="the data do not show that customers leave",
    )
