"""Maximum likelihood over positive parameters: several starts, Newton polish, an honest verdict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from typing import Literal, ParamSpec, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

Given = ParamSpec("Given")
Found = TypeVar("Found")

Verdict = Literal["converged", "degenerate", "at a bound"]
LogLikelihood = Callable[[np.ndarray], tuple[float, np.ndarray]]
"""Parameters -> log-likelihood and its gradient in the parameters."""

BOUND = 12.0  # |ln parameter| at most this: 6e-6 to 160,000; beyond it a likelihood is flat
NEWTON_STEPS = 25  # two or three do where the maximum is pinned down
_STEP = 1e-4


@dataclass(frozen=True)
class Optimum:
    """Where the likelihood is highest.

    Attributes:
        params: the parameters, in the model's order.
        log_likelihood: at `params`.
        covariance: of ln(params); NaN where the likelihood has no curvature.
        verdict: `converged`, `degenerate` (no maximum is pinned down) or `at a bound`.
        reason: why it is not `converged`, in plain words; empty otherwise.
    """

    params: np.ndarray
    log_likelihood: float
    covariance: np.ndarray
    verdict: Verdict
    reason: str

    @property
    def standard_errors(self) -> np.ndarray:
        """Standard errors of the parameters, by the delta method from those of ln(params)."""
        variance = np.diag(self.covariance)
        return self.params * np.sqrt(np.where(variance >= 0, variance, np.nan))


@cache
def _pools() -> ThreadpoolController:
    return ThreadpoolController()


def on_one_thread(call: Callable[Given, Found]) -> Callable[Given, Found]:
    """Hold linear algebra to one thread: threads cost far more than matrices of four rows."""

    @wraps(call)
    def held(*given: Given.args, **named: Given.kwargs) -> Found:
        with _pools().limit(limits=1, user_api="blas"):
            return call(*given, **named)

    return held


@on_one_thread
def maximise(
    likelihood: LogLikelihood,
    *,
    names: Sequence[str],
    starts: Sequence[Sequence[float]],
    customers: int,
    screen: LogLikelihood | None = None,
) -> Optimum:
    """Return the best optimum over all starts.

    `screen` is the likelihood of a part of the rows: all starts run on it, and only the best one
    goes on to the whole. Each search is L-BFGS-B on ln(params) within ±BOUND; Newton steps on the
    finite-difference Hessian of the analytic gradient finish it.
    """
    scale = 1.0 / max(customers, 1)

    def negative(of: LogLikelihood) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        def value(logs: np.ndarray) -> tuple[float, np.ndarray]:
            params = np.exp(logs)
            height, slope = of(params)
            return -height * scale, -slope * params * scale

        return value

    logs = [np.log(np.asarray(start, dtype=float)) for start in starts]
    if screen is not None:
        rough = [_descend(negative(screen), start, tolerance=1e-5) for start in logs]
        logs = [min(rough, key=lambda found: found[1])[0]]
    whole = negative(likelihood)
    searched = [_descend(whole, start, tolerance=1e-9) for start in logs]
    best, _ = min(searched, key=lambda found: found[1])
    best, hessian, slope = _polish(whole, best)
    return _judged(likelihood, best, hessian / scale, slope, names)


def _descend(
    value: Callable[[np.ndarray], tuple[float, np.ndarray]], start: np.ndarray, *, tolerance: float
) -> tuple[np.ndarray, float]:
    from scipy.optimize import minimize

    found = minimize(
        value,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(-BOUND, BOUND)] * len(start),
        options={"ftol": tolerance * 1e-3, "gtol": tolerance * 1e2, "maxiter": 500},
    )
    height = float(found.fun)
    return found.x, height if np.isfinite(height) else np.inf


def _hessian(value: Callable[[np.ndarray], tuple[float, np.ndarray]], at: np.ndarray) -> np.ndarray:
    size = len(at)
    hessian = np.empty((size, size))
    for i in range(size):
        step = np.zeros(size)
        step[i] = _STEP
        hessian[i] = (value(at + step)[1] - value(at - step)[1]) / (2 * _STEP)
    return (hessian + hessian.T) / 2


def _polish(
    value: Callable[[np.ndarray], tuple[float, np.ndarray]], at: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take Newton steps among the parameters off the bounds, as long as they climb."""
    height, slope = value(at)
    hessian = _hessian(value, at)
    for _ in range(NEWTON_STEPS):
        free = np.abs(at) < BOUND - 1e-6
        if not free.any() or np.abs(slope[free]).max() < 1e-10:
            break
        block = hessian[np.ix_(free, free)]
        if not _positive_definite(block):
            break
        step = np.zeros_like(at)
        step[free] = -np.linalg.solve(block, slope[free])
        step *= min(1.0, 0.5 / np.abs(step).max())  # along a ridge the full step leaves the valley
        trial = np.clip(at + step, -BOUND, BOUND)
        higher, there = value(trial)
        while not higher <= height + 1e-13 and np.abs(step).max() > 1e-6:
            step /= 4.0
            trial = np.clip(at + step, -BOUND, BOUND)
            higher, there = value(trial)
        if not higher <= height + 1e-13:
            break
        at, height, slope = trial, higher, there
        if np.abs(step).max() > 1e-3:
            hessian = _hessian(value, at)
    return at, hessian, slope


def _positive_definite(matrix: np.ndarray) -> bool:
    if not np.isfinite(matrix).all():
        return False
    values = np.linalg.eigvalsh(matrix)
    return bool(values.min() > 1e-10 * max(values.max(), 1e-300))


def _judged(
    likelihood: LogLikelihood,
    logs: np.ndarray,
    hessian: np.ndarray,
    slope: np.ndarray,
    names: Sequence[str],
) -> Optimum:
    params = np.exp(logs)
    bound = [n for n, log in zip(names, logs, strict=True) if abs(log) >= BOUND - 1e-3]
    free = np.abs(logs) < BOUND - 1e-3
    covariance = np.full(hessian.shape, np.nan)
    block = hessian[np.ix_(free, free)]
    curved = bool(free.any()) and _positive_definite(block)
    if curved:
        covariance[np.ix_(free, free)] = np.linalg.inv(block)
    verdict: Verdict = "converged"
    reason = ""
    if not curved:
        verdict, reason = "degenerate", "the data do not pin the parameters down"
    elif np.abs(slope[free]).max() > 1e-5:
        verdict, reason = "degenerate", "the search did not come to rest"
    if bound:
        verdict = "at a bound"
        which = "parameters" if len(bound) > 1 else "parameter"
        reason = f"its {which} {' and '.join(bound)} ran out of range"
    height, _ = likelihood(params)
    return Optimum(params, float(height), covariance, verdict, reason)
