"""The periods up to now: what each came to, and how customers came and went."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.metrics.customer_value.bridge import customer_bridge
from helpers.metrics.customer_value.frames import purchase_days, purchase_rows
from helpers.metrics.customer_value.headline import covers
from helpers.periods import Period

LENGTH = {"week": 26, "month": 13, "quarter": 8, "year": 5}


def covered_periods(
    orders: pd.DataFrame, *, period: Period, count: int | None = None
) -> list[Period]:
    """Return the last `count` periods up to and with `period` that the orders cover, oldest first.

    By default 13 months, 26 weeks, 8 quarters or 5 years. `period` itself is always among them.
    """
    found = [period]
    while len(found) < (count or LENGTH[period.kind]) and covers(orders, found[-1].previous()):
        found.append(found[-1].previous())
    return found[::-1]


def period_history(orders: pd.DataFrame, *, periods: Sequence[Period]) -> pd.DataFrame:
    """Return what each period came to.

    Columns in: `customer_id`, `ordered_at`, `revenue`. Columns out, one row a period: `period`
    (text), `revenue` (money, net of returns), `customers`, `purchases` (int64),
    `purchases_per_customer`, `average_purchase_value` (NaN without purchases).

    Raises:
        MetricError: as `rfm_summary`.
    """
    last = max(period.end for period in periods)
    rows = purchase_rows(orders, as_of=last)
    days = purchase_days(orders, as_of=last)
    found = []
    for period in periods:
        inside = [f[f["day"].between(str(period.start), str(period.end))] for f in (rows, days)]
        customers, purchases = inside[1]["customer_id"].nunique(), len(inside[1])
        revenue = float(inside[0]["revenue"].sum())
        found.append(
            {
                "period": str(period),
                "revenue": revenue,
                "customers": customers,
                "purchases": purchases,
                "purchases_per_customer": purchases / customers if customers else np.nan,
                "average_purchase_value": revenue / purchases if purchases else np.nan,
            }
        )
    return pd.DataFrame(found)


MOVES = {"new": "New", "reactivated": "Back again", "lost": "Lost"}


def customer_moves(
    orders: pd.DataFrame, *, periods: Sequence[Period], window_days: int = 90
) -> pd.DataFrame:
    """Return the bridge of each complete period in long form, for a chart.

    Columns out, one row per period and move: `period`, `move` (`New`, `Back again`, `Lost`; text),
    `customers` (int64). Periods whose bridge is not `complete` are left out.

    Raises:
        MetricError: as `customer_bridge`.
    """
    bridge = customer_bridge(orders, periods=periods, window_days=window_days)
    long = bridge[bridge["complete"]].melt("period", list(MOVES), "move", "customers")
    return long.assign(move=long["move"].map(MOVES)).reset_index(drop=True)
