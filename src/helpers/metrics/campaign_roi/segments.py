"""Uplift by segment, corrected for looking at many segments."""

from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from helpers.errors import MetricError
from helpers.metrics.campaign_roi.experiment import lift
from helpers.metrics.campaign_roi.frames import require_columns

Method = Literal["holm", "bh"]


def adjust_p_values(p_values: pd.Series, *, method: Method = "holm") -> pd.Series:
    """Return p-values corrected for the number of tests.

    holm: p_(i) → max_{j≤i} min(1, (m − j + 1) p_(j)), the chance of any false alarm. bh: p_(i) →
    min_{j≥i} min(1, m p_(j) / j), the expected share of false alarms. NaN is no test and stays NaN.

    Args:
        p_values: float64, 0 to 1.
        method: `holm` or `bh`.

    Raises:
        MetricError: the method is unknown.

    Source: Holm (1979), Scand. J. Statist. 6; Benjamini & Hochberg (1995), J. R. Statist. Soc. B
    57.
    """
    if method not in ("holm", "bh"):
        raise MetricError(f"no correction is called {method!r}", hint="Valid: holm, bh.")
    p = p_values.to_numpy(dtype=float)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    m, rank = len(order), np.arange(1, len(order) + 1)
    if method == "holm":
        adjusted = np.maximum.accumulate((m - rank + 1) * p[order])
    else:
        adjusted = np.minimum.accumulate((m * p[order] / rank)[::-1])[::-1]
    found = np.full(len(p), np.nan)
    found[order] = np.minimum(1.0, adjusted)
    return pd.Series(found, index=p_values.index, dtype=float)


def lift_by_segment(
    outcomes: pd.DataFrame,
    *,
    arm: str,
    control: str,
    metric: str,
    segment: str,
    method: Method = "holm",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the lift of each arm in each segment, with p-values corrected over all of them.

    Args:
        outcomes: as for `lift`, with a `segment` known before the start; null segments are left
            out.
        arm: column of the arms.
        control: the arm that was not contacted.
        metric: column of the outcome.
        segment: column of the segments.
        method: correction, see `adjust_p_values`.
        confidence: of the (uncorrected) interval.

    Returns:
        One row a segment and arm other than the control: `segment` (str), the columns of `lift`,
        `n_control` (int64) and `p_adjusted` (float64). A segment without customers of the control
        arm is left out.

    Raises:
        MetricError: as `lift`, or a column is missing.
    """
    require_columns(outcomes, [arm, metric, segment], table="outcomes")
    tables = []
    for name, rows in outcomes.groupby(segment, sort=True, observed=True):
        if not (rows[arm].astype(str) == control).any():
            continue
        table = lift(rows, arm=arm, control=control, metric=metric, confidence=confidence)
        held = int(table.loc[table["arm"] == control, "n"].iloc[0])
        table = table[table["arm"] != control].assign(n_control=held)
        table.insert(0, "segment", str(name))
        tables.append(table)
    if not tables:
        columns = ["segment", *lift(outcomes, arm=arm, control=control, metric=metric).columns]
        return pd.DataFrame(columns=[*columns, "n_control", "p_adjusted"])
    found = pd.concat(tables, ignore_index=True)
    return found.assign(p_adjusted=adjust_p_values(found["p_value"], method=method))


def heterogeneity(effects: pd.Series, standard_errors: pd.Series) -> tuple[float, int, float]:
    """Return whether effects differ more than chance: Cochran's Q, its degrees of freedom, p.

    Q = Σ (effect_i − μ)² / se_i² with μ the precision-weighted mean. NaN for fewer than two
    effects.

    Source: Cochran (1954), The combination of estimates from different experiments, Biometrics 10.
    """
    good = effects.notna() & (standard_errors > 0)
    y = effects[good].to_numpy(dtype=float)
    weight = 1 / standard_errors[good].to_numpy(dtype=float) ** 2
    if len(y) < 2:
        return float("nan"), 0, float("nan")
    mean = (weight * y).sum() / weight.sum()
    q = float((weight * (y - mean) ** 2).sum())
    return q, len(y) - 1, float(stats.chi2.sf(q, len(y) - 1))
