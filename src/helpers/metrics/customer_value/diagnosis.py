"""Why a KPI changed: mix and rate by a dimension, and the largest contributors."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.contracts import Unit
from helpers.metrics.customer_value.frames import purchase_days, purchase_rows
from helpers.metrics.writing import Write, plain, signed
from helpers.periods import Period

OTHER = "Other"
RATES: Mapping[str, tuple[str, str, Unit]] = {
    "Purchases per customer": ("purchases", "customers", "number"),
    "Value per purchase": ("revenue", "purchases", "currency"),
    "Revenue per customer": ("revenue", "customers", "currency"),
}
"""KPI -> numerator, denominator, unit: the ratios that have a mix and a rate."""
SUMS: Mapping[str, tuple[str, Unit]] = {
    "Revenue": ("revenue", "currency"),
    "Customers who bought": ("customers", "count"),
}
"""KPI -> column, unit: the sums, whose change is the sum of the groups' changes."""


def group_measures(
    orders: pd.DataFrame, groups: pd.DataFrame, *, period: Period, other: str = OTHER
) -> pd.DataFrame:
    """Return revenue, purchases and customers of each group of customers in a period.

    Columns in: `orders` as `rfm_summary`; `groups` with `customer_id` (once each) and `group`
    (text). Columns out, one row a group: `group`, `revenue` (money, net of all returns),
    `purchases`, `customers` (int64). Customers without a group are
    `other`. The groups sum to the
    whole.

    Raises:
        MetricError: a customer stands in two groups, or as `rfm_summary`.
    """
    twice = groups["customer_id"].duplicated()
    if twice.any():
        raise MetricError(
            "customers stand in two groups", keys=groups["customer_id"][twice].tolist()
        )
    label = groups.set_index("customer_id")["group"]
    start = pd.Timestamp(period.start)
    rows = purchase_rows(orders, as_of=period.end)
    days = purchase_days(orders, as_of=period.end)
    rows, days = rows[rows["day"] >= start], days[days["day"] >= start]
    named = [
        frame["customer_id"].map(label).fillna(other).rename("group") for frame in (rows, days)
    ]
    revenue = rows["revenue"].groupby(named[0]).sum()
    purchases = days["day"].groupby(named[1]).size()
    customers = days["customer_id"].groupby(named[1]).nunique()
    table = pd.concat(
        [revenue, purchases.rename("purchases"), customers.rename("customers")], axis=1
    )
    table = table.fillna(0.0).rename_axis("group").reset_index()
    return table.astype({"purchases": "int64", "customers": "int64"})


def contributions(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return what each group contributes to the change of each KPI, adding up exactly.

    A sum's change: Δ of the group. A ratio N/D with group shares w = D_g / D and rates r = N_g /
    D_g, bars for the mean of both periods: mix = Δw (r̄ - R̄), rate = w̄ Δr (Kitagawa 1955). A
    group that is empty in one period takes its rate from the other, so that all of its effect is
    mix.

    Columns in: two frames of `group_measures`. Columns out, one row per KPI, group and effect:
    `kpi`, `group`, `effect` (`change`, `mix` or `rate`), `contribution` (float64), `unit`,
    `customers` (int64, the larger of the two periods). KPIs without customers in one period are
    left out.
    """
    both = before.merge(after, on="group", how="outer", suffixes=("_before", "_after")).fillna(0.0)
    size = both[["customers_before", "customers_after"]].max(axis=1).astype("int64")
    parts = []

    def part(kpi: str, effect: str, values: np.ndarray, unit: Unit) -> None:
        parts.append(
            pd.DataFrame(
                {
                    "kpi": kpi,
                    "group": both["group"],
                    "effect": effect,
                    "contribution": np.asarray(values, dtype=float),
                    "unit": unit,
                    "customers": size,
                }
            )
        )

    for kpi, (column, unit) in SUMS.items():
        part(kpi, "change", (both[f"{column}_after"] - both[f"{column}_before"]).to_numpy(), unit)
    for kpi, (above, below, unit) in RATES.items():
        effects = _mix_and_rate(both, above, below)
        if effects is not None:
            part(kpi, "mix", effects[0], unit)
            part(kpi, "rate", effects[1], unit)
    return pd.concat(parts, ignore_index=True)


def _mix_and_rate(
    both: pd.DataFrame, above: str, below: str
) -> tuple[np.ndarray, np.ndarray] | None:
    n0, n1 = (both[f"{above}_{when}"].to_numpy(dtype=float) for when in ("before", "after"))
    d0, d1 = (both[f"{below}_{when}"].to_numpy(dtype=float) for when in ("before", "after"))
    if d0.sum() <= 0 or d1.sum() <= 0:
        return None
    r0 = np.divide(n0, d0, out=np.full(len(d0), np.nan), where=d0 > 0)
    r1 = np.divide(n1, d1, out=np.full(len(d1), np.nan), where=d1 > 0)
    r0, r1 = np.where(d0 > 0, r0, r1), np.where(d1 > 0, r1, r0)
    r0, r1 = np.nan_to_num(r0), np.nan_to_num(r1)
    w0, w1 = d0 / d0.sum(), d1 / d1.sum()
    overall = (w0 @ r0 + w1 @ r1) / 2.0
    # Revenue of returns alone has no purchase under it: it belongs to the rate of its group.
    stray0 = np.where(d0 > 0, 0.0, n0) / d0.sum()
    stray1 = np.where(d1 > 0, 0.0, n1) / d1.sum()
    return (w1 - w0) * ((r0 + r1) / 2.0 - overall), (w0 + w1) / 2.0 * (r1 - r0) + stray1 - stray0


def explain(
    contributed: pd.DataFrame, *, kpi: str, against: str, dimension: str, write: Write = plain
) -> str:
    """Return in two sentences how much a KPI changed, by mix or rate, and who contributed most.

    `contributed` is a frame of `contributions`; `against` and `dimension` are words for the page.

    Raises:
        MetricError: the frame does not hold the KPI.
    """
    rows = contributed[contributed["kpi"] == kpi]
    if rows.empty:
        raise MetricError(f"nothing is known of the change of {kpi!r}")
    unit: Unit = rows["unit"].iloc[0]
    change = float(rows["contribution"].sum())
    if write(abs(change), unit) == write(0.0, unit):
        return f"{kpi}: unchanged against {against}."
    verb = "rose" if change > 0 else "fell"
    text = f"{kpi} {verb} by {write(abs(change), unit)} against {against}."
    by_effect = rows.groupby("effect")["contribution"].sum()
    if {"mix", "rate"} <= set(by_effect.index):
        text += (
            f" Behaviour within groups accounts for {signed(by_effect['rate'], unit, write)}, a "
            f"different mix of them for {signed(by_effect['mix'], unit, write)}."
        )
    shown = rows[rows["customers"] >= 8].groupby("group")["contribution"].sum()
    same_way = shown[np.sign(shown) == np.sign(change)].sort_values(key=np.abs, ascending=False)
    if len(same_way):
        top = same_way.index[0]
        text += f" By {dimension}, “{top}” moved it most ({signed(same_way.iloc[0], unit, write)})."
    return text
