"""Segments, concentration, cohorts, bridge, profile: worked by hand, and true of any base."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import MetricError
from helpers.metrics import customer_value as cv
from helpers.metrics.customer_value.segments import (
    _GRID,
    _LAPSED,
    NEW,
    SEGMENTS,
    score,
    told,
)
from helpers.periods import Period


def frame(*rows: tuple[str, str, float]) -> pd.DataFrame:
    found = pd.DataFrame(list(rows), columns=["customer_id", "ordered_at", "revenue"])
    return found.assign(
        ordered_at=pd.to_datetime(found["ordered_at"]), revenue=found["revenue"].astype(float)
    )


orders_frames = st.lists(
    st.tuples(
        st.sampled_from([f"c{k}" for k in range(12)]),
        st.dates(date(2017, 1, 1), date(2017, 6, 30)),
        st.integers(-2_000, 20_000).map(lambda cents: cents / 100),
    ),
    min_size=1,
    max_size=60,
).map(lambda rows: frame(*[(c, d.isoformat(), v) for c, d, v in rows]))
AS_OF = date(2017, 6, 30)
values_lists = st.lists(st.integers(0, 10_000).map(float), min_size=1, max_size=40)

# RFM ------------------------------------------------------------------------------------------


def test_scores_are_fifths_and_equal_values_share_their_score() -> None:
    assert score(np.arange(10)).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    # Ranks 1, 3, 3, 3, 5 of 5: the three in the middle share rank 3, so ⌈5 · (3 - ½) / 5⌉ = 3.
    assert score(np.array([0.0, 7.0, 7.0, 7.0, 9.0])).tolist() == [1, 3, 3, 3, 5]
    assert score(np.full(9, 4.2)).tolist() == [3] * 9
    assert score(np.array([])).tolist() == []
    with pytest.raises(MetricError, match="finite"):
        score(np.array([1.0, np.nan]))


@pytest.mark.parametrize(
    ("count", "scores"), [(1, [3]), (2, [2, 4]), (3, [1, 3, 5]), (4, [1, 2, 4, 5])]
)
def test_a_handful_of_customers_is_spread_around_the_middle(count: int, scores: list[int]) -> None:
    assert score(np.arange(count)).tolist() == scores
    assert score(np.full(count, 7.0)).tolist() == [3] * count
    low_first = score(np.arange(count)) + score(-np.arange(count))
    assert (low_first == 6).all()  # the best is as far from the middle as the worst


@given(values=values_lists)
@settings(max_examples=50, deadline=None)
def test_a_higher_value_never_scores_lower(values: list[float]) -> None:
    given_values = np.array(values)
    found = score(given_values)
    order = np.argsort(given_values)
    assert (np.diff(found[order]) >= 0).all()
    assert found.min() >= 1
    assert found.max() <= 5


def test_the_grid_names_every_segment_and_nothing_else() -> None:
    assert {name for row in _GRID.values() for name in row} | {*_LAPSED, NEW} == set(SEGMENTS)
    assert [len(_GRID[r]) for r in range(1, 6)] == [5] * 5


FIVE = frame(
    *[("a", f"2017-06-{day:02}", 10.0) for day in (10, 15, 20, 25, 30)],
    ("a", "2017-01-03", 10.0),
    *[("b", f"2017-05-{day:02}", 10.0) for day in (5, 10, 15, 20, 25)],
    *[("c", f"2017-04-{day:02}", 90.0) for day in (10, 15, 20)],
    *[("d", f"2017-03-{day:02}", 10.0) for day in (10, 15)],
    ("e", "2017-06-29", 5.0),
    ("f", "2016-06-30", 5.0),  # a day before the window of 365 days
)


def test_rfm_scores_of_five_customers() -> None:
    found = cv.rfm_scores(FIVE, as_of=AS_OF, lapse_days=71).set_index("customer_id")
    assert list(found.index) == list("abcde")
    assert found["recency_days"].tolist() == [0, 36, 71, 107, 1]
    assert found["r"].tolist() == [5, 3, 2, 1, 4]
    assert found["f"].tolist() == [5, 4, 3, 2, 1]
    assert found["m"].tolist() == [4, 3, 5, 2, 1]
    # b was first seen 56 days ago, c has been silent for the whole window of 71 days.
    segments = ["Champions", "New", "Win back", "Hibernating", "New"]
    assert found["segment"].tolist() == segments


def test_nobody_has_gone_who_bought_within_the_lapse_window() -> None:
    """The least recent fifth is always there; it has lapsed only where it was silent for long."""
    segments = [
        cv.rfm_scores(FIVE, as_of=AS_OF, lapse_days=days).set_index("customer_id")["segment"]
        for days in (20, 72, 108)
    ]
    assert segments[0].tolist() == ["Champions", "Win back", "Win back", "Hibernating", "New"]
    assert segments[1].loc[["c", "d"]].tolist() == ["Steady", "Hibernating"]
    assert not set(segments[2]) & {"Cannot lose", "Win back", "Hibernating"}
    with pytest.raises(MetricError, match="window of 0 days"):
        cv.rfm_scores(FIVE, as_of=AS_OF, lapse_days=0)


@given(orders=orders_frames, lapse=st.integers(1, 120))
@settings(max_examples=30, deadline=None)
def test_whoever_is_active_on_the_bridge_is_in_no_lapsed_segment(
    orders: pd.DataFrame, lapse: int
) -> None:
    scores = cv.rfm_scores(orders, as_of=AS_OF, lapse_days=lapse)
    gone = scores["segment"].isin(["Cannot lose", "Win back", "Hibernating"])
    june = cv.customer_bridge(orders, periods=[Period.parse("2017-06")], window_days=lapse)
    assert int((~gone).sum()) == june["end"].iloc[0]


@given(orders=orders_frames)
@settings(max_examples=30, deadline=None)
def test_segments_sum_to_the_whole(orders: pd.DataFrame) -> None:
    scores = cv.rfm_scores(orders, as_of=AS_OF)
    table = cv.segment_table(scores)
    assert table["customers"].sum() == len(scores)
    assert table["revenue"].sum() == pytest.approx(scores["monetary"].sum(), abs=1e-6)
    if len(scores):
        assert table["customer_share"].sum() == pytest.approx(1.0)


def test_movement_counts_every_customer_of_either_day_once() -> None:
    before = pd.DataFrame({"customer_id": list("abc"), "segment": ["Loyal", "Loyal", "New"]})
    after = pd.DataFrame({"customer_id": list("abd"), "segment": ["Champions", "Loyal", "New"]})
    found = cv.segment_movement(before, after)
    assert found["customers"].sum() == 4
    rows = found.set_index(["from_segment", "to_segment"])
    assert rows.loc[("Loyal", "Champions"), "share"] == 0.5
    assert rows.loc[("No purchase yet", "New"), "customers"] == 1
    assert rows.loc[("New", "Beyond the window"), "customers"] == 1


def test_every_segment_has_a_goal_and_an_action() -> None:
    scores = pd.DataFrame(
        {
            "customer_id": [f"c{k}" for k in range(100)],
            "segment": [SEGMENTS[k % 10] for k in range(100)],
            "monetary": 10.0, "recency_days": 5, "frequency": 3,
        }
    )  # fmt: skip
    values = pd.DataFrame({"customer_id": scores["customer_id"], "clv": 7.0})
    table = cv.segment_table(scores, values)
    steps = cv.next_steps(table)
    assert set(steps["segment"]) == set(SEGMENTS)
    assert steps["goal"].tolist() == ["Win back"] * 2 + ["Grow"] * 4 + ["Look after"] * 3 + [
        "Spend little"
    ]
    assert steps["clv"].sum() == pytest.approx(700.0)
    said = cv.advice(table)
    assert [text.split(":")[0] for text in said] == ["Win back", "Grow", "Look after"]
    assert "10 customers in “Champions”, 10.0% of all, bring 10.0% of the revenue." in said[2]


def test_advice_names_no_segment_of_fewer_than_8_customers() -> None:
    scores = pd.DataFrame(
        {"customer_id": list("abc"), "segment": ["Win back", "New", "Loyal"], "monetary": 1.0,
         "recency_days": 5, "frequency": 3}
    )  # fmt: skip
    values = pd.DataFrame({"customer_id": list("abc"), "clv": 7.0})
    assert cv.advice(cv.segment_table(scores, values)) == []


def test_where_no_group_has_gone_quiet_that_is_said() -> None:
    people = [f"c{k}" for k in range(9)]
    scores = pd.DataFrame(
        {"customer_id": people, "segment": "Loyal", "monetary": 1.0, "recency_days": 5,
         "frequency": 3}
    )  # fmt: skip
    values = pd.DataFrame({"customer_id": people, "clv": 7.0})
    said = cv.advice(cv.segment_table(scores, values), lapse_days=28)
    assert said[0].startswith("Win back: those who used to buy often")
    assert "silent for 28 days or longer are too few" in said[0]


def test_a_sentence_tells_of_no_segment_from_which_a_hidden_one_could_be_worked_out() -> None:
    table = pd.DataFrame({"segment": ["Loyal", "Win back", "New"], "customers": [60, 8, 6]})
    assert told(table)["segment"].tolist() == ["Loyal"]
    assert told(table.iloc[:2])["segment"].tolist() == ["Loyal", "Win back"]
    table["customers"] = [60, 5, 4]  # 9 customers together: nobody can tell them apart
    assert told(table)["segment"].tolist() == ["Loyal"]


# Concentration --------------------------------------------------------------------------------


def test_gini_and_top_share_of_ten_customers() -> None:
    values = [1.0] * 9 + [11.0]
    # G = Σ (2i - n - 1) v_i / (n Σ v) = (-9 + 9 · 11) / (10 · 20), the nine smaller summing to -9.
    assert cv.gini(values) == pytest.approx(0.45)
    assert cv.top_share(values, top=0.1) == pytest.approx(11 / 20)
    assert cv.top_share(values, top=0.05) == pytest.approx(5.5 / 20)  # half of the largest
    assert cv.gini([5.0, 5.0, 5.0]) == pytest.approx(0.0)
    assert cv.gini([0.0, 0.0, 0.0, 8.0]) == pytest.approx(0.75)  # (n - 1) / n


def test_nothing_to_share_is_said_and_not_divided() -> None:
    assert cv.gini([0.0, 0.0]) == 0.0
    assert np.isnan(cv.gini([]))
    assert np.isnan(cv.top_share([]))
    assert np.isnan(cv.top_share([0.0, 0.0]))
    assert cv.lorenz([]).empty
    assert (
        cv.lorenz([0.0, 0.0])["value_share"].tolist() == cv.lorenz([0.0])["customer_share"].tolist()
    )
    assert cv.value_tiers([0.0, 0.0]).tolist() == ["Low", "Low"]
    with pytest.raises(MetricError, match="no finite value"):
        cv.gini([1.0, np.nan])
    with pytest.raises(MetricError, match="between 0 and 1"):
        cv.top_share([1.0], top=1.0)
    with pytest.raises(MetricError, match="no two shares"):
        cv.value_tiers([1.0], high=0.9, low=0.2)


@given(values=values_lists, copies=st.integers(2, 4), factor=st.sampled_from([0.01, 7.0]))
@settings(max_examples=50, deadline=None)
def test_concentration_knows_neither_size_nor_currency_nor_order(
    values: list[float], copies: int, factor: float
) -> None:
    assert cv.gini(values * copies) == pytest.approx(cv.gini(values), abs=1e-9)
    assert cv.gini([v * factor for v in values]) == pytest.approx(cv.gini(values), abs=1e-9)
    assert cv.gini(values[::-1]) == pytest.approx(cv.gini(values), abs=1e-12)
    if sum(values) > 0:
        assert cv.top_share(values * copies) == pytest.approx(cv.top_share(values), abs=1e-9)
        curve = cv.lorenz(values)
        assert (np.diff(curve["value_share"]) >= -1e-12).all()
        assert (curve["value_share"] <= curve["customer_share"] + 1e-12).all()


def test_tiers_follow_the_first_half_and_the_last_tenth_of_value() -> None:
    values = np.array([40.0, 20.0, 10.0, 10.0, 10.0, 5.0, 3.0, 2.0])
    # Before each, from the top: 0, 40, 60, 70, 80, 90, 95, 98 % of 100 are held.
    tiers = cv.value_tiers(values)
    assert tiers.tolist() == ["High", "High", "Regular", "Regular", "Regular", "Low", "Low", "Low"]
    table = cv.tier_table(values, tiers)
    assert table["tier"].tolist() == ["High", "Regular", "Low"]
    assert table["value_share"].tolist() == pytest.approx([0.6, 0.3, 0.1])
    assert table["customers"].tolist() == [2, 3, 3]


@given(values=values_lists, seed=st.integers(0, 9))
@settings(max_examples=50, deadline=None)
def test_equal_values_share_a_tier_whatever_the_order(values: list[float], seed: int) -> None:
    given_values = np.array(values)
    order = np.random.default_rng(seed).permutation(len(values))
    tiers = cv.value_tiers(given_values)
    assert (cv.value_tiers(given_values[order]) == tiers[order]).all()
    for value in np.unique(given_values):
        assert len(set(tiers[given_values == value])) == 1
    table = cv.tier_table(given_values, tiers)
    assert table["customers"].sum() == len(values)


# Cohorts --------------------------------------------------------------------------------------

COHORTS = frame(
    ("a", "2017-01-05", 10.0),
    ("a", "2017-02-05", 20.0),
    ("a", "2017-02-20", 5.0),
    ("a", "2017-02-21", -4.0),  # a return: money, no purchase
    ("b", "2017-01-20", 30.0),
    ("b", "2017-03-02", -10.0),
    ("c", "2017-02-14", 7.0),
    ("c", "2017-03-31", 8.0),
)


def test_cohorts_of_three_customers() -> None:
    found = cv.cohort_retention(COHORTS, as_of=date(2017, 3, 31))
    wide = found.pivot(index="cohort", columns="age", values="retention_rate")
    assert wide.index.tolist() == ["2017-01", "2017-02"]
    assert wide.loc["2017-01"].tolist() == [1.0, 0.5, 0.0]
    assert wide.loc["2017-02"].tolist()[:2] == [1.0, 1.0]
    assert np.isnan(wide.loc["2017-02", 2])  # April is not there: blank, never 0
    assert found.set_index(["cohort", "age"]).loc[("2017-01", 0), "customers"] == 2


def test_a_month_that_is_not_over_is_blank() -> None:
    found = cv.cohort_retention(COHORTS, as_of=date(2017, 3, 30)).set_index(["cohort", "age"])
    assert np.isnan(found.loc[("2017-01", 2), "retention_rate"])
    assert found.loc[("2017-01", 1), "retention_rate"] == 0.5


def test_cohort_revenue_is_net_of_returns_and_adds_up() -> None:
    found = cv.cohort_revenue(COHORTS, as_of=date(2017, 3, 31)).set_index(["cohort", "age"])
    assert found.loc["2017-01", "revenue"].tolist() == [40.0, 21.0, -10.0]
    assert found.loc["2017-01", "cumulative_revenue_per_customer"].tolist() == [20.0, 30.5, 25.5]
    assert found["revenue"].sum() == COHORTS["revenue"].sum()
    assert np.isnan(found.loc[("2017-02", 2), "cumulative_revenue_per_customer"])


@given(orders=orders_frames)
@settings(max_examples=30, deadline=None)
def test_cohorts_hold_everybody_and_start_whole(orders: pd.DataFrame) -> None:
    found = cv.cohort_retention(orders, as_of=AS_OF)
    first = found[found["age"] == 0]
    buyers = orders.loc[orders["revenue"] >= 0, "customer_id"].nunique()
    assert first["customers"].sum() == buyers
    assert (first["retention_rate"] == 1.0).all()
    assert found["retention_rate"].dropna().between(0, 1).all()


def test_cohorts_of_nobody_are_empty() -> None:
    assert cv.cohort_retention(COHORTS.iloc[:0], as_of=AS_OF).empty
    assert cv.cohort_revenue(COHORTS.iloc[:0], as_of=AS_OF).empty


def test_quarters_are_cohorts_too() -> None:
    found = cv.cohort_retention(COHORTS, as_of=date(2017, 6, 30), freq="Q")
    assert found["retention_rate"].tolist() == [1.0, 0.0]


# The customer bridge ---------------------------------------------------------------------------


def test_a_bridge_of_five_customers() -> None:
    orders = frame(
        ("stays", "2017-02-20", 1.0), ("stays", "2017-03-20", 1.0),
        ("lapses", "2017-02-20", 1.0),
        ("back", "2016-12-01", 1.0), ("back", "2017-03-05", 1.0),
        ("new", "2017-03-31", 1.0),
        ("return", "2017-02-20", 1.0), ("return", "2017-03-20", -1.0),
    )  # fmt: skip
    found = cv.customer_bridge(orders, periods=[Period.parse("2017-03")], window_days=30)
    row = found.iloc[0]
    assert row[["start", "new", "reactivated", "lost", "end"]].tolist() == [3, 1, 1, 2, 3]
    assert bool(row["complete"])


@given(orders=orders_frames, window=st.integers(1, 120))
@settings(max_examples=40, deadline=None)
def test_the_bridge_closes_and_joins_the_next(orders: pd.DataFrame, window: int) -> None:
    periods = list(Period.parse("2017-02").through(Period.parse("2017-06")))
    found = cv.customer_bridge(orders, periods=periods, window_days=window)
    ends = found["start"] + found["new"] + found["reactivated"] - found["lost"]
    assert (ends == found["end"]).all()
    assert found["end"].tolist()[:-1] == found["start"].tolist()[1:]


def test_a_bridge_knows_how_far_back_it_can_see() -> None:
    orders = frame(("a", "2017-01-01", 1.0), ("a", "2017-04-10", 1.0))
    periods = [Period.parse(text) for text in ("2017-03", "2017-04")]
    found = cv.customer_bridge(orders, periods=periods, window_days=90)
    assert found["complete"].tolist() == [False, True]
    empty = cv.customer_bridge(orders.iloc[:0], periods=periods)
    assert empty["end"].tolist() == [0, 0]
    assert not empty["complete"].any()
    with pytest.raises(MetricError, match="at least one period"):
        cv.customer_bridge(orders, periods=[])


# Profile and cube ------------------------------------------------------------------------------

PEOPLE = pd.DataFrame({"customer_id": list("abz"), "kind": ["shop", None, "shop"]})


def test_a_profile_by_attribute() -> None:
    found = cv.customer_profile(
        COHORTS, PEOPLE, attribute="kind", start=date(2017, 1, 1), end=date(2017, 2, 28)
    ).set_index("group")
    # a is a shop: purchase days of 10, 20 and 5; b and c are unknown: 30 and 7.
    assert found.loc["shop", ["customers", "revenue"]].tolist() == [1, 35.0]
    assert found.loc["Unknown", ["customers", "revenue"]].tolist() == [2, 37.0]
    assert found.loc["shop", "purchases_per_customer"] == 3.0
    assert found.loc["shop", "average_purchase_value"] == pytest.approx(35 / 3)
    assert found["revenue_share"].sum() == pytest.approx(1.0)
    assert found.index.tolist() == ["Unknown", "shop"]


def test_customers_without_attributes_have_profiles_without_rows() -> None:
    found = cv.customer_profiles(COHORTS, PEOPLE[["customer_id"]], start=AS_OF, end=AS_OF)
    assert found.empty
    assert {"attribute", "group", "customers", "revenue_per_customer"} <= set(found.columns)


def test_a_profile_refuses_what_it_cannot_know() -> None:
    with pytest.raises(MetricError, match="did you mean `kind`"):
        cv.customer_profile(COHORTS, PEOPLE, attribute="kinds", start=AS_OF, end=AS_OF)
    twice = pd.concat([PEOPLE, PEOPLE])
    with pytest.raises(MetricError, match="twice"):
        cv.customer_profile(COHORTS, twice, attribute="kind", start=AS_OF, end=AS_OF)


@given(orders=orders_frames)
@settings(max_examples=20, deadline=None)
def test_the_cube_sums_to_the_purchases(orders: pd.DataFrame) -> None:
    groups = pd.DataFrame({"customer_id": [f"c{k}" for k in range(6)], "half": list("xxxyyy")})
    cube = cv.value_cube(orders, groups, as_of=AS_OF, by=["half"])
    summary = cv.rfm_summary(orders, as_of=AS_OF)
    assert cube["purchases"].sum() == summary["frequency"].sum() + len(summary)
    assert set(cube["half"]) <= {"x", "y", "Unknown"}
