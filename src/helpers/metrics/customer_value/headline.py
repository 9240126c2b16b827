"""The headline of the page: seven KPIs, each with the period before and the year before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.contracts import Kpi
from helpers.metrics.customer_value import definitions as define
from helpers.metrics.customer_value.bridge import customer_bridge
from helpers.metrics.customer_value.checks import value_checks
from helpers.metrics.customer_value.concentration import gini, top_share
from helpers.metrics.customer_value.frames import purchase_days, purchase_rows
from helpers.metrics.customer_value.ranges import NO_CHECK, ModelError
from helpers.metrics.customer_value.value_model import ValueModel, value_model
from helpers.periods import Period

SLACK_DAYS = 3  # a year that begins with a holiday begins late, and is whole all the same
MIN_MODEL_DAYS = 56


@dataclass(frozen=True)
class Measures:
    """What a period came to: the parts of the headline that need no model."""

    revenue: float
    customers: int
    purchases: int
    top_decile_share: float

    @property
    def purchases_per_customer(self) -> float:
        """Purchase days a buying customer; NaN without customers."""
        return self.purchases / self.customers if self.customers else float("nan")

    @property
    def average_purchase_value(self) -> float:
        """Revenue a purchase day; NaN without purchases."""
        return self.revenue / self.purchases if self.purchases else float("nan")


def measure(orders: pd.DataFrame, *, period: Period) -> Measures:
    """Return revenue, customers, purchases and concentration of a period.

    revenue = Σ revenue of all orders of the period, returns included: it equals the orders table to
    the cent. customers and purchases count purchase days, see `purchase_days`.

    Raises:
        MetricError: as `rfm_summary`.
    """
    rows = purchase_rows(orders, as_of=period.end)
    inside = rows[rows["day"] >= pd.Timestamp(period.start)]
    days = purchase_days(orders, as_of=period.end)
    days = days[days["day"] >= pd.Timestamp(period.start)]
    spent = days.groupby("customer_id", observed=True)["revenue"].sum()
    return Measures(float(inside["revenue"].sum()), len(spent), len(days), top_share(spent))


def covers(orders: pd.DataFrame, period: Period) -> bool:
    """Return whether the orders reach back to the first days of the period (3 days of grace)."""
    first = pd.to_datetime(orders["ordered_at"]).min()
    return bool(first <= pd.Timestamp(period.start) + timedelta(days=SLACK_DAYS))


def headline(
    orders: pd.DataFrame,
    *,
    period: Period,
    model: ValueModel | None = None,
    earlier: Sequence[ValueModel] = (),
    margin: float = 1.0,
    discount_rate: float = 0.10,
    horizon: int = 12,
    holdout_days: int = 91,
    window_days: int = 90,
    rule_days: int = 90,
    replicates: int = 1000,
    bounds: pd.DataFrame | None = None,
) -> list[Kpi]:
    """Return the seven headline KPIs of a period, in the order of the page.

    Each carries the value of the period before and of the year before where the orders reach back
    that far, computed from the orders as they were known then. `model` and `earlier` (as of the
    earlier periods) save fitting them twice, `bounds` (a frame of `clv_interval`) the simulation.
    `window_days` is that of the bridge, `rule_days` the memory of the plain rule; the other
    arguments are those of `value_model`.

    Columns in: `customer_id`, `ordered_at`, `revenue`.

    Raises:
        MetricError: there is no order up to the end of the period, or as `rfm_summary`.
    """
    rows = purchase_rows(orders, as_of=period.end)
    if rows.empty:
        raise MetricError(
            f"there is no order up to {period.end}",
            hint="Choose a period that the source covers.",
        )
    then = {
        name: at if covers(orders, at) else None
        for name, at in (("previous", period.previous()), ("year_before", period.year_before()))
    }
    terms = {
        "margin": margin, "discount_rate": discount_rate, "horizon": horizon,
        "holdout_days": holdout_days, "window_days": rule_days,
    }  # fmt: skip
    return [
        *_measured(orders, period, then),
        _net_change(orders, period, then, window_days),
        _expected(orders, period, then, terms, (model, *earlier), replicates, bounds),
    ]


def _measured(orders: pd.DataFrame, period: Period, then: dict[str, Period | None]) -> list[Kpi]:
    """Return the KPIs that need no model, each from the measures of its period."""
    now = measure(orders, period=period)
    past = {name: measure(orders, period=at) for name, at in then.items() if at is not None}
    return [
        Kpi(
            contract,
            getattr(now, attribute),
            **{name: getattr(found, attribute) for name, found in past.items()},
        )
        for contract, attribute in (
            (define.CUSTOMER_REVENUE, "revenue"),
            (define.BUYING_CUSTOMERS, "customers"),
            (define.PURCHASES_PER_CUSTOMER, "purchases_per_customer"),
            (define.AVERAGE_PURCHASE_VALUE, "average_purchase_value"),
            (define.TOP_DECILE_SHARE, "top_decile_share"),
        )
    ]


def _net_change(
    orders: pd.DataFrame, period: Period, then: dict[str, Period | None], window_days: int
) -> Kpi:
    at = {"value": period, **then}
    found: dict[str, float | None] = {}
    for name, when in at.items():
        found[name] = None
        if when is not None:
            row = customer_bridge(orders, periods=[when], window_days=window_days).iloc[0]
            found[name] = float(row["end"] - row["start"]) if row["complete"] else None
    note = f"active = bought in the last {window_days} days"
    if found["value"] is None:
        note = f"the history does not reach back {window_days} days before the period"
    return Kpi(
        define.NET_CUSTOMER_CHANGE,
        found["value"],
        previous=found["previous"],
        year_before=found["year_before"],
        note=note,
    )


def _expected(
    orders: pd.DataFrame,
    period: Period,
    then: dict[str, Period | None],
    terms: dict[str, float],
    fitted: tuple[ValueModel | None, ...],
    replicates: int,
    bounds: pd.DataFrame | None,
) -> Kpi:
    first = purchase_rows(orders)["day"].min()

    def mean(at: Period | None) -> float | None:
        if at is None or (pd.Timestamp(at.end) - first).days + 1 < MIN_MODEL_DAYS:
            return None
        ready = next((one for one in fitted if one is not None and one.as_of == at.end), None)
        found = ready or value_model(orders, as_of=at.end, **terms)  # type: ignore[arg-type]
        return float(found.values["clv"].mean())

    contract = define.EXPECTED_CUSTOMER_VALUE
    if (pd.Timestamp(period.end) - first).days + 1 < MIN_MODEL_DAYS:
        return Kpi(contract, None, note=f"needs {MIN_MODEL_DAYS} days of history")
    now = fitted[0] or value_model(orders, as_of=period.end, **terms)  # type: ignore[arg-type]
    if bounds is None:
        error = value_checks(orders, now.purchases, as_of=period.end)
        bounds = now.interval(replicates=replicates, error=error)
    whole = bounds.iloc[0]
    what = "revenue" if now.terms.margin == 1.0 else f"{now.terms.margin:.0%} margin"
    return Kpi(
        contract,
        float(whole["mean_clv"]),
        low=float(whole["mean_low"]),
        high=float(whole["mean_high"]),
        previous=mean(then["previous"]),
        year_before=mean(then["year_before"]),
        note=f"{what}, next {now.terms.horizon} months; {now.purchases.used.label}",
        assumed=True,
    )


def further_kpis(
    orders: pd.DataFrame,
    model: ValueModel,
    *,
    window_days: int = 365,
    error: ModelError = NO_CHECK,
) -> list[Kpi]:
    """Return the KPIs below the headline: total value, Gini, and how the forecast did.

    Columns in: `customer_id`, `ordered_at`, `revenue`; concentration is over the `window_days` up
    to the model's `as_of`; `error` is that of `value_checks`.
    """
    days = purchase_days(orders, as_of=model.as_of)
    recent = days[days["day"] > pd.Timestamp(model.as_of) - timedelta(days=window_days)]
    spent = recent.groupby("customer_id", observed=True)["revenue"].sum()
    used = model.purchases.table[model.purchases.table["used"]]
    bias = float(used["bias"].iloc[0]) if len(used) else float("nan")
    no_check = "" if bias == bias else "the history is too short for a check"
    checks = f"{error.checks} checks" if error.checks > 1 else "one check"
    told = checks if error.checks else "the history is too short for a check"
    return [
        Kpi(define.EXPECTED_TOTAL_VALUE, float(model.values["clv"].sum()), assumed=True),
        Kpi(
            define.REVENUE_GINI, gini(spent), note=f"on the revenue of the last {window_days} days"
        ),
        Kpi(define.HOLDOUT_BIAS, bias, note=no_check),
        Kpi(define.VALUE_ERROR, error.usual, note=told),
        Kpi(define.RANGE_COVERAGE, error.covered, note=told),
    ]
