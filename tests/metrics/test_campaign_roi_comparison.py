"""Weighted difference in differences: published, by hand, and against a known truth."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.errors import MetricError
from helpers.metrics.campaign_roi import (
    Comparison,
    Spread,
    balance_table,
    calibrated,
    compare,
    difference_in_differences,
    joint_placebo,
    method_errors,
    overlap_table,
    random_effects,
)

LALONDE = Path(os.environ.get("CRM_BENCH_DATA", "-")) / "lalonde" / "nsw.dta"


@pytest.mark.skipif(not LALONDE.is_file(), reason="CRM_BENCH_DATA/lalonde/nsw.dta is not there")
def test_the_published_estimate_on_lalondes_data_is_reproduced():
    # Sant'Anna & Zhao's package: experimental controls against the CPS, true effect zero; estimator
    # dripw -871.3271, standard error 396.0211 (396.0332 with n - 1).
    data = pd.read_stata(LALONDE)
    data = data[(data["treated"] == 0) | (data["sample"] == 2)]
    found = difference_in_differences(
        data.assign(contacted=data["treated"].notna()),
        contacted="contacted",
        before="re75",
        after="re78",
        covariates=["age", "educ", "black", "married", "nodegree", "hisp", "re74"],
        trim=None,
    )
    assert found.effect == pytest.approx(-871.3271, abs=1e-3)
    assert found.standard_error == pytest.approx(396.0332, abs=1e-3)


def with_moments(n: int, mean: float, deviation: float) -> np.ndarray:
    """Return n values with exactly this mean and standard deviation."""
    values = np.linspace(-1, 1, n) ** 3
    return mean + deviation * (values - values.mean()) / values.std(ddof=1)


def test_a_published_difference_in_differences_follows_from_its_printed_changes():
    # Card & Krueger (1994), American Economic Review 84, table 3, row 4: change of full-time
    # employment in the balanced sample of stores, New Jersey 0.47 (standard error 0.48),
    # Pennsylvania -2.28 (1.25); difference 2.75 (1.34). 309 and 75 stores. All are rounded.
    raised = with_moments(309, 0.47, 0.48 * np.sqrt(309))
    others = with_moments(75, -2.28, 1.25 * np.sqrt(75))
    frame = pd.DataFrame({"contacted": [True] * 309 + [False] * 75, "before": 20.0})
    found = did(frame.assign(after=20.0 + np.concatenate([raised, others])))
    assert found.effect == pytest.approx(2.75, abs=1e-9)
    assert found.standard_error == pytest.approx(1.34, abs=0.01)
    assert found.p_value == pytest.approx(0.04, abs=0.005)  # z = 2.05


def people(rows: list[tuple[int, float, float, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["contacted", "before", "after", "x"])
    return frame.assign(contacted=frame["contacted"] == 1)


def did(frame: pd.DataFrame, *covariates: str, **more: object) -> Comparison:
    return difference_in_differences(
        frame, contacted="contacted", before="before", after="after", covariates=covariates, **more
    )


def test_without_covariates_it_is_the_plain_difference_of_changes():
    # changes 3 and 5 of the contacted (mean 4), 1, 1 and 4 of the others (mean 2): effect 2;
    # squares about the means: 1 + 1 = 2 over 2², 1 + 1 + 4 = 6 over 3²; times n/(n − 1) = 5/4
    frame = people([(1, 10, 13, 0), (1, 0, 5, 0), (0, 1, 2, 0), (0, 5, 6, 0), (0, 0, 4, 0)])
    found = did(frame)
    assert found.effect == pytest.approx(2)
    assert found.standard_error == pytest.approx(np.sqrt((2 / 4 + 6 / 9) * 5 / 4))
    assert (found.contacted, found.compared, found.kept_share) == (2, 3, 1)
    assert found.effective_controls == pytest.approx(3)


def test_with_one_yes_no_covariate_it_averages_the_strata_of_the_contacted():
    # x = 0: contacted +5, others +1 and +3: effect 5 − 2 = 3. x = 1: contacted +10 and +12, others
    # +3, +3, +6, +8: effect 11 − 5 = 6. Weighted by the contacted, one and two: (3 + 2·6) / 3 = 5.
    rows = [(1, 0, 5, 0), (0, 0, 1, 0), (0, 0, 3, 0), (1, 0, 10, 1), (1, 0, 12, 1)]
    high = [(0, 0, v, 1) for v in (3, 3, 6, 8)]
    found = did(people(rows + high), "x")
    assert found.effect == pytest.approx((3 + 2 * 6) / 3, abs=1e-5)
    # odds: x = 0: 1 contacted to 2 others = .5 each; x = 1: 2 to 4 = .5 each -> 6 equal weights
    assert found.effective_controls == pytest.approx(6, abs=1e-6)


def confounded(rng: np.random.Generator, n: int, effect: float) -> pd.DataFrame:
    """Heavy buyers are contacted more often, and their sales grow anyway."""
    x = rng.normal(size=n)
    contacted = rng.random(n) < 1 / (1 + np.exp(-(x - 0.5)))
    before = 50 + 10 * x + rng.normal(scale=3, size=n)
    after = before + 4 * x + effect * contacted + rng.normal(scale=3, size=n)
    return pd.DataFrame({"contacted": contacted, "before": before, "after": after, "x": x})


def test_targeting_biases_the_plain_comparison_and_not_the_weighted_one():
    frame = confounded(np.random.default_rng(11), 3000, effect=2.0)
    assert did(frame).effect > 4.5
    found = did(frame, "x")
    assert abs(found.effect - 2) < 3 * found.standard_error
    assert found.standard_error < 0.3


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng, hits, rounds = np.random.default_rng(3), 0, 200
    for _ in range(rounds):
        low, high = did(confounded(rng, 300, effect=1.0), "x").interval()
        hits += low <= 1.0 <= high
    assert 0.90 <= hits / rounds <= 0.99  # binomial error of 200 rounds at .95: ±.03


def test_row_order_and_currency_change_nothing_but_the_currency():
    frame = confounded(np.random.default_rng(1), 400, effect=1.0)
    one, other = did(frame, "x"), did(frame.sample(frac=1, random_state=2), "x")
    assert other.effect == pytest.approx(one.effect)
    assert other.standard_error == pytest.approx(one.standard_error)
    cents = did(frame.assign(before=frame["before"] * 100, after=frame["after"] * 100), "x")
    assert cents.effect == pytest.approx(100 * one.effect)
    assert cents.p_value == pytest.approx(one.p_value)


def test_customers_whom_nobody_matches_are_left_out_and_counted():
    rng = np.random.default_rng(4)
    frame = confounded(rng, 500, effect=1.0)
    alone = pd.DataFrame(
        {"contacted": True, "before": 500.0, "after": 900.0, "x": 20.0 + rng.random(50)}
    )
    found = did(pd.concat([frame, alone], ignore_index=True), "x")
    assert found.contacted == frame["contacted"].sum()
    assert found.kept_share == pytest.approx(found.contacted / (found.contacted + 50))
    assert abs(found.effect - 1) < 4 * found.standard_error


def test_groups_that_separate_completely_have_no_effect():
    frame = pd.DataFrame({"contacted": [True] * 20 + [False] * 20, "before": 1.0, "after": 2.0,
                          "x": np.r_[np.arange(20) + 100.0, np.arange(20)]})  # fmt: skip
    found = did(frame, "x")
    assert np.isnan(found.effect)
    assert np.isnan(found.p_value)
    assert found.kept_share == 0


@pytest.mark.parametrize("contacted", [[True] * 4, [False] * 4, [True, False, False, False]])
def test_without_two_customers_on_each_side_there_is_no_effect(contacted):
    frame = pd.DataFrame({"contacted": contacted, "before": 0.0, "after": 1.0})
    assert np.isnan(did(frame).effect)


def test_constant_sales_show_no_effect_and_no_certainty():
    frame = people([(1, 5, 5, 1), (1, 5, 5, 2), (0, 5, 5, 1), (0, 5, 5, 2), (0, 5, 5, 3)])
    found = did(frame, "x")
    assert found.effect == pytest.approx(0)
    assert np.isnan(found.p_value)


def test_missing_sales_are_refused():
    with pytest.raises(MetricError, match="missing or infinite"):
        did(people([(1, 1, np.nan, 0), (0, 1, 1, 0)]))


def test_balance_by_hand():
    # contacted x: 2, 4 (mean 3, variance 1); others 0, 2, weights 1, 3 (mean 1, weighted 1.5)
    found = compare(np.arange(4.0), np.array([True, True, False, False]), np.empty((4, 0)),
                    among=np.ones(4, bool))  # fmt: skip
    given = Comparison(**{**vars(found), "weights": np.array([1.0, 1.0, 1.0, 3.0])})
    table = balance_table(
        pd.DataFrame({"x": [2.0, 4, 0, 2], "same": 1.0}),
        contacted=np.array([True, True, False, False]), comparison=given,
    ).set_index("covariate")  # fmt: skip
    assert table.loc["x", "difference_before"] == pytest.approx(2)
    assert table.loc["x", "difference_after"] == pytest.approx(1.5)
    assert table.loc["same", "difference_after"] == 0


def test_weights_make_the_groups_alike():
    frame = confounded(np.random.default_rng(8), 2000, effect=0.0)
    found = did(frame, "x")
    table = balance_table(frame[["x"]], contacted=frame["contacted"].to_numpy(), comparison=found)
    assert abs(table["difference_before"].iloc[0]) > 0.5
    assert abs(table["difference_after"].iloc[0]) < 0.1


def test_overlap_counts_every_customer_once():
    frame = confounded(np.random.default_rng(8), 500, effect=0.0)
    table = overlap_table(did(frame, "x"), contacted=frame["contacted"].to_numpy())
    assert table.groupby("group")["customers"].sum().to_dict() == {
        "Contacted": frame["contacted"].sum(), "Not contacted": (~frame["contacted"]).sum(),
    }  # fmt: skip
    np.testing.assert_allclose(table.groupby("group")["share"].sum(), 1)


def test_random_effects_by_hand():
    # 0 and 4, errors 1: mean 2, maximum-likelihood variance of the points 4 = 1 + τ², so τ² = 3
    found = random_effects([0.0, 4.0, np.nan], [1.0, 1.0, 1.0])
    assert found.mean == pytest.approx(2)
    assert found.spread == pytest.approx(np.sqrt(3), rel=1e-4)
    assert found.standard_error == pytest.approx(np.sqrt(2), rel=1e-4)
    # 1 and 3 with errors 1 and 2: no more spread than chance, weights 1 and 1/4, mean 7/5
    alike = random_effects([1.0, 3.0], [1.0, 2.0])
    assert (alike.mean, alike.spread) == (pytest.approx(1.4), 0)
    assert random_effects([], []).count == 0


def test_calibration_corrects_for_the_mean_and_the_spread_of_known_zeros():
    errors = Spread(mean=1.0, standard_error=3.0, spread=4.0, count=20)
    centre, error, low, high = calibrated(10.0, 12.0, errors)
    assert (centre, error) == (9, 13)  # 10 − 1; √(144 + 16 + 9)
    assert (low, high) == (pytest.approx(9 - 1.959964 * 13), pytest.approx(9 + 1.959964 * 13))


@pytest.mark.parametrize("errors", [None, Spread(1.0, 3.0, 4.0, 9)])
def test_with_too_few_practice_runs_the_estimate_stays(errors):
    assert calibrated(10.0, 2.0, errors)[:2] == (10, 2)


def run(effect: float, influence: list[float]) -> Comparison:
    inf = np.array(influence)
    error = float(np.sqrt((inf**2).sum()))
    full = np.ones(len(inf), bool)
    return Comparison(effect, error, 9, 9, 1.0, 9.0, full, full * 1.0, full * 0.5, inf, inf)


def test_a_single_practice_run_is_tested_by_its_own_z():
    found = joint_placebo([run(3.0, [1.0, 1.0])])  # z = 3/√2, p = .0339
    assert found.p_value == pytest.approx(0.0339, abs=1e-4)
    assert found.verdict(100) == "fail"


def test_practice_runs_of_the_same_customers_are_not_counted_twice():
    # independent runs: W = 1²/1 + 1²/1 = 2 on 2 df, p = .3679; mean's error √2/2
    found = joint_placebo([run(1.0, [1.0, 0.0]), run(1.0, [0.0, 1.0])])
    assert found.p_value == pytest.approx(np.exp(-1))
    assert found.standard_error == pytest.approx(np.sqrt(2) / 2)
    same = joint_placebo([run(1.0, [1.0, 0.0]), run(1.0, [1.0, 0.0])])
    assert same.standard_error == pytest.approx(1)
    assert method_errors([run(1.0, [1.0, 0.0])] * 10).standard_error == pytest.approx(1)


@pytest.mark.parametrize("side", [1, -1])
def test_a_practice_effect_as_large_as_what_would_pay_must_be_ruled_out_on_both_sides(side):
    # mean 1, error 2, tolerance 5: z = (5 − 1)/2 = 2 on the near side, 3 on the far one;
    # p = 1 − Φ(2) = .02275. Tolerance 4: z = 1.5, p = .0668
    found = joint_placebo([run(side * 1.0, [2.0, 0.0])])
    assert found.equivalence_p(5.0) == pytest.approx(0.02275, abs=1e-5)
    assert found.verdict(5.0) == "pass"
    assert found.equivalence_p(4.0) == pytest.approx(0.0668, abs=1e-4)
    assert found.verdict(4.0) == "unknown"


def test_a_bias_that_no_test_finds_is_not_taken_for_none():
    # ±21 % of a baseline of 100 within the error, p = .11 of no effect: once passed
    biased = joint_placebo([run(16.0, [10.0])])
    assert biased.p_value > 0.10
    assert biased.verdict(tolerance=5.0) == "unknown"
    assert biased.verdict(tolerance=40.0) == "pass"


@pytest.mark.parametrize("tolerance", [0.0, -1.0, float("nan")])
def test_without_a_tolerance_no_practice_run_passes(tolerance):
    assert joint_placebo([run(0.0, [1e-6])]).verdict(tolerance) == "unknown"
    assert joint_placebo([]).verdict(100) == "unknown"


def test_equivalence_is_claimed_of_a_bias_that_just_pays_once_in_twenty_at_most():
    rng, claimed, rounds = np.random.default_rng(2), 0, 4000
    for effect in rng.normal(3.0, 1.0, rounds):  # the truth is the tolerance itself
        claimed += joint_placebo([run(effect, [1.0])]).equivalence_p(3.0) < 0.05
    assert claimed / rounds < 0.06  # .05 ± .007
