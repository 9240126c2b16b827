"""Periods: reading, neighbours, ranges."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.errors import PeriodError
from helpers.periods import Period, last_complete

KINDS = ["week", "month", "quarter", "year"]
DAYS = st.dates(date(1990, 1, 1), date(2089, 12, 31))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2017-09", date(2017, 9, 1), date(2017, 9, 30)),
        ("2016-02", date(2016, 2, 1), date(2016, 2, 29)),
        ("2017Q4", date(2017, 10, 1), date(2017, 12, 31)),
        ("2017", date(2017, 1, 1), date(2017, 12, 31)),
        ("2017-W01", date(2017, 1, 2), date(2017, 1, 8)),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 3)),
    ],
)
def test_a_name_is_a_closed_span_of_days(text: str, start: date, end: date) -> None:
    period = Period.parse(text)
    assert (period.start, period.end, str(period)) == (start, end, text)
    assert period.as_of == end


@pytest.mark.parametrize(
    "text", ["2017-13", "2017-00", "2017-W54", "2019-W53", "2017Q5", "17-09", "", "next"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(PeriodError, match=r"period"):
        Period.parse(text)


@given(day=DAYS, kind=st.sampled_from(KINDS))
def test_a_period_contains_its_day_and_meets_its_neighbours(day: date, kind: str) -> None:
    period = Period.containing(day, kind)
    assert period.start <= day <= period.end
    assert period.previous().end + timedelta(days=1) == period.start
    assert period.next().previous() == period
    assert Period.parse(str(period)) == period


@given(day=DAYS, kind=st.sampled_from(["month", "quarter", "year"]))
def test_the_year_before_has_the_same_place_in_its_year(day: date, kind: str) -> None:
    period = Period.containing(day, kind)
    before = period.year_before()
    assert (before.start.year, before.start.month) == (period.start.year - 1, period.start.month)


def test_the_week_a_year_before_lies_52_weeks_back() -> None:
    assert str(Period.parse("2020-W53").year_before()) == "2020-W01"


def test_a_range_includes_both_ends() -> None:
    found = Period.parse("2016-11").through(Period.parse("2017-02"))
    assert [str(p) for p in found] == ["2016-11", "2016-12", "2017-01", "2017-02"]


@pytest.mark.parametrize(("first", "last"), [("2017-05", "2017-04"), ("2017-05", "2017Q4")])
def test_a_range_backwards_or_of_two_kinds_is_refused(first: str, last: str) -> None:
    with pytest.raises(PeriodError, match="Hint"):
        list(Period.parse(first).through(Period.parse(last)))


def test_a_month_without_its_last_day_is_not_complete() -> None:
    assert [str(p) for p in last_complete(date(2017, 12, 30), count=2)] == ["2017-10", "2017-11"]
    assert [str(p) for p in last_complete(date(2017, 12, 31), count=2)] == ["2017-11", "2017-12"]
