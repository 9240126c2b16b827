"""Which reports a command asks for, and what is refused before anything runs."""

from datetime import date, timedelta

import pytest

from helpers.batch import selection
from helpers.batch.selection import ALL, Coverage, Selection, chosen_periods, select
from helpers.errors import DataError, ParameterError, PeriodError, UsageError
from helpers.periods import Period

YEAR = Coverage("small", date(2017, 1, 1), date(2017, 12, 31))


def periods(selection, coverage=YEAR):
    return [str(period) for period in chosen_periods(selection, coverage)]


def test_the_default_is_the_last_three_complete_months():
    assert periods(Selection()) == ["2017-10", "2017-11", "2017-12"]


def test_a_month_that_ended_on_a_closed_weekend_is_complete():
    until_friday = Coverage("small", date(2017, 1, 1), date(2017, 9, 29))
    assert periods(Selection(), until_friday)[-1] == "2017-09"


def test_a_month_that_still_runs_is_not_complete():
    today = date.today()
    running = Coverage("small", date(2017, 1, 1), today)
    if today.day < 28:
        assert periods(Selection(), running)[-1] < f"{today:%Y-%m}"


@pytest.mark.parametrize(("today", "covered"), [(29, False), (30, False), (31, True)])
def test_closed_days_at_the_end_are_forgiven_only_once_the_month_is_over(
    monkeypatch, today, covered
):
    class Clock(date):
        @classmethod
        def today(cls) -> date:
            return date(2026, 11, 1) + timedelta(today - 1)

    monkeypatch.setattr(selection, "date", Clock)
    until_friday = Coverage("small", date(2026, 1, 1), date(2026, 11, 27))
    assert until_friday.has(Period.parse("2026-11")) is covered
    assert periods(Selection(), until_friday)[-1] == ("2026-11" if covered else "2026-10")
    assert (periods(Selection(first=ALL), until_friday)[-1] == "2026-11") is covered


@pytest.mark.parametrize(
    ("word", "period"),
    [
        ("last-week", "2017-W52"),
        ("last-month", "2017-12"),
        ("last-quarter", "2017Q4"),
        ("last-year", "2017"),
    ],
)
def test_a_schedule_asks_for_the_last_complete_period_by_name(word, period):
    assert periods(Selection(periods=(word,))) == [period]


def test_from_and_to_make_a_span_of_one_kind():
    assert periods(Selection(first="2017Q1", last="2017Q3")) == ["2017Q1", "2017Q2", "2017Q3"]


def test_from_alone_goes_to_the_last_complete_period():
    assert periods(Selection(first="2017-11")) == ["2017-11", "2017-12"]


def test_all_is_every_month_that_is_covered():
    partly = Coverage("small", date(2017, 1, 15), date(2017, 4, 15))
    assert periods(Selection(first=ALL), partly) == ["2017-02", "2017-03"]


def test_a_period_given_twice_runs_once():
    assert periods(Selection(periods=("2017-03", "2017-03"))) == ["2017-03"]


@pytest.mark.parametrize("period", ["2018-01", "2016-12", "2018", "2016Q4", "2018-W10"])
def test_a_period_that_the_data_does_not_cover_is_refused_and_what_is_covered_named(period):
    with pytest.raises(PeriodError) as refused:
        periods(Selection(periods=(period,)))
    assert "2017-01-01 to 2017-12-31" in str(refused.value)
    assert refused.value.exit_status == 2


def test_the_hint_names_the_covered_periods_of_the_same_kind():
    with pytest.raises(PeriodError, match="quarters are 2017Q1 to 2017Q4"):
        periods(Selection(periods=("2018Q1",)))
    short = Coverage("small", date(2017, 3, 1), date(2017, 4, 30))
    with pytest.raises(PeriodError, match="none: the data is shorter than that"):
        periods(Selection(periods=("2017",)), short)


def test_periods_are_checked_before_the_calendar_is_walked():
    with pytest.raises(PeriodError, match="lies before"):
        periods(Selection(first="2017-05", last="2017-02"))
    with pytest.raises(PeriodError, match="is a quarter"):
        periods(Selection(first="2017-05", last="2017Q3"))


def test_every_family_and_period_is_selected_with_checked_parameters(project):
    selected = select(Selection(periods=("2017-03",), overrides={"horizon": 6}))
    assert [report.edition.family for report in selected.reports] == ["alpha", "beta"]
    assert selected.reports[0].parameters["horizon"] == 6
    assert selected.reports[0].as_of == date(2017, 3, 31)


def test_an_unknown_parameter_is_refused_with_the_nearest_name(project):
    with pytest.raises(ParameterError, match="did you mean `horizon`") as refused:
        select(Selection(overrides={"horizn": 6}))
    assert refused.value.exit_status == 2


def test_an_unknown_family_or_source_is_refused_with_the_nearest_name(project):
    with pytest.raises(UsageError, match="did you mean `alpha`"):
        select(Selection(families=("alpa",)))
    with pytest.raises(UsageError, match="did you mean `small`"):
        select(Selection(source="smal"))


def test_a_slice_that_no_customer_is_in_is_refused_before_anything_runs(project):
    assert select(Selection(slices=("age=19-24",))).reports[0].edition.slice == "age=19-24"
    with pytest.raises(ParameterError, match="did you mean `age`"):
        select(Selection(slices=("agee=19-24",)))
    with pytest.raises(ParameterError, match="did you mean `19-24`"):
        select(Selection(slices=("age=19-25",)))


def test_only_keeps_what_matches_a_pattern(project):
    found = select(Selection(first="2017-08", last="2017-11", only=("*/beta/2017-1*",))).reports
    assert [report.edition.name for report in found] == ["small/beta/2017-10", "small/beta/2017-11"]


def test_a_family_whose_tables_are_missing_does_not_apply(project):
    project.family("gamma", "print(1)", needs=("orders", "campaigns"))
    found = select(Selection(families=("gamma",), periods=("2017-03",))).reports
    assert found[0].missing == ("campaigns",)


def test_data_that_the_quality_gate_refuses_stops_with_status_3(project):
    bad = "".join(f"o{number},c1,never,x\n" for number in range(31))
    (project.data / "orders-01.csv").write_text(f"order,customer,day,revenue\n{bad}")
    with pytest.raises(DataError) as refused:
        select(Selection())
    assert refused.value.exit_status == 3


def test_a_project_without_notebooks_says_so(project):
    for path in (project.root / "notebooks").iterdir():
        path.unlink()
    with pytest.raises(UsageError, match="no report family"):
        select(Selection())
