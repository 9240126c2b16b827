"""What to do with the next budget: who to contact, how sure that is, and which test to run."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from helpers.errors import MetricError
from helpers.metrics.campaign_roi.frames import numbers, require_columns
from helpers.metrics.campaign_roi.panel import Panel
from helpers.metrics.campaign_roi.practice import random_effects

FEWEST_TO_SHRINK = 3
"""Options below which nothing can be learnt from the others."""


def next_budget(
    options: pd.DataFrame, *, budget: float, margin: float, confidence: float = 0.8
) -> pd.DataFrame:
    """Return how to spend a budget over options with uncertain effects.

    Effects are drawn towards each other (the best of many noisy estimates is too good on average):
    m_i = (y_i/se_i² + μ/τ²) / (1/se_i² + 1/τ²), with μ, τ by `random_effects`; error √(1/(1/se_i² +
    1/τ²)); μ and its error where τ = 0. profit a contact = margin · m − cost; its probability to be
    above zero by the normal. Money goes to options with probability ≥ `confidence`, by profit for
    each unit of cost, until it is spent.

    Args:
        options: one row an option: `option` (str), `customers` (how many it can reach), `effect
            standard_error` (float64, incremental revenue a contact, currency), `cost` (float64,
            currency a contact). An option without a known effect (NaN) gets nothing.
        budget: to spend, currency.
        margin: assumed gross margin, share of revenue.
        confidence: probability of profit that an option must reach.

    Returns:
        One row an option, best first: the columns given, `expected` (effect after shrinking,
        currency a contact), `profit profit_low profit_high` (currency a contact, 95 %),
        `probability` (share), `spend` (currency), `contacts` (float64), `expected_profit
        expected_low expected_high` (currency, of the money spent on it, 95 %), `advice` (`spend`,
        `test` or `stop`: a chance of profit of at least `confidence`, between, or at most 1 −
        `confidence`).

    Raises:
        MetricError: a column is missing, a bound is violated, or a cost or size is negative or
        null.

    Source: Efron & Morris (1975), Data analysis using Stein's estimator, J. Am. Statist. Ass. 70.
    """
    require_columns(
        options, ["option", "customers", "effect", "standard_error", "cost"], table="options"
    )
    if budget < 0 or not 0 < margin <= 1 or not 0.5 <= confidence < 1:
        raise MetricError(
            f"budget {budget}, margin {margin}, confidence {confidence}",
            hint="Budget at least 0; margin above 0, at most 1; confidence from 0.5 to below 1.",
        )
    cost, size = (numbers(options, name, table="options") for name in ("cost", "customers"))
    if (cost < 0).any() or (size < 0).any():
        raise MetricError("a cost or a number of customers is negative", keys=options["option"])
    expected, error = _shrunk(options)
    profit, spread = margin * expected - cost, margin * error
    with np.errstate(invalid="ignore", divide="ignore"):
        probability = np.where(spread > 0, stats.norm.cdf(profit / spread), np.nan)
    found = options.assign(
        expected=expected,
        profit=profit,
        profit_low=profit - 1.959964 * spread,
        profit_high=profit + 1.959964 * spread,
        probability=probability,
        advice=[_advice(p, confidence) for p in probability],
    )
    return _allocated(_best_first(found, profit, cost), budget)


def _best_first(found: pd.DataFrame, profit: np.ndarray, cost: np.ndarray) -> pd.DataFrame:
    gain = profit / np.where(cost > 0, cost, np.nan)
    free = np.where(profit > 0, np.inf, -np.inf)
    rank = pd.Series(np.where(cost > 0, gain, free), index=found.index)
    order = rank.sort_values(ascending=False, kind="stable", na_position="last").index
    return found.loc[order].reset_index(drop=True)


def _shrunk(options: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    y = options["effect"].to_numpy(dtype=float)
    se = options["standard_error"].to_numpy(dtype=float)
    summary = random_effects(y, se)
    if summary.count < FEWEST_TO_SHRINK:
        return y, se
    known = np.isfinite(y) & (se > 0)
    if summary.spread == 0:
        return np.where(known, summary.mean, np.nan), np.where(
            known, summary.standard_error, np.nan
        )
    own, prior = 1 / np.where(known, se, np.nan) ** 2, 1 / summary.spread**2
    return (own * y + prior * summary.mean) / (own + prior), np.sqrt(1 / (own + prior))


def _advice(probability: float, confidence: float) -> str:
    if not np.isfinite(probability):
        return "test"
    if probability >= confidence:
        return "spend"
    return "stop" if probability <= 1 - confidence else "test"


def _allocated(found: pd.DataFrame, budget: float) -> pd.DataFrame:
    cost = found["cost"].to_numpy(dtype=float)
    wanted = found["customers"].to_numpy(dtype=float) * found["advice"].eq("spend").to_numpy()
    # Best first, each gets what it can use of what the better ones left.
    before = np.concatenate([[0.0], np.cumsum(wanted * cost)])[: len(cost)]
    left = np.maximum(0.0, budget - before)
    reach = np.where(cost > 0, np.minimum(wanted, left / np.where(cost > 0, cost, 1.0)), wanted)
    gain = np.where(reach > 0, reach * found["profit"].to_numpy(dtype=float), 0.0)
    limits = {
        f"expected_{end}": np.where(reach > 0, reach * found[f"profit_{end}"].astype(float), 0.0)
        for end in ("low", "high")
    }
    return found.assign(spend=reach * cost, contacts=reach, expected_profit=gain, **limits)


@dataclass(frozen=True)
class Total:
    """What a whole budget is expected to bring, in currency."""

    spend: float
    profit: float
    low: float
    high: float
    probability: float
    """That the whole of it pays; NaN where nothing is spent."""


def budget_total(plan: pd.DataFrame) -> Total:
    """Return what the money that `next_budget` gives is expected to bring, with its interval.

    profit = Σ expected_profit. The errors of the options are added, not averaged out: their effects
    were drawn towards each other and rest on the same customers, so that one's mistake is probably
    the other's too.

    Raises:
        MetricError: a column is missing.
    """
    needed = ["spend", "expected_profit", "expected_low", "expected_high"]
    require_columns(plan, needed, table="plan")
    spend, profit, low, high = (float(plan[name].sum()) for name in needed)
    error = (high - low) / (2 * 1.959964)
    probability = float(stats.norm.cdf(profit / error)) if error > 0 else float("nan")
    return Total(spend, profit, low, high, probability)


def sales_deviation(panel: Panel, *, pre_weeks: int = 8) -> tuple[float, float, int]:
    """Return how much weekly sales vary beyond what was known of customers: a test's noise.

    σ of the window's sales a week after least squares on the pre-period's and the whole history's,
    over the contacted customers who ordered in the pre-period.

    Returns:
        σ and the mean (currency a customer and week), and the number of customers. NaN without a
        pre-period, with fewer than 10 customers, or before the first full day of the campaign.
    """
    if panel.weeks_before < pre_weeks or panel.window_days < 1:
        return float("nan"), float("nan"), 0
    inside = panel.contacted & panel.active(pre_weeks=pre_weeks)
    if inside.sum() < 10:
        return float("nan"), float("nan"), int(inside.sum())
    sales = panel.window_revenue[inside] * (7 / panel.window_days)
    known = np.column_stack(
        [
            np.ones(inside.sum()),
            panel.baseline(pre_weeks=pre_weeks)[inside],
            panel.weekly_revenue[inside].mean(axis=1),
        ]
    )
    slopes = np.linalg.lstsq(known, sales, rcond=None)[0]
    deviation = float(np.sqrt(((sales - known @ slopes) ** 2).sum() / (len(sales) - 3)))
    return deviation, float(sales.mean()), int(inside.sum())
