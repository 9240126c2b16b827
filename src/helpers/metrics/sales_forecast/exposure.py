"""Days that are not like others: closed days, holidays, months with more selling days.

An exposure says how much of a normal period a period is: 0 for a closed day, 0.6 for a holiday
that sells 60 % of its weekday, 26.3 for a month with that many weekday-weighted selling days. The
forecast works on y / exposure and multiplies back, if that was better in the backtest. Whatever is
measured on sales is a function of the origin (`holidays_known`, `trading_days_known`): a holiday
has no effect yet at its first occurrence.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.errors import MetricError, did_you_mean
from helpers.metrics.sales_forecast.exposing import Known

_WINDOW = 4  # weeks on either side that say what a weekday normally sells
_CLOSED = 0.02  # a day below this share of its weekday was closed


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """Return the n-th weekday of a month (0 is Monday); n = -1 is the last."""
    if n > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def easter(year: int) -> date:
    """Return Easter Sunday (Gregorian; Meeus, Jones and Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    w = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * w) // 451
    month, day = divmod(h + w - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _common(year: int) -> dict[str, date]:
    return {
        "New Year": date(year, 1, 1),
        "Easter Sunday": easter(year),
        "Christmas Eve": date(year, 12, 24),
        "Christmas Day": date(year, 12, 25),
        "New Year's Eve": date(year, 12, 31),
    }


def _us(year: int) -> dict[str, date]:
    thanksgiving = _nth(year, 11, 3, 4)
    return {
        **_common(year),
        "Memorial Day": _nth(year, 5, 0, -1),
        "Independence Day": date(year, 7, 4),
        "Labor Day": _nth(year, 9, 0, 1),
        "Thanksgiving Eve": thanksgiving - timedelta(days=1),
        "Thanksgiving": thanksgiving,
        "Black Friday": thanksgiving + timedelta(days=1),
    }


def _gb(year: int) -> dict[str, date]:
    return {
        **_common(year),
        "Good Friday": easter(year) - timedelta(days=2),
        "Easter Monday": easter(year) + timedelta(days=1),
        "Early May bank holiday": _nth(year, 5, 0, 1),
        "Spring bank holiday": _nth(year, 5, 0, -1),
        "Summer bank holiday": _nth(year, 8, 0, -1),
        "Boxing Day": date(year, 12, 26),
    }


_RULES = {"US": _us, "GB": _gb, "none": lambda year: {}}
COUNTRIES = tuple(_RULES)


def holidays(first: date, last: date, *, country: str) -> pd.DataFrame:
    """Return the days that shops keep apart: one row a day, `ds` (datetime64), `holiday` (text).

    Raises:
        MetricError: no rules are known for the country.
    """
    if country not in _RULES:
        raise MetricError(f"no holidays are known for {country!r}",
                          hint=did_you_mean(country, COUNTRIES))  # fmt: skip
    found = [
        (pd.Timestamp(day), name)
        for year in range(first.year, last.year + 1)
        for name, day in _RULES[country](year).items()
        if first <= day <= last
    ]
    frame = pd.DataFrame(sorted(found), columns=["ds", "holiday"])
    return frame.astype({"ds": "datetime64[ns]", "holiday": str})


def holiday_effects(daily: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """Measure what each holiday sold against the same weekday of the weeks around it.

    effect = y / median(y of the same weekday within 4 weeks, other holidays left out).

    Columns in: `daily` one row a day without gaps (`ds`, `y`); `calendar` as of `holidays`.
    Columns out, one row a holiday in the data: `ds`, `holiday`, `y`, `normal` (same unit as y),
    `effect` (ratio; NaN where its weekday normally sells nothing).
    """
    y = daily.set_index("ds")["y"].sort_index().astype(float)
    special = set(calendar["ds"])
    rows = []
    for ds, name in calendar.itertuples(index=False):
        if ds not in y.index:
            continue
        around = [ds + timedelta(weeks=k) for k in range(-_WINDOW, _WINDOW + 1) if k]
        like = [y[d] for d in around if d in y.index and d not in special]
        normal = float(np.median(like)) if like else np.nan
        effect = float(y[ds]) / normal if normal > 0 else np.nan
        rows.append((ds, name, float(y[ds]), normal, effect))
    frame = pd.DataFrame(rows, columns=["ds", "holiday", "y", "normal", "effect"])
    return frame.astype({"ds": "datetime64[ns]", "holiday": str})


def daily_exposure(effects: pd.DataFrame, calendar: pd.DataFrame, *, last: date) -> pd.Series:
    """Return the exposure of each special day, past and to come; all other days have 1.

    A past holiday has the effect it had: its value then counts like a normal day's. A holiday to
    come has the mean effect of its past occurrences, shrunk towards 1 by n / (n + 1); closed
    throughout (below 2 % of a normal day, or no sales on a weekday that has none) stays closed;
    never seen before, it has 1.

    Columns in: as `holiday_effects` returns them, and `calendar` as of `holidays`.

    Returns:
        Float by `ds`.
    """
    known = effects.assign(effect=effects["effect"].mask(effects["y"] == 0, 0.0))
    known = known.dropna(subset=["effect"])
    past = {
        ds: 0.0 if effect < _CLOSED else float(effect)
        for ds, effect in zip(known["ds"], known["effect"], strict=True)
    }
    means = known.groupby("holiday")["effect"].agg(["mean", "size"])
    ahead = {}
    for ds, name in calendar[calendar["ds"] > pd.Timestamp(last)].itertuples(index=False):
        if name in means.index:
            mean, n = float(means.loc[name, "mean"]), int(means.loc[name, "size"])
            ahead[ds] = 0.0 if mean < _CLOSED else 1 + (mean - 1) * n / (n + 1)
    found = {**past, **ahead}
    return pd.Series(found, index=pd.DatetimeIndex(list(found)), dtype=float).sort_index()


def holidays_known(daily: pd.DataFrame, calendar: pd.DataFrame) -> Known:
    """Return the function from an origin to the `daily_exposure` measured up to it.

    Columns in: as for `holiday_effects`. Days after the origin are not looked at.
    """

    def known(origin: pd.Timestamp) -> pd.Series:
        effects = holiday_effects(daily[daily["ds"] <= origin], calendar)
        return daily_exposure(effects, calendar, last=origin.date())

    return known


def closed_known(daily: pd.DataFrame, calendar: pd.DataFrame) -> Known:
    """Return `holidays_known` of the closed holidays alone; all other days have 1."""
    every = holidays_known(daily, calendar)

    def known(origin: pd.Timestamp) -> pd.Series:
        share = every(origin)
        return share[share == 0.0]

    return known


def trading_days_known(daily: pd.DataFrame, months: pd.DatetimeIndex) -> Known:
    """Return the function from an origin to the `trading_days` of the months, known at its end.

    Weekdays are weighed by the days up to the end of the origin's month; relative to the mean of
    the months, so that an exposure of 1 is a usual month.
    """

    def known(origin: pd.Timestamp) -> pd.Series:
        end = origin + pd.offsets.MonthEnd(0)
        found = trading_days(daily[daily["ds"] <= end], months)
        return found / found.mean() if found.mean() > 0 else found + 1.0

    return known


def trading_days(daily: pd.DataFrame, months: pd.DatetimeIndex, *, weeks: int = 26) -> pd.Series:
    """Return the weekday-weighted number of selling days of each month.

    exposure = sum over the month's days of mean(y of that weekday) / mean(y of all weekdays),
    over the last `weeks` weeks of `daily`.

    Args:
        daily: one row a day without gaps: `ds`, `y`.
        months: a day of each month, past and to come.
        weeks: how much of the past says what a weekday is worth.
    """
    recent = daily.sort_values("ds").tail(7 * weeks)
    mean = recent.groupby(recent["ds"].dt.dayofweek)["y"].mean().reindex(range(7), fill_value=0.0)
    weight = mean / mean.mean() if mean.mean() > 0 else mean + 1.0
    found = {}
    for month in months:
        days = pd.date_range(month.replace(day=1), month + pd.offsets.MonthEnd(0))
        found[month] = float(weight.loc[days.dayofweek].sum())
    return pd.Series(found, dtype=float)
