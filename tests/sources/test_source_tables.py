"""What a report may see: rows dated up to `as_of`, of one slice, fresh on every access."""

import pickle
from datetime import date

import pandas as pd
import pytest

from helpers.errors import DisclosureError, MissingTableError, ParameterError

HEADER = "Order,Customer,Date,Amount\n"


@pytest.fixture
def marketing(shop):
    """Add campaigns, contacts and redemptions to the shop."""
    shop.write(
        "campaigns.csv",
        "Id,Type,From,To\nC1,Mail,2024-01-10,2024-02-10\nC2,Mail,2024-03-01,2024-03-31\n",
    )
    shop.write("contacts.csv", "Id,Customer\nC1,K01\nC1,K12\nC2,K02\n")
    shop.write("redeemed.csv", "Id,Customer,Day\nC1,K01,2024-01-20\nC2,K02,2024-03-05\n")
    shop.tables["campaigns"] = {
        "file": "campaigns.csv",
        "columns": {
            "campaign_id": "Id",
            "campaign_type": "Type",
            "starts_on": "From",
            "ends_on": "To",
        },
    }
    shop.tables["campaign_contacts"] = {
        "file": "contacts.csv",
        "columns": {"campaign_id": "Id", "customer_id": "Customer"},
    }
    shop.tables["redemptions"] = {
        "file": "redeemed.csv",
        "columns": {"campaign_id": "Id", "customer_id": "Customer", "redeemed_at": "Day"},
    }
    shop.write("orders.csv", HEADER + "A1,K01,2024-01-05 10:00,1\nA2,K02,2024-02-05 23:59,1\n")
    return shop


def ids(frame: pd.DataFrame, column: str = "customer_id") -> list[str]:
    return frame[column].to_list()


def test_a_cut_has_the_rows_dated_up_to_its_last_day(marketing):
    january = marketing.load(as_of=date(2024, 1, 31))
    assert ids(january.orders, "order_id") == ["A1"]
    assert ids(january.campaigns, "campaign_id") == ["C1"]
    assert ids(january.campaign_contacts) == ["K01", "K12"]
    assert ids(january.redemptions) == ["K01"]
    assert ids(january.customers) == ["K01", "K12"]  # one bought, one was written to


def test_the_last_day_counts_whole(marketing):
    assert ids(marketing.load(as_of=date(2024, 2, 5)).orders, "order_id") == ["A1", "A2"]
    assert ids(marketing.load(as_of=date(2024, 2, 4)).orders, "order_id") == ["A1"]


def test_before_the_first_day_tables_are_empty_and_typed(marketing):
    data = marketing.load(as_of=date(2023, 12, 31))
    for name in data.names:
        assert data.get(name).empty
    assert str(data.orders["ordered_at"].dtype) == "datetime64[ns]"
    assert str(data.orders["revenue"].dtype) == "float64"


def test_without_a_day_everything_is_there_even_customers_nobody_met(marketing):
    data = marketing.load()
    assert len(data.customers) == 12
    assert data.as_of == data.last_day == date(2024, 3, 5)
    assert len(marketing.load(as_of=date(2030, 1, 1)).customers) == 3


def test_the_days_covered_do_not_tell_of_later_ones(marketing):
    january = marketing.load(as_of=date(2024, 1, 31))
    assert (january.first_day, january.last_day) == (date(2024, 1, 5), date(2024, 1, 31))
    assert january.account.tables["orders"].raw == 1


def test_later_extracts_change_nothing_in_an_earlier_cut(marketing):
    before = marketing.load(as_of=date(2024, 1, 31))
    info = marketing.describe()
    hashes = {name: table.hash_until(date(2024, 1, 31)) for name, table in info.tables.items()}
    with (marketing.folder / "orders.csv").open("a") as file:
        file.write("A3,K03,2024-02-20,9\n")
    after, later = marketing.load(as_of=date(2024, 1, 31)), marketing.describe()
    assert after.snapshot != before.snapshot
    for name in before.names:
        pd.testing.assert_frame_equal(before.get(name), after.get(name))
        assert later.tables[name].hash_until(date(2024, 1, 31)) == hashes[name]
    assert later.tables["orders"].hash_until() != info.tables["orders"].hash_until()
    assert after.account == before.account


def test_a_line_that_is_left_out_is_dated_by_its_order(shop):
    shop.lenient()
    shop.write("orders.csv", HEADER + "A1,K01,2024-01-05,1\nA2,,2024-02-05,1\n")
    shop.write("lines.csv", "Order,Group,Amount\nA1,x,1\nA2,x,1\nA9,x,1\n")
    shop.tables["order_lines"] = {
        "file": "lines.csv",
        "columns": {"order_id": "Order", "category": "Group", "revenue": "Amount"},
    }
    january = shop.load(as_of=date(2024, 1, 31)).account.tables["order_lines"]
    assert january.quarantined == {"orphan_order_id": 1}
    assert january.kept == 1


def test_a_changed_row_changes_the_hash_from_its_day_on(marketing):
    before = marketing.describe().tables["orders"]
    text = (marketing.folder / "orders.csv").read_text()
    marketing.write("orders.csv", text.replace("2024-02-05 23:59,1", "2024-02-05 23:59,2"))
    after = marketing.describe().tables["orders"]
    assert after.hash_until(date(2024, 2, 4)) == before.hash_until(date(2024, 2, 4))
    assert after.hash_until(date(2024, 2, 5)) != before.hash_until(date(2024, 2, 5))
    assert after.rows_until(date(2024, 2, 4)) == 1


def test_a_contact_counts_from_its_own_day_once_the_campaign_has_begun(marketing):
    marketing.write(
        "contacts.csv", "Id,Customer,Sent\nC1,K01,2024-01-01\nC1,K02,2024-01-15\nC1,K03,\n"
    )
    marketing.tables["campaign_contacts"]["columns"]["contacted_at"] = "Sent"
    assert ids(marketing.load(as_of=date(2024, 1, 9)).campaign_contacts) == []
    assert sorted(ids(marketing.load(as_of=date(2024, 1, 10)).campaign_contacts)) == ["K01", "K03"]
    assert len(marketing.load(as_of=date(2024, 1, 15)).campaign_contacts) == 3


def test_a_customer_is_known_from_the_day_that_the_crm_says(marketing):
    marketing.write("customers.csv", "No,Since\nK01,2023-05-01\nK02,2024-06-01\nK12,\n")
    marketing.tables["customers"]["columns"] = {"customer_id": "No", "first_seen_at": "Since"}
    assert ids(marketing.load(as_of=date(2023, 5, 1)).customers) == ["K01"]
    assert ids(marketing.load(as_of=date(2024, 2, 5)).customers) == ["K01", "K12", "K02"]


def test_every_access_gives_a_frame_of_its_own(marketing):
    data = marketing.load()
    mine = data.orders
    mine["revenue"] = 0.0
    mine.drop(mine.index, inplace=True)
    assert data.orders["revenue"].sum() == 2


def test_a_table_that_the_source_has_not_is_named_with_those_it_has(shop):
    data = shop.load()
    assert data.has("orders")
    assert not data.has("campaigns")
    with pytest.raises(MissingTableError, match="no table 'campaigns'") as caught:
        data.campaigns  # noqa: B018
    assert "It has customers, orders" in str(caught.value.hint)


def test_get_gives_an_empty_typed_frame_for_a_table_that_is_absent(shop):
    campaigns = shop.load().get("campaigns")
    assert campaigns.empty
    assert campaigns.columns.to_list() == ["campaign_id", "campaign_type", "starts_on", "ends_on"]
    assert str(campaigns["starts_on"].dtype) == "datetime64[ns]"
    with pytest.raises(ParameterError, match="did you mean `campaigns`"):
        shop.load().get("campaign")


def test_an_unknown_attribute_is_an_attribute_error(shop):
    assert not hasattr(shop.load(), "order")


def test_tables_are_listed_for_completion(shop):
    assert {"orders", "customers"} <= set(dir(shop.load()))


def live(shop, **cities: int) -> None:
    """Let so many customers live in each city; `nowhere` is no city."""
    homes = [city.replace("nowhere", "") for city, count in cities.items() for _ in range(count)]
    rows = "".join(f"K{n:02},Customer {n},{home}\n" for n, home in enumerate(homes, 1))
    shop.write("customers.csv", "No,Name,City\n" + rows)


def test_a_slice_has_its_customers_and_what_belongs_to_them(shop):
    live(shop, Basel=8, Bern=9)
    shop.write(
        "lines.csv", "Order,Group,Amount\n" + "".join(f"A{n:03},x,{n}.5\n" for n in range(1, 41))
    )
    shop.tables["order_lines"] = {
        "file": "lines.csv",
        "columns": {"order_id": "Order", "category": "Group", "revenue": "Amount"},
    }
    basel = shop.load(slice="city=Basel")
    assert set(basel.customers["city"]) == {"Basel"}
    assert set(basel.orders["customer_id"]) == {f"K{n:02}" for n in range(1, 9)}
    assert set(basel.order_lines["order_id"]) == set(basel.orders["order_id"])
    assert basel.orders.index.to_list() == list(range(len(basel.orders)))
    whole = shop.load()
    assert 0 < len(basel.orders) < len(whole.orders)


def test_a_slice_of_fewer_than_eight_customers_is_refused(shop):
    with pytest.raises(DisclosureError, match="fewer than 8 customers"):
        shop.load(slice="city=Bern")  # four live there


@pytest.mark.parametrize(
    ("cities", "refused"),
    [
        ({"Basel": 8, "Bern": 4}, {"Basel", "Bern"}),  # all less Basel are the 4 of Bern
        ({"Basel": 20, "Bern": 8}, set()),
        ({"Basel": 20, "Bern": 9, "Chur": 3}, {"Bern", "Chur"}),  # all less Basel and Bern
        ({"Basel": 20, "Bern": 9, "Chur": 3, "Thun": 5}, {"Chur", "Thun"}),  # 8 are left
        ({"Basel": 20, "Bern": 9, "nowhere": 2}, {"Bern"}),  # 2 are in no slice
        ({"Basel": 20, "Bern": 9, "nowhere": 8}, set()),
    ],
)
def test_no_few_customers_are_left_when_slices_are_taken_from_all(shop, cities, refused):
    live(shop, **cities)
    for city in refused:
        with pytest.raises(DisclosureError, match="Hint: Choose"):
            shop.load(slice=f"city={city}")
    for city in cities.keys() - refused - {"nowhere"}:
        assert len(shop.load(slice=f"city={city}").customers) == cities[city]


def test_a_slice_counts_the_customers_known_on_the_day(shop):
    with pytest.raises(DisclosureError, match="up to 2024-01-03"):
        shop.load(slice="city=Basel", as_of=date(2024, 1, 3))


def test_an_unknown_attribute_or_value_of_a_slice_is_told(shop):
    with pytest.raises(ParameterError, match="did you mean `city`"):
        shop.load(slice="citty=Basel")
    with pytest.raises(ParameterError, match="did you mean `Basel`"):
        shop.load(slice="city=Basle")
    with pytest.raises(ParameterError, match="no attribute ''"):
        shop.load(slice="")


def test_describe_tells_days_rows_and_attributes(marketing):
    info = marketing.describe()
    assert (info.source, info.label, info.note) == ("shop", "Shop", "Made up for tests.")
    assert (info.first_day, info.last_day) == (date(2024, 1, 5), date(2024, 3, 5))
    assert info.tables["customers"].rows == 12
    assert info.tables["orders"].columns["revenue"] == "number"
    assert info.attributes["city"] == {"Basel": 8, "Bern": 4}
    assert info.has("campaigns")
    assert {file["name"]: file["rows"] for file in info.files} == {
        "campaigns.csv": 2,
        "contacts.csv": 3,
        "customers.csv": 12,
        "orders.csv": 2,
        "redeemed.csv": 2,
    }
    assert pickle.loads(pickle.dumps(info)) == info  # noqa: S301 - our own bytes


def test_order_of_rows_in_the_extract_changes_nothing(marketing):
    before = marketing.describe().snapshot
    for name in ("orders.csv", "contacts.csv", "customers.csv"):
        header, *rows = (marketing.folder / name).read_text().splitlines()
        marketing.write(name, "\n".join([header, *rows[::-1]]) + "\n")
    assert marketing.describe().snapshot == before


@pytest.fixture
def contracts(shop):
    """Add a table of subscriptions to the shop."""
    shop.write(
        "contracts.csv",
        "No,Customer,From,To,Monthly\n"
        "S1,K01,2024-01-01,,9.90\nS2,K02,2024-01-05,2024-03-31,20\nS3,K01,2024-02-01,,5\n",
    )
    shop.tables["subscriptions"] = {
        "file": "contracts.csv",
        "columns": {
            "subscription_id": "No",
            "customer_id": "Customer",
            "starts_on": "From",
            "ends_on": "To",
            "mrr": "Monthly",
        },
    }
    return shop


def test_subscriptions_are_known_from_their_start_and_may_run_on_without_an_end(contracts):
    january = contracts.load(as_of=date(2024, 1, 31)).subscriptions
    assert ids(january, "subscription_id") == ["S1", "S2"]
    assert january["mrr"].to_list() == [9.9, 20.0]
    assert january["ends_on"].isna().to_list() == [True, False]
    assert len(contracts.load(as_of=date(2024, 2, 1)).subscriptions) == 3


def test_faulty_subscriptions_are_quarantined_by_name(contracts):
    contracts.write(
        "contracts.csv",
        "No,Customer,From,To,Monthly\nS1,K01,2024-01-01,,-1\nS2,K02,2024-03-05,2024-01-31,20\n"
        "S3,K99,2024-02-01,,5\nS4,K03,,,5\nS5,K04,2024-01-01,,5\nS5,K04,2024-01-01,,6\n"
        "S6,K05,2024-01-01,,7\n",
    )
    contracts.lenient()
    data = contracts.load()
    assert ids(data.subscriptions, "subscription_id") == ["S6"]
    account = data.account.frame()
    rules = set(account.loc[account["table"] == "subscriptions", "rule"])
    assert rules >= {
        "below_zero_mrr", "ends_before_it_starts", "orphan_customer_id", "missing_starts_on",
        "conflicting_subscription_id",
    }  # fmt: skip


def test_a_source_without_contracts_gives_an_empty_table_of_the_right_columns(shop):
    found = shop.load().get("subscriptions")
    assert list(found) == ["subscription_id", "customer_id", "starts_on", "ends_on", "mrr"]
    assert found.empty
    assert not shop.load().has("subscriptions")
