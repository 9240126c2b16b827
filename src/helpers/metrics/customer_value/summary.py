"""Each customer's purchase history in four numbers: frequency, recency, T, monetary value."""

from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from helpers.errors import MetricError, did_you_mean
from helpers.metrics.customer_value.frames import purchase_days

TimeUnit = Literal["D", "W", "M"]
_DAYS = {"D": 1.0, "W": 7.0}


def elapsed(start: pd.Series, end: pd.Series | pd.Timestamp, *, unit: TimeUnit) -> np.ndarray:
    """Return the time from `start` to `end` in days, weeks or calendar months, as float64.

    D: days. W: days / 7. M: whole calendar months passed, plus the days since the last monthly
    anniversary divided by the days of that month span (15 January to 15 March is exactly 2; an
    anniversary beyond a month's end falls on that end).

    Raises:
        MetricError: the unit is not D, W or M.
    """
    first = start.to_numpy().astype("datetime64[D]")
    last = np.asarray(end, dtype="datetime64[D]")
    if unit in _DAYS:
        return (last - first).astype(float) / _DAYS[unit]
    if unit == "M":
        return _calendar_months(first, np.broadcast_to(last, first.shape))
    raise MetricError(f"no time unit is called {unit!r}", hint=did_you_mean(unit, ["D", "W", "M"]))


def _calendar_months(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    month = first.astype("datetime64[M]")
    day = (first - month.astype("datetime64[D]")).astype(int)

    def anniversary(months: np.ndarray) -> np.ndarray:
        target = month + months
        length = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(int)
        return target.astype("datetime64[D]") + np.minimum(day, length - 1)

    whole = (last.astype("datetime64[M]") - month).astype(int)
    whole = whole - (anniversary(whole) > last)
    before, after = anniversary(whole), anniversary(whole + 1)
    return whole + (last - before).astype(float) / (after - before).astype(float)


def rfm_summary(orders: pd.DataFrame, *, as_of: date, unit: TimeUnit = "W") -> pd.DataFrame:
    """Return the sufficient statistics of each customer's purchases up to `as_of`, inclusive.

    frequency x = purchase days - 1; recency t_x = last purchase - first purchase; T = as_of -
    first purchase; monetary_value = mean revenue of the purchase days after the first, 0 where
    there is none.

    Columns in: `customer_id`, `ordered_at` (datetime64, naive), `revenue` (money); others are
    ignored. Columns out, one row per customer, sorted by `customer_id`: `customer_id`; `frequency`
    (int64, days); `recency` and `T` (float64, in `unit`: D days, W days / 7, M calendar months);
    `monetary_value` (float64, money a purchase day). Same-day orders are one purchase. Returns
    (negative revenue) reduce a purchase of the same day; a day of returns alone is no purchase. An
    empty frame gives an empty summary.

    Raises:
        MetricError: a column is missing, a key is null, a revenue is not finite, the unit is
        unknown.

    Source: Fader, Hardie & Lee (2005), "Counting your customers" the easy way, section 3; Fader &
    Hardie, note 025 (the first purchase does not count towards monetary value).
    """
    days = purchase_days(orders, as_of=as_of)
    group = days.groupby("customer_id", sort=True, observed=True)
    first, last, count = group["day"].min(), group["day"].max(), group["day"].size()
    later = days[group.cumcount().to_numpy() > 0]  # days are sorted within a customer
    repeat_revenue = later.groupby("customer_id", observed=True)["revenue"].sum()
    frequency = (count - 1).to_numpy(dtype=np.int64)
    spent = repeat_revenue.reindex(count.index, fill_value=0.0).to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "customer_id": count.index.array,
            "frequency": frequency,
            "recency": elapsed(first, last, unit=unit),
            "T": elapsed(first, pd.Timestamp(as_of), unit=unit),
            "monetary_value": np.divide(
                spent, frequency, out=np.zeros(len(spent)), where=frequency > 0
            ),
        }
    )
