"""RFM: scores with a stated tie rule, named segments, and moves between them."""

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.customer_value.frames import purchase_days, require_columns
from helpers.privacy import MINIMUM_CUSTOMERS

SEGMENTS = (
    "Champions",
    "Loyal",
    "Potential loyalists",
    "New",
    "Promising",
    "Steady",
    "Occasional",
    "Cannot lose",
    "Win back",
    "Hibernating",
)
"""Segments from the most to the least engaged; the last three have lapsed."""

_GRID = {  # of those who have not lapsed: recency score -> segment for frequency scores 1 to 5
    5: ("Promising", "Potential loyalists", "Potential loyalists", "Champions", "Champions"),
    4: ("Promising", "Potential loyalists", "Potential loyalists", "Loyal", "Loyal"),
    3: ("Occasional", "Occasional", "Steady", "Loyal", "Loyal"),
    2: ("Occasional", "Occasional", "Steady", "Steady", "Steady"),
    1: ("Occasional", "Occasional", "Steady", "Steady", "Steady"),
}
_LAPSED = ("Hibernating", "Hibernating", "Win back", "Win back", "Cannot lose")
NEW = "New"
ABSENT = "No purchase yet"
GONE = "Beyond the window"


def score(values: np.ndarray) -> np.ndarray:
    """Return scores 1 to 5 (int64) by fifths of the customers, higher values scoring higher.

    score = ⌈5 · (mean rank - ½) / n⌉. Equal values share their mean rank and so always their
    score: no customer is better than another by the order of rows, and fifths are as even as ties
    allow. Where all are equal, however few, all score 3.

    Raises:
        MetricError: a value is not finite.
    """
    given = np.asarray(values, dtype=float)
    if not np.isfinite(given).all():
        raise MetricError("scores need finite values")
    if not len(given):
        return np.empty(0, dtype=np.int64)
    rank = pd.Series(given).rank(method="average").to_numpy()
    return np.ceil(5.0 * (rank - 0.5) / len(given) - 1e-9).astype(np.int64)


def rfm_scores(
    orders: pd.DataFrame, *, as_of: date, window_days: int = 365, lapse_days: int = 90
) -> pd.DataFrame:
    """Return recency, frequency, money, their scores and the segment of each customer.

    Over purchase days in the `window_days` up to `as_of`: recency_days = days since the last one;
    frequency = their number; monetary = their revenue. Scores by `score` (recent scores high).

    Scores are relative: there is always a least recent fifth. So whether a customer has gone is
    not read from them: one has lapsed who has not bought for `lapse_days`, and is then `Cannot
    lose`, `Win back` or `Hibernating` by frequency score. `New` is who was first seen within
    `lapse_days`. The others are named by recency and frequency score (`SEGMENTS`).

    Columns in: `customer_id`, `ordered_at`, `revenue`. Columns out, one row per customer who bought
    in the window, sorted by `customer_id`: `customer_id`, `recency_days` (int64, days), `frequency`
    (int64, days), `monetary` (float64, money), `r`, `f`, `m` (int64, 1 to 5), `segment` (text).
    Returns reduce a purchase of the same day; a day of returns alone is none.

    Raises:
        MetricError: as `rfm_summary`, or a window is shorter than a day.

    Source: Hughes (1994) for the fifths; the names follow the trade's usual grid.
    """
    if min(window_days, lapse_days) < 1:
        raise MetricError(f"a window of {min(window_days, lapse_days)} days holds nothing")
    days = purchase_days(orders, as_of=as_of)
    seen = days.groupby("customer_id", observed=True)["day"].min()
    days = days[days["day"] > pd.Timestamp(as_of) - timedelta(days=window_days)]
    grouped = days.groupby("customer_id", sort=True, observed=True)
    found = grouped.agg(
        last=("day", "max"), frequency=("day", "size"), monetary=("revenue", "sum")
    ).reset_index()
    recency = (pd.Timestamp(as_of) - found["last"]).dt.days.to_numpy(dtype=np.int64)
    first = seen.reindex(found["customer_id"].array)
    age = (pd.Timestamp(as_of) - first).dt.days.to_numpy(dtype=np.int64)
    r, f = score(-recency), score(found["frequency"].to_numpy())
    return pd.DataFrame(
        {
            "customer_id": found["customer_id"].array,
            "recency_days": recency,
            "frequency": found["frequency"].to_numpy(dtype=np.int64),
            "monetary": found["monetary"].to_numpy(dtype=float),
            "r": r,
            "f": f,
            "m": score(found["monetary"].to_numpy(dtype=float)),
            "segment": _named(recency, age, r, f, lapse_days),
        }
    )


def _named(
    recency: np.ndarray, age: np.ndarray, r: np.ndarray, f: np.ndarray, lapse_days: int
) -> np.ndarray:
    ranked = np.array([_GRID[a][b - 1] for a, b in zip(r, f, strict=True)], dtype=object)
    gone = np.array(_LAPSED, dtype=object)[f - 1]
    return np.where(recency >= lapse_days, gone, np.where(age < lapse_days, NEW, ranked))


def segment_table(scores: pd.DataFrame, values: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return size, revenue and behaviour of each segment, the most engaged first.

    Columns in: those of `rfm_scores`; `values` may bring `customer_id` and `clv` (money). Columns
    out, one row a segment that has customers: `segment`, `customers` (int64), `customer_share`,
    `revenue` (money, in the window), `revenue_share` (NaN where there is no revenue),
    `median_recency_days`, `mean_frequency`, `revenue_per_customer` (money), and `clv` (total,
    money) and `clv_per_customer` where `values` is given.
    """
    frame = scores if values is None else scores.merge(values, on="customer_id", how="left")
    grouped = frame.groupby("segment", observed=True)
    table = grouped.agg(
        customers=("customer_id", "size"),
        revenue=("monetary", "sum"),
        median_recency_days=("recency_days", "median"),
        mean_frequency=("frequency", "mean"),
    )
    table = table.reindex([name for name in SEGMENTS if name in table.index])
    whole = float(table["revenue"].sum())
    table.insert(1, "customer_share", table["customers"] / max(len(frame), 1))
    table.insert(3, "revenue_share", table["revenue"] / whole if whole > 0 else np.nan)
    table["revenue_per_customer"] = table["revenue"] / table["customers"]
    if values is not None:
        table["clv"] = grouped["clv"].sum().reindex(table.index)
        table["clv_per_customer"] = table["clv"] / table["customers"]
    return table.reset_index()


def told(table: pd.DataFrame) -> pd.DataFrame:
    """Return the segments that a sentence may tell of: those that a page's table shows.

    Groups of fewer than 8 customers are left out, and so is the next smallest where those hold
    fewer than 8 together and could be worked out from the rest.

    Columns in: `customers` and any others, one row a segment.
    """
    sizes = table["customers"].sort_values(kind="stable")
    before = sizes.cumsum() - sizes
    hidden = sizes < MINIMUM_CUSTOMERS
    if hidden.any():
        hidden |= before < MINIMUM_CUSTOMERS
    return table[~hidden.reindex(table.index)]


def segment_movement(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return how many customers moved from which segment to which.

    Columns in: two frames of `rfm_scores`, an earlier and a later one. Columns out, one row for
    each pair that occurs: `from_segment`, `to_segment`, `customers` (int64), `share` (of those in
    `from_segment`). A customer missing before is `No purchase yet`, one missing after is `Beyond
    the window`. Every customer of either frame is counted once.
    """
    for table in (before, after):
        require_columns(table, ("customer_id", "segment"), table="scores")
    joined = before[["customer_id", "segment"]].merge(
        after[["customer_id", "segment"]], on="customer_id", how="outer", suffixes=("_from", "_to")
    )
    pairs = pd.DataFrame(
        {
            "from_segment": joined["segment_from"].fillna(ABSENT),
            "to_segment": joined["segment_to"].fillna(GONE),
        }
    )
    counts = pairs.groupby(["from_segment", "to_segment"]).size().rename("customers").reset_index()
    total = counts.groupby("from_segment")["customers"].transform("sum")
    order = {name: k for k, name in enumerate([*SEGMENTS, ABSENT, GONE])}
    counts = counts.assign(share=counts["customers"] / total)
    return counts.sort_values(
        ["from_segment", "to_segment"], key=lambda names: names.map(order)
    ).reset_index(drop=True)


def segment_sizes(before: pd.DataFrame, now: pd.DataFrame, *, order: Iterable[str]) -> pd.DataFrame:
    """Return the customers of each segment on two days, one below the other.

    Columns in: two frames of `rfm_scores`. Columns out, one row a segment and day, in the given
    order of segments: `segment` (text), `customers` (int64), `day` (text: `Before`, `Now`).
    """
    place = {name: k for k, name in enumerate(order)}
    parts = [
        scores.groupby("segment").size().rename("customers").reset_index().assign(day=when)
        for when, scores in (("Before", before), ("Now", now))
    ]
    long = pd.concat(parts, ignore_index=True)
    return long[long["segment"].isin(place)].sort_values(
        "segment", key=lambda names: names.map(place), kind="stable", ignore_index=True
    )
