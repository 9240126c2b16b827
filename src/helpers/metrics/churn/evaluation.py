"""How good probabilities are: ranking, calibration, lift, each with an interval."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.intervals import share, wilson
from helpers.metrics.churn.model import logit, newton

MEASURES = ("roc_auc", "pr_auc", "brier", "log_loss")


def score_table(
    test: pd.DataFrame,
    scores: Mapping[str, str],
    *,
    label: str = "lapsed",
    draws: int = 400,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the quality of several probabilities on the same customers, and their differences.

    Formula: `roc_auc` = P(score of a lapsed > score of a kept) + ½ P(equal); `pr_auc` = average
    precision Σ (R_k − R_{k−1}) P_k over distinct scores; `brier` = mean (p − y)²; `log_loss` =
    −mean log-likelihood. Intervals: 2.5 % and 97.5 % quantiles over `draws` bootstrap samples of
    customers, the same samples for all scores, so that differences are paired.

    Args:
        test: one row per customer: `label` bool and one column of probabilities per score.
        scores: name as a reader knows it → column; the first is the one compared with the others.
        label: column of outcomes.
        draws: bootstrap samples.
        seed: of the samples.

    Columns out: `score`, `measure` string, `value`, `low`, `high` float64, `ahead`, `ahead_low`,
    `ahead_high` float64: by how much the first score is better (positive is better, whatever the
    measure); NaN for the first. Grain: one row per score and measure.

    Raises:
        MetricError: nobody, or everybody, has the outcome: nothing can be ranked.
    """
    y = test[label].to_numpy(dtype=bool)
    if not 0 < y.sum() < len(y):
        raise MetricError("all outcomes are the same: nothing can be ranked", column=label)
    rng = np.random.default_rng(seed)
    weights = np.vstack(
        [np.ones(len(y)), rng.multinomial(len(y), np.full(len(y), 1 / len(y)), draws)]
    )
    weights = weights[(weights[:, y].sum(1) > 0) & (weights[:, ~y].sum(1) > 0)]
    found = {
        name: measures(test[column].to_numpy(float), y, weights) for name, column in scores.items()
    }
    first = next(iter(found))
    rows = []
    for name, values in found.items():
        for measure in MEASURES:
            own, sign = values[measure], 1 if measure.endswith("auc") else -1
            ahead = sign * (found[first][measure] - own) if name != first else np.full(2, np.nan)
            rows.append((name, measure, own[0], *_middle(own[1:]), ahead[0], *_middle(ahead[1:])))
    names = ["score", "measure", "value", "low", "high", "ahead", "ahead_low", "ahead_high"]
    return pd.DataFrame(rows, columns=names)


def _middle(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def roc_auc(scores: np.ndarray, outcome: np.ndarray) -> float:
    """Return P(score of a case > score of a non-case) + ½ P(equal), both kinds being there."""
    return float(measures(scores, outcome, np.ones((1, len(outcome))))["roc_auc"][0])


def measures(p: np.ndarray, y: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return each of `MEASURES` for every row of weights (draws × customers)."""
    order = np.argsort(p, kind="stable")
    last = np.flatnonzero(np.r_[np.diff(p[order]) > 0, True])  # ends of the runs of equal scores
    up = np.cumsum(weights[:, order] * y[order], axis=1)[:, last]
    down = np.cumsum(weights[:, order] * ~y[order], axis=1)[:, last]
    ups, downs = up[:, -1:], down[:, -1:]
    own_up = np.diff(up, axis=1, prepend=0)
    below = down - np.diff(down, axis=1, prepend=0) / 2
    # Precision at the threshold that lets in this run and all runs above it.
    taken_up, taken_down = ups - up + own_up, downs - down + np.diff(down, axis=1, prepend=0)
    precision = taken_up / np.maximum(taken_up + taken_down, 1e-12)
    clipped = np.clip(p, 1e-6, 1 - 1e-6)
    loss = -np.where(y, np.log(clipped), np.log1p(-clipped))
    total = weights.sum(axis=1)
    return {
        "roc_auc": (own_up * below).sum(axis=1) / (ups * downs)[:, 0],
        "pr_auc": (own_up * precision).sum(axis=1) / ups[:, 0],
        "brier": weights @ (p - y) ** 2 / total,
        "log_loss": weights @ loss / total,
    }


def value_of(scores: pd.DataFrame, score: str, measure: str, column: str = "value") -> float:
    """Return one value of a `score_table`, NaN where it has no such score."""
    row = scores[(scores["score"] == score) & (scores["measure"] == measure)]
    return float(row[column].iloc[0]) if len(row) else float("nan")


def reliability(
    test: pd.DataFrame, *, probability: str = "probability", label: str = "lapsed", bins: int = 10
) -> pd.DataFrame:
    """Return predicted against observed shares, in bins of equally many customers.

    Columns out: `bin` int64 (1 is the lowest risk), `customers`, `lapsed` int64, `predicted`,
    `observed`, `low`, `high` float64 (share; Wilson interval of the observed). Grain: one row per
    bin. Equal probabilities stay together, so bins may differ in size.
    """
    p, y = test[probability].to_numpy(float), test[label].to_numpy(bool)
    if not len(p):
        return pd.DataFrame(
            columns=["bin", "customers", "lapsed", "predicted", "observed", "low", "high"]
        )
    rank = pd.Series(p).rank(method="average").to_numpy() - 0.5
    group = np.minimum((rank / len(p) * bins).astype(int), bins - 1)
    table = (
        pd.DataFrame({"bin": group, "p": p, "y": y})
        .groupby("bin")
        .agg(customers=("y", "size"), lapsed=("y", "sum"), predicted=("p", "mean"))
        .reset_index()
    )
    low, high = wilson(table["lapsed"], table["customers"])
    return table.assign(
        bin=np.arange(1, len(table) + 1),
        observed=table["lapsed"] / table["customers"],
        low=low,
        high=high,
    )[["bin", "customers", "lapsed", "predicted", "observed", "low", "high"]]


def calibration(
    test: pd.DataFrame, *, probability: str = "probability", label: str = "lapsed"
) -> dict[str, float]:
    """Return how predicted and observed levels agree.

    Formula: `expected` = Σ p, `observed` = Σ y; `expected_low`, `expected_high` = the interval that
    chance alone would give if the probabilities were right, Σ p ± 1.96·sqrt(Σ p(1 − p));
    `slope` of the logistic regression of y on logit p (1 is right, below 1 is overconfident).
    """
    p, y = test[probability].to_numpy(float), test[label].to_numpy(bool)
    spread = 1.959964 * float(np.sqrt((p * (1 - p)).sum()))
    slope = float("nan")
    if 0 < y.sum() < len(y) and np.ptp(p) > 1e-9:
        slope = newton(logit(p), y.astype("float64"))[1]
    return {
        "customers": len(p),
        "expected": float(p.sum()),
        "observed": int(y.sum()),
        "expected_low": max(0.0, float(p.sum()) - spread),
        "expected_high": float(p.sum()) + spread,
        "observed_per_expected": share(y.sum(), p.sum()),
        "slope": slope,
    }


def lift_by_decile(
    test: pd.DataFrame,
    *,
    probability: str = "probability",
    label: str = "lapsed",
    draws: int = 400,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the lift of each tenth of the customers, riskiest first.

    Formula: lift = rate in the tenth / overall rate; `gain` = share of all lapses found in this
    tenth and those above it. Intervals by bootstrap of customers. Ties are broken by customer, so
    that every tenth has its share.

    Columns out: `decile` int64 (1 riskiest), `customers`, `lapsed` int64, `rate`, `lift`,
    `low`, `high`, `gain` float64. Grain: one row per tenth. Without a lapse the lift is NaN.
    """
    ordered = test.sort_values([probability, "customer_id"], ascending=[False, True])
    y = ordered[label].to_numpy(float)
    if not len(y):
        return pd.DataFrame(
            columns=["decile", "customers", "lapsed", "rate", "lift", "low", "high", "gain"]
        )
    decile = np.arange(len(y)) * 10 // len(y)
    member = np.equal.outer(np.unique(decile), decile).astype(float)
    weights = np.random.default_rng(seed).multinomial(len(y), np.full(len(y), 1 / len(y)), draws)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = (weights * y) @ member.T / (weights @ member.T)
        lifts = rates / (weights @ y / len(y))[:, None]
        low, high = np.nanquantile(np.where(np.isfinite(lifts), lifts, 0.0), [0.025, 0.975], axis=0)
        lapsed, customers = member @ y, member.sum(axis=1)
        lift = lapsed / customers / y.mean() if y.any() else np.full(len(customers), np.nan)
    return pd.DataFrame(
        {
            "decile": np.unique(decile) + 1,
            "customers": customers.astype("int64"),
            "lapsed": lapsed.astype("int64"),
            "rate": lapsed / customers,
            "lift": lift,
            "low": low,
            "high": high,
            "gain": np.cumsum(lapsed) / y.sum() if y.any() else np.nan,
        }
    )


def curves(
    test: pd.DataFrame,
    scores: Mapping[str, str],
    *,
    label: str = "lapsed",
    points: int = 60,
    kinds: Sequence[str] = ("gain", "roc", "pr"),
) -> pd.DataFrame:
    """Return the gains, ROC and precision–recall curves of several scores.

    Columns out: `score` string (as a heading), `curve` string (`gain`, `roc`, `pr`), `x`, `y`
    float64: gain, share of all customers flagged and share of the lapsed found; ROC, share of the
    kept flagged and share of the lapsed found; PR, share of the lapsed found and precision.
    Grain: one row per score, curve and threshold, thinned to `points` and only where at least 8
    customers are flagged.
    """
    parts = []
    for name, column in scores.items():
        p, y = test[column].to_numpy(float), test[label].to_numpy(bool)
        order = np.argsort(-p, kind="stable")
        ends = np.flatnonzero(np.r_[np.diff(p[order]) < 0, True])
        ends = ends[ends >= 7]
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, min(points, len(ends))).astype(int))]
        hits, flagged = np.cumsum(y[order])[ends], ends + 1
        found, in_vain = hits / max(y.sum(), 1), (flagged - hits) / max((~y).sum(), 1)
        pairs = {
            "gain": (np.r_[0, flagged / len(y)], np.r_[0, found]),
            "roc": (np.r_[0, in_vain], np.r_[0, found]),
            "pr": (found, hits / flagged),
        }
        heading = name[0].upper() + name[1:]
        parts += [
            pd.DataFrame({"score": heading, "curve": curve, "x": x, "y": height})
            for curve, (x, height) in pairs.items()
            if curve in kinds
        ]
    columns = ["score", "curve", "x", "y"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
