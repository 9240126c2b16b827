"""The prediction: learnt on earlier days, tested on a later one, beside plain rules."""

import importlib
import re
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from helpers.errors import MetricError
from helpers.metrics import customer_value as cv
from helpers.metrics.churn import (
    CHECKS,
    FEATURES,
    PREDICTED,
    THEMES,
    Action,
    alive_by,
    at_risk,
    drivers,
    due,
    earlier_studies,
    explain_changes,
    features,
    fit_risk,
    headline,
    headline_drivers,
    judged,
    labels,
    outcomes,
    plan_cutoffs,
    prediction_kpis,
    predictions,
    purchase_days,
    retention_kpi,
    score_rows,
    scorecard,
    study,
    training_rows,
    trust,
    verdict,
)
from helpers.metrics.churn.evaluation import value_of
from helpers.periods import Period

FIRST, AS_OF, WINDOW = date(2017, 1, 1), date(2017, 9, 30), 28
SEPTEMBER = Period.parse("2017-09")


def orders(customers: int = 500, seed: int = 11, days: int = 273) -> pd.DataFrame:
    """Return customers who buy at their own pace, pause for good at their own hazard."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        pace, stays, day = rng.gamma(2, 4) + 1, rng.exponential(250), rng.uniform(0, 150)
        end = day + stays
        while day < min(end, days):
            rows.append((f"c{number:04}", int(day), round(rng.gamma(3, 8), 2)))
            day += rng.exponential(pace) + 0.5
    table = pd.DataFrame(rows, columns=["customer_id", "day", "revenue"])
    return table.assign(
        order_id=np.arange(len(table)).astype(str),
        ordered_at=pd.Timestamp(FIRST) + pd.to_timedelta(table["day"], unit="D"),
    )


@pytest.fixture(scope="module")
def visits() -> pd.DataFrame:
    return purchase_days(orders())


@pytest.fixture(scope="module")
def found(visits: pd.DataFrame):
    return study(visits, as_of=AS_OF, window=WINDOW)


def test_features_are_those_worked_by_hand() -> None:
    # As of day 60, window 20: a buys on 10, 40, 55 for 30, 10 and 20.
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b"],
            "ordered_at": pd.Timestamp(FIRST) + pd.to_timedelta([10, 40, 55, 60], unit="D"),
            "revenue": [30.0, 10.0, 20.0, 5.0],
        }
    )
    table = features(purchase_days(rows), as_of=FIRST + timedelta(days=60), window=20)
    a, b = table.loc["a"], table.loc["b"]
    by_hand = {
        "recency": 5, "tenure": 50, "usual_pause": 22.5, "recency_to_usual": 5 / 22.5,
        "spread_of_pauses": np.sqrt(112.5), "longest_recent_pause": 30, "longer_pauses": 2.5 / 3,
        "days_quarter": 0, "days_half": 1, "days_window": 1, "days_before": 1, "weeks_active": 1,
        "trend": 1.0, "revenue_window": 20, "basket": 20, "lapse_rate": 100 / 51,
    }  # fmt: skip
    assert a[list(by_hand)].to_dict() == pytest.approx(by_hand)
    # Half-life 20: (.5^.25 + .5^1 + .5^2.5) over 20/ln 2·(1 − .5^(51/20)).
    weight = 0.5**0.25 + 0.5 + 0.5**2.5
    assert a["rate_window"] == pytest.approx(weight / (20 / np.log(2) * (1 - 0.5**2.55)))
    unknown = b[b.isna()].index.tolist()
    assert unknown == [
        "recency_to_usual",
        "usual_pause",
        "spread_of_pauses",
        "longest_recent_pause",
    ]
    assert list(table.columns) == list(FEATURES) == [n for names in THEMES.values() for n in names]


def test_only_active_customers_are_described(visits: pd.DataFrame) -> None:
    table = features(visits, as_of=AS_OF, window=WINDOW)
    assert table["recency"].between(0, WINDOW - 1).all()
    assert table["days_window"].ge(1).all()


def test_a_label_is_silence_for_the_whole_window() -> None:
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b", "c"],
            "ordered_at": pd.Timestamp(FIRST) + pd.to_timedelta([0, 30, 0, 31, 0], unit="D"),
            "revenue": 1.0,
        }
    )
    came = labels(purchase_days(rows), as_of=FIRST, window=30, customers=pd.Index(list("abc")))
    assert came.to_dict() == {"a": False, "b": True, "c": True}


def test_training_ends_where_the_test_begins(visits: pd.DataFrame) -> None:
    cutoffs = plan_cutoffs(visits, as_of=AS_OF, window=WINDOW)
    assert cutoffs is not None
    assert cutoffs.test + timedelta(days=WINDOW) == AS_OF
    assert max(cutoffs.train) + timedelta(days=WINDOW) == cutoffs.test
    assert (min(cutoffs.train) - FIRST).days + 1 >= WINDOW
    assert list(cutoffs.train) == sorted(cutoffs.train)


@pytest.mark.parametrize(("days", "enough"), [(3 * WINDOW, True), (3 * WINDOW - 1, False)])
def test_three_windows_of_history_are_the_least(days: int, enough: bool) -> None:
    rows = orders(30)
    rows = rows.assign(ordered_at=rows["ordered_at"].where(rows.index > 0, pd.Timestamp(FIRST)))
    last = FIRST + timedelta(days=days - 1)
    planned = plan_cutoffs(purchase_days(rows), as_of=last, window=WINDOW)
    assert (planned is not None) == enough
    if not enough:
        assert "needs 84 days" in study(purchase_days(rows), as_of=last, window=WINDOW).reason


def test_the_training_rows_do_not_know_the_test_window(visits: pd.DataFrame) -> None:
    cutoffs = plan_cutoffs(visits, as_of=AS_OF, window=WINDOW)
    until = visits[visits["day"] <= pd.Timestamp(cutoffs.test)]
    for one, two in zip(
        training_rows(visits, cutoffs=cutoffs.train, window=WINDOW),
        training_rows(until, cutoffs=cutoffs.train, window=WINDOW),
        strict=True,
    ):
        assert one.equals(two)


def test_the_model_beats_the_plain_rules_where_there_is_something_to_learn(found) -> None:
    assert found.usable
    assert found.used == "model"
    level = trust(found)
    assert 0.6 < level.low < level.roc_auc < level.high < 0.98
    assert level.roc_auc > value_of(found.scores, "latest purchase", "roc_auc")
    assert level.level_is_right
    assert 0.6 < level.slope < 1.6
    assert found.scored["probability"].between(0, 1).all()
    assert found.leaks.empty


def test_row_order_changes_nothing(visits: pd.DataFrame, found) -> None:
    shuffled = study(visits.sample(frac=1, random_state=1), as_of=AS_OF, window=WINDOW)
    pd.testing.assert_frame_equal(shuffled.scored, found.scored)
    pd.testing.assert_frame_equal(shuffled.scores, found.scores)
    pd.testing.assert_frame_equal(shuffled.drivers, found.drivers)


def test_rows_after_the_day_change_nothing(visits: pd.DataFrame) -> None:
    early = date(2017, 7, 31)
    cut = visits[visits["day"] <= pd.Timestamp(early)]
    one, two = (study(v, as_of=early, window=WINDOW, explain=False) for v in (visits, cut))
    pd.testing.assert_frame_equal(one.scored, two.scored)
    pd.testing.assert_frame_equal(one.scores, two.scores)


def test_moving_the_calendar_changes_nothing(visits: pd.DataFrame, found) -> None:
    later = visits.assign(day=visits["day"] + pd.Timedelta(days=1000))
    moved = study(later, as_of=AS_OF + timedelta(days=1000), window=WINDOW, explain=False)
    pd.testing.assert_frame_equal(moved.scored, found.scored)


def test_random_labels_are_not_beaten_by_the_model(visits: pd.DataFrame) -> None:
    cutoffs = plan_cutoffs(visits, as_of=AS_OF, window=WINDOW)
    x, y = training_rows(visits, cutoffs=cutoffs.train, window=WINDOW)
    rng = np.random.default_rng(5)
    model = fit_risk(x, pd.Series(rng.random(len(y)) < 0.2, index=y.index))
    x_test, _ = training_rows(visits, cutoffs=(cutoffs.test,), window=WINDOW)
    noise = pd.Series(rng.random(len(x_test)) < 0.2, index=x_test.index)
    table = drivers(model, x_test, noise)
    assert table["importance"].abs().max() < 0.05


def test_drivers_are_ordered_and_name_a_direction(found) -> None:
    assert set(found.drivers["theme"]) == set(THEMES)
    assert found.drivers["importance"].is_monotonic_decreasing
    assert (found.drivers["low"] <= found.drivers["importance"]).all()
    effects = found.drivers.set_index("theme")["effect"]
    assert effects["time since last purchase"] == "raises"
    assert effects["purchase days earlier"] == "lowers"


def test_a_missing_feature_is_named(visits: pd.DataFrame) -> None:
    cutoffs = plan_cutoffs(visits, as_of=AS_OF, window=WINDOW)
    x, y = training_rows(visits, cutoffs=cutoffs.train, window=WINDOW)
    with pytest.raises(MetricError, match="basket"):
        fit_risk(x, y).predict(x.drop(columns="basket"))


def test_p_alive_is_one_more_rule_and_a_failing_one_is_left_out(visits: pd.DataFrame) -> None:
    def summarise(orders: pd.DataFrame, as_of: date) -> pd.DataFrame:
        last = orders.groupby("customer_id")["ordered_at"].max()
        age = (pd.Timestamp(as_of) - last).dt.days
        return pd.DataFrame(
            {"customer_id": last.index, "frequency": 1, "recency": -age.to_numpy(), "T": 0}
        )

    class Fit:
        usable, log_likelihood, label, reason = True, -1.0, "Fit", ""

        @staticmethod
        def probability_alive(frequency, recency, T) -> np.ndarray:
            return np.exp(np.asarray(recency, dtype=float) / 30)

    def broken(table: pd.DataFrame) -> Fit:
        raise MetricError("degenerate")

    with_rule = study(
        visits,
        as_of=AS_OF,
        window=WINDOW,
        alive=alive_by(summarise, lambda t: Fit()),
        explain=False,
    )
    assert "P(alive)" in with_rule.columns
    assert with_rule.refused == ""
    recency = value_of(with_rule.scores, "latest purchase", "roc_auc")
    assert value_of(with_rule.scores, "P(alive)", "roc_auc") == pytest.approx(recency)
    without = study(
        visits, as_of=AS_OF, window=WINDOW, alive=alive_by(summarise, broken), explain=False
    )
    assert "P(alive)" not in without.columns
    assert without.refused == "degenerate"


def nobody_leaves(customers: int = 400, seed: int = 3) -> pd.DataFrame:
    """Return customers who buy at their own pace for ever: no purchase model can see them leave."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        pace, day = rng.gamma(2, 9) + 1, rng.uniform(0, 20)
        while day < 273:
            rows.append((f"c{number:04}", int(day)))
            day += rng.exponential(pace) + 0.5
    table = pd.DataFrame(rows, columns=["customer_id", "day"])
    when = pd.Timestamp(FIRST) + pd.to_timedelta(table["day"], unit="D")
    return purchase_days(table.assign(ordered_at=when, revenue=5.0))


def test_a_degenerate_purchase_model_is_no_rule_and_the_page_says_why() -> None:
    rows = nobody_leaves()
    fitted = cv.fit_mbg_nbd(cv.rfm_summary(as_orders(rows), as_of=AS_OF))
    assert not fitted.usable  # a verdict, not an exception
    made = study(
        rows, as_of=AS_OF, window=WINDOW, alive=alive_by(cv.rfm_summary, cv.fit_mbg_nbd),
        explain=False,
    )  # fmt: skip
    assert "P(alive)" not in made.columns
    assert "MBG/NBD is refused" in made.refused
    assert made.refused in verdict(made)[3]
    assert "P(alive)" not in score_rows(made)[0]["note"]


def test_the_soundest_of_several_purchase_models_speaks(visits: pd.DataFrame) -> None:
    def fit(name: str, usable: bool, fits: float):
        class Fit:
            label, reason, log_likelihood = name, f"{name} is bad", fits

            @staticmethod
            def probability_alive(frequency, recency, T) -> np.ndarray:
                return np.full(len(frequency), fits)

        Fit.usable = usable
        return lambda table: Fit()

    rows = as_orders(visits)
    best = alive_by(cv.rfm_summary, fit("a", True, -9.0), fit("b", True, -5.0), fit("c", False, 0))
    assert set(best(rows, AS_OF)) == {-5.0}
    none = alive_by(cv.rfm_summary, fit("a", False, 0), fit("b", False, 0))
    with pytest.raises(MetricError, match=r"a is refused \(a is bad\) and b is refused"):
        none(rows, AS_OF)


def as_orders(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.rename(columns={"day": "ordered_at"})[["customer_id", "ordered_at", "revenue"]]


def test_where_p_alive_is_best_and_cannot_speak_today_the_next_best_score_does(
    visits: pd.DataFrame,
) -> None:
    def knowing(orders: pd.DataFrame, day: date) -> pd.Series:
        if day == AS_OF:
            raise MetricError("no such model today")
        ids = pd.Index(orders["customer_id"].unique())
        came = labels(visits, as_of=day, window=WINDOW, customers=ids)
        noise = np.random.default_rng(1).uniform(0, 0.4, len(ids))
        return 1.0 - came.astype(float) + noise  # it knows the future, so it is used on the test

    then = study(visits, as_of=AS_OF, window=WINDOW, alive=knowing, explain=False)
    assert value_of(then.scores, "P(alive)", "log_loss") < value_of(
        then.scores, "model", "log_loss"
    )
    assert then.used != "P(alive)"
    assert then.refused == f"on {AS_OF}, no such model today"
    without = study(visits, as_of=AS_OF, window=WINDOW, explain=False)
    pd.testing.assert_frame_equal(then.scored, without.scored)
    assert then.test["probability"].equals(then.test[then.columns[then.used]])


def test_p_alive_that_is_the_same_for_all_is_no_rule(visits: pd.DataFrame) -> None:
    def all_alive(orders: pd.DataFrame, day: date) -> pd.Series:
        return pd.Series(1.0, index=pd.Index(orders["customer_id"].unique()))

    made = study(visits, as_of=AS_OF, window=WINDOW, alive=all_alive, explain=False)
    assert made.refused == "P(alive) is the same for everybody"
    assert "P(alive)" not in made.columns


def regulars(size: int) -> pd.DataFrame:
    """Return customers who buy on every seventh day for a year: nobody ever lapses."""
    days = pd.Timestamp(FIRST) + pd.to_timedelta(np.arange(0, 273, 7), unit="D")
    frame = pd.MultiIndex.from_product([[f"c{i}" for i in range(size)], days]).to_frame(index=False)
    return purchase_days(frame.set_axis(["customer_id", "ordered_at"], axis=1).assign(revenue=5.0))


def once(size: int) -> pd.DataFrame:
    """Return customers who bought once, spread over the months."""
    days = pd.Timestamp(FIRST) + pd.to_timedelta(np.arange(size) % 270, unit="D")
    ids = [f"c{i}" for i in range(size)]
    return purchase_days(pd.DataFrame({"customer_id": ids, "ordered_at": days, "revenue": 5.0}))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (regulars(40), "0 lapses to learn from"),
        (once(600), "customers who stayed to learn from"),
        (regulars(1), "to learn from"),
        (regulars(1).iloc[:0], "needs 84 days of history and has 0"),
        (regulars(40).assign(revenue=0.0), "to learn from"),
    ],
    ids=["nobody lapses", "nobody comes back", "one customer", "nobody", "no revenue"],
)
def test_a_history_that_teaches_nothing_gives_a_reason_and_no_prediction(
    rows: pd.DataFrame, reason: str
) -> None:
    made = study(rows, as_of=AS_OF, window=WINDOW)
    assert not made.usable
    assert reason in made.reason
    assert made.scored.empty
    assert verdict(made) == [made.reason]
    with pytest.raises(MetricError):
        trust(made)
    assert [k.value for k in prediction_kpis(made)] == [None, None]
    action = Action(contact_cost=1, incentive_cost=1, success_rate=0.1, margin=0.2, horizon_days=90)
    kpis = headline(rows, period=SEPTEMBER, window=WINDOW, found=made, action=action)
    assert len(kpis) == 7
    assert [k.value for k in kpis if k.contract.name == "expected_churn_rate"] == [None]
    assert all(k.note for k in kpis if k.value is None)


def test_zero_revenue_for_all_changes_the_value_but_not_the_customers(visits: pd.DataFrame) -> None:
    made = study(visits.assign(revenue=0.0), as_of=AS_OF, window=WINDOW, explain=False)
    assert made.usable
    action = Action(contact_cost=1, incentive_cost=1, success_rate=0.1, margin=0.2, horizon_days=90)
    kpis = {k.contract.name: k for k in headline(
        visits.assign(revenue=0.0), period=SEPTEMBER, window=WINDOW, found=made, action=action
    )}  # fmt: skip
    assert kpis["margin_at_risk"].value == 0.0
    assert kpis["expected_action_gain"].value == 0.0
    assert kpis["revenue_churn_rate"].value is None


def test_the_headline_reaches_back_as_far_as_the_history(visits: pd.DataFrame, found) -> None:
    action = Action(
        contact_cost=0.5, incentive_cost=1, success_rate=0.2, margin=0.3, horizon_days=180
    )
    earlier = earlier_studies(visits, period=SEPTEMBER, window=WINDOW)
    assert [str(p) for p in earlier] == ["2017-08"]
    kpis = {k.contract.name: k for k in headline(
        visits, period=SEPTEMBER, window=WINDOW, found=found, earlier=earlier, action=action
    )}  # fmt: skip
    assert list(kpis) == [
        "active_customers", "churn_rate", "revenue_churn_rate", "reactivated_customers",
        "expected_churn_rate", "margin_at_risk", "expected_action_gain",
    ]  # fmt: skip
    assert all(k.value is not None and k.previous is not None for k in kpis.values())
    assert all(k.year_before is None for k in kpis.values())
    rate = kpis["churn_rate"]
    assert rate.low < rate.value < rate.high
    expected = kpis["expected_churn_rate"]
    assert expected.value == round(found.scored["probability"].mean(), 4)
    assert expected.low == round(found.level.low / len(found.scored), 4)
    assert expected.high == round(found.level.high / len(found.scored), 4)
    assert kpis["active_customers"].note == "A purchase in the last 28 days."
    assert kpis["margin_at_risk"].assumed
    assert not rate.assumed
    # What August's own report said of itself.
    august = Period.parse("2017-08")
    then = {k.contract.name: k for k in headline(
        visits[visits["day"] <= pd.Timestamp(august.end)], period=august, window=WINDOW,
        found=study(visits, as_of=august.end, window=WINDOW, explain=False), action=action,
    )}  # fmt: skip
    assert {n: k.previous for n, k in kpis.items()} == {n: k.value for n, k in then.items()}


def test_what_was_published_is_what_the_next_page_compares_with(visits: pd.DataFrame) -> None:
    august, year_ago = SEPTEMBER.previous(), SEPTEMBER.year_before()
    again = earlier_studies(visits, period=SEPTEMBER, window=WINDOW)[august]
    published = predictions(again).assign(probability=0.25)
    gone = published.iloc[:1].assign(customer_id="not known any more")
    kept = {august: pd.concat([published, gone], ignore_index=True), year_ago: published.iloc[:0]}
    found = earlier_studies(visits, period=SEPTEMBER, window=WINDOW, kept=kept)
    assert list(found) == [august]
    assert found[august].scored["probability"].eq(0.25).all()
    assert len(found[august].scored) == len(again.scored)
    # Of another window: not comparable, so it is worked out again.
    other = {august: published.assign(window_days=WINDOW + 7)}
    anew = earlier_studies(visits, period=SEPTEMBER, window=WINDOW, kept=other)[august]
    pd.testing.assert_frame_equal(anew.scored, again.scored)


def test_earlier_predictions_are_worked_out_by_the_rule_that_was_published(
    visits: pd.DataFrame,
) -> None:
    def knowing(orders: pd.DataFrame, day: date) -> pd.Series:
        ids = pd.Index(orders["customer_id"].unique())
        known = visits[visits["day"] <= pd.Timestamp(AS_OF)]
        came = labels(known, as_of=day, window=WINDOW, customers=ids)
        return 1.0 - came.astype(float) + np.random.default_rng(1).uniform(0, 0.4, len(ids))

    july = Period.parse("2017-07")
    published = study(visits, as_of=july.end, window=WINDOW, alive=knowing, explain=False)
    assert published.used == "P(alive)"
    known = {"window": WINDOW, "alive": knowing}
    earlier = earlier_studies(visits, period=Period.parse("2017-08"), **known)
    pd.testing.assert_frame_equal(earlier[july].scored, published.scored)
    said = judged({}, visits, period=SEPTEMBER, count=2, **known)
    pd.testing.assert_frame_equal(said[july], predictions(published))
    # What is there already is taken as it is.
    marked = {july: replace(published, scored=published.scored.assign(probability=0.5))}
    taken = judged({}, visits, period=SEPTEMBER, count=2, made=marked, **known)
    assert taken[july]["probability"].eq(0.5).all()


def test_the_half_year_needs_half_a_year(visits: pd.DataFrame) -> None:
    now = retention_kpi(visits, period=SEPTEMBER, window=WINDOW)
    assert now.low < now.value < now.high
    march = retention_kpi(visits, period=Period.parse("2017-03"), window=WINDOW)
    assert march.value is None
    assert "182 days" in march.note


def test_the_half_year_says_whose_clock_starts_late_and_counts_the_others() -> None:
    # 20 customers from day 0 and 20 from day 30 on, who all buy weekly; half of the latter stop.
    days = [(f"a{i:02}", d) for i in range(20) for d in range(0, 273, 7)]
    days += [(f"b{i:02}", d) for i in range(20) for d in range(30, 60 if i < 10 else 273, 7)]
    frame = pd.DataFrame(days, columns=["customer_id", "day"])
    when = pd.Timestamp(FIRST) + pd.to_timedelta(frame["day"], unit="D")
    rows = purchase_days(frame.assign(ordered_at=when, revenue=1.0))
    kpi = retention_kpi(rows, period=SEPTEMBER, window=WINDOW)
    assert kpi.value == 0.75
    assert kpi.note.startswith("20 of 40 customers were there when the data begin")
    assert "Of the 20 others, 50.0% (" in kpi.note
    early = rows[rows["customer_id"].str.startswith("a")]
    note = retention_kpi(early, period=SEPTEMBER, window=WINDOW).note
    assert note.endswith("too few of the others were watched for so long to count them alone.")


def test_the_scorecard_sets_what_was_said_beside_what_came(visits: pd.DataFrame) -> None:
    said = judged({}, visits, period=SEPTEMBER, window=WINDOW, count=2)
    assert [str(p) for p in said] == ["2017-07", "2017-08"]
    table = scorecard(said, visits, as_of=AS_OF, window=WINDOW)
    july = outcomes(said[Period.parse("2017-07")], visits, made_on=date(2017, 7, 31), window=WINDOW)
    row = table.iloc[0]
    assert row["expected"] == pytest.approx(july["probability"].sum())
    assert row["observed"] == july["lapsed"].sum()
    assert row["brier"] == pytest.approx(((july["probability"] - july["lapsed"]) ** 2).mean())
    rate = july["lapsed"].mean()
    assert row["rule_brier"] == pytest.approx(rate * (1 - rate))
    assert row["low"] < row["roc_auc"] < row["high"]


def test_a_kept_prediction_is_judged_over_the_days_it_was_made_for(
    visits: pd.DataFrame, found
) -> None:
    july, august = due(SEPTEMBER, window=WINDOW, count=2)
    again = judged({}, visits, period=SEPTEMBER, window=WINDOW, count=2)
    everybody = again[july].assign(probability=0.5, window_days=14)
    said = judged({july: everybody}, visits, period=SEPTEMBER, window=WINDOW, count=2)
    pd.testing.assert_frame_equal(said[august], again[august])
    row = scorecard(said, visits, as_of=AS_OF, window=WINDOW).iloc[0]
    assert (row["window_days"], row["expected"]) == (14, len(everybody) / 2)
    came = outcomes(everybody, visits, made_on=july.end, window=14)["lapsed"].sum()
    assert row["observed"] == came
    assert tuple(predictions(found).columns) == PREDICTED
    assert set(predictions(found)["window_days"]) == {WINDOW}


def test_kept_predictions_that_cannot_be_judged_yet_or_any_more_are_left_out(
    visits: pd.DataFrame,
) -> None:
    july, august = due(SEPTEMBER, window=WINDOW, count=2)
    rows = judged({}, visits, period=SEPTEMBER, window=WINDOW, count=2)
    strangers = pd.concat([rows[july], rows[july].assign(customer_id="gone")], ignore_index=True)
    long = rows[august].assign(window_days=60)
    said = judged({july: strangers, august: long}, visits, period=SEPTEMBER, window=WINDOW, count=2)
    assert list(said) == [july]
    pd.testing.assert_frame_equal(said[july], rows[july])
    nobody = {july: rows[july].iloc[:0], august: rows[august].assign(customer_id="gone")}
    assert judged(nobody, visits, period=SEPTEMBER, window=WINDOW, count=2) == {}
    assert judged({}, visits, period=SEPTEMBER, window=WINDOW, count=0) == {}


def test_a_prediction_is_not_scored_before_its_time_is_up(visits: pd.DataFrame) -> None:
    said = {SEPTEMBER: pd.DataFrame({"customer_id": ["c0001"], "probability": [0.5]})}
    with pytest.raises(MetricError, match="time is up"):
        scorecard(said, visits, as_of=AS_OF, window=WINDOW)


def test_scores_of_a_prediction_that_all_kept_are_blank() -> None:
    rows = regulars(40)
    said = {
        Period.parse("2017-08"): pd.DataFrame(
            {"customer_id": [f"c{i}" for i in range(40)], "probability": 0.1}
        )
    }
    row = scorecard(said, rows, as_of=AS_OF, window=WINDOW).iloc[0]
    assert (row["expected"], row["observed"]) == (pytest.approx(4.0), 0)
    assert np.isnan(row["roc_auc"])


def test_the_verdict_speaks_of_ranking_level_and_leaks(found) -> None:
    ranking, level, within, choice, guard = verdict(found)
    assert "of all pairs" in ranking
    assert "customers lapsed where it expected" in level
    assert "tested on what happened after 2017-09-02" in guard
    assert all(check in guard for check in CHECKS)
    assert "as seen at 6 earlier days" in within
    assert "chosen by the log loss on this same test" in choice


def test_each_headline_figure_has_its_change_explained_exactly(visits: pd.DataFrame, found) -> None:
    action = Action(contact_cost=1, incentive_cost=1, success_rate=0.1, margin=0.5, horizon_days=90)
    august = SEPTEMBER.previous()
    before = earlier_studies(visits, period=SEPTEMBER, window=WINDOW)[august]
    cut = visits[visits["day"] <= pd.Timestamp(august.end)]
    listed = at_risk(found.scored, visits, as_of=AS_OF, window=WINDOW, action=action)
    listed_before = at_risk(before.scored, cut, as_of=august.end, window=WINDOW, action=action)
    texts = explain_changes(
        visits, period=SEPTEMBER, earlier=august, window=WINDOW, compared_with="August",
        listed=listed, listed_before=listed_before,
        write=lambda value, unit: f"{value:.6f}",
    )  # fmt: skip
    figures = ["The churn rate", "Revenue churn", "Expected churn"]
    assert [t.startswith(f) for t, f in zip(texts, figures, strict=True)] == [True] * 3
    change = found.scored["probability"].mean() - before.scored["probability"].mean()
    total, rates, mix = _numbers(texts[2])[:3]
    assert total == pytest.approx(abs(change), abs=1e-5)
    assert rates + mix == pytest.approx(change, abs=1e-5)


def test_every_headline_figure_is_split_into_what_moved_it(visits: pd.DataFrame, found) -> None:
    action = Action(contact_cost=1, incentive_cost=1, success_rate=0.1, margin=0.5, horizon_days=90)
    known = {"earlier": earlier_studies(visits, period=SEPTEMBER, window=WINDOW), "action": action}
    listed = at_risk(found.scored, visits, as_of=AS_OF, window=WINDOW, action=action)
    where = {"period": SEPTEMBER, "window": WINDOW}
    moved = headline_drivers(visits, listed=listed, **where, **known)
    assert set(moved["against"]) == {"Period before"}  # the history begins in 2017
    sums = moved.groupby("kpi")["effect"].sum()
    kpis = headline(visits, found=found, **where, **known)
    assert set(sums.index) == {kpi.contract.label for kpi in kpis}
    for kpi in kpis:
        tolerance = 1.01 * 10.0**-kpi.contract.precision
        change = kpi.value - kpi.previous
        assert sums[kpi.contract.label] == pytest.approx(change, abs=tolerance)
    without = headline_drivers(visits, listed=listed.iloc[:0], **where, **known)
    assert set(without["kpi"]) == {
        "Active in the churn window", "Churn rate", "Revenue churn", "Customers won back",
    }  # fmt: skip


def _numbers(text: str) -> list[float]:
    return [float(n.replace("−", "-")) for n in re.findall(r"[+−]?\d+\.\d{6}", text)]


def test_a_period_before_the_history_is_said_to_be_so(visits: pd.DataFrame) -> None:
    texts = explain_changes(
        visits, period=SEPTEMBER, earlier=SEPTEMBER.year_before(), window=WINDOW,
        compared_with="September 2016",
    )  # fmt: skip
    assert texts == ["The history does not reach back to September 2016."]


def test_where_a_rule_is_better_it_gives_the_probabilities(
    visits: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Blind:
        @staticmethod
        def predict(features: pd.DataFrame) -> np.ndarray:
            return np.full(len(features), 0.5)

    module = importlib.import_module("helpers.metrics.churn.study")
    monkeypatch.setattr(module, "fit_risk", lambda *rows, seed: Blind())
    made = study(visits, as_of=AS_OF, window=WINDOW, explain=False)
    assert made.used in {"latest purchase", "recent purchase days"}
    assert made.test["probability"].equals(made.test[made.columns[made.used]])
    assert made.test["model"].eq(0.5).all()
    assert made.scored["probability"].nunique() > 1
    level = trust(made)
    assert not level.beats
    assert level.roc_auc == level.rule_auc
    assert verdict(made)[0].startswith("Take the plain rule")
