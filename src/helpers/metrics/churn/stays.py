"""How long customers of different kinds stay, and what another window would have said."""

from datetime import date

import numpy as np
import pandas as pd

from helpers.metrics.churn import definitions as d
from helpers.metrics.churn.activity import churn
from helpers.metrics.churn.segments import SPEND, in_words, spend_tier, with_attributes
from helpers.metrics.churn.survival import (
    absences,
    compare_curves,
    lifetimes,
    share_after,
    survival_curve,
)
from helpers.metrics.churn.training import history_days
from helpers.metrics.churn.visits import arrays
from helpers.metrics.churn.window import Window
from helpers.metrics.contracts import Kpi
from helpers.metrics.writing import Write, plain
from helpers.periods import Period

HALF_YEAR = 182


def starting_groups(
    visits: pd.DataFrame,
    *,
    as_of: date,
    customers: pd.DataFrame | None = None,
    max_levels: int = 6,
) -> pd.DataFrame:
    """Return the groups each customer belonged to from the first purchase on.

    Formula: `first_purchase` = third of all customers by the revenue of the first purchase day
    (high, middle, low), and every attribute of `customers` with 2 to `max_levels` values. Nothing
    later is used: groups made of later behaviour would make the loyal look loyal by definition.

    Columns out: `customer_id` string, `first_purchase` ordered category, attributes as strings.
    Grain: one row per customer with a purchase by `as_of`.
    """
    rows = arrays(visits, as_of=as_of)
    table = pd.DataFrame(
        {
            "customer_id": pd.Series(rows.ids, dtype=str),
            "first_purchase": pd.Categorical(
                spend_tier(rows.revenue[rows.starts]), SPEND, ordered=True
            ),
        }
    )
    return table if customers is None else with_attributes(table, customers, max_levels)


def stay_by_group(
    visits: pd.DataFrame,
    *,
    as_of: date,
    window: int,
    customers: pd.DataFrame | None = None,
    step: int = 7,
    most: int = 4,
) -> pd.DataFrame:
    """Return Kaplan–Meier retention by every starting group, and overall.

    Columns out: `dimension` string (`all` for everybody), `split` string (in words), those of
    `survival_curve`, and `p_value` float64 of the log-rank test between the groups of the
    dimension (NaN for `all`). Grain: one row per dimension, segment and `step` days. Customers
    without an attribute are left out of it.
    """
    stays = lifetimes(visits, as_of=as_of, window=window)
    groups = starting_groups(visits, as_of=as_of, customers=customers)
    return curves_by_group(stays, groups, step=step, most=most)


def curves_by_group(
    stays: pd.DataFrame, groups: pd.DataFrame, *, step: int = 7, most: int = 4
) -> pd.DataFrame:
    """Return Kaplan–Meier retention by up to `most` dimensions of groups, clearest first.

    Columns in: `stays` as of `lifetimes`; `groups` with `customer_id` and a column a dimension.
    Columns out and grain: those of `stay_by_group`.
    """
    everybody = survival_curve(stays, event="lapsed", step=step)
    parts = [everybody.assign(dimension="all", split="All customers", p_value=np.nan)]
    merged = stays.merge(groups, on="customer_id", how="left")
    for name in groups.columns[1:]:
        known = merged[merged[name] != "not known"]
        curve = survival_curve(known, event="lapsed", by=name, step=step)
        if curve["segment"].nunique() > 1:
            p = compare_curves(known, event="lapsed", by=name)
            split = in_words(str(name)).capitalize()
            parts.append(curve.assign(dimension=str(name), split=split, p_value=p))
    ranked = sorted(parts[1:], key=lambda part: float(part["p_value"].iloc[0]))
    kept = [part for part in [parts[0], *ranked[:most]] if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else parts[0]


def return_curve(visits: pd.DataFrame, *, as_of: date, window: int, step: int = 3) -> pd.DataFrame:
    """Return the share of the lapsed who are back, by days since their first lapse (Kaplan–Meier).

    Columns out: those of `survival_curve` and `back` float64 (share, 1 − survival). Grain: one row
    per `step` days.
    """
    away = absences(visits, as_of=as_of, window=window)
    curve = survival_curve(away, event="returned", step=step)
    return curve.assign(back=1 - curve["survival"].astype("float64"))


def window_choices(
    visits: pd.DataFrame,
    *,
    period: Period,
    chosen: Window,
    windows: tuple[int, ...] = (14, 28, 42, 56, 91, 182),
) -> pd.DataFrame:
    """Return the churn rate of the period under other windows, and how many lapses were final.

    Columns out: `days` int64 (the window), `customers` int64 (active at the start), `churn_rate`,
    `low`, `high` float64, `returned` float64 (share of the lapsed back within 91 days,
    Kaplan–Meier; NaN where nobody was watched for so long), `chosen` bool. Grain: one row per
    window that the history before the period reaches.
    """
    rows = arrays(visits, as_of=period.end)
    if not len(rows.day):
        return pd.DataFrame(
            columns=["days", "customers", "churn_rate", "low", "high", "returned", "chosen"]
        )
    before = (np.datetime64(period.start, "D").astype("int64") - rows.day.min()).item()
    found = []
    for days in sorted({*windows, chosen.days}):
        if days > before:
            continue
        rates = churn(visits, period=period, window=days)
        away = absences(visits, as_of=period.end, window=days)
        curve = survival_curve(away, event="returned")
        back = 1 - share_after(curve, day=91)["survival"]
        found.append(
            {
                "days": days,
                "customers": int(rates["start"]),
                "churn_rate": rates["churn_rate"],
                "low": rates["churn_low"],
                "high": rates["churn_high"],
                "returned": back,
                "chosen": days == chosen.days,
            }
        )
    columns = ["days", "customers", "churn_rate", "low", "high", "returned", "chosen"]
    return pd.DataFrame(found, columns=columns)


def retention_kpi(
    visits: pd.DataFrame, *, period: Period, window: int, write: Write = plain
) -> Kpi:
    """Return the share of customers who stay half a year without a lapse, with its interval.

    Counted from the first purchase seen. Those of the first `window` days of the data had most
    likely bought before: their clock starts late, and no entry age is known by which to correct it.
    The note says how many they are, and the share of the others alone.
    """

    def at(stays: pd.DataFrame) -> pd.Series:
        return share_after(survival_curve(stays, event="lapsed", step=7), day=HALF_YEAR)

    spans = (period, period.previous(), period.year_before())
    lives = [lifetimes(visits, as_of=p.end, window=window) for p in spans]
    now, before, last_year = map(at, lives)
    if history_days(visits, as_of=period.end) <= HALF_YEAR:
        note = f"Needs more than {HALF_YEAR} days of history."
    else:
        first = lives[0]["first_day"]
        later = first >= first.min() + pd.Timedelta(days=window)
        note = _clock(len(first), int(later.sum()), at(lives[0][later]), write)
    return Kpi(
        d.RETAINED_SHARE,
        now.get("survival"),
        low=now.get("low"),
        high=now.get("high"),
        previous=before.get("survival"),
        year_before=last_year.get("survival"),
        note=note,
    )


def _clock(customers: int, later: int, alone: pd.Series, write: Write) -> str:
    early = customers - later
    text = (
        f"{write(early, 'count')} of {write(customers, 'count')} customers were there when the "
        "data begin: their clock starts late"
    )
    stays = float(alone.get("survival", float("nan")))
    if np.isnan(stays):
        return f"{text}, and too few of the others were watched for so long to count them alone."
    limits = ""
    if not np.isnan(alone["low"]):
        limits = (
            f" ({write(float(alone['low']), 'share')} to {write(float(alone['high']), 'share')})"
        )
    return f"{text}. Of the {write(later, 'count')} others, {write(stays, 'share')}{limits} stay."
