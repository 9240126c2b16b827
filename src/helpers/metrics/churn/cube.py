"""Sums of churn by period and segment, for the explorer."""

from datetime import date, timedelta

import pandas as pd

from helpers.metrics.churn.activity import movements
from helpers.metrics.churn.segments import segments
from helpers.metrics.churn.visits import arrays
from helpers.metrics.distinct import with_summed
from helpers.periods import Period


def churn_cube(
    visits: pd.DataFrame,
    *,
    last: Period,
    window: int,
    by: list[str],
    customers: pd.DataFrame | None = None,
    count: int = 12,
) -> pd.DataFrame:
    """Return additive churn figures, each customer grouped as before the period.

    Columns out: `period` string, those of `by`, `customers` (active at the start), `lapsed` int64,
    `revenue`, `revenue_lapsed` float64 (currency, in the `window` days before the period). Grain:
    one row per period and combination of groups, with the customers of each split (`with_summed`).
    Periods without a full window of history before them are left out. Dimensions that the data
    lack are left out of `by`.
    """
    held = arrays(visits, as_of=last.end)
    columns = ["customers", "lapsed", "revenue", "revenue_lapsed"]
    if not len(held.day):
        return pd.DataFrame(columns=["period", *by, *columns])
    earliest = date(1970, 1, 1) + timedelta(days=int(held.day.min()) + window)
    parts: list[pd.DataFrame] = []
    period = last
    while len(parts) < count and period.start >= earliest:
        start = period.start - timedelta(days=1)
        groups = segments(visits, as_of=start, window=window, customers=customers)
        moves = movements(visits, period=period, window=window)
        merged = groups.merge(moves, on="customer_id", how="left")
        lapsed = merged["movement"].eq("lapsed")
        merged = merged.assign(
            customers=1,
            lapsed=lapsed.astype("int64"),
            revenue=merged["revenue_before"],
            revenue_lapsed=merged["revenue_before"].where(lapsed, 0.0),
        )
        keys = [name for name in by if name in merged.columns]
        sums = merged.groupby(keys, observed=True)[columns].sum().reset_index()
        parts.append(sums.assign(period=str(period)))
        period = period.previous()
    if not parts:
        return pd.DataFrame(columns=["period", *by, *columns])
    table = pd.concat(parts[::-1], ignore_index=True)
    keys = [name for name in by if name in table.columns]
    return with_summed(table[["period", *keys, *columns]], x="period", by=keys, name="customers")
