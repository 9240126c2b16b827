"""Fit on the past, check on what followed: the evidence on how far a model can be trusted."""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.customer_value.frames import purchase_days
from helpers.metrics.customer_value.purchase_fit import PurchaseFit
from helpers.metrics.customer_value.recent_rate import count_days, summary_with_recent
from helpers.metrics.customer_value.summary import TimeUnit, elapsed


def calibration_holdout(
    orders: pd.DataFrame,
    *,
    calibration_end: date,
    as_of: date,
    unit: TimeUnit = "W",
    window_days: int | None = None,
) -> pd.DataFrame:
    """Return each customer's history up to `calibration_end` and purchases from then to `as_of`.

    Columns out, one row per customer seen by `calibration_end`: those of `rfm_summary`; `recent`
    (int64, purchase days in the last `window_days`, which defaults to the length of the holdout);
    `actual` (int64, purchase days in the holdout); `duration` (float64, the holdout in `unit`).

    Raises:
        MetricError: the holdout is empty, or as `rfm_summary`.
    """
    length = (as_of - calibration_end).days
    if length < 1:
        raise MetricError(
            f"the holdout from {calibration_end} to {as_of} holds no day",
            hint="Choose a calibration end before as_of.",
        )
    frame = summary_with_recent(
        orders, as_of=calibration_end, window_days=window_days or length, unit=unit
    )
    days = purchase_days(orders, as_of=as_of)
    later = days[days["day"] > pd.Timestamp(calibration_end)]
    duration = elapsed(pd.Series([pd.Timestamp(calibration_end)]), pd.Timestamp(as_of), unit=unit)[
        0
    ]
    return frame.assign(actual=count_days(later, frame["customer_id"]), duration=duration)


def accuracy(actual: np.ndarray, expected: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return how near each forecast of single customers came.

    Columns out, one row a model: `model`; `expected`, `actual` (totals); `bias` = expected /
    actual - 1 (NaN where nothing was bought); `mae`, `rmse` (purchases a customer); `correlation`
    (NaN where one side does not vary).

    Raises:
        MetricError: there is no customer.
    """
    truth = np.asarray(actual, dtype=float)
    if not len(truth):
        raise MetricError("a forecast for no customers cannot be checked")
    rows = []
    for model, forecast in expected.items():
        error = np.asarray(forecast, dtype=float) - truth
        varies = np.ptp(truth) > 0 and np.ptp(forecast) > 0
        rows.append(
            {
                "model": model,
                "expected": float(np.sum(forecast)),
                "actual": float(truth.sum()),
                "bias": float(error.sum() / truth.sum()) if truth.sum() else float("nan"),
                "mae": float(np.abs(error).mean()),
                "rmse": float(np.sqrt(np.square(error).mean())),
                "correlation": float(np.corrcoef(forecast, truth)[0, 1])
                if varies
                else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def conditional_expectations(
    holdout: pd.DataFrame, expected: Mapping[str, np.ndarray], *, bins: int = 8
) -> pd.DataFrame:
    """Return mean holdout purchases, actual and expected, by purchases in the calibration period.

    Columns in: `frequency` and `actual` of `calibration_holdout`; `expected` maps a model to its
    forecasts in the same order. Columns out, one row a group and series: `group` (text such as `3`,
    `4-6`, `7+`), `position` (int64, order), `series` (`Actual` or the model), `purchases` (mean),
    `customers` (int64). At most `bins` groups of whole frequencies: single ones as long as they are
    few, else of about the same number of customers.

    Source: Fader, Hardie & Lee (2005), figure 4.
    """
    frequency = holdout["frequency"].to_numpy(dtype=np.int64)
    label, position = _frequency_groups(frequency, bins)
    series = {"Actual": holdout["actual"].to_numpy(dtype=float)} | dict(expected)
    parts = []
    for name, values in series.items():
        frame = pd.DataFrame(
            {"group": label, "position": position, "purchases": np.asarray(values, dtype=float)}
        )
        grouped = frame.groupby(["position", "group"], sort=True)["purchases"]
        found = grouped.agg(purchases="mean", customers="size").reset_index()
        parts.append(found.assign(series=name))
    columns = ["group", "position", "series", "purchases", "customers"]
    return pd.concat(parts, ignore_index=True)[columns]


def _frequency_groups(frequency: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    most_single = np.quantile(frequency, 0.9) if len(frequency) else 0
    if most_single < bins:
        position = np.minimum(frequency, bins - 1)
        text = np.array([str(k) for k in range(bins - 1)] + [f"{bins - 1}+"])
        return text[position], position
    edges = np.unique(np.quantile(frequency, np.linspace(0, 1, bins + 1)[1:-1], method="nearest"))
    position = np.searchsorted(edges, frequency, side="right")
    labels = {}
    for k in np.unique(position):
        low, high = frequency[position == k].min(), frequency[position == k].max()
        last = k == position.max()
        labels[k] = f"{low}+" if last else (str(low) if low == high else f"{low}-{high}")
    return np.array([labels[k] for k in position]), position


def weekly_tracking(
    orders: pd.DataFrame,
    fit: PurchaseFit,
    *,
    calibration_end: date,
    as_of: date,
    unit: TimeUnit = "W",
) -> pd.DataFrame:
    """Return repeat purchases a week, actual and expected, of a base of customers.

    The base is who was seen by `calibration_end`.

    expected in week w = Σ over customers of E[X(end of w - first purchase)] - the same a week
    before.

    Columns out, one row a full week of seven days up to `as_of`, counted from the first order:
    `week` (int64, from 1), `ends_on` (datetime64), `actual` and `expected` (purchase days in the
    week), `actual_total` and `expected_total` (cumulative), `phase` (`calibration` or `holdout`; a
    week that straddles the end is `holdout`).

    Raises:
        MetricError: there is no order up to `calibration_end`, or as `rfm_summary`.

    Source: Fader, Hardie & Lee (2005), figures 2 and 3.
    """
    days = purchase_days(orders, as_of=as_of)
    first = days.groupby("customer_id", observed=True)["day"].transform("min")
    days = days[first <= pd.Timestamp(calibration_end)].assign(first=first)
    if days.empty:
        raise MetricError(f"no customer bought by {calibration_end}, so there is nothing to track")
    opening = days["day"].min()
    weeks = ((pd.Timestamp(as_of) - opening).days + 1) // 7
    ends = [opening + timedelta(days=7 * k - 1) for k in range(1, weeks + 1)]
    repeats = days[days["day"] > days["first"]]
    week_of = ((repeats["day"] - opening).dt.days // 7).to_numpy()
    actual = np.bincount(week_of[week_of < weeks], minlength=weeks)[:weeks].astype(float)
    births = days.drop_duplicates("customer_id")["first"].value_counts().sort_index()
    born = pd.Series(births.index)
    total = np.zeros(weeks)
    for k, end in enumerate(ends):
        age = np.maximum(elapsed(born, pd.Timestamp(end), unit=unit), 0.0)
        total[k] = float(births.to_numpy() @ fit.expected_purchases(age))
    ended = pd.Series(ends, dtype="datetime64[ns]")
    inside = ended <= pd.Timestamp(calibration_end)
    return pd.DataFrame(
        {
            "week": np.arange(1, weeks + 1),
            "ends_on": ended,
            "actual": actual,
            "expected": np.diff(total, prepend=0.0),
            "actual_total": np.cumsum(actual),
            "expected_total": total,
            "phase": np.where(inside, "calibration", "holdout"),
        }
    )
