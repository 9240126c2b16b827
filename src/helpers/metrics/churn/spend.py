"""Where the revenue of a period comes from, against the period before: a bridge to the cent."""

import numpy as np
import pandas as pd

from helpers.metrics.churn.visits import arrays, number
from helpers.periods import Period

STEPS = ("before", "new", "returned", "more", "less", "stopped", "now")


def spend_bridge(visits: pd.DataFrame, *, period: Period) -> pd.DataFrame:
    """Return the bridge from the revenue of the period before to that of this one.

    Formula: before + new + returned + more − less − stopped = now, by customer. `new`: first
    purchase seen in this period; `returned`: bought earlier, not in the period before; `stopped`:
    bought in the period before, not in this one; `more`, `less`: in both, up or down.

    Columns in: those of `purchase_days`. Columns out: `step` string, `revenue` float64 (currency,
    whole cents; losses are negative), `customers` int64 (behind the step).

    Grain: one row per step. Returns lower the revenue of the day they are booked on; a customer who
    only returned goods counts under `more` or `less`. Sums are made in whole cents, so that the
    bridge closes to the cent.
    """
    earlier = period.previous()
    first = _first_days(visits, period)
    day = visits["day"].to_numpy(dtype="datetime64[D]").astype("int64")
    parts = {}
    for name, span in (("before", earlier), ("now", period)):
        inside = (day >= number(span.start)) & (day <= number(span.end))
        rows = visits[inside]
        whole = (rows["revenue"].to_numpy(dtype="float64") * 100).round().astype("int64")
        grouped = rows.assign(cents=whole).groupby("customer_id")
        parts[name] = grouped["cents"].sum()
        parts[f"{name}_bought"] = grouped["orders"].sum() > 0
    table = pd.DataFrame(parts)
    bought = {n: table[f"{n}_bought"].eq(True).to_numpy() for n in ("before", "now")}
    cents = table[["before", "now"]].fillna(0).astype("int64")
    change = (cents["now"] - cents["before"]).to_numpy()
    is_new = first.reindex(table.index).ge(number(period.start)).to_numpy()
    step = np.select(
        [
            bought["now"] & is_new,
            bought["now"] & ~bought["before"],
            bought["before"] & ~bought["now"],
            change >= 0,
        ],
        ["new", "returned", "stopped", "more"],
        default="less",
    )
    ends = {n: (int(cents[n].sum()), int(bought[n].sum())) for n in ("before", "now")}
    found = {s: (int(change[step == s].sum()), int((step == s).sum())) for s in STEPS[1:-1]} | ends
    return pd.DataFrame(
        {
            "step": STEPS,
            "revenue": [found[s][0] / 100 for s in STEPS],
            "customers": [found[s][1] for s in STEPS],
        }
    )


def spend_changes(bridge: pd.DataFrame) -> pd.DataFrame:
    """Return the steps between the two ends of a spend bridge, named for a reader.

    Columns in and out: those of `spend_bridge`. Grain: one row per step; empty where nobody
    bought in the period before.
    """
    names = {
        "new": "Bought first",
        "returned": "Came back",
        "more": "Spent more",
        "less": "Spent less",
        "stopped": "Did not buy",
    }
    compared = bridge.loc[bridge["step"] == "before", "customers"].gt(0).any()
    steps = bridge[bridge["step"].isin(names) & compared]
    return steps.assign(step=steps["step"].map(names)).reset_index(drop=True)


def _first_days(visits: pd.DataFrame, period: Period) -> pd.Series:
    rows = arrays(visits, as_of=period.end)
    return pd.Series(rows.day[rows.starts], index=rows.ids)
