"""Cells become numbers, days and times only where their form says so without doubt."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.errors import DataError
from helpers.sources.converting import to_number
from helpers.sources.texts import TEXT, as_text
from helpers.sources.times import to_time


def text(*cells: str | None) -> pd.Series:
    return pd.Series(cells, dtype=TEXT)


def numbers(*cells: str | None, **form: str) -> list[float | str | None]:
    """Return numbers, None for a blank cell, and "wrong" for one that cannot be read."""
    values, wrong = to_number(text(*cells), **form)
    return [
        "wrong" if bad else None if np.isnan(value) else value
        for value, bad in zip(values, wrong, strict=True)
    ]


def times(*cells: str | None, **how: str | None) -> list[str | None]:
    values, wrong = to_time(text(*cells), **({"local": None} | how))
    return [
        "wrong" if bad else None if pd.isna(value) else str(value)
        for value, bad in zip(values, wrong, strict=True)
    ]


def test_plain_numbers_are_read():
    assert numbers("12.50", "-3", "+.5", "1e3", " 7 ", "0") == [12.5, -3, 0.5, 1000, 7, 0]


def test_blank_cells_are_missing_and_not_wrong():
    assert numbers("", "  ", None) == [None, None, None]


@pytest.mark.parametrize(
    "cell", ["1,234.50", "12,50", "abc", "1 234", "--1", "nan", "inf", "1e999", "5 €"]
)
def test_what_is_no_number_in_the_declared_form_is_wrong(cell):
    assert numbers(cell) == ["wrong"]


def test_decimal_commas_and_grouping_are_read_when_declared():
    assert numbers("1.234,50", "12,5", "-1.000.000", decimal=",", thousands=".") == [
        1234.5, 12.5, -1_000_000,
    ]  # fmt: skip
    assert numbers("1,234.50", "12", thousands=",") == [1234.5, 12]
    assert numbers("1 234,5", "1\u00a0234,5", decimal=",", thousands=" ") == [1234.5, 1234.5]


@pytest.mark.parametrize("cell", ["1,23", "12,34.5", "1,2345", ",123", "1,234,56"])
def test_a_grouping_sign_between_other_than_groups_of_three_is_wrong(cell):
    assert numbers(cell, thousands=",") == ["wrong"]


def test_a_dot_is_wrong_where_the_comma_is_the_decimal_sign():
    assert numbers("12.50", decimal=",") == ["wrong"]


def test_iso_days_and_times_are_read_without_a_declared_format():
    assert times("2017-04-03", "2017-04-03 10:20", "2017-04-03T10:20:30.5", "") == [
        "2017-04-03 00:00:00", "2017-04-03 10:20:00", "2017-04-03 10:20:30.500000", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "cell", ["2017-02-31", "31 February", "tomorrow", "9999-12-31", "20170403"]
)
def test_what_is_no_day_in_the_calendar_is_wrong(cell):
    assert times(cell) == ["wrong"]


def test_the_31st_of_february_is_wrong_in_a_declared_format_too():
    assert times("31/02/2017", "28/02/2017", format="%d/%m/%Y") == ["wrong", "2017-02-28 00:00:00"]


def test_the_declared_format_decides_between_day_and_month():
    assert times("03/04/2017", format="%d/%m/%Y") == ["2017-04-03 00:00:00"]
    assert times("03/04/2017", format="%m/%d/%Y") == ["2017-03-04 00:00:00"]


@pytest.mark.parametrize(
    ("cell", "format", "day"),
    [
        ("03/04/2017", "%d/%m/%Y", date(2017, 4, 3)),
        ("3.4.17", "%d.%m.%y", date(2017, 4, 3)),
        ("12-11-2017", "%d-%m-%Y", date(2017, 11, 12)),
        ("12/11/2017 10:00 PM", "%d/%m/%Y …", date(2017, 11, 12)),
    ],
)
def test_an_ambiguous_day_is_refused_with_the_mend(shop, cell, format, day):
    shop.write("orders.csv", f"Order,Customer,Date,Amount\nA1,K01,{cell},1\n")
    with pytest.raises(DataError, match="day/month or month/day") as caught:
        shop.load()
    assert f"{shop.folder / 'orders.csv'}, column 'Date'" in str(caught.value)
    assert caught.value.keys == ("orders.csv:2",)
    assert f'ordered_at: {{column: Date, format: "{format}"' in str(caught.value.hint)
    shop.column("ordered_at", format=format.replace("…", "%I:%M %p"))
    assert shop.load().first_day == day


def test_times_are_moved_from_the_files_zone_to_the_local_one():
    # New York is four hours behind UTC in summer and five in winter.
    assert times("2017-07-01 03:00", "2018-01-01 04:01", zone="UTC", local="America/New_York") == [
        "2017-06-30 23:00:00", "2017-12-31 23:01:00",
    ]  # fmt: skip


def test_an_offset_of_its_own_goes_before_the_files_zone():
    moved = times(
        "2017-07-01T03:00:00Z", "2017-07-01 03:00+02:00", zone="UTC", local="Europe/Paris"
    )
    assert moved == ["2017-07-01 05:00:00", "2017-07-01 03:00:00"]


def test_a_day_without_a_time_stays_that_day_in_every_zone():
    zones = {"zone": "UTC", "local": "America/New_York"}
    assert times("2017-07-01", **zones) == ["2017-07-01 00:00:00"]
    assert times("07/01/2017", format="%m/%d/%Y", **zones) == ["2017-07-01 00:00:00"]


def test_a_time_that_the_clock_change_skips_or_repeats_is_wrong():
    # Paris, 2017: 26 March 02:30 was skipped, 29 October 02:30 came twice.
    moved = times("2017-03-26 02:30", "2017-10-29 02:30", zone="Europe/Paris", local="UTC")
    assert moved == ["wrong", "wrong"]


def test_times_with_an_offset_need_a_local_zone(shop):
    shop.write("orders.csv", "Order,Customer,Date,Amount\nA1,K01,2017-07-01T03:00:00Z,1\n")
    with pytest.raises(DataError, match="no local time zone") as caught:
        shop.load()
    assert "time_zone: Area/City" in str(caught.value.hint)
    shop.params["time_zone"] = "Europe/Zurich"
    assert shop.load().orders["ordered_at"].to_list() == [pd.Timestamp("2017-07-01 05:00")]


def test_ids_lose_a_float_s_point_zero_and_nothing_else():
    cells = pd.Series([17850.0, np.nan, 1.5])
    assert as_text(cells).to_list()[::2] == ["17850", "1.5"]
    assert as_text(cells).isna().to_list() == [False, True, False]
    mixed = pd.Series([17850.0, "00042", None, True], dtype=object)
    assert as_text(mixed).fillna("-").to_list() == ["17850", "00042", "-", "True"]


def test_ids_keep_their_leading_zeros_and_lose_blanks_around_them(shop):
    shop.write("customers.csv", "No,Name,City\n007,Ann,Basel\n")
    shop.write("orders.csv", "Order,Customer,Date,Amount\nA1, 007 ,2024-01-02,1\n")
    data = shop.load()
    assert data.orders["customer_id"].to_list() == ["007"]
    assert data.account.tables["orders"].corrected == {"trimmed_customer_id": 1}


def test_sums_products_literals_and_recoded_values(shop):
    shop.write("orders.csv", "Order,Customer,Date,Net,Tax,N,Way\nA1,K01,2024-01-02,10.10,.80,3,W\n")
    shop.orders["columns"] |= {
        "revenue": {"sum": ["Net", "Tax"]},
        "channel": {"column": "Way", "values": {"W": "Web"}, "otherwise": "Shop"},
        "gross": {"product": ["Net", "N"], "kind": "money"},
        "region": {"literal": "North"},
    }
    row = shop.load().orders.iloc[0]
    assert row["revenue"] == 10.9
    assert row["gross"] == 30.3
    assert (row["channel"], row["region"]) == ("Web", "North")


def test_amounts_that_no_sum_can_hold_are_quarantined(shop):
    shop.lenient()
    rows = "A1,K01,2024-01-02,1e308\nA2,K01,2024-01-02,-1e15\nA3,K01,2024-01-03,999999999999999\n"
    shop.write("orders.csv", "Order,Customer,Date,Amount\n" + rows)
    assert shop.load().account.tables["orders"].quarantined == {"unreadable_revenue": 2}
    assert shop.load().orders["order_id"].to_list() == ["A3"]


@pytest.mark.parametrize("made", [{"sum": ["Amount", "Amount"]}, {"product": ["Amount", "Amount"]}])
def test_a_sum_or_product_that_is_no_number_is_unreadable(shop, made):
    shop.lenient()
    shop.write(
        "orders.csv", "Order,Customer,Date,Amount\nA1,K01,2024-01-02,1e308\nA2,K01,2024-01-02,2\n"
    )
    shop.orders["columns"]["twice"] = made
    shop.orders["columns"]["revenue"] = {"literal": 1}
    assert shop.load().account.tables["orders"].quarantined == {"unreadable_twice": 1}


def test_values_that_are_not_listed_stay_or_become_the_rest(shop):
    rows = "".join(f"A{n},K01,2024-01-02,1,{way}\n" for n, way in enumerate(["W", "X", ""]))
    shop.write("orders.csv", "Order,Customer,Date,Amount,Way\n" + rows)
    shop.orders["columns"]["channel"] = {"column": "Way", "values": {"W": "Web"}}
    assert shop.load().orders["channel"].fillna("-").to_list() == ["Web", "X", "-"]
    shop.column("channel", otherwise="Other")
    assert shop.load().orders["channel"].fillna("-").to_list() == ["Web", "Other", "-"]
