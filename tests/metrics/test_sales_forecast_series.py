"""Any number of series: what is promised, odd series, and what must not matter."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import MetricError
from helpers.metrics.sales_forecast import (
    fit,
    forecast,
    mae_seasonal_naive,
    mase,
    where_it_helps,
)
from helpers.metrics.sales_forecast.exposure import (
    closed_known,
    daily_exposure,
    easter,
    holiday_effects,
    holidays,
    holidays_known,
    trading_days,
)
from helpers.metrics.sales_forecast.panel import prepare

# Box & Jenkins (1976), series G: thousands of airline passengers a month, 1949 to 1960.
PASSENGERS = [
    112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, 115, 126, 141, 135, 125, 149, 170,
    170, 158, 133, 114, 140, 145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166, 171, 180,
    193, 181, 183, 218, 230, 242, 209, 191, 172, 194, 196, 196, 236, 235, 229, 243, 264, 272, 237,
    211, 180, 201, 204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229, 242, 233, 267, 269,
    270, 315, 364, 347, 312, 274, 237, 278, 284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271,
    306, 315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336, 340, 318, 362, 348, 363, 435,
    491, 505, 404, 359, 310, 337, 360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405, 417,
    391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432,
]  # fmt: skip


def frame(values: list[float], *, freq: str = "D", unique_id: str = "a") -> pd.DataFrame:
    dates = pd.date_range("2020-01-01", periods=len(values), freq=freq)
    return pd.DataFrame({"unique_id": unique_id, "ds": dates, "y": np.asarray(values, float)})


def week(cycles: int, seed: int = 0, level: float = 100.0) -> list[float]:
    rng = np.random.default_rng(seed)
    pattern = np.array([1.0, 0.9, 0.8, 0.9, 1.1, 1.5, 1.4])
    return list(level * np.tile(pattern, cycles) * rng.uniform(0.9, 1.1, 7 * cycles))


def test_the_combination_beats_the_seasonal_naive_forecast_on_airline_passengers() -> None:
    known, came = frame(PASSENGERS[:-12], freq="MS"), np.array(PASSENGERS[-12:], float)
    made = forecast(known, horizon=12, freq="MS")
    scale = mae_seasonal_naive(known["y"].to_numpy(), 12)
    own = mase(came, made["forecast"].to_numpy(), scale=scale)
    naive = mase(came, made["seasonal_naive"].to_numpy(), scale=scale)
    assert own < 0.6 < naive
    assert made["ds"].tolist() == list(pd.date_range("2031-01-01", periods=12, freq="MS"))
    assert ((made["low_80"] <= made["forecast"]) & (made["forecast"] <= made["high_80"])).all()
    assert (made["high_95"] - made["low_95"] >= made["high_80"] - made["low_80"]).all()


def test_the_backtest_never_sees_what_it_forecasts() -> None:
    values = week(20)
    changed = [*values[:-14], *(50 * v for v in values[-14:])]
    options = {"horizon": 7, "freq": "D", "offsets": (14, 21)}
    one, two = fit(frame(values), **options), fit(frame(changed), **options)
    for name, made in one.test.forecasts.items():
        assert np.array_equal(made, two.test.forecasts[name]), name
    assert not np.array_equal(one.test.actual, two.test.actual)


def test_a_past_holiday_is_not_known_before_it_came() -> None:
    """A holiday that will sell four times as much is forecast like any day at first."""
    days = pd.date_range("2017-09-01", "2017-12-10")
    calendar = holidays(days[0].date(), days[-1].date(), country="US")
    values = np.array(week(15))[: len(days)]
    loud = values.copy()
    loud[days >= "2017-11-22"] *= 4
    cut = days.get_loc(pd.Timestamp("2017-11-21"))
    made = []
    for y in (values, loud):
        rows = pd.DataFrame({"unique_id": "a", "ds": days, "y": y})
        options = {"horizon": 7, "freq": "D", "offsets": (len(days) - 1 - cut, 30, 40, 50)}
        known = holidays_known(rows, calendar)
        tried = where_it_helps(rows, known, otherwise=closed_known(rows, calendar), **options)
        assert pd.Timestamp("2017-11-23") not in known(days[cut]).index
        made.append([fit(rows, exposure=one, **options) for one in (known, tried.exposure)])
    for quiet, other in zip(*made, strict=True):
        for name, forecasts in quiet.test.forecasts.items():
            assert np.array_equal(forecasts, other.test.forecasts[name]), name
        assert not np.array_equal(quiet.test.actual, other.test.actual)
    assert holidays_known(rows, calendar)(days[-1])["2017-11-23"] > 2


@settings(max_examples=5, deadline=None)
@given(
    factor=st.sampled_from([0.01, 3.0, 1000.0]),
    shift=st.integers(1, 100),
    order=st.randoms(use_true_random=False),
)
def test_scaling_money_shifting_weeks_and_shuffling_rows(factor, shift, order) -> None:
    plain = pd.concat([frame(week(12, s), unique_id=f"s{s}") for s in range(3)], ignore_index=True)
    moved = plain.assign(y=plain["y"] * factor, ds=plain["ds"] + pd.Timedelta(weeks=shift))
    rows = list(moved.index)
    order.shuffle(rows)
    one = forecast(plain, horizon=7, freq="D")
    two = forecast(moved.loc[rows], horizon=7, freq="D")
    for column in ("forecast", "low_80", "high_95"):
        assert np.allclose(two[column], one[column] * factor, rtol=1e-6)
    assert (two["ds"] - one["ds"] == pd.Timedelta(weeks=shift)).all()
    assert two["unique_id"].tolist() == one["unique_id"].tolist()


def test_every_model_forecasts_a_series_alike_alone_and_in_company() -> None:
    """Which model is used may differ: that is judged by all series together."""
    alone = fit(frame(week(12, 1)), horizon=7, freq="D")
    both = pd.concat([frame(week(12, 1)), frame(week(30, 2), unique_id="b")])
    together = fit(both, horizon=7, freq="D")
    for name in set(alone.ahead) - {"forecast"}:
        assert np.allclose(together.ahead[name][0], alone.ahead[name][0]), name


@pytest.mark.parametrize(
    ("values", "status", "expected"),
    [
        ([0.0] * 40, "zero", 0.0),
        ([*week(6), *[0.0] * 14], "dead", 0.0),
        ([5.0] * 40, "constant", 5.0),
        ([3.0], "short", 3.0),
    ],
)
def test_odd_series_are_named_and_forecast_soberly(values, status, expected) -> None:
    found = fit(frame(values), horizon=7, freq="D")
    assert found.series["status"].tolist() == [status]
    assert found.frame["forecast"].to_numpy() == pytest.approx(np.full(7, expected), abs=1e-6)


def test_a_short_series_has_no_interval_and_says_so_by_nan() -> None:
    made = forecast(frame([3.0, 4.0, 5.0]), horizon=3, freq="D")
    assert made["low_80"].isna().all()
    assert made["forecast"].notna().all()


def test_negative_values_may_come_again_and_sales_may_not() -> None:
    rng = np.random.default_rng(5)
    net = fit(frame(list(rng.normal(0, 10, 84))), horizon=7, freq="D")
    assert net.series["negatives"].iloc[0] > 0
    assert (net.frame["low_95"] < 0).all()
    sales = forecast(frame(list(rng.uniform(0, 10, 84))), horizon=7, freq="D")
    assert (sales[["forecast", "low_95"]] >= 0).all().all()


def test_a_weekday_that_never_sells_is_expected_to_stay_closed() -> None:
    values = np.array(week(10))
    values[6::7] = 0.0
    made = forecast(frame(list(values)), horizon=14, freq="D")
    shut = made.iloc[[6, 13]]
    assert (shut[["forecast", "low_80", "high_95"]] == 0).all().all()
    assert (made.drop(shut.index)["forecast"] > 50).all()


def test_gaps_are_no_sales_nulls_are_unknown_and_leading_zeros_are_no_history() -> None:
    rows = frame([0.0, 0.0, 2.0, 4.0, 9.0, 8.0]).drop(index=4)
    rows.loc[3, "y"] = np.nan
    series = prepare(rows, freq="D", season=7)[0]
    assert series.values.tolist() == [2.0, 1.0, 0.0, 8.0]
    assert series.gaps == 2
    other = prepare(rows, freq="D", season=7, gaps="interpolate")[0]
    assert other.values == pytest.approx([2.0, 4.0, 6.0, 8.0])


def test_every_series_follows_its_own_last_row_unless_told_otherwise() -> None:
    rows = pd.concat([frame(week(4)), frame(week(5), unique_id="b")])
    ends = [s.last for s in prepare(rows, freq="D", season=7)]
    assert ends == [pd.Timestamp("2020-01-28"), pd.Timestamp("2020-02-04")]
    until = prepare(rows, freq="D", season=7, until=pd.Timestamp("2020-02-04"))
    assert [len(s.values) for s in until] == [35, 35]
    assert until[0].values[-1] == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"drop": "y"}, "missing"),
        ({"ds": "2020-01-01"}, "two rows"),
        ({"y": np.inf}, "infinite"),
        ({"y": "many"}, "numbers"),
        ({"ds": "soon"}, "dates"),
    ],
)
def test_frames_that_cannot_be_read_are_refused(change, message) -> None:
    rows = frame([1.0, 2.0, 3.0])
    rows = rows.drop(columns=change["drop"]) if "drop" in change else rows.assign(**change)
    with pytest.raises(MetricError, match=message):
        forecast(rows, horizon=2, freq="D")


def test_arguments_out_of_range_are_refused() -> None:
    rows = frame(week(4))
    for wrong in ({"horizon": 0}, {"level": (80, 100)}, {"freq": "7D"}, {"freq": "MS"}):
        with pytest.raises(MetricError):
            forecast(rows, **{"horizon": 2, "freq": "D", **wrong})
    with pytest.raises(MetricError, match="members"):
        fit(rows, horizon=2, freq="D", members=("oracle",))
    with pytest.raises(MetricError, match="no row"):
        forecast(rows.iloc[:0], horizon=2, freq="D")


def test_holidays_fall_on_their_published_dates() -> None:
    # Easter: Meeus's table; Thanksgiving and bank holidays: government calendars.
    assert [easter(y) for y in (2011, 2017, 2024)] == [
        date(2011, 4, 24), date(2017, 4, 16), date(2024, 3, 31),
    ]  # fmt: skip
    us = holidays(date(2017, 1, 1), date(2017, 12, 31), country="US").set_index("holiday")["ds"]
    assert us["Thanksgiving"] == pd.Timestamp("2017-11-23")
    assert us["Labor Day"] == pd.Timestamp("2017-09-04")
    assert us["Memorial Day"] == pd.Timestamp("2017-05-29")
    gb = holidays(date(2011, 1, 1), date(2011, 12, 31), country="GB").set_index("holiday")["ds"]
    assert gb["Summer bank holiday"] == pd.Timestamp("2011-08-29")
    assert holidays(date(2017, 1, 1), date(2017, 12, 31), country="none").empty
    with pytest.raises(MetricError):
        holidays(date(2017, 1, 1), date(2017, 12, 31), country="XX")


def test_a_closed_christmas_is_no_pattern_and_closed_again_next_year() -> None:
    days = pd.date_range("2017-11-01", "2018-12-24")
    y = pd.Series(100.0, index=days)
    y["2017-12-25"], y["2017-12-24"] = 0.0, 150.0
    daily = pd.DataFrame({"ds": days, "y": y.to_numpy()})
    calendar = holidays(date(2017, 11, 1), date(2018, 12, 31), country="US")
    effects = holiday_effects(daily, calendar)
    share = daily_exposure(effects, calendar, last=date(2018, 12, 24))
    assert share["2017-12-25"] == 0.0
    assert share["2018-12-25"] == 0.0
    assert share["2017-12-24"] == 1.5
    frame_ = daily.assign(unique_id="a")
    made = fit(frame_, horizon=7, freq="D", exposure=share).frame.set_index("ds")["forecast"]
    assert made["2018-12-25"] == 0.0
    assert made.drop(pd.Timestamp("2018-12-25")).to_numpy()[:5] == pytest.approx(
        np.full(5, 100.0), rel=0.02
    )


def test_trading_days_weight_weekdays_by_what_they_sell() -> None:
    days = pd.date_range("2017-01-02", periods=70)
    daily = pd.DataFrame({"ds": days, "y": np.where(days.dayofweek == 6, 0.0, 7.0)})
    # Mon to Sat weigh 7 / 6 each, Sunday 0. July 2017: 26 days without Sundays; February 24.
    found = trading_days(daily, pd.DatetimeIndex(["2017-07-01", "2017-02-01"]))
    assert found.to_list() == pytest.approx([26 * 7 / 6, 24 * 7 / 6])
