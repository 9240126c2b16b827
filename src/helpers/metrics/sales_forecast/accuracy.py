"""Measures of a forecast: one row in, one figure out, by series and by model."""

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.sales_forecast.smoothing import Array


def mae_seasonal_naive(y: Array, season: int) -> float:
    """Return the in-sample error of the seasonal naive forecast, mean |y_t - y_{t-m}|.

    NaN where the series is not longer than a cycle.
    """
    known = np.asarray(y, dtype=float)
    known = known[~np.isnan(known)]
    if len(known) <= season:
        return float("nan")
    return float(np.abs(known[season:] - known[:-season]).mean())


def smape(y: Array, forecast: Array) -> float:
    """Symmetric mean absolute percentage error, 200 * mean(|y - f| / (|y| + |f|)), 0 to 200.

    A period in which both are 0 counts as no error. Source: Makridakis & Hibon (2000).
    """
    size = np.abs(y) + np.abs(forecast)
    error = np.abs(np.asarray(y) - forecast)
    return float(200 * np.where(size > 0, error / np.where(size > 0, size, 1.0), 0.0).mean())


def mase(y: Array, forecast: Array, *, scale: float) -> float:
    """Mean absolute scaled error, mean |y - f| / scale (Hyndman & Koehler 2006).

    `scale` is `mae_seasonal_naive` of the history. NaN where it is 0 or unknown.
    """
    if not scale > 0:
        return float("nan")
    return float(np.abs(np.asarray(y) - forecast).mean() / scale)


def wape(y: Array, forecast: Array) -> float:
    """Weighted absolute percentage error, sum |y - f| / sum |y|; NaN where all y are 0."""
    total = float(np.abs(y).sum())
    return float(np.abs(np.asarray(y) - forecast).sum() / total) if total > 0 else float("nan")


def bias(y: Array, forecast: Array) -> float:
    """Sum (y - f) / sum y: above 0, sales came in higher than forecast; NaN where sum y is 0."""
    total = float(np.asarray(y, dtype=float).sum())
    return float((np.asarray(y) - forecast).sum() / total) if total != 0 else float("nan")


def coverage(y: Array, low: Array, high: Array) -> float:
    """Share of values inside their interval, bounds included; unknown bounds are left out."""
    known = ~(np.isnan(low) | np.isnan(high))
    if not known.any():
        return float("nan")
    inside = (np.asarray(y) >= low) & (np.asarray(y) <= high)
    return float(inside[known].mean())


def accuracy(
    frame: pd.DataFrame,
    *,
    models: list[str],
    scales: dict[str, float] | None = None,
    by: list[str] | None = None,
) -> pd.DataFrame:
    """Measure forecasts against what came.

    Args:
        frame: one row a series and date: `unique_id`, `y` (actual) and one column a model.
        models: the columns to measure.
        scales: a series' in-sample seasonal naive error, for MASE; without it MASE is NaN.
        by: the columns of the grain, `["unique_id"]` unless given. With a coarser grain WAPE and
            bias pool all rows, while sMAPE and MASE are means over the series.

    Returns:
        One row a group and model: the group's columns, `model`, `n`, `smape`, `mase`, `wape`,
        `bias`. Rows whose actual or forecast is unknown are left out.

    Raises:
        MetricError: a column is missing.
    """
    keys = ["unique_id"] if by is None else by
    missing = [name for name in ("unique_id", "y", *keys, *models) if name not in frame.columns]
    if missing:
        raise MetricError(f"columns {missing} are missing; there are {list(frame.columns)}")
    rows = []
    for key, group in frame.groupby(keys, sort=True) if keys else [((), frame)]:
        names = dict(zip(keys, key if isinstance(key, tuple) else (key,), strict=True))
        rows += [{**names, "model": m, **_measures(group, m, scales or {})} for m in models]
    columns = [*keys, "model", "n", "smape", "mase", "wape", "bias"]
    numbers = dict.fromkeys(("smape", "mase", "wape", "bias"), "float64")
    return pd.DataFrame(rows, columns=columns).astype({"n": "int64", **numbers})


def _measures(group: pd.DataFrame, model: str, scales: dict[str, float]) -> dict[str, float]:
    known = group.dropna(subset=["y", model])
    if known.empty:
        return {"n": 0, "smape": np.nan, "mase": np.nan, "wape": np.nan, "bias": np.nan}
    y, f = known["y"].to_numpy(float), known[model].to_numpy(float)
    size = np.abs(y) + np.abs(f)
    error = np.abs(y - f)
    each = pd.DataFrame(
        {
            "smape": 200 * np.where(size > 0, error / np.where(size > 0, size, 1.0), 0.0),
            "error": error,
            "unique_id": known["unique_id"].astype(str).to_numpy(),
        }
    )
    mean = each.groupby("unique_id").mean()
    scale = mean.index.map(lambda key: scales.get(key, np.nan)).to_numpy(float)
    scaled = mean["error"].to_numpy() / np.where(scale > 0, scale, np.nan)
    known_scale = ~np.isnan(scaled)
    return {
        "n": len(known),
        "smape": float(mean["smape"].mean()),
        "mase": float(scaled[known_scale].mean()) if known_scale.any() else np.nan,
        "wape": wape(y, f),
        "bias": bias(y, f),
    }
