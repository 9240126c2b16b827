"""Declared rules, and those that every table has: each row's fate has a name."""

from datetime import date, timedelta

import pandas as pd
import pytest

HEADER = "Order,Customer,Date,Amount\n"
LINES = (
    "A1,K01,2024-01-02,10\n"
    "A2,K02,2024-01-03,-4\n"
    "A3,K03,2024-01-04,0\n"
    "A4,,2024-01-05,7\n"
    "C5,K05,2024-01-06,8\n"
)


@pytest.fixture
def sales(shop):
    """Five orders: one plain, one negative, one of zero, one of nobody, one cancelled."""
    shop.write("orders.csv", HEADER + LINES)
    shop.orders["may_be_empty"] = True
    shop.lenient()
    return shop


def account(shop):
    return shop.load().account.tables["orders"]


def kept(shop) -> list[str]:
    return sorted(shop.load().orders["order_id"])


def test_returns_and_zero_amounts_stay_and_are_counted(sales):
    assert {"A2", "A3"} <= set(kept(sales))
    assert account(sales).flagged == {"negative_revenue": 1, "zero_revenue": 1}


def test_a_missing_customer_is_quarantined_unless_a_rule_removes_it(sales):
    assert account(sales).quarantined == {"missing_customer_id": 1}
    sales.rule(name="nobody", where={"column": "customer_id", "missing": True}, action="remove")
    assert account(sales).removed == {"nobody": 1}
    assert not account(sales).quarantined


@pytest.mark.parametrize(
    ("where", "hit"),
    [
        ({"column": "order_id", "starts_with": "C"}, {"C5"}),
        ({"column": "order_id", "one_of": ["A1", "A3"]}, {"A1", "A3"}),
        ({"column": "order_id", "matches": "A[12]"}, {"A1", "A2"}),
        ({"column": "revenue", "at_most": 0}, {"A2", "A3"}),
        ({"column": "revenue", "below": 0}, {"A2"}),
        ({"column": "revenue", "above": 7}, {"A1", "C5"}),
        ({"column": "revenue", "at_least": 7}, {"A1", "A4", "C5"}),
        ({"column": "revenue", "one_of": [0, 10]}, {"A1", "A3"}),
        ({"column": "ordered_at", "above": date(2024, 1, 4)}, {"A4", "C5"}),
        ({"column": "ordered_at", "at_most": "2024-01-03"}, {"A1", "A2"}),
        ({"column": "ordered_at", "one_of": ["2024-01-03"]}, {"A2"}),
        ({"column": "customer_id", "missing": True}, {"A4"}),
        ({"column": "customer_id", "missing": False}, {"A1", "A2", "A3", "C5"}),
    ],
)
def test_a_condition_hits_the_rows_it_says(sales, where, hit):
    sales.rule(name="hit", where=where, action="remove")
    everyone = {"A1", "A2", "A3", "A4", "C5"}
    assert set(kept(sales)) == everyone - hit - {"A4"}
    assert account(sales).removed == {"hit": len(hit)}


def test_a_row_is_credited_to_the_first_rule_that_takes_it_out(sales):
    sales.rule(name="first", where={"column": "revenue", "at_most": 0}, action="remove")
    sales.rule(name="second", where={"column": "revenue", "at_most": 8}, action="quarantine")
    assert account(sales).removed == {"first": 2}
    assert account(sales).quarantined == {"second": 2}  # A4 of nobody and C5


def test_a_return_with_a_positive_amount_is_turned_negative(sales):
    sales.rule(
        name="return",
        where={"column": "order_id", "starts_with": "C"},
        action="correct",
        negate=["revenue"],
    )
    orders = sales.load().orders.set_index("order_id")
    assert orders.loc["C5", "revenue"] == -8
    assert account(sales).corrected == {"return": 1}


def test_a_missing_value_is_set_and_the_row_counts_as_corrected(sales):
    sales.rule(
        name="counter_sale",
        where={"column": "customer_id", "missing": True},
        action="correct",
        set={"customer_id": "K12"},
    )
    assert "A4" in kept(sales)
    assert account(sales).corrected == {"counter_sale": 1}
    assert account(sales).kept == 4


def test_a_correction_that_changes_nothing_is_not_counted(sales):
    sales.rule(
        name="same",
        where={"column": "order_id", "one_of": ["A1"]},
        action="correct",
        set={"customer_id": "K01"},
    )
    assert not account(sales).corrected


def test_a_flag_leaves_the_row(sales):
    sales.rule(name="large", where={"column": "revenue", "above": 9}, action="flag")
    assert "A1" in kept(sales)
    assert account(sales).flagged["large"] == 1


def test_repeats_are_removed_but_for_the_first_or_the_last(shop):
    shop.write("orders.csv", HEADER + "A1,K01,2024-01-02,1\nA1,K01,2024-01-02,2\n")
    shop.rule(name="older", where={"repeats": ["order_id"], "keep": "last"}, action="remove")
    assert shop.load().orders["revenue"].to_list() == [2]


def test_what_a_rule_takes_out_is_told_in_money(sales):
    sales.rule(name="cancelled", where={"column": "order_id", "starts_with": "C"}, action="remove")
    frame = sales.load().account.frame().query("table == 'orders'").set_index("rule")
    assert frame.loc["cancelled", "amount"] == 8
    assert frame.loc["missing_customer_id", "amount"] == 7
    assert frame.loc["cancelled", "share"] == pytest.approx(1 / 5)
    assert frame.loc["cancelled", "reason"] == "Because the test says so."


def test_an_unreadable_cell_is_not_a_missing_one(shop):
    shop.lenient()
    shop.write("orders.csv", HEADER + "A1,K01,2024-01-02,ten\nA2,K02,2024-01-02,\n" + LINES)
    shop.rule(name="blank", where={"column": "revenue", "missing": True}, action="remove")
    found = account(shop)
    assert found.removed["blank"] == 1
    assert found.quarantined["unreadable_revenue"] == 1


def test_contradicting_rows_of_one_id_are_all_quarantined(shop):
    shop.lenient()
    shop.write("orders.csv", HEADER + "A1,K01,2024-01-02,1\nA1,K01,2024-01-02,2\n" + LINES)
    found = account(shop)
    assert found.quarantined["conflicting_order_id"] == 3
    assert "A1" not in kept(shop)


def test_a_row_that_repeats_another_whole_is_removed(shop):
    shop.lenient()
    shop.write("orders.csv", HEADER + LINES + LINES.splitlines()[0] + "\n")
    assert account(shop).removed == {"repeated_row": 1}
    assert kept(shop).count("A1") == 1


def test_an_order_of_a_customer_who_is_not_there_is_an_orphan(shop):
    shop.lenient()
    shop.write("orders.csv", HEADER + "A1,K99,2024-01-02,1\n" + "A2,K01,2024-01-02,1\n")
    assert account(shop).quarantined == {"orphan_customer_id": 1}


def test_rows_follow_the_fate_of_the_row_they_belong_to(shop):
    shop.lenient()
    shop.write(
        "orders.csv", HEADER + "C1,K01,2024-01-02,1\nA2,,2024-01-02,1\nA3,K01,2024-01-02,1\n"
    )
    shop.write("lines.csv", "Order,Group,Amount\nC1,x,1\nA2,x,1\nA3,x,1\nA9,x,1\n")
    shop.tables["order_lines"] = {
        "file": "lines.csv",
        "columns": {"order_id": "Order", "category": "Group", "revenue": "Amount"},
    }
    shop.rule(name="cancelled", where={"column": "order_id", "starts_with": "C"}, action="remove")
    lines = shop.load().account.tables["order_lines"]
    assert lines.removed == {"orders_removed": 1}
    assert lines.quarantined == {"orders_quarantined": 1, "orphan_order_id": 1}
    assert lines.kept == 1


def test_a_sale_in_the_future_is_quarantined(shop):
    shop.lenient()
    tomorrow = date.today() + timedelta(days=1)
    shop.write(
        "orders.csv",
        f"{HEADER}A1,K01,{tomorrow},1\nA2,K01,{date.today()} 23:59,1\nA3,K02,2024-01-02,1\n",
    )
    assert account(shop).quarantined == {"future_ordered_at": 1}
    assert kept(shop) == ["A2", "A3"]


def test_a_placeholder_date_is_quarantined(shop):
    shop.lenient()
    shop.write("orders.csv", HEADER + "A1,K01,1899-12-30,1\nA2,K01,2024-01-02,1\n")
    assert account(shop).quarantined == {"before_1900_ordered_at": 1}


def test_a_campaign_may_end_in_the_future_but_not_before_it_starts(shop):
    shop.lenient()
    shop.write(
        "campaigns.csv",
        "Id,Type,From,To\nC1,Mail,2024-01-01,2099-12-31\nC2,Mail,2024-02-01,2024-01-01\n",
    )
    shop.tables["campaigns"] = {
        "file": "campaigns.csv",
        "columns": {
            "campaign_id": "Id",
            "campaign_type": "Type",
            "starts_on": "From",
            "ends_on": "To",
        },
    }
    data = shop.load()
    assert data.campaigns["ends_on"].to_list() == [pd.Timestamp("2099-12-31")]
    assert data.account.tables["campaigns"].quarantined == {"ends_before_it_starts": 1}


def derived(shop, lines: str):
    shop.lenient()
    shop.write("lines.csv", "Inv,Cust,Day,Net,Land\n" + lines)
    shop.mapping["tables"] = {
        "order_lines": {
            "file": "lines.csv",
            "columns": {
                "order_id": "Inv",
                "category": {"literal": "all"},
                "revenue": "Net",
                "customer_id": {"column": "Cust", "kind": "id", "keep": False},
                "ordered_at": {"column": "Day", "kind": "time", "keep": False},
                "country": {"column": "Land", "keep": False},
            },
        },
        "orders": {
            "derived_from": "order_lines",
            "by": "order_id",
            "columns": {
                "customer_id": {"only": "customer_id"},
                "ordered_at": {"min": "ordered_at"},
                "revenue": {"sum": "revenue"},
                "lines": {"count": "revenue"},
            },
        },
        "customers": {
            "derived_from": "order_lines",
            "by": "customer_id",
            "columns": {"country": {"last": "country"}, "home": {"first": "country"}},
        },
    }
    return shop.load()


def test_orders_and_customers_are_summed_up_from_lines(shop):
    data = derived(
        shop,
        "1,K1,2024-01-02 09:01,2.5,CH\n1,K1,2024-01-02 09:00,1.5,CH\n2,K1,2024-03-01,5,DE\n",
    )
    assert data.orders.to_dict("list") == {
        "order_id": ["1", "2"],
        "customer_id": ["K1", "K1"],
        "ordered_at": [pd.Timestamp("2024-01-02 09:00"), pd.Timestamp("2024-03-01")],
        "revenue": [4.0, 5.0],
        "lines": [2.0, 1.0],
    }
    assert data.customers.to_dict("list") == {
        "customer_id": ["K1"],
        "country": ["DE"],
        "home": ["CH"],
    }
    assert data.order_lines.columns.to_list() == ["order_id", "category", "revenue"]


def test_an_invoice_of_two_customers_is_quarantined_whole(shop):
    data = derived(shop, "1,K1,2024-01-02,1,CH\n1,K2,2024-01-02,1,CH\n2,K1,2024-01-03,1,CH\n")
    assert data.account.tables["order_lines"].quarantined == {"conflicting_customer_id": 2}
    assert data.orders["order_id"].to_list() == ["2"]


def test_a_line_that_a_derived_table_cannot_be_made_from_is_quarantined(shop):
    data = derived(shop, "1,K1,,1,CH\n2,,2024-01-02,1,CH\n3,K1,2024-01-03,1,CH\n")
    assert data.account.tables["order_lines"].quarantined == {
        "missing_customer_id": 1,
        "missing_ordered_at": 1,
    }
