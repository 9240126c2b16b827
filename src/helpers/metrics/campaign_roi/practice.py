"""Practice runs: the comparison on weeks before the campaign, where the true effect is zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from helpers.metrics.campaign_roi.evidence import Verdict

PLACEBO_ALPHA = 0.10
"""Stricter than 5 %: passing a false comparison costs more than refusing a true one."""
EQUIVALENCE_ALPHA = 0.05
"""Chance of calling both groups alike although they moved apart by the effect that would pay."""
FEWEST_RUNS = 10
"""Practice runs below which the spread of the method's errors is not estimated."""


class Estimate(Protocol):
    """An effect, its error and each customer's influence on it, such as a `Comparison`."""

    @property
    def effect(self) -> float:
        """The estimate."""

    @property
    def standard_error(self) -> float:
        """Its standard error."""

    @property
    def influence(self) -> np.ndarray:
        """One number a customer; the squares sum to the variance."""


@dataclass(frozen=True)
class Placebo:
    """The practice runs of one campaign taken together.

    Attributes:
        runs: number of practice windows.
        effect: mean of their effects; NaN without a run.
        standard_error: of that mean, counting that the same customers are in all windows.
        p_value: of the joint test that all effects are zero (Wald, χ² with `runs` degrees of
            freedom).
        largest: the largest absolute effect among the runs.
    """

    runs: int
    effect: float
    standard_error: float
    p_value: float
    largest: float

    def equivalence_p(self, tolerance: float) -> float:
        """Return the p-value of the mean effect being as large as the tolerance, either way.

        p = max(Φ((θ̄ − δ) / se), 1 − Φ((θ̄ + δ) / se)): the larger of two one-sided tests. NaN
        without a run or a tolerance.

        Source: Schuirmann (1987), A comparison of the two one-sided tests procedure, J.
        Pharmacokinet. Biopharm. 15.
        """
        if not (self.standard_error > 0 and np.isfinite(tolerance)):
            return float("nan")
        above = stats.norm.cdf((self.effect - tolerance) / self.standard_error)
        below = stats.norm.sf((self.effect + tolerance) / self.standard_error)
        return float(max(above, below))

    def verdict(self, tolerance: float) -> Verdict:
        """Return `pass`, `fail` or `unknown`.

        Fail: the joint test finds an effect where there was none. Pass: it does not, and a mean
        effect as large as the tolerance (the effect at which a campaign just pays) is ruled out.
        Unknown: neither, no run, or no tolerance.
        """
        if not self.runs or not np.isfinite(self.p_value):
            return "unknown"
        if self.p_value < PLACEBO_ALPHA:
            return "fail"
        return "pass" if self.equivalence_p(tolerance) < EQUIVALENCE_ALPHA else "unknown"


def joint_placebo(runs: Sequence[Estimate]) -> Placebo:
    """Return the joint test of the practice runs of one campaign.

    W = θ' Σ⁻¹ θ with Σ_jk = Σ_i influence_ij · influence_ik over customers.

    Args:
        runs: comparisons over the same customers in the same order; those without an estimate are
            left out.
    """
    found = [run for run in runs if run.standard_error > 0]
    if not found:
        return Placebo(0, float("nan"), float("nan"), float("nan"), float("nan"))
    effects = np.array([run.effect for run in found])
    influence = np.column_stack([run.influence for run in found])
    covariance = influence.T @ influence
    statistic = float(effects @ np.linalg.pinv(covariance) @ effects)
    mean_error = float(np.sqrt(covariance.sum())) / len(found)
    return Placebo(
        len(found),
        float(effects.mean()),
        mean_error,
        float(stats.chi2.sf(statistic, len(found))),
        float(np.abs(effects).max()),
    )


@dataclass(frozen=True)
class Spread:
    """A normal distribution of true effects behind noisy estimates: mean, its error, and spread."""

    mean: float
    standard_error: float
    spread: float
    count: int


def random_effects(effects: ArrayLike, standard_errors: ArrayLike) -> Spread:
    """Return the random-effects summary of estimates, by maximum likelihood.

    effect_i ~ N(μ, τ² + se_i²); μ is the precision-weighted mean at the τ ≥ 0 that maximises the
    likelihood.

    Args:
        effects: estimates, in one unit; NaN are left out.
        standard_errors: theirs; estimates without a positive one are left out.

    Returns:
        μ, its standard error, τ, and the number of estimates; NaN where there is none.

    Source: Hardy & Thompson (1996), A likelihood approach to meta-analysis with random effects,
    Statistics in Medicine 15.
    """
    y, se = np.asarray(effects, dtype=float), np.asarray(standard_errors, dtype=float)
    good = np.isfinite(y) & np.isfinite(se) & (se > 0)
    y, variance = y[good], se[good] ** 2
    if not len(y):
        return Spread(float("nan"), float("nan"), float("nan"), 0)

    def mean_at(tau: float) -> tuple[float, np.ndarray]:
        weight = 1 / (variance + tau**2)
        return float((weight * y).sum() / weight.sum()), weight

    def deviance(tau: float) -> float:
        mean, weight = mean_at(tau)
        return float((weight * (y - mean) ** 2).sum() - np.log(weight).sum())

    top = float(np.ptp(y)) + float(np.sqrt(variance.max()))
    best = optimize.minimize_scalar(
        deviance, bounds=(0, top), method="bounded", options={"xatol": top * 1e-8}
    )
    tau = 0.0 if deviance(0.0) <= best.fun + 1e-12 else float(best.x)
    mean, weight = mean_at(tau)
    return Spread(mean, float(1 / np.sqrt(weight.sum())), tau, len(y))


def method_errors(runs: Sequence[Estimate]) -> Spread:
    """Return mean and spread of the effects that practice runs found, all campaigns together.

    As `random_effects`, but the error of the mean counts that the same customers stand behind many
    runs: se(μ)² = Σ_i (Σ_r w_r influence_ir)² + τ² Σ_r w_r², with weights w that sum to 1.

    Args:
        runs: comparisons over the same customers in the same order.
    """
    found = [run for run in runs if run.standard_error > 0]
    summary = random_effects([r.effect for r in found], [r.standard_error for r in found])
    if not found:
        return summary
    weight = np.array([1 / (r.standard_error**2 + summary.spread**2) for r in found])
    weight /= weight.sum()
    shared = sum(w * r.influence for w, r in zip(weight, found, strict=True))
    variance = float((shared**2).sum() + summary.spread**2 * (weight**2).sum())
    return Spread(summary.mean, float(np.sqrt(variance)), summary.spread, summary.count)


def calibrated(
    effect: float, standard_error: float, errors: Spread | None, *, confidence: float = 0.95
) -> tuple[float, float, float, float]:
    """Return an effect corrected for the method's own errors, as practice runs show them.

    estimate − μ ± z √(se² + τ² + se(μ)²), with μ and τ the mean and spread of the practice runs'
    effects.

    Args:
        effect: the estimate.
        standard_error: its sampling error.
        errors: `random_effects` of the practice runs; None or fewer than `FEWEST_RUNS` runs leave
            the estimate as it is.
        confidence: of the interval.

    Returns:
        The corrected effect, its standard error, and the limits of its interval.

    Source: Schuemie et al. (2018), Empirical confidence interval calibration, PNAS 115.
    """
    centre, error = effect, standard_error
    if errors is not None and errors.count >= FEWEST_RUNS:
        centre = effect - errors.mean
        error = float(np.sqrt(standard_error**2 + errors.spread**2 + errors.standard_error**2))
    reach = float(stats.norm.ppf((1 + confidence) / 2)) * error
    return centre, error, centre - reach, centre + reach
