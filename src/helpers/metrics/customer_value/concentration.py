"""How unevenly value is spread: Lorenz curve, Gini, share of the top customers, tiers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.errors import MetricError

TIERS = ("High", "Regular", "Low")


def _sorted_values(values: Sequence[float] | np.ndarray | pd.Series) -> np.ndarray:
    given = np.asarray(values, dtype=float)
    if not np.isfinite(given).all():
        raise MetricError(
            f"{int((~np.isfinite(given)).sum()):,} customers have no finite value",
            hint="Leave them out, or give them 0.",
        )
    return np.sort(np.maximum(given, 0.0))


def lorenz(values: Sequence[float] | np.ndarray | pd.Series, *, points: int = 101) -> pd.DataFrame:
    """Return the Lorenz curve: the share of value held by the least valuable share of customers.

    Columns out, one row a point from (0, 0) to (1, 1): `customer_share`, `value_share` (float64).
    The curve is linear between customers. A negative value (more returned than bought) counts as 0.
    Without any value the curve is the diagonal; without customers it is empty.

    Raises:
        MetricError: a value is null or infinite.

    Source: Lorenz (1905).
    """
    ordered = _sorted_values(values)
    if not len(ordered):
        return pd.DataFrame({"customer_share": np.empty(0), "value_share": np.empty(0)})
    share = np.linspace(0.0, 1.0, points)
    return pd.DataFrame({"customer_share": share, "value_share": _held(ordered, share)})


def _held(ordered: np.ndarray, share: np.ndarray) -> np.ndarray:
    whole = ordered.sum()
    if whole <= 0:
        return share
    cumulative = np.concatenate([[0.0], np.cumsum(ordered)]) / whole
    return np.interp(share, np.linspace(0.0, 1.0, len(cumulative)), cumulative)


def gini(values: Sequence[float] | np.ndarray | pd.Series) -> float:
    """Return the Gini coefficient: 0 where all are equal, towards 1 where one holds everything.

    G = Σ (2i - n - 1) v_i / (n Σ v), v in ascending order, i = 1 … n. Negative values count as 0.
    NaN without customers, 0 without value. Copies of the whole base leave it unchanged.

    Raises:
        MetricError: a value is null or infinite.

    Source: Gini (1914); the formula is that of Sen (1973), p. 30.
    """
    ordered = _sorted_values(values)
    n, whole = len(ordered), ordered.sum()
    if not n:
        return float("nan")
    if whole <= 0:
        return 0.0
    return float((2.0 * np.arange(1, n + 1) - n - 1.0) @ ordered / (n * whole))


def top_share(values: Sequence[float] | np.ndarray | pd.Series, *, top: float = 0.1) -> float:
    """Return the share of value held by the `top` share of customers (by default a tenth).

    1 - Lorenz(1 - top): where the tenth is no whole number of customers, the last one counts in
    part. Negative values count as 0. NaN without customers or value.

    Raises:
        MetricError: a value is null or infinite, or `top` is not between 0 and 1.
    """
    if not 0.0 < top < 1.0:
        raise MetricError(f"top = {top} is no share between 0 and 1")
    ordered = _sorted_values(values)
    if not len(ordered) or ordered.sum() <= 0:
        return float("nan")
    return float(1.0 - _held(ordered, np.array([1.0 - top]))[0])


def value_tiers(
    values: Sequence[float] | np.ndarray | pd.Series, *, high: float = 0.5, low: float = 0.1
) -> np.ndarray:
    """Return the tier of each customer, in the order given: `High`, `Regular` or `Low`.

    With customers sorted by value from the top, High are those before whom less than `high` of all
    value is held (by default: the fewest who bring in the first half); Low those before whom at
    least 1 - `low` is held (the last tenth), and all without value; Regular the rest. Customers of
    equal value share the tier of the first of them.

    Raises:
        MetricError: a value is null or infinite, or the shares leave no room for Regular.
    """
    if not 0.0 < high < 1.0 - low < 1.0:
        raise MetricError(f"high = {high} and low = {low} are no two shares with room between them")
    _sorted_values(values)
    given = np.maximum(np.asarray(values, dtype=float), 0.0)
    whole = given.sum()
    tier = np.full(len(given), "Low", dtype=object)
    if whole <= 0:
        return tier
    descending = np.sort(given)[::-1]
    above = np.concatenate([[0.0], np.cumsum(descending)]) / whole
    first = np.searchsorted(-descending, -given, side="left")  # equal values: the first of them
    before = above[first]
    tier[before < 1.0 - low - 1e-12] = "Regular"
    tier[before < high - 1e-12] = "High"
    tier[given <= 0.0] = "Low"
    return tier


def tier_table(values: pd.Series | np.ndarray, tiers: np.ndarray) -> pd.DataFrame:
    """Return customers and value of each tier.

    Columns out, one row a tier that has customers, High first: `tier`, `customers` (int64),
    `customer_share`, `value` (money), `value_share` (NaN without value), `value_per_customer`.
    """
    frame = pd.DataFrame({"tier": tiers, "value": np.asarray(values, dtype=float)})
    table = frame.groupby("tier")["value"].agg(customers="size", value="sum")
    table = table.reindex([name for name in TIERS if name in table.index])
    whole = float(table["value"].sum())
    table.insert(1, "customer_share", table["customers"] / max(len(frame), 1))
    table["value_share"] = table["value"] / whole if whole > 0 else np.nan
    table["value_per_customer"] = table["value"] / table["customers"]
    return table.reset_index()


def tenth_table(values: Sequence[float] | np.ndarray | pd.Series) -> pd.DataFrame:
    """Return what each tenth of the customers holds, from the most to the least valuable.

    Columns out, one row a tenth: `tenth` (text), `position` (int64, 1 to 10), `customers` (int64;
    the tenths differ by at most one), `value` (money), `value_share` (NaN without value). Negative
    values count as 0. Fewer than ten customers give an empty frame.

    Raises:
        MetricError: a value is null or infinite.
    """
    ordered = _sorted_values(values)[::-1]
    names = ["Top tenth", *(f"{word} tenth" for word in _ORDINALS), "Last tenth"]
    parts = np.array_split(ordered, 10) if len(ordered) >= 10 else []
    money = np.array([part.sum() for part in parts])
    whole = money.sum()
    return pd.DataFrame(
        {
            "tenth": names[: len(parts)],
            "position": np.arange(1, len(parts) + 1),
            "customers": np.array([len(part) for part in parts], dtype=np.int64),
            "value": money,
            "value_share": money / whole if whole > 0 else np.full(len(parts), np.nan),
        }
    )


_ORDINALS = ("2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th")
