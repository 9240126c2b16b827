"""Holdout, tracking, the choice of a model and its fallbacks, CLV and its interval."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from helpers.errors import MetricError
from helpers.metrics import customer_value as cv
from helpers.metrics.customer_value.choice import PurchaseChoice
from helpers.metrics.customer_value.scorecard import score, value_score
from helpers.periods import Period

START = pd.Timestamp("2017-01-01")


def simulated_orders(
    fit: cv.BgNbdFit | cv.NbdFit, *, customers: int, weeks: int, seed: int
) -> pd.DataFrame:
    """Return orders of customers who begin in the first 8 weeks: a draw of the model's story."""
    rng = np.random.default_rng(seed)
    params = fit.params
    rate = rng.gamma(params["r"], 1 / params["alpha"], customers)
    leave = rng.beta(params["a"], params["b"], customers) if "a" in params else np.zeros(customers)
    rows = []
    for k in range(customers):
        t = rng.uniform(0, 8)
        while t < weeks:
            rows.append((f"c{k:05d}", START + timedelta(days=7 * t), rng.gamma(4.0, 10.0)))
            if len(rows) > 1 and rows[-2][0] == rows[-1][0] and rng.random() < leave[k]:
                break
            t += rng.exponential(1 / rate[k])
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])


LEAVING = cv.BgNbdFit.at(r=0.8, alpha=3.0, a=0.8, b=2.5)
STAYING = cv.NbdFit.at(r=0.8, alpha=4.0)
AS_OF = date(2017, 12, 30)  # 52 weeks


@pytest.fixture(scope="module")
def leaving() -> pd.DataFrame:
    return simulated_orders(LEAVING, customers=900, weeks=52, seed=3)


@pytest.fixture(scope="module")
def staying() -> pd.DataFrame:
    return simulated_orders(STAYING, customers=700, weeks=52, seed=5)


@pytest.fixture(scope="module")
def chosen(leaving: pd.DataFrame) -> PurchaseChoice:
    return cv.choose_purchase_model(leaving, as_of=AS_OF)


def test_a_holdout_is_split_at_its_first_day() -> None:
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "a", "b"],
            "ordered_at": pd.to_datetime(
                ["2017-01-01", "2017-01-29", "2017-01-30", "2017-02-12 23:00", "2017-02-01"],
                format="ISO8601",
            ),
            "revenue": 1.0,
        }
    )
    found = cv.calibration_holdout(
        orders, calibration_end=date(2017, 1, 29), as_of=date(2017, 2, 12), window_days=7
    )
    assert found["customer_id"].tolist() == ["a"]  # b came later
    row = found.iloc[0]
    assert (row["frequency"], row["recency"], row["T"]) == (1, 4.0, 4.0)
    assert (row["recent"], row["actual"], row["duration"]) == (1, 2, 2.0)


def test_a_holdout_without_a_day_is_refused(leaving: pd.DataFrame) -> None:
    with pytest.raises(MetricError, match="holds no day"):
        cv.calibration_holdout(leaving, calibration_end=AS_OF, as_of=AS_OF)


def test_accuracy_is_the_one_worked_by_hand() -> None:
    row = cv.accuracy(np.array([0, 2, 4]), {"m": np.array([1.0, 2.0, 2.0])}).iloc[0]
    assert row["expected"] == 5.0
    assert row["actual"] == 6.0
    assert row["bias"] == pytest.approx(-1 / 6)
    assert row["mae"] == pytest.approx(1.0)
    assert row["rmse"] == pytest.approx(np.sqrt(5 / 3))
    assert row["correlation"] == pytest.approx(np.sqrt(3) / 2)
    flat = cv.accuracy(np.array([0, 0]), {"m": np.array([1.0, 1.0])}).iloc[0]
    assert np.isnan(flat["bias"])
    assert np.isnan(flat["correlation"])
    with pytest.raises(MetricError, match="no customers"):
        cv.accuracy(np.array([]), {})


def test_where_customers_leave_a_model_with_leaving_is_chosen(chosen: PurchaseChoice) -> None:
    assert chosen.used.label in {"BG/NBD", "MBG/NBD", "Pareto/NBD"}
    assert not chosen.fallback
    assert chosen.reason.endswith("clearly better than the plain rule.")
    assert chosen.table["used"].sum() == 1
    assert chosen.table["model"].tolist()[-1] == "Last 90 days"
    best = chosen.table[chosen.table["model"].isin(["BG/NBD", "MBG/NBD", "Pareto/NBD"])]
    assert chosen.table.loc[chosen.table["used"], "rmse"].item() == best["rmse"].min()


def test_where_nobody_leaves_the_models_are_refused_by_name_and_nbd_stands_in(
    staying: pd.DataFrame,
) -> None:
    found = cv.choose_purchase_model(staying, as_of=AS_OF)
    assert found.fallback
    assert found.used.label == "NBD"
    assert "Refused: " in found.reason
    assert "NBD, a model in which nobody leaves, is used instead." in found.reason
    verdicts = found.table.set_index("model")["verdict"]
    assert all(verdicts[name] != "converged" for name in ("BG/NBD", "MBG/NBD", "Pareto/NBD"))


def test_a_rule_that_clearly_wins_is_used() -> None:
    # Everybody bought weekly for half a year; then half of them stopped at once, and stay away.
    rows = [
        (f"c{k:03d}", START + timedelta(days=7 * week + k % 7), 10.0)
        for k in range(200)
        for week in range(26 if k % 2 else 52)
    ]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    found = cv.choose_purchase_model(orders, as_of=AS_OF)
    assert found.used.label == "Last 90 days"
    assert found.fallback
    assert "The plain rule forecast the check period clearly better" in found.reason
    values = cv.clv(
        found.summary, purchases=found.used, spending=cv.fit_credibility_mean(found.summary)
    )
    assert values.loc[1, "clv"] == 0.0  # stopped
    assert values.loc[0, "clv"] > 450.0  # 52 purchases of 10, discounted
    assert values["probability_alive"].isna().all()


def test_a_short_history_is_chosen_without_a_check(leaving: pd.DataFrame) -> None:
    found = cv.choose_purchase_model(leaving, as_of=date(2017, 2, 10))
    assert found.holdout is None
    assert found.calibration_end is None
    assert "too short for a check" in found.reason
    assert found.table["rmse"].isna().all()


def test_no_order_up_to_the_day_is_an_error(leaving: pd.DataFrame) -> None:
    with pytest.raises(MetricError, match="no order up to 2016-12-31"):
        cv.choose_purchase_model(leaving, as_of=date(2016, 12, 31))


def test_later_orders_change_no_choice(leaving: pd.DataFrame) -> None:
    day = date(2017, 9, 30)
    cut = leaving[leaving["ordered_at"] < "2017-10-01"]
    whole, part = (cv.choose_purchase_model(orders, as_of=day) for orders in (leaving, cut))
    pd.testing.assert_frame_equal(whole.table, part.table)
    pd.testing.assert_frame_equal(whole.summary, part.summary)


def test_tracking_counts_every_repeat_purchase_of_the_base(
    leaving: pd.DataFrame, chosen: PurchaseChoice
) -> None:
    fit = chosen.calibration_fits["BG/NBD"]
    assert chosen.calibration_end is not None
    path = cv.weekly_tracking(leaving, fit, calibration_end=chosen.calibration_end, as_of=AS_OF)
    summary = cv.rfm_summary(leaving, as_of=AS_OF)
    assert len(path) == 52
    assert path["actual_total"].iloc[-1] == summary["frequency"].sum()
    assert (path["expected"] > 0).all()
    assert path["phase"].value_counts().to_dict() == {"calibration": 39, "holdout": 13}
    # The model that made the data tracks them.
    assert abs(path["expected_total"].iloc[-1] / path["actual_total"].iloc[-1] - 1) < 0.1


def test_conditional_expectations_hold_every_customer_once(chosen: PurchaseChoice) -> None:
    assert chosen.holdout is not None
    forecasts = cv.forecasts(chosen.holdout, chosen.calibration_fits, chosen.rule)
    table = cv.conditional_expectations(chosen.holdout, forecasts)
    for _, rows in table.groupby("series"):
        assert rows["customers"].sum() == len(chosen.holdout)
    actual = table[table["series"] == "Actual"]
    total = float(actual["purchases"] @ actual["customers"])
    assert total == pytest.approx(chosen.holdout["actual"].sum())


def test_frequent_buyers_are_put_into_groups_of_about_the_same_size() -> None:
    frame = pd.DataFrame({"frequency": np.arange(100), "actual": np.arange(100)})
    table = cv.conditional_expectations(frame, {}, bins=4)
    assert table["customers"].sum() == 100
    assert table["customers"].between(24, 26).all()
    assert table["group"].tolist()[0] == "0-24"
    assert table["group"].tolist()[-1].endswith("+")


SUMMARY = pd.DataFrame(
    {
        "customer_id": ["a", "b"],
        "frequency": [4, 0],
        "recency": [20.0, 0.0],
        "T": [26.0, 26.0],
        "monetary_value": [30.0, 0.0],
        "recent": [2, 0],
    }
)


class Steady:
    """Two purchases a month of 10 each: a forecast whose value can be worked by hand."""

    def expected_for(self, summary: pd.DataFrame, t: float) -> np.ndarray:
        return np.full(len(summary), 2.0 * t)

    def expected_average_value(
        self, frequency: object = None, monetary_value: object = None
    ) -> np.ndarray:
        return np.full(2, 10.0)


def test_the_value_of_two_purchases_a_month_is_an_annuity() -> None:
    found = cv.clv(
        SUMMARY, purchases=Steady(), spending=Steady(), margin=0.5, discount_rate=1.01**12 - 1,
        horizon=3, unit="M",
    )  # fmt: skip
    # Margin .5 on 20 a month at 1 % a month: 10/1.01 + 10/1.01² + 10/1.01³ = 29.40985.
    assert found["clv"].tolist() == pytest.approx([29.40985, 29.40985], abs=1e-5)
    assert found["expected_purchases"].tolist() == [6.0, 6.0]


@pytest.mark.parametrize(
    "terms", [{"margin": 0.0}, {"margin": 1.2}, {"discount_rate": -1.0}, {"horizon": 0}]
)
def test_terms_out_of_bounds_are_refused(terms: dict[str, float]) -> None:
    with pytest.raises(MetricError):
        cv.clv(SUMMARY, purchases=Steady(), spending=Steady(), **terms)  # type: ignore[arg-type]


def test_value_scales_with_margin_and_falls_with_the_discount_rate() -> None:
    fit, spend = LEAVING, cv.GammaGammaFit.at(p=6.25, q=3.74, v=15.44)
    whole = cv.clv(SUMMARY, purchases=fit, spending=spend)["clv"]
    half = cv.clv(SUMMARY, purchases=fit, spending=spend, margin=0.5)["clv"]
    later = cv.clv(SUMMARY, purchases=fit, spending=spend, discount_rate=0.5)["clv"]
    np.testing.assert_allclose(half, whole / 2)
    assert (later < whole).all()


def test_without_discount_the_value_is_purchases_times_their_worth() -> None:
    fit, spend = LEAVING, cv.GammaGammaFit.at(p=6.25, q=3.74, v=15.44)
    found = cv.clv(SUMMARY, purchases=fit, spending=spend, discount_rate=0.0, horizon=24)
    np.testing.assert_allclose(
        found["clv"], found["expected_purchases"] * found["expected_average_value"]
    )


class Broken(Steady):
    def expected_for(self, summary: pd.DataFrame, t: float) -> np.ndarray:
        return np.full(len(summary), np.inf)


def test_a_value_that_is_not_finite_is_refused() -> None:
    with pytest.raises(MetricError, match="value of 2 customers is not finite"):
        cv.clv(SUMMARY, purchases=Broken(), spending=Steady())


def test_the_interval_is_the_same_for_the_same_seed_and_adds_up_over_groups(
    chosen: PurchaseChoice,
) -> None:
    spending = cv.choose_spending_model(chosen.summary).used
    groups = pd.Series(np.where(chosen.summary["frequency"] > 2, "often", "seldom"))

    def interval(seed: int) -> pd.DataFrame:
        return cv.clv_interval(
            chosen.summary, purchases=chosen.used, spending=spending, groups=groups,  # type: ignore[arg-type]
            replicates=20, seed=seed,
        )  # fmt: skip

    first, again, other = interval(1), interval(1), interval(2)
    pd.testing.assert_frame_equal(first, again)
    assert not first["low"].equals(other["low"])
    assert first["group"].tolist() == ["All", "often", "seldom"]
    assert first.loc[0, "clv"] == pytest.approx(first.loc[1:, "clv"].sum())
    assert (first["low"] < first["clv"]).all()
    assert (first["clv"] < first["high"]).all()


def test_a_rule_has_an_interval_too() -> None:
    summary = pd.concat([SUMMARY] * 30, ignore_index=True).assign(
        customer_id=[f"c{k}" for k in range(60)]
    )
    groups = summary["frequency"].map({4: "bought lately", 0: "did not"})
    table = cv.clv_interval(
        summary, purchases=cv.recent_rate(window_days=90), groups=groups,
        spending=cv.fit_credibility_mean(summary), replicates=200,
    )  # fmt: skip
    whole, lately, never = (table.iloc[k] for k in range(3))
    assert whole["low"] < whole["clv"] < whole["high"]
    assert whole["mean_high"] == pytest.approx(whole["high"] / 60)
    assert lately["mean_low"] < lately["mean_clv"] < lately["mean_high"]
    assert (never["mean_low"], never["mean_clv"], never["mean_high"]) == (0.0, 0.0, 0.0)


def test_too_few_replicates_and_what_cannot_be_drawn_give_no_interval() -> None:
    with pytest.raises(MetricError, match="give no interval"):
        cv.clv_interval(SUMMARY, purchases=LEAVING, spending=Steady(), replicates=5)  # type: ignore[arg-type]
    with pytest.raises(MetricError, match="Steady forecasts, but cannot be drawn from"):
        cv.clv_interval(SUMMARY, purchases=Steady(), spending=Steady())  # type: ignore[arg-type]


def test_spending_that_cannot_be_modelled_falls_back_and_says_so() -> None:
    never = cv.choose_spending_model(SUMMARY.assign(frequency=0, monetary_value=0.0))
    assert never.fallback
    assert never.fit is None
    assert "bought twice" in never.reason
    constant = SUMMARY.assign(frequency=[3, 5], monetary_value=20.0)
    same = cv.choose_spending_model(constant)
    assert same.fallback
    assert same.reason.startswith("Gamma-Gamma is refused (")
    assert same.used.expected_average_value([3], [20.0]) == pytest.approx([20.0])


def test_the_scorecard_sees_only_what_was_known_before_the_period(leaving: pd.DataFrame) -> None:
    period = Period.parse("2017-11")
    card = cv.forecast_scorecard(leaving, period=period)
    assert len(card) == 2
    before = cv.choose_purchase_model(leaving, as_of=date(2017, 10, 31))
    assert card["model"].tolist() == [before.used.label, "Last 90 days"]
    days = leaving.assign(day=leaving["ordered_at"].dt.normalize()).drop_duplicates(
        ["customer_id", "day"]
    )
    known = set(leaving.loc[leaving["ordered_at"] < "2017-11-01", "customer_id"])
    inside = days[days["ordered_at"].between("2017-11-01", "2017-11-30 23:59:59")]
    assert (card["actual"] == inside["customer_id"].isin(known).sum()).all()
    assert card["actual_revenue"].iloc[0] == pytest.approx(
        leaving.loc[
            leaving["ordered_at"].between("2017-11-01", "2017-11-30 23:59:59"), "revenue"
        ].sum()
    )
    with pytest.raises(MetricError, match="too few to have made a forecast"):
        cv.forecast_scorecard(leaving, period=Period.parse("2017-02"))


def test_a_kept_prediction_is_scored_like_the_one_worked_out_again(leaving: pd.DataFrame) -> None:
    october, november = Period.parse("2017-10"), Period.parse("2017-11")
    model = cv.value_model(leaving, as_of=october.end)
    said = cv.predictions(leaving, model, ahead=november)
    assert tuple(said.columns) == cv.PREDICTED
    assert said["customer_id"].is_unique
    assert said["clv"].sum() == pytest.approx(model.values["clv"].sum())
    own = score(said, leaving, period=november)
    pd.testing.assert_frame_equal(own, cv.forecast_scorecard(leaving, period=november))
    assert own["expected"].tolist() == pytest.approx(
        [said["purchases"].sum(), said["rule_purchases"].sum()]
    )
    lately = leaving[leaving["ordered_at"].between("2017-08-03", "2017-10-31 23:59:59")]
    assert own["expected_revenue"].iloc[1] == pytest.approx(lately["revenue"].sum() * 30 / 90)
    row = own.iloc[0]
    assert row["low"] < row["expected_revenue"] < row["high"]
    assert row["inside"] == ("Yes" if row["low"] <= row["actual_revenue"] <= row["high"] else "No")
    assert 0.9 <= row["covered"] <= 1.0  # the story that made the data is that of the models
    narrow = score(said.assign(revenue_low=1e9, all_high=1.0), leaving, period=november).iloc[0]
    assert (narrow["covered"], narrow["inside"]) == (0.0, "No")
    halved = score(said.assign(purchases=said["purchases"] / 2), leaving, period=november)
    assert halved["bias"].iloc[0] == pytest.approx((1 + own["bias"].iloc[0]) / 2 - 1)


def test_customers_that_nobody_knows_any_more_are_not_scored(leaving: pd.DataFrame) -> None:
    october, november = Period.parse("2017-10"), Period.parse("2017-11")
    model = cv.value_model(leaving, as_of=october.end)
    said = cv.predictions(leaving, model, ahead=november)
    strangers = said.assign(customer_id="gone " + said["customer_id"])
    both, own = (
        score(frame, leaving, period=november) for frame in (pd.concat([said, strangers]), said)
    )
    bounds = ["low", "high"]  # those of all: half of what was expected is of those still known
    np.testing.assert_allclose(both[bounds], own[bounds] / 2)
    told = [*bounds, "inside"]
    pd.testing.assert_frame_equal(both.drop(columns=told), own.drop(columns=told))
    assert score(strangers, leaving, period=november).empty
    orders, nobody = leaving.copy(), pd.DataFrame(columns=["customer_id"])
    study = cv.Study(orders, nobody, period=november, predicted={october: strangers})
    assert [title for title, _ in study.evidence.tables()] == [
        "The models, tried on days they had not seen",
        "The forecast of revenue, tried on the last stretches",
    ]
    assert not any("Before this period" in line for line in cv.Sentences(study).trust())


@pytest.mark.parametrize(
    ("period", "horizon", "made"),
    [
        ("2017-12", 12, "2016-12"), ("2017-12", 3, "2017-09"), ("2018-02", 3, "2017-11"),
        ("2017Q4", 3, "2017Q3"), ("2017Q4", 2, None), ("2017", 12, "2016"), ("2017", 6, None),
        ("2017-W40", 3, None), ("2017-01", 1, "2016-12"),
    ],
)  # fmt: skip
def test_a_value_is_judged_by_the_period_that_ends_its_horizon(
    period: str, horizon: int, made: str | None
) -> None:
    found = cv.valued(Period.parse(period), horizon=horizon)
    assert (str(found) if found else None) == made


def test_a_kept_value_is_set_beside_what_customers_brought() -> None:
    """Worked by hand: a margin of a half, no discount, two months.

    a brings 10 + 20 and b 30 after September; c came later. By the rule, 90 days brought 90 and
    so 30 for October's 31 days: 30 / 31 a day, over 2 × 30.436875 days, halved.
    """
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "b", "a", "a", "b", "c"],
            "ordered_at": pd.to_datetime(
                ["2017-09-01", "2017-09-30", "2017-10-01", "2017-11-30", "2017-11-15", "2017-10-05"]
            ),
            "revenue": [5.0, 5.0, 10.0, 20.0, 30.0, 1000.0],
        }
    )
    said = pd.DataFrame(
        {
            "customer_id": ["a", "b"], "model": "NBD", "purchases": 1.0, "revenue": 1.0,
            "rule": "Last 90 days", "rule_purchases": 1.0, "rule_revenue": 15.0,
            "clv": [25.0, 8.0], "horizon": 2, "margin": 0.5, "discount_rate": 0.0,
            "clv_low": [10.0, 0.0], "clv_high": [40.0, 14.0], "all_clv_low": 20.0,
            "all_clv_high": 45.0,
        }
    )  # fmt: skip
    september, november = Period.parse("2017-09"), Period.parse("2017-11")
    card = value_score(said, orders, made=september, period=november).set_index("model")
    assert card["value_made"].tolist() == [30.0, 30.0]
    assert card["value_expected"].tolist() == pytest.approx([33.0, 0.5 * 30 / 31 * 60.87375])
    assert card.loc["NBD", "value_bias"] == pytest.approx(0.1)
    # a brought 15, within 10 to 40; b brought 15, above 14; together 30, within 20 to 45.
    assert card.loc["NBD", ["low", "high", "inside", "covered"]].tolist() == [
        20.0,
        45.0,
        "Yes",
        0.5,
    ]
    assert card.loc["Last 90 days", ["low", "high", "inside", "covered"]].isna().all()
    dear = said.assign(discount_rate=3.0)  # 4 ** (1 / 12) a month; a's last day is in the second
    found = value_score(dear, orders, made=september, period=november)["value_made"].iloc[0]
    assert found == pytest.approx(0.5 * (10 / 4 ** (1 / 12) + 50 / 4 ** (2 / 12)))
    nobody = said.assign(customer_id=["x", "y"])
    assert value_score(nobody, orders, made=september, period=november).empty


def test_the_page_shows_what_customers_were_valued_at_when_the_horizon_is_over(
    leaving: pd.DataFrame,
) -> None:
    september, december = Period.parse("2017-09"), Period.parse("2017-12")
    model = cv.value_model(leaving, as_of=september.end, horizon=3)
    kept = {september: cv.predictions(leaving, model, ahead=september.next())}
    nobody = pd.DataFrame(columns=["customer_id"])
    study = cv.Study(leaving, nobody, period=december, horizon=3, predicted=kept)
    titles = [title for title, _ in study.evidence.tables()]
    assert titles[-1] == "What customers were valued at 3 months ago, and what they brought"
    assert study.evidence.value_scorecard["value_expected"].iloc[0] == pytest.approx(
        model.values["clv"].sum()
    )
    other = cv.Study(leaving, nobody, period=december, horizon=2, predicted=kept)
    assert other.evidence.value_scorecard.empty
