"""What the purchase models share: a fitted model that answers for known and new customers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.errors import MetricError, did_you_mean
from helpers.metrics.customer_value.fitting import BOUND, Optimum, Verdict, maximise
from helpers.metrics.customer_value.histories import Histories

SCREEN_ROWS = 2_000


@dataclass(frozen=True)
class ModelFit(ABC):
    """A model with its parameters, and what the fit says about them.

    Attributes:
        params: name -> value.
        log_likelihood: at `params`; NaN for a model made by `at`.
        standard_errors: name -> standard error (delta method on ln(params)); NaN where unknown.
        covariance: of ln(params), in the order of `params`.
        customers: number of customers that the fit rests on.
        verdict: `converged`, `degenerate` or `at a bound`; only a converged fit may be used unseen.
        reason: why the verdict is not `converged`.
    """

    params: Mapping[str, float]
    log_likelihood: float = float("nan")
    standard_errors: Mapping[str, float] = field(default_factory=dict)
    covariance: np.ndarray = field(
        default_factory=lambda: np.empty((0, 0)), repr=False, compare=False
    )
    customers: int = 0
    verdict: Verdict = "converged"
    reason: str = ""

    label: ClassVar[str]
    names: ClassVar[tuple[str, ...]]

    @classmethod
    def at(cls, **params: float) -> Self:
        """Return the model at given parameters, without a fit (published values, simulations).

        Raises:
            MetricError: a parameter is missing, unknown or not above zero.
        """
        for name in params:
            if name not in cls.names:
                raise MetricError(
                    f"{cls.label} has no parameter {name!r}", hint=did_you_mean(name, cls.names)
                )
        for name in cls.names:
            if not params.get(name, 0.0) > 0.0:
                raise MetricError(f"{cls.label} needs {name} > 0, got {params.get(name)}")
        return cls(params={name: float(params[name]) for name in cls.names})

    @classmethod
    def _from_optimum(cls, found: Optimum, customers: int) -> Self:
        return cls(
            params=dict(zip(cls.names, map(float, found.params), strict=True)),
            log_likelihood=found.log_likelihood,
            standard_errors=dict(zip(cls.names, map(float, found.standard_errors), strict=True)),
            covariance=found.covariance,
            customers=customers,
            verdict=found.verdict,
            reason=found.reason,
        )

    @property
    def usable(self) -> bool:
        """Whether the fit may be used without a word."""
        return self.verdict == "converged"

    @property
    def values(self) -> tuple[float, ...]:
        """The parameters in the model's order."""
        return tuple(self.params[name] for name in self.names)

    def drawn(self, rng: np.random.Generator) -> Self:
        """Return the model with parameters drawn from what the data leave open about them.

        Normal on ln(params) around the fit, with its covariance; a parameter of which the data do
        not tell (at a bound, or a model made by `at`) stays.
        """
        logs = np.log(np.array(self.values))
        known = np.isfinite(np.diag(self.covariance)) if self.covariance.size else np.zeros(0, bool)
        if not known.any():
            return self
        root, vectors = np.linalg.eigh(self.covariance[np.ix_(known, known)])
        step = vectors @ (np.sqrt(np.maximum(root, 0.0)) * rng.standard_normal(len(root)))
        logs[known] = np.clip(logs[known] + step, -BOUND, BOUND)
        return replace(self, params=dict(zip(self.names, np.exp(logs).tolist(), strict=True)))


@dataclass(frozen=True)
class PurchaseFit(ModelFit):
    """A fitted model of repeat purchases: when customers buy, and whether they still will."""

    @classmethod
    @abstractmethod
    def log_likelihood_at(cls, params: np.ndarray, rows: Histories) -> tuple[float, np.ndarray]:
        """Return the log-likelihood of the rows and its gradient in the parameters."""

    @classmethod
    def fit(cls, summary: pd.DataFrame, *, start: Mapping[str, float] | None = None) -> Self:
        """Return the maximum likelihood fit to a summary with `frequency`, `recency` and `T`.

        `start` replaces the model's own starts (a bootstrap begins at the fit it repeats).

        Raises:
            MetricError: the summary is empty, or a row cannot be a purchase history.
        """
        rows = Histories.of(summary)
        if start is not None:
            return cls.fit_rows(rows, [[start[name] for name in cls.names]])
        scale = float(np.average(rows.T, weights=rows.weight)) or 1.0
        return cls.fit_rows(rows, cls._scaled_starts(scale))._checked(rows)

    @classmethod
    def fit_rows(cls, rows: Histories, starts: list[list[float]]) -> Self:
        """Return the fit to grouped rows from given starts; the verdict is the search's."""
        thin = rows.thinned(SCREEN_ROWS) if len(starts) > 1 else rows
        found = maximise(
            lambda params: cls.log_likelihood_at(params, rows),
            names=cls.names,
            starts=starts,
            customers=rows.customers,
            screen=None if thin is rows else lambda params: cls.log_likelihood_at(params, thin),
        )
        return cls._from_optimum(found, rows.customers)

    @classmethod
    @abstractmethod
    def _scaled_starts(cls, scale: float) -> list[list[float]]:
        """Return starting points for data whose mean time observed is `scale`."""

    def _checked(self, rows: Histories) -> Self:
        """Return the fit, its verdict changed where the model's own meaning is lost."""
        return self

    @abstractmethod
    def probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> np.ndarray:
        """Return the probability that customers with these histories may still buy."""

    @abstractmethod
    def expected_purchases(
        self,
        t: ArrayLike,
        frequency: ArrayLike | None = None,
        recency: ArrayLike | None = None,
        T: ArrayLike | None = None,
    ) -> np.ndarray:
        """Return expected purchases in the next `t`: of known customers, or of a new one."""

    def expected_for(self, summary: pd.DataFrame, t: float) -> np.ndarray:
        """Return expected purchases in the next `t` for each row of a summary."""
        return self.expected_purchases(t, summary["frequency"], summary["recency"], summary["T"])

    @abstractmethod
    def ahead(
        self, summary: pd.DataFrame, ends: np.ndarray, rng: np.random.Generator, draws: int
    ) -> np.ndarray:
        """Return purchases of known customers drawn for spans that end at `ends`, from now on.

        Each draw takes a customer's rate, and whether and when he or she leaves, from what the
        history leaves open about them (their posterior at the parameters), then the purchases.
        int64, draws × customers × spans; the mean over draws is that of `expected_for`.
        """

    @abstractmethod
    def simulate(self, T: ArrayLike, rng: np.random.Generator) -> pd.DataFrame:
        """Return simulated `frequency`, `recency`, `T`, one row per entry of `T`."""


def history_arrays(
    frequency: ArrayLike | None, recency: ArrayLike | None, T: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return the three as float arrays, or None when all are None (a new customer).

    Raises:
        MetricError: some are given and some are not, or a value is negative.
    """
    given = [frequency is not None, recency is not None, T is not None]
    if not any(given):
        return None
    if not all(given):
        raise MetricError(
            "frequency, recency and T belong together",
            hint="Give all three for a known customer, none for a new one.",
        )
    x, recent, total = (np.asarray(part, dtype=float) for part in (frequency, recency, T))
    if (x < 0).any() or (recent < 0).any() or (total < recent - 1e-9).any():
        raise MetricError("a history needs frequency >= 0 and 0 <= recency <= T")
    return x, recent, total


def spread_alive(
    alive: np.ndarray, horizon: np.ndarray, rng: np.random.Generator, rate: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of Poisson purchases in (0, min(alive, horizon)] and the last one's time.

    The latest of n uniform times on (0, s] is s·U^(1/n).
    """
    span = np.minimum(alive, horizon)
    count = rng.poisson(rate * span)
    last = np.where(count > 0, span * rng.random(len(span)) ** (1.0 / np.maximum(count, 1)), 0.0)
    return count, last
