"""Ranges of what customers really bring: draws against expectations, ranges against the truth."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from helpers.errors import MetricError
from helpers.metrics import customer_value as cv
from helpers.metrics.customer_value.clv import Terms
from helpers.metrics.customer_value.purchase_fit import PurchaseFit
from helpers.metrics.customer_value.ranges import BANDS, NO_CHECK, bands, between
from helpers.periods import Period

NBD = cv.NbdFit.at(r=0.8, alpha=4.0)
BG = cv.BgNbdFit.at(r=0.8, alpha=3.0, a=0.8, b=2.5)
MBG = cv.MbgNbdFit.at(r=0.8, alpha=3.0, a=0.8, b=2.5)
PARETO = cv.ParetoNbdFit.at(r=0.8, alpha=3.0, s=0.6, beta=12.0)
SPEND = cv.GammaGammaFit.at(p=6.25, q=3.74, v=15.44)
TERMS = Terms()

SUMMARY = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d"],
        "frequency": [4, 0, 25, 2],
        "recency": [20.0, 0.0, 25.5, 3.0],
        "T": [26.0, 26.0, 26.0, 26.0],
        "monetary_value": [30.0, 0.0, 12.0, 55.0],
        "recent": [2, 0, 9, 0],
    }
)


@pytest.mark.parametrize(
    "model", [NBD, BG, MBG, PARETO, cv.recent_rate(window_days=90)], ids=lambda m: m.label
)
def test_drawn_purchases_are_on_average_those_expected(model: PurchaseFit) -> None:
    ends = np.array([4.0, 13.0, 52.0])
    drawn = model.ahead(SUMMARY, ends, np.random.default_rng(1), 20_000)
    assert drawn.shape == (20_000, 4, 3)
    assert drawn.min() >= 0
    upto = drawn.cumsum(axis=2)
    for k, end in enumerate(ends):
        mean, error = upto[:, :, k].mean(axis=0), upto[:, :, k].std(axis=0) / np.sqrt(20_000)
        np.testing.assert_array_less(
            np.abs(mean - model.expected_for(SUMMARY, end)), 4.5 * error + 1e-9
        )


def test_drawn_purchases_vary_as_the_posterior_says() -> None:
    # NBD: Var = m + m² / (r + x), the negative binomial's, with m = (r + x) t / (α + T).
    drawn = NBD.ahead(SUMMARY, np.array([13.0]), np.random.default_rng(2), 40_000)[:, :, 0]
    shape = 0.8 + SUMMARY["frequency"].to_numpy()
    mean = shape * 13.0 / 30.0
    np.testing.assert_allclose(drawn.var(axis=0), mean + mean**2 / shape, rtol=0.06)


@pytest.mark.parametrize("kind", ["gamma-gamma", "credibility"])
def test_drawn_spending_is_on_average_that_expected(kind: str) -> None:
    spending = SPEND if kind == "gamma-gamma" else cv.CredibilityMean(35.0, 3.0, 300.0, 100.0)
    count = np.tile([3, 1, 7, 0], (40_000, 1))
    drawn = spending.spent(SUMMARY, count, np.random.default_rng(3))
    assert (drawn[:, 3] == 0.0).all()
    expected = spending.expected_average_value(SUMMARY["frequency"], SUMMARY["monetary_value"])
    np.testing.assert_allclose(drawn.mean(axis=0)[:3], (expected * count[0])[:3], rtol=0.02)


def test_a_purchase_of_no_known_variance_costs_what_is_expected() -> None:
    spending = cv.CredibilityMean(20.0, float("inf"))
    drawn = spending.spent(SUMMARY, np.full((2, 4), 3), np.random.default_rng(3))
    assert drawn.tolist() == [[60.0] * 4] * 2


def test_parameters_are_drawn_around_the_fit_with_its_standard_errors() -> None:
    rng = np.random.default_rng(4)
    fit = cv.fit_nbd(NBD.simulate(np.full(400, 40.0), rng))
    drawn = np.array([fit.drawn(rng).values for _ in range(4_000)])
    logs = np.log(drawn)
    np.testing.assert_allclose(logs.mean(axis=0), np.log(fit.values), atol=0.01)
    np.testing.assert_allclose(np.cov(logs, rowvar=False), fit.covariance, rtol=0.1)
    assert NBD.drawn(rng) == NBD  # made by `at`: nothing is known of its errors


def test_one_more_draw_falls_below_the_range_as_often_as_it_says() -> None:
    # Of the draws 1 … 39 the quantiles k / 40 = 2.5 % and 97.5 % are the first and the last.
    low, high = between(np.arange(1.0, 40.0)[:, None], 0.95)
    assert (low[0], high[0]) == pytest.approx((1.0, 39.0))


# Coverage of what really comes -----------------------------------------------------------------


def lived(kind: str, rng: np.random.Generator, span: float) -> tuple[float, float]:
    """Return a customer's purchase rate, and until when after the first purchase he or she stays.

    For the coin of BG/NBD the second is the number of purchases after which it falls.
    """
    if kind == "nbd":
        return rng.gamma(0.8, 1 / 4.0), np.inf
    if kind == "bg":
        return rng.gamma(0.8, 1 / 3.0), float(rng.geometric(max(rng.beta(0.8, 2.5), 1e-12)))
    return rng.gamma(0.8, 1 / 3.0), rng.exponential(1 / max(rng.gamma(0.6, 1 / 12.0), 1e-12))


def world(kind: str, seed: int, customers: int = 150) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a base's history, and the discounted revenue that each customer then really brings."""
    rng = np.random.default_rng(seed)
    rows, brought = [], np.zeros(customers)
    months = np.concatenate([[0.0], TERMS.months])
    for k in range(customers):
        seen = rng.uniform(30.0, 52.0)
        span = seen + TERMS.months[-1]
        rate, stays = lived(kind, rng, span)
        times = np.sort(rng.uniform(0.0, span, rng.poisson(rate * span)))
        times = times[: int(stays)] if kind == "bg" and np.isfinite(stays) else times
        times = times[times <= stays] if kind == "pareto" else times
        each = rng.gamma(6.25, 1.0, len(times)) / rng.gamma(3.74, 1 / 15.44)
        past = times <= seen
        x = int(past.sum())
        month = np.searchsorted(months, times[~past] - seen, side="left")
        brought[k] = float((each[~past] * TERMS.discounts[month - 1]).sum())
        last, mean = (times[past][-1], each[past].mean()) if x else (0.0, 0.0)
        rows.append((f"c{k}", x, last, seen, mean))
    names = ["customer_id", "frequency", "recency", "T", "monetary_value"]
    return pd.DataFrame(rows, columns=names), brought


def hits(kind: str, fit: Callable[[pd.DataFrame], PurchaseFit], worlds: int, level: float) -> int:
    found = 0
    for seed in range(worlds):
        summary, brought = world(kind, seed)
        row = cv.clv_interval(
            summary, purchases=fit(summary), spending=cv.fit_gamma_gamma(summary),
            replicates=200, seed=seed, level=level,
        ).iloc[0]  # fmt: skip
        found += bool(row["low"] <= brought.sum() <= row["high"])
    return found


def test_the_range_holds_what_a_base_without_leaving_really_brings_as_often_as_it_says() -> None:
    low, high = binom.interval(0.99, 60, 0.8)
    assert low <= hits("nbd", cv.fit_nbd, 60, 0.8) <= high


@pytest.mark.long
@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize(
    ("kind", "fit"),
    [("nbd", cv.fit_nbd), ("bg", cv.fit_bg_nbd), ("pareto", cv.fit_pareto_nbd)],
    ids=["NBD", "BG/NBD", "Pareto/NBD"],
)
def test_the_range_holds_what_customers_really_bring_as_often_as_it_says(
    kind: str, fit: Callable[[pd.DataFrame], PurchaseFit], level: float
) -> None:
    low, high = binom.interval(0.99, 120, level)
    assert low <= hits(kind, fit, 120, level) <= high


def test_single_customers_come_within_their_own_range_as_often_as_it_says() -> None:
    inside, customers = 0, 0
    for seed in range(6):
        summary, brought = world("nbd", 100 + seed)
        found = cv.value_ranges(
            summary, purchases=cv.fit_nbd(summary), spending=cv.fit_gamma_gamma(summary),
            ends=TERMS.months, weights=TERMS.discounts, replicates=400, level=0.8,
        )  # fmt: skip
        told = found.low > 0  # a range that begins at nothing holds more than it says
        inside += int(((found.low <= brought) & (brought <= found.high))[told].sum())
        customers += int(told.sum())
    low, high = binom.interval(0.99, customers, 0.8)
    assert low <= inside <= high


# What the ranges are made of -------------------------------------------------------------------


def test_groups_add_up_in_every_draw_and_a_certain_group_has_no_width() -> None:
    summary = pd.concat([SUMMARY] * 10, ignore_index=True)
    certain = summary["recent"].to_numpy() == 0  # the rule expects nothing of them, for sure
    members = np.stack([np.ones(40), certain, ~certain]) * 1.0
    found = cv.value_ranges(
        summary, purchases=cv.recent_rate(window_days=90), spending=SPEND, ends=TERMS.months,
        weights=TERMS.discounts, members=members, replicates=200,
    )  # fmt: skip
    np.testing.assert_allclose(found.sums[:, 0], found.sums[:, 1:].sum(axis=1))
    assert [part[1] for part in found.of_sums] == [0.0, 0.0]
    assert found.of_sums[0][2] > 0.0


def test_an_error_of_the_model_widens_every_range() -> None:
    error = cv.ModelError(np.full((BANDS, BANDS), 0.01), 0.0, 3, pd.DataFrame())
    drift = cv.ModelError(np.zeros((BANDS, BANDS)), 0.5, 3, pd.DataFrame())
    summary = pd.concat([SUMMARY] * 50, ignore_index=True)
    plain, missed, drifting = (
        cv.clv_interval(summary, purchases=NBD, spending=SPEND, error=one, replicates=400).iloc[0]
        for one in (None, error, drift)
    )
    width = plain["high"] - plain["low"]
    # ± 10 % with three checks: t of 3 degrees, 3.18 standard errors each side.
    assert missed["high"] - missed["low"] > max(width, 2 * 2.5 * 0.1 * plain["clv"])
    assert drifting["high"] - drifting["low"] > 1.2 * width
    assert missed["clv"] == plain["clv"] == drifting["clv"]


def test_factors_are_ones_without_a_check_and_never_below_nothing() -> None:
    rng = np.random.default_rng(5)
    assert (NO_CHECK.factors(10, rng) == 1.0).all()
    wild = cv.ModelError(np.eye(BANDS) * 4.0, 0.0, 1, pd.DataFrame()).factors(500, rng)
    assert wild.min() == 0.0
    assert np.median(wild) == pytest.approx(1.0, abs=0.3)


def test_bands_are_thirds_by_what_is_expected() -> None:
    assert bands(np.array([5.0, 1.0, 3.0, 9.0, 2.0, 7.0])).tolist() == [1, 0, 1, 2, 0, 2]
    assert bands(np.array([])).tolist() == []


def test_a_large_base_gets_fewer_draws() -> None:
    summary = pd.concat([SUMMARY.iloc[:1]] * 60_000, ignore_index=True)
    found = cv.value_ranges(
        summary, purchases=NBD, spending=SPEND, ends=np.array([4.0]), weights=np.ones(1)
    )
    assert len(found.sums) == 200
    with pytest.raises(MetricError, match="19 replicates give no interval"):
        cv.value_ranges(
            SUMMARY, purchases=NBD, spending=SPEND, ends=np.ones(1), weights=np.ones(1),
            replicates=19,
        )  # fmt: skip


# The checks ------------------------------------------------------------------------------------


def shopping(*, drift: float, seed: int, customers: int = 250, weeks: int = 65) -> pd.DataFrame:
    """Return orders of customers who never leave; each quarter their rates change by `drift`."""
    rng, rows = np.random.default_rng(seed), []
    for k in range(customers):
        usual = rng.gamma(1.5, 0.5)
        spend = 40.0 / rng.gamma(6.0, 1.0)
        for quarter in range(weeks // 13):
            rate = usual * (rng.gamma(1.0 / drift, drift) if drift else 1.0)
            days = rng.uniform(0, 91, rng.poisson(rate * 13)) + 91 * quarter
            when = [pd.Timestamp("2016-10-03") + timedelta(days=float(day)) for day in days]
            rows += [(f"c{k:03d}", one, rng.gamma(5.0) * spend) for one in when]
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])


AS_OF = date(2017, 10, 1)  # 52 weeks; another quarter follows


def test_checks_cut_the_history_into_stretches_and_count_what_came() -> None:
    orders = shopping(drift=0.0, seed=1)
    choice = cv.choose_purchase_model(orders, as_of=AS_OF)
    found = cv.value_checks(orders, choice, as_of=AS_OF)
    table = found.table
    assert found.checks == len(table) == 3
    assert (table["until"] - table["from"]).dt.days.tolist() == [90, 90, 90]
    assert table["until"].iloc[0] == pd.Timestamp(AS_OF)
    assert (table["from"].iloc[:-1].to_numpy() > table["until"].iloc[1:].to_numpy()).all()
    day = orders["ordered_at"].dt.normalize()
    first = day.groupby(orders["customer_id"]).transform("min")
    row = table.iloc[1]
    came = day.between(row["from"], row["until"]) & (first < row["from"])
    assert row["actual_revenue"] == pytest.approx(orders.loc[came, "revenue"].sum())
    assert row["revenue_bias"] == pytest.approx(row["expected_revenue"] / row["actual_revenue"] - 1)
    assert found.usual == pytest.approx(np.sqrt((table["revenue_bias"] ** 2).mean()))


def test_later_orders_change_no_check() -> None:
    orders = shopping(drift=0.0, seed=1)
    cut = orders[orders["ordered_at"] < "2017-10-02"]
    choice = cv.choose_purchase_model(cut, as_of=AS_OF)
    whole, part = (cv.value_checks(rows, choice, as_of=AS_OF) for rows in (orders, cut))
    pd.testing.assert_frame_equal(whole.table, part.table)
    np.testing.assert_array_equal(whole.spread, part.spread)


def test_changing_habits_are_seen_and_the_ranges_kept_hold_all_the_same() -> None:
    period = Period.parse("2017Q4")
    steady, changing = (shopping(drift=drift, seed=2) for drift in (0.0, 0.4))
    drifts, alone, covered = [], [], []
    for orders in (steady, changing):
        model = cv.value_model(orders, as_of=AS_OF)
        error = cv.value_checks(orders, model.purchases, as_of=AS_OF)
        drifts.append(error.drift)
        alone.append(error.covered)
        said = cv.predictions(
            orders[orders["ordered_at"] < "2017-10-02"], model, ahead=period, error=error,
            replicates=400,
        )  # fmt: skip
        later = orders["ordered_at"] >= "2017-10-02"
        made = orders[later].groupby("customer_id")["revenue"].sum()
        brought = made.reindex(said["customer_id"].array, fill_value=0.0).to_numpy()
        within = (said["revenue_low"] <= brought) & (brought <= said["revenue_high"])
        covered.append(int(within.sum()) / len(said))
    assert drifts[0] < 0.1 < drifts[1]
    assert alone[1] < 0.93 < alone[0]  # the model by itself does not know of the changes
    low = binom.ppf(0.005, len(said), 0.95) / len(said)
    assert min(covered) >= low


def test_a_history_too_short_for_a_check_has_none() -> None:
    orders = shopping(drift=0.0, seed=3, customers=30, weeks=13)
    day = date(2016, 11, 20)
    choice = cv.choose_purchase_model(orders, as_of=day)
    assert cv.value_checks(orders, choice, as_of=day) is NO_CHECK
    assert NO_CHECK.usual is None
    assert NO_CHECK.covered is None
