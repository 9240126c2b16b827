"""Who is active, who lapsed, who came back: customer movements that close exactly."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.metrics.churn.intervals import share, wilson
from helpers.metrics.churn.visits import Visits, arrays, number, revenue_between
from helpers.periods import Period

MOVEMENTS = ("kept", "new", "reactivated", "lapsed", "away")


def movements(visits: pd.DataFrame, *, period: Period, window: int) -> pd.DataFrame:
    """Return where each customer stood before and after the period.

    Formula: a customer is active at the end of a day when the last purchase lies fewer than
    `window` days back. `kept`: active before and after; `new`: not seen before the period, active
    after; `reactivated`: seen before, not active before, active after; `lapsed`: active before,
    not after; `away`: active at neither end.

    Columns out: `customer_id` string, `movement` string, `first_day` datetime64[ns] (first
    purchase seen), `revenue_before` float64 (currency, in the `window` days before the period, net
    of returns).

    Grain: one row per customer seen by the period's end. `new` means first observed: a history
    that is cut off at the left makes old customers look new.
    """
    rows = arrays(visits, as_of=period.end)
    before, after = number(period.start) - 1, number(period.end)
    first = rows.day[rows.starts]
    last_before = _last(rows, before)
    active_before = before - last_before < window
    active_after = after - rows.day[rows.ends] < window
    seen_before = first <= before
    movement = np.select(
        [
            active_before & active_after,
            ~seen_before & active_after,
            seen_before & ~active_before & active_after,
            active_before & ~active_after,
        ],
        MOVEMENTS[:4],
        default="away",
    )
    spent = revenue_between(visits, rows.ids, after=before - window, until=before)
    return pd.DataFrame(
        {
            "customer_id": pd.Series(rows.ids, dtype=str),
            "movement": pd.Series(movement, dtype=str),
            "first_day": first.astype("datetime64[D]").astype("datetime64[ns]"),
            "revenue_before": spent,
        }
    )


def bridge(visits: pd.DataFrame, *, period: Period, window: int) -> pd.DataFrame:
    """Return the customer bridge of a period: start + new + reactivated − lapsed = end.

    Columns out: `step` string, `customers` int64 (`lapsed` is negative). Grain: one row per step.
    The end is counted by itself, not added up; the steps sum to it exactly.
    """
    counts = movements(visits, period=period, window=window)["movement"].value_counts()
    found = {name: int(counts.get(name, 0)) for name in MOVEMENTS}
    steps = {
        "start": found["kept"] + found["lapsed"],
        "new": found["new"],
        "reactivated": found["reactivated"],
        "lapsed": -found["lapsed"],
        "end": active_customers(visits, as_of=period.end, window=window),
    }
    return pd.DataFrame({"step": list(steps), "customers": list(steps.values())})


def active_customers(visits: pd.DataFrame, *, as_of: date, window: int) -> int:
    """Return how many customers made a purchase in the `window` days up to `as_of`."""
    rows = arrays(visits, as_of=as_of)
    return int((number(as_of) - rows.day[rows.ends] < window).sum())


def churn(visits: pd.DataFrame, *, period: Period, window: int) -> dict[str, float]:
    """Return the churn measures of one period.

    Formula: `churn_rate` = lapsed / active at the start, with its 95 % Wilson interval
    `churn_low`, `churn_high`; `revenue_churn_rate` = revenue of the lapsed / revenue of all active
    at the start, both over the `window` days before the period; `reactivation_rate` =
    reactivated / not active at the start though seen before.

    Out: also `start`, `new`, `reactivated`, `lapsed`, `end` (counts) and `revenue_at_start`,
    `revenue_lapsed` (currency). A rate with a denominator of zero is NaN. Returns reduce the
    revenue; where it is not above zero in total the share is NaN.
    """
    table = movements(visits, period=period, window=window)
    counts = table["movement"].value_counts()
    kept, new, back, lost, _ = (int(counts.get(name, 0)) for name in MOVEMENTS)
    at_start = table["movement"].isin(["kept", "lapsed"])
    revenue = float(table.loc[at_start, "revenue_before"].sum())
    gone = float(table.loc[table["movement"].eq("lapsed"), "revenue_before"].sum())
    before = pd.Timestamp(period.start)
    away_before = back + int((table["movement"].eq("away") & (table["first_day"] < before)).sum())
    low, high = wilson([lost], [kept + lost])
    return {
        "start": kept + lost,
        "new": new,
        "reactivated": back,
        "lapsed": lost,
        "end": kept + new + back,
        "churn_rate": share(lost, kept + lost),
        "churn_low": float(low[0]),
        "churn_high": float(high[0]),
        "revenue_at_start": revenue,
        "revenue_lapsed": gone,
        "revenue_churn_rate": share(gone, revenue),
        "reactivation_rate": share(back, away_before),
    }


def churn_history(
    visits: pd.DataFrame, *, last: Period, window: int, count: int = 12
) -> pd.DataFrame:
    """Return the churn measures of the last `count` periods, oldest first.

    Columns out: `period` string and those of `churn`. Grain: one row per period. Periods whose
    start is not preceded by a full window of history are left out: who was active then is not
    known. The window is the same for all of them.
    """
    held = arrays(visits, as_of=last.end)
    if not len(held.day):
        return pd.DataFrame(columns=["period", *churn(visits, period=last, window=window)])
    earliest = date(1970, 1, 1) + timedelta(days=int(held.day.min()) + window)
    periods: list[Period] = []
    found = last
    while len(periods) < count and found.start >= earliest:
        periods.append(found)
        found = found.previous()
    rows = [{"period": str(p), **churn(visits, period=p, window=window)} for p in reversed(periods)]
    return pd.DataFrame(rows, columns=["period", *churn(visits, period=last, window=window)])


def movement_history(history: pd.DataFrame) -> pd.DataFrame:
    """Return the customer movements of each period, one below the other.

    Columns in: those of `churn_history`. Columns out: `period`, `movement` string (New, Won back,
    Lapsed), `customers` int64 (lapsed below zero). Grain: one row per period and movement.
    """
    signs = {"new": ("New", 1), "reactivated": ("Won back", 1), "lapsed": ("Lapsed", -1)}
    parts = [
        pd.DataFrame(
            {"period": history["period"], "movement": words, "customers": sign * history[name]}
        )
        for name, (words, sign) in signs.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values("period", kind="stable", ignore_index=True)


def _last(rows: Visits, day: int) -> np.ndarray:
    """Return each customer's last purchase day up to `day`; very long ago where there is none."""
    last = np.full(len(rows.ids), -(10**7), dtype="int64")
    seen = rows.day <= day
    last[rows.customer[seen]] = rows.day[seen]  # days ascend, so the last assignment wins
    return last
