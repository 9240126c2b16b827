"""Value at stake, expected gain, thresholds and profit, worked by hand."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import MetricError
from helpers.metrics.churn import (
    Action,
    at_risk,
    backtest_policies,
    best_threshold,
    borne_out,
    break_even_success,
    by_segment,
    contacts_needed,
    control_group,
    days_lost,
    next_steps,
    profit_curve,
    purchase_days,
    sensitivity,
    value_at_stake,
    with_control,
)

ACTION = Action(
    contact_cost=1.0, incentive_cost=5.0, success_rate=0.2, margin=0.25, horizon_days=100
)
AS_OF = date(2017, 4, 11)  # day 100, counted from 1 January


def visits(*rows: tuple[str, int, float]) -> pd.DataFrame:
    start = pd.Timestamp("2017-01-01")
    return purchase_days(
        pd.DataFrame(
            {
                "customer_id": [r[0] for r in rows],
                "ordered_at": [start + pd.Timedelta(days=r[1]) for r in rows],
                "revenue": [float(r[2]) for r in rows],
            }
        )
    )


def test_the_gain_of_a_contact_is_neslins() -> None:
    # p = .5, V = 100: .5·.2·(100 − 5) − .5·5 − 1 = 6.
    assert ACTION.gain(np.array([0.5]), np.array([100.0])).tolist() == [6.0]
    # Known to lapse: .2·95 − 1 = 18; known to stay: −5 − 1 = −6.
    assert ACTION.result(np.array([True, False]), np.array([100.0, 100.0])).tolist() == [18.0, -6.0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("success_rate", 1.2), ("margin", -0.1), ("contact_cost", -1.0), ("horizon_days", 0)],
)
def test_an_action_out_of_bounds_is_refused(name: str, value: float) -> None:
    with pytest.raises(MetricError, match=name):
        replace(ACTION, **{name: value})


def test_days_lost_are_the_window_and_the_time_away_after_it() -> None:
    # Window 10. ann lapses on day 10 and comes back on 30 (20 days away), ben on day 10, back on 50
    # (40 away). Half are away from day 20 to 40 after the lapse: 10 + 20 + ½·20 = 40 days of 100.
    lives = visits(("ann", 0, 1), ("ann", 30, 1), ("ben", 0, 1), ("ben", 50, 1))
    assert days_lost(lives, as_of=AS_OF, window=10, horizon=100) == pytest.approx(40)
    assert days_lost(lives, as_of=AS_OF, window=10, horizon=30) == pytest.approx(30)
    assert days_lost(lives, as_of=AS_OF, window=10, horizon=5) == 5  # within the window: all of it


def test_without_a_lapse_the_whole_horizon_counts() -> None:
    assert days_lost(visits(("a", 99, 1)), as_of=AS_OF, window=10, horizon=60) == 60


def test_a_customer_known_for_a_day_is_not_taken_at_their_word() -> None:
    # Window 10, look-back 30. old: 60 over 30 days; new: 40 over 1 day. Mean 100/31 a day.
    lives = visits(("old", 50, 1), ("old", 90, 60), ("new", 100, 40))
    found = value_at_stake(
        lives, as_of=AS_OF, window=10, customers=pd.Index(["old", "new"]), action=ACTION
    )
    mean = 100 / 31
    assert found["daily_revenue"].tolist() == pytest.approx(
        [(60 + 10 * mean) / 40, (40 + 10 * mean) / 11]
    )
    lost = days_lost(lives, as_of=AS_OF, window=10, horizon=100)
    assert found["value_at_stake"].tolist() == pytest.approx(found["daily_revenue"] * 0.25 * lost)


def test_returns_beyond_all_purchases_leave_nothing_at_stake() -> None:
    lives = visits(("a", 95, 10), ("a", 96, -50))
    found = value_at_stake(lives, as_of=AS_OF, window=10, customers=pd.Index(["a"]), action=ACTION)
    assert found["value_at_stake"].tolist() == [0.0]


def listed(p: list[float], value: list[float], action: Action = ACTION) -> pd.DataFrame:
    gain = action.gain(np.array(p, dtype=float), np.array(value, dtype=float))
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:02}" for i in range(len(p))],
            "probability": p,
            "value_at_stake": value,
            "expected_loss": np.array(p) * np.array(value),
            "expected_gain": gain,
            "contact": gain > 0,
        }
    )


def test_the_threshold_is_neslins_where_all_values_are_equal() -> None:
    # Gain is zero at p = (c + δ)/(γV + δ(1 − γ)) = 6/(20 + 4) = .25 for V = 100.
    found = best_threshold(listed([0.1, 0.24, 0.26, 0.4, 0.9], [100.0] * 5))
    assert (found.probability, found.contacts) == (0.26, 3)
    assert found.profit == pytest.approx(sum(24 * p - 6 for p in (0.26, 0.4, 0.9)))


def test_nobody_is_contacted_where_nothing_pays() -> None:
    table = listed([0.1, 0.2], [10.0, 10.0])
    found = best_threshold(table)
    assert np.isnan(found.probability)
    assert (found.contacts, found.profit) == (0, 0.0)
    assert next_steps(table, action=ACTION)[0].startswith("Contact nobody")


def test_the_break_even_success_is_where_the_first_contact_pays() -> None:
    # p = .5, V = 100: (1 + .5·5)/(.5·95) = .0737.
    assert break_even_success(listed([0.5, 0.1], [100.0, 50.0]), action=ACTION) == pytest.approx(
        3.5 / 47.5
    )
    assert np.isnan(break_even_success(listed([0.5], [4.0]), action=ACTION))


@given(
    st.lists(st.tuples(st.floats(0.001, 0.999), st.floats(0, 500)), min_size=1, max_size=40),
    st.floats(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_choosing_by_gain_never_earns_less_than_any_threshold(rows, success) -> None:
    action = replace(ACTION, success_rate=success)
    table = listed([p for p, _ in rows], [v for _, v in rows], action)
    chosen = table.loc[table["contact"], "expected_gain"].sum()
    assert chosen >= best_threshold(table).profit - 1e-9
    assert best_threshold(table).profit >= 0
    assert profit_curve(table)["profit"].max() <= chosen + 1e-9


def test_the_profit_curve_starts_at_nobody_and_skips_small_groups() -> None:
    table = profit_curve(listed([0.5] * 40, [100.0] * 40), points=20)
    assert table["customers"].tolist() == [0, *range(8, 41, 2)]
    assert table["profit"].tolist() == pytest.approx([6.0 * n for n in table["customers"]])
    assert profit_curve(listed([], []))["profit"].tolist() == [0.0]


def test_the_profit_curve_ends_where_half_the_peak_is_lost() -> None:
    # 10 contacts of +6 (p = .5, V = 100), then customers of −5.76 (p = .01): the peak of 60 has
    # turned into −30 after 16 of them, at 26 customers.
    table = profit_curve(listed([0.5] * 10 + [0.01] * 90, [100.0] * 100), points=100)
    assert table["customers"].max() == 26
    assert table["profit"].max() == pytest.approx(60)
    nothing_pays = profit_curve(listed([0.01] * 100, [100.0] * 100))
    assert nothing_pays["customers"].max() == 20


def test_other_assumptions_give_other_profits() -> None:
    table = sensitivity(
        listed([0.5, 0.1], [100.0, 100.0]), action=ACTION, success_rates=[0.0, 0.2],
        contact_costs=[1.0, 7.5],
    )  # fmt: skip
    assert table["contacts"].tolist() == [0, 0, 1, 0]  # .5·.2·95 − 2.5 − 7.5 = −.5
    assert table["profit"].tolist() == pytest.approx([0, 0, 6.0, 0])


def test_the_backtest_counts_what_came() -> None:
    # Chosen by gain: c0 and c1 (p .5, V 100 → 6 each). c0 lapsed: +18, c1 stayed: −6. The rule
    # takes c2 and c3, who stayed: −12. Everybody: 18 − 3·6 = 0.
    test = listed([0.5, 0.5, 0.05, 0.05], [100.0] * 4).assign(
        lapsed=[True, False, False, False], rule=[0.1, 0.2, 0.9, 0.8]
    )
    table = backtest_policies(test, action=ACTION, rule="rule", draws=200)
    assert table["profit"].tolist() == pytest.approx([12.0, -12.0, 0.0])
    assert table["customers"].tolist() == [2, 2, 4]
    assert (table["low"] <= table["profit"]).all()
    assert (table["profit"] <= table["high"]).all()


def test_the_list_ranks_by_gain_and_sums_by_segment() -> None:
    lives = visits(("a", 60, 100), ("a", 95, 900), ("b", 80, 5), ("c", 99, 300))
    scored = pd.DataFrame({"customer_id": ["a", "b", "c"], "probability": [0.5, 0.5, 0.01]})
    found = at_risk(scored, lives, as_of=AS_OF, window=30, action=ACTION)
    assert found["customer_id"].tolist() == ["a", "b", "c"]
    assert found["rank"].tolist() == [1, 2, 3]
    assert found["recency_days"].tolist() == [5, 20, 1]
    assert found["contact"].tolist() == [True, True, False]
    assert found["expected_loss"].tolist() == pytest.approx(
        found["probability"] * found["value_at_stake"]
    )
    groups = pd.DataFrame({"customer_id": ["a", "b", "c"], "spend": ["high", "low", "high"]})
    table = by_segment(found, groups, by="spend").set_index("spend")
    assert table["customers"].to_dict() == {"high": 2, "low": 1}
    assert table["expected_lapses"].to_dict() == pytest.approx({"high": 0.51, "low": 0.5})
    assert table["contacts"].to_dict() == {"high": 1, "low": 1}
    assert table["expected_gain"].sum() == pytest.approx(
        found.loc[found["contact"], "expected_gain"].sum()
    )


def test_scaling_money_and_costs_scales_the_list() -> None:
    lives = visits(("a", 60, 100), ("a", 95, 900), ("b", 80, 5), ("c", 99, 300))
    ten = lives.assign(revenue=lives["revenue"] * 10)
    scored = pd.DataFrame({"customer_id": ["a", "b", "c"], "probability": [0.5, 0.5, 0.01]})
    dear = replace(ACTION, contact_cost=10.0, incentive_cost=50.0)
    one = at_risk(scored, lives, as_of=AS_OF, window=30, action=ACTION)
    other = at_risk(scored, ten, as_of=AS_OF, window=30, action=dear)
    assert (other["expected_gain"] / one["expected_gain"]).tolist() == pytest.approx([10, 10, 10])
    assert (other["contact"] == one["contact"]).all()


def test_a_score_without_probability_is_refused() -> None:
    scored = pd.DataFrame({"customer_id": ["a"], "probability": [np.nan]})
    with pytest.raises(MetricError, match="probability"):
        at_risk(scored, visits(("a", 95, 1)), as_of=AS_OF, window=30, action=ACTION)


def test_nobody_at_risk_gives_empty_tables() -> None:
    nobody = pd.DataFrame({"customer_id": [], "probability": []})
    found = at_risk(nobody, visits(("a", 95, 1)), as_of=AS_OF, window=30, action=ACTION)
    assert found.empty
    assert best_threshold(found).contacts == 0
    assert "nobody to contact" in next_steps(found, action=ACTION)[0]


def test_the_control_group_shows_the_assumed_success_where_it_can() -> None:
    # 4,000 contacts at p = .5: with k in control, n − k treated, a difference of .5·.2 = .1 needs
    # 1/k + 1/(n−k) ≤ (.1/2.8016)²/.25 → k = 204 (least), well under half.
    many = listed([0.5] * 4000, [100.0] * 4000)
    size, least = control_group(many, action=ACTION)
    assert (
        1 / size + 1 / (4000 - size)
        <= (0.1 / 2.8016) ** 2 / 0.25
        < 1 / (size - 1) + 1 / (4001 - size)
    )
    assert least == pytest.approx(2.8016 * np.sqrt(4 * 0.25 / 4000) / 0.5, rel=1e-4)
    few = control_group(listed([0.5] * 10, [100.0] * 10), action=ACTION)
    assert few == (5, pytest.approx(2.8016 * np.sqrt(4 * 0.25 / 10) / 0.5, rel=1e-4))
    alone = control_group(listed([0.5], [100.0]), action=ACTION)
    assert alone == (0, pytest.approx(np.nan, nan_ok=True))


def test_the_size_of_a_test_is_that_of_two_equal_arms() -> None:
    # p = .5, success .2: a difference of .1 between lapse rates. 4·.25·(2.8016/.1)² = 784.9.
    table = listed([0.5] * 40, [100.0] * 40)
    assert contacts_needed(table, action=ACTION) == pytest.approx(784.9, abs=0.1)
    enough = listed([0.5] * 785, [100.0] * 785)
    assert control_group(enough, action=ACTION)[1] == pytest.approx(0.2, abs=1e-4)
    assert np.isinf(contacts_needed(table, action=replace(ACTION, success_rate=0.0)))
    assert np.isnan(contacts_needed(listed([0.1], [1.0]), action=ACTION))


def backtest(profit: float, low: float, high: float, customers: int = 17) -> pd.DataFrame:
    row = ("chosen by the prediction", customers, 3, profit, low, high)
    return pd.DataFrame([row], columns=["choice", "customers", "lapsed", "profit", "low", "high"])


@pytest.mark.parametrize(
    ("tries", "said"),
    [
        (backtest(5.0, 1.0, 9.0), "paid"),
        (backtest(-11.69, -30.02, 11.14), "open"),
        (backtest(0.0, 0.0, 9.0), "open"),
        (backtest(-9.0, -20.0, -1.0), "lost"),
        (backtest(0.0, 0.0, 0.0, customers=0), ""),
        (backtest(0, 0, 0).iloc[:0], ""),
        (None, ""),
    ],
)
def test_a_back_test_pays_only_where_its_interval_lies_above_zero(
    tries: pd.DataFrame | None, said: str
) -> None:
    assert borne_out(tries) == said


MANY = [0.5] * 40 + [0.01] * 60, [100.0] * 100


def test_a_choice_that_its_back_test_bears_out_is_acted_on_with_a_control() -> None:
    steps = next_steps(listed(*MANY), action=ACTION, tries=backtest(90.0, 10.0, 170.0))
    assert steps[0].startswith("Contact 40 customers (40.0% of the active)")
    assert "240.00 more than it costs" in steps[0]
    assert "the same choice would have brought 90.00 (10.00 to 170.00)" in steps[0]
    assert "Do not contact everybody: that would lose" in steps[1]
    # MDE of 20 against 20: 2.8016·sqrt(4·.25/40)/.5 = .886 of success.
    assert steps[2].endswith(
        "Leave a random 20 of them alone and compare; one round can show only a success rate above "
        "88.6%, so repeat it."
    )


def test_a_choice_that_its_back_test_leaves_open_is_a_randomised_test() -> None:
    table = listed(*MANY)
    steps = next_steps(table, action=ACTION, tries=backtest(-11.69, -30.02, 11.14))
    assert steps[0] == (
        "Test it, do not roll it out. 40 customers (40.0% of the active) look worth a contact: "
        "contact a random 20 of them and leave 20 alone, as marked on the analyst's list. At the "
        "assumed success rate of 20.0%, contacting them is expected to bring 240.00 more than it "
        "costs, but on the test, at the same assumptions, the same choice would have brought "
        "-11.69 (-30.02 to 11.14): whether it pays is open."
    )
    # 785 of them at p = .5 (see above), 20 rounds of 40.
    assert "takes about 785 such customers, half of them left alone, or 20 rounds" in steps[2]
    assert steps[2].endswith("try a stronger action, or more customers.")
    marked = with_control(table, action=ACTION, tries=backtest(-11.69, -30.02, 11.14))
    assert marked["do"].value_counts().to_dict() == {"": 60, "contact": 20, "leave alone": 20}


def test_a_choice_that_nobody_was_made_for_on_the_test_is_a_randomised_test() -> None:
    steps = next_steps(listed([0.5] * 800, [100.0] * 800), action=ACTION)
    assert steps[0].startswith("Test it, do not roll it out. 800 customers")
    assert "but nobody would have been chosen on the test" in steps[0]
    assert steps[1].startswith("Nearly everybody is worth contacting")
    assert steps[2].endswith("half of them left alone: one round is enough.")


def test_a_choice_that_lost_on_the_test_contacts_nobody() -> None:
    lost, table = backtest(-9.0, -20.0, -1.0), listed(*MANY)
    (step,) = next_steps(table, action=ACTION, tries=lost)
    assert step.startswith("Contact nobody yet.")
    assert "would have brought -9.00 (-20.00 to -1.00)" in step
    assert with_control(table, action=ACTION, tries=lost)["do"].eq("").all()


def test_one_customer_is_no_test() -> None:
    table = listed([0.5, 0.01], [100.0, 100.0])
    (step,) = next_steps(table, action=ACTION, tries=backtest(1.0, -2.0, 4.0))
    assert step.startswith("Contact nobody yet: one customer looks worth it, but on the test")
    assert with_control(table, action=ACTION)["do"].eq("").all()


def test_the_control_group_is_random_but_the_same_for_the_same_list() -> None:
    table, paid = listed([0.5] * 60 + [0.01] * 40, [100.0] * 100), backtest(5.0, 1.0, 9.0)
    once = with_control(table, action=ACTION, tries=paid, seed=3)
    size, _ = control_group(table, action=ACTION)
    assert once["do"].value_counts().to_dict() == {
        "leave alone": size,
        "contact": 60 - size,
        "": 40,
    }
    again = with_control(table.sample(frac=1, random_state=1), action=ACTION, tries=paid, seed=3)
    pd.testing.assert_series_equal(again.sort_index()["do"], once["do"])
    other = with_control(table, action=ACTION, tries=paid, seed=4)
    assert (other["do"] != once["do"]).any()
