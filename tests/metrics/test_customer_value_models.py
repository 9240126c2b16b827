"""The purchase and spending models against published figures, integrals, and their own truth."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, hyp2f1
from scipy.stats import beta as beta_law
from scipy.stats import gamma as gamma_law

from helpers.errors import MetricError
from helpers.metrics.customer_value import (
    BgNbdFit,
    GammaGammaFit,
    MbgNbdFit,
    NbdFit,
    ParetoNbdFit,
    fit_bg_nbd,
    fit_credibility_mean,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_nbd,
    fit_pareto_nbd,
    spend_frequency_correlation,
)
from helpers.metrics.customer_value.gamma_gamma import Spending
from helpers.metrics.customer_value.histories import Histories, log_rising
from helpers.metrics.customer_value.purchase_fit import PurchaseFit

# Fader, Hardie & Lee (2005); Fader & Hardie, notes 009 and 025: fitted to the CDNOW sample.
BG = BgNbdFit.at(r=0.243, alpha=4.414, a=0.793, b=2.426)
PARETO = ParetoNbdFit.at(r=0.553, alpha=10.578, s=0.606, beta=11.669)
SPEND = GammaGammaFit.at(p=6.25, q=3.74, v=15.44)
MBG = MbgNbdFit.at(r=0.525, alpha=6.183, a=0.891, b=1.614)
NBD = NbdFit.at(r=0.8, alpha=10.0)

ROWS = Histories(
    np.array([0, 0, 1, 2, 5, 30]),
    np.array([0.0, 0.0, 1.7, 30.43, 20.0, 38.0]),
    np.array([38.86, 12.0, 38.86, 38.86, 38.86, 39.0]),
    np.array([3.0, 1.0, 2.0, 1.0, 1.0, 1.0]),
)


def test_the_published_customer_is_expected_to_buy_1_226_times() -> None:
    # Fader, Hardie & Lee (2005), section 4: x = 2, t_x = 30.43, T = 38.86, t = 39.
    assert round(float(BG.expected_purchases(39, 2, 30.43, 38.86)), 3) == 1.226
    assert round(float(BG.probability_alive(2, 30.43, 38.86)), 4) == 0.7266


def test_the_mean_purchase_of_all_customers_is_35_2() -> None:
    # Fader & Hardie, note 025: p v / (q - 1).
    assert round(float(SPEND.expected_average_value()), 1) == 35.2


def test_one_time_buyers_are_surely_alive_only_where_no_coin_was_thrown() -> None:
    assert BG.probability_alive(0, 0, 500.0) == 1.0
    assert MBG.probability_alive(0, 0, 500.0) < 0.5


Surface = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Of a customer's purchase rate λ and leaving parameter θ (p, or μ)."""


def individual_bg(x: int, tx: float, T: float) -> Surface:
    def likelihood(rate: np.ndarray, p: np.ndarray) -> np.ndarray:
        stayed = (1 - p) ** x * rate**x * np.exp(-rate * T)
        left = p * (1 - p) ** (x - 1) * rate**x * np.exp(-rate * tx) if x else 0.0
        return stayed + left

    return likelihood


def individual_mbg(x: int, tx: float, T: float) -> Surface:
    def likelihood(rate: np.ndarray, p: np.ndarray) -> np.ndarray:
        stayed = (1 - p) ** (x + 1) * rate**x * np.exp(-rate * T)
        return stayed + p * (1 - p) ** x * rate**x * np.exp(-rate * tx)

    return likelihood


def individual_pareto(x: int, tx: float, T: float) -> Surface:
    def likelihood(rate: np.ndarray, mu: np.ndarray) -> np.ndarray:
        total = rate + mu
        gone = mu / total * (np.exp(-total * tx) - np.exp(-total * T))
        return rate**x * (np.exp(-total * T) + gone)

    return likelihood


EASY_BG = {"r": 1.3, "alpha": 4.0, "a": 1.7, "b": 2.4}
EASY_PARETO = {"r": 1.3, "alpha": 4.0, "s": 1.6, "beta": 7.0}
CASES = [(0, 0.0, 6.0), (1, 2.0, 6.0), (4, 5.5, 6.0)]


NODES, WEIGHTS = np.polynomial.legendre.leggauss(300)
QUANTILES, SHARES = (NODES + 1) / 2, WEIGHTS / 2
RATES = gamma_law(EASY_BG["r"], scale=1 / EASY_BG["alpha"])


def integral(surface: Surface, leaving: Any) -> float:
    """Return ∫∫ of the surface over the laws of λ and θ, by quadrature over their quantiles."""
    rate, theta = RATES.ppf(QUANTILES)[:, None], leaving.ppf(QUANTILES)[None, :]
    return float(SHARES @ surface(rate, theta) @ SHARES)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("model", "params", "individual", "leaving"),
    [
        (BgNbdFit, EASY_BG, individual_bg, beta_law(1.7, 2.4)),
        (MbgNbdFit, EASY_BG, individual_mbg, beta_law(1.7, 2.4)),
        (ParetoNbdFit, EASY_PARETO, individual_pareto, gamma_law(1.6, scale=1 / 7.0)),
    ],
    ids=["BG", "MBG", "Pareto"],
)
def test_likelihood_survival_and_expectation_are_the_integrals_that_define_them(
    model: type[PurchaseFit],
    params: dict[str, float],
    individual: Callable[[int, float, float], Surface],
    leaving: Any,
    case: tuple[int, float, float],
) -> None:
    x, tx, T = case
    t = 5.0
    fit = model.at(**params)
    rows = Histories(*(np.array([value]) for value in (x, tx, T, 1.0)))
    whole = integral(individual(x, tx, T), leaving)
    assert fit.log_likelihood_at(np.array(fit.values), rows)[0] == pytest.approx(
        np.log(whole), rel=1e-5
    )

    coins = x if model is BgNbdFit else x + 1

    def staying(rate: np.ndarray, theta: np.ndarray) -> np.ndarray:
        if model is ParetoNbdFit:
            return rate**x * np.exp(-(rate + theta) * T)
        return (1 - theta) ** coins * rate**x * np.exp(-rate * T)

    def buying(rate: np.ndarray, theta: np.ndarray) -> np.ndarray:
        if model is ParetoNbdFit:
            return rate * -np.expm1(-theta * t) / theta
        return -np.expm1(-theta * rate * t) / theta

    alive = integral(staying, leaving)
    later = integral(lambda rate, theta: staying(rate, theta) * buying(rate, theta), leaving)
    assert float(fit.probability_alive(x, tx, T)) == pytest.approx(alive / whole, rel=1e-5)
    assert float(fit.expected_purchases(t, x, tx, T)) == pytest.approx(later / whole, rel=1e-5)


def test_pareto_nbd_equals_the_published_hypergeometric_form() -> None:
    # Fader & Hardie, note 009, eq. 22, for α < β.
    r, alpha, s, beta = PARETO.values
    for x, tx, T in [(0, 0.0, 38.86), (2, 30.43, 38.86), (9, 12.0, 38.86)]:
        power = r + s + x

        def part(y: float, x: int = x, power: float = power) -> float:
            z = (beta - alpha) / (beta + y)
            return float(hyp2f1(power, r + x, power + 1, z) / (beta + y) ** power)

        inner = 1 / ((alpha + T) ** (r + x) * (beta + T) ** s) + s / power * (part(tx) - part(T))
        whole = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + np.log(inner)
        rows = Histories(*(np.array([value]) for value in (x, tx, T, 1.0)))
        found, _ = ParetoNbdFit.log_likelihood_at(np.array(PARETO.values), rows)
        assert found == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("scale", [1.0, 7.0])
def test_pareto_nbd_does_not_depend_on_the_unit_of_time(scale: float) -> None:
    r, alpha, s, beta = PARETO.values
    stretched = ParetoNbdFit.at(r=r, alpha=alpha * scale, s=s, beta=beta * scale)
    weekly = PARETO.expected_purchases(39, [0, 2, 300], [0, 30.43, 38.0], [38.86, 38.86, 38.86])
    scaled = stretched.expected_purchases(
        39 * scale, [0, 2, 300], np.array([0, 30.43, 38.0]) * scale, 38.86 * scale
    )
    np.testing.assert_allclose(scaled, weekly, rtol=1e-9)


@pytest.mark.parametrize(
    ("model", "point"),
    [
        (BgNbdFit, BG.values),
        (MbgNbdFit, MBG.values),
        (ParetoNbdFit, PARETO.values),
        (ParetoNbdFit, (2.0, 30.0, 0.4, 3.0)),  # α > β
        (NbdFit, NBD.values),
        (BgNbdFit, (1.4, 1.4, 0.003, 5_000.0)),  # almost degenerate
    ],
)
def test_the_gradient_is_the_slope_of_the_likelihood(
    model: type[PurchaseFit], point: tuple[float, ...]
) -> None:
    params = np.array(point)
    _, slope = model.log_likelihood_at(params, ROWS)
    for k in range(len(params)):
        step = np.zeros(len(params))
        step[k] = 1e-5 * params[k]
        up, down = (model.log_likelihood_at(params + sign * step, ROWS)[0] for sign in (1, -1))
        assert slope[k] * params[k] == pytest.approx((up - down) / 2e-5, rel=2e-5, abs=2e-6)


def test_the_gradient_of_gamma_gamma_is_the_slope_of_its_likelihood() -> None:
    rows = Spending.of(np.array([1.0, 2.0, 2.0, 9.0]), np.array([22.35, 11.77, 80.0, 35.0]))
    params = np.array(SPEND.values)
    _, slope = GammaGammaFit.log_likelihood_at(params, rows)
    for k in range(3):
        step = np.zeros(3)
        step[k] = 1e-5 * params[k]
        up, down = (
            GammaGammaFit.log_likelihood_at(params + sign * step, rows)[0] for sign in (1, -1)
        )
        assert slope[k] * params[k] == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-8)


def test_the_gamma_gamma_likelihood_is_the_integral_over_what_customers_spend() -> None:
    # m | x, ν ~ Gamma(p x, ν x), ν ~ Gamma(q, v): note 025, eq. 1a.
    p, q, v = SPEND.values
    x, m = 3.0, 22.0
    found, _ = quad(
        lambda nu: gamma_law(p * x, scale=1 / (nu * x)).pdf(m) * gamma_law(q, scale=1 / v).pdf(nu),
        1e-9, 3.0, epsabs=1e-14,
    )  # fmt: skip
    rows = Spending.of(np.array([x]), np.array([m]))
    value, _ = GammaGammaFit.log_likelihood_at(np.array(SPEND.values), rows)
    assert value == pytest.approx(np.log(found), rel=1e-7)


def test_grouping_rows_changes_no_likelihood() -> None:
    summary = pd.DataFrame(
        {"frequency": [2, 0, 2, 1], "recency": [3.0, 0, 3, 2], "T": [9.0, 4, 9, 5]}
    )
    rows = Histories.of(summary)
    assert rows.customers == 4
    assert len(rows.x) == 3
    apart = sum(
        BgNbdFit.log_likelihood_at(np.array(BG.values), Histories.of(summary.iloc[[k]]))[0]
        for k in range(4)
    )
    together, _ = BgNbdFit.log_likelihood_at(np.array(BG.values), rows)
    assert together == pytest.approx(apart, rel=1e-12)


def test_rising_factorials_keep_their_digits_for_a_huge_base() -> None:
    value, slope = log_rising(1e12, 3)
    assert value[3] == pytest.approx(3 * np.log(1e12) + 3e-12, abs=1e-13)
    assert slope[3] == pytest.approx(3e-12)
    np.testing.assert_allclose(log_rising(0.7, 5)[0], gammaln(0.7 + np.arange(6)) - gammaln(0.7))


@pytest.mark.parametrize(
    ("fit", "again"),
    [(BG, fit_bg_nbd), (MBG, fit_mbg_nbd), (PARETO, fit_pareto_nbd), (NBD, fit_nbd)],
)
def test_a_fit_finds_the_parameters_that_made_the_data(
    fit: PurchaseFit, again: Callable[[pd.DataFrame], PurchaseFit]
) -> None:
    rng = np.random.default_rng(20)
    world = fit.simulate(rng.uniform(20.0, 80.0, 12_000), rng)
    found = again(world)
    assert found.verdict == "converged"
    for name, truth in fit.params.items():
        assert abs(found.params[name] - truth) < 4 * found.standard_errors[name], name
    assert (
        found.log_likelihood >= fit.log_likelihood_at(np.array(fit.values), Histories.of(world))[0]
    )


@pytest.mark.parametrize("fit", [BG, MBG, PARETO, NBD])
def test_simulated_customers_buy_as_often_as_expected(fit: PurchaseFit) -> None:
    world = fit.simulate(np.full(60_000, 39.0), np.random.default_rng(4))
    bought = world["frequency"]
    error = bought.std() / np.sqrt(len(bought))
    assert abs(bought.mean() - float(fit.expected_purchases(39.0))) < 4 * error
    assert (world["recency"] <= world["T"]).all()
    assert ((world["frequency"] == 0) == (world["recency"] == 0)).all()


def test_gamma_gamma_finds_the_parameters_that_made_the_data() -> None:
    rng = np.random.default_rng(6)
    x = rng.integers(0, 12, 12_000)
    world = pd.DataFrame({"frequency": x, "monetary_value": SPEND.simulate(x, rng)})
    found = fit_gamma_gamma(world)
    assert found.verdict == "converged"
    assert found.customers == int((x > 0).sum())
    for name, truth in SPEND.params.items():
        assert abs(found.params[name] - truth) < 4 * found.standard_errors[name], name
    assert abs(spend_frequency_correlation(world)) < 0.05


def test_gamma_gamma_knows_no_currency() -> None:
    rng = np.random.default_rng(6)
    x = rng.integers(1, 12, 2_000)
    world = pd.DataFrame({"frequency": x, "monetary_value": SPEND.simulate(x, rng)})
    cents = world.assign(monetary_value=world["monetary_value"] * 100)
    euro, cent = fit_gamma_gamma(world), fit_gamma_gamma(cents)
    assert cent.params["p"] == pytest.approx(euro.params["p"], rel=1e-9)
    assert cent.params["v"] == pytest.approx(100 * euro.params["v"], rel=1e-9)
    assert cent.log_likelihood == pytest.approx(
        euro.log_likelihood - 2_000 * np.log(100), rel=1e-12
    )


def test_expected_value_lies_between_the_own_mean_and_that_of_all() -> None:
    found = SPEND.expected_average_value([0, 1, 50], [0.0, 100.0, 100.0])
    assert found[0] == pytest.approx(35.2, abs=0.05)
    assert 35.2 < found[1] < found[2] < 100.0


def test_a_base_in_which_nobody_leaves_is_called_degenerate() -> None:
    rng = np.random.default_rng(1)
    world = NBD.simulate(rng.uniform(20.0, 50.0, 3_000), rng)
    for again in (fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd):
        found = again(world)
        assert found.verdict in {"degenerate", "at a bound"}
        assert found.reason
        assert not found.usable


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_along_a_ridge_the_search_goes_on_until_it_rests_or_meets_a_bound(seed: int) -> None:
    # Everybody leaves at nearly one rate: a and b can grow together without end.
    rng = np.random.default_rng(seed)
    world = BgNbdFit.at(r=1.8, alpha=1.5, a=60.0, b=60_000.0).simulate(
        rng.uniform(30.0, 52.0, 400), rng
    )
    for again in (fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd):
        assert again(world).reason != "the search did not come to rest"


@pytest.mark.parametrize("again", [fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd])
def test_an_unsound_fit_still_never_forecasts_the_absurd(
    again: Callable[[pd.DataFrame], PurchaseFit],
) -> None:
    # The trap: a → 0, b → ∞ took an unguarded forecast to 1e29.
    rng = np.random.default_rng(1)
    world = NBD.simulate(rng.uniform(20.0, 50.0, 2_000), rng)
    fit = again(world)
    expected = fit.expected_purchases(52.0, world["frequency"], world["recency"], world["T"])
    ceiling = fit_nbd(world).expected_purchases(
        52.0, world["frequency"], world["recency"], world["T"]
    )
    assert np.isfinite(expected).all()
    assert (expected >= 0).all()
    assert (expected <= ceiling * 1.2).all()


@pytest.mark.parametrize("a", [1e-6, 0.5, 1.0 - 1e-9, 1.0, 1.0 + 1e-7, 40.0, 2e4])
@pytest.mark.parametrize("b", [0.2, 3.0, 5e4])
def test_the_expectation_of_bg_nbd_holds_over_the_whole_range_of_parameters(
    a: float, b: float
) -> None:
    r, alpha, t = 0.6, 3.0, 26.0
    fit = BgNbdFit.at(r=r, alpha=alpha, a=a, b=b)
    for x, T in [(0, 20.0), (3, 20.0), (400, 30.0)]:
        R, scale, law = r + x, alpha + T, beta_law(a, b + x)

        p = np.maximum(law.ppf(QUANTILES), 1e-300)
        expected = SHARES @ (-np.expm1(-R * np.log1p(p * t / scale)) / p)
        alive = float(fit.probability_alive(x, min(x, 1) * T, T))
        found = float(fit.expected_purchases(t, x, min(x, 1) * T, T)) / alive
        assert found == pytest.approx(expected, rel=2e-3)


def test_expectations_are_zero_now_and_grow_with_time() -> None:
    for fit in (BG, MBG, PARETO, NBD):
        path = [float(fit.expected_purchases(t, 3, 20.0, 30.0)) for t in (0.0, 1.0, 10.0, 100.0)]
        assert path[0] == pytest.approx(0.0, abs=1e-12)
        assert path == sorted(path)
        assert float(fit.expected_purchases(10.0)) > 0.0


def one(frequency: int, recency: float, T: float) -> pd.DataFrame:
    return pd.DataFrame(
        {"customer_id": ["x"], "frequency": [frequency], "recency": [recency], "T": [T]}
    )


@pytest.mark.parametrize("again", [fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd])
@pytest.mark.parametrize(
    "summary",
    [
        one(3, 10.0, 12.0),
        one(0, 0.0, 12.0),
        pd.concat([one(0, 0.0, 12.0 + k) for k in range(30)]),  # all one-time buyers
        pd.concat([one(4, 10.0, 12.0)] * 30),  # all alike
        pd.concat([one(0, 0.0, 0.0)] * 5),  # first seen today
    ],
    ids=["one customer", "one purchase", "one-time buyers", "all alike", "first day"],
)
def test_degenerate_data_get_a_verdict_and_not_a_crash(
    again: Callable[[pd.DataFrame], PurchaseFit], summary: pd.DataFrame
) -> None:
    fit = again(summary)
    assert not fit.usable
    assert fit.reason
    expected = fit.expected_purchases(10.0, summary["frequency"], summary["recency"], summary["T"])
    assert np.isfinite(expected).all()


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        (one(1, 10.0, 12.0).iloc[:0], "no customers"),
        (one(1, 13.0, 12.0), "beyond T"),
        (one(0, 3.0, 12.0), "no repeat purchase"),
        (one(2, 0.0, 12.0), "although there was a repeat purchase"),
        (one(-1, 0.0, 12.0), "no whole number"),
        (one(1, 3.0, 12.0).assign(frequency=1.5), "no whole number"),
        (one(1, np.nan, 12.0), "no finite number"),
        (one(1, 3.0, 12.0).drop(columns="T"), "no such column"),
    ],
)
def test_an_impossible_history_is_refused_by_name(summary: pd.DataFrame, message: str) -> None:
    for again in (fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd, fit_nbd):
        with pytest.raises(MetricError, match=message):
            again(summary)


def test_a_model_at_given_parameters_names_what_is_missing() -> None:
    with pytest.raises(MetricError, match="needs b > 0"):
        BgNbdFit.at(r=1.0, alpha=1.0, a=1.0)
    with pytest.raises(MetricError, match="did you mean `alpha`"):
        BgNbdFit.at(r=1.0, alpa=1.0, a=1.0, b=1.0)
    with pytest.raises(MetricError, match="belong together"):
        BG.expected_purchases(3.0, frequency=2)


def test_spending_that_never_varies_is_no_gamma_gamma() -> None:
    constant = pd.DataFrame({"frequency": [1, 2, 3, 4] * 5, "monetary_value": [20.0] * 20})
    assert not fit_gamma_gamma(constant).usable
    fallback = fit_credibility_mean(constant)
    np.testing.assert_allclose(fallback.expected_average_value([0, 3], [0.0, 20.0]), 20.0)


def test_the_credibility_mean_recovers_the_variances_that_made_the_data() -> None:
    rng = np.random.default_rng(9)
    x = rng.integers(1, 9, 40_000)
    own = rng.normal(50.0, 10.0, len(x)) + rng.normal(0.0, 20.0, len(x)) / np.sqrt(x)
    found = fit_credibility_mean(pd.DataFrame({"frequency": x, "monetary_value": own}))
    # k = within / between = 400 / 100.
    assert found.mean == pytest.approx(50.0, abs=0.3)
    assert found.k == pytest.approx(4.0, rel=0.1)


def test_no_repeat_purchase_at_all_is_said() -> None:
    summary = pd.DataFrame({"frequency": [0, 0], "monetary_value": [0.0, 0.0]})
    with pytest.raises(MetricError, match="no customer has a repeat purchase"):
        fit_gamma_gamma(summary)
