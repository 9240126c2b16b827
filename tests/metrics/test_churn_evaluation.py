"""Scores, calibration, lift and decomposition against hand-worked and published figures."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from helpers.errors import MetricError
from helpers.metrics.churn import (
    calibration,
    contributors,
    curves,
    decompose,
    explain,
    lift_by_decile,
    reliability,
    score_table,
)
from helpers.metrics.churn.evaluation import value_of
from helpers.metrics.churn.intervals import wilson
from helpers.metrics.churn.model import expit, logit, newton, platt


def test_wilson_intervals_are_the_published_ones() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 857–872, table I, method 3.
    low, high = wilson([81, 15, 0, 1], [263, 148, 20, 29])
    assert low.round(4).tolist() == [0.2553, 0.0624, 0.0, 0.0061]
    assert high.round(4).tolist() == [0.3662, 0.1605, 0.1611, 0.1718]


def test_a_share_of_nobody_has_no_interval() -> None:
    assert np.isnan(wilson([0], [0])).all()


def scored(p: list[float], y: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:03}" for i in range(len(p))],
            "probability": p,
            "lapsed": np.array(y, dtype=bool),
        }
    )


def test_scores_are_those_worked_by_hand() -> None:
    # Lapsed at .9 and .4; kept at .8, .4 and .1. Pairs won: .9 all 3; .4 beats .1, ties .4.
    # AUC = (3 + 1.5)/6; AP = ½·1 + ½·2/4; Brier = (.01 + .36 + .64 + .16 + .01)/5.
    test = scored([0.9, 0.4, 0.8, 0.4, 0.1], [1, 1, 0, 0, 0])
    scores = score_table(test, {"model": "probability"}, draws=50)
    assert value_of(scores, "model", "roc_auc") == pytest.approx(0.75)
    assert value_of(scores, "model", "pr_auc") == pytest.approx(0.75)
    assert value_of(scores, "model", "brier") == pytest.approx(1.18 / 5)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=4, max_size=80).filter(
        lambda rows: 0 < sum(y for _, y in rows) < len(rows)
    )
)
@settings(max_examples=60, deadline=None)
def test_scores_agree_with_scikit_learn_even_with_ties(rows) -> None:
    p, y = [k / 20 for k, _ in rows], [int(y) for _, y in rows]
    scores = score_table(scored(p, y), {"model": "probability"}, draws=10)
    assert value_of(scores, "model", "roc_auc") == pytest.approx(roc_auc_score(y, p))
    assert value_of(scores, "model", "pr_auc") == pytest.approx(average_precision_score(y, p))
    assert value_of(scores, "model", "brier") == pytest.approx(brier_score_loss(y, p))
    held = np.clip(p, 1e-6, 1 - 1e-6)
    assert value_of(scores, "model", "log_loss") == pytest.approx(log_loss(y, held))


def population(size: int = 1000, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 6, size)
    table = scored(p.tolist(), (rng.random(size) < p).astype(int).tolist())
    return table.assign(noise=rng.random(size), coarse=np.where(p > 0.2, 0.3, 0.1))


def test_intervals_hold_their_value_and_differences_are_paired() -> None:
    test = population()
    scores = score_table(
        test, {"model": "probability", "itself": "probability", "noise": "noise"}, draws=300
    )
    assert (scores["low"] <= scores["value"]).all()
    assert (scores["value"] <= scores["high"]).all()
    same = scores[scores["score"] == "itself"]
    assert same[["ahead", "ahead_low", "ahead_high"]].eq(0).all(axis=None)
    assert value_of(scores, "noise", "roc_auc", "ahead_low") > 0.1
    assert value_of(scores, "noise", "brier", "ahead_low") > 0  # ahead is better, whatever the sign
    # The width of a bootstrap interval is close to that of Hanley & McNeil (1982).
    auc, ups = value_of(scores, "model", "roc_auc"), test["lapsed"].sum()
    downs, q1, q2 = len(test) - ups, auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (ups - 1) * (q1 - auc**2) + (downs - 1) * (q2 - auc**2)
    width = 2 * 1.96 * np.sqrt(variance / (ups * downs))
    own = value_of(scores, "model", "roc_auc", "high") - value_of(scores, "model", "roc_auc", "low")
    assert own == pytest.approx(width, rel=0.25)


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1]])
def test_outcomes_that_are_all_the_same_are_refused(y: list[int]) -> None:
    with pytest.raises(MetricError, match="nothing can be ranked"):
        score_table(scored([0.1, 0.2, 0.3], y), {"model": "probability"})


def test_reliability_bins_hold_everybody_once() -> None:
    test = population()
    table = reliability(test)
    assert table["customers"].tolist() == [100] * 10
    assert table["lapsed"].sum() == test["lapsed"].sum()
    assert (table["predicted"].diff().dropna() > 0).all()
    assert (table["low"] <= table["observed"]).all()
    assert (table["observed"] <= table["high"]).all()


def test_equal_probabilities_share_a_bin() -> None:
    test = scored([0.1] * 30, [1] * 3 + [0] * 27)
    table = reliability(test)
    assert table[["customers", "predicted", "observed"]].to_numpy().tolist() == [
        [30, pytest.approx(0.1), pytest.approx(0.1)]
    ]
    assert reliability(test.iloc[:0]).empty


def test_calibration_expects_the_sum_of_the_probabilities() -> None:
    # Σp = 2.0; Σp(1−p) = 4·.25: 2 ± 1.96.
    found = calibration(scored([0.5] * 4, [1, 1, 1, 0]))
    assert (found["expected"], found["observed"]) == (2.0, 3)
    assert found["expected_low"] == pytest.approx(2 - 1.959964)
    assert found["expected_high"] == pytest.approx(2 + 1.959964)
    assert found["observed_per_expected"] == 1.5
    assert np.isnan(found["slope"])  # one probability tells nothing of a slope


def test_the_slope_is_near_one_for_right_probabilities() -> None:
    assert calibration(population(20_000))["slope"] == pytest.approx(1.0, abs=0.06)


def test_platt_finds_the_offset_and_slope_that_were_put_in() -> None:
    rng = np.random.default_rng(3)
    p = rng.beta(2, 5, 40_000)
    y = rng.random(40_000) < expit(0.4 + 1.3 * logit(p))
    assert platt(p, y) == pytest.approx((0.4, 1.3), abs=0.06)


def test_platt_leaves_a_handful_of_events_alone() -> None:
    p = np.linspace(0.1, 0.9, 50)
    assert platt(p, np.arange(50) < 10) == (0.0, 1.0)


def test_newton_solves_the_two_by_two_table() -> None:
    # x = 0: 1 of 4, x = 1: 3 of 4 → intercept logit(1/4) = −ln 3, slope 2·ln 3.
    x, y = np.repeat([0.0, 1.0], 4), np.array([1, 0, 0, 0, 1, 1, 1, 0], dtype=float)
    assert newton(x, y) == pytest.approx((-np.log(3), 2 * np.log(3)), abs=1e-4)


def test_deciles_split_the_customers_and_their_gain_ends_at_one() -> None:
    test = population(1003)
    table = lift_by_decile(test)
    assert table["customers"].sum() == 1003
    assert table["customers"].max() - table["customers"].min() <= 1
    assert table["gain"].iloc[-1] == pytest.approx(1.0)
    assert (table["low"] <= table["lift"]).all()
    assert (table["lift"] <= table["high"]).all()
    average = (table["lift"] * table["customers"]).sum() / 1003
    assert average == pytest.approx(1.0)


def test_deciles_without_a_lapse_have_no_lift() -> None:
    table = lift_by_decile(scored([0.1] * 20, [0] * 20))
    assert table["lift"].isna().all()
    assert lift_by_decile(scored([], [])).empty


def test_curves_end_at_the_top_right() -> None:
    table = curves(population(), {"model": "probability"})
    roc = table[table["curve"] == "roc"]
    assert roc[["x", "y"]].iloc[-1].tolist() == [1.0, 1.0]
    assert (roc[["x", "y"]].diff().dropna() >= 0).all(axis=None)
    # The trapezoid under the thinned curve is the AUC but for the thinning.
    test = population()
    area = np.trapezoid(roc["y"], roc["x"])
    assert area == pytest.approx(roc_auc_score(test["lapsed"], test["probability"]), abs=0.01)


ORDER_FREE: list[Callable[[pd.DataFrame], pd.DataFrame]] = [reliability, lift_by_decile]


@pytest.mark.parametrize("measure", ORDER_FREE)
def test_the_order_of_the_customers_does_not_matter(
    measure: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    test = population(300)
    shuffled = test.sample(frac=1, random_state=5)
    pd.testing.assert_frame_equal(measure(shuffled), measure(test))


# --- mix and rate ---------------------------------------------------------------------------------


def rates(*rows: tuple[str, int, int]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["segment", "customers", "lapsed"])
    return table.assign(dimension="spend", churn_rate=table["lapsed"] / table["customers"])


# Before: 50 low at 20 %, 50 high at 10 %: 15 %. Now: 75 low at 24 %, 25 high at 8 %: 20 %.
# R̄ = 17.5 %. Low: mix (.75−.50)(.22−.175) = .01125, rate (.24−.20)·.625 = .025.
# High: mix (−.25)(.09−.175) = .02125, rate (.08−.10)·.375 = −.0075. Together .05.
BEFORE = rates(("low", 50, 10), ("high", 50, 5))
NOW = rates(("low", 75, 18), ("high", 25, 2))


def test_mix_and_rate_are_kitagawas_and_leave_nothing_over() -> None:
    table = decompose(NOW, BEFORE, dimension="spend").set_index("segment")
    assert table.loc["low", ["mix", "rate"]].tolist() == pytest.approx([0.01125, 0.025])
    assert table.loc["high", ["mix", "rate"]].tolist() == pytest.approx([0.02125, -0.0075])
    assert table["effect"].sum() == pytest.approx(0.05)


def test_the_sentence_names_the_change_and_its_main_cause() -> None:
    text = explain(
        decompose(NOW, BEFORE, dimension="spend"), figure="The churn rate", compared_with="August",
        split="recent spending", write=lambda value, unit: f"{100 * value:.3f} {unit}",
    )  # fmt: skip
    assert text == (
        "The churn rate rose by 5.000 points against August, mostly because kinds with a higher "
        "rate have more weight (rates +1.750 points, mix +3.250 points). By recent spending, “low” "
        "moved it most (+3.625 points)."
    )
    same = decompose(NOW, NOW, dimension="spend")
    text = explain(same, figure="Churn", compared_with="May", split="spending")
    assert text == "Churn is the same as in May."


def test_revenue_is_decomposed_by_its_own_weight() -> None:
    # Before: 100 of revenue at 10 %; now 100 at 10 % and 300 at 30 %: 25 %, all of it mix.
    now = rates(("low", 9, 1), ("high", 9, 1)).assign(revenue=[100, 300], lost=[0.1, 0.3])
    before = rates(("low", 9, 1)).assign(revenue=[100], lost=[0.1])
    table = decompose(now, before, dimension="spend", rate="lost", weight="revenue")
    assert table["effect"].sum() == pytest.approx(0.15)
    assert table["rate"].abs().max() == pytest.approx(0)


def test_a_segment_that_is_new_is_all_mix() -> None:
    table = decompose(rates(("a", 10, 1), ("b", 10, 5)), rates(("a", 20, 2)), dimension="spend")
    new = table.set_index("segment").loc["b"]
    assert new["rate"] == 0.0
    assert table["effect"].sum() == pytest.approx(6 / 20 - 2 / 20)


def test_nobody_before_leaves_nothing_to_compare() -> None:
    empty = BEFORE.iloc[:0]
    assert decompose(NOW, empty, dimension="spend").empty
    nothing = decompose(NOW, empty, dimension="spend")
    text = explain(nothing, figure="Churn", compared_with="May", split="spending")
    assert text == "Churn: there is nothing in May to compare with."
    assert contributors(empty, empty).empty


def test_an_unknown_dimension_is_named() -> None:
    with pytest.raises(MetricError, match="did you mean `spend`"):
        decompose(NOW, BEFORE, dimension="spends")


def test_small_groups_are_summed_so_that_nobody_is_shown() -> None:
    now = rates(("a", 100, 10), ("b", 3, 1), ("c", 4, 1))
    before = rates(("a", 100, 12), ("b", 5, 0), ("c", 2, 1))
    table = contributors(now, before).set_index("segment")
    assert table.index.tolist() == ["a", "other small groups"]
    assert table.loc["other small groups", ["customers", "customers_before"]].tolist() == [7, 7]
    assert table.loc["other small groups", "now"] == pytest.approx(2 / 7)
    assert table["effect"].sum() == pytest.approx(12 / 107 - 13 / 107)


SEGMENTS = st.dictionaries(
    st.sampled_from("abcd"),
    st.integers(1, 50).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
    min_size=1,
)  # fmt: skip


@given(SEGMENTS, SEGMENTS)
@settings(max_examples=60, deadline=None)
def test_effects_always_sum_to_the_change(now, before) -> None:
    one, two = (rates(*((s, n, k) for s, (n, k) in part.items())) for part in (now, before))
    change = (
        one["lapsed"].sum() / one["customers"].sum() - two["lapsed"].sum() / two["customers"].sum()
    )
    assert decompose(one, two, dimension="spend")["effect"].sum() == pytest.approx(change)
    assert contributors(one, two)["effect"].sum() == pytest.approx(change)
