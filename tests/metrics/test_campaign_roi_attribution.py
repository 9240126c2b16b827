"""Redemptions, their baskets and their cost; returns, budgets and diagnosis: worked by hand."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import MetricError
from helpers.metrics.campaign_roi import (
    attribute_redemptions,
    break_even_table,
    contact_outcomes,
    contributions,
    mix_and_rate,
    next_budget,
    payback_days,
    results_by,
    returns,
    returns_by,
)

ORDERS = pd.DataFrame(
    [
        ("o1", "a", "2017-05-02 09:00", 10.0, 0.0),  # same day as o2, no coupon: not the campaign's
        ("o2", "a", "2017-05-02 18:00", 30.0, 3.0),
        ("o3", "b", "2017-05-03 10:00", 40.0, 4.0),  # coupons of two campaigns, 3 : 1
        ("o4", "c", "2017-05-04 10:00", 20.0, 0.0),  # a redemption without a recorded discount
        ("o5", "c", "2017-06-10 10:00", 99.0, 9.0),  # a discount without a redemption
        ("o6", "a", "2017-01-01 10:00", 5.0, 0.0),
    ],
    columns=["order_id", "customer_id", "ordered_at", "revenue", "coupon_discount"],
).assign(ordered_at=lambda t: pd.to_datetime(t["ordered_at"]))
CAMPAIGNS = pd.DataFrame(
    {
        "campaign_id": ["1", "2", "3"],
        "campaign_type": ["A", "B", "A"],
        "starts_on": pd.to_datetime(["2017-05-01", "2017-05-01", "2017-07-01"]),
        "ends_on": pd.to_datetime(["2017-05-31", "2017-06-30", "2017-07-31"]),
    }
)
CONTACTS = pd.DataFrame(
    [("1", "a"), ("1", "b"), ("1", "d"), ("2", "b"), ("2", "c"), ("3", "a")],
    columns=["campaign_id", "customer_id"],
)
REDEMPTIONS = pd.DataFrame(
    [
        ("1", "a", "2017-05-02"),
        ("1", "b", "2017-05-03"),
        ("1", "b", "2017-05-03"),
        ("1", "b", "2017-05-03"),
        ("2", "b", "2017-05-03"),
        ("2", "c", "2017-05-04"),
        ("1", "d", "2017-05-09"),
    ],
    columns=["campaign_id", "customer_id", "redeemed_at"],
).assign(redeemed_at=lambda t: pd.to_datetime(t["redeemed_at"]))


def outcomes(**more: object) -> pd.DataFrame:
    given = {"as_of": date(2017, 6, 30), "contact_cost": 0.5} | more
    return contact_outcomes(ORDERS, CAMPAIGNS, CONTACTS, REDEMPTIONS, **given)


def test_a_redemption_brings_the_baskets_with_a_coupon_of_its_day():
    found = attribute_redemptions(REDEMPTIONS, ORDERS).set_index(["campaign_id", "customer_id"])
    assert found.loc[("1", "a"), ["attributed_revenue", "coupon_discount", "baskets"]].tolist() == [
        30,
        3,
        1,
    ]
    assert found.loc[("1", "b"), ["attributed_revenue", "coupon_discount"]].tolist() == [30, 3]
    assert found.loc[("2", "b"), ["attributed_revenue", "coupon_discount"]].tolist() == [10, 1]
    assert found.loc[("2", "c"), ["attributed_revenue", "coupon_discount"]].tolist() == [20, 0]
    assert found.loc[("1", "d"), ["attributed_revenue", "baskets"]].tolist() == [0, 0]


def test_a_source_without_discounts_attributes_revenue_and_no_cost():
    found = attribute_redemptions(REDEMPTIONS, ORDERS.drop(columns="coupon_discount"))
    assert found["coupon_discount"].isna().all()
    assert (
        found.set_index(["campaign_id", "customer_id"]).loc[("1", "a"), "attributed_revenue"] == 40
    )


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(0.01, 1000))
def test_attribution_neither_makes_nor_loses_money(random, scale):
    rows = list(range(len(ORDERS)))
    random.shuffle(rows)
    scaled = ORDERS.iloc[rows].assign(
        revenue=lambda t: t["revenue"] * scale,
        coupon_discount=lambda t: t["coupon_discount"] * scale,
    )
    found = attribute_redemptions(REDEMPTIONS.sample(frac=1, random_state=1), scaled)
    assert found["attributed_revenue"].sum() == pytest.approx((30 + 40 + 20) * scale)
    assert found["coupon_discount"].sum() == pytest.approx(7 * scale)


def test_results_of_each_campaign_by_hand():
    found = results_by(outcomes(), "campaign_id").set_index("campaign_id")
    one = found.loc["1"]
    assert one[["customers", "redeemers", "contacted", "redeemed", "coupons"]].tolist() == [
        3,
        3,
        3,
        3,
        5,
    ]
    assert (one["attributed_revenue"], one["coupon_discount"], one["mailing_cost"]) == (60, 6, 1.5)
    assert (one["cost"], one["roas"], one["cpa"], one["response_rate"]) == (7.5, 8, 2.5, 1)
    assert found.loc["2", "cost"] == 2
    assert "3" not in found.index  # starts after the last day


def test_sums_over_types_are_sums_over_campaigns():
    rows = outcomes()
    whole = results_by(rows, []).iloc[0]
    types = results_by(rows, "campaign_type")
    for name in ("contacted", "attributed_revenue", "coupon_discount", "cost"):
        assert types[name].sum() == pytest.approx(whole[name])
    assert whole["customers"] == 4  # a, b, c, d: b is in two campaigns


def test_only_what_happened_in_the_span_counts():
    found = results_by(outcomes(since=date(2017, 6, 1)), "campaign_id")
    assert found["campaign_id"].tolist() == ["2"]  # campaign 1 ended in May
    assert found[["redeemed", "attributed_revenue", "mailing_cost"]].iloc[0].tolist() == [0, 0, 0]
    assert found["roas"].isna().all()  # no cost: a ratio of nothing


def test_a_campaigns_own_cost_takes_the_place_of_the_assumption():
    campaigns = CAMPAIGNS.assign(cost=[30.0, np.nan, 1.0])
    found = contact_outcomes(
        ORDERS, campaigns, CONTACTS, REDEMPTIONS, as_of=date(2017, 6, 30), contact_cost=0.5
    )
    sums = results_by(found, "campaign_id").set_index("campaign_id")["mailing_cost"]
    assert sums.to_dict() == {"1": pytest.approx(30), "2": pytest.approx(1)}


def test_a_coupon_used_off_the_list_counts_as_revenue_and_not_as_response():
    extra = pd.DataFrame(
        {"campaign_id": ["2"], "customer_id": ["a"], "redeemed_at": pd.to_datetime(["2017-05-02"])}
    )
    found = contact_outcomes(
        ORDERS, CAMPAIGNS, CONTACTS, pd.concat([REDEMPTIONS, extra]), as_of=date(2017, 6, 30)
    )
    two = results_by(found, "campaign_id").set_index("campaign_id").loc["2"]
    assert (two["contacted"], two["redeemed"], two["response_rate"]) == (2, 3, 1)
    assert two["attributed_revenue"] == 10 + 20 + 15  # half of o2: one coupon of two that day


def test_the_held_out_are_not_contacted():
    contacts = CONTACTS.assign(arm=["mail", "mail", "control", "mail", "mail", "mail"])
    found = contact_outcomes(ORDERS, CAMPAIGNS, contacts, None, as_of=date(2017, 6, 30))
    assert results_by(found, "campaign_id")["contacted"].tolist() == [2, 2]


def test_a_new_customer_is_one_whose_first_order_follows_the_start():
    found = outcomes().set_index(["campaign_id", "customer_id"])["acquired"]
    assert found[("1", "a")] == 0  # bought in January
    assert found[("1", "b")] == 1
    assert np.isnan(outcomes().assign(x=1)["acquired"]).sum() == 0
    late = ORDERS[ORDERS["order_id"] != "o6"]  # the data now begin a day after the start
    assert (
        contact_outcomes(late, CAMPAIGNS, CONTACTS, None, as_of=date(2017, 6, 30))["acquired"]
        .isna()
        .all()
    )


def test_empty_tables_give_empty_results():
    for contacts, redemptions in (
        (CONTACTS.head(0), None),
        (CONTACTS.head(0), REDEMPTIONS.head(0)),
    ):
        found = contact_outcomes(ORDERS, CAMPAIGNS, contacts, redemptions, as_of=date(2017, 6, 30))
        assert found.empty
        assert results_by(found, "campaign_id").empty
    assert (
        contact_outcomes(ORDERS.head(0), CAMPAIGNS, CONTACTS, None, as_of=date(2017, 6, 30))[
            "redeemed"
        ].sum()
        == 0
    )


def test_a_missing_column_is_named():
    with pytest.raises(MetricError, match="campaign_type"):
        contact_outcomes(
            ORDERS, CAMPAIGNS.drop(columns="campaign_type"), CONTACTS, as_of=date(2017, 6, 30)
        )


RESULTS = pd.DataFrame(
    {
        "campaign_id": ["1", "2", "3"],
        "contacted": [100, 50, 10],
        "cost": [200.0, 100.0, 0.0],
        "attributed_revenue": [1000.0, 300.0, 5.0],
        "type": ["A", "A", "B"],
    }
)
EFFECTS = pd.DataFrame(
    {
        "campaign_id": ["1", "2", "3"],
        "incremental_revenue": [1200.0, np.nan, 40.0],
        "incremental_error": [400.0, np.nan, 20.0],
        "incremental_low": [416.0, np.nan, 0.8],
        "incremental_high": [1984.0, np.nan, 79.2],
    }
)


def test_returns_by_hand():
    found = returns(RESULTS, EFFECTS, margin=0.25).set_index("campaign_id")
    one = found.loc["1"]
    assert one["roi"] == pytest.approx((300 - 200) / 200)
    assert (one["roi_low"], one["roi_high"]) == (pytest.approx(-0.48), pytest.approx(1.48))
    assert (one["break_even_revenue"], one["break_even_customer"]) == (800, 8)
    assert one["profit_probability"] == pytest.approx(0.8413, abs=1e-4)  # Φ((300 − 200) / 100)
    assert found.loc["2", ["roi", "profit_probability", "incremental_margin"]].isna().all()
    assert np.isnan(found.loc["3", "roi"])  # nothing was spent


def test_what_is_not_claimed_stays_out_of_the_return_of_its_group():
    found = returns_by(returns(RESULTS, EFFECTS, margin=0.25), "type", margin=0.25).set_index(
        "type"
    )
    a = found.loc["A"]
    assert (a["campaigns"], a["claimed"]) == (2, 1)
    assert (a["cost"], a["claimed_cost"], a["roi"]) == (300, 200, 0.5)


def test_errors_of_overlapping_campaigns_are_added():
    effects = EFFECTS.assign(
        incremental_revenue=[1200.0, 800.0, 40.0], incremental_error=[400.0, 300.0, 20.0]
    )
    found = returns_by(returns(RESULTS, effects, margin=0.25), "type", margin=0.25).set_index(
        "type"
    )
    assert found.loc["A", "incremental_error"] == 700
    assert found.loc["A", "incremental_high"] == pytest.approx(2000 + 1.959964 * 700)


@pytest.mark.parametrize("margin", [0, -0.1, 1.5, 25])
def test_a_margin_that_is_no_share_is_refused(margin):
    with pytest.raises(MetricError, match="margin"):
        returns(RESULTS, EFFECTS, margin=margin)


def test_payback_is_when_the_cost_is_covered_for_good():
    weeks = pd.DataFrame(
        {"week": [-1, 0, 1, 2, 3], "cumulative": [np.nan, 100.0, 500.0, 300.0, 480.0]}
    )
    assert (
        payback_days(weeks, cost=100, margin=0.25) == 28
    )  # 400 needed: covered, lost, covered again
    assert payback_days(weeks, cost=25, margin=0.25) == 7
    assert np.isnan(payback_days(weeks, cost=200, margin=0.25))
    assert payback_days(weeks, cost=0, margin=0.25) == 0
    assert np.isnan(payback_days(weeks.head(1), cost=1, margin=0.25))
    with pytest.raises(MetricError, match="negative"):
        payback_days(weeks, cost=-1, margin=0.25)


def test_break_even_by_hand():
    found = break_even_table(coupon_cost=1.0, margins=[0.25, 0.5], contact_costs=[0.0, 0.5])
    assert found["extra"].tolist() == [4, 6, 2, 3]


def options(**columns: list) -> pd.DataFrame:
    given = {"option": ["a", "b", "c"], "customers": [100, 100, 100], "effect": [20.0, 8.0, np.nan],
             "standard_error": [4.0, 4.0, np.nan], "cost": [2.0, 1.0, 1.0]}  # fmt: skip
    return pd.DataFrame(given | columns)


def test_a_budget_goes_to_the_best_and_stops_when_spent():
    # profit a: .25·20 − 2 = 3 ± 1 (1.5 for each unit spent); b: .25·8 − 1 = 1 ± 1, Φ(1) = .8413
    found = next_budget(options(), budget=250, margin=0.25).set_index("option")
    assert found.index.tolist() == ["a", "b", "c"]
    assert found["advice"].tolist() == ["spend", "spend", "test"]
    assert found["spend"].tolist() == [200, 50, 0]
    assert found["contacts"].tolist() == [100, 50, 0]
    assert found["expected_profit"].tolist() == [300, 50, 0]
    assert found.loc["b", "probability"] == pytest.approx(0.8413, abs=1e-4)


def test_what_is_unlikely_to_pay_gets_nothing():
    found = next_budget(
        options(effect=[20.0, 4.0, -8.0], standard_error=[4.0, 4.0, 4.0]), budget=999, margin=0.25
    )
    by = found.set_index("option")
    assert by.loc["c", "advice"] == "stop"
    assert by.loc["c", "spend"] == 0
    assert by["spend"].sum() <= 999


def test_noisy_options_are_drawn_together():
    # three estimates no further apart than chance: every one is the mean, 10
    found = next_budget(
        options(effect=[12.0, 8.0, 10.0], standard_error=[4.0, 4.0, 4.0]), budget=0, margin=0.5
    )
    np.testing.assert_allclose(found["expected"], 10)
    assert found["spend"].sum() == 0


def test_free_contacts_that_pay_are_all_made():
    found = next_budget(options(cost=[0.0, 0.0, 0.0]), budget=0, margin=0.25).set_index("option")
    assert found.loc["a", "contacts"] == 100
    assert found.loc["c", "contacts"] == 0


def test_an_empty_choice_and_a_negative_budget():
    assert next_budget(options().head(0), budget=10, margin=0.25).empty
    with pytest.raises(MetricError, match="budget -1"):
        next_budget(options(), budget=-1, margin=0.25)
    with pytest.raises(MetricError, match="negative"):
        next_budget(options(cost=[-1.0, 1.0, 1.0]), budget=1, margin=0.25)


def groups(**rows: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame([(k, *v) for k, v in rows.items()], columns=["g", "above", "below"])


def test_mix_and_rate_by_hand():
    # before: A 20/100, B 5/100 -> 12.5 %; after: A 45/150, B 2/50 -> 23.5 %. Shares A .5 -> .75.
    # rate A: .625·(.3−.2) = .0625; B: .375·(.04−.05) = −.00375. R̄ = .18.
    # mix A: .25·(.25−.18) = .0175; B: −.25·(.045−.18) = .03375. Sum .11 = .235 − .125.
    found = mix_and_rate(groups(A=(20, 100), B=(5, 100)), groups(A=(45, 150), B=(2, 50)),
                         by="g", above="above", below="below").set_index("g")  # fmt: skip
    assert found.index.tolist() == ["A", "B"]
    np.testing.assert_allclose(found["rate"], [0.0625, -0.00375])
    np.testing.assert_allclose(found["mix"], [0.0175, 0.03375])
    assert found["total"].sum() == pytest.approx(0.235 - 0.125)


counts = st.dictionaries(
    st.sampled_from("ABCD"), st.tuples(st.integers(0, 50), st.integers(0, 90)), min_size=1
)


@settings(max_examples=60, deadline=None)
@given(counts, counts)
def test_mix_and_rate_always_add_up_to_the_change(old, new):
    before, after = groups(**old), groups(**new)
    before.loc[before["below"] == 0, "above"] = 0
    after.loc[after["below"] == 0, "above"] = 0
    found = mix_and_rate(before, after, by="g", above="above", below="below")
    if not (before["below"].sum() and after["below"].sum()):
        assert found.empty
        return
    change = (
        after["above"].sum() / after["below"].sum() - before["above"].sum() / before["below"].sum()
    )
    assert found["total"].sum() == pytest.approx(change, abs=1e-12)


def test_a_group_that_is_new_is_all_mix():
    found = mix_and_rate(
        groups(A=(10, 100)), groups(A=(10, 100), B=(30, 100)), by="g", above="above", below="below"
    )
    assert found["rate"].abs().max() == 0
    assert found["mix"].sum() == pytest.approx(0.2 - 0.1)


def test_contributions_add_up_and_come_largest_first():
    before = pd.DataFrame({"g": ["a", "b"], "v": [10.0, 5.0]})
    found = contributions(
        before, pd.DataFrame({"g": ["b", "c"], "v": [6.0, 3.0]}), by="g", value="v"
    )
    assert found["g"].tolist() == ["a", "c", "b"]
    assert found["change"].tolist() == [-10, 3, 1]


def test_a_campaign_with_a_cost_and_no_contact_costs_nothing_here():
    campaigns = CAMPAIGNS.assign(cost=30.0)
    contacts = CONTACTS[CONTACTS["campaign_id"] != "2"]
    day = date(2017, 6, 30)
    found = contact_outcomes(ORDERS, campaigns, contacts, REDEMPTIONS, as_of=day)
    two = results_by(found, "campaign_id").set_index("campaign_id").loc["2"]
    assert (two["contacted"], two["redeemed"], two["mailing_cost"]) == (0, 2, 0)
