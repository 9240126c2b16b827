"""How a model, an exposure and a range are chosen, without looking at what came."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.errors import MetricError
from helpers.metrics import sales_forecast as sf
from helpers.metrics.sales_forecast.backtest import Backtest
from helpers.metrics.sales_forecast.choice import advantage, as_chosen, choose
from helpers.metrics.sales_forecast.customers import ranged
from helpers.metrics.sales_forecast.exposing import Exposure
from helpers.metrics.sales_forecast.hierarchy import reconcile
from helpers.metrics.sales_forecast.members import _one_by_one

LAST = pd.Timestamp("2020-06-30")


def backtest_of(combination: np.ndarray, naive: np.ndarray) -> Backtest:
    """Return a backtest of given errors, (series, origins, steps); the other rule is poor."""
    actual = np.full(combination.shape, 100.0)
    forecasts = {
        "combination": actual - combination,
        "seasonal_naive": actual - naive,
        "cycle_mean": actual - 90.0,
    }
    steps = combination.shape[2]
    return Backtest(tuple(steps * (i + 1) for i in range(combination.shape[1])), actual, forecasts)


def errors(seed: int, series: int, origins: int, size: float) -> np.ndarray:
    return size * np.random.default_rng(seed).normal(0, 1, (series, origins, 6))


def test_a_rule_that_wins_is_used_and_one_that_loses_is_not() -> None:
    better = backtest_of(errors(1, 30, 4, 10.0), errors(2, 30, 4, 5.0))
    assert set(choose(better)) == {"seasonal_naive"}
    worse = backtest_of(errors(1, 30, 4, 5.0), errors(2, 30, 4, 10.0))
    assert set(choose(worse)) == {"combination"}
    equal = backtest_of(errors(1, 30, 4, 5.0), errors(2, 30, 4, 5.0))
    assert choose(equal).count("combination") > 24


def test_few_origins_are_enough_where_all_series_agree_and_one_alone_never_is() -> None:
    one = backtest_of(errors(1, 300, 1, 10.0), errors(2, 300, 1, 1.0))
    assert set(choose(one)) == {"combination"}
    two = backtest_of(errors(1, 300, 2, 10.0), errors(2, 300, 2, 5.0))
    assert set(choose(two)) == {"seasonal_naive"}


def test_a_series_unlike_the_others_is_told_from_a_lucky_one() -> None:
    own, naive = errors(1, 40, 8, 5.0), errors(2, 40, 8, 10.0)
    naive[7] = errors(3, 1, 8, 0.5)[0]  # a walk that only its last value explains
    found = choose(backtest_of(own, naive))
    assert found[7] == "seasonal_naive"
    assert found.count("combination") == 39


def test_the_advantage_of_a_single_series_by_hand() -> None:
    # Steps of one period: loss = |e| for step and sum alike. e = 4, 2 against 2, 2; shares of the
    # usual (3 + 2) / 2 = 2.5: d = 0.8, 0; mean 0.4, standard error sd / sqrt(2) = 0.4.
    test = backtest_of(np.array([[[2.0], [2.0]]]), np.array([[[4.0], [2.0]]]))
    mean, error = advantage(test, "seasonal_naive", "combination", np.arange(2))
    assert mean == pytest.approx([0.4])
    assert error == pytest.approx([0.4])
    mean, error = advantage(test, "seasonal_naive", "combination", np.arange(1))
    assert (mean[0], error[0]) == (0.0, np.inf)


def test_the_sum_of_the_horizon_counts_as_much_as_its_steps() -> None:
    # Both err by 6 a step; the rule's errors cancel over the horizon, the combination's add up.
    steps = np.tile([6.0, -6.0], 3)
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 0.2, (10, 4, 6))
    test = backtest_of(np.full((10, 4, 6), 6.0) + noise, np.broadcast_to(steps, (10, 4, 6)) + noise)
    assert set(choose(test)) == {"seasonal_naive"}


def test_at_an_origin_only_the_forecasts_over_by_then_choose() -> None:
    test = backtest_of(errors(1, 30, 4, 10.0), errors(2, 30, 4, 1.0))
    used = as_chosen(test)
    assert np.array_equal(used[:, 3], test.forecasts["combination"][:, 3])  # none before
    assert np.array_equal(used[:, 2], test.forecasts["combination"][:, 2])  # one before
    assert np.array_equal(used[:, 1], test.forecasts["seasonal_naive"][:, 1])
    assert test.before(0).tolist() == [1, 2, 3]
    overlapping = replace(test, offsets=(6, 9, 12, 15))
    assert overlapping.before(0).tolist() == [2, 3]
    assert overlapping.apart(1).tolist() == [3]


def test_where_repeating_the_last_cycle_is_best_it_is_what_comes_out() -> None:
    """Each weekday walks on its own: nothing before its last value helps."""
    rng = np.random.default_rng(8)
    rows = []
    for name in "abcdef":
        walks = 1000 + rng.normal(0, 60, (30, 7)).cumsum(axis=0)
        ds = pd.date_range("2020-01-05", periods=210)
        rows.append(pd.DataFrame({"unique_id": name, "ds": ds, "y": walks.ravel()}))
    made = sf.forecast(pd.concat(rows), horizon=7, freq="D")
    assert set(made["model"]) == {"seasonal_naive"}
    assert np.allclose(made["forecast"], made["seasonal_naive"])


def test_weights_that_make_forecasts_add_up_are_learnt_before_each_origin() -> None:
    rng = np.random.default_rng(3)
    days = pd.date_range("2020-01-01", periods=140)
    parts = rng.uniform(50, 150, (2, 140))
    rows = []
    for change in (1.0, 5.0):
        y = parts.copy()
        y[0, -14:] *= change
        named = {"a": y[0], "b": y[1], "t": y.sum(axis=0)}
        frame = pd.concat(
            [pd.DataFrame({"unique_id": n, "ds": days, "y": v}) for n, v in named.items()]
        )
        made = sf.fit(frame, horizon=7, freq="D", offsets=(7, 14, 21, 28, 35))
        rows.append(reconcile(made, [("t", ("a", "b"))]).fit.test.forecasts["forecast"])
    assert np.array_equal(rows[0][:, 1:], rows[1][:, 1:])
    assert not np.array_equal(rows[0][:, 0], rows[1][:, 0])


def test_trading_days_are_used_where_they_help() -> None:
    """A shop that is closed on Sundays sells by the open days of a month."""
    days = pd.date_range("2014-01-01", "2019-12-31")
    rng = np.random.default_rng(2)
    daily = pd.DataFrame({"ds": days, "y": np.where(days.dayofweek == 6, 0.0, 100.0)})
    daily["y"] *= rng.uniform(0.98, 1.02, len(daily))
    months = daily.groupby(daily["ds"].dt.to_period("M").dt.to_timestamp())["y"].sum()
    frame = pd.DataFrame({"unique_id": "a", "ds": months.index, "y": months.to_numpy()})
    ahead = pd.date_range("2014-01-01", "2020-12-01", freq="MS")
    given = sf.trading_days_known(daily, ahead)
    tried = sf.where_it_helps(frame, given, horizon=12, freq="MS")
    assert tried.used
    assert tried.errors["with"] < 0.5 * tried.errors["without"]
    plain = sf.forecast(frame, horizon=12, freq="MS").set_index("ds")["forecast"]
    exposed = sf.forecast(frame, horizon=12, freq="MS", exposure=given).set_index("ds")["forecast"]
    open_days = pd.Series(
        {month: 100.0 * (pd.date_range(month, month + pd.offsets.MonthEnd(0)).dayofweek != 6).sum()
         for month in exposed.index}
    )  # fmt: skip
    assert (exposed - open_days).abs().mean() < 0.5 * (plain - open_days).abs().mean()
    noise = pd.Series(rng.uniform(0.5, 1.5, len(ahead)), index=ahead)
    assert not sf.where_it_helps(frame, noise, horizon=12, freq="MS").used
    spoilt = sf.forecast(frame, horizon=12, freq="MS", exposure=noise).set_index("ds")["forecast"]
    assert np.allclose(spoilt, plain)


def test_an_exposure_that_is_no_share_is_refused_whoever_gives_it() -> None:
    bad = pd.Series([-1.0], index=[LAST])
    for given in (bad, lambda origin: bad):
        with pytest.raises(MetricError, match="negative"):
            Exposure(given, "D").known(LAST)
    with pytest.raises(MetricError, match="two values"):
        Exposure(pd.Series([1.0, 2.0], index=[LAST, LAST]), "D")
    with pytest.raises(MetricError, match="dates"):
        Exposure(pd.Series([1.0], index=["soon"]), "D")
    assert Exposure(pd.Series([2.0], index=["2020-06-30"]), "D").known(LAST)[LAST] == 2.0


def test_a_closed_period_takes_the_place_of_the_same_weekday() -> None:
    panel = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 9.0]])
    closed = Exposure(pd.Series([0.0], index=[LAST - pd.Timedelta(days=3)]), "D")
    assert closed.remove(panel, [LAST], 3)[0].tolist() == [1.0, 2.0, 3.0, 5.0, 5.0, 6.0, 9.0]
    assert closed.remove(panel, [LAST], 7)[0, 3] == 4.0  # no other cycle: between its neighbours
    assert closed.ahead([LAST], 2).tolist() == [[1.0, 1.0]]


def test_a_holiday_has_no_effect_before_its_first_time_and_half_of_it_after() -> None:
    days = pd.date_range("2017-11-01", "2018-12-31")
    y = pd.Series(100.0, index=days)
    y["2017-11-23"] = 300.0
    daily = pd.DataFrame({"ds": days, "y": y.to_numpy()})
    known = sf.holidays_known(
        daily, sf.holidays(date(2017, 11, 1), date(2018, 12, 31), country="US")
    )
    before, after = known(pd.Timestamp("2017-11-22")), known(pd.Timestamp("2018-11-01"))
    assert pd.Timestamp("2017-11-23") not in before.index
    assert after["2017-11-23"] == 3.0
    assert after["2018-11-22"] == 2.0  # 1 + (3 - 1) * 1 / (1 + 1)


def test_a_holiday_without_sales_on_a_weekday_that_never_sells_is_closed_next_year() -> None:
    days = pd.date_range("2010-10-01", "2011-11-30")
    daily = pd.DataFrame({"ds": days, "y": np.where(days.dayofweek == 5, 0.0, 100.0)})
    calendar = sf.holidays(days[0].date(), date(2011, 12, 31), country="GB")
    share = sf.closed_known(daily, calendar)(days[-1])
    assert share["2011-12-25"] == 0.0  # Christmas 2010 was a Saturday, that of 2011 is a Sunday
    assert pd.Timestamp("2011-12-26") not in share.index  # Boxing Day 2010 sold


def test_the_range_of_customers_by_hand() -> None:
    # "last" missed 10, 20, 30, 40 of 100 each, "orders" 50 each. Origins do not overlap: the
    # first two origins in time choose by nothing and by one ("last" from the second on).
    actual = np.full(4, 100.0)
    guesses = np.array([[150.0, 110.0], [150.0, 120.0], [150.0, 130.0], [150.0, 140.0]])
    made = {"orders": 155.0, "last": 105.0}
    found = ranged(made, guesses, actual, (7, 14, 21, 28), 7)
    assert found.rule == "last"
    assert found.errors == {"orders": 0.5, "last": 0.25}
    # relative errors: 10/110, 20/120, 30/130 of "last", 50/150 of "orders" at the earliest origin;
    # k = ceil(0.8 * 4) = 4 -> 1/3, widened by t(0.9; 4) / z(0.9) = 1.53321 / 1.28155
    width = 105 / 3 * 1.53321 / 1.28155
    assert found.low_80 == pytest.approx(105 - width, rel=1e-4)
    assert found.high_80 == pytest.approx(105 + width, rel=1e-4)
    half = ranged(made, guesses, actual, (7, 10, 13, 16), 6)  # fewer independent: wider
    assert half.high_80 > found.high_80
    few = ranged(made, guesses[:3], actual[:3], (7, 14, 21), 7)
    assert np.isnan(few.low_80)
    assert few.forecast == 105.0
    none = ranged({"orders": 9.0, "last": np.nan}, np.empty((0, 2)), np.empty(0), (), 7)
    assert (none.forecast, none.rule, none.origins) == (9.0, "orders", 0)


def test_what_a_candidate_could_not_forecast_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def forecast(self, y: np.ndarray, h: int) -> dict[str, np.ndarray]:
            raise ZeroDivisionError

    from helpers.metrics.sales_forecast import members

    monkeypatch.setitem(
        members._SINGLE, "theta", lambda panel, season, h: _one_by_one(Broken(), panel, season, h)
    )
    rng = np.random.default_rng(1)
    ds = pd.date_range("2010-01-01", periods=60, freq="MS")
    rows = [
        pd.DataFrame({"unique_id": "long", "ds": ds, "y": rng.uniform(50, 90, 60)}),
        pd.DataFrame({"unique_id": "level", "ds": ds, "y": 5.0}),
    ]
    frame = pd.concat(rows)
    made = sf.fit(frame, horizon=3, freq="MS", members=("ets_log", "ces"))
    assert all("failed" not in note for note in made.notes)
    assert any("ces is missing from the forecast of level: constant" in n for n in made.notes)
    broken = sf.fit(rows[0], horizon=3, freq="MS", members=("ets_log", "theta"))
    assert any("theta" in note for note in broken.notes)
    assert np.isfinite(broken.ahead["forecast"]).all()
    both = sf.fit(frame, horizon=3, freq="MS", members=("ets_log", "seasonal_ar"))
    both.ahead["seasonal_ar"][1] = np.nan
    assert "seasonal_ar is missing from the forecast of long: its fit failed." in both.notes


def test_an_ended_series_may_come_back_and_one_that_never_sold_has_no_range() -> None:
    rng = np.random.default_rng(6)
    ds = pd.date_range("2020-01-01", periods=84)
    live = rng.uniform(80, 120, 84)
    values = {"live": live, "dead": np.r_[live[:60], np.zeros(24)], "never": np.zeros(84)}
    frame = pd.concat([pd.DataFrame({"unique_id": n, "ds": ds, "y": v}) for n, v in values.items()])
    made = sf.forecast(frame, horizon=7, freq="D").set_index("unique_id")
    assert (made.loc["dead", "forecast"] == 0).all()
    assert (made.loc["dead", "high_95"] > 1).all()
    assert (made.loc["dead", "low_95"] == 0).all()
    assert made.loc["never", "high_95"].isna().all()


def test_the_scale_of_the_backtest_lies_before_it() -> None:
    # 70 days of a weekly pattern with changes of 1 a week, then 14 tested days with changes of 50.
    cycle = np.tile(np.arange(7.0), 12) + 100
    y = cycle + np.repeat(np.arange(12), 7)
    y[70:] += np.repeat([50, 100], 7)
    frame = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2020-01-01", periods=84), "y": y})
    made = sf.fit(frame, horizon=7, freq="D", offsets=(7, 14))
    assert made.scales(tested=True)["a"] == pytest.approx(1.0)
    assert made.scales()["a"] > 5
    naive = made.accuracy().set_index("model").loc["seasonal_naive", "mase"]
    assert naive == pytest.approx(51.0)  # |51| a day at both origins


def test_what_has_ended_takes_no_share_of_what_parts_are_moved_by() -> None:
    rng = np.random.default_rng(4)
    days = pd.date_range("2020-01-01", periods=140)
    parts = rng.uniform(50, 150, (3, 140))
    parts[2, -20:] = 0.0
    named = {"a": parts[0], "b": parts[1], "gone": parts[2], "t": parts.sum(axis=0)}
    frame = pd.concat(
        [pd.DataFrame({"unique_id": n, "ds": days, "y": v}) for n, v in named.items()]
    )
    made = reconcile(sf.fit(frame, horizon=7, freq="D"), [("t", ("a", "b", "gone"))]).fit
    ahead = dict(zip(made.ids, made.ahead["forecast"], strict=True))
    assert (ahead["gone"] == 0).all()
    assert np.allclose(ahead["a"] + ahead["b"], ahead["t"])
