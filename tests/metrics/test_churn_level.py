"""The range of the lapses to come holds chance, the model's own error and common shifts."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from helpers.metrics.churn import (
    calibration,
    level_errors,
    level_of,
    level_range,
    purchase_days,
    training_rows,
)
from helpers.metrics.churn.level import shift_to
from helpers.metrics.churn.linear import Linear
from helpers.metrics.churn.model import expit, logit

FIRST, AS_OF, WINDOW = date(2017, 1, 1), date(2017, 9, 30), 28


def errors(values: list[float], variance: float) -> pd.DataFrame:
    return pd.DataFrame({"error": values, "variance": [variance] * len(values)})


def test_the_shift_is_the_one_that_was_put_in() -> None:
    p = np.linspace(0.01, 0.6, 200)
    assert shift_to(p, float(expit(logit(p) + 0.7).sum())) == pytest.approx(0.7, abs=1e-9)
    assert shift_to(p, float(p.sum())) == pytest.approx(0.0, abs=1e-9)


def test_without_common_shifts_the_range_is_little_wider_than_chance() -> None:
    # 40 earlier days without any error: τ is near 0. Σp = 200, chance ± 1.96·sqrt(200·.9) = 26.3.
    p = np.full(2000, 0.1)
    low, high = level_range(p, errors([0.0] * 40, 1e-4))
    assert (low, high) == (pytest.approx(200 - 26.3, abs=4), pytest.approx(200 + 26.3, abs=4))


def test_large_earlier_shifts_widen_the_range_and_so_does_the_models_own_error() -> None:
    p = np.full(2000, 0.1)
    quiet = np.ptp(level_range(p, errors([0.0] * 20, 1e-3)))
    own = np.ptp(level_range(p, errors([0.0] * 20, 1e-3), variance=0.09))
    shifted = np.ptp(level_range(p, errors([0.4, -0.4] * 10, 1e-3)))
    nothing_seen = np.ptp(level_range(p, errors([], 0.0)))
    assert quiet < own < shifted < nothing_seen


def test_the_range_stays_between_nobody_and_everybody_and_is_the_same_each_time() -> None:
    low, high = level_range(np.full(5, 0.02), errors([2.0, -2.0], 0.1))
    assert 0 <= low <= high <= 5
    assert (low, high) == level_range(np.full(5, 0.02), errors([2.0, -2.0], 0.1))
    assert np.isnan(level_range(np.array([]), errors([], 0.0))).all()


@pytest.mark.parametrize(
    ("shock", "days", "least"),
    # Two earlier days cannot show shocks larger than the prior holds for usual: there it is short.
    [(0.0, 6, 0.92), (0.3, 6, 0.92), (0.6, 6, 0.91), (0.3, 2, 0.91), (0.6, 2, 0.83)],
)
def test_95_percent_ranges_hold_about_95_percent_under_a_common_shock(
    shock: float, days: int, least: float
) -> None:
    # 200 histories of 260 customers at p ~ Beta(1, 12); each day all of them move together.
    rng, held, by_chance, rounds = np.random.default_rng(7), 0, 0, 200
    p = rng.beta(1, 12, 260).clip(0.002)
    spread = float((p * (1 - p)).sum())
    for _ in range(rounds):
        moved = expit(logit(p) + shock * rng.normal(size=(days + 1, 1)))
        seen = (rng.random((days + 1, 260)) < moved).sum(axis=1)
        past = [shift_to(p, max(float(k), 0.5)) for k in seen[:days]]
        low, high = level_range(p, errors(past, 1 / spread), draws=1000)
        held += low <= seen[days] <= high
        chance = calibration(pd.DataFrame({"probability": p, "lapsed": False}))
        by_chance += chance["expected_low"] <= seen[days] <= chance["expected_high"]
    assert least <= held / rounds
    if shock >= 0.6:
        assert by_chance / rounds < 0.70  # what chance alone would have promised


def visits(seed: int = 5, shock: float = 0.0, customers: int = 300) -> pd.DataFrame:
    """Return customers who may stay away for whole windows; how many do, moves with the window."""
    rng = np.random.default_rng(seed)
    rows = []
    for start in range(0, 273, WINDOW):
        away = expit(-2.0 + shock * rng.normal() + rng.normal(0, 0.5, customers))
        for number in np.flatnonzero(rng.random(customers) > away):
            for day in rng.integers(start, min(start + WINDOW, 273), 1 + rng.poisson(2)):
                rows.append((f"c{number:04}", int(day), float(rng.gamma(3, 8))))
    table = pd.DataFrame(rows, columns=["customer_id", "day", "revenue"])
    when = pd.Timestamp(FIRST) + pd.to_timedelta(table["day"], unit="D")
    return purchase_days(table.assign(ordered_at=when))


def test_earlier_days_are_those_a_report_of_the_time_would_have_known() -> None:
    rows = visits()
    found = level_errors(rows, as_of=AS_OF, window=WINDOW, most=3)
    days = [pd.Timestamp(AS_OF - timedelta(days=WINDOW * k)) for k in (1, 2, 3)]
    assert found["day"].tolist() == days
    # What is predicted for a day sees no row after it: only the outcome may.
    cut = rows[rows["day"] <= days[1] + pd.Timedelta(days=WINDOW)]
    again = level_errors(cut, as_of=AS_OF - timedelta(days=WINDOW), window=WINDOW, most=2)
    pd.testing.assert_frame_equal(again, found.iloc[1:].reset_index(drop=True))
    assert (found["expected"] > 0).all()
    assert ((found["error"] > 0) == (found["observed"] > found["expected"])).all()


def test_common_shocks_in_the_purchases_widen_the_range() -> None:
    p = np.full(260, 0.12)
    calm, wild = (
        level_of(visits(shock=size), p, as_of=AS_OF, window=WINDOW) for size in (0.0, 1.2)
    )
    assert wild.errors["error"].abs().mean() > 2 * calm.errors["error"].abs().mean()
    assert wild.high - wild.low > 1.3 * (calm.high - calm.low)


def test_a_history_too_short_for_earlier_days_leaves_the_usual_shift() -> None:
    rows = visits()
    found = level_of(rows.iloc[:0], np.full(100, 0.1), as_of=AS_OF, window=WINDOW)
    assert found.errors.empty
    assert found.low < 4 < 25 < found.high
    nobody_lapses = pd.DataFrame(
        [(f"c{i}", d, 1.0) for i in range(30) for d in range(0, 273, 7)],
        columns=["customer_id", "day", "revenue"],
    )
    when = pd.Timestamp(FIRST) + pd.to_timedelta(nobody_lapses["day"], unit="D")
    regular = purchase_days(nobody_lapses.assign(ordered_at=when))
    assert level_errors(regular, as_of=AS_OF, window=WINDOW).empty


def test_the_variance_of_the_level_is_that_of_a_bootstrap_of_customers() -> None:
    rows = visits(customers=250)
    cutoffs = tuple(AS_OF - timedelta(days=d) for d in (56, 84))
    x, y = training_rows(rows, cutoffs=cutoffs, window=WINDOW)
    today = x.xs(pd.Timestamp(cutoffs[0]), level="cutoff")
    outcome, customers = y.to_numpy(bool), x.index.get_level_values("customer_id")
    fitted = Linear.fit(x, outcome)
    variance = fitted.level_variance(x, outcome, customers, today)
    p, places = fitted.predict(today), pd.Series(np.arange(len(x))).groupby(customers).indices
    rng, shifts, ids = np.random.default_rng(2), [], list(places)
    for _ in range(120):
        drawn = np.concatenate([places[i] for i in rng.choice(ids, len(ids))])
        level = Linear.fit(x.iloc[drawn], outcome[drawn]).predict(today).sum()
        shifts.append(shift_to(p, float(level)))
    assert np.sqrt(variance) == pytest.approx(np.std(shifts), rel=0.25)
