"""Derived tables and contradictions as known on a day: later rows change nothing before them."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from helpers.errors import DataError, ParameterError

HEADER = "Inv,Cust,Day,Net,Land\n"
JANUARY = date(2024, 1, 31)


@pytest.fixture
def invoices(shop):
    """Orders and customers that are summed up from invoice lines."""
    shop.lenient()
    shop.mapping["tables"] = {
        "order_lines": {
            "file": "lines.csv",
            "columns": {
                "order_id": "Inv",
                "category": {"literal": "all"},
                "revenue": "Net",
                "customer_id": {"column": "Cust", "kind": "id", "keep": False},
                "sold_at": {"column": "Day", "kind": "time", "keep": False},
                "country": {"column": "Land", "keep": False},
            },
        },
        "orders": {
            "derived_from": "order_lines",
            "by": "order_id",
            "columns": {
                "customer_id": {"only": "customer_id"},
                "ordered_at": {"min": "sold_at"},
                "revenue": {"sum": "revenue"},
                "lines": {"count": "revenue"},
                "largest": {"max": "revenue"},
            },
        },
        "customers": {
            "derived_from": "order_lines",
            "by": "customer_id",
            "columns": {"country": {"last": "country"}, "home": {"first": "country"}},
        },
    }
    return shop


def lines(shop, text: str) -> None:
    shop.write("lines.csv", HEADER + text)


def everything(data) -> dict[str, object]:
    found = {name: data.get(name).to_dict("list") for name in data.names}
    # Only rows that a day dates can be told by it; none of these extracts has others left out.
    return found | {"account": data.account.frame().fillna(-1).to_dict("list")}


def test_an_order_shows_what_its_lines_came_to_on_the_day(invoices):
    lines(invoices, "50,K1,2024-01-31,10,CH\n50,K1,2024-02-03,1000,CH\n")
    then, now = invoices.load(JANUARY), invoices.load()
    assert then.orders[["revenue", "lines", "largest"]].to_numpy().tolist() == [[10, 1, 10]]
    assert then.order_lines["revenue"].to_list() == [10]
    assert now.orders[["revenue", "lines", "largest"]].to_numpy().tolist() == [[1010, 2, 1000]]
    assert now.order_lines["revenue"].to_list() == [10, 1000]
    assert now.orders["ordered_at"].to_list() == [pd.Timestamp("2024-01-31")]
    assert str(now.last_day) == "2024-02-03"


def test_an_attribute_is_the_one_known_on_the_day(invoices):
    lines(invoices, "1,K1,2024-01-02,1,CH\n2,K2,2024-01-05,1,DE\n3,K1,2024-03-01,1,FR\n")
    then, now = invoices.load(JANUARY).customers, invoices.load().customers
    assert then.set_index("customer_id")["country"].to_dict() == {"K1": "CH", "K2": "DE"}
    assert now.set_index("customer_id")["country"].to_dict() == {"K1": "FR", "K2": "DE"}
    assert now["customer_id"].to_list() == then["customer_id"].to_list()
    assert now["home"].to_list() == ["CH", "DE"]
    assert invoices.describe().attributes["country"] == {"CH": 0, "DE": 1, "FR": 1}
    assert invoices.describe().tables["customers"].rows == 2


def test_a_slice_has_those_who_were_in_it_on_the_day(invoices):
    first = "".join(f"{n},K{n},2024-01-02,1,CH\n" for n in range(10, 19))
    lines(invoices, first + "".join(f"9{n},K{n},2024-02-02,1,FR\n" for n in range(10, 19)))
    assert len(invoices.load(JANUARY, "country=CH").customers) == 9
    assert len(invoices.load(None, "country=FR").customers) == 9


def test_a_contact_of_a_customer_who_is_not_there_yet_counts_from_his_first_day(invoices):
    lines(invoices, "1,K1,2024-03-01,1,CH\n2,K2,2024-01-02,1,DE\n")
    invoices.write("contacts.csv", "Campaign,Customer\nC1,K1\n")
    invoices.write("campaigns.csv", "Id,Type,From,To\nC1,Mail,2024-01-10,2024-01-20\n")
    invoices.tables["campaigns"] = {
        "file": "campaigns.csv",
        "columns": {
            "campaign_id": "Id",
            "campaign_type": "Type",
            "starts_on": "From",
            "ends_on": "To",
        },
    }
    invoices.tables["campaign_contacts"] = {
        "file": "contacts.csv",
        "columns": {"campaign_id": "Campaign", "customer_id": "Customer"},
    }
    then = invoices.load(JANUARY)  # on that day the contact was an orphan
    assert then.customers["customer_id"].to_list() == ["K2"]
    assert then.campaign_contacts.empty
    now = invoices.load()
    assert now.customers["country"].to_list() == ["DE", "CH"]
    assert now.campaign_contacts["customer_id"].to_list() == ["K1"]


@pytest.mark.parametrize("seed", range(4))
def test_a_cut_is_what_the_extract_of_that_day_came_to(invoices, seed):
    rng = np.random.default_rng(seed)
    n = 120
    days = [date(2024, 1, 1) + timedelta(int(d)) for d in rng.integers(0, 60, n)]
    rows = [
        f"{order},K{rng.integers(0, 3) if rng.random() < 0.1 else order % 9},{day},"
        f"{rng.integers(-3, 40)}.5,{rng.choice(['CH', 'DE', ''])}\n"
        for order, day in zip(rng.integers(0, 25, n), days, strict=True)
    ]
    lines(invoices, "".join(rows))
    cuts = [date(2024, 1, 10), JANUARY, date(2024, 2, 15)]
    whole, info = [everything(invoices.load(cut)) for cut in cuts], invoices.describe()
    hashes = [[t.hash_until(cut) for t in info.tables.values()] for cut in cuts]
    for cut, expected, hashed in zip(cuts, whole, hashes, strict=True):
        lines(invoices, "".join(row for row, day in zip(rows, days, strict=True) if day <= cut))
        assert everything(invoices.load()) == expected
        assert [t.hash_until() for t in invoices.describe().tables.values()] == hashed


def test_a_later_row_of_the_same_id_does_not_take_the_earlier_one_out(shop):
    shop.lenient()
    header = "Order,Customer,Date,Amount\n"
    january = "1,K01,2024-01-01,10\n2,K02,2024-01-02,20\n"
    shop.write("orders.csv", header + january)
    before = shop.load(JANUARY)
    shop.write("orders.csv", header + "2,K02,2024-03-05,99\n" + january)
    after = shop.load(JANUARY)
    assert after.orders["revenue"].to_list() == before.orders["revenue"].to_list() == [10, 20]
    assert after.account.frame().equals(before.account.frame())
    assert shop.load().account.tables["orders"].quarantined == {"conflicting_order_id": 1}


def test_two_rows_of_the_first_day_leave_nothing_to_keep(shop):
    shop.lenient()
    shop.write(
        "orders.csv",
        "Order,Customer,Date,Amount\n1,K01,2024-01-01 09:00,10\n1,K01,2024-01-01 10:00,11\n"
        "1,K01,2024-02-01,12\n2,K01,2024-02-01,1\n",
    )
    assert shop.load().orders["order_id"].to_list() == ["2"]
    assert shop.load().account.tables["orders"].quarantined == {"conflicting_order_id": 3}


def test_a_line_that_names_another_customer_later_is_quarantined_alone(invoices):
    lines(invoices, "1,K1,2024-01-02,1,CH\n1,K2,2024-02-02,5,CH\n1,K1,2024-02-03,7,CH\n")
    assert invoices.load(JANUARY).orders["revenue"].to_list() == [1]
    data = invoices.load()
    assert data.orders["revenue"].to_list() == [8]
    assert data.account.tables["order_lines"].quarantined == {"conflicting_customer_id": 1}


def test_lines_of_an_id_that_two_orders_have_are_told_to_neither(shop):
    shop.mapping["limits"] = {"quarantined": 1.0}
    header = "Order,Customer,Date,Amount\n"
    shop.write(
        "orders.csv", header + "1,K01,2024-01-01,10\n2,K02,2024-01-02,20\n2,K02,2024-03-05,9\n"
    )
    shop.write("lines.csv", "Order,Group,Amount\n1,x,10\n2,x,20\n2,x,9\n")
    shop.tables["order_lines"] = {
        "file": "lines.csv",
        "columns": {"order_id": "Order", "category": "Group", "revenue": "Amount"},
    }
    data = shop.load()
    assert data.orders["revenue"].to_list() == [10, 20]
    assert data.order_lines["revenue"].to_list() == [10]
    assert data.account.tables["order_lines"].quarantined == {"ambiguous_order_id": 2}


@pytest.mark.parametrize(
    ("day", "rule"), [("2099-01-01", "future_sold_at"), ("1800-01-01", "before_1900_sold_at")]
)
def test_a_line_with_an_impossible_day_is_quarantined_alone(invoices, day, rule):
    lines(invoices, f"1,K1,2024-01-02,1,CH\n1,K1,{day},5,CH\n2,K2,{day},7,CH\n")
    data = invoices.load()
    assert data.account.tables["order_lines"].quarantined == {rule: 2}
    assert data.orders["revenue"].to_list() == [1]
    assert str(data.last_day) == "2024-01-02"


def test_a_group_that_comes_to_what_cannot_be_is_quarantined_from_then_on(invoices):
    invoices.tables["subscriptions"] = {
        "derived_from": "order_lines",
        "by": "order_id",
        "columns": {
            "customer_id": {"only": "customer_id"},
            "starts_on": {"min": "sold_at"},
            "ends_on": {"max": "sold_at"},
            "mrr": {"sum": "revenue"},
        },
    }
    lines(invoices, "1,K1,2024-01-02,5,CH\n1,K1,2024-02-02,-9,CH\n2,K2,2024-01-05,7,CH\n")
    data = invoices.load()
    assert data.account.tables["order_lines"].quarantined == {"below_zero_mrr": 1}
    assert data.subscriptions["mrr"].to_list() == [5, 7]


def test_lines_of_an_order_that_goes_late_go_with_it(shop):
    shop.lenient()
    shop.mapping["tables"] = {
        "orders": {
            "file": "orders.csv",
            "columns": {
                "order_id": "o",
                "customer_id": "k",
                "ordered_at": "t",
                "revenue": "r",
                "country": "n",
            },
        },
        "order_lines": {
            "file": "lines.csv",
            "columns": {"order_id": "o", "category": "c", "revenue": "r"},
        },
        "customers": {
            "derived_from": "orders",
            "by": "customer_id",
            "columns": {"country": {"only": "country"}},
        },
    }
    shop.write(
        "orders.csv",
        "o,k,t,r,n\n1,a,2024-01-01,10,CH\n2,a,2024-01-02,10,DE\n3,b,2024-01-03,10,CH\n",
    )
    shop.write("lines.csv", "o,c,r\n1,x,10\n2,x,10\n3,x,10\n")
    data = shop.load()
    assert data.orders["order_id"].to_list() == data.order_lines["order_id"].to_list() == ["1", "3"]
    assert data.account.tables["orders"].quarantined == {"conflicting_country": 1}
    assert data.account.tables["order_lines"].quarantined == {"orders_quarantined": 1}
    assert not data.account.tables["orders"].flagged


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"revenue": {"sum": "country"}}, "cannot sum order_lines.country, which is text"),
        ({"ordered_at": {"min": "country"}}, "orders.ordered_at is a time"),
    ],
)
def test_an_aggregate_of_the_wrong_kind_is_refused(invoices, change, said):
    lines(invoices, "1,K1,2024-01-02,1,CH\n")
    invoices.tables["orders"]["columns"] |= change
    with pytest.raises(ParameterError, match=said):
        invoices.load()


def test_a_table_is_grouped_by_an_id(invoices):
    lines(invoices, "1,K1,2024-01-02,1,CH\n")
    invoices.tables["customers"]["by"] = "sold_at"
    with pytest.raises(ParameterError, match="grouped by 'sold_at', which is no id"):
        invoices.load()


def test_lines_of_which_none_is_left_are_told(invoices):
    lines(invoices, "1,K1,2099-01-02,1,CH\n")
    with pytest.raises(DataError, match="the table customers has no row"):
        invoices.load()


def test_a_table_without_an_id_cannot_be_derived(invoices):
    lines(invoices, "1,K1,2024-01-02,1,CH\n")
    invoices.tables["redemptions"] = {
        "derived_from": "order_lines",
        "by": "order_id",
        "columns": {
            "campaign_id": {"first": "order_id"},
            "customer_id": {"first": "customer_id"},
            "redeemed_at": {"first": "sold_at"},
        },
    }
    with pytest.raises(ParameterError, match="redemptions has no id to be grouped by"):
        invoices.load()
