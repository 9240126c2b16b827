"""What a test can see: minimum detectable effect, sample size, and the size of a hold-out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from helpers.errors import MetricError


def minimum_detectable_effect(
    *,
    standard_deviation: float,
    n_treated: float,
    n_control: float,
    power: float = 0.8,
    alpha: float = 0.05,
) -> float:
    """Return the smallest true difference of means that a test finds with the given power.

    MDE = (z_{1−α/2} + z_{power}) · σ · √(1/n_T + 1/n_C), in the unit of σ; NaN where an arm is
    empty. For a share p use σ = √(p(1−p)); for a metric adjusted by CUPED use σ·√(1 − variance
    reduction).

    Raises:
        MetricError: σ is negative, or power or alpha is not between 0 and 1.

    Source: Bloom (1995), Minimum detectable effects, Evaluation Review 19.
    """
    _check(standard_deviation, power, alpha)
    if min(n_treated, n_control) <= 0:
        return float("nan")
    z = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)
    return float(z * standard_deviation * np.sqrt(1 / n_treated + 1 / n_control))


def sample_size(
    *, effect: float, standard_deviation: float, power: float = 0.8, alpha: float = 0.05
) -> int:
    """Return the customers needed in each of two equal arms to find the effect.

    n = 2 · ((z_{1−α/2} + z_{power}) · σ / effect)², rounded up.

    Raises:
        MetricError: the effect is zero, σ is negative, or power or alpha is not between 0 and 1.
    """
    _check(standard_deviation, power, alpha)
    if effect == 0:
        raise MetricError(
            "no sample finds an effect of zero", hint="Give the effect that would pay."
        )
    z = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)
    return max(2, int(np.ceil(2 * (z * standard_deviation / effect) ** 2)))


def _check(standard_deviation: float, power: float, alpha: float) -> None:
    if not standard_deviation >= 0:
        raise MetricError(f"the standard deviation is {standard_deviation}, and must be at least 0")
    for name, given in {"power": power, "alpha": alpha}.items():
        if not 0 < given < 1:
            raise MetricError(f"{name} is {given}, and must lie between 0 and 1")


def holdout_plan(
    *,
    customers: int,
    standard_deviation: float,
    mean: float,
    shares: Sequence[float] = (0.1, 0.2, 0.3, 0.5),
    power: float = 0.8,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Return what a random hold-out of each size would be able to see.

    Args:
        customers: who would be contacted without a hold-out.
        standard_deviation: of the metric over customers, after adjustment where there is one.
        mean: of the metric a customer, for the relative effect.
        shares: of the customers that are not contacted.
        power: chance of finding the effect.
        alpha: chance of a false alarm.

    Returns:
        One row a share: `holdout_share` (float64), `holdout contacted` (int64, customers),
        `detectable_effect` (float64, unit of the metric a customer), `relative_effect` (float64,
        share of the mean; NaN where it is zero).

    Raises:
        MetricError: as `minimum_detectable_effect`, or a share is not between 0 and 1.
    """
    rows = []
    for share in shares:
        if not 0 < share < 1:
            raise MetricError(f"a hold-out share is {share}, and must lie between 0 and 1")
        held = round(customers * share)
        effect = minimum_detectable_effect(
            standard_deviation=standard_deviation,
            n_treated=customers - held,
            n_control=held,
            power=power,
            alpha=alpha,
        )
        rows.append(
            {
                "holdout_share": float(share),
                "holdout": held,
                "contacted": customers - held,
                "detectable_effect": effect,
                "relative_effect": effect / mean if mean else float("nan"),
            }
        )
    return pd.DataFrame(rows)
