"""How far the number of lapses may lie from the one expected: chance, own error, common shifts."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.metrics.churn.features import features
from helpers.metrics.churn.linear import Linear
from helpers.metrics.churn.model import expit, logit
from helpers.metrics.churn.training import plan_cutoffs, training_rows

_COLUMNS = ["day", "customers", "expected", "observed", "error", "variance"]
_USUAL_SHIFT = 0.5  # of a common shift in log-odds, before any is seen

Rows = tuple[pd.DataFrame, pd.Series]


@dataclass(frozen=True)
class Level:
    """What is known of the level of a prediction.

    Attributes:
        errors: `level_errors` of the days before it.
        low, high: 95 % range of the number of lapses; NaN without a prediction.
    """

    errors: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_COLUMNS))
    low: float = float("nan")
    high: float = float("nan")


def level_of(
    visits: pd.DataFrame, probability: np.ndarray, *, as_of: date, window: int, most: int = 6
) -> Level:
    """Return the 95 % range of the lapses among customers of these probabilities, and its grounds.

    The range holds three things: chance; the error of the model's level, from the training
    customers (`Linear.level_variance`); and shifts that hit all customers alike, as large as those
    at up to `most` earlier days (`level_errors`, `level_range`). What has never happened in the
    history, it cannot hold.

    Args:
        visits: purchase days; rows after `as_of` are not looked at.
        probability: of a lapse, of each customer active at `as_of`.
        as_of: the day of the prediction.
        window: days that it looks ahead.
        most: earlier days to look at.
    """
    visits = visits[visits["day"] <= pd.Timestamp(as_of)]
    known: dict[date, Rows] = {}
    errors = level_errors(visits, as_of=as_of, window=window, most=most, known=known)
    plan = plan_cutoffs(visits, as_of=as_of, window=window)
    own = 0.0
    if plan is not None:
        today = features(visits, as_of=as_of, window=window)
        x, y = _rows(visits, (*plan.train, plan.test), window, known)
        own = _fitted(x, y, today)[1]
    low, high = level_range(probability, errors, variance=own)
    return Level(errors, low, high)


def level_errors(
    visits: pd.DataFrame,
    *,
    as_of: date,
    window: int,
    most: int = 6,
    known: dict[date, Rows] | None = None,
) -> pd.DataFrame:
    """Return by how much the lapses expected at earlier days missed those that came.

    Formula: on the days as_of − k·N (so that the windows ahead do not overlap), the model's linear
    half learns from the rows known then and predicts p; `error` is the shift δ in log-odds at which
    Σ σ(logit p + δ) equals the lapses seen (held ½ off none and all); `variance` = 1/Σ p(1 − p), of
    chance, + `Linear.level_variance`.

    Columns out: `day` datetime64, `customers` int64, `expected`, `observed`, `error`, `variance`
    float64. Grain: one row per earlier day that the history reaches, latest first.
    """
    known = {} if known is None else known
    found = []
    for step in range(1, most + 1):
        plan = plan_cutoffs(
            visits, as_of=as_of - timedelta(days=window * (step - 1)), window=window
        )
        if plan is None:
            break
        x, y = _rows(visits, plan.train, window, known)
        ahead, came = _rows(visits, (plan.test,), window, known)
        p, own = _fitted(x, y, ahead)
        if not len(p):
            continue
        seen, spread = float(came.sum()), float((p * (1 - p)).sum())
        target = min(max(seen, 0.5), len(p) - 0.5)
        day = pd.Timestamp(plan.test)
        found.append(
            (day, len(p), float(p.sum()), seen, shift_to(p, target), 1 / max(spread, 1e-9) + own)
        )
    return pd.DataFrame(found, columns=_COLUMNS)


def shift_to(probability: np.ndarray, target: float) -> float:
    """Return the shift δ of the log-odds at which the probabilities sum to `target`, −9 to 9."""
    odds = logit(probability)
    low, high = -9.0, 9.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(odds + middle).sum() < target else (low, middle)
    return (low + high) / 2


def level_range(
    probability: np.ndarray,
    errors: pd.DataFrame,
    *,
    variance: float = 0.0,
    draws: int = 4000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95 % predictive range of the number of lapses.

    Formula: lapses ~ N(Σ p', Σ p'(1 − p')), p' = σ(logit p + δ), δ ~ N(0, v + τ²), v the `variance`
    of the model's own level; τ, the size of common shifts, has the posterior of error_k ~
    N(0, variance_k + τ²) under a half-normal prior of scale ½. Without earlier days the prior
    alone speaks; with one or two, shifts larger than it holds for usual are not fully covered.
    Quantiles of `draws` draws, held between nobody and everybody.

    Columns in: `error`, `variance` as of `level_errors`. Nobody gives NaN.

    Source: Röver et al. (2021), Research Synthesis Methods 12, 448–474, for the prior.
    """
    if not len(probability):
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    sizes = np.linspace(0.0, 2.5, 251)
    total = errors["variance"].to_numpy("float64")[:, None] + sizes**2
    error = errors["error"].to_numpy("float64")[:, None]
    weight = -((sizes / _USUAL_SHIFT) ** 2) / 2 - (np.log(total) + error**2 / total).sum(0) / 2
    weight = np.exp(weight - weight.max())
    common = rng.choice(sizes, size=draws, p=weight / weight.sum())
    shift = rng.normal(size=draws) * np.sqrt(variance + common**2)
    grid = np.linspace(-9, 9, 181)
    shifted = [expit(logit(probability) + at) for at in grid]
    mean = np.interp(shift, grid, [p.sum() for p in shifted])
    spread = np.interp(shift, grid, [(p * (1 - p)).sum() for p in shifted])
    drawn = np.clip(mean + rng.normal(size=draws) * np.sqrt(spread), 0, len(probability))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _rows(
    visits: pd.DataFrame, days: tuple[date, ...], window: int, known: dict[date, Rows]
) -> Rows:
    """Return the training rows of these days, each worked out once."""
    for day in days:
        if day not in known:
            known[day] = training_rows(visits, cutoffs=(day,), window=window)
    return pd.concat([known[d][0] for d in days]), pd.concat([known[d][1] for d in days])


def _fitted(x: pd.DataFrame, y: pd.Series, ahead: pd.DataFrame) -> tuple[np.ndarray, float]:
    """Return predicted probabilities and the variance of their level; empty without both outcomes.

    A model of one outcome alone would know nothing.
    """
    outcome = y.to_numpy(dtype=bool)
    if not 0 < outcome.sum() < len(outcome) or not len(ahead):
        return np.array([]), 0.0
    model = Linear.fit(x, outcome)
    customers = x.index.get_level_values("customer_id")
    return model.predict(ahead), model.level_variance(x, outcome, customers, ahead)
