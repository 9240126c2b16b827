"""A figure that must equal a sum of its tables is recorded beside that sum, exactly."""

from types import SimpleNamespace

import pandas as pd
import pytest

from helpers.errors import ReportError
from helpers.metrics import campaign_roi, customer_value, sales_forecast
from helpers.metrics.contracts import Contract, Kpi
from helpers.periods import Period
from helpers.report.format import Formatter
from helpers.report.kpis import control, item

SOLD = Contract("sold", "Sold", "currency", "All.", "Σ revenue", reconciles="orders.revenue")
PERIOD = Period.parse("2017-09")


def tables(days: list[str], revenue: list[float]) -> SimpleNamespace:
    orders = pd.DataFrame(
        {"ordered_at": pd.to_datetime(days, format="ISO8601"), "revenue": revenue}
    )
    return SimpleNamespace(get={"orders": orders}.__getitem__)


def test_the_sum_is_of_the_period_alone_returns_included() -> None:
    days = ["2017-08-31 23:59:59", "2017-09-01", "2017-09-30 23:59:59", "2017-10-01"]
    found = control(SOLD, tables(days, [1.0, 20.5, -5.25, 100.0]), PERIOD)
    assert (found.name, found.value) == ("orders.revenue", 15.25)


def test_the_sum_does_not_depend_on_the_order_of_rows() -> None:
    revenue = [0.1] * 10 + [1e9, -1e9]
    days = ["2017-09-05"] * 12
    ways = [tables(days, revenue), tables(days, revenue[::-1])]
    assert {control(SOLD, way, PERIOD).value for way in ways} == {1.0}


def test_a_period_without_orders_sums_to_nothing() -> None:
    assert control(SOLD, tables([], []), PERIOD).value == 0.0


def test_a_figure_that_reconciles_with_nothing_reads_no_table() -> None:
    free = Contract("free", "Free", "count", "All.", "n")
    assert control(free, SimpleNamespace(), PERIOD) is None
    assert item(Kpi(free, 1.0), PERIOD, Formatter("USD", "en_US")).control is None


def test_a_sum_that_is_not_known_is_refused() -> None:
    other = Contract("other", "Other", "currency", "All.", "x", reconciles="orders.revenues")
    with pytest.raises(ReportError, match=r"did you mean `orders.revenue`"):
        control(other, tables([], []), PERIOD)


def test_sales_of_campaigns_of_customers_and_of_the_forecast_reconcile_with_the_same_orders() -> (
    None
):
    found = {
        contract.name: contract
        for family in (campaign_roi, customer_value, sales_forecast)
        for contract in family.CONTRACTS
        if contract.reconciles
    }
    assert set(found) == {"all_sales", "customer_revenue", "period_sales"}
    assert {(c.reconciles, c.unit, c.precision) for c in found.values()} == {
        ("orders.revenue", "currency", 2)
    }
