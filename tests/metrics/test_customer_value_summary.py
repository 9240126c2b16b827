"""Frequency, recency, T and monetary value, worked by hand, and what must not change them."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import MetricError
from helpers.metrics.customer_value import rfm_summary, summary_with_recent
from helpers.metrics.customer_value.frames import purchase_days
from helpers.metrics.customer_value.summary import elapsed

COLUMNS = ["customer_id", "ordered_at", "revenue"]


def frame(*rows: tuple[str, str, float]) -> pd.DataFrame:
    found = pd.DataFrame(list(rows), columns=COLUMNS)
    return found.assign(
        ordered_at=pd.to_datetime(found["ordered_at"]), revenue=found["revenue"].astype(float)
    )


HISTORY = frame(
    ("a", "2017-01-01 09:00", 10.0),
    ("a", "2017-01-15 09:00", 20.0),
    ("a", "2017-01-15 18:00", 4.0),  # the same day: one purchase of 24
    ("a", "2017-02-26 12:00", 36.0),
    ("b", "2017-01-08 23:59", 5.0),
    ("c", "2017-03-20 10:00", 5.0),  # after as_of
)


def test_the_summary_of_a_small_history_is_the_one_worked_by_hand() -> None:
    found = rfm_summary(HISTORY, as_of=date(2017, 2, 28)).set_index("customer_id")
    # a: 1, 15 January and 26 February: 2 repeats, 56 days = 8 weeks apart; seen for 58 days.
    assert found.loc["a"].to_dict() == pytest.approx(
        {"frequency": 2, "recency": 8.0, "T": 58 / 7, "monetary_value": (24 + 36) / 2}
    )
    assert found.loc["b"].to_dict() == pytest.approx(
        {"frequency": 0, "recency": 0.0, "T": 51 / 7, "monetary_value": 0.0}
    )
    assert list(found.index) == ["a", "b"]
    assert found["frequency"].dtype == np.int64


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("D", 59.0),  # 15 January to 15 March 2017
        ("W", 59 / 7),
        ("M", 2.0),  # exactly two anniversaries
    ],
)
def test_time_is_counted_on_the_calendar(unit: str, expected: float) -> None:
    start = pd.Series([pd.Timestamp("2017-01-15")])
    assert elapsed(start, pd.Timestamp("2017-03-15"), unit=unit)[0] == expected


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2017-01-31", "2017-02-28", 1.0),  # the anniversary falls on the month's end
        ("2017-01-31", "2017-03-31", 2.0),
        ("2017-02-10", "2017-02-24", 14 / 28),
        ("2016-02-29", "2017-02-28", 12.0),
        ("2017-03-01", "2017-03-01", 0.0),
        ("2017-12-15", "2018-01-01", 17 / 31),
    ],
)
def test_months_have_their_own_length(first: str, last: str, months: float) -> None:
    found = elapsed(pd.Series([pd.Timestamp(first)]), pd.Timestamp(last), unit="M")[0]
    assert found == pytest.approx(months)


def test_an_unknown_unit_is_named() -> None:
    with pytest.raises(MetricError, match="no time unit is called 'Q'"):
        rfm_summary(HISTORY, as_of=date(2017, 2, 28), unit="Q")  # type: ignore[arg-type]


def test_a_return_reduces_a_purchase_of_its_day_and_is_none_of_its_own() -> None:
    orders = frame(
        ("a", "2017-01-01", 10.0),
        ("a", "2017-01-08", 30.0),
        ("a", "2017-01-08", -5.0),
        ("a", "2017-01-20", -25.0),
        ("b", "2017-01-02", -3.0),
    )
    found = rfm_summary(orders, as_of=date(2017, 1, 31))
    assert found["customer_id"].tolist() == ["a"]
    assert found.loc[0, ["frequency", "recency", "monetary_value"]].tolist() == [1, 1.0, 25.0]


def test_a_visit_paid_with_coupons_is_a_purchase_of_zero() -> None:
    orders = frame(("a", "2017-01-01", 0.0), ("a", "2017-01-08", 0.0))
    found = rfm_summary(orders, as_of=date(2017, 1, 31))
    assert found.loc[0, ["frequency", "monetary_value"]].tolist() == [1, 0.0]


def test_an_empty_history_gives_an_empty_summary() -> None:
    found = rfm_summary(HISTORY.iloc[:0], as_of=date(2017, 2, 28))
    assert found.empty
    assert list(found.columns) == ["customer_id", "frequency", "recency", "T", "monetary_value"]


def test_purchases_of_the_window_are_counted_beside() -> None:
    found = summary_with_recent(HISTORY, as_of=date(2017, 2, 28), window_days=45)
    # 45 days up to 28 February begin on 15 January.
    assert found.set_index("customer_id")["recent"].to_dict() == {"a": 2, "b": 0}


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (HISTORY.drop(columns="revenue"), "no such column"),
        (HISTORY.assign(revenue=np.nan), "no finite number"),
        (HISTORY.assign(revenue=np.inf), "no finite number"),
        (HISTORY.assign(customer_id=None), "orders have none"),
        (HISTORY.assign(ordered_at=HISTORY["ordered_at"].dt.tz_localize("UTC")), "time zone"),
        (HISTORY.assign(ordered_at="2017-01-01"), "not datetime64"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_column(spoilt: pd.DataFrame, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        rfm_summary(spoilt, as_of=date(2017, 2, 28))


def test_a_refusal_names_the_first_orders() -> None:
    spoilt = HISTORY.assign(order_id=[f"o{k}" for k in range(6)]).astype({"revenue": float})
    spoilt.loc[[1, 3], "revenue"] = np.nan
    with pytest.raises(MetricError, match=r"column 'revenue'.*\n  Rows: o1, o3"):
        rfm_summary(spoilt, as_of=date(2017, 2, 28))


orders_frames = st.lists(
    st.tuples(
        st.sampled_from("abcdef"),
        st.dates(date(2017, 1, 1), date(2017, 6, 30)),
        st.integers(0, 20_000).map(lambda cents: cents / 100),
    ),
    min_size=1,
    max_size=40,
).map(lambda rows: frame(*[(c, d.isoformat(), v) for c, d, v in rows]))
AS_OF = date(2017, 6, 30)


@given(orders=orders_frames, seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_changes_nothing(orders: pd.DataFrame, seed: int) -> None:
    shuffled = orders.sample(frac=1.0, random_state=seed)
    pd.testing.assert_frame_equal(
        rfm_summary(orders, as_of=AS_OF), rfm_summary(shuffled, as_of=AS_OF)
    )


@given(orders=orders_frames, factor=st.sampled_from([0.01, 3.0, 1000.0]))
@settings(max_examples=25, deadline=None)
def test_scaling_money_scales_only_the_monetary_value(orders: pd.DataFrame, factor: float) -> None:
    plain = rfm_summary(orders, as_of=AS_OF)
    scaled = rfm_summary(orders.assign(revenue=orders["revenue"] * factor), as_of=AS_OF)
    expected = plain.assign(monetary_value=plain["monetary_value"] * factor)
    pd.testing.assert_frame_equal(scaled, expected)


@given(orders=orders_frames, shift=st.integers(-400, 400))
@settings(max_examples=25, deadline=None)
def test_shifting_all_dates_changes_nothing(orders: pd.DataFrame, shift: int) -> None:
    moved = orders.assign(ordered_at=orders["ordered_at"] + pd.Timedelta(days=shift))
    later = (pd.Timestamp(AS_OF) + pd.Timedelta(days=shift)).date()
    pd.testing.assert_frame_equal(rfm_summary(orders, as_of=AS_OF), rfm_summary(moved, as_of=later))


@given(orders=orders_frames)
@settings(max_examples=25, deadline=None)
def test_two_halves_of_a_base_make_the_whole(orders: pd.DataFrame) -> None:
    first = orders["customer_id"].isin(list("abc"))
    halves = [rfm_summary(part, as_of=AS_OF) for part in (orders[first], orders[~first])]
    whole = rfm_summary(orders, as_of=AS_OF)
    assert sum(len(half) for half in halves) == len(whole)
    joined = pd.concat([half for half in halves if len(half)]).sort_values("customer_id")
    pd.testing.assert_frame_equal(joined.reset_index(drop=True), whole, check_dtype=False)


@given(orders=orders_frames)
@settings(max_examples=25, deadline=None)
def test_later_rows_are_never_seen(orders: pd.DataFrame) -> None:
    day = date(2017, 3, 31)
    cut = orders[orders["ordered_at"] <= "2017-03-31 23:59:59"]
    pd.testing.assert_frame_equal(rfm_summary(orders, as_of=day), rfm_summary(cut, as_of=day))


def test_purchase_days_count_each_day_once() -> None:
    days = purchase_days(HISTORY)
    assert days.groupby("customer_id").size().to_dict() == {"a": 3, "b": 1, "c": 1}
    assert days["revenue"].sum() == HISTORY["revenue"].sum()
