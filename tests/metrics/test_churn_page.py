"""What the page says and shows: sentences and tables from hand-made figures."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.metrics.churn import (
    Action,
    Study,
    at_risk,
    backtest_policies,
    backtest_sentence,
    bridge,
    by_segment,
    churn_history,
    curves,
    drivers_sentence,
    expected_and_seen,
    expected_sentence,
    gains_sentence,
    groups_sentence,
    lift_by_decile,
    lift_sentence,
    movement_history,
    movement_sentence,
    other_assumptions,
    profit_curve,
    profit_sentence,
    purchase_days,
    quality_sentences,
    recipes,
    reliability,
    reliability_sentence,
    return_sentence,
    risk_grid,
    risk_table,
    score_rows,
    scorecard_rows,
    scorecard_sentence,
    segments,
    spend_bridge,
    spend_changes,
    spend_sentence,
    stay_sentence,
    telling,
    what_moved,
    with_value,
)
from helpers.metrics.churn.profit import Threshold
from helpers.metrics.churn.segments import natural
from helpers.periods import Period

MARCH = Period.parse("2017-03")
ACTION = Action(
    contact_cost=1.0, incentive_cost=5.0, success_rate=0.2, margin=0.25, horizon_days=90
)


def history() -> pd.DataFrame:
    return pd.DataFrame(
        {"period": ["2017-02", "2017-03"], "new": [3, 5], "reactivated": [2, 4], "lapsed": [4, 8]}
    )


def test_movements_are_counted_up_and_down() -> None:
    table = movement_history(history())
    assert table["customers"].tolist() == [3, 2, -4, 5, 4, -8]
    assert movement_sentence(history()) == (
        "In the last period: 5 new, 4 won back, 8 lapsed. The number active in the churn window "
        "rose by 1."
    )
    even = history().assign(lapsed=9)
    assert movement_sentence(even).endswith("active in the churn window stayed the same.")
    assert "too short" in movement_sentence(history().iloc[:0])


def orders(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    return table.assign(ordered_at=pd.to_datetime(table["ordered_at"]))


SHOP = orders(
    [(f"c{i:02}", f"2017-{month}-10", 10.0 + i) for i in range(30) for month in ("01", "02", "03")
     if not (month == "03" and i < 9)]
    + [(f"n{i}", "2017-03-05", 4.0) for i in range(9)]
    + [("z", "2017-03-06", 0.0), ("z", "2017-03-07", -3.0)]
)  # fmt: skip


def test_revenue_is_traced_to_what_customers_did() -> None:
    # 30 customers of 10 to 39 in February; nine (10 to 18, together 126) do not buy in March, nine
    # new ones bring 36, and z (new by a free order) brings back 3: 735 → 642.
    found = spend_bridge(purchase_days(SHOP), period=MARCH)
    assert spend_changes(found)["step"].tolist() == [
        "Bought first", "Came back", "Spent more", "Spent less", "Did not buy",
    ]  # fmt: skip
    assert spend_sentence(found) == (
        "Revenue fell by 93.00 against the period before. Most was gained from customers who "
        "bought for the first time (33.00), most lost through customers of the period before who "
        "did not buy (126.00)."
    )
    assert spend_sentence(found.assign(revenue=0.0)) == "Revenue did not change."


def test_a_first_period_has_no_revenue_to_compare_with() -> None:
    found = spend_bridge(purchase_days(SHOP), period=Period.parse("2017-01"))
    assert spend_changes(found).empty
    assert "nothing to compare with" in spend_sentence(found)


def test_every_chart_of_the_page_finds_its_columns_without_a_prediction() -> None:
    none = Study(28, reason="No prediction: why.")
    gains = curves(none.test, none.columns, kinds=("gain",))
    frames = [
        (none.drivers, recipes.DRIVERS), (reliability(none.test), recipes.RELIABILITY),
        (lift_by_decile(none.test), recipes.LIFT), (gains, recipes.GAINS),
        (profit_curve(at_risk(none.scored, purchase_days(SHOP), as_of=MARCH.end, window=28,
                              action=ACTION)), recipes.PROFIT),
    ]  # fmt: skip
    for frame, recipe in frames:
        named = {recipe[k] for k in ("x", "y", "low", "high", "group", "customers") if k in recipe}
        assert named <= set(frame.columns), recipe["title"]


def test_data_quality_is_told_with_its_size() -> None:
    account = pd.DataFrame({"table": ["orders"], "outcome": ["removed"], "rows": [12]})
    texts = quality_sentences(
        SHOP,
        period=MARCH,
        window=28,
        found=Study(28, reason="No prediction: why."),
        account=account,
    )
    assert texts[0].startswith("30 of 40 customers are first seen in the first 28 days")
    assert texts[1].startswith("Orders with a revenue of zero: 1.")
    assert texts[2].startswith("Returns: 1 orders.")
    assert texts[3].startswith("Rows of orders left out: 12.")
    assert texts[4].startswith("The last purchase lies 21 days before")
    assert texts[5] == "No prediction: why."
    nobody = quality_sentences(SHOP.iloc[:0], period=MARCH, window=28, found=Study(28, reason="x"))
    assert nobody == ["There are no orders up to this period, so there is no churn to speak of."]


def test_attributes_that_differ_are_shown_without_the_unknown() -> None:
    town = ["north"] * 9 + ["south"] * 12 + [None] * 9
    people = pd.DataFrame({"customer_id": [f"c{i:02}" for i in range(30)], "town": town})
    effects, rates = what_moved(purchase_days(SHOP), period=MARCH, window=28, customers=people)
    # All of the north and nobody else lapses in March.
    assert rates.loc[rates["dimension"] == "town", "segment"].tolist() == ["north", "south"]
    assert rates.loc[rates["segment"] == "north", "churn_rate"].tolist() == [1.0]
    assert set(rates["dimension"]) == {"spend", "rhythm", "known_for", "town"}
    assert set(effects["dimension"]) <= {"spend", "rhythm", "known_for", "town"}


def test_an_attribute_moved_by_those_not_known_tells_nothing() -> None:
    effects = pd.DataFrame(
        {
            "dimension": ["spend", "town", "town", "age", "age"],
            "segment": ["high", "not known", "north", "young", "not known"],
            "effect": [0.01, 0.05, 0.01, -0.04, 0.01],
        }
    )
    assert telling(effects) == ["spend", "age"]


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["100K+", "Under 9K", "5-9K", "not known"], ["Under 9K", "5-9K", "100K+", "not known"]),
        (["65+", "19-24", "b", "a"], ["19-24", "65+", "a", "b"]),
    ],
)  # fmt: skip
def test_groups_stand_in_the_order_a_reader_expects(names: list[str], ordered: list[str]) -> None:
    assert sorted(names, key=natural) == ordered


def grouped() -> tuple[pd.DataFrame, pd.DataFrame]:
    visits = purchase_days(SHOP)
    groups = segments(visits, as_of=MARCH.end, window=28)
    scored = groups[["customer_id"]].assign(probability=np.linspace(0.01, 0.6, len(groups)))
    listed = at_risk(scored, visits, as_of=MARCH.end, window=28, action=ACTION)
    return listed, groups


def test_a_page_shows_the_list_by_group_only() -> None:
    listed, groups = grouped()
    made = risk_table(listed, groups, by="spend")
    assert "customer_id" not in made["frame"].columns
    assert made["customers"] == "customers"
    assert set(made["units"]) | {"spend", "customers", "contacts"} == set(made["frame"].columns)
    assert made["frame"]["customers"].sum() == len(listed)
    assert made["frame"]["spend"].tolist() == ["high", "middle", "low"]


def test_a_grid_begins_with_a_complete_row() -> None:
    groups = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(40)],
            "rhythm": pd.Categorical(["1"] * 16 + ["2"] * 24, ["1", "2"], ordered=True),
            "spend": pd.Categorical(
                ["middle"] * 8 + ["low"] * 8 + ["high"] * 8 + ["middle"] * 8 + ["low"] * 8,
                ["high", "middle", "low"],
                ordered=True,
            ),
        }
    )
    visits = purchase_days(orders([(f"c{i}", "2017-03-10", 5.0) for i in range(40)]))
    scored = groups[["customer_id"]].assign(probability=0.1)
    listed = at_risk(scored, visits, as_of=MARCH.end, window=28, action=ACTION)
    grid = risk_grid(listed, groups, rows="rhythm", columns="spend")
    assert grid["rhythm"].tolist() == ["2", "2", "2", "1", "1"]
    assert pd.unique(grid["spend"]).tolist() == ["high", "middle", "low"]
    assert grid["customers"].sum() == by_segment(listed, groups, by="spend")["customers"].sum()


def test_other_assumptions_hold_the_own_ones_and_never_exceed_certainty() -> None:
    listed, _ = grouped()
    table = other_assumptions(listed, action=ACTION)
    assert {"10.0%", "20.0%", "40.0%", "80.0%"} == set(table["success"])
    own = table[(table["success"] == "20.0%") & (table["cost"] == "1.00")]["profit"].item()
    assert own == pytest.approx(listed.loc[listed["contact"], "expected_gain"].sum())
    sure = Action(contact_cost=1, incentive_cost=0, success_rate=0.5, margin=0.2, horizon_days=90)
    assert other_assumptions(listed, action=sure)["success"].nunique() == 3  # 25, 50 and 100 %


def test_nothing_to_show_is_said_and_not_drawn() -> None:
    none = Study(28, reason="No prediction: why.")
    listed, _ = grouped()
    assert all(table["frame"].empty for table in score_rows(none))
    assert curves(none.test, none.columns).empty
    tested = with_value(none, purchase_days(SHOP), action=ACTION)
    assert tested.empty
    tries = backtest_policies(tested, action=ACTION)
    assert tries.empty
    assert "Nobody" in backtest_sentence(tries)
    assert other_assumptions(listed.iloc[:0], action=ACTION).empty
    assert gains_sentence(curves(none.test, none.columns)) == "There is no prediction to check."
    assert lift_sentence(lift_by_decile(none.test)).startswith("Nobody lapsed")
    assert drivers_sentence(none.drivers).startswith("Nothing that is known")
    assert "no list" in profit_sentence(listed.iloc[:0], Threshold(float("nan"), 0, 0.0))
    assert churn_history(purchase_days(SHOP.iloc[:0]), last=MARCH, window=28).empty
    assert bridge(purchase_days(SHOP.iloc[:0]), period=MARCH, window=28)["customers"].sum() == 0


def card(**change: object) -> pd.DataFrame:
    base = {
        "period": ["2017-01", "2017-02"], "window_days": 28, "customers": [100, 100],
        "expected": [10.0, 12.0],
        "expected_low": [5.0, 7.0], "expected_high": [15.0, 17.0], "observed": [11, 24],
        "roc_auc": [0.8, 0.7], "low": 0.6, "high": 0.9, "rule_auc": [0.7, 0.75], "brier": 0.08,
        "rule_brier": 0.09,
    }  # fmt: skip
    return pd.DataFrame(base | change)


def test_the_scorecard_says_how_far_it_missed() -> None:
    assert scorecard_sentence(card()) == (
        "Of 2 earlier predictions whose time is up, 1 held the lapses that came within their "
        "range, and 1 ranked the customers better than the plain rule. Where it missed, 100.0% "
        "more lapsed than expected: plan with that margin."
    )
    assert "missed" not in scorecard_sentence(card(observed=[10, 12]))
    assert "come to its end" in scorecard_sentence(card().iloc[:0])
    assert expected_sentence(card()) == (
        "2017-01: 10 expected (5 to 15), 11 came; 2017-02: 12 expected (7 to 17), 24 came."
    )
    assert "come to its end" in expected_sentence(card().iloc[:0])
    assert expected_and_seen(card())["lapses"].tolist() == [10.0, 11.0, 12.0, 24.0]
    assert scorecard_rows(card())["frame"]["brier"].tolist() == [8.0, 8.0]


def test_stays_and_returns_are_said_with_their_days() -> None:
    curve = pd.DataFrame(
        {"dimension": "all", "day": [0, 91, 182], "survival": [1.0, 0.7, 0.5], "p_value": np.nan}
    )
    assert stay_sentence(curve).endswith("70.0% after 91 days, 50.0% after 182 days.")
    # A window of 119 days: before it is over nobody can have lapsed, so 91 days tell nothing.
    long = curve.assign(day=[0, 91, 182], survival=[1.0, 1.0, 0.5])
    assert stay_sentence(long).endswith("first purchase seen: 50.0% after 182 days.")
    back = pd.DataFrame({"day": [0, 20, 100], "survival": [1.0, 0.45, 0.2]})
    assert return_sentence(back) == (
        "Half of the lapsed are back 20 days after the lapse, 80.0% within 100 days. Read a "
        "lapse as a long pause, not as a loss."
    )
    assert return_sentence(back.assign(survival=[1.0, 0.9, 0.8])) == (
        "Fewer than half of the lapsed come back: 20.0% within 100 days."
    )


def test_groups_differ_only_beyond_chance_after_correction() -> None:
    # Holm: .01·3 < .05; .03·2 > .05, so nor does the third count.
    table = pd.DataFrame(
        {
            "dimension": ["a", "b", "c"], "split": ["Town", "Age", "Kids"],
            "p_value": [0.01, 0.03, 0.04],
        }
    )  # fmt: skip
    assert groups_sentence(table) == (
        "Stays differ by more than chance between groups of town. No difference beyond chance by "
        "age and kids."
    )


def test_the_backtest_names_each_choice() -> None:
    table = pd.DataFrame(
        {
            "choice": ["chosen by the prediction", "as many, by the plain rule", "everybody"],
            "customers": [10, 10, 90], "profit": [5.0, -2.0, -80.0], "low": [1.0, -4.0, -90.0],
            "high": [9.0, 1.0, -70.0],
        }
    )  # fmt: skip
    assert backtest_sentence(table) == (
        "On the test, the 10 customers chosen by the prediction would have brought 5.00 (1.00 to "
        "9.00), as many, by the plain rule -2.00 (-4.00 to 1.00), everybody -80.00 "
        "(-90.00 to -70.00)."
    )
    assert "Nobody" in backtest_sentence(table.assign(customers=0))


def test_reliability_counts_the_groups_within_chance() -> None:
    table = pd.DataFrame(
        {"predicted": [0.1, 0.5], "observed": [0.12, 0.3], "low": [0.05, 0.2], "high": [0.2, 0.4]}
    )
    assert reliability_sentence(table) == (
        "1 of 2 groups are within chance of the prediction. In the riskiest, 50.0% were expected "
        "to lapse and 30.0% did."
    )


def test_segments_of_a_day_see_nothing_later() -> None:
    visits = purchase_days(SHOP)
    cut = visits[visits["day"] <= pd.Timestamp("2017-02-28")]
    february = date(2017, 2, 28)
    pd.testing.assert_frame_equal(
        segments(visits, as_of=february, window=28), segments(cut, as_of=february, window=28)
    )
