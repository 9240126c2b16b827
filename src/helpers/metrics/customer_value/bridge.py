"""The customer bridge: start + new + reactivated - lost = end, exactly, for every period."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.customer_value.frames import purchase_days
from helpers.periods import Period

COLUMNS = ("period", "start", "new", "reactivated", "lost", "end", "complete")


def customer_bridge(
    orders: pd.DataFrame, *, periods: Sequence[Period], window_days: int = 90
) -> pd.DataFrame:
    """Return where the active customers of each period came from and went.

    Active on a day: bought in the `window_days` up to and with it. start = active on the day
    before the period; end = active on its last day; new = active at the end and first seen in the
    period; reactivated = active at the end, seen before the period, not active at the start; lost
    = active at the start, not at the end. start + new + reactivated - lost = end by construction.
    In a period longer than the window, whoever comes and goes within it is in neither count.

    Columns in: `customer_id`, `ordered_at`, `revenue`. Columns out, one row a period: `period`
    (text), `start`, `new`, `reactivated`, `lost`, `end` (int64, customers), `complete` (bool: the
    history reaches back a full window before the period, so that `start` is not cut off and `new`
    and `reactivated` can be told apart as far back as the window). Days of returns alone are no
    purchase.

    Raises:
        MetricError: no period is given, the window is shorter than a day, or as `rfm_summary`.
    """
    if not periods:
        raise MetricError("a customer bridge needs at least one period")
    if window_days < 1:
        raise MetricError(f"a window of {window_days} days holds nothing")
    days = purchase_days(orders, as_of=max(period.end for period in periods))
    first = days.groupby("customer_id", observed=True)["day"].min()
    opening = days["day"].min() if len(days) else pd.NaT
    rows = []
    for period in periods:
        at_start = _active(days, period.start - timedelta(days=1), window_days)
        at_end = _active(days, period.end, window_days)
        seen_before = pd.Index(first.index[first < pd.Timestamp(period.start)])
        joined = at_end.difference(at_start)
        back = joined.intersection(seen_before)
        reach = pd.Timestamp(period.start) - timedelta(days=window_days)
        rows.append(
            {
                "period": str(period),
                "start": len(at_start),
                "new": len(joined) - len(back),
                "reactivated": len(back),
                "lost": len(at_start.difference(at_end)),
                "end": len(at_end),
                "complete": bool(opening <= reach),
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        dict.fromkeys(COLUMNS[1:6], np.int64) | {"complete": bool}
    )


def _active(days: pd.DataFrame, on: date, window_days: int) -> pd.Index:
    upto = pd.Timestamp(on)
    inside = (days["day"] <= upto) & (days["day"] > upto - timedelta(days=window_days))
    return pd.Index(days.loc[inside, "customer_id"].unique())
