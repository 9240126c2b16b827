"""How long customers stay, and how often the lapsed come back: Kaplan–Meier with Greenwood."""

from datetime import date

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.intervals import Z95
from helpers.metrics.churn.visits import Visits, arrays, need, number


def lifetimes(visits: pd.DataFrame, *, as_of: date, window: int) -> pd.DataFrame:
    """Return how long each customer stayed before lapsing for the first time.

    Formula: a customer lapses on the day on which `window` days without a purchase are complete.
    `duration_days` = days from the first purchase to that day, or to `as_of` where it has not come.

    Columns out: `customer_id` string, `first_day` datetime64[ns], `duration_days` int64, `lapsed`
    bool (False: censored at `as_of`). Grain: one row per customer. What happens later never
    changes a lapse already counted, so curves of different dates agree on the past.
    """
    rows = arrays(visits, as_of=as_of)
    lapse = _first_lapse(rows, as_of, window)
    first = rows.day[rows.starts]
    lapsed = lapse >= 0
    return pd.DataFrame(
        {
            "customer_id": pd.Series(rows.ids, dtype=str),
            "first_day": first.astype("datetime64[D]").astype("datetime64[ns]"),
            "duration_days": np.where(lapsed, lapse, number(as_of)) - first,
            "lapsed": lapsed,
        }
    )


def absences(visits: pd.DataFrame, *, as_of: date, window: int) -> pd.DataFrame:
    """Return how long each customer who lapsed stayed away after the first lapse.

    Formula: `duration_days` = days from the lapse to the next purchase, or to `as_of` where none
    has come yet.

    Columns out: `customer_id` string, `duration_days` int64, `returned` bool (False: censored).
    Grain: one row per customer who ever lapsed; only the first lapse of each counts, so that the
    rows are independent.
    """
    rows = arrays(visits, as_of=as_of)
    lapse = _first_lapse(rows, as_of, window)
    later = np.where(rows.day > lapse[rows.customer], rows.day, np.iinfo("int64").max)
    back = np.full(len(rows.ids), np.iinfo("int64").max)
    np.minimum.at(back, rows.customer, later)
    lapsed = lapse >= 0
    returned = lapsed & (back <= number(as_of))
    away = np.where(returned, back, number(as_of)) - lapse
    return pd.DataFrame(
        {
            "customer_id": pd.Series(np.asarray(rows.ids)[lapsed], dtype=object).astype(str),
            "duration_days": away[lapsed].astype("int64"),
            "returned": returned[lapsed],
        }
    )


def survival_curve(
    durations: pd.DataFrame,
    *,
    event: str,
    by: str | None = None,
    step: int = 1,
    min_at_risk: int = 8,
) -> pd.DataFrame:
    """Return the Kaplan–Meier estimate of the share for whom the event has not happened yet.

    Formula: S(t) = Π_{t_i ≤ t} (1 − d_i / n_i); Greenwood's standard error S·sqrt(Σ d_i /
    (n_i (n_i − d_i))); 95 % interval by the log(−log) transform of it.

    Columns in: `duration_days` number (days, ≥ 0), `event` bool, and `by` where given. Columns out:
    `segment` string, `day` int64, `survival` float64 (share), `std_error`, `low`, `high` float64,
    `at_risk` int64 (customers still watched when the step up to that day began), `customers`
    int64 (in the segment).

    Grain: one row per segment and `step` days from 0, as far as `min_at_risk` customers are still
    watched: beyond that an estimate rests on a handful. Before the first event the interval is
    blank. Rows whose segment is null are left out.

    Raises:
        MetricError: a column is missing or has nulls, or a duration is negative.
    """
    need(durations, ["duration_days", event], table="durations")
    if len(durations) and durations["duration_days"].min() < 0:
        raise MetricError("a duration is negative", column="duration_days", hint="Check the dates.")
    groups = [("all", durations)] if by is None else list(durations.groupby(by, observed=True))
    parts = [
        _curve(str(name), group, event, step, min_at_risk) for name, group in groups if len(group)
    ]
    columns = ["segment", "day", "survival", "std_error", "low", "high", "at_risk", "customers"]
    kept = [part for part in parts if len(part)]
    return pd.concat(kept, ignore_index=True)[columns] if kept else pd.DataFrame(columns=columns)


def compare_curves(durations: pd.DataFrame, *, event: str, by: str) -> float:
    """Return the p-value of the log-rank test that the groups leave at the same pace.

    NaN where fewer than two groups have customers, or nobody had the event.
    """
    from lifelines.statistics import multivariate_logrank_test

    known = durations.dropna(subset=[by])
    if known[by].nunique() < 2 or not known[event].any():
        return float("nan")
    names = known[by].astype(str).to_numpy()
    result = multivariate_logrank_test(
        known["duration_days"].to_numpy(dtype="float64"), names, known[event].to_numpy(dtype=bool)
    )
    return float(result.p_value)


def share_after(curve: pd.DataFrame, *, day: int, segment: str = "all") -> pd.Series:
    """Return the row of a curve at a day: `survival`, `low`, `high`, …; all NaN past its end."""
    rows = curve[(curve["segment"] == segment) & (curve["day"] <= day)]
    if rows.empty or curve.loc[curve["segment"] == segment, "day"].max() < day:
        return pd.Series({name: float("nan") for name in curve.columns if name != "segment"})
    return rows.iloc[-1]


def _curve(name: str, group: pd.DataFrame, event: str, step: int, min_at_risk: int) -> pd.DataFrame:
    from lifelines import KaplanMeierFitter

    times = group["duration_days"].to_numpy(dtype="float64")
    fit = KaplanMeierFitter().fit(times, group[event].to_numpy(dtype=bool))
    table = fit.event_table.iloc[1:] if fit.event_table["at_risk"].iloc[0] == 0 else fit.event_table
    day, d = table.index.to_numpy(dtype="float64"), table["observed"].to_numpy(dtype="float64")
    n = table["at_risk"].to_numpy(dtype="float64")
    survival = fit.survival_function_.iloc[:, 0].reindex(table.index).to_numpy()
    left = np.where(n > d, n - d, np.nan)
    greenwood = np.cumsum(d / (n * left))  # NaN once the last one has gone
    grid = np.arange(0, times.max() + step, step)
    at_risk = len(times) - np.searchsorted(np.sort(times), grid - step, side="right")
    grid, at_risk = grid[at_risk >= min_at_risk], at_risk[at_risk >= min_at_risk]
    at = np.searchsorted(day, grid, side="right") - 1
    s = np.where(at >= 0, survival[at], 1.0)
    error = np.where(at >= 0, greenwood[at], 0.0)
    low, high = _log_log(s, error)
    return pd.DataFrame(
        {
            "segment": name,
            "day": grid.astype("int64"),
            "survival": s,
            "std_error": s * np.sqrt(error),
            "low": low,
            "high": high,
            "at_risk": at_risk.astype("int64"),
            "customers": len(group),
        }
    )


def _log_log(s: np.ndarray, greenwood: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inside = (s > 0) & (s < 1) & (greenwood > 0)
    safe = np.where(inside, s, 0.5)
    spread = Z95 * np.sqrt(np.where(inside, greenwood, 0.0)) / np.log(safe)
    low, high = safe ** np.exp(-spread), safe ** np.exp(spread)
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def _first_lapse(rows: Visits, as_of: date, window: int) -> np.ndarray:
    """Return the day of each customer's first lapse, −1 where there is none by `as_of`."""
    following = np.where(rows.ends, number(as_of) + 1, np.r_[rows.day[1:], 0][: len(rows.day)])
    # Silent through day + window: the next purchase, or the first day not yet seen, lies beyond.
    over = following > rows.day + window
    lapse = np.full(len(rows.ids), -1, dtype="int64")
    index = np.flatnonzero(over)[::-1]  # backwards, so that the first lapse is assigned last
    lapse[rows.customer[index]] = rows.day[index] + window
    return lapse
