"""The page's section on contracts: figures, sentences and a bridge that shows no small groups."""

from datetime import date

import pandas as pd
import pytest

from helpers.metrics.churn import (
    contract_bridge,
    contract_kpis,
    contract_sentences,
    contract_stay,
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
        "Net revenue retention fell by 23.8 pp against 2017-04, most of all through customers "
        "who left (−23.8 pp).",
        "Nobody was under contract when 2016-05 began.",
    ]


def test_the_sentences_of_a_quiet_and_of_an_empty_book() -> None:
    quiet = book(stay=(9, "2016-01-01", None, 10.0))
    assert contract_sentences(quiet, period=MAY) == [
        "Recurring revenue did not move in the period.",
        "Net revenue retention is what it was in 2017-04.",
        "Net revenue retention is what it was in 2016-05.",
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
    found = contract_stay(BOOK, as_of=date(2017, 5, 31)).set_index("day")["survival"]
    assert found[120] == 1.0
    assert found[150] == pytest.approx(32 / 42)
