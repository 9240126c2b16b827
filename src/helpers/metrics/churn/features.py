"""What is known of a customer on a day, and what came of it: features and labels of a model."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.metrics.churn.visits import Visits, arrays, number

THEMES: dict[str, tuple[str, ...]] = {
    "time since last purchase": ("recency", "recency_to_usual", "longer_pauses"),
    "purchase days lately": (
        "days_quarter",
        "days_half",
        "days_window",
        "rate_short",
        "rate_window",
    ),
    "purchase rhythm": ("usual_pause", "spread_of_pauses", "longest_recent_pause", "weeks_active"),
    "purchase days earlier": ("days_before", "rate_long", "trend"),
    "spending": ("revenue_window", "revenue_rate", "basket"),
    "earlier lapses": ("lapse_rate",),
    "time as a customer": ("tenure",),
}
"""Features by what they tell; drivers are measured by theme, because its features move together."""

FEATURES = tuple(name for names in THEMES.values() for name in names)


def features(visits: pd.DataFrame, *, as_of: date, window: int) -> pd.DataFrame:
    """Return what is known on a day of each customer who is active then, from rows up to that day.

    Formula, with N = `window` and the age of a purchase day in days before `as_of`: `recency`
    days since the last purchase; `recency_to_usual` recency / usual pause; `longer_pauses` share
    of earlier pauses longer than the present one, (k + ½)/(n + 1); `days_quarter`, `days_half`,
    `days_window`, `days_before` purchase days in the last N/4, N/2, N and in the N days before
    those; `rate_short`, `rate_window`, `rate_long` purchase days per day, exponentially weighted
    with half-lives N/4, N and 2N over the time since the first purchase; `usual_pause`,
    `spread_of_pauses` mean and standard deviation of the pauses (days); `longest_recent_pause`
    among those that ended in the last 2N days; `weeks_active` weeks with a purchase in the last N
    days; `trend` (days_window + 1)/(days_before + 1); `revenue_window` (currency, last N days);
    `revenue_rate` (currency a day, half-life N); `basket` (currency a purchase day); `lapse_rate`
    lapses per 100 days; `tenure` days since the first purchase.

    Columns out: those of `FEATURES`, float64; NaN where a customer has no pause yet. The index
    is `customer_id`. Grain: one row per customer with a purchase in the last N days. Returns lower
    the revenue of a day with a purchase; a day of returns alone is left out.
    """
    rows = arrays(visits, as_of=as_of)
    age = (number(as_of) - rows.day).astype("float64")
    found = {**_timing(rows, age, window), **_counts(rows, age, window)}
    table = pd.DataFrame(found, index=pd.Index(rows.ids, name="customer_id"))
    table["recency_to_usual"] = table["recency"] / table["usual_pause"]
    table["trend"] = (table["days_window"] + 1) / (table["days_before"] + 1)
    return table.loc[table["recency"] < window, list(FEATURES)]


def labels(visits: pd.DataFrame, *, as_of: date, window: int, customers: pd.Index) -> pd.Series:
    """Return whether each customer makes no purchase in the `window` days after `as_of`.

    Out: bool, indexed by customer. Grain: one row per customer asked for. Right only when the data
    reach `as_of` + `window`: the caller cuts them.
    """
    later = arrays(visits, as_of=as_of + timedelta(days=window))
    back = later.ids[np.unique(later.customer[later.day > number(as_of)])]
    return pd.Series(~customers.isin(back), index=customers, name="lapsed")


def _timing(rows: Visits, age: np.ndarray, window: int) -> dict[str, np.ndarray]:
    size = len(rows.ids)
    pause = np.where(rows.starts, np.nan, np.diff(rows.day, prepend=0).astype("float64"))
    known = ~np.isnan(pause)
    recency, tenure = age[rows.ends], age[rows.starts]

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(rows.customer[known], weights=values[known], minlength=size)

    count = total(np.ones(len(pause)))
    enough = np.where(count > 0, count, np.nan)
    usual = total(pause) / enough
    deviation = (pause - usual[rows.customer]) ** 2
    longest = np.full(size, np.nan)
    recent = known & (age < 2 * window)
    np.fmax.at(longest, rows.customer[recent], pause[recent])
    return {
        "recency": recency,
        "tenure": tenure,
        "usual_pause": usual,
        "spread_of_pauses": np.sqrt(total(deviation) / np.where(count > 1, count - 1, np.nan)),
        "longest_recent_pause": longest,
        "longer_pauses": (total((pause > recency[rows.customer]) * 1.0) + 0.5) / (count + 1),
        "lapse_rate": 100 * total((pause > window) * 1.0) / (tenure + 1),
    }


def _counts(rows: Visits, age: np.ndarray, window: int) -> dict[str, np.ndarray]:
    size, tenure = len(rows.ids), age[rows.starts]

    def total(weights: np.ndarray) -> np.ndarray:
        return np.bincount(rows.customer, weights=weights, minlength=size)

    def rate(half_life: float, values: np.ndarray | float = 1.0) -> np.ndarray:
        # The weights of every day since the first purchase sum to about `days`.
        days = half_life / np.log(2) * (1 - 0.5 ** ((tenure + 1) / half_life))
        return total(0.5 ** (age / half_life) * values) / days

    weeks = np.unique(
        rows.customer[age < window] * 10_000 + (age[age < window] // 7).astype("int64")
    )
    return {
        "days_quarter": total(age < window / 4),
        "days_half": total(age < window / 2),
        "days_window": total(age < window),
        "days_before": total((age >= window) & (age < 2 * window)),
        "rate_short": rate(window / 4),
        "rate_window": rate(window),
        "rate_long": rate(2 * window),
        "weeks_active": np.bincount(weeks // 10_000, minlength=size).astype("float64"),
        "revenue_window": total(rows.revenue * (age < window)),
        "revenue_rate": rate(window, rows.revenue),
        "basket": total(rows.revenue) / total(np.ones(len(age))),
    }
