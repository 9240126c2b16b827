"""Campaigns whose truth is known: what is found, what is claimed, and what is refused."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from helpers.errors import MetricError
from helpers.metrics.campaign_roi import (
    CONTRACTS,
    Check,
    History,
    covariates,
    effect_over_time,
    ended_in,
    evaluate,
    evidence_kpis,
    grade,
    headline,
    ran_in,
    sales_deviation,
    uplift_by_segment,
)
from helpers.periods import Period

START, DAYS, CUSTOMERS = date(2017, 1, 1), 40 * 7, 600
AS_OF = START + timedelta(days=DAYS - 1)  # 2017-10-07
EFFECT = 12.0


def source(seed: int = 0) -> dict[str, pd.DataFrame]:
    """A year of weekly shopping with four campaigns whose effects are known.

    `fair` contacts heavy buyers more often and adds 12 a week; `trial` holds out a third at random
    and adds 12; `drift` contacts mostly people whose sales rise by 2 a week anyway, and adds
    nothing; `tiny` has 20 contacts.
    """
    rng = np.random.default_rng(seed)
    habit = rng.gamma(8, 10, CUSTOMERS)
    rising = rng.random(CUSTOMERS) < 0.35
    picked = rng.random(CUSTOMERS) < np.where(rising, 0.8, 0.2)
    ids = np.array([f"c{number:03}" for number in range(CUSTOMERS)])
    fair = rng.random(CUSTOMERS) < 1 / (1 + np.exp(-(habit - 95) / 50))
    held = rng.random(CUSTOMERS) < 1 / 3
    rows = []
    for week in range(40):
        growth = np.where(rising, 2.0 * max(0, week - 15), 0.0)
        gained = EFFECT * (fair * (20 <= week < 24) + ~held * (28 <= week < 32))
        sales = habit + rng.normal(0, 8, CUSTOMERS) + growth + gained
        day = pd.Timestamp(START) + pd.Timedelta(weeks=week)
        days = day + pd.to_timedelta(rng.integers(0, 7, CUSTOMERS), "D")
        rows.append(pd.DataFrame({"customer_id": ids, "ordered_at": days, "revenue": sales}))
    orders = pd.concat(rows, ignore_index=True)
    spans = {"fair": (20, 4), "trial": (28, 4), "drift": (33, 4), "tiny": (36, 8)}
    campaigns = pd.DataFrame(
        [
            (
                name,
                "mail",
                START + timedelta(weeks=first),
                START + timedelta(weeks=first + length, days=-1),
            )
            for name, (first, length) in spans.items()
        ],
        columns=["campaign_id", "campaign_type", "starts_on", "ends_on"],
    )
    lists = {"fair": ids[fair], "drift": ids[picked], "tiny": ids[:20], "trial": ids}
    contacts = [
        pd.DataFrame({"campaign_id": name, "customer_id": who, "arm": "mail"})
        for name, who in lists.items()
    ]
    contacts[-1]["arm"] = np.where(held, "control", "mail")
    contacts = pd.concat(contacts, ignore_index=True)
    return {"orders": orders, "campaigns": campaigns, "contacts": contacts}


TABLES = source()


@pytest.fixture(scope="module")
def history() -> History:
    return History(**TABLES, as_of=AS_OF)


@pytest.fixture(scope="module")
def evaluation(history):
    return evaluate(history)


def effect_of(evaluation, campaign: str) -> pd.Series:
    return evaluation.effects.set_index("campaign_id").loc[campaign]


def test_a_targeted_campaign_is_compared_fairly_and_its_effect_found(evaluation):
    found = effect_of(evaluation, "fair")
    assert found["grade"] == "B"
    assert found["low"] < EFFECT < found["high"]
    assert found["standard_error"] < 2
    assert found["imbalance"] <= 0.1
    assert found["incremental_revenue"] == pytest.approx(found["corrected"] * 4 * found["analysed"])


def test_an_experiment_is_read_as_one(evaluation):
    found = effect_of(evaluation, "trial")
    assert (found["grade"], found["design"]) == ("A", "random control group")
    assert found["low"] < EFFECT < found["high"]
    assert found["analysed"] + found["compared"] == CUSTOMERS


def test_the_practice_run_refuses_a_campaign_whose_list_was_rising_anyway(evaluation):
    found = effect_of(evaluation, "drift")
    assert found["effect"] > 2  # the comparison alone would claim something
    assert found["grade"] == "D"
    assert "already moved apart" in found["reason"]
    assert np.isnan(found["incremental_revenue"])
    assert not found["claimable"]


def test_a_small_campaign_is_not_judged(evaluation):
    found = effect_of(evaluation, "tiny")
    assert found["grade"] == "D"
    assert "needs 50 of each" in found["reason"]


def test_every_check_of_every_campaign_is_recorded(evaluation):
    checks = evaluation.checks
    assert set(checks["campaign_id"]) == {"fair", "trial", "drift", "tiny"}
    fair = checks[checks["campaign_id"] == "fair"].set_index("check")["verdict"]
    assert fair["Random control group"] == "fail"
    assert (fair.drop("Random control group") == "pass").all()
    assert set(checks["passed"]) <= {0.0, 0.5, 1.0}


def test_a_campaign_that_still_runs_is_an_indication_only():
    day = START + timedelta(weeks=22)
    found = evaluate(History(**TABLES, as_of=day))
    assert found.effects["campaign_id"].tolist() == ["fair"]
    row = effect_of(found, "fair")
    assert row["grade"] == "C"
    assert "still running" in row["reason"]
    assert row["weeks"] == pytest.approx(15 / 7)


def test_rows_after_the_last_day_change_nothing(evaluation):
    day = START + timedelta(weeks=25)
    cut = dict(TABLES)
    cut["orders"] = cut["orders"][
        cut["orders"]["ordered_at"] < pd.Timestamp(day + timedelta(days=1))
    ]
    one, other = evaluate(History(**TABLES, as_of=day)), evaluate(History(**cut, as_of=day))
    pd.testing.assert_frame_equal(one.effects, other.effects)


def test_without_history_nothing_is_claimed():
    late = {**TABLES, "orders": TABLES["orders"][TABLES["orders"]["ordered_at"] >= "2017-04-01"]}
    found = effect_of(evaluate(History(**late, as_of=AS_OF)), "fair")
    assert found["grade"] == "D"
    assert "needs 12 weeks" in found["reason"]
    before = {**TABLES, "orders": TABLES["orders"][TABLES["orders"]["ordered_at"] >= "2017-08-01"]}
    assert (
        "before the data begin"
        in effect_of(evaluate(History(**before, as_of=AS_OF)), "fair")["reason"]
    )


def test_row_order_changes_nothing(evaluation):
    mixed = {name: frame.sample(frac=1, random_state=3) for name, frame in TABLES.items()}
    other = evaluate(History(**mixed, as_of=AS_OF)).effects
    pd.testing.assert_frame_equal(evaluation.effects, other, rtol=1e-6)


def test_money_scales_and_dates_shift(evaluation):
    moved = {name: frame.copy() for name, frame in TABLES.items()}
    moved["orders"] = moved["orders"].assign(
        revenue=lambda t: t["revenue"] * 100,
        ordered_at=lambda t: t["ordered_at"] + pd.Timedelta(days=364),
    )
    moved["campaigns"] = moved["campaigns"].assign(
        starts_on=lambda t: pd.to_datetime(t["starts_on"]) + pd.Timedelta(days=364),
        ends_on=lambda t: pd.to_datetime(t["ends_on"]) + pd.Timedelta(days=364),
    )
    other = evaluate(History(**moved, as_of=AS_OF + timedelta(days=364))).effects
    trial = other.set_index("campaign_id").loc["trial"]
    assert trial["effect"] == pytest.approx(100 * effect_of(evaluation, "trial")["effect"])
    assert other["grade"].tolist() == evaluation.effects["grade"].tolist()


def test_a_planned_split_that_was_missed_is_noticed(history):
    found = effect_of(evaluate(history, planned_control_share=0.5), "trial")
    assert found["grade"] == "C"
    assert "draw went wrong" in found["reason"]
    assert effect_of(evaluate(history, planned_control_share=1 / 3), "trial")["grade"] == "A"


def test_degenerate_sources_are_evaluated_without_a_claim():
    one = TABLES["orders"][TABLES["orders"]["customer_id"] == "c000"]
    contacts = TABLES["contacts"][TABLES["contacts"]["customer_id"] == "c000"]
    zero = TABLES["orders"].assign(revenue=0.0)
    constant = TABLES["orders"].assign(revenue=7.0)
    none = TABLES["contacts"].head(0)
    for orders, listed in ((one, contacts), (one.head(0), contacts), (zero, TABLES["contacts"]),
                           (constant, TABLES["contacts"]), (TABLES["orders"], none)):  # fmt: skip
        found = evaluate(History(orders, TABLES["campaigns"], listed, as_of=AS_OF))
        claimed = found.effects[found.effects["claimable"].astype(bool)]
        assert (claimed["incremental_revenue"].abs() < 1e-6).all() or claimed.empty


def test_a_source_without_campaigns_has_empty_tables():
    found = evaluate(
        History(
            TABLES["orders"], TABLES["campaigns"].head(0), TABLES["contacts"].head(0), as_of=AS_OF
        )
    )
    assert found.effects.empty
    assert found.checks.empty
    assert found.practice.empty
    period = Period.parse("2017-06")
    kpis = headline(
        **_renamed(TABLES["campaigns"].head(0)), period=period, evaluation=found, margin=0.25
    )
    assert [kpi.value for kpi in kpis] == [0, None, None, None, None, None, None]
    assert kpis[1].note == "No campaign ran in the period."


def _renamed(campaigns: pd.DataFrame | None = None) -> dict[str, pd.DataFrame]:
    return {"orders": TABLES["orders"], "contacts": TABLES["contacts"],
            "campaigns": TABLES["campaigns"] if campaigns is None else campaigns}  # fmt: skip


def test_an_unknown_campaign_gets_a_hint(history):
    with pytest.raises(MetricError, match="did you mean `fair`"):
        history.around("fare")


def test_covariates_know_nothing_of_the_weeks_after(history):
    panel = history.around("fair")
    table = covariates(panel, pre_weeks=8, last_day=panel.start)
    assert len(table) == CUSTOMERS
    week = TABLES["orders"][TABLES["orders"]["ordered_at"].dt.date < START + timedelta(weeks=20)]
    last_eight = week[week["ordered_at"].dt.date >= START + timedelta(weeks=12)]
    mean = last_eight.groupby("customer_id")["revenue"].sum().reindex(panel.customers) / 8
    np.testing.assert_allclose(panel.baseline(pre_weeks=8), mean)
    blocks = table[[c for c in table if c.endswith("weeks ago")]]
    np.testing.assert_allclose(blocks.sum(axis=1), 8 * mean)


def test_the_cumulative_effect_ends_at_the_total(history, evaluation):
    panel = history.around("fair")
    weeks = effect_over_time(panel, errors=evaluation.errors)
    assert weeks["week"].tolist() == [*range(-8, 0), 0, 1, 2, 3]
    last, whole = weeks.iloc[-1], effect_of(evaluation, "fair")
    assert last["cumulative"] == pytest.approx(whole["incremental_revenue"], rel=1e-6)
    assert last["cumulative_low"] == pytest.approx(whole["incremental_low"], rel=0.02)
    before = weeks[weeks["week"] < 0]
    assert (before["contacted"] - before["comparison"]).abs().mean() < 3


def test_the_course_of_a_campaign_without_history_is_empty():
    late = TABLES["orders"][TABLES["orders"]["ordered_at"] >= "2017-05-01"]
    panel = History(late, TABLES["campaigns"], TABLES["contacts"], as_of=AS_OF).around("fair")
    assert effect_over_time(panel).empty
    assert np.isnan(sales_deviation(panel)[0])


def test_uplift_is_found_in_both_halves_of_an_experiment(history):
    ids = [f"c{number:03}" for number in range(CUSTOMERS)]
    segments = pd.DataFrame({"customer_id": ids, "segment": ["even", "odd"] * (CUSTOMERS // 2)})
    found = uplift_by_segment(history.around("trial"), segments).set_index("segment")
    assert found["contacted"].sum() + found["compared"].sum() == CUSTOMERS
    assert ((found["low"] < EFFECT) & (found["high"] > EFFECT)).all()
    assert (found["p_adjusted"] >= found["p_value"]).all()


def test_uplift_without_a_control_group_needs_enough_customers(history):
    ids = [f"c{number:03}" for number in range(CUSTOMERS)]
    segments = pd.DataFrame(
        {"customer_id": ids, "segment": ["few"] * 30 + ["many"] * (CUSTOMERS - 30)}
    )
    found = uplift_by_segment(history.around("fair"), segments).set_index("segment")
    assert np.isnan(found.loc["few", "effect"])
    assert found.loc["many", "low"] < EFFECT < found.loc["many", "high"]


def test_the_noise_a_test_must_see_through_is_smaller_than_the_spread_of_sales(history):
    panel = history.around("fair")
    deviation, mean, n = sales_deviation(panel)
    assert deviation < panel.window_revenue[panel.contacted].std() / 4
    assert n == panel.contacted.sum()
    assert mean == pytest.approx(panel.window_revenue[panel.contacted].mean() / 4)


def redeemed_by(customers: int) -> pd.DataFrame:
    who = TABLES["contacts"]["customer_id"].iloc[:customers]
    day = pd.Timestamp("2017-06-05")
    return pd.DataFrame({"campaign_id": "fair", "redeemed_at": day, "customer_id": who})


def test_the_headline_claims_what_ended_and_can_be_judged(evaluation):
    tables = {**_renamed(), "redemptions": redeemed_by(9)}
    period = Period.parse("2017-06")  # `fair` ran from 21 May to 17 June
    kpis = {
        k.contract.name: k
        for k in headline(**tables, period=period, evaluation=evaluation, margin=0.5)
    }
    whole = effect_of(evaluation, "fair")
    assert kpis["incremental_revenue"].value == pytest.approx(
        whole["incremental_revenue"], abs=0.01
    )
    assert kpis["contacted_customers"].value == whole["contacted"]
    assert kpis["campaign_response_rate"].value == pytest.approx(9 / whole["contacted"], abs=1e-4)
    assert kpis["campaign_response_rate"].previous == 0  # May: contacted, nothing redeemed
    assert kpis["campaign_response_rate"].year_before is None
    assert kpis["coupon_cost"].value is None
    assert kpis["campaign_roi"].value is None  # nothing was spent: no return on nothing
    paid = headline(**tables, period=period, evaluation=evaluation, margin=0.5, contact_cost=1.0)[
        -1
    ]
    gain = 0.5 * whole["incremental_revenue"] - whole["contacted"]
    assert paid.value == pytest.approx(gain / whole["contacted"], abs=1e-4)
    assert paid.assumed
    assert "assumed" in paid.note


def test_fewer_than_eight_answers_are_not_shown(evaluation):
    kpis = headline(
        **_renamed(),
        redemptions=redeemed_by(7),
        period=Period.parse("2017-06"),
        evaluation=evaluation,
        margin=0.5,
    )
    assert [kpi.value for kpi in kpis[1:5]] == [None] * 4
    assert kpis[2].note == "Fewer than 8 customers used a coupon."


def test_a_period_in_which_no_claim_is_possible_says_why(evaluation):
    kpis = headline(**_renamed(), period=Period.parse("2017-09"), evaluation=evaluation, margin=0.5)
    assert kpis[-2].value is None
    assert kpis[-2].note == "One campaign ended, and the evidence does not allow a claim."
    share, error = evidence_kpis(evaluation, period=Period.parse("2017-09"))
    assert share.value == 0
    assert error.low < error.value < error.high


def test_campaigns_run_in_and_end_in_their_periods(evaluation):
    june = Period.parse("2017-06")
    assert ran_in(evaluation.effects, june)["campaign_id"].tolist() == ["fair"]
    assert ended_in(evaluation.effects, june)["campaign_id"].tolist() == ["fair"]
    assert ended_in(evaluation.effects, Period.parse("2017-05")).empty


def checks(**verdicts: str) -> list[Check]:
    given = dict.fromkeys(
        ("history", "customers", "overlap", "balance", "practice", "finished"), "pass"
    )
    return [
        Check(name, verdict, name)
        for name, verdict in ({"control": "fail"} | given | verdicts).items()
    ]


@pytest.mark.parametrize(
    ("verdicts", "letter"),
    [
        ({}, "B"),
        ({"control": "pass"}, "A"),
        ({"control": "pass", "finished": "unknown"}, "C"),
        ({"overlap": "fail"}, "C"),
        ({"practice": "unknown"}, "C"),
        ({"practice": "fail"}, "D"),
        ({"history": "fail", "practice": "unknown"}, "D"),
        ({"customers": "fail"}, "D"),
        ({"balance": "fail", "practice": "fail"}, "D"),
    ],
)
def test_grades(verdicts, letter):
    assert grade(checks(**verdicts))[0] == letter


def test_the_reason_is_the_check_that_decided():
    assert grade(checks(overlap="fail", practice="fail"))[1] == "practice"
    assert grade(checks(overlap="fail", finished="unknown"))[1] == "overlap"


def test_contracts_are_complete_and_unique():
    names = [contract.name for contract in CONTRACTS]
    assert len(set(names)) == len(names)
    for contract in CONTRACTS:
        assert contract.definition.endswith(".")
        assert contract.formula
