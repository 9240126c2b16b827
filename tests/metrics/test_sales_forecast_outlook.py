"""The page's model on a small shop whose truth is known, and what hangs on it."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from helpers.errors import MetricError
from helpers.metrics import sales_forecast as sf
from helpers.periods import Period

FIRST, MAY = date(2017, 1, 1), Period.parse("2017-05")


def shop(last: date = date(2017, 6, 30), seed: int = 4) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return orders and lines: 6 to 12 orders a day, more on Saturdays, three departments."""
    rng = np.random.default_rng(seed)
    days = pd.date_range(FIRST, last)
    count = np.where(days.dayofweek == 5, 12, 6) + rng.integers(0, 3, len(days))
    ordered = np.repeat(days.to_numpy(), count) + np.timedelta64(10, "h")
    n = len(ordered)
    value = rng.uniform(5, 15, n).round(2)
    ids = [f"o{i:05}" for i in range(n)]
    orders = pd.DataFrame(
        {
            "order_id": ids,
            "customer_id": [f"c{i}" for i in rng.integers(0, 90, n)],
            "ordered_at": ordered,
            "revenue": value,
            "store_id": rng.choice(["north", "south"], n),
        }
    )
    fresh = (value * 0.4).round(2)
    lines = pd.concat(
        [
            pd.DataFrame({"order_id": ids, "category": "Fresh", "revenue": fresh}),
            pd.DataFrame({"order_id": ids, "category": "Dry", "revenue": value - fresh}),
        ],
        ignore_index=True,
    )
    return orders, lines


@pytest.fixture(scope="module")
def made() -> sf.Outlook:
    orders, lines = shop()
    return sf.outlook(orders, lines, period=MAY, first=FIRST, country="US")


def test_departments_and_shops_add_up_to_the_total_every_day(made: sf.Outlook) -> None:
    ahead = dict(zip(made.fit.ids, made.fit.ahead["forecast"], strict=True))
    assert {parent for parent, _ in made.parts.groups} == {sf.TOTAL}
    assert len(made.parts.groups) == 2
    for parent, children in made.parts.groups:
        assert np.allclose(sum(ahead[name] for name in children), ahead[parent])
    back = dict(zip(made.fit.ids, made.fit.test.forecasts["forecast"], strict=True))
    for parent, children in made.parts.groups:
        assert np.allclose(sum(back[name] for name in children), back[parent])


def test_history_of_the_parts_is_the_orders_table_to_the_cent(made: sf.Outlook) -> None:
    orders, _ = shop()
    seen = orders[orders["ordered_at"] < "2017-06-01"]["revenue"].sum()
    sums = made.parts.frame.groupby("unique_id")["y"].sum()
    assert sums[sf.TOTAL] == pytest.approx(seen, abs=0.005)
    for _, children in made.parts.groups:
        assert sums[list(children)].sum() == pytest.approx(seen, abs=0.005)
    may = orders[(orders["ordered_at"] >= "2017-05-01") & (orders["ordered_at"] < "2017-06-01")]
    assert sf.period_sales(made) == pytest.approx(may["revenue"].sum(), abs=0.005)


def test_rows_after_the_period_change_nothing(made: sf.Outlook) -> None:
    orders, lines = shop()
    cut = orders[orders["ordered_at"] < "2017-06-01"]
    again = sf.outlook(cut, lines, period=MAY, first=FIRST, country="US")
    assert np.array_equal(again.fit.ahead["forecast"], made.fit.ahead["forecast"])
    assert again.customers == made.customers
    assert [k.value for k in sf.headline(again)] == [k.value for k in sf.headline(made)]


def test_no_past_forecast_of_the_page_knows_what_came(made: sf.Outlook) -> None:
    """Choice of model, holidays and weights included: all origins lie before 2 May."""
    orders, lines = shop()
    late = orders["ordered_at"] >= "2017-05-02"
    factor = pd.Series(np.where(late, 3.0, 1.0), index=orders["order_id"])
    other = sf.outlook(
        orders.assign(revenue=orders["revenue"] * factor.to_numpy()),
        lines.assign(revenue=lines["revenue"] * lines["order_id"].map(factor)),
        period=MAY, first=FIRST, country="US",
    )  # fmt: skip
    assert other.fit.ids == made.fit.ids
    for name, forecasts in made.fit.test.forecasts.items():
        assert np.array_equal(forecasts, other.fit.test.forecasts[name], equal_nan=True), name
    assert not np.allclose(made.fit.test.actual, other.fit.test.actual, equal_nan=True)
    assert not np.allclose(made.fit.ahead["forecast"], other.fit.ahead["forecast"])


def test_the_order_of_rows_changes_nothing(made: sf.Outlook) -> None:
    orders, lines = shop()
    mixed = sf.outlook(
        orders.sample(frac=1, random_state=1), lines.sample(frac=1, random_state=2),
        period=MAY, first=FIRST, country="US",
    )  # fmt: skip
    assert np.allclose(mixed.fit.ahead["forecast"], made.fit.ahead["forecast"])


def test_what_came_lies_near_the_forecast_of_a_steady_shop(made: sf.Outlook) -> None:
    orders, _ = shop()
    june = orders[orders["ordered_at"] >= "2017-06-01"]
    row = made.totals.row(sf.TOTAL)
    assert row["forecast"] == pytest.approx(june["revenue"].sum(), rel=0.06)
    assert row["low_95"] <= june["revenue"].sum() <= row["high_95"]
    assert made.totals.row(sf.ORDERS)["forecast"] == pytest.approx(len(june), rel=0.05)
    assert made.customers.forecast == pytest.approx(june["customer_id"].nunique(), rel=0.08)


def test_chances_fall_with_the_target_and_are_never_certain(made: sf.Outlook) -> None:
    expected = made.totals.row(sf.TOTAL)["forecast"]
    chances = [made.totals.chance(sf.TOTAL, expected * f) for f in (0.5, 0.98, 1.02, 2.0)]
    assert chances == sorted(chances, reverse=True)
    assert 0 < chances[-1] < 0.1
    assert 0.9 < chances[0] < 1
    with pytest.raises(MetricError, match="no series"):
        made.totals.chance("Totl", 1.0)


def test_headline_shows_what_the_page_before_said(made: sf.Outlook) -> None:
    orders, lines = shop()
    now, before, last_year = sf.outlooks(orders, lines, period=MAY, first=FIRST, country="US")
    assert last_year is None
    assert before is not None
    kpis = {k.contract.name: k for k in sf.headline(now, previous=before, growth=0.1)}
    assert len(kpis) == 7
    april = before.totals.row(sf.TOTAL)["forecast"]
    assert kpis["forecast_sales"].previous == pytest.approx(april, abs=0.01)
    assert kpis["forecast_sales"].low < kpis["forecast_sales"].value < kpis["forecast_sales"].high
    assert kpis["period_sales"].year_before is None
    target = sf.period_sales(now, MAY.previous()) / 30 * 31 * 1.1
    reached = kpis["target_attainment"]
    assert reached.value == pytest.approx(sf.period_sales(now) / target, abs=1e-4)
    assert reached.assumed
    assert kpis["target_probability"].assumed
    given = {k.contract.name: k for k in sf.headline(now, target=2 * sf.period_sales(now))}
    assert given["target_attainment"].value == 0.5


def test_every_headline_figure_is_split_into_what_moved_it() -> None:
    orders, lines = shop()
    now, before, _ = sf.outlooks(orders, lines, period=MAY, first=FIRST, country="US")
    goals = {"target": 3000.0, "next_target": 3100.0, "growth": 0.1}
    moved = sf.headline_drivers(now, before, None, **goals)
    assert set(moved["against"]) == {"Period before"}
    sums = moved.groupby("kpi")["effect"].sum()
    for kpi in sf.headline(now, previous=before, **goals):
        change = kpi.value - kpi.previous
        assert sums[kpi.contract.label] == pytest.approx(
            change, abs=1.01 * 10.0**-kpi.contract.precision
        )
    days = moved[
        (moved["kpi"] == "Orders expected next period") & (moved["driver"] == "Number of days")
    ]
    assert (days["before"].item(), days["after"].item()) == (31.0, 30.0)  # May, then June


def test_figures_that_an_earlier_page_could_not_tell_are_left_out(made: sf.Outlook) -> None:
    alone = sf.headline_drivers(made, None, None, growth=0.1)
    assert alone["kpi"].unique().tolist() == ["Sales of the period"]  # its days reach over April
    orders, lines = shop(last=date(2017, 1, 31))
    january = sf.outlook(orders, lines, period=Period.parse("2017-01"), first=FIRST)
    assert sf.headline_drivers(january, None, None).empty


def test_scorecard_scores_the_stored_forecast_against_what_came(made: sf.Outlook) -> None:
    orders, _ = shop()
    days = sf.daily(orders, first=FIRST, as_of=date(2017, 6, 30))
    card = sf.scorecard(made, days).set_index("model")
    june = orders[orders["ordered_at"] >= "2017-06-01"]["revenue"].sum()
    assert card["actual"].to_list() == pytest.approx([june] * 3)
    row = card.loc["Forecast"]
    assert row["expected"] == pytest.approx(made.totals.row(sf.TOTAL)["forecast"])
    assert row["error"] == pytest.approx(row["expected"] / june - 1)
    assert 0.5 <= row["coverage"] <= 1
    assert np.isnan(card.loc["Repeat last week", "coverage"])
    with pytest.raises(MetricError, match="has come"):
        sf.scorecard(made, days[days["ds"] <= "2017-05-31"])


def test_a_kept_forecast_is_judged_like_the_one_that_made_it(made: sf.Outlook) -> None:
    kept = sf.predictions(made)
    assert tuple(kept.columns) == sf.PREDICTED
    whole = kept[(kept["unique_id"] == sf.TOTAL) & (kept["span"] == "period")].iloc[0]
    days = kept[(kept["unique_id"] == sf.TOTAL) & (kept["span"] == "day")]
    assert len(days) == 30
    for column in ("forecast", "cycle_mean", "seasonal_naive"):
        assert whole[column] == pytest.approx(days[column].sum())
    people = kept[kept["unique_id"] == sf.CUSTOMERS].iloc[0]
    assert (people["forecast"], people["low_80"]) == (
        made.customers.forecast, made.customers.low_80,
    )  # fmt: skip
    chance = kept[kept["span"] == "chance"].iloc[0]
    assert chance["target"] == pytest.approx(sf.targets(made)[1])
    assert chance["forecast"] == made.totals.chance(sf.TOTAL, chance["target"])
    total = made.totals.row(sf.TOTAL)
    assert (whole["low_80"], whole["high_80"]) == (total["low_80"], total["high_80"])
    orders, _ = shop()
    page = sf.outlook(orders, None, period=made.ahead, first=FIRST)
    own = sf.scorecard_rows(kept, page)["frame"]
    pd.testing.assert_frame_equal(own, sf.scorecard(made, page.days)[list(own.columns)])
    halved = kept.assign(forecast=kept["forecast"] / 2)
    assert "below what came" in sf.last_verdict(halved, page)
    assert "too little history" in sf.last_verdict(sf.predictions(None), page)
    assert sf.scorecard_rows(sf.predictions(None), page)["frame"].empty


def test_everything_that_was_predicted_is_judged(made: sf.Outlook) -> None:
    orders, lines = shop()
    june = orders[orders["ordered_at"] >= "2017-06-01"]
    page = sf.outlook(orders, lines, period=made.ahead, first=FIRST)
    kept = sf.predictions(made)
    table = sf.outcome(kept, page, orders, lines).set_index("unique_id")
    assert set(table.index) == {*made.fit.ids, sf.CUSTOMERS}
    assert table.loc[sf.TOTAL, "actual"] == pytest.approx(june["revenue"].sum())
    assert table.loc[sf.ORDERS, "actual"] == len(june)
    assert table.loc[sf.CUSTOMERS, "actual"] == june["customer_id"].nunique()
    north = june.loc[june["store_id"] == "north", "revenue"].sum()
    assert table.loc["Shop: north", "actual"] == pytest.approx(north)
    row = table.loc["Department: Fresh"]
    assert row["actual"] == pytest.approx((june["revenue"] * 0.4).round(2).sum())
    assert row["error"] == pytest.approx(row["forecast"] / row["actual"] - 1)
    assert row["inside"] == float(row["low_80"] <= row["actual"] <= row["high_80"])
    assert 0.5 <= row["coverage"] <= 1
    for part, error in (("cycle_mean", "error_rule"), ("seasonal_naive", "error_naive")):
        said = kept[(kept["unique_id"] == sf.ORDERS) & (kept["span"] == "period")][part].item()
        assert table.loc[sf.ORDERS, error] == pytest.approx(said / len(june) - 1)
    rows = sf.outcome_rows(kept, page, orders, lines)["frame"]
    assert not rows["unique_id"].str.startswith("Shop").any()
    assert rows["unique_id"].tolist()[:3] == [sf.TOTAL, sf.ORDERS, sf.CUSTOMERS]
    assert set(rows["inside"]) <= {"Yes", "No"}
    shops = sf.outcome_rows(kept, page, orders, lines, shops=True)["frame"].set_index("unique_id")
    assert set(shops.index) == {"north", "south"}
    buyers = june.loc[june["store_id"] == "north", "customer_id"].nunique()
    assert shops.loc["north", "customers"] == buyers
    said = sf.outcome_verdict(kept, page, orders, lines)
    assert f"Of {len(table)} sums" in said
    assert "Brier" in said
    nothing = sf.predictions(None)
    assert sf.outcome(nothing, page, orders, lines).empty
    assert sf.outcome_rows(nothing, page, orders, lines)["frame"].empty
    assert sf.outcome_verdict(nothing, page, orders, lines) == ""
    told = sf.outcome_sentences(kept, page, orders, lines, origin="From November.")
    assert told == [sf.last_verdict(kept, page), said, "From November."]
    assert len(sf.outcome_sentences(nothing, page, orders, lines, origin="From November.")) == 1
    titles = [rows["title"] for rows in sf.outcome_tables(kept, page, orders, lines)]
    assert len(set(titles)) == 3


def test_parts_that_closed_or_changed_are_judged_by_the_names_they_had(made: sf.Outlook) -> None:
    orders, lines = shop()
    june = orders[orders["ordered_at"] >= "2017-06-01"].assign(store_id="south")
    other = lines.assign(category="New")
    ids = ["Shop: north", "Shop: All others", "Department: Fresh", "Department: All others"]
    found = sf.came(ids, june, other, first=date(2017, 6, 1), as_of=date(2017, 6, 30))
    sums = found.groupby("unique_id")["y"].sum()
    assert (sums["Shop: north"], sums["Department: Fresh"]) == (0.0, 0.0)
    whole = june["revenue"].sum()
    assert sums["Shop: All others"] == pytest.approx(whole)
    assert sums["Department: All others"] == pytest.approx(whole)


def test_a_chance_is_scored_against_what_happened(made: sf.Outlook) -> None:
    orders, lines = shop()
    page = sf.outlook(orders, lines, period=made.ahead, first=FIRST)
    came = sf.period_sales(page)
    # Brier: a chance of p is off by (p - 1)^2 where the target is reached, by p^2 where it is not
    for target, reached in ((came - 1, 1.0), (came + 1, 0.0)):
        row = sf.chance_outcome(sf.predictions(made, next_target=target), page).iloc[0]
        assert row["chance"] == made.totals.chance(sf.TOTAL, target)
        assert row["reached"] == reached
        assert row["brier"] == pytest.approx((row["chance"] - reached) ** 2)


def test_the_pace_towards_a_target_ends_at_what_was_reached(made: sf.Outlook) -> None:
    sold = sf.period_sales(made)
    way = sf.on_the_way(made, target=sold / 2)
    assert way["ds"].dt.day.tolist() == [8, 16, 23, 31]
    assert way["pace"].iloc[-1] == pytest.approx(2.0)
    assert way["actual"].iloc[-1] == pytest.approx(sold)
    assert way["due"].iloc[-1] == pytest.approx(sold / 2)
    assert way["pace"].to_numpy() == pytest.approx((way["actual"] / way["due"]).to_numpy())
    assert sf.chance_course(made, way)["ds"].tolist() == way["ds"].tolist()[:3]
    assert sf.on_the_way(made, target=float("nan")).empty
    assert sf.pace_rows(sf.on_the_way(made, target=float("nan")))["frame"].empty


def test_measures_by_series_stand_beside_repeating_the_last_week(made: sf.Outlook) -> None:
    table = sf.accuracy_table(made).set_index("series")
    assert set(table.index) == set(made.fit.ids)
    own = made.fit.accuracy().set_index(["unique_id", "model"])
    total = table.loc[sf.TOTAL]
    assert total["mase"] == own.loc[(sf.TOTAL, "forecast"), "mase"]
    assert total["smape_naive"] == own.loc[(sf.TOTAL, "seasonal_naive"), "smape"]
    assert total["wape"] < total["wape_naive"]
    assert total["coverage_80"] <= total["coverage_95"]
    assert not sf.accuracy_rows(made)["frame"]["series"].str.startswith("Shop").any()
    orders, _ = shop()
    by_shop = sf.accuracy_rows(made, orders)["frame"].set_index("series")
    assert by_shop.loc["south", "mase"] == table.loc["Shop: south", "mase"]
    may = orders[orders["ordered_at"].between("2017-05-01", "2017-05-31 23:59:59")]
    south = may.loc[may["store_id"] == "south", "customer_id"].nunique()
    assert by_shop.loc["south", "customers"] == south


def test_factors_split_the_change_exactly() -> None:
    # April: 30 days, 2 orders a day of 10; May: 31 days, 3 a day of 12 -> 600 to 1,116
    days = pd.DataFrame({"ds": pd.date_range("2017-04-01", "2017-05-31")})
    may = days["ds"] >= "2017-05-01"
    days["orders"] = np.where(may, 3, 2)
    days["revenue"] = np.where(may, 36.0, 20.0)
    split = sf.factors(days, period=MAY, against=MAY.previous()).set_index("factor")
    assert split["contribution"].sum() == pytest.approx(516)
    mean = 516 / np.log(1116 / 600)
    assert split.loc["Orders a day", "contribution"] == pytest.approx(mean * np.log(1.5))
    assert split.loc["Number of days", "contribution"] == pytest.approx(mean * np.log(31 / 30))
    assert "orders a day" in sf.explain(split.reset_index(), against="April")
    same = sf.factors(days, period=MAY, against=MAY)
    assert same["contribution"].to_list() == [0.0, 0.0, 0.0]
    with pytest.raises(MetricError, match="no sales"):
        sf.factors(days.assign(orders=0), period=MAY, against=MAY.previous())


def test_weekdays_tell_the_calendar_from_the_trade() -> None:
    days = pd.DataFrame({"ds": pd.date_range("2017-04-01", "2017-05-31")})
    days["revenue"] = np.where(days["ds"].dt.dayofweek == 5, 70.0, 10.0)
    split = sf.weekdays(days, period=MAY, against=MAY.previous())
    # only Saturdays differ: 5 of 30 days in April, 4 of 31 in May
    assert split["rate"].abs().sum() == 0
    assert split["mix"].sum() == pytest.approx(60 * (4 / 31 - 5 / 30))


def test_contributions_of_the_parts_sum_to_the_change_a_day(made: sf.Outlook) -> None:
    moved = sf.contributors(made.parts, period=MAY, against=MAY.previous())
    change = sf.period_sales(made) / 31 - sf.period_sales(made, MAY.previous()) / 30
    assert moved.groupby("kind")["change"].sum().to_list() == pytest.approx([change, change])


def test_a_comparison_that_the_history_cannot_make_is_a_sentence(made: sf.Outlook) -> None:
    nothing = sf.compare(made, MAY.year_before(), name="May 2016")
    assert nothing.factors.empty
    assert "May 2016" in nothing.sentences[0]
    real = sf.compare(made, MAY.previous(), name="April 2017")
    assert len(real.sentences) == 4
    assert len(real.weekdays) == 14


def test_a_goal_half_way_and_at_its_end() -> None:
    days = pd.DataFrame({"ds": pd.date_range("2017-03-01", "2017-05-31"), "revenue": 10.0})
    half = sf.goal(days, period=MAY, target=310.0, as_of=date(2017, 5, 15))
    assert (half.actual, half.attainment) == (150.0, pytest.approx(150 / 310))
    assert half.due == pytest.approx(15 / 31)
    assert half.pace == pytest.approx(1.0)
    assert half.expected == pytest.approx(310.0, rel=1e-3)
    end = sf.goal(days, period=MAY, target=300.0, as_of=MAY.end)
    assert (end.probability, end.attainment) == (1.0, pytest.approx(310 / 300))
    assert sf.goal(days, period=MAY, target=311.0, as_of=MAY.end).probability == 0.0
    for wrong in ({"target": 0.0}, {"as_of": date(2017, 4, 30)}):
        with pytest.raises(MetricError):
            sf.goal(days, **{"period": MAY, "target": 1.0, "as_of": MAY.end, **wrong})


def test_added_up_the_forecast_ends_at_its_sum_and_widens(made: sf.Outlook) -> None:
    path = sf.cumulated(made.fit, made.totals)
    row = made.totals.row(sf.TOTAL)
    assert path.iloc[-1][["forecast", "low_80", "high_80"]].to_list() == pytest.approx(
        row[["forecast", "low_80", "high_80"]].to_list()
    )
    assert (np.diff(path["high_80"] - path["forecast"]) >= -1e-9).all()


def test_windows_count_customers_once() -> None:
    rows = pd.DataFrame(
        {
            "order_id": list("abcd"),
            "customer_id": ["x", "x", "y", "x"],
            "ordered_at": pd.to_datetime(["2017-01-01", "2017-01-02", "2017-01-03", "2017-01-04"]),
            "revenue": [1.0, 2.0, 3.0, -1.0],
        }
    )
    found = sf.windows(rows, first=FIRST, as_of=date(2017, 1, 4), days=2,
                       measures=("customers", "orders", "revenue"))  # fmt: skip
    assert found["customers"].to_list() == [1, 2]
    assert found["revenue"].to_list() == [3.0, 2.0]
    with pytest.raises(MetricError):
        sf.windows(rows, first=FIRST, as_of=date(2017, 1, 4), days=2, measures=("visits",))


def test_days_without_orders_count_as_zero_and_returns_count_negative() -> None:
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2"],
            "customer_id": ["a", "a"],
            "ordered_at": pd.to_datetime(["2017-01-01 09:00", "2017-01-03 23:59"]),
            "revenue": [10.0, -4.0],
        }
    )
    days = sf.daily(orders, first=FIRST, as_of=date(2017, 1, 3))
    assert days["revenue"].to_list() == [10.0, 0.0, -4.0]
    assert days["customers"].to_list() == [1, 0, 1]
    empty = sf.daily(orders.iloc[:0], first=FIRST, as_of=FIRST)
    assert empty["revenue"].to_list() == [0.0]
    with pytest.raises(MetricError, match="without a date"):
        sf.daily(orders.assign(revenue=np.nan), first=FIRST, as_of=FIRST)


def test_too_little_history_and_no_sales_are_refused_in_words() -> None:
    orders, lines = shop()
    with pytest.raises(MetricError, match="too few"):
        sf.outlook(orders, lines, period=Period.parse("2017-W01"), first=FIRST)
    with pytest.raises(MetricError, match="no sales"):
        sf.outlook(orders.iloc[:0], lines, period=MAY, first=FIRST)


@pytest.mark.parametrize("period", ["2017-01", "2017-W10", "2017Q1"])
def test_short_histories_still_make_a_whole_page(period: str) -> None:
    orders, _ = shop()
    span = Period.parse(period)
    page, before, _ = sf.outlooks(
        orders.drop(columns="store_id"), None, period=span, first=FIRST, country="US"
    )
    kpis = {k.contract.name: k for k in [*sf.headline(page, previous=before), *sf.trust_kpis(page)]}
    assert kpis["forecast_sales"].value > 0
    assert all(k.note for k in kpis.values() if k.value is None)
    assert not any("nan" in sentence for sentence in said_on(page, before))
    assert sf.shop_frame(page, orders).empty
    assert sf.parts_ahead(page, kind="Department").empty
    assert len(sf.rules(page)) in (0, 6)


def test_a_period_in_which_nothing_was_sold_is_told_in_words() -> None:
    orders, _ = shop()
    quiet = orders[~orders["ordered_at"].between("2017-05-01", "2017-05-31 23:59:59")]
    page, before, _ = sf.outlooks(
        quiet.drop(columns="store_id"), None, period=MAY, first=FIRST, country="US"
    )
    assert page.days.loc[page.days["ds"] >= "2017-05-01", "revenue"].sum() == 0
    said = sf.predictions(before)
    assert "Nothing was sold in the period" in sf.last_verdict(said, page)
    judged = sf.outcome(said, page, quiet.drop(columns="store_id"), None)
    assert (judged["actual"] == 0).all()
    assert judged["error"].isna().all()
    assert "nan" not in sf.outcome_verdict(said, page, quiet, None)
    assert not any("nan" in sentence for sentence in said_on(page, before))


def said_on(page: sf.Outlook, before: sf.Outlook | None) -> list[str]:
    return [sf.expectation(page), sf.trust(page), sf.season_caution(page, first=FIRST),
            sf.holiday_note(page), sf.last_verdict(sf.predictions(before), page),
            sf.says_past(page),
            sf.says_daily(page), *sf.next_steps(page, next_target=sf.targets(page)[1]),
            *sf.quality_sentences(page)]  # fmt: skip


def test_one_customer_who_buys_the_same_every_day() -> None:
    days = pd.date_range(FIRST, "2017-05-31")
    orders = pd.DataFrame(
        {
            "order_id": [str(i) for i in range(len(days))],
            "customer_id": "only",
            "ordered_at": days + timedelta(hours=9),
            "revenue": 20.0,
        }
    )
    page = sf.outlook(orders, period=MAY, first=FIRST)
    assert page.totals.row(sf.TOTAL)["forecast"] == pytest.approx(600.0, rel=1e-3)
    assert page.customers.forecast == pytest.approx(1.0)
    assert page.customers.low_80 == pytest.approx(1.0)


def test_the_cube_holds_all_sales(made: sf.Outlook) -> None:
    orders, _ = shop()
    cube = sf.sales_cube(orders, first=FIRST, as_of=MAY.end)
    assert cube["sales"].sum() == pytest.approx(
        orders.loc[orders["ordered_at"] < "2017-06-01", "revenue"].sum()
    )
    assert set(cube["shop"]) == {"north", "south"}
    assert cube["month"].nunique() == 5


def test_a_shop_with_few_customers_is_not_told_apart() -> None:
    orders, lines = shop()
    few = orders["customer_id"].isin([f"c{i}" for i in range(5)])
    store = orders["store_id"].mask(few, "corner")
    found = sf.hierarchy(orders.assign(store_id=store), lines, first=FIRST, as_of=MAY.end)
    shops = {name for kind, name in found.labels.values() if kind == "Shop"}
    assert shops == {"north", "south", "All others"}


def test_a_day_of_the_course_says_how_many_bought(made: sf.Outlook) -> None:
    """A forecast has behind it at least the customers of the best day that is shown."""
    course = sf.recent_and_ahead(made)
    actual = course[course["series"] == "Actual"]
    days = made.days.tail(56)
    assert actual["customers"].tolist() == days["customers"].tolist()
    assert actual["sales"].tolist() == days["revenue"].tolist()
    ahead = course[course["series"] == "Forecast"]
    assert ahead["customers"].iloc[0] == days["customers"].iloc[-1], "tied to the last actual day"
    assert set(ahead["customers"].iloc[1:]) == {days["customers"].max()}
