"""What drives each KPI: its factors, and how much each contributes to its change."""

from datetime import timedelta

import numpy as np
import pandas as pd

from helpers.metrics.contracts import Unit
from helpers.metrics.customer_value.bridge import customer_bridge
from helpers.metrics.customer_value.concentration import top_share
from helpers.metrics.customer_value.frames import purchase_days
from helpers.metrics.customer_value.headline import Measures, measure
from helpers.metrics.customer_value.value_model import ValueModel
from helpers.metrics.effects import effect_rows, effects_of
from helpers.periods import Period


def revenue_drivers(orders: pd.DataFrame, *, period: Period, against: Period) -> pd.DataFrame:
    """Return how customers, frequency and basket contribute to the change of revenue.

    revenue = customers × purchases per customer × value per purchase; effects by `effects_of`.

    Columns in: `customer_id`, `ordered_at`, `revenue`. Columns out, one row a driver: `kpi`,
    `driver` (text), `before`, `after` (in `driver_unit`), `effect` (money), `unit`, `driver_unit`;
    the effects sum to the change. Where nobody bought in one of the periods, all of it stands with
    the customers.

    Raises:
        MetricError: as `rfm_summary`.
    """
    old, new = measure(orders, period=against), measure(orders, period=period)
    drivers: list[tuple[str, Unit]] = [
        ("Customers who bought", "count"),
        ("Purchases per customer", "number"),
        ("Value per purchase", "currency"),
    ]
    before, after = _factors(old), _factors(new)
    if old.customers and new.customers:
        effects = effects_of(before, after)
    else:
        effects = np.array([new.revenue - old.revenue, 0.0, 0.0])
    return effect_rows("Revenue", drivers, before, after, effects, "currency")


def buyer_drivers(orders: pd.DataFrame, *, period: Period, against: Period) -> pd.DataFrame:
    """Return which customers made the difference to the number of those who bought.

    Change = first seen in the period + first seen between the two periods and bought now + seen
    before the earlier period, not in it, and bought now - bought then, not now. Where the periods
    follow each other nobody is first seen between, and there is no such row. `before` and `after`
    are customers: those who bought then, and now, of each kind.

    Columns in and out as `revenue_drivers`; the effects sum to the change.
    """
    days = purchase_days(orders, as_of=period.end)
    old, new = (
        set(days.loc[days["day"].between(str(at.start), str(at.end)), "customer_id"])
        for at in (against, period)
    )
    first = days.groupby("customer_id", observed=True)["day"].min()
    fresh = new & set(first.index[first >= pd.Timestamp(period.start)])
    between = (new - old - fresh) & set(first.index[first > pd.Timestamp(against.end)])
    kinds = {"First seen in the period": len(fresh)}
    if against.end + timedelta(days=1) < period.start:
        kinds["First seen since then"] = len(between)
    kinds["Had paused then"] = len(new - old - fresh - between)
    won, gone = [float(count) for count in kinds.values()], float(len(old - new))
    drivers: list[tuple[str, Unit]] = [(name, "count") for name in kinds]
    return effect_rows(
        "Customers who bought",
        [*drivers, ("Did not buy this time", "count")],
        [*(0.0 for _ in won), gone],
        [*won, 0.0],
        [*won, -gone],
        "count",
    )


def _factors(found: Measures) -> list[float]:
    return [float(found.customers), found.purchases_per_customer, found.average_purchase_value]


def kpi_drivers(
    orders: pd.DataFrame,
    *,
    period: Period,
    against: Period,
    window_days: int = 90,
    model: ValueModel | None = None,
    earlier: ValueModel | None = None,
) -> pd.DataFrame:
    """Return the drivers of revenue, customers, concentration, customer change and expected value.

    Revenue: see `revenue_drivers`. Customers who bought: see `buyer_drivers`. Share of the top
    tenth = A / (A + B), with A the revenue of the top tenth, B that of the rest. Net change of
    active customers = new + reactivated - lost, where the history allows. Expected value per
    customer, where `model` (as of `period`) and `earlier` (as of `against`) are given = expected
    purchases × discounted value of each.

    Columns in and out as `revenue_drivers`; for each KPI the effects sum to its change.

    Raises:
        MetricError: as `rfm_summary`.
    """
    parts = [
        revenue_drivers(orders, period=period, against=against),
        buyer_drivers(orders, period=period, against=against),
    ]
    top = _top_and_rest(orders, against), _top_and_rest(orders, period)
    if min(sum(pair) for pair in top) > 0:
        effects = effects_of(
            top[0], top[1], of=lambda pair: pair[0] / pair.sum() if pair.sum() else 0.0
        )
        money: list[tuple[str, Unit]] = [
            ("Revenue of the top tenth", "currency"),
            ("Revenue of the others", "currency"),
        ]
        parts.append(effect_rows("Share of the top tenth", money, top[0], top[1], effects, "share"))
    bridge = customer_bridge(orders, periods=[against, period], window_days=window_days)
    if bridge["complete"].all():
        signs = np.array([1.0, 1.0, -1.0])
        moves = bridge[["new", "reactivated", "lost"]].to_numpy(dtype=float)
        count: list[tuple[str, Unit]] = [
            ("Customers new", "count"),
            ("Customers back again", "count"),
            ("Losses (fewer: plus)", "count"),
        ]
        effects = signs * (moves[1] - moves[0])
        parts.append(
            effect_rows(
                "Net change of active customers", count, moves[0], moves[1], effects, "count"
            )
        )
    if model is not None and earlier is not None:
        parts.append(_expected(earlier, model))
    return pd.concat(parts, ignore_index=True)


def _top_and_rest(orders: pd.DataFrame, period: Period) -> tuple[float, float]:
    days = purchase_days(orders, as_of=period.end)
    days = days[days["day"] > pd.Timestamp(period.start) - timedelta(days=1)]
    spent = days.groupby("customer_id", observed=True)["revenue"].sum().clip(lower=0.0)
    share, whole = top_share(spent), float(spent.sum())
    return (share * whole, (1.0 - share) * whole) if whole > 0 else (0.0, 0.0)


def _expected(earlier: ValueModel, model: ValueModel) -> pd.DataFrame:
    pairs = []
    for found in (earlier, model):
        purchases = float(found.values["expected_purchases"].mean())
        worth = float(found.values["clv"].mean())
        pairs.append((purchases, worth / purchases if purchases else 0.0))
    drivers: list[tuple[str, Unit]] = [
        ("Purchases expected", "number"),
        ("Worth of each, discounted", "currency"),
    ]
    effects = effects_of(pairs[0], pairs[1])
    return effect_rows(
        "Expected value per customer", drivers, pairs[0], pairs[1], effects, "currency"
    )
