"""Randomised campaigns: lift with its interval, as it is and adjusted for what was known."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from helpers.errors import MetricError, did_you_mean
from helpers.metrics.campaign_roi.frames import numbers, require_columns


def lift(
    outcomes: pd.DataFrame, *, arm: str, control: str, metric: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Return the mean of a metric in each arm and its difference from the control arm.

    lift = x̄_arm − x̄_control, interval and two-sided p by Welch's t (unequal variances,
    Satterthwaite degrees of freedom); relative_lift = lift / x̄_control; incremental_total = lift ·
    n_arm.

    Args:
        outcomes: one row a customer, also those who did nothing (metric 0): `arm` (str), `metric`
            (number or bool; returns count as negative money).
        arm: column of the arms.
        control: the arm that was not contacted.
        metric: column of the outcome.
        confidence: of the interval.

    Returns:
        One row an arm, control first, then by name: `arm` (str), `n` (int64, customers), `mean lift
        lift_low lift_high` (float64, unit of the metric a customer), `relative_lift` (float64,
        share; NaN where the control's mean is zero), `p_value` (float64), `incremental_total`
        (float64, unit of the metric). The control's own comparison is NaN. Interval and p are NaN
        where an arm has one customer or neither arm varies.

    Raises:
        MetricError: a column is missing, a value is null, or no row is of the control arm.

    Source: Welch (1947), The generalization of Student's problem, Biometrika 34.
    """
    values, arms = _checked(outcomes, arm, control, metric)
    return _against_control(values, arms, control, confidence)


def _checked(
    outcomes: pd.DataFrame, arm: str, control: str, metric: str
) -> tuple[np.ndarray, np.ndarray]:
    require_columns(outcomes, [arm, metric], table="outcomes")
    unknown = outcomes[arm].isna()
    if unknown.any():
        raise MetricError(
            "customers without an arm",
            column=arm,
            keys=outcomes.index[unknown],
            hint="A customer whose arm is not known belongs to no experiment: say which it was.",
        )
    arms = outcomes[arm].astype(str).to_numpy(dtype=object)
    if str(control) not in set(arms):
        raise MetricError(
            f"no customer is in the control arm {control!r}",
            column=arm,
            hint=did_you_mean(str(control), set(arms)),
        )
    return numbers(outcomes, metric, table="outcomes"), arms


def _against_control(
    values: np.ndarray, arms: np.ndarray, control: str, confidence: float
) -> pd.DataFrame:
    base = values[arms == control]
    rows = [_row(control, base, None, confidence)]
    for name in sorted(set(arms) - {control}):
        rows.append(_row(name, values[arms == name], base, confidence))
    return pd.DataFrame(rows)


def _row(
    name: str, treated: np.ndarray, base: np.ndarray | None, confidence: float
) -> dict[str, object]:
    nothing = float("nan")
    row: dict[str, object] = {"arm": name, "n": len(treated), "mean": float(treated.mean())}
    if base is None:
        compared = dict.fromkeys(
            ("lift", "lift_low", "lift_high", "relative_lift", "p_value", "incremental_total"),
            nothing,
        )
        return row | compared
    difference = float(treated.mean() - base.mean())
    error, freedom = _welch(treated, base)
    reach = float(stats.t.ppf((1 + confidence) / 2, freedom)) * error if error > 0 else nothing
    return row | {
        "lift": difference,
        "lift_low": difference - reach,
        "lift_high": difference + reach,
        "relative_lift": difference / base.mean() if base.mean() else nothing,
        "p_value": float(2 * stats.t.sf(abs(difference) / error, freedom))
        if error > 0
        else nothing,
        "incremental_total": difference * len(treated),
    }


def _welch(treated: np.ndarray, base: np.ndarray) -> tuple[float, float]:
    """Return the standard error of the difference and its degrees of freedom; 0 where unknown."""
    if min(len(treated), len(base)) < 2:
        return 0.0, 1.0
    parts = np.array([treated.var(ddof=1) / len(treated), base.var(ddof=1) / len(base)])
    total = float(parts.sum())
    if total <= 0:
        return 0.0, 1.0
    freedom = total**2 / float((parts**2 / [len(treated) - 1, len(base) - 1]).sum())
    return float(np.sqrt(total)), freedom


def relative_lift_interval(
    outcomes: pd.DataFrame, *, arm: str, control: str, metric: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Return the relative lift of each arm with its interval by Fieller's theorem.

    With ratio ρ = x̄_T / x̄_C the limits solve (x̄_T − ρ x̄_C)² = z² (v_T + ρ² v_C); relative lift
    = ρ − 1.

    Returns:
        One row an arm other than the control: `arm` (str), `relative_lift low high` (float64,
        share). NaN limits where the control's mean does not differ from zero: the interval is then
        unbounded.

    Raises:
        MetricError: as `lift`.

    Source: Fieller (1954), Some problems in interval estimation, J. R. Statist. Soc. B 16.
    """
    values, arms = _checked(outcomes, arm, control, metric)
    z = float(stats.norm.ppf((1 + confidence) / 2))
    base = values[arms == control]
    rows = []
    for name in sorted(set(arms) - {control}):
        low, high = _fieller(values[arms == name], base, z)
        centre = float(values[arms == name].mean() / base.mean() - 1) if base.mean() else np.nan
        rows.append({"arm": name, "relative_lift": centre, "low": low, "high": high})
    return pd.DataFrame(rows, columns=["arm", "relative_lift", "low", "high"])


def _fieller(treated: np.ndarray, base: np.ndarray, z: float) -> tuple[float, float]:
    if min(len(treated), len(base)) < 2:
        return float("nan"), float("nan")
    top, bottom = float(treated.mean()), float(base.mean())
    v_top, v_bottom = treated.var(ddof=1) / len(treated), base.var(ddof=1) / len(base)
    a = bottom**2 - z**2 * v_bottom
    discriminant = (top * bottom) ** 2 - a * (top**2 - z**2 * v_top)
    if a <= 0 or discriminant < 0:
        return float("nan"), float("nan")
    root = float(np.sqrt(discriminant))
    return (top * bottom - root) / a - 1, (top * bottom + root) / a - 1


def adjusted_lift(
    outcomes: pd.DataFrame,
    *,
    arm: str,
    control: str,
    metric: str,
    covariates: Sequence[str],
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the lift after taking out what was known before the campaign (CUPED).

    y_adj = y − (x − x̄)·θ with θ the least-squares slope of y on x within arms; then as `lift`.
    With one covariate the variance falls by the factor 1 − corr(x, y)².

    Args:
        outcomes: as for `lift`, with the `covariates` measured before the first contact.
        arm: column of the arms.
        control: the arm that was not contacted.
        metric: column of the outcome.
        covariates: numeric columns; one that does not vary is left out.
        confidence: of the interval.

    Returns:
        As `lift`, and `variance_reduction` (float64, share of the within-arm variance explained).

    Raises:
        MetricError: as `lift`, or a covariate is missing or null.

    Source: Deng, Xu, Kohavi & Walker (2013), Improving the sensitivity of online controlled
    experiments by utilizing pre-experiment data, WSDM, eq. 4–5.
    """
    adjusted, reduction = adjusted_values(
        outcomes, arm=arm, control=control, metric=metric, covariates=covariates
    )
    arms = outcomes[arm].astype(str).to_numpy(dtype=object)
    table = _against_control(adjusted, arms, control, confidence)
    return table.assign(variance_reduction=reduction)


def adjusted_values(
    outcomes: pd.DataFrame, *, arm: str, control: str, metric: str, covariates: Sequence[str]
) -> tuple[np.ndarray, float]:
    """Return each customer's metric less what was known before, and the share of variance it took.

    The values that `adjusted_lift` compares; arguments and errors as there.
    """
    values, arms = _checked(outcomes, arm, control, metric)
    require_columns(outcomes, covariates, table="outcomes")
    known = np.column_stack(
        [np.empty((len(values), 0)), *(numbers(outcomes, c, table="outcomes") for c in covariates)]
    )
    within_y, within_x = values.copy(), known.copy()
    for name in set(arms):
        rows = arms == name
        within_y[rows] -= values[rows].mean()
        within_x[rows] -= known[rows].mean(axis=0)
    slopes = np.linalg.lstsq(within_x, within_y, rcond=None)[0]
    before = float(within_y @ within_y)
    after = float(((within_y - within_x @ slopes) ** 2).sum())
    adjusted = values - (known - known.mean(axis=0)) @ slopes
    return adjusted, 1 - after / before if before else 0.0
