"""How many different customers the next period will bring."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.metrics.sales_forecast.model import CHOSEN, Fit
from helpers.metrics.sales_forecast.series import ORDERS, windows

_RECENT = 3  # windows whose customers per order are carried forward


@dataclass(frozen=True)
class Customers:
    """Expected customers with an 80 % range.

    Attributes:
        forecast, low_80, high_80: customers; the bounds are NaN with fewer than four origins.
        rule: "orders" (orders expected x customers per order) or "last" (as many as last time).
        errors: mean |error| / mean actual of both rules in the backtest.
        origins: number of past forecasts behind the range.
    """

    forecast: float
    low_80: float
    high_80: float
    rule: str
    errors: dict[str, float]
    origins: int


def customers_ahead(orders: pd.DataFrame, fit: Fit, *, first: date) -> Customers:
    """Forecast the distinct customers of the fit's horizon from its forecast of `Orders`.

    Columns in: as `series.daily`. Distinct customers of a month are no sum of daily ones, so they
    are counted in windows as long as the horizon. Backtested at the origins of the fit.
    """
    row = fit.ids.index(ORDERS)
    length = fit.ahead[CHOSEN].shape[1]
    last = fit.histories[row].last.date()
    made = _rules(orders, first, last, length, float(fit.ahead[CHOSEN][row].sum()))
    tested, actual = [], []
    for j, offset in enumerate(fit.test.offsets):
        expected = fit.test.forecasts[CHOSEN][row, j].sum()
        then = last - timedelta(days=offset)
        if not np.isfinite(expected) or (then - first).days + 1 < length:
            continue
        tested.append(_rules(orders, first, then, length, float(expected)))
        came = windows(
            orders, first=first, as_of=then + timedelta(days=length), days=length,
            measures=("customers",),
        )  # fmt: skip
        actual.append(float(came["customers"].iloc[-1]))
    return _choose(made, tested, np.array(actual))


def _rules(
    orders: pd.DataFrame, first: date, as_of: date, length: int, expected: float
) -> dict[str, float]:
    measures = ("customers", "orders")
    past = windows(orders, first=first, as_of=as_of, days=length, measures=measures).tail(_RECENT)
    placed = float(past["orders"].sum())
    last = float(past["customers"].iloc[-1]) if len(past) else float("nan")
    per_order = float(past["customers"].sum()) / placed if placed else 0.0
    return {"orders": expected * per_order, "last": last}


def _choose(
    made: dict[str, float], tested: list[dict[str, float]], actual: np.ndarray
) -> Customers:
    errors, relative = {}, {}
    total = np.abs(actual).sum()
    for rule in made:
        guess = np.array([one[rule] for one in tested])
        errors[rule] = float(np.abs(actual - guess).sum() / total) if total else float("nan")
        relative[rule] = np.abs(actual - guess) / np.maximum(guess, 1.0)
    known = [rule for rule in made if np.isfinite(errors[rule]) and np.isfinite(made[rule])]
    rule = min(known, key=errors.__getitem__) if known else "last"
    value, n = made[rule], len(actual)
    if n < 4:
        return Customers(value, float("nan"), float("nan"), rule, errors, n)
    width = float(np.quantile(relative[rule], min(1.0, 0.8 * (n + 1) / n))) * value
    return Customers(value, max(value - width, 0.0), value + width, rule, errors, n)
