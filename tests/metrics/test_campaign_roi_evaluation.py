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
    experiment_segments,
    experiment_sentences,
    grade,
    headline,
    later_sentences,
    ran_in,
    sales_deviation,
)
from helpers.metrics.writing import plain
from helpers.periods import Period

START, DAYS, CUSTOMERS = date(2017, 1, 1), 40 * 7, 600
AS_OF = START + timedelta(days=DAYS - 1)  # 2017-10-07
EFFECT = 12.0


def source(seed: int = 0) -> dict[str, pd.DataFrame]:
    """A year of weekly shopping with six campaigns whose effects are known.

    `fair` contacts heavy buyers more often and adds 12 a week; `trial` holds out a third at random
    and adds 12; `drift` contacts mostly people whose sales rise by 2 a week anyway, and adds
    nothing; `tiny` has 20 contacts; `calm` and `quiet` contact a random half and add nothing.
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
    half, other = (rng.random(CUSTOMERS) < 0.5 for _ in range(2))
    spans = {"fair": (20, 4), "calm": (26, 2), "trial": (28, 4), "quiet": (31, 2),
             "drift": (33, 4), "tiny": (36, 8)}  # fmt: skip
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
    lists = {"fair": ids[fair], "calm": ids[half], "quiet": ids[other], "drift": ids[picked],
             "tiny": ids[:20], "trial": ids}  # fmt: skip
    contacts = [
        pd.DataFrame({"campaign_id": name, "customer_id": who, "arm": "mail"})
        for name, who in lists.items()
    ]
    contacts[-1]["arm"] = np.where(held, "control", "mail")
    contacts = pd.concat(contacts, ignore_index=True)
    return {"orders": orders, "campaigns": campaigns, "contacts": contacts}


TABLES = source()
NAMES = ["fair", "calm", "trial", "quiet", "drift", "tiny"]
PAYS = pd.Series(4.0, index=NAMES)  # from 4 a week on, a third of the effect, a campaign pays


@pytest.fixture(scope="module")
def history() -> History:
    return History(**TABLES, as_of=AS_OF)


@pytest.fixture(scope="module")
def evaluation(history):
    return evaluate(history, planned_control_share=1 / 3, break_even=PAYS)


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
    assert set(checks["campaign_id"]) == set(NAMES)
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
    over = found.checks.set_index("check").loc["Campaign over"]
    assert over["verdict"] == "unknown"
    assert "still running" in over["detail"]
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
    other = evaluate(
        History(**mixed, as_of=AS_OF), planned_control_share=1 / 3, break_even=PAYS
    ).effects
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
    other = evaluate(
        History(**moved, as_of=AS_OF + timedelta(days=364)),
        planned_control_share=1 / 3,
        break_even=PAYS * 100,
    ).effects
    trial = other.set_index("campaign_id").loc["trial"]
    assert trial["effect"] == pytest.approx(100 * effect_of(evaluation, "trial")["effect"])
    assert other["grade"].tolist() == evaluation.effects["grade"].tolist()


def test_a_planned_split_that_was_missed_is_noticed(history):
    found = effect_of(evaluate(history, planned_control_share=0.5), "trial")
    assert found["grade"] == "C"
    assert "50.0% were planned: chance does not do that, the draw went wrong" in found["reason"]
    assert effect_of(evaluate(history, planned_control_share=1 / 3), "trial")["grade"] == "A"


@pytest.mark.parametrize("unknown", [None, 0.0])
def test_an_experiment_whose_planned_split_is_not_known_is_no_better_than_a_comparison(
    history, unknown
):
    found = evaluate(history, planned_control_share=unknown)
    row = effect_of(found, "trial")
    assert (row["grade"], row["claimable"]) == ("B", True)
    assert "planned size is not known" in row["reason"]
    split = found.checks.set_index(["campaign_id", "check"]).loc[("trial", "Split as planned")]
    assert split["verdict"] == "unknown"


def test_without_a_planned_split_and_a_pre_period_an_experiment_is_an_indication_only():
    late = {**TABLES, "orders": TABLES["orders"][TABLES["orders"]["ordered_at"] >= "2017-06-11"]}
    blind, told = (
        effect_of(evaluate(History(**late, as_of=AS_OF), planned_control_share=share), "trial")
        for share in (None, 1 / 3)
    )
    assert (blind["grade"], blind["claimable"]) == ("C", False)
    assert "planned is not known" in blind["reason"]
    assert told["grade"] == "A"  # the draw is what makes it an experiment, not its history


def test_a_campaigns_own_planned_split_goes_before_the_parameter():
    shares = TABLES["campaigns"]["campaign_id"].map({"trial": 1 / 3})
    own = {**TABLES, "campaigns": TABLES["campaigns"].assign(control_share=shares)}
    history = History(**own, as_of=AS_OF)
    assert effect_of(evaluate(history, planned_control_share=0.5), "trial")["grade"] == "A"
    wrong = {**TABLES, "campaigns": TABLES["campaigns"].assign(control_share=1.5)}
    with pytest.raises(MetricError, match=r"planned share of the control group is 1\.5"):
        evaluate(History(**wrong, as_of=AS_OF))


def test_what_a_campaign_costs_decides_how_small_an_error_must_be(history, evaluation):
    assert effect_of(evaluation, "fair")["equivalence_p"] < 0.05
    strict = effect_of(evaluate(history, break_even=PAYS / 20), "fair")
    assert (strict["grade"], strict["claimable"]) == ("C", False)
    assert "as much as the effect from which the campaign pays" in strict["reason"]
    unknown = effect_of(evaluate(history), "fair")
    assert unknown["grade"] == "C"
    assert "Its cost is not known" in unknown["reason"]


def test_with_few_practice_runs_nothing_is_claimed(history):
    kept = TABLES["campaigns"]["campaign_id"].isin(["fair", "trial", "drift"])
    few = History(**{**TABLES, "campaigns": TABLES["campaigns"][kept]}, as_of=AS_OF)
    found = evaluate(few, break_even=PAYS, planned_control_share=1 / 3)
    assert found.errors.count == 4
    row = effect_of(found, "fair")
    assert (row["grade"], row["claimable"]) == ("C", False)
    assert "only 4 comparable practice runs" in row["reason"]
    kpis = headline(**_renamed(), redemptions=redeemed_by(9), period=Period.parse("2017-06"),
                    evaluation=found, margin=0.5, contact_cost=1.0)  # fmt: skip
    assert [kpi.value for kpi in kpis[-2:]] == [None, None]
    assert effect_of(found, "trial")["claimable"]  # an experiment needs none


def test_each_arm_of_an_experiment_has_its_own_row():
    contacts = TABLES["contacts"].copy()
    mailed = contacts.index[(contacts["campaign_id"] == "trial") & (contacts["arm"] == "mail")]
    contacts.loc[mailed[::2], "arm"] = "letter"
    late = (TABLES["orders"]["ordered_at"] >= "2017-07-16") & (
        TABLES["orders"]["ordered_at"] < "2017-08-13"
    )
    letters = TABLES["orders"]["customer_id"].isin(contacts.loc[mailed[::2], "customer_id"])
    orders = TABLES["orders"].assign(
        revenue=TABLES["orders"]["revenue"] + np.where(late & letters, 8.0, 0.0)
    )
    found = evaluate(History(orders, TABLES["campaigns"], contacts, as_of=AS_OF)).arms
    rows = found.set_index("arm")
    assert found["arm"].tolist() == ["control", "letter", "mail"]
    assert rows["n"].sum() == CUSTOMERS
    assert rows.loc["letter", "lift_low"] < EFFECT + 8 < rows.loc["letter", "lift_high"]
    assert rows.loc["mail", "lift_low"] < EFFECT < rows.loc["mail", "lift_high"]
    tested = rows.loc[["letter", "mail"]]
    worse = tested["p_value"].astype(float).max()
    assert tested["p_adjusted"].astype(float).min() <= 2 * worse
    for _, row in tested.iterrows():
        assert row["relative_low"] < row["relative_lift"] < row["relative_high"]
    assert rows.loc["control", ["lift", "p_adjusted", "relative_lift"]].isna().all()


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


def test_a_campaign_that_began_later_is_no_covariate_and_is_told_as_a_caveat(evaluation):
    cut = TABLES["campaigns"].assign(
        ends_on=lambda t: t["ends_on"].where(t["campaign_id"] != "calm", AS_OF)
    )  # `calm` runs on from 2 July; `quiet` and `drift` begin while `trial` and `quiet` run
    panel = History(TABLES["orders"], cut, TABLES["contacts"], as_of=AS_OF).around("quiet")
    alone = cut[cut["campaign_id"].isin(["fair", "calm", "trial", "quiet"])]
    only = History(TABLES["orders"], alone, TABLES["contacts"], as_of=AS_OF).around("quiet")
    known, less = covariates(panel, pre_weeks=8), covariates(only, pre_weeks=8)
    pd.testing.assert_frame_equal(known, less)  # what begins on 20 August changes nothing
    listed = TABLES["contacts"].groupby("campaign_id")["customer_id"].agg(set)
    mailed = TABLES["contacts"].query("campaign_id == 'trial' and arm == 'mail'")["customer_id"]
    running = pd.Series(panel.customers).map(
        lambda who: (who in listed["calm"]) + (who in set(mailed))
    )  # `trial` ends on 12 August, `quiet` begins on 6 August
    assert known["Campaigns still running"].tolist() == running.tolist()
    assert panel.joined_later().sum() == 0
    trial = History(TABLES["orders"], cut, TABLES["contacts"], as_of=AS_OF).around("trial")
    assert set(trial.customers[trial.joined_later()]) == listed["quiet"]
    row = effect_of(evaluation, "trial")
    assert row["later_contacted"] == pytest.approx(
        np.mean([who in listed["quiet"] for who in mailed])
    )
    said = later_sentences(evaluation, period=Period.parse("2017-07"), write=plain)
    assert len(said) == 1
    assert said[0].endswith("those they are compared with: trial 49.6% and 50.8%.")
    assert later_sentences(evaluation, period=Period.parse("2017-06"), write=plain) == []


def test_covariates_know_nothing_of_the_weeks_after(history):
    panel = history.around("fair")
    table = covariates(panel, pre_weeks=8)
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


def halves(day: date) -> pd.DataFrame:
    ids = [f"c{number:03}" for number in range(CUSTOMERS)]
    names = ["even", "odd"] * (CUSTOMERS // 2 - 10) + ["few"] * 20
    return pd.DataFrame({"customer_id": ids, "segment": names})


def test_uplift_is_found_in_both_halves_of_an_experiment(history, evaluation):
    table = experiment_segments(history, evaluation, halves, period=Period.parse("2017-07"))
    found = table.set_index("segment")
    assert found.index.tolist() == ["even", "odd"]  # 20 customers are no segment
    assert set(found["arm"]) == {"mail"}
    assert found["n"].sum() + found["n_control"].sum() == CUSTOMERS - 20
    assert ((found["lift_low"] < EFFECT) & (found["lift_high"] > EFFECT)).all()
    assert (found["p_adjusted"] >= found["p_value"]).all()
    assert (found["difference_p"] > 0.05).all()  # both halves gain 12
    assert "may be chance" in experiment_sentences(table)[0]


def test_segments_that_are_moved_differently_are_told_apart(evaluation):
    odd = halves(START).query("segment == 'odd'")["customer_id"]
    gained = TABLES["orders"]["customer_id"].isin(odd) & TABLES["orders"]["ordered_at"].between(
        "2017-07-16", "2017-08-13", inclusive="left"
    )
    mailed = TABLES["contacts"].query("campaign_id == 'trial' and arm == 'mail'")["customer_id"]
    gained &= TABLES["orders"]["customer_id"].isin(mailed)
    orders = TABLES["orders"].assign(
        revenue=TABLES["orders"]["revenue"] + np.where(gained, 10.0, 0.0)
    )
    history = History(**{**TABLES, "orders": orders}, as_of=AS_OF)
    table = experiment_segments(history, evaluation, halves, period=Period.parse("2017-07"))
    assert (table["difference_p"] < 0.001).all()
    assert "differ from each other by more than chance" in experiment_sentences(table)[0]


def test_a_period_without_an_experiment_has_no_segments_of_one(history, evaluation):
    table = experiment_segments(history, evaluation, halves, period=Period.parse("2017-06"))
    assert table.empty
    assert experiment_sentences(table) == []


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
    assert kpis["campaign_roi"].value is None
    assert kpis["campaign_roi"].note == "Nothing was spent, so there is no return on it."
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
        ("split", "history", "customers", "overlap", "balance", "practice", "finished"), "pass"
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
        ({"control": "pass", "split": "unknown"}, "B"),
        ({"control": "pass", "split": "unknown", "balance": "fail"}, "C"),
        ({"control": "pass", "split": "unknown", "finished": "unknown"}, "C"),
        ({"control": "pass", "split": "fail"}, "C"),
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
