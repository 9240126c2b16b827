"""Goals: how much of a target is reached, whether the pace is right, how likely the rest is."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.sales_forecast.model import CHOSEN, Fit, fit
from helpers.metrics.sales_forecast.series import TOTAL, long
from helpers.metrics.sales_forecast.totals import Totals, totals
from helpers.periods import Period

_WEEKS = 8
_WINDOWS = 12  # a single series needs more origins to tell its chances by


@dataclass(frozen=True)
class Goal:
    """Where a period stands against its target on a day.

    Attributes:
        target, actual: money; `actual` up to and including the day.
        attainment: actual / target.
        due: share of the target that a normal course has brought by the day.
        pace: attainment / due; 1 is on course. NaN where nothing is due yet.
        expected, low_80, high_80: sales by the period's end, bounds NaN without enough history.
        probability: chance of reaching the target by the period's end.
    """

    target: float
    actual: float
    attainment: float
    due: float
    pace: float
    expected: float
    low_80: float
    high_80: float
    probability: float


def growth_target(days: pd.DataFrame, *, base: Period, period: Period, growth: float) -> float:
    """Return base's mean daily sales x days of the period x (1 + growth).

    Columns in: `ds`, `revenue` as of `series.daily`. NaN where the base is not wholly covered.
    """
    if days.empty or days["ds"].iloc[0] > pd.Timestamp(base.start):
        return float("nan")
    return _sum(days, base) / base.days * period.days * (1 + growth)


def _sum(days: pd.DataFrame, period: Period) -> float:
    inside = days["ds"].between(pd.Timestamp(period.start), pd.Timestamp(period.end))
    return float(days.loc[inside, "revenue"].sum())


def course(days: pd.DataFrame, *, period: Period, target: float) -> pd.DataFrame:
    """Return the course that leads to the target, day by day, against what came.

    due_d = target x sum of weekday weights up to d / sum over the period; a weekday's weight is
    its mean sales in the 8 weeks before the period (all equal where there is no such history).

    Columns in: `ds`, `revenue`. Columns out, one row a day of the period: `ds`, `due` (money,
    cumulated), `actual` (money, cumulated; NaN after the last day of `days`).

    Raises:
        MetricError: the target is not above 0.
    """
    if not target > 0:
        raise MetricError(f"the target is {target}", hint="A target is an amount above 0.")
    start = pd.Timestamp(period.start)
    before = days[days["ds"] < start].tail(7 * _WEEKS)
    weight = before.groupby(before["ds"].dt.dayofweek)["revenue"].mean().reindex(range(7))
    if weight.isna().any() or not weight.sum() > 0:
        weight = pd.Series(1.0, index=range(7))
    dates = pd.date_range(start, pd.Timestamp(period.end))
    share = weight.clip(lower=0.0).loc[dates.dayofweek].to_numpy().cumsum()
    came = days.set_index("ds")["revenue"].reindex(dates)
    return pd.DataFrame(
        {"ds": dates, "due": target * share / share[-1], "actual": came.cumsum().to_numpy()}
    )


def goal(days: pd.DataFrame, *, period: Period, target: float, as_of: date) -> Goal:
    """Say where a period stands on `as_of` and how likely it is to reach its target.

    The rest of the period is forecast day by day from `days` up to `as_of` (see `model.fit`); the
    probability comes from the backtest errors of sums over as many days. After the period's end it
    is 0 or 1.

    Columns in: `ds`, `revenue` as of `series.daily`, without gaps.

    Raises:
        MetricError: the target is not above 0, or `as_of` lies before the period.
    """
    if as_of < period.start:
        raise MetricError(f"{as_of} lies before {period}", hint="Use next_goal for the future.")
    seen = days[days["ds"] <= pd.Timestamp(as_of)]
    path = course(seen, period=period, target=target)
    day = min(as_of, period.end)
    actual = _sum(seen, Period(period.kind, period.start, day))
    due = float(path.loc[path["ds"] <= pd.Timestamp(day), "due"].iloc[-1]) / target
    pace = actual / target / due if due > 0 else float("nan")
    left = (period.end - day).days
    if left == 0:
        reached = float(actual >= target)
        return Goal(target, actual, actual / target, due, pace, actual, actual, actual, reached)
    rest = totals(fit(long(seen, {"revenue": TOTAL}), horizon=left, freq="D", windows=_WINDOWS))
    row = rest.row(TOTAL)
    return Goal(
        target, actual, actual / target, due, pace,
        actual + row["forecast"], actual + row["low_80"], actual + row["high_80"],
        rest.chance(TOTAL, target - actual),
    )  # fmt: skip


def cumulated(fit: Fit, sums: Totals, unique_id: str = TOTAL) -> pd.DataFrame:
    """Return the forecast cumulated day by day, its 80 % range growing to that of the whole sum.

    The range at step k is that of the sum, times the mean absolute backtest error of sums over k
    steps relative to that of all steps.

    Columns out, one row a day: `ds`, `forecast`, `low_80`, `high_80` (unit of y).
    """
    row = fit.ids.index(unique_id)
    error = np.abs(fit.test.errors(CHOSEN)[row].cumsum(axis=1))
    known = error[~np.isnan(error).any(axis=1)]
    path = fit.ahead[CHOSEN][row].cumsum()
    growth = np.sqrt(np.arange(1, len(path) + 1) / len(path))
    if len(known) and known[:, -1].mean() > 0:
        growth = np.minimum.accumulate((known.mean(axis=0) / known[:, -1].mean())[::-1])[::-1]
    whole = sums.row(unique_id)
    low, high = (whole[name] - whole["forecast"] for name in ("low_80", "high_80"))
    return pd.DataFrame(
        {
            "ds": fit.dates[row],
            "forecast": path,
            "low_80": np.maximum(path + low * growth, fit.floor[row]),
            "high_80": path + high * growth,
        }
    )
