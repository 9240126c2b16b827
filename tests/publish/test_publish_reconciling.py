"""Reports of one period that contradict each other, or their tables, are not published."""

import json
from dataclasses import replace
from typing import Any

import pytest

from helpers.document import Control, KpiItem, Kpis
from helpers.document_json import as_json, from_json
from helpers.metrics import campaign_roi, churn, customer_value, sales_forecast
from helpers.metrics.contracts import Contract, Kpi
from helpers.periods import Period
from helpers.publish import PublishResult, publish
from helpers.report.format import Formatter
from helpers.report.kpis import item

FAMILIES = ("customer_value", "churn")
SHIPPED = {
    family: contract
    for family in (campaign_roi, churn, customer_value, sales_forecast)
    for contract in family.CONTRACTS
    if contract.reconciles
}
"""The shipped families that show a sum of the orders → the contract of that figure."""


def built_in() -> PublishResult:
    return publish(renderer="built-in", formats=("html",))


def book(kit: Any, family: str, value: float, orders: float | None = None, **other: Any) -> Any:
    """A report that says its revenue; `orders` is the sum that it read, by default the same."""
    made = kit.book(family=family, **other)
    control = Control("orders.revenue", value if orders is None else orders)
    item = KpiItem("sold", "Sold", "currency", round(value, 2), f"{value}", "All.", control=control)
    made.extra = [kit.code("report.kpis(values)", kit.shown(Kpis([item], headline=False)))]
    return made


@pytest.fixture(autouse=True)
def customers(kit: Any) -> None:
    kit.customers("HH-0001")


def said(made: PublishResult) -> dict[str, str]:
    return dict(made.failed)


def test_figures_that_agree_are_published(kit: Any) -> None:
    kit.write(*(book(kit, family, 1234.56) for family in FAMILIES))
    made = built_in()
    assert made.failed == []
    assert made.pages == 2


def test_a_cent_between_a_figure_and_the_orders_refuses_all_reports_of_the_period(kit: Any) -> None:
    kit.write(book(kit, "customer_value", 1234.56), book(kit, "churn", 1234.57, orders=1234.56))
    kit.write(book(kit, "churn", 900.0, period="2017-11"))
    made = built_in()
    assert set(said(made)) == {"shop/customer_value/2017-12", "shop/churn/2017-12"}
    assert said(made)["shop/churn/2017-12"] == (
        "the figures of shop 2017-12 do not agree: churn says Sold 1,234.57 USD, customer_value "
        "says Sold 1,234.56 USD, and the orders add up to 1,234.56 USD, a difference of 0.01 "
        "Hint: The metrics of churn lose or double rows: mend them, then run the report again. "
        "What was published before stays."
    )
    assert made.pages == 1
    assert not (kit.site / "shop/churn/2017-12.html").exists()
    assert (kit.site / "shop/churn/2017-11.html").exists()


def shown_by(kit: Any, contract: Contract, family: str, value: float | None, note: str = "") -> Any:
    """A report with the family's own figure, made as its notebook makes it; the orders hold 100."""
    kpi = Kpi(contract, value, note=note)
    made = kit.book(family=family)
    shown = item(kpi, Period.parse("2017-12"), Formatter("USD", "en_US"),
                 control=Control(contract.reconciles, 100.0))  # fmt: skip
    made.extra = [kit.code("report.kpis(values)", kit.shown(Kpis([shown], headline=False)))]
    return made


def test_the_families_that_show_a_sum_of_the_orders_take_part() -> None:
    names = {family.__name__.rpartition(".")[2]: c.name for family, c in SHIPPED.items()}
    assert names == {
        "campaign_roi": "all_sales", "customer_value": "customer_revenue",
        "sales_forecast": "period_sales",
    }  # fmt: skip


@pytest.mark.parametrize("broken", SHIPPED, ids=lambda family: family.__name__.rpartition(".")[2])
def test_a_broken_cent_in_any_family_refuses_the_reports_of_the_period(
    kit: Any, broken: Any
) -> None:
    kit.write(
        *(
            shown_by(kit, contract, family.__name__.rpartition(".")[2],
                     100.01 if family is broken else 100.0)
            for family, contract in SHIPPED.items()
        )
    )  # fmt: skip
    failed = said(built_in())
    assert len(failed) == len(SHIPPED)
    name = broken.__name__.rpartition(".")[2]
    text = failed[f"shop/{name}/2017-12"]
    assert f"{name} says {SHIPPED[broken].label} 100.01 USD" in text
    assert "a difference of 0.01" in text
    assert f"The metrics of {name} lose or double rows" in text


@pytest.mark.parametrize("silent", SHIPPED, ids=lambda family: family.__name__.rpartition(".")[2])
def test_a_figure_that_is_missing_without_a_reason_refuses_its_report(
    kit: Any, silent: Any
) -> None:
    name, contract = silent.__name__.rpartition(".")[2], SHIPPED[silent]
    kit.write(shown_by(kit, contract, name, None))
    assert said(built_in()) == {
        f"shop/{name}/2017-12": (
            f"the figures of shop 2017-12 do not agree: {name} gives no {contract.label} and does "
            "not say why, and the orders add up to 100.00 USD "
            f"Hint: The metrics of {name} must give the figure, or a note why it cannot be known. "
            "What was published before stays."
        )
    }
    kit.write(shown_by(kit, contract, name, None, note="The source has no currency."))
    assert built_in().failed == []


def test_what_was_published_before_stays_until_the_figures_agree(kit: Any) -> None:
    kit.write(*(book(kit, family, 100.0) for family in FAMILIES))
    built_in()
    before = kit.page("shop/churn/2017-12.html")
    kit.write(book(kit, "churn", 101.0, segment="Newcomers"))
    made = built_in()
    assert set(said(made)) == {"shop/churn/2017-12"}  # the other page is what it was
    assert "a difference of 1.00 in the orders that they were made from" in made.failed[0][1]
    assert (
        "crm-reports run --source shop --period 2017-12 --family churn --family customer_value"
        in made.failed[0][1]
    )
    kept = kit.page("shop/churn/2017-12.html")
    assert "Newcomers" not in kept
    assert "Not up to date." in kept
    assert kept.replace("</html>", "")[:200] == before.replace("</html>", "")[:200]
    assert "Not up to date." not in kit.page("shop/customer_value/2017-12.html")
    assert len(built_in().failed) == 1  # asked again, it is refused again
    kit.write(book(kit, "customer_value", 101.0))
    assert built_in().failed == []
    assert "Newcomers" in kit.page("shop/churn/2017-12.html")


def test_reports_without_such_a_figure_and_lone_reports_are_published(kit: Any) -> None:
    kit.write(book(kit, "customer_value", 100.0), kit.book(family="churn"))
    assert built_in().failed == []


def test_other_sources_periods_and_slices_have_figures_of_their_own(kit: Any) -> None:
    kit.write(
        book(kit, "customer_value", 100.0),
        book(kit, "churn", 200.0, period="2017-11"),
        book(kit, "churn", 300.0, source="mart"),
        book(kit, "churn", 40.0, slice="region=North"),
    )
    assert built_in().failed == []


def test_a_slice_that_does_not_agree_is_named(kit: Any) -> None:
    kit.write(
        *(book(kit, f, v, slice="region=North") for f, v in zip(FAMILIES, (4.0, 5.0), strict=True))
    )
    (first, _) = built_in().failed
    assert "the figures of shop 2017-12, region: North do not agree" in first[1]


def test_two_currencies_for_the_same_orders_are_refused(kit: Any) -> None:
    pounds = book(kit, "churn", 100.0)
    title = replace(pounds.title_block(), currency="GBP")
    pounds.title_block = lambda: title
    kit.write(book(kit, "customer_value", 100.0), pounds)
    failed = said(built_in())
    assert "churn is in GBP and customer_value is in USD" in failed["shop/churn/2017-12"]
    assert "A source has one currency" in failed["shop/customer_value/2017-12"]


@pytest.mark.parametrize(
    ("value", "orders"), [(0.1 + 0.2, 0.3), (10.004, 10.004), (10.005, 10.005), (-5.0, -5.0)]
)
def test_what_rounding_to_cents_leaves_is_no_difference(
    kit: Any, value: float, orders: float
) -> None:
    kit.write(book(kit, "churn", value, orders=orders), book(kit, "customer_value", orders))
    assert built_in().failed == []


def test_a_page_that_says_it_is_out_of_date_contradicts_nobody(kit: Any) -> None:
    kit.write(*(book(kit, family, 100.0) for family in FAMILIES))
    built_in()
    report = {
        "notebook": "notebooks/shop/churn/2017-12.ipynb", "status": "failed", "page": "stale",
        "error": {"ename": "MetricError"},
    }  # fmt: skip
    (kit.output / "run.json").write_text(json.dumps({"version": 1, "run": {}, "reports": [report]}))
    kit.write(book(kit, "customer_value", 101.0))
    assert built_in().failed == []
    assert "Not up to date." in kit.page("shop/churn/2017-12.html")


def test_a_control_survives_its_json_form_and_leaves_no_field_where_there_is_none() -> None:
    item = KpiItem("sold", "Sold", "currency", 1.0, "$1", "All.", control=Control("o.r", 1.0))
    block = Kpis([item, replace(item, control=None)])
    found = json.loads(json.dumps(as_json(block)))
    assert from_json(found) == block
    assert [item.get("control") for item in found["items"]] == [{"name": "o.r", "value": 1.0}, None]
    assert "control" not in found["items"][1]
