"""Purchase days, the window, and customer movements: worked by hand on five customers."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import MetricError
from helpers.metrics.churn import (
    active_customers,
    bridge,
    choose_window,
    churn,
    churn_cube,
    churn_history,
    movements,
    pauses,
    purchase_days,
    segments,
    spend_bridge,
)
from helpers.periods import Period

MARCH = Period.parse("2017-03")


def orders(*rows: tuple[str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    return table.assign(
        order_id=[str(i) for i in range(len(rows))],
        ordered_at=pd.to_datetime(table["ordered_at"]),
        revenue=table["revenue"].astype("float64"),
        customer_id=table["customer_id"].astype(str),
    )


# With a window of 30 days, March 2017. The day before is 28 February, the last day 31 March.
# ann   buys 20 Feb and 10 Mar: active at both ends            kept
# ben   buys 5 Feb only: 23 days back on 28 Feb, 54 on 31 Mar  lapsed
# cleo  buys 3 Jan and 5 Mar: 56 days back on 28 Feb           reactivated
# dan   first buys 7 Mar                                       new
# eve   buys 3 Jan only                                        away
FIVE = orders(
    ("ann", "2017-02-20 10:00", 10.0),
    ("ann", "2017-03-10 18:00", 20.0),
    ("ben", "2017-02-05 09:00", 30.0),
    ("cleo", "2017-01-03 12:00", 40.0),
    ("cleo", "2017-03-05 12:00", 5.0),
    ("dan", "2017-03-07 12:00", 7.0),
    ("eve", "2017-01-03 12:00", 9.0),
)


def test_orders_of_one_day_are_one_purchase_day_and_returns_are_none() -> None:
    found = purchase_days(
        orders(
            ("b", "2017-01-02 23:59", 5.0),
            ("a", "2017-01-01 08:00", 5.0),
            ("a", "2017-01-01 20:00", 7.5),
            ("a", "2017-01-03 20:00", -2.5),
            ("a", "2017-01-04 20:00", 0.0),
        )
    )
    assert found["customer_id"].tolist() == ["a", "a", "a", "b"]
    assert found["day"].dt.day.tolist() == [1, 3, 4, 2]
    assert found["orders"].tolist() == [2, 0, 1, 1]  # a return is no purchase, a free order is one
    assert found["revenue"].tolist() == [12.5, -2.5, 0.0, 5.0]
    assert str(found["day"].dtype) == "datetime64[ns]"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"customer_id": None}, "1 rows of `orders` have no value"),
        ({"ordered_at": pd.NaT}, "ordered_at"),
        ({"revenue": float("nan")}, "revenue"),
        ({"revenue": float("inf")}, "infinite"),
    ],
)
def test_orders_that_are_not_clean_are_refused(change: dict[str, object], words: str) -> None:
    row = {"customer_id": "a", "ordered_at": pd.Timestamp("2017-01-01"), "revenue": 1.0} | change
    with pytest.raises(MetricError, match=words):
        purchase_days(pd.DataFrame([row]))


def test_a_misnamed_column_is_named_with_the_nearest() -> None:
    with pytest.raises(MetricError, match="did you mean `customer_no`"):
        purchase_days(FIVE.rename(columns={"customer_id": "customer_no"}))


def test_orders_in_place_of_purchase_days_are_refused() -> None:
    with pytest.raises(MetricError, match="purchase_days"):
        bridge(FIVE, period=MARCH, window=30)


def test_customers_move_as_worked_by_hand() -> None:
    found = movements(purchase_days(FIVE), period=MARCH, window=30).set_index("customer_id")
    assert found["movement"].to_dict() == {
        "ann": "kept", "ben": "lapsed", "cleo": "reactivated", "dan": "new", "eve": "away",
    }  # fmt: skip
    # Revenue of 30 January to 28 February.
    assert found["revenue_before"].to_dict() == {
        "ann": 10.0, "ben": 30.0, "cleo": 0.0, "dan": 0.0, "eve": 0.0,
    }  # fmt: skip


def test_the_bridge_closes() -> None:
    found = bridge(purchase_days(FIVE), period=MARCH, window=30).set_index("step")["customers"]
    assert found.to_dict() == {"start": 2, "new": 1, "reactivated": 1, "lapsed": -1, "end": 3}


def test_churn_is_lapsed_over_active_at_the_start() -> None:
    found = churn(purchase_days(FIVE), period=MARCH, window=30)
    assert found["churn_rate"] == 0.5
    assert found["revenue_churn_rate"] == 30 / 40
    assert found["reactivation_rate"] == 0.5  # cleo of cleo and eve
    # Wilson, by hand: (.5 + .9604 ± 1.96·sqrt(.125 + .2401)) / 2.9207.
    assert found["churn_low"] == pytest.approx(0.0945, abs=5e-5)
    assert found["churn_high"] == pytest.approx(0.9055, abs=5e-5)


@pytest.mark.parametrize(("days_back", "active"), [(29, 1), (30, 0)])
def test_silence_of_exactly_the_window_is_a_lapse(days_back: int, active: int) -> None:
    last = pd.Timestamp("2017-03-31") - pd.Timedelta(days=days_back)
    visits = purchase_days(orders(("a", str(last), 1.0)))
    assert active_customers(visits, as_of=date(2017, 3, 31), window=30) == active


def test_a_day_of_returns_alone_is_no_sign_of_life() -> None:
    visits = purchase_days(orders(("a", "2017-01-01", 50.0), ("a", "2017-03-30", -50.0)))
    assert active_customers(visits, as_of=date(2017, 3, 31), window=30) == 0


def test_history_leaves_out_periods_without_a_window_before_them() -> None:
    found = churn_history(purchase_days(FIVE), last=MARCH, window=30, count=12)
    assert found["period"].tolist() == ["2017-03"]  # February begins 29 days after the first row
    found = churn_history(purchase_days(FIVE), last=MARCH, window=28, count=12)
    assert found["period"].tolist() == ["2017-02", "2017-03"]


def test_an_empty_history_gives_empty_tables() -> None:
    visits = purchase_days(FIVE.iloc[:0])
    assert churn_history(visits, last=MARCH, window=30).empty
    assert bridge(visits, period=MARCH, window=30)["customers"].tolist() == [0, 0, 0, 0, 0]
    assert pd.isna(churn(visits, period=MARCH, window=30)["churn_rate"])
    assert pauses(visits, as_of=MARCH.end).empty
    assert segments(visits, as_of=MARCH.end, window=30).empty
    assert churn_cube(visits, last=MARCH, window=30, by=["spend"]).empty
    assert spend_bridge(visits, period=MARCH)["revenue"].tolist() == [0.0] * 7


# The spend bridge by hand, February to March (cents kept apart): before 10 + 30 = 40;
# dan is new +7, cleo returned +5, ann spent 10 more, ben stopped -30; now 20 + 5 + 7 = 32.
def test_the_spend_bridge_closes_to_the_cent() -> None:
    found = spend_bridge(purchase_days(FIVE), period=MARCH).set_index("step")
    assert found["revenue"].to_dict() == {
        "before": 40.0, "new": 7.0, "returned": 5.0, "more": 10.0, "less": 0.0, "stopped": -30.0,
        "now": 32.0,
    }  # fmt: skip
    assert found.loc["before", "customers"] == 2
    assert found.loc["now", "customers"] == 3


def test_a_return_in_a_period_without_purchase_lowers_its_revenue() -> None:
    rows = orders(("a", "2017-02-10", 30.0), ("a", "2017-03-10", -12.34), ("b", "2017-03-01", 0.1))
    found = spend_bridge(purchase_days(rows), period=MARCH).set_index("step")["revenue"]
    assert found["stopped"] == -42.34
    assert found["now"] == -12.24


CUSTOMERS = st.sampled_from([f"c{i}" for i in range(6)])
ROWS = st.lists(
    st.tuples(CUSTOMERS, st.integers(0, 150), st.integers(-5_000, 20_000)), min_size=1, max_size=60
)


def as_orders(rows: list[tuple[str, int, int]], shift: int = 0, scale: float = 1.0) -> pd.DataFrame:
    first = pd.Timestamp("2017-01-01") + pd.Timedelta(days=shift)
    return orders(
        *((c, str(first + pd.Timedelta(days=d)), cents * scale / 100) for c, d, cents in rows)
    )


@given(ROWS, st.integers(5, 60), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_bridges_close_whatever_the_orders_and_their_order(rows, window, random) -> None:
    visits = purchase_days(as_orders(rows))
    steps = bridge(visits, period=MARCH, window=window).set_index("step")["customers"]
    assert steps.drop("end").sum() == steps["end"]
    spent = spend_bridge(visits, period=MARCH).set_index("step")["revenue"]
    assert round(spent.drop("now").sum() * 100) == round(spent["now"] * 100)
    shuffled = list(rows)
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(purchase_days(as_orders(shuffled)), visits)


@given(ROWS, st.integers(5, 60), st.integers(1, 900))
@settings(max_examples=30, deadline=None)
def test_shifting_all_dates_changes_nothing(rows, window, shift) -> None:
    week = Period.parse("2017-W14")
    days = pd.Timedelta(days=shift * 7)
    later = Period.containing(week.start + days.to_pytimedelta(), "week")
    one = churn(purchase_days(as_orders(rows)), period=week, window=window)
    two = churn(purchase_days(as_orders(rows, shift * 7)), period=later, window=window)
    assert one == pytest.approx(two, nan_ok=True)


@given(ROWS, st.integers(5, 60))
@settings(max_examples=30, deadline=None)
def test_scaling_money_scales_money_alone(rows, window) -> None:
    one = churn(purchase_days(as_orders(rows)), period=MARCH, window=window)
    ten = churn(purchase_days(as_orders(rows, scale=10)), period=MARCH, window=window)
    money = {"revenue_at_start", "revenue_lapsed"}
    assert {k: v for k, v in one.items() if k not in money} == pytest.approx(
        {k: v for k, v in ten.items() if k not in money}, nan_ok=True
    )
    assert ten["revenue_at_start"] == pytest.approx(10 * one["revenue_at_start"], abs=1e-4)


@given(ROWS, st.integers(5, 60))
@settings(max_examples=30, deadline=None)
def test_splitting_the_customers_splits_the_counts(rows, window) -> None:
    whole = orders_of = as_orders(rows)
    half = orders_of["customer_id"].isin(["c0", "c1", "c2"])
    counts = ["start", "new", "reactivated", "lapsed", "end"]
    parts = [
        churn(purchase_days(part), period=MARCH, window=window)
        for part in (whole[half], whole[~half])
    ]
    together = churn(purchase_days(whole), period=MARCH, window=window)
    assert [parts[0][c] + parts[1][c] for c in counts] == [together[c] for c in counts]


# --- the window -----------------------------------------------------------------------------------


def regulars(gap: int, *, customers: int = 10, days: int = 300) -> pd.DataFrame:
    first = pd.Timestamp("2017-01-01")
    return orders(
        *(
            (f"c{c}", str(first + pd.Timedelta(days=d)), 1.0)
            for c in range(customers)
            for d in range(0, days, gap)
        )
    )


def test_each_customer_weighs_the_same_in_the_pauses() -> None:
    # One customer with nine pauses of 1 day, one with a single pause of 20: half, half.
    rows = [("a", f"2017-01-{d:02}", 1.0) for d in range(1, 11)]
    table = pauses(
        purchase_days(orders(*rows, ("b", "2017-01-01", 1.0), ("b", "2017-01-21", 1.0))),
        as_of=date(2017, 2, 1),
    )
    assert table["days"].tolist() == [1, 20]
    assert table["pauses"].tolist() == [9, 1]
    assert table["share"].tolist() == [0.5, 1.0]


def test_the_window_is_whole_weeks_that_cover_the_pauses() -> None:
    found = choose_window(purchase_days(regulars(10)), as_of=date(2017, 10, 27))
    assert (found.days, found.basis, found.covers, found.customers) == (14, "data", 1.0, 10)
    assert "100% of the pauses" in found.sentence


def test_a_short_history_cuts_the_window_to_a_third() -> None:
    found = choose_window(purchase_days(regulars(25, days=60)), as_of=date(2017, 3, 1))
    assert (found.days, found.basis, found.wanted) == (14, "history", 28)  # 60 days, a third is 20
    assert "too short" in found.sentence


def test_a_given_window_overrides_and_says_so() -> None:
    found = choose_window(purchase_days(regulars(10)), as_of=date(2017, 10, 27), given=60)
    assert (found.days, found.basis) == (60, "given")
    assert "parameters" in found.sentence


def test_customers_who_never_came_back_leave_an_assumption() -> None:
    once = purchase_days(orders(*((f"c{i}", "2017-01-05", 1.0) for i in range(50))))
    found = choose_window(once, as_of=date(2017, 12, 31))
    assert (found.days, found.basis, found.pauses) == (91, "assumed", 0)
    assert "assumption" in found.sentence


@pytest.mark.parametrize("wrong", [{"given": 0}, {"cover": 0.0}, {"cover": 1.0}])
def test_a_window_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(MetricError, match="Hint"):
        choose_window(purchase_days(regulars(10)), as_of=date(2017, 10, 27), **wrong)


def test_groups_are_those_known_on_the_day() -> None:
    attributes = pd.DataFrame(
        {"customer_id": ["ann", "ben", "dan"], "town": ["X", "Y", None], "name": ["a", "a", "a"]}
    )
    found = segments(purchase_days(FIVE), as_of=date(2017, 3, 31), window=30, customers=attributes)
    assert found["customer_id"].tolist() == ["ann", "cleo", "dan"]
    assert found["spend"].tolist() == ["high", "low", "middle"]  # 20, 5 and 7
    assert found["rhythm"].tolist() == ["1 day", "1 day", "1 day"]
    assert found["known_for"].tolist() == ["30–89 days", "30–89 days", "under 30 days"]
    assert found["town"].tolist() == ["X", "not known", "not known"]
    assert "name" not in found.columns  # one value tells nobody apart


def test_equal_spenders_are_in_one_group() -> None:
    rows = [(f"c{i}", "2017-03-20", 5.0) for i in range(9)]
    found = segments(purchase_days(orders(*rows)), as_of=date(2017, 3, 31), window=30)
    assert found["spend"].unique().tolist() == ["middle"]


def test_a_customer_listed_twice_is_refused() -> None:
    twice = pd.DataFrame({"customer_id": ["ann", "ann"], "town": ["X", "Y"]})
    with pytest.raises(MetricError, match="customer twice"):
        segments(purchase_days(FIVE), as_of=date(2017, 3, 31), window=30, customers=twice)


def test_the_cube_sums_to_the_measures() -> None:
    visits = purchase_days(FIVE)
    cube = churn_cube(visits, last=MARCH, window=30, by=["spend", "rhythm", "no_such"])
    whole = churn(visits, period=MARCH, window=30)
    assert list(cube.columns[:3]) == ["period", "spend", "rhythm"]
    assert cube["customers"].sum() == whole["start"]
    assert cube["lapsed"].sum() == whole["lapsed"]
    assert cube["revenue_lapsed"].sum() == whole["revenue_lapsed"]
