"""Randomised campaigns: Hillstrom's published table, hand-worked tests, and what never changes."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import MetricError
from helpers.metrics.campaign_roi import (
    adjust_p_values,
    adjusted_lift,
    heterogeneity,
    holdout_plan,
    lift,
    lift_by_segment,
    minimum_detectable_effect,
    relative_lift_interval,
    sample_ratio_test,
    sample_size,
)

# MineThatData e-mail challenge (Hillstrom 2008): customers, visits and conversions of each arm.
# For a 0/1 outcome these counts are the whole data.
HILLSTROM = {
    "No E-Mail": (21306, 2262, 122),
    "Womens E-Mail": (21387, 3238, 189),
    "Mens E-Mail": (21307, 3894, 267),
}


def hillstrom(outcome: int) -> pd.DataFrame:
    rows = []
    for arm, counts in HILLSTROM.items():
        yes, no = counts[outcome], counts[0] - counts[outcome]
        rows.append(pd.DataFrame({"segment": arm, "y": np.repeat([1, 0], [yes, no])}))
    return pd.concat(rows, ignore_index=True)


def arms(treated: list[float], control: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"arm": ["T"] * len(treated) + ["C"] * len(control), "y": [*treated, *control]}
    )


@pytest.mark.parametrize(
    ("outcome", "means", "lifts"),
    [
        (1, [10.617, 18.276, 15.140], [7.659, 4.523]),  # visits, % (published means)
        (
            2,
            [0.573, 1.253, 0.884],
            [0.680, 0.311],
        ),  # conversions, % (1.2531 − .5726, .8837 − .5726)
    ],
)
def test_hillstroms_shares_come_out_as_published(outcome, means, lifts):
    found = lift(hillstrom(outcome), arm="segment", control="No E-Mail", metric="y")
    assert found["arm"].tolist() == ["No E-Mail", "Mens E-Mail", "Womens E-Mail"]
    assert found["n"].tolist() == [21306, 21307, 21387]
    np.testing.assert_allclose(found["mean"] * 100, means, atol=0.0005)
    np.testing.assert_allclose(found["lift"].iloc[1:] * 100, lifts, atol=0.0006)


def test_the_interval_of_a_share_follows_from_its_variance():
    # men's visits: p = 3894/21307, q = 2262/21306; se² = p(1−p)/(n_T−1) + q(1−q)/(n_C−1)
    p, q = 3894 / 21307, 2262 / 21306
    error = np.sqrt(p * (1 - p) / 21306 + q * (1 - q) / 21305)
    row = lift(hillstrom(1), arm="segment", control="No E-Mail", metric="y").set_index("arm")
    men = row.loc["Mens E-Mail"]
    assert men["lift_high"] - men["lift"] == pytest.approx(1.96006 * error, rel=1e-4)
    assert men["incremental_total"] == pytest.approx(3894 - 21307 * q)
    assert men["relative_lift"] == pytest.approx(p / q - 1)
    assert men["p_value"] < 1e-100


# Spend a head in US$: customers, mean and standard deviation of each arm, as R's or pandas' summary
# of the published file prints them. An interval of Welch's test needs no more.
HILLSTROM_SPEND = {
    "No E-Mail": (21306, 0.652789, 11.588200),
    "Mens E-Mail": (21307, 1.422617, 17.754205),
    "Womens E-Mail": (21387, 1.077202, 15.116106),
}
PUBLISHED_SPEND = {  # n, mean, lift, low, high, incremental revenue
    "Mens E-Mail": (21307, 1.4226, 0.770, 0.485, 1.055, 16403),
    "Womens E-Mail": (21387, 1.0772, 0.424, 0.169, 0.680, 9077),
}


def with_moments(n: int, mean: float, deviation: float) -> np.ndarray:
    """Return n values with exactly this mean and standard deviation, many equal and a few large."""
    values = np.where(np.arange(n) % 97 == 0, 1.0, 0.0)
    return mean + deviation * (values - values.mean()) / values.std(ddof=1)


def check_spend(found: pd.DataFrame) -> None:
    assert round(found.loc["No E-Mail", "mean"], 4) == 0.6528
    for arm, (n, mean, effect, low, high, total) in PUBLISHED_SPEND.items():
        row = found.loc[arm]
        assert row["n"] == n
        assert round(row["mean"], 4) == mean
        assert [round(row[c], 3) for c in ("lift", "lift_low", "lift_high")] == [effect, low, high]
        assert round(row["incremental_total"]) == total


def test_hillstroms_spend_table_follows_from_its_means_and_deviations():
    rows = [
        pd.DataFrame({"segment": arm, "spend": with_moments(*moments)})
        for arm, moments in HILLSTROM_SPEND.items()
    ]
    data = pd.concat(rows, ignore_index=True)
    check_spend(lift(data, arm="segment", control="No E-Mail", metric="spend").set_index("arm"))
    assert sample_ratio_test(data, arm="segment").passed


@pytest.mark.skipif("CRM_BENCH_DATA" not in os.environ, reason="CRM_BENCH_DATA: Hillstrom's file")
def test_hillstroms_spend_table_is_reproduced_exactly():
    data = pd.read_csv(Path(os.environ["CRM_BENCH_DATA"]) / "hillstrom" / "hillstrom.csv")
    found = lift(data, arm="segment", control="No E-Mail", metric="spend").set_index("arm")
    check_spend(found)
    assert sample_ratio_test(data, arm="segment").passed


def test_welchs_test_by_hand():
    # x̄ = 6, 3; s² = 10, 2.5; se² = 10/5 + 2.5/5 = 2.5; df = 2.5² / (2²/4 + .5²/4) = 5.88235;
    # t = 3/√2.5 = 1.89737; t_{.975, 5.88235} = 2.4589; p = .1075 (R: t.test(c(2,4,6,8,10), 1:5))
    found = lift(arms([2, 4, 6, 8, 10], [1, 2, 3, 4, 5]), arm="arm", control="C", metric="y").iloc[
        1
    ]
    assert found["lift"] == 3
    assert found["lift_high"] == pytest.approx(3 + 2.4589 * np.sqrt(2.5), abs=1e-3)
    assert found["p_value"] == pytest.approx(0.1075, abs=1e-4)
    assert found["relative_lift"] == 1
    assert found["incremental_total"] == 15


def test_the_control_arm_is_compared_with_nothing():
    control = lift(arms([1, 2], [0, 2]), arm="arm", control="C", metric="y").iloc[0]
    assert control["arm"] == "C"
    assert control[["lift", "lift_low", "p_value", "incremental_total"]].isna().all()


def test_without_variation_there_is_a_lift_and_no_interval():
    found = lift(arms([0, 0], [0, 0]), arm="arm", control="C", metric="y").iloc[1]
    assert found["lift"] == 0
    assert found[["lift_low", "lift_high", "p_value", "relative_lift"]].isna().all()


def test_one_customer_an_arm_has_a_lift_and_no_interval():
    found = lift(arms([5], [1, 3]), arm="arm", control="C", metric="y").iloc[1]
    assert (found["n"], found["lift"]) == (1, 3)
    assert np.isnan(found["lift_low"])


def test_returns_count_as_negative_money():
    assert lift(arms([-4, 0], [1, 1]), arm="arm", control="C", metric="y").iloc[1]["lift"] == -3


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (arms([1], [1]).assign(y=[1.0, np.nan]), "missing or infinite"),
        (arms([1], [1]).assign(arm=["T", None]), "without an arm"),
        (arms([1], [1]).assign(arm="T"), "control arm 'C'"),
        (arms([1], [1]).drop(columns="y"), "It has: arm"),
        (arms([], []), "control arm"),
    ],
)
def test_what_cannot_be_compared_is_refused(frame, said):
    with pytest.raises(MetricError, match=said):
        lift(frame, arm="arm", control="C", metric="y")


def test_a_misspelt_control_arm_gets_a_hint():
    with pytest.raises(MetricError, match="did you mean `No E-Mail`"):
        lift(hillstrom(1), arm="segment", control="No Email", metric="y")


money = st.lists(st.floats(-100, 1000, width=32), min_size=2, max_size=30)


@settings(max_examples=40, deadline=None)
@given(money, money, st.randoms(use_true_random=False), st.floats(0.1, 50))
def test_row_order_shift_and_scale_change_what_they_must(treated, control, random, scale):
    frame = arms(treated, control)
    one = lift(frame, arm="arm", control="C", metric="y")
    rows = list(range(len(frame)))
    random.shuffle(rows)
    other = lift(frame.iloc[rows], arm="arm", control="C", metric="y")
    pd.testing.assert_frame_equal(one, other, rtol=1e-6, atol=1e-6)
    scaled = lift(frame.assign(y=frame["y"] * scale), arm="arm", control="C", metric="y")
    for name in ("lift", "lift_low", "lift_high", "incremental_total"):
        np.testing.assert_allclose(scaled[name], one[name] * scale, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(scaled["p_value"], one["p_value"], rtol=1e-4, atol=1e-9)
    shifted = lift(frame.assign(y=frame["y"] + 7), arm="arm", control="C", metric="y")
    np.testing.assert_allclose(shifted["lift"], one["lift"], atol=1e-6)


def test_fiellers_limits_solve_their_equation():
    frame = arms([2, 4, 6, 8, 10], [3, 4, 5, 4, 4])
    found = relative_lift_interval(frame, arm="arm", control="C", metric="y").iloc[0]
    # x̄_T = 6, v_T = 10/5 = 2; x̄_C = 4, v_C = .5/5 = .1; relative lift 6/4 − 1
    assert found["relative_lift"] == 0.5
    for limit in (found["low"], found["high"]):
        rho = limit + 1
        assert (6 - rho * 4) ** 2 == pytest.approx(1.959964**2 * (2 + rho**2 * 0.1), rel=1e-6)


def test_fieller_gives_no_limits_where_the_control_may_be_zero():
    found = relative_lift_interval(arms([5, 6], [-1, 1.1]), arm="arm", control="C", metric="y")
    assert found[["low", "high"]].isna().all(axis=None)


def test_adjustment_takes_out_the_squared_correlation():
    rng = np.random.default_rng(5)
    x = rng.normal(size=400)
    frame = pd.DataFrame({"arm": ["T", "C"] * 200, "x": x})
    frame["y"] = 3 * x + rng.normal(size=400) + 2.0 * (frame["arm"] == "T")
    found = adjusted_lift(frame, arm="arm", control="C", metric="y", covariates=["x"])
    plain = lift(frame, arm="arm", control="C", metric="y")
    inside = frame[["x", "y"]] - frame.groupby("arm")[["x", "y"]].transform("mean")
    share = inside["x"].corr(inside["y"]) ** 2
    assert found["variance_reduction"].iloc[0] == pytest.approx(share)
    reach = (found["lift_high"] - found["lift"]).iloc[1]
    assert reach == pytest.approx(
        (plain["lift_high"] - plain["lift"]).iloc[1] * np.sqrt(1 - share), rel=0.01
    )
    assert abs(found["lift"].iloc[1] - 2) < 3 * reach / 1.96


def test_adjustment_for_a_perfect_covariate_finds_the_effect_itself():
    frame = arms([12, 14, 20], [2, 6, 8]).assign(x=[1, 2, 5, 1, 3, 4])  # y = 2x + 10 if treated
    found = adjusted_lift(frame, arm="arm", control="C", metric="y", covariates=["x"])
    assert found["lift"].iloc[1] == pytest.approx(10)
    assert found["variance_reduction"].iloc[0] == pytest.approx(1)


def test_adjustment_without_anything_known_is_the_plain_lift():
    frame = arms([2, 4, 6], [1, 2, 9]).assign(x=1.0)
    for covariates in ([], ["x"]):
        found = adjusted_lift(frame, arm="arm", control="C", metric="y", covariates=covariates)
        plain = lift(frame, arm="arm", control="C", metric="y")
        pd.testing.assert_frame_equal(found[plain.columns], plain)
        assert found["variance_reduction"].iloc[0] == pytest.approx(0)


def test_a_lopsided_split_is_noticed():
    # 5,250 and 4,750 of 10,000: χ² = 2·250²/5000 = 25, p = 5.7e-7
    frame = arms([0] * 5250, [0] * 4750)
    found = sample_ratio_test(frame, arm="arm")
    assert found.statistic == pytest.approx(25)
    assert found.p_value == pytest.approx(5.73e-7, rel=0.01)
    assert not found.passed
    assert sample_ratio_test(frame, arm="arm", planned={"T": 0.525, "C": 0.475}).passed


def test_an_arm_that_was_planned_and_never_filled_counts():
    found = sample_ratio_test(arms([0] * 50, []), arm="arm", planned={"T": 0.5, "C": 0.5})
    assert found.statistic == pytest.approx(50)
    assert found.arms["n"].tolist() == [0, 50]


def test_a_split_with_one_arm_tests_nothing():
    assert sample_ratio_test(arms([1, 2], []), arm="arm").passed


def test_planned_shares_must_cover_every_arm():
    with pytest.raises(MetricError, match="planned share"):
        sample_ratio_test(arms([1], [1]), arm="arm", planned={"T": 1.0})


def test_corrections_by_hand():
    p = pd.Series([0.01, 0.04, np.nan, 0.03, 0.005])
    # sorted .005 .01 .03 .04: Holm ·4 ·3 ·2 ·1 with running maximum; BH ·4/1 ·4/2 ·4/3 ·4/4
    np.testing.assert_allclose(adjust_p_values(p), [0.03, 0.06, np.nan, 0.06, 0.02])
    np.testing.assert_allclose(adjust_p_values(p, method="bh"), [0.02, 0.04, np.nan, 0.04, 0.02])
    assert adjust_p_values(pd.Series([], dtype=float)).empty
    with pytest.raises(MetricError, match="no correction"):
        adjust_p_values(p, method="none")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_a_correction_never_helps(values):
    p = pd.Series(values)
    holm, bh = adjust_p_values(p), adjust_p_values(p, method="bh")
    assert (holm >= p - 1e-12).all()
    assert (bh <= holm + 1e-12).all()
    assert holm.le(1).all()


def test_segments_are_lifted_one_by_one_and_corrected_together():
    frame = pd.concat([arms([2, 4, 6, 8, 10], [1, 2, 3, 4, 5]).assign(s="a"),
                       arms([1, 2, 3], [1, 2, 3]).assign(s="b"),
                       arms([1, 1], []).assign(s="no control")])  # fmt: skip
    found = lift_by_segment(frame, arm="arm", control="C", metric="y", segment="s")
    assert found["segment"].tolist() == ["a", "b"]
    assert found["lift"].tolist() == [3, 0]
    assert found["n_control"].tolist() == [5, 3]
    np.testing.assert_allclose(found["p_adjusted"], [0.215, 1.0], atol=2e-4)  # 2 · .1075, 1


def test_segments_without_a_control_give_an_empty_table():
    frame = pd.concat([arms([1], []).assign(s="a"), arms([], [1]).assign(s=None)])
    assert lift_by_segment(frame, arm="arm", control="C", metric="y", segment="s").empty


def test_cochrans_q_by_hand():
    # effects 1 and 3, errors 1: μ = 2, Q = 1 + 1 = 2 on 1 degree of freedom, p = .1573
    q, freedom, p = heterogeneity(pd.Series([1.0, 3.0, np.nan]), pd.Series([1.0, 1.0, 1.0]))
    assert (q, freedom) == (pytest.approx(2), 1)
    assert p == pytest.approx(0.1573, abs=1e-4)
    assert np.isnan(heterogeneity(pd.Series([1.0]), pd.Series([1.0]))[2])


def test_the_detectable_effect_by_hand():
    # (1.959964 + .841621) · 1 · √(1/100 + 1/100) = 2.801585 · .141421
    found = minimum_detectable_effect(standard_deviation=1, n_treated=100, n_control=100)
    assert found == pytest.approx(0.39620, abs=1e-5)
    assert np.isnan(minimum_detectable_effect(standard_deviation=1, n_treated=100, n_control=0))


def test_the_sample_for_half_a_standard_deviation_is_63_an_arm():
    assert sample_size(effect=0.5, standard_deviation=1) == 63  # 2 · (2.801585 / .5)² = 62.8
    with pytest.raises(MetricError, match="effect of zero"):
        sample_size(effect=0, standard_deviation=1)


def test_a_holdout_plan_sees_most_at_one_half():
    found = holdout_plan(customers=1000, standard_deviation=10, mean=50, shares=[0.1, 0.5])
    assert found["holdout"].tolist() == [100, 500]
    assert found["contacted"].tolist() == [900, 500]
    # 28.01585 · √(1/900 + 1/100) and √(1/500 + 1/500)
    np.testing.assert_allclose(found["detectable_effect"], [2.95313, 1.77188], atol=1e-4)
    assert found["relative_effect"].iloc[0] == pytest.approx(2.95313 / 50, abs=1e-6)


@pytest.mark.parametrize("wrong", [{"power": 1.0}, {"alpha": 0.0}, {"standard_deviation": -1.0}])
def test_power_outside_its_bounds_is_refused(wrong):
    with pytest.raises(MetricError, match="must"):
        minimum_detectable_effect(
            **({"standard_deviation": 1.0, "n_treated": 9, "n_control": 9} | wrong)
        )
