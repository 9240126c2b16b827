"""What the page shows of campaigns: tables, charts' frames and sentences, from a known source."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from helpers.errors import MetricError
from helpers.metrics.campaign_roi import (
    CHECKS,
    Evaluation,
    History,
    NextTest,
    Pooled,
    arms_chart,
    arms_sentences,
    arms_table,
    attributed_tables,
    balance_chart,
    balance_dots,
    balance_sentence,
    break_even_chart,
    break_even_effects,
    break_even_sentence,
    budget_options,
    budget_tables,
    budget_total,
    campaign_cube,
    change_sentences,
    changes_sentence,
    changes_table,
    contact_outcomes,
    counts_sentence,
    course_chart,
    course_charts,
    courses,
    cumulative_chart,
    cumulative_sentence,
    effect_chart,
    effects_sentence,
    evaluate,
    evidence_counts,
    evidence_table,
    evidence_tables,
    experiment_segments,
    experiment_table,
    headline,
    headline_changes,
    headline_effects,
    holdout_plan,
    holdout_sentence,
    incremental_effects,
    incremental_kpis,
    incremental_sentences,
    kinds_tables,
    largest_campaign,
    next_budget,
    next_sentence,
    next_test,
    overlap_bars,
    overlap_chart,
    period_results,
    pooled_effect,
    pooled_sentence,
    pooled_uplift,
    practice_chart,
    precision_sentence,
    quality_sentences,
    response_by_month,
    response_by_segment,
    response_interval,
    results_by,
    returns_tables,
    sales_kpis,
    segment_table,
    trust_sentence,
    uplift_sentence,
    uplift_table,
    verdict_sentence,
    with_payback,
)
from helpers.metrics.campaign_roi.spans import ran_in
from helpers.periods import Period

START, WEEKS, CUSTOMERS, EFFECT = date(2016, 8, 15), 56, 400, 10.0
AS_OF = START + timedelta(weeks=WEEKS, days=-1)  # 2017-09-10
JUNE, MAY = Period.parse("2017-06"), Period.parse("2017-05")


def write(value: float, unit: str) -> str:
    return {"currency": f"${value:.2f}", "share": f"{value:.0%}"}.get(unit, f"{value:.2f}")


def source() -> list[pd.DataFrame]:
    """`m1` from May Day, `m2` from 5 June add 10 a week; `t1` from 17 July holds out a half.

    `e1` and `e2`, of January and February, contact a random half and add nothing.
    """
    rng = np.random.default_rng(5)  # with one seed in ten a practice run fails, as designed
    ids = np.array([f"c{number:03}" for number in range(CUSTOMERS)])
    habit = rng.gamma(9, 9, CUSTOMERS)
    chance = 1 / (1 + np.exp(-(habit - 85) / 60))
    lists = {name: rng.random(CUSTOMERS) < chance for name in ("m1", "m2")}
    lists |= {name: rng.random(CUSTOMERS) < 0.5 for name in ("e1", "e2")}
    held = rng.random(CUSTOMERS) < 0.5
    spans = {"e1": (20, 3), "e2": (27, 3), "m1": (37, 4), "m2": (42, 4), "t1": (48, 4)}
    reached = {"m1": lists["m1"], "m2": lists["m2"], "t1": ~held}
    rows = []
    for week in range(WEEKS):
        gained = sum(
            EFFECT * reached[name] * (first <= week < first + length)
            for name, (first, length) in spans.items()
            if name in reached
        )
        day = pd.Timestamp(START) + pd.Timedelta(weeks=week)
        when = day + pd.to_timedelta(rng.integers(0, 7, CUSTOMERS), "D")
        sales = habit + rng.normal(0, 6, CUSTOMERS) + gained
        rows.append(pd.DataFrame({"customer_id": ids, "ordered_at": when, "revenue": sales}))
    orders = pd.concat(rows, ignore_index=True).assign(coupon_discount=0.0)
    used = orders[(orders["ordered_at"] >= "2017-06-05") & (orders["ordered_at"] < "2017-06-12")]
    used = used[used["customer_id"].isin(ids[lists["m2"]])].head(30)
    orders.loc[used.index, "coupon_discount"] = 2.0
    redemptions = pd.DataFrame(
        {"campaign_id": "m2", "customer_id": used["customer_id"], "redeemed_at": used["ordered_at"]}
    )
    campaigns = pd.DataFrame(
        {
            "campaign_id": list(spans),
            "campaign_type": ["Early", "Early", "Mail", "Mail", "Test"],
            "starts_on": [pd.Timestamp(START) + pd.Timedelta(weeks=a) for a, _ in spans.values()],
            "ends_on": [
                pd.Timestamp(START) + pd.Timedelta(weeks=a + n, days=-1) for a, n in spans.values()
            ],
        }
    )
    contacts = [
        pd.DataFrame({"campaign_id": name, "customer_id": ids[who], "arm": "mail"})
        for name, who in lists.items()
    ]
    arm = np.where(held, "control", "mail")
    contacts.append(pd.DataFrame({"campaign_id": "t1", "customer_id": ids, "arm": arm}))
    return [orders, campaigns, pd.concat(contacts, ignore_index=True), redemptions]


TABLES = source()
PAYS = pd.Series(3.0, index=["e1", "e2", "m1", "m2", "t1"])  # a campaign pays from 3 a week on
CUSTOMER_IDS = [f"c{number:03}" for number in range(CUSTOMERS)]


@pytest.fixture(scope="module")
def history() -> History:
    return History(*TABLES, as_of=AS_OF)


@pytest.fixture(scope="module")
def found(history) -> Evaluation:
    return evaluate(history, planned_control_share=0.5, break_even=PAYS)


@pytest.fixture(scope="module")
def nothing() -> Evaluation:
    orders, campaigns, contacts, _ = TABLES
    return evaluate(History(orders, campaigns.head(0), contacts.head(0), as_of=AS_OF))


@pytest.fixture(scope="module")
def outcomes() -> pd.DataFrame:
    return contact_outcomes(*TABLES, as_of=AS_OF, contact_cost=0.5)


def halves(day: date) -> pd.DataFrame:
    assert day < date(2017, 8, 1)  # asked for the day before a campaign, never later
    names = ["first"] * (CUSTOMERS // 2) + ["second"] * (CUSTOMERS // 2 - 3) + ["tiny"] * 3
    return pd.DataFrame({"customer_id": CUSTOMER_IDS, "segment": names})


def test_the_evidence_table_has_a_mark_for_every_check(found):
    table = evidence_table(found, period=Period.parse("2017-08"))
    assert table["campaign"].tolist() == ["t1, Test"]
    assert table.loc[0, CHECKS["control"]] == "✓"
    assert table.loc[0, CHECKS["practice"]] == "–"  # an experiment needs none
    june = evidence_table(found, period=JUNE).set_index("campaign")
    assert june.loc["m2, Mail", [CHECKS["control"], CHECKS["practice"]]].tolist() == ["✗", "✓"]


def test_grades_are_counted_over_the_periods_campaigns(found):
    counts = evidence_counts(found, period=Period.parse("2017"))
    assert counts["campaigns"].tolist() == [1, 3, 0, 1]  # a practice run of `e2` fails, by chance
    assert counts_sentence(counts).startswith("Of 5 campaigns, 4 can be judged")
    assert counts_sentence(counts.assign(campaigns=0)) == "No campaign ran in the period."
    alone = counts.assign(campaigns=[0, 0, 1, 0])
    assert counts_sentence(alone) == "The one campaign cannot be judged."


def test_effects_come_best_evidence_first_with_the_truth_inside(found):
    chart = effect_chart(found, period=Period.parse("2017"))
    assert chart["campaign"].iloc[0] == "t1, experiment"
    added = chart[~chart["campaign"].str.startswith("e")]
    assert added["corrected"].between(EFFECT - 3, EFFECT + 3).all()
    said = effects_sentence(chart, found, period=Period.parse("2017"))
    assert said == (
        "More than chance: t1, experiment; m1, fair comparison; m2, fair comparison. 1 of 5 "
        "campaigns cannot be compared and are left out."
    )
    chart = added
    weak = chart.assign(corrected=[1.0, 4.0, 0.0], corrected_low=[-1.0, 0.1, -1.0])
    weak = weak.assign(corrected_high=[3.0, 7.9, 1.0])  # z = 2.01: p = .044, times three tests
    assert "among 3 campaigns it is not" in effects_sentence(weak, found, period=JUNE)
    none = weak.assign(corrected_low=-1.0, corrected_high=9.0)
    assert "Every line crosses zero" in effects_sentence(none, found, period=JUNE)


def test_practice_runs_are_named_by_their_verdict(found):
    chart = practice_chart(found)
    assert chart["campaign"].tolist() == ["e1, passed", "e2, failed", "m1, passed", "m2, passed"]
    passed = chart[chart["campaign"].str.endswith("passed")]
    assert ((passed["low"] < 0) & (passed["high"] > 0)).all()


def test_courses_show_two_groups_that_part_at_the_start(history, found):
    course = courses(history, found, period=JUNE, pre_weeks=8)
    chart = course_chart(course[course["campaign"] == "m2, fair comparison"])
    assert chart["day"].min() == -56
    gap = chart.pivot(index="day", columns="group", values="sales")
    gap = gap["Contacted"] - gap["Customers like them"]
    assert gap[gap.index < 0].abs().mean() < 2
    assert gap[gap.index >= 0].mean() == pytest.approx(EFFECT, abs=2)
    total = cumulative_chart(course).groupby("campaign").tail(1).set_index("campaign")
    assert total.loc["m2, fair comparison", "day"] == 28
    row = found.effects.set_index("campaign_id").loc["m2"]
    last = total.loc["m2, fair comparison", "cumulative"]
    assert last == pytest.approx(row["incremental_revenue"], rel=1e-6)


def test_balance_and_overlap_of_the_largest_campaign(history, found):
    campaign = largest_campaign(found, period=JUNE)
    ran = ran_in(found.effects, JUNE).set_index("campaign_id")
    assert ran.loc[campaign, "claimable"]
    assert ran.loc[campaign, "contacted"] == ran["contacted"].max()
    chart = balance_chart(found, campaign=campaign, most=3)
    assert chart["trait"].nunique() == 3
    said = balance_sentence(chart, campaign=campaign, write=write)
    assert said.startswith(f"Largest campaign, {campaign}:")
    assert said.endswith("they are alike.")
    overlap = overlap_chart(history, campaign=campaign, pre_weeks=8)
    assert overlap["customers"].sum() == CUSTOMERS
    assert overlap["chance"].iloc[0] == "0–10%"


def test_the_cube_adds_up_to_the_months(found):
    cube = campaign_cube(*TABLES, as_of=AS_OF)
    ran = list(zip(cube["month"], cube["campaign_id"], strict=True))
    assert ran == [
        ("2017-01", "e1"),
        ("2017-02", "e2"),
        ("2017-03", "e2"),
        ("2017-05", "m1"),
        ("2017-06", "m2"),
        ("2017-07", "m2"),
        ("2017-07", "t1"),
        ("2017-08", "t1"),
    ]
    june = response_by_month(cube).set_index("month").loc["2017-06"]
    assert june["redeemed"] == 30
    assert june["contacted"] == TABLES[2]["campaign_id"].eq("m2").sum()
    assert june["response_rate"] == pytest.approx(30 / june["contacted"])


def test_results_of_the_period_carry_cost_and_chance(found, outcomes):
    results = period_results(outcomes, found, period=JUNE, margin=0.5)
    row = results.set_index("campaign_id").loc["m2"]
    assert row["coupon_discount"] == 60
    assert row["cost"] == 60 + 0.5 * row["contacted"]
    assert row["profit_probability"] > 0.99
    assert row["roi"] == pytest.approx(
        (0.5 * row["incremental_revenue"] - row["cost"]) / row["cost"]
    )


def test_tables_name_every_column_and_hide_nothing_by_accident(found, outcomes):
    results = period_results(outcomes, found, period=JUNE, margin=0.5)
    options = budget_options(found, results_by(outcomes, "campaign_id"))
    plan = next_budget(options, budget=100, margin=0.5)
    segments = response_by_segment(outcomes, halves(START))
    uplift = pooled_uplift(History(*TABLES, as_of=AS_OF), found, halves)
    changes = headline_changes(*TABLES, period=JUNE)
    tables = [
        *attributed_tables(results),
        *returns_tables(results),
        *budget_tables(plan),
        *kinds_tables(results_by(outcomes, "campaign_id"), found, TABLES[1], margin=0.5),
        segment_table(segments),
        uplift_table(uplift),
        changes_table(changes),
        *evidence_tables(found, period=JUNE),
        *arms_table(found, period=Period.parse("2017-08")),
        *experiment_table(
            experiment_segments(
                History(*TABLES, as_of=AS_OF), found, halves, period=Period.parse("2017-08")
            ),
            found,
        ),
    ]
    assert len({table["title"] for table in tables}) == len(tables) == 15
    for table in tables:
        assert set(table["units"]) | set(table["labels"]) <= set(table["frame"].columns)
        assert "customer_id" not in table["frame"].columns
        widest = 10 if table["title"] == "What the evidence rests on" else 8  # marks are narrow
        assert len(table["frame"].columns) <= widest
        assert table["grain"] in {"campaign", "category", "segment"}
        if table["grain"] != "category":
            counts = table["customers"]
            counts = {counts} if isinstance(counts, str) else set(counts)
            assert counts <= set(table["frame"].columns)
    assert "tiny" not in segments["segment"].tolist()


def test_empty_tables_say_why(nothing, outcomes):
    results = period_results(outcomes.head(0), nothing, period=JUNE, margin=0.5)
    (table,) = returns_tables(results)
    assert table["note"] == "No campaign of the period can be judged."
    empty = pooled_uplift(History(*TABLES, as_of=AS_OF), nothing, halves)
    assert uplift_table(empty)["note"] == "No campaign so far can be judged."
    segments = response_by_segment(outcomes.head(0), halves(START))
    assert "had bought before" in segment_table(segments)["note"]
    no_changes = headline_changes(*TABLES, period=Period.parse("2016-08"))
    assert "do not reach back" in changes_table(no_changes)["note"]
    assert "do not reach back" in changes_sentence(no_changes)


def test_uplift_over_campaigns_finds_the_effect_in_each_segment(history, found):
    uplift = pooled_uplift(history, found, halves).set_index("segment")
    assert uplift.index.tolist() == ["first", "second"]  # three customers are no segment
    assert uplift["campaigns"].tolist() == [4, 4]
    assert (uplift["high"] > EFFECT).all()  # three campaigns add 10, one adds nothing
    assert (uplift["low"] > 0).all()
    assert (uplift["p_adjusted"] < 0.05).all()
    said = uplift_sentence(uplift.reset_index())
    assert "first bought more" in said
    assert said.endswith("may be chance: no ground to contact only some of them.")
    apart = uplift.reset_index().assign(effect=[1.0, 9.0], standard_error=1.0)  # Q = 32 on 1 df
    assert uplift_sentence(apart).endswith("differ from each other by more than chance explains.")
    assert "none of" in uplift_sentence(uplift.reset_index().assign(p_adjusted=0.3))


def test_the_change_of_the_response_adds_up(found):
    changes = headline_changes(*TABLES, period=JUNE)
    assert changes["against"].unique().tolist() == ["Period before"]
    june = results_by(contact_outcomes(*TABLES, since=JUNE.start, as_of=JUNE.end), [])
    may = results_by(contact_outcomes(*TABLES, since=MAY.start, as_of=MAY.end), [])
    change = june["response_rate"].iloc[0] - may["response_rate"].iloc[0]
    assert changes["response"].sum() == pytest.approx(change)
    assert changes["attributed_revenue"].sum() == pytest.approx(june["attributed_revenue"].iloc[0])
    assert changes_sentence(changes).startswith("The response rate rose by")


def test_every_headline_figure_is_split_by_kind_of_campaign(found):
    changes = headline_changes(*TABLES, period=JUNE)
    sums = headline_effects(changes).groupby("kpi")["effect"].sum()
    kpis = headline(*TABLES, period=JUNE, evaluation=found, margin=0.5)
    compared = [kpi for kpi in kpis if kpi.previous is not None]
    assert {kpi.contract.name for kpi in compared} >= {
        "contacted_customers", "campaign_response_rate", "attributed_revenue",
    }  # fmt: skip
    for kpi in compared:
        if kpi.contract.label in sums:
            tolerance = 1.01 * 10.0**-kpi.contract.precision
            change = kpi.value - kpi.previous
            assert sums[kpi.contract.label] == pytest.approx(change, abs=tolerance)
    said = change_sentences(changes, period=JUNE, write=write)
    assert said[0].startswith("The response rate rose by")
    assert all("2017-05" in line for line in said)


def test_kinds_with_few_answers_are_summed_until_nobody_can_be_told():
    rows = pd.DataFrame(
        {
            "against": "Period before", "campaign_type": ["Mail", "Test", "Leaflet"],
            "contacted": [5.0, 2.0, 1.0], "response": [0.1, 0.0, 0.0], "mix": 0.0, "rate": 0.0,
            "attributed_revenue": [100.0, 20.0, 3.0], "coupon_discount": [10.0, 2.0, 1.0],
            "roas": [1.0, 0.0, 0.0], "redeemers": [30.0, 9.0, 3.0], "reached": 7.0,
        }
    )  # fmt: skip
    moved = headline_effects(rows).set_index(["kpi", "driver"])
    assert moved.loc["Attributed revenue", "effect"].to_dict() == {
        "Mail": 100.0, "Kinds with few answers": 23.0,  # Test and Leaflet: 12 customers
    }  # fmt: skip
    assert moved.loc[("Customers contacted", "In several campaigns at once"), "effect"] == -1.0
    assert moved.loc["Attributed revenue", "customers"].tolist() == [30.0, 12.0]
    assert headline_effects(rows.iloc[:0]).empty


def test_the_verdict_names_effects_and_doubts(found, nothing):
    said = verdict_sentence(found, period=JUNE, write=write)
    assert "m2 changed sales by $" in said
    assert "nothing" not in said
    assert verdict_sentence(nothing, period=JUNE, write=write) == "No campaign ran in the period."
    early = evaluate(History(*TABLES, as_of=START + timedelta(weeks=39)))
    told = verdict_sentence(early, period=MAY, write=write)
    assert told == (
        "One campaign ran in the period. What it caused cannot be said. The largest, m1: "
        "Its cost is not known, so nobody can say how small an error must be."
    )


def test_trust_is_told_from_practice_runs(found, nothing):
    said = trust_sentence(found, write=write)
    assert "practice runs on weeks before a campaign began" in said
    assert said.startswith("In 12 practice runs")
    assert said.endswith("Effects found by such a comparison are corrected for that.")
    few = replace(found, practice=found.practice.head(6))
    assert "too few to correct" in trust_sentence(few, write=write)
    assert "do not reach back" in trust_sentence(nothing, write=write)


def test_all_campaigns_together(found, nothing):
    pooled = pooled_effect(found)
    assert pooled.campaigns == 4
    assert pooled.low < EFFECT < pooled.high
    sure = pooled_sentence(Pooled(2, 3.0, 1.0, 5.0), write=write)
    assert sure == (
        "The 2 campaigns that can be judged so far changed a contacted customer's sales by $3.00 a "
        "week on average (95% sure: $1.00 to $5.00)."
    )
    assert "no proof" in pooled_sentence(Pooled(1, 3.0, -1.0, 5.0), write=write)
    assert "no average effect" in pooled_sentence(pooled_effect(nothing), write=write)


def test_money_needs_an_experiment_or_a_comparison_that_was_tried(history, found, outcomes):
    whole = results_by(outcomes, "campaign_id")
    options = budget_options(found, whole).set_index("option")
    assert options["claimed"].to_dict() == {"Early": 1, "Mail": 2, "Test": 1}
    dear = evaluate(history, planned_control_share=0.5, break_even=PAYS / 30)
    unsure = budget_options(dear, whole).set_index("option")
    assert unsure["claimed"].to_dict() == {"Early": 0, "Mail": 0, "Test": 1}
    assert np.isnan(unsure.loc["Mail", "effect"])
    test = unsure.loc["Test"]
    assert test["effect"] == pytest.approx(EFFECT * 4, abs=8)
    assert test["cost"] == 0.5
    plan = next_budget(unsure.reset_index(), budget=1000, margin=0.5)
    said = next_sentence(plan, confidence=0.8, write=write)
    assert said.startswith(f"Spend ${0.5 * test['customers']:.2f} on Test (100% likely to pay).")
    assert "Run Early and Mail only with a random hold-out, to learn whether they pay." in said
    assert "run the first one as a test" in next_sentence(plan.head(0), confidence=0.8, write=write)
    stopped = plan.assign(advice="stop", spend=0.0)
    assert "they most probably lose money" in next_sentence(stopped, confidence=0.8, write=write)


def test_the_whole_budget_has_an_expected_profit_with_its_interval():
    # two options without a spread between them: effect 10 ± 1 a contact, cost 1 and 2, margin one
    # half: profit 4 and 3 a contact with an error of .5; 10 contacts at 1 and 20 of 50 at 2
    options = pd.DataFrame({"option": ["a", "b"], "customers": [10, 50], "effect": 10.0,
                            "standard_error": 1.0, "cost": [1.0, 2.0]})  # fmt: skip
    plan = next_budget(options, budget=50, margin=0.5)
    total = budget_total(plan)
    assert (total.spend, total.profit) == (50, 100)
    reach = 1.959964 * 0.5 * (10 + 20)  # errors are added: one mistake moves both
    assert (total.low, total.high) == (pytest.approx(100 - reach), pytest.approx(100 + reach))
    assert total.probability == pytest.approx(1)
    said = next_sentence(plan, confidence=0.8, write=write)
    assert "In all, $50.00 should bring a profit of $100.00 after its cost" in said
    assert f"(95% sure: ${100 - reach:.2f} to ${100 + reach:.2f})" in said
    nothing = budget_total(next_budget(options, budget=0, margin=0.5))
    assert (nothing.spend, nothing.profit, nothing.low) == (0, 0, 0)
    assert np.isnan(nothing.probability)


def test_the_next_test_compares_what_it_sees_with_what_would_pay(history, found, outcomes, nothing):
    results = period_results(outcomes, found, period=JUNE, margin=0.5)
    test = next_test(history, found, results, period=JUNE, margin=0.5)
    row = results.set_index("campaign_id").loc[test.campaign]
    assert test.break_even == pytest.approx(row["cost"] / row["contacted"] / (0.5 * 4))
    fifth = test.plan.loc[test.plan["holdout_share"] == 0.2, "detectable_effect"].iloc[0]
    assert test.repeats == np.ceil((fifth / test.break_even) ** 2)
    said = holdout_sentence(test, write=write)
    assert f"read together, or one with a list of {test.needed:,} customers, half of" in said
    half = holdout_plan(customers=test.needed, standard_deviation=1.0, mean=1.0, shares=[0.5])
    whole = holdout_plan(customers=test.customers, standard_deviation=1.0, mean=1.0, shares=[0.2])
    seen = half["detectable_effect"].iloc[0] / whole["detectable_effect"].iloc[0] * fifth
    assert seen == pytest.approx(test.break_even, rel=0.01)  # exactly what it must show
    plan = holdout_plan(customers=1000, standard_deviation=1.0, mean=10.0)
    easy = NextTest("x", 1000, plan, 5.0, 1.0)
    assert holdout_sentence(easy, write=write).endswith("So one campaign is enough to tell.")
    none = next_test(history, nothing, results, period=JUNE, margin=0.5)
    assert "too little history" in holdout_sentence(none, write=write)


def test_break_even_in_words(outcomes):
    chart = break_even_chart(outcomes, contact_cost=0.5, write=write)
    coupon = outcomes["coupon_discount"].sum() / outcomes["contacted"].sum()
    said = break_even_sentence(chart, margin=0.25, mailing="$0.50", write=write)
    assert f"${(coupon + 0.5) / 0.25:.2f} of sales" in said
    assert chart["mailing"].unique().tolist() == ["$0.25", "$0.50", "$1.00"]
    assert break_even_chart(outcomes.head(0), contact_cost=0.5, write=write).empty
    assert break_even_sentence(chart.head(0), margin=0.2, mailing="$0.50", write=write) == (
        "Nobody was contacted."
    )


def test_the_sources_limits_are_told():
    said = " ".join(quality_sentences(*TABLES, period=JUNE, write=write))
    assert "0 of 30 coupon uses have no basket" in said
    assert "no random control group" not in said
    orders, campaigns, contacts, _ = TABLES
    plain = contacts.drop(columns="arm")
    told = quality_sentences(orders, campaigns, plain, None, period=JUNE, write=write)
    assert told[0].startswith("1 of 1 campaigns run past")  # m2 ends on 2 July
    assert told[-1].startswith("The source holds no random control group")


def test_figures_of_fewer_than_eight_customers_are_blank(history, found):
    orders, campaigns, contacts, redemptions = TABLES
    few = redemptions.drop_duplicates("customer_id").head(5)
    outcomes = contact_outcomes(orders, campaigns, contacts, few, as_of=AS_OF, contact_cost=0.5)
    results = period_results(outcomes, found, period=JUNE, margin=0.5)
    brought, sure = (t["frame"].set_index("campaign") for t in returns_tables(results))
    assert brought.loc["m2, Mail", ["cost", "break_even_revenue", "roi"]].isna().all()
    assert np.isnan(sure.loc["m2, Mail", "profit_probability"])
    assert np.isfinite(brought.loc["m2, Mail", "incremental_revenue"])
    whole = results_by(outcomes, "campaign_id")
    tables = kinds_tables(whole, found, campaigns, margin=0.5)
    kinds, caused = (table["frame"].set_index("option") for table in tables)
    assert kinds.loc["Mail", ["cost", "attributed_revenue", "roas"]].isna().all()
    assert np.isnan(caused.loc["Mail", "claimed_cost"])
    assert np.isfinite(kinds.loc["Test", "cost"])
    options = budget_options(found, whole)
    tables = budget_tables(next_budget(options, budget=1000, margin=0.5))
    where, basis = (table["frame"].set_index("option") for table in tables)
    assert where.loc["Mail", ["spend", "expected_profit", "expected_low"]].isna().all()
    assert basis.loc["Mail", ["cost", "probability"]].isna().all()
    assert break_even_chart(outcomes, contact_cost=0.5, write=write).empty
    changes = headline_changes(orders, campaigns, contacts, few, period=JUNE)
    hidden = changes_table(changes)["frame"].set_index("campaign_type")
    assert hidden.loc["Mail", ["attributed_revenue", "coupon_discount", "roas"]].isna().all()
    test = next_test(history, found, results, period=JUNE, margin=0.5)
    assert (test.campaign, test.levels) == ("m2", {})


def test_payback_is_told_where_the_effect_is_more_than_chance(history, found, outcomes):
    results = period_results(outcomes, found, period=JUNE, margin=0.5)
    paid = with_payback(results, history, found, margin=0.5).set_index("campaign_id")
    assert paid.loc["m2", "payback_days"] == 7  # 10 a week at a margin of one half, 0.50 a contact
    quarter = period_results(outcomes, found, period=Period.parse("2017-08"), margin=0.5)
    assert with_payback(quarter, history, found, margin=0.5)["payback_days"].isna().all()


def test_kinds_and_channels_are_summed(found, outcomes):
    whole = results_by(outcomes, "campaign_id")
    channels = TABLES[1].assign(channel=["letter"] * 4 + [None])
    table = kinds_tables(whole, found, channels, margin=0.5)[0]["frame"].set_index("option")
    assert table.index.tolist() == ["Early, letter", "Mail, letter", "Test"]
    assert table.loc["Mail, letter", "cost"] == pytest.approx(
        whole.loc[whole["campaign_id"].isin(["m1", "m2"]), "cost"].sum()
    )


def test_what_is_added_up_is_named(history, found):
    course = courses(history, found, period=JUNE, pre_weeks=8)
    chart = cumulative_chart(course)
    one = chart[chart["campaign"] == "m2, fair comparison"]
    assert cumulative_sentence(one).startswith("m2, fair comparison. The band")
    assert "nothing to add up" in cumulative_sentence(chart.head(0))


def test_what_pays_follows_from_cost_margin_and_weeks(outcomes):
    # m2: 60 of coupons and 0.50 a contact over four weeks, at a margin of one half
    whole = results_by(outcomes, "campaign_id")
    pays = break_even_effects(whole, TABLES[1], as_of=AS_OF, margin=0.5)
    contacts = TABLES[2]["campaign_id"].eq("m2").sum()
    assert pays["m2"] == pytest.approx((60 + 0.5 * contacts) / (0.5 * contacts * 4))
    assert pays["e1"] == pytest.approx(0.5 / (0.5 * 3))
    half = break_even_effects(whole, TABLES[1], as_of=date(2017, 6, 18), margin=0.5)
    assert half["m2"] == pytest.approx(2 * pays["m2"])  # two of its four weeks are seen
    assert np.isnan(half["t1"])  # not begun
    with pytest.raises(MetricError, match="margin"):
        break_even_effects(whole, TABLES[1], as_of=AS_OF, margin=0)


def test_at_the_effect_that_pays_the_return_is_zero(found, outcomes):
    whole = results_by(outcomes, "campaign_id")
    pays = break_even_effects(whole, TABLES[1], as_of=AS_OF, margin=0.5)
    row = whole.set_index("campaign_id").loc["m2"]
    revenue = pays["m2"] * row["contacted"] * 4
    assert (0.5 * revenue - row["cost"]) / row["cost"] == pytest.approx(0)


def test_what_campaigns_caused_is_compared_where_both_periods_can_be_judged(found, outcomes):
    whole = results_by(outcomes, "campaign_id")
    august = {"period": Period.parse("2017-08"), "margin": 0.5}  # t1 ended; m2 ended in July
    gain, roi = incremental_kpis(whole, found, contact_cost=0.5, **august)
    rows = found.effects.set_index("campaign_id")["incremental_revenue"]
    assert gain.value == pytest.approx(rows["t1"], abs=0.01)
    assert gain.previous == pytest.approx(rows["m2"], abs=0.01)
    assert gain.year_before is None
    moved = incremental_effects(whole, found, **august)
    sums = moved.groupby("kpi")["effect"].sum()
    assert sums["Incremental revenue"] == pytest.approx(rows["t1"] - rows["m2"])
    assert sums["Return on investment"] == pytest.approx(roi.value - roi.previous, abs=2e-4)
    assert moved["driver"].tolist() == [
        "Customers compared", "Other kinds of campaigns", "Effect of a contact",
        "Cost of a contact", "Other kinds of campaigns", "Effect of a contact",
    ]  # fmt: skip
    # another kind ran in each period: the whole change of the effect is one of kinds
    assert moved.loc[[2, 5], "effect"].abs().max() < 1e-9
    said = incremental_sentences(whole, found, **august)
    assert said[0].startswith("Incremental revenue: ")
    assert "against 2017-07" in said[0]
    drawn = headline_effects(headline_changes(*TABLES, period=august["period"]), caused=moved)
    assert {"Incremental revenue", "Return on investment"} <= set(drawn["kpi"])


def test_what_cannot_be_compared_says_why(found, nothing, outcomes):
    whole = results_by(outcomes, "campaign_id")
    june = {"period": JUNE, "margin": 0.5}
    assert incremental_effects(whole, found, **june).empty
    (said,) = incremental_sentences(whole, found, **june)
    assert said == (
        "Incremental revenue and return are not compared with 2017-05: no campaign ended in "
        "2017-06, and the one that ended in 2017-05 can be judged."
    )
    (none,) = incremental_sentences(whole.head(0), nothing, **june)
    assert none.endswith("no campaign ended in 2017-06, and no campaign ended in 2017-05.")


def test_contacts_of_one_customer_are_not_independent():
    # 10 customers with 4 contacts each, half answer all of them: p = .5; Σ(y − p m)² = 10 · 4,
    # variance 10/9 · 40/40² = 1/36, effective n = .25 · 36 = 9, not 40
    outcomes = pd.DataFrame({"customer_id": np.repeat(np.arange(10), 4).astype(str),
                             "contacted": 1, "redeemed": [1] * 20 + [0] * 20})  # fmt: skip
    low, high = response_interval(outcomes)
    z2, n = 1.959964**2, 9
    reach = 1.959964 * np.sqrt(0.25 / n + z2 / (4 * n**2)) / (1 + z2 / n)
    assert (low, high) == (pytest.approx(0.5 - reach), pytest.approx(0.5 + reach))
    alone = outcomes.assign(customer_id=np.arange(40).astype(str))
    narrow = response_interval(alone)
    assert high - low > 1.8 * (narrow[1] - narrow[0])
    unlisted = pd.concat([outcomes, outcomes.head(5).assign(contacted=0)], ignore_index=True)
    assert response_interval(unlisted) == (low, high)


def test_the_clustered_interval_covers_the_rate_as_often_as_it_says():
    rng, hits, naive, rounds = np.random.default_rng(4), 0, 0, 300
    for _ in range(rounds):
        chance = rng.beta(0.4, 1.6, 150)  # customers differ: the mean rate is .2
        lists = rng.integers(1, 5, 150)
        who = np.repeat(np.arange(150), lists)
        answered = (rng.random(len(who)) < chance[who]).astype(int)
        rows = pd.DataFrame({"customer_id": who.astype(str), "contacted": 1, "redeemed": answered})
        low, high = response_interval(rows)
        hits += low <= 0.2 <= high
        low, high = response_interval(rows.assign(customer_id=np.arange(len(rows)).astype(str)))
        naive += low <= 0.2 <= high
    assert 0.92 <= hits / rounds <= 0.98  # binomial error of 300 rounds: ±.025
    assert naive / rounds < 0.90


@pytest.mark.parametrize(("answers", "limit"), [(0, 0.0), (8, 1.0)])
def test_nobody_or_everybody_answering_leaves_an_interval_of_the_customers(answers, limit):
    rows = pd.DataFrame({"customer_id": list("aabbccdd"), "contacted": 1,
                         "redeemed": [1] * answers + [0] * (8 - answers)})  # fmt: skip
    low, high = response_interval(rows)
    assert limit in (pytest.approx(low), pytest.approx(high))
    assert high - low == pytest.approx(1.959964**2 / (4 + 1.959964**2))  # four customers
    assert np.isnan(response_interval(rows.assign(contacted=0))[0])


def test_all_sales_stand_beside_those_with_a_coupon(history, found):
    values = headline(*TABLES, period=JUNE, evaluation=found, margin=0.5)
    sales, share = sales_kpis(history, values, period=JUNE)
    inside = TABLES[0]["ordered_at"].between("2017-06-01", "2017-07-01", inclusive="left")
    assert sales.value == pytest.approx(TABLES[0].loc[inside, "revenue"].sum(), abs=0.005)
    attributed = next(k for k in values if k.contract.name == "attributed_revenue")
    assert share.value == pytest.approx(attributed.value / sales.value, abs=1e-4)
    hidden = [replace(kpi, value=None, note="Too few.") for kpi in values]
    assert sales_kpis(history, hidden, period=JUNE)[1].note == "Too few."


def test_arms_are_told_with_their_relative_effect(found):
    august = Period.parse("2017-08")
    rows = arms_chart(found, period=august)
    assert rows["arm"].tolist() == ["control", "mail"]
    (said,) = arms_sentences(rows, write=write)
    assert said.startswith("t1, arm mail: sales changed by 1")
    assert said.endswith("more than chance.")
    assert arms_table(found, period=JUNE) == []
    (table,) = arms_table(found, period=august)
    assert table["frame"]["n"].sum() == CUSTOMERS


def test_overlap_is_drawn_for_campaigns_without_a_control_group(history, found):
    (drawn,) = overlap_bars(history, found, campaign="m2", pre_weeks=8, write=write)
    assert drawn["frame"].groupby("group")["share"].sum().tolist() == pytest.approx([1, 1])
    assert "m2: 100% of the contacted customers have somebody like them" in drawn["says"]
    assert overlap_bars(history, found, campaign="t1", pre_weeks=8, write=write) == []
    assert overlap_bars(history, found, campaign=None, pre_weeks=8, write=write) == []
    assert balance_dots(found, campaign="t1", write=write) == []
    (alike,) = balance_dots(found, campaign="m2", write=write)
    assert alike["says"].endswith("they are alike.")


def test_courses_without_a_campaign_draw_nothing(history, found):
    course = courses(history, found, period=JUNE, pre_weeks=8)
    assert [chart["title"] for chart in course_charts(course)] == [
        "Weekly sales a customer", "Sales caused, added up",
    ]  # fmt: skip
    assert len(course_charts(course.assign(claimable=False))) == 1
    assert course_charts(course.head(0)) == []


def test_the_error_that_can_be_excluded_stands_beside_the_effect_that_pays(found):
    rows = found.effects[found.effects["placebo_error"].gt(0)]
    least = rows["placebo_effect"].abs() + 1.644854 * rows["placebo_error"]
    said = precision_sentence(found, write=write)
    assert "pays from $3.00 a customer and week on" in said
    assert f"only errors above ${least.median():.2f}" in said
    passed = (least < 3).sum()
    assert f"{passed} of 4 campaigns with practice runs can exclude" in said
    few = replace(found, effects=found.effects[found.effects["campaign_id"].isin(["m1", "m2"])])
    assert precision_sentence(few, write=write) == ""  # two costs would show through a median
