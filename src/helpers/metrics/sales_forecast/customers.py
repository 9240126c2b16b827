"""How many different customers the next period will bring."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from helpers.metrics.sales_forecast.model import CHOSEN, Fit
from helpers.metrics.sales_forecast.series import ORDERS, windows
from helpers.metrics.sales_forecast.smoothing import Array

CUSTOMERS = "Customers"
RULES = ("orders", "last")
_RECENT = 3  # windows whose customers per order are carried forward
_FEWEST = 4  # past forecasts that a range takes
_LEVEL = 0.8


@dataclass(frozen=True)
class Customers:
    """Expected customers with an 80 % range.

    Attributes:
        forecast, low_80, high_80: customers; the bounds are NaN with fewer than four past
            forecasts.
        rule: "orders" (orders expected x customers per order) or "last" (as many as last time).
        errors: mean |error| / mean actual of both rules in the backtest.
        origins: number of past forecasts behind the range.
        last: as many as last time, the plain rule.
    """

    forecast: float
    low_80: float
    high_80: float
    rule: str
    errors: dict[str, float]
    origins: int
    last: float = float("nan")


def customers_ahead(orders: pd.DataFrame, fit: Fit, *, first: date) -> Customers:
    """Forecast the distinct customers of the fit's horizon from its forecast of `Orders`.

    Columns in: as `series.daily`. Distinct customers of a month are no sum of daily ones, so they
    are counted in windows as long as the horizon. Backtested at the origins of the fit. See
    `ranged` for rule and range.
    """
    row = fit.ids.index(ORDERS)
    length = fit.ahead[CHOSEN].shape[1]
    last = fit.histories[row].last.date()
    made = _rules(orders, first, last, length, float(fit.ahead[CHOSEN][row].sum()))
    tested, actual, offsets = [], [], []
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
        offsets.append(offset)
    guesses = np.array([[one[rule] for rule in RULES] for one in tested]).reshape(-1, len(RULES))
    return ranged(made, guesses, np.array(actual), tuple(offsets), length)


def _rules(
    orders: pd.DataFrame, first: date, as_of: date, length: int, expected: float
) -> dict[str, float]:
    measures = ("customers", "orders")
    past = windows(orders, first=first, as_of=as_of, days=length, measures=measures).tail(_RECENT)
    placed = float(past["orders"].sum())
    last = float(past["customers"].iloc[-1]) if len(past) else float("nan")
    per_order = float(past["customers"].sum()) / placed if placed else 0.0
    return {"orders": expected * per_order, "last": last}


def ranged(
    made: dict[str, float], guesses: Array, actual: Array, offsets: tuple[int, ...], length: int
) -> Customers:
    """Choose the rule and measure its range on past forecasts that did not know what came.

    The rule is the one with the smaller sum of |actual - guess|. The errors behind the range are
    those of the rule that the forecasts over by each origin would have chosen ("orders" before
    there are any), r = |actual - guess| / guess. With n of them,

        range = forecast x (1 -+ t r_(k)),   k = ceil(0.8 n), r_(k) the k-th smallest

    where t is Student's 90 % quantile over the normal one for 1 + (n - 1)(1 - overlap) degrees of
    freedom, as for sales (`intervals`).

    Args:
        made: each of `RULES`' guess for the period ahead.
        guesses: those at past origins, (origins, rules), nearest origin first.
        actual: what came, one an origin.
        offsets: days between each origin and the last day seen.
        length: days of the period.
    """
    n = len(actual)
    missed = np.abs(actual[:, None] - guesses)
    total = float(np.abs(actual).sum())
    errors = {
        rule: float(missed[:, i].sum() / total) if total else float("nan")
        for i, rule in enumerate(RULES)
    }
    usable = np.isfinite([made[rule] for rule in RULES])
    rule = RULES[_closest(missed, usable)]
    value, last = made[rule], made["last"]
    if n < _FEWEST or not total:
        return Customers(value, np.nan, np.nan, rule, errors, n, last)
    at = np.array(offsets)
    then = [_closest(missed[at >= offset + length], usable) for offset in offsets]
    guess = guesses[np.arange(n), then]
    relative = np.sort(missed[np.arange(n), then] / np.maximum(guess, 1.0))
    apart = 1 + (n - 1) * min(1.0, (offsets[1] - offsets[0]) / length)
    tail = (1 + _LEVEL) / 2
    wider = float(stdtrit(max(apart, 2.0), tail) / ndtri(tail))
    rank = int(np.ceil(_LEVEL * n))
    width = wider * float(relative[rank - 1]) * value
    return Customers(value, max(value - width, 0.0), value + width, rule, errors, n, last)


def _closest(missed: Array, usable: NDArray[np.bool_]) -> int:
    """Return which rule missed least in sum; the first usable one where nothing was missed yet."""
    size = np.where(usable, missed.sum(axis=0), np.inf)
    return int(np.argmin(size))
