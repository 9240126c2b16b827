"""The page's section on contracts: figures, sentences and a bridge that shows no small groups."""

from datetime import date

import pandas as pd
import pytest

from helpers.metrics.churn import (
    contract_bridge,
    contract_by_segment,
    contract_changes,
    contract_charts,
    contract_drivers,
    contract_groups,
    contract_kpis,
    contract_sentences,
    contract_stay_by_group,
    contractual_churn,
)
from helpers.periods import Period

MAY = Period.parse("2017-05")


def book(**customers: tuple[int, str, str | None, float]) -> pd.DataFrame:
    """Return a book in which each name stands for that many customers with the same contract."""
    rows = [
        (f"{name}{i}", f"{name}{i}", starts, ends, mrr)
        for name, (count, starts, ends, mrr) in customers.items()
        for i in range(count)
    ]
    columns = ["subscription_id", "customer_id", "starts_on", "ends_on", "mrr"]
    table = pd.DataFrame(rows, columns=columns)
    for name in ("starts_on", "ends_on"):
        table[name] = pd.to_datetime(table[name])
    return table


# April: start 31 March 42 × 10 = 420, nobody leaves, nobody new: NRR 1.
# May: start 30 April 420; 10 lost (−100), 12 new (+240), so the end is 560 and NRR 320 / 420.
BOOK = book(
    stay=(32, "2017-01-01", None, 10.0),
    lost=(10, "2017-01-01", "2017-05-20", 10.0),
    new=(12, "2017-05-10", None, 20.0),
)


def test_every_kpi_of_contracts_has_its_value_and_that_of_the_period_before() -> None:
    found = {kpi.contract.name: kpi for kpi in contract_kpis(BOOK, period=MAY)}
    assert {name: kpi.value for name, kpi in found.items()} == {
        "logo_churn_rate": 0.2381,  # 10 of 42
        "recurring_revenue_churn_rate": 0.2381,  # 100 of 420
        "gross_revenue_retention": 0.7619,
        "net_revenue_retention": 0.7619,
        "recurring_revenue": 560.0,
    }
    assert found["logo_churn_rate"].previous == 0.0
    assert found["net_revenue_retention"].previous == 1.0
    assert found["net_revenue_retention"].year_before is None  # the first contract is of 2017


def test_a_book_that_begins_in_the_period_has_no_rates_and_says_why() -> None:
    logo, *_, revenue = contract_kpis(book(new=(9, "2017-05-10", None, 20.0)), period=MAY)
    assert (logo.value, logo.note) == (None, "Nobody was under contract when the period began.")
    assert (revenue.value, revenue.note) == (180.0, "")


def test_the_sentences_say_what_moved_and_why_retention_changed() -> None:
    # Since April NRR fell by 23.8 points, all of it customers lost (100 / 420).
    assert contract_sentences(BOOK, period=MAY) == [
        "Recurring revenue rose by 140.00 over the period: most was gained from new customers "
        "(240.00); most was lost through customers who left (100.00).",
        "Logo churn rose by 23.8 pp against 2017-04.",
        "Churn of recurring revenue rose by 23.8 pp against 2017-04.",
        "Gross revenue retention fell by 23.8 pp against 2017-04: customers who left −23.8 pp.",
        "Net revenue retention fell by 23.8 pp against 2017-04: customers who left −23.8 pp.",
        "Nobody was under contract when 2016-05 began.",
    ]


def test_the_sentences_of_a_quiet_and_of_an_empty_book() -> None:
    quiet = book(stay=(9, "2016-01-01", None, 10.0))
    first, *rest = contract_sentences(quiet, period=MAY)
    assert first == "Recurring revenue did not move in the period."
    figures = ["Logo churn", "Churn of recurring revenue", "Gross revenue retention",
               "Net revenue retention"]  # fmt: skip
    assert rest == [
        f"{figure} is what it was in {period}."
        for period in ("2017-04", "2016-05")
        for figure in figures
    ]
    assert contract_sentences(BOOK.iloc[:0], period=MAY) == [
        "Recurring revenue did not move in the period."
    ]


def test_the_bridge_shows_large_steps_as_they_are() -> None:
    found = contract_bridge(BOOK, period=MAY)
    assert found.to_dict("list") == {
        "step": ["At the start", "New customers", "Customers who left", "At the end"],
        "mrr": [420.0, 240.0, -100.0, 560.0],
        "customers": [42, 12, 10, 44],
    }


def test_small_steps_are_summed_with_the_next_larger_so_that_none_can_be_told() -> None:
    # 3 customers grew by 5 each: with the 10 lost they make a group of 13, 15 − 100 = −85.
    grown = book(grown=(3, "2017-01-01", None, 10.0), more=(3, "2017-05-02", None, 5.0))
    grown["customer_id"] = grown["customer_id"].str.replace("more", "grown")
    found = contract_bridge(pd.concat([BOOK, grown], ignore_index=True), period=MAY)
    assert found.to_dict("list") == {
        "step": ["At the start", "New customers", "Other moves", "At the end"],
        "mrr": [450.0, 240.0, -85.0, 605.0],
        "customers": [45, 12, 13, 47],
    }
    assert found["mrr"].iloc[:-1].sum() == found["mrr"].iloc[-1]


def test_a_handful_of_customers_has_no_bridge() -> None:
    assert contract_bridge(book(few=(5, "2017-01-01", None, 9.0)), period=MAY).empty


def test_contracts_last_as_kaplan_and_meier_say() -> None:
    # 42 customers from 1 January: 10 leave after 140 days (20 May), the rest are watched to the
    # end; the 12 new ones are watched for 22 days only. S = 32 / 42 from day 140 on.
    found = contract_stay_by_group(BOOK, as_of=date(2017, 5, 31))
    found = found[found["dimension"] == "all"].set_index("day")["survival"]
    assert found[120] == 1.0
    assert found[150] == pytest.approx(32 / 42)


def plans() -> pd.DataFrame:
    """Return a book of two plans.

    At the end of March 20 Basic at 10 and 20 Pro at 40 (1,000 in all). In April 2 Basic and 1 Pro
    leave; in May 9 of the 18 Basic leave, 10 of the 19 Pro go down to 30.
    """
    parts = {
        "basic_april": (2, "2017-01-01", "2017-04-20", 10.0),
        "basic_may": (9, "2017-01-01", "2017-05-20", 10.0),
        "basic": (9, "2017-01-01", None, 10.0),
        "pro_april": (1, "2017-01-01", "2017-04-20", 40.0),
        "pro_less": (10, "2017-01-01", "2017-05-09", 40.0),
        "pro": (9, "2017-01-01", None, 40.0),
    }
    table = book(**parts)
    lower = table[table["customer_id"].str.startswith("pro_less")].assign(
        starts_on=pd.Timestamp("2017-05-10"), ends_on=pd.NaT, mrr=30.0
    )
    lower["subscription_id"] = lower["subscription_id"] + "b"
    both = pd.concat([table, lower], ignore_index=True)
    return both.assign(plan=both["customer_id"].str.split("_").str[0].str.rstrip("0123456789"))


def test_contracts_are_told_by_plan_as_it_was_before_the_period() -> None:
    table = contract_by_segment(plans(), period=MAY)
    plan = table[table["dimension"] == "plan"].set_index("segment")
    assert plan[["customers", "lapsed", "revenue"]].to_numpy().tolist() == [
        [18, 9, 180.0], [19, 0, 760.0],
    ]  # fmt: skip
    assert plan["churn_rate"].tolist() == [0.5, 0.0]
    assert plan["revenue_churn_rate"].tolist() == [0.5, 0.0]
    assert plan["grr"].tolist() == [0.5, pytest.approx(1 - 100 / 760)]
    assert (plan["low"] <= plan["churn_rate"]).all()
    size = table[table["dimension"] == "size_of_the_contract"]
    assert size["split"].unique().tolist() == ["Size of the contract"]
    assert size["revenue"].sum() == plan["revenue"].sum() == 940.0


def test_attributes_of_customers_are_dimensions_too_and_those_of_one_value_none() -> None:
    ids = plans()["customer_id"].drop_duplicates()
    people = pd.DataFrame({"customer_id": ids, "country": "CH", "kind": "new"})
    people.loc[people.index[:7], "kind"] = None
    groups = contract_groups(plans().iloc[:40], customers=people)
    assert list(groups.columns) == ["customer_id", "size_of_the_contract", "plan"]
    people.loc[people.index[-20:], "kind"] = "old"
    dims = contract_by_segment(plans(), period=MAY, customers=people)["dimension"].unique()
    assert list(dims) == ["size_of_the_contract", "plan", "kind"]
    assert contract_by_segment(BOOK, period=MAY).empty  # all pay the same: nobody to tell apart


def test_every_figure_of_contracts_has_its_change_split_exactly() -> None:
    book, april = plans(), MAY.previous()
    now, then = (contractual_churn(book, period=p) for p in (MAY, april))
    moved = contract_drivers(book, period=MAY)
    assert set(moved["against"]) == {"Period before"}
    sums = moved.groupby("kpi")["effect"].sum()
    assert sums.to_dict() == pytest.approx(
        {
            "Logo churn": now["logo_churn_rate"] - then["logo_churn_rate"],
            "Churn of recurring revenue": now["revenue_churn_rate"] - then["revenue_churn_rate"],
            "Gross revenue retention": now["grr"] - then["grr"],
            "Net revenue retention": now["nrr"] - then["nrr"],
            "Monthly recurring revenue": now["end_mrr"] - then["end_mrr"],
        }
    )
    # GRR: April 1 − 60/1000; May 1 − (90 + 100)/940, of which customers 60/1000 − 90/940.
    grr = moved[moved["kpi"] == "Gross revenue retention"].set_index("driver")["effect"]
    assert grr.to_dict() == pytest.approx(
        {"Customers who left": 60 / 1000 - 90 / 940, "Smaller contracts": -100 / 940}
    )


def test_the_sentences_name_moves_and_the_group_that_moved_a_figure_most() -> None:
    texts = contract_changes(plans(), period=MAY, other=MAY.previous())
    logo, churn, gross, net = texts
    # 3 of 40 in April, 9 of 37 in May. Basic: rate (.5 − .1)·(.5 + .4865)/2 = .1973, mix
    # (.4865 − .5)·(.3 − .1591) = −.0019.
    assert logo.startswith("Logo churn rose by 16.8 pp against 2017-04: rates +")
    assert logo.endswith("By plan, “basic” moved it most (+19.5 pp).")
    assert churn.startswith("Churn of recurring revenue rose by 3.6 pp against 2017-04: rates ")
    assert gross.startswith(
        "Gross revenue retention fell by 14.2 pp against 2017-04: customers who left −3.6 pp, "
        "smaller contracts −10.6 pp. By "
    )
    assert net == (
        "Net revenue retention fell by 14.2 pp against 2017-04: customers who left −3.6 pp, "
        "smaller contracts −10.6 pp."
    )


def test_contracts_of_a_plan_last_as_kaplan_and_meier_say() -> None:
    found = contract_stay_by_group(plans(), as_of=MAY.end)
    plan = found[found["dimension"] == "plan"]
    last = plan.groupby("segment")["survival"].last()
    # 20 Basic: 2 leave on day 110, 9 on day 140. 20 Pro: 1 on day 110; a lower price is no loss.
    assert last.to_dict() == pytest.approx({"basic": 9 / 20, "pro": 19 / 20})
    assert plan["p_value"].max() < 0.01
    assert found["dimension"].iloc[0] == "all"


def test_the_section_draws_what_there_is() -> None:
    bars, lines = contract_charts(plans(), period=MAY)
    assert [chart["title"] for chart in bars] == [
        "Bridge of recurring revenue", "What moved the rates",
        "What moved it: monthly recurring revenue", "Logo churn by group",
    ]  # fmt: skip
    assert [chart["title"] for chart in lines] == [
        "Customers still under contract", "Who stays under contract longest",
    ]  # fmt: skip
    assert "groups of" in lines[1]["says"]
    new = book(new=(9, "2017-05-10", None, 20.0))
    bars, lines = contract_charts(new, period=MAY)
    assert (len(bars), len(lines)) == (1, 1)
