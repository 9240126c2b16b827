"""How alike contacted and other customers were, and how many have somebody to be compared with."""

import numpy as np
import pandas as pd

from helpers.metrics.campaign_roi.comparison import Comparison


def balance_table(
    covariates: pd.DataFrame, *, contacted: np.ndarray, comparison: Comparison
) -> pd.DataFrame:
    """Return how alike both groups were before the start, without and with the weights.

    Standardised difference = (mean of the contacted − mean of the others) / √((s²_T + s²_C) / 2),
    variances unweighted.

    Args:
        covariates: one row a customer, float64.
        contacted: who was contacted (bool array, same order).
        comparison: of the same customers.

    Returns:
        One row a covariate: `covariate` (str), `mean_contacted mean_others mean_weighted` (float64,
        the covariate's unit), `difference_before difference_after` (float64, standard deviations; 0
        where neither group varies). NaN throughout where no comparison is possible.

    Source: Austin (2009), Balance diagnostics, Statistics in Medicine 28; |difference| ≤ 0.1 counts
    as alike.
    """
    x = covariates.to_numpy(dtype=float)
    treated, others = contacted & comparison.kept, ~contacted & comparison.kept
    nothing = np.full(x.shape[1], np.nan)
    means = [x[rows].mean(axis=0) if rows.any() else nothing for rows in (treated, others)]
    weight = comparison.weights[others]
    weighted = weight @ x[others] / weight.sum() if weight.sum() > 0 else nothing
    spread = np.sqrt((_variance(x[treated]) + _variance(x[others])) / 2)
    scale = np.where(spread > 1e-12, spread, 1.0)
    return pd.DataFrame(
        {
            "covariate": list(covariates.columns),
            "mean_contacted": means[0],
            "mean_others": means[1],
            "mean_weighted": weighted,
            "difference_before": (means[0] - means[1]) / scale,
            "difference_after": (means[0] - weighted) / scale,
        }
    )


def _variance(x: np.ndarray) -> np.ndarray:
    return x.var(axis=0) if len(x) else np.zeros(x.shape[1])


def overlap_table(comparison: Comparison, *, contacted: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """Return how many contacted and other customers had each chance of being contacted.

    Returns:
        One row a bin of the propensity and group: `chance` (float64, the bin's middle), `group`
        (`Contacted` or `Not contacted`), `customers` (int64), `share` (float64, of the group).
    """
    found = ~np.isnan(comparison.propensity)
    edges = np.linspace(0, 1, bins + 1)
    rows = []
    for words, member in (("Contacted", contacted), ("Not contacted", ~contacted)):
        count, _ = np.histogram(comparison.propensity[found & member], edges)
        rows.append(
            pd.DataFrame(
                {
                    "chance": np.round((edges[:-1] + edges[1:]) / 2, 6),
                    "group": words,
                    "customers": count,
                    "share": count / max(1, count.sum()),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)
