"""Measures, combination, intervals and reconciliation: worked by hand."""

import numpy as np
import pandas as pd
import pytest

from helpers.errors import MetricError
from helpers.metrics.sales_forecast import accuracy as measure
from helpers.metrics.sales_forecast import bias, coverage, mae_seasonal_naive, mase, smape, wape
from helpers.metrics.sales_forecast.combine import trimmed_mean
from helpers.metrics.sales_forecast.hierarchy import constraints, project, weights
from helpers.metrics.sales_forecast.intervals import calibrate
from helpers.metrics.sales_forecast.members import cycle_mean, seasonal_naive
from helpers.metrics.sales_forecast.smoothing import Grid, average, start_states

Y, F = np.array([100.0, 50.0, 0.0]), np.array([110.0, 40.0, 0.0])


def test_errors_of_three_periods() -> None:
    # |e| = 10, 10, 0; |y| + |f| = 210, 90, 0 -> 200 * (10/210 + 10/90 + 0) / 3
    assert smape(Y, F) == pytest.approx(200 * (10 / 210 + 10 / 90) / 3)
    assert wape(Y, F) == pytest.approx(20 / 150)
    assert bias(Y, F) == pytest.approx(0.0)
    assert mase(Y, F, scale=5.0) == pytest.approx(20 / 3 / 5)


def test_zero_denominators_give_nan_not_infinity() -> None:
    nothing = np.zeros(3)
    assert np.isnan(wape(nothing, F))
    assert np.isnan(bias(nothing, F))
    assert np.isnan(mase(Y, F, scale=0.0))
    assert smape(nothing, nothing) == 0.0


def test_the_scale_of_mase_is_the_seasonal_naive_error() -> None:
    # seasons of 2: |3-1|, |6-4|, |5-3| -> mean 2
    assert mae_seasonal_naive(np.array([1.0, 4.0, 3.0, 6.0, 5.0]), 2) == 2.0
    assert np.isnan(mae_seasonal_naive(np.array([1.0, 2.0]), 2))


def test_coverage_leaves_out_unknown_bounds() -> None:
    low, high = np.array([0.0, 60.0, np.nan]), np.array([100.0, 70.0, np.nan])
    assert coverage(Y, low, high) == 0.5
    assert np.isnan(coverage(Y, low * np.nan, high * np.nan))


def test_accuracy_pools_money_and_averages_series() -> None:
    frame = pd.DataFrame(
        {
            "unique_id": ["a", "a", "b", "b"],
            "y": [10.0, 10.0, 100.0, 100.0],
            "m": [12.0, 8.0, 90.0, 100.0],
        }
    )
    found = measure(frame, models=["m"], scales={"a": 1.0, "b": 5.0}, by=[]).iloc[0]
    assert found["wape"] == pytest.approx(14 / 220)
    assert found["bias"] == pytest.approx(10 / 220)
    assert found["mase"] == pytest.approx((2.0 / 1.0 + 5.0 / 5.0) / 2)
    each = measure(frame, models=["m"]).set_index("unique_id")
    assert each.loc["a", "n"] == 2
    assert np.isnan(each.loc["a", "mase"])
    with pytest.raises(MetricError, match="missing"):
        measure(frame, models=["other"])


def test_trimmed_mean_drops_the_extremes_and_skips_what_is_unknown() -> None:
    columns = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [100.0, np.nan], [4.0, np.nan]])
    # first column: 2, 3, 4 are left; second has three values, none is cut
    assert trimmed_mean(columns) == pytest.approx([3.0, 2.0])


def test_plain_rules_by_hand() -> None:
    panel = np.array([[1.0, 10.0, 3.0, 30.0, 5.0, 50.0]])
    assert seasonal_naive(panel, 2, 3).tolist() == [[5.0, 50.0, 5.0]]
    assert cycle_mean(panel, 2, 3).tolist() == [[3.0, 30.0, 3.0]]
    assert cycle_mean(panel, 2, 1, cycles=2).tolist() == [[4.0]]


def test_one_model_of_the_grid_is_simple_exponential_smoothing() -> None:
    # l0 = mean of three points = 4; e = 3-4, l = 3.5; e = 3-3.5, l = 3.25; e = 6-3.25, l = 4.625
    one = Grid(*(np.array([v]) for v in (0.5, 0.0, 0.0, 0.0, 0.0, 0.0)))
    made = average(np.array([[3.0, 3.0, 6.0]]), season=1, horizon=2, models=one)
    assert made[0] == pytest.approx([4.625, 4.625])


def test_a_season_that_is_only_noise_is_shrunk_away() -> None:
    rng = np.random.default_rng(1)
    _, _, noise = start_states(rng.normal(100, 10, 48), 12)
    pattern = np.tile(np.arange(12.0), 4)
    _, _, clear = start_states(pattern + rng.normal(0, 0.1, 48), 12)
    assert np.abs(noise).max() < 5
    assert clear.max() - clear.min() == pytest.approx(11, abs=0.5)


def test_ols_reconciliation_spreads_the_gap_evenly() -> None:
    # total 10, parts 4 + 4: the gap of 2 is shared by three nodes, 2/3 each
    constraint = constraints(["t", "a", "b"], [("t", ("a", "b"))])
    moved = project(
        np.array([[10.0], [4.0], [4.0]]), constraint, weights(np.ones((3, 2)), constraint, "ols")
    )
    assert moved.ravel() == pytest.approx([10 - 2 / 3, 4 + 2 / 3, 4 + 2 / 3])


def test_variance_reconciliation_moves_the_uncertain_node() -> None:
    # W = diag(1, 0, 3): gain = W C' / (C W C') = (1, 0, -3) / 4 of the gap of 2
    constraint = constraints(["t", "a", "b"], [("t", ("a", "b"))])
    errors = np.array([[1.0, -1.0], [0.0, 0.0], [3**0.5, -(3**0.5)]])
    moved = project(
        np.array([[10.0], [4.0], [4.0]]), constraint, weights(errors, constraint, "variance")
    )
    assert moved.ravel() == pytest.approx([9.5, 4.0, 5.5], abs=1e-6)


def test_a_node_without_a_series_is_refused() -> None:
    with pytest.raises(MetricError, match="no series"):
        constraints(["t", "a"], [("t", ("a", "b"))])
    with pytest.raises(MetricError, match="reconciliation"):
        weights(np.ones((2, 2)), np.ones((1, 2)), "best")


@pytest.mark.parametrize("level", [50, 80, 95])
def test_intervals_cover_what_they_promise_on_new_errors(level: float) -> None:
    rng = np.random.default_rng(7)
    size = rng.uniform(1, 50, 300)
    growth = np.sqrt(np.arange(1, 13))

    def draw(origins: int) -> np.ndarray:
        return rng.standard_t(5, (300, origins, 12)) * growth * size[:, None, None]

    learnt = calibrate(draw(5), size * rng.uniform(0.7, 1.4, 300))
    low, high = learnt.bounds(np.zeros((300, 12)), level, floor=np.full(300, -np.inf))
    came = draw(20)
    inside = (came >= low[:, None]) & (came <= high[:, None])
    assert inside.mean() == pytest.approx(level / 100, abs=0.03)
    assert (np.diff(high - low, axis=1) >= -1e-9).all()


def test_a_higher_level_never_gives_a_narrower_interval_and_sales_stay_above_zero() -> None:
    errors = np.random.default_rng(3).normal(0, 5, (4, 6, 7))
    learnt = calibrate(errors, np.full(4, 5.0))
    point, floor = np.full((4, 7), 3.0), np.zeros(4)
    widths = [np.subtract(*learnt.bounds(point, lev, floor=floor)[::-1]) for lev in (50, 80, 95)]
    assert (widths[0] <= widths[1]).all()
    assert (widths[1] <= widths[2]).all()
    assert (learnt.bounds(point, 95, floor=floor)[0] >= 0).all()


def test_without_a_backtest_there_is_no_interval() -> None:
    learnt = calibrate(np.full((2, 1, 3), np.nan), np.array([1.0, np.nan]))
    low, high = learnt.bounds(np.ones((2, 3)), 80, floor=np.zeros(2))
    assert np.isnan(low).all()
    assert np.isnan(high).all()
