"""How the forecast of revenue did on earlier stretches of the history, each unseen by its model."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
import pandas as pd

from helpers.metrics.customer_value.choice import PurchaseChoice
from helpers.metrics.customer_value.frames import purchase_days
from helpers.metrics.customer_value.holdout import calibration_holdout
from helpers.metrics.customer_value.purchase_fit import PurchaseFit
from helpers.metrics.customer_value.ranges import (
    BANDS,
    NO_CHECK,
    ModelError,
    Ranges,
    bands,
    value_ranges,
)
from helpers.metrics.customer_value.recent_rate import RecentRate, recent_rate
from helpers.metrics.customer_value.spending import choose_spending_model

MOST = 4
MOST_DRIFT = 4.0
COLUMNS = (
    "from", "until", "customers", "expected_revenue", "low", "high", "actual_revenue",
    "revenue_bias", "inside", "covered",
)  # fmt: skip


def value_checks(
    orders: pd.DataFrame,
    choice: PurchaseChoice,
    *,
    as_of: date,
    replicates: int = 400,
    level: float = 0.95,
) -> ModelError:
    """Return by how much the model in use missed the revenue of earlier stretches, beyond luck.

    The history before `as_of` is cut into up to 4 stretches as long as the holdout of `choice`.
    For each, the kind of model in use is fitted to what came before it, and its revenue is
    forecast for the customers known by then. With e the relative errors of the thirds of the
    customers by expected purchases, and C the covariance that luck and open parameters explain,
    the model's own error is the mean over the checks of e eᵀ - C, without its negative part. How
    much more single customers change than the model knows is `drift`, ω: with d the errors of
    their purchases, v the variances explained and m the expectations, Σ d² / (v + ω m²) is their
    number, over all checks. What ω adds to C is no error of the model.

    Columns in: `customer_id`, `ordered_at`, `revenue`. Columns of `table`, one row a check, the
    latest first: `from`, `until` (datetime64, first and last day), `customers` (int64),
    `expected_revenue`, `low`, `high`, `actual_revenue` (money; the range is the model's alone),
    `revenue_bias` = expected / actual - 1 (NaN without revenue), `inside` (bool: the sum came
    within its range), `covered` (share of the customers who came within their own). Days of
    returns alone are no purchase. Without a holdout there is no check.

    Raises:
        MetricError: as `rfm_summary`.
    """
    if choice.calibration_end is None:
        return NO_CHECK
    length = (as_of - choice.calibration_end).days
    days = purchase_days(orders, as_of=as_of)
    history = (pd.Timestamp(as_of) - days["day"].min()).days + 1
    found = [
        _check(
            orders, days, choice, as_of - timedelta(days=length * back), length, replicates, level
        )
        for back in range(1, min(MOST, history // length - 1) + 1)
    ]
    if not found:
        return NO_CHECK
    drift = _drift(found)
    moments = [
        np.outer(one.missed, one.missed) - one.luck - drift * np.diag(one.single) for one in found
    ]
    root, vectors = np.linalg.eigh(np.mean(moments, axis=0))
    spread = (vectors * np.maximum(root, 0.0)) @ vectors.T
    table = pd.DataFrame([one.row for one in found], columns=list(COLUMNS))
    return ModelError(spread, drift, len(found), table)


class _Counted:
    """Values every purchase at 1, so that ranges are of purchases."""

    def drawn(self, rng: np.random.Generator) -> Self:
        return self

    def spent(
        self, summary: pd.DataFrame, purchases: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        return purchases.astype(float)


@dataclass(frozen=True)
class _Check:
    """One check: its row, and by how much the model missed.

    Attributes:
        missed: relative error of the revenue of each band.
        luck: covariance of that which the model explains.
        single: variance of it for customers whose relative errors vary by 1, independently.
        purchases: errors, variances explained and expectations of the customers' purchases.
    """

    row: dict[str, object]
    missed: np.ndarray
    luck: np.ndarray
    single: np.ndarray
    purchases: tuple[np.ndarray, np.ndarray, np.ndarray]


def _drift(found: list[_Check]) -> float:
    """Return ω with Σ d² / (v + ω m²) = customers; 0 where what the model explains is enough."""
    missed, explained, expected = (
        np.concatenate(parts) for parts in zip(*(one.purchases for one in found), strict=True)
    )
    told = (explained > 0) & (expected > 0)
    squared, variance, scale = missed[told] ** 2, explained[told], expected[told] ** 2

    def excess(drift: float) -> float:
        return float((squared / (variance + drift * scale)).sum()) - len(squared)

    low, high = 0.0, MOST_DRIFT
    if not len(squared) or excess(low) <= 0:
        return 0.0
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high


def _check(
    orders: pd.DataFrame,
    days: pd.DataFrame,
    choice: PurchaseChoice,
    end: date,
    length: int,
    replicates: int,
    level: float,
) -> _Check:
    until = end + timedelta(days=length)
    window = min(choice.rule.window_days, (pd.Timestamp(end) - days["day"].min()).days + 1)
    frame = calibration_holdout(orders, calibration_end=end, as_of=until, window_days=window)
    model = _refitted(choice, frame, window, end)
    spending = choose_spending_model(frame).used
    duration = float(frame["duration"].iloc[0])
    value = spending.expected_average_value(frame["frequency"], frame["monetary_value"])
    purchases = model.expected_for(frame, duration)
    expected = purchases * value
    inside = days["day"].between(pd.Timestamp(end) + timedelta(days=1), pd.Timestamp(until))
    came = days[inside].groupby("customer_id", observed=True)["revenue"].sum()
    made = came.reindex(frame["customer_id"].array, fill_value=0.0).to_numpy(dtype=float)
    band = bands(purchases)
    members = np.stack([np.ones(len(frame)), *(band == k for k in range(BANDS))]) * 1.0
    ranges, counted = (
        value_ranges(
            frame, purchases=model, spending=of, ends=np.array([duration]), weights=np.ones(1),
            members=members, replicates=replicates, level=level,
        )
        for of in (spending, _Counted())
    )  # fmt: skip
    total, actual = members @ expected, members @ made
    scale = np.where(total[1:] > 0, total[1:], np.inf)  # nothing expected: no relative error
    return _Check(
        row=_row(end, until, ranges, total[0], actual[0], made),
        missed=np.where(total[1:] > 0, actual[1:] / scale - 1.0, 0.0),
        luck=np.cov(ranges.sums[:, 1:] / scale, rowvar=False),
        single=(members[1:] @ np.square(expected)) / np.square(scale),
        purchases=(frame["actual"].to_numpy() - purchases, counted.variance, purchases),
    )


def _row(
    end: date, until: date, ranges: Ranges, expected: float, actual: float, made: np.ndarray
) -> dict[str, object]:
    low, high = ranges.of_sums
    return {
        "from": pd.Timestamp(end) + timedelta(days=1),
        "until": pd.Timestamp(until),
        "customers": len(made),
        "expected_revenue": float(expected),
        "low": float(low[0]),
        "high": float(high[0]),
        "actual_revenue": float(actual),
        "revenue_bias": float(expected / actual - 1.0) if actual else float("nan"),
        "inside": bool(low[0] <= actual <= high[0]),
        "covered": float(((ranges.low <= made) & (made <= ranges.high)).mean()),
    }


def _refitted(
    choice: PurchaseChoice, frame: pd.DataFrame, window: int, end: date
) -> PurchaseFit | RecentRate:
    used = choice.used
    if not isinstance(used, PurchaseFit):
        return recent_rate(window_days=window)
    if end == choice.calibration_end and used.label in choice.calibration_fits:
        return choice.calibration_fits[used.label]
    return type(used).fit(frame, start=used.params)  # where the search begins, not what it finds
