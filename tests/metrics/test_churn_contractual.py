"""Logo churn, GRR, NRR and the MRR bridge, worked by hand to the cent."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import MetricError
from helpers.metrics.churn import (
    contract_kpis,
    contractual_churn,
    mrr_movements,
    revenue_bridge,
    subscription_lifetimes,
)
from helpers.periods import Period

MAY = Period.parse("2017-05")


def subscriptions(*rows: tuple[str, str, str, str | None, float]) -> pd.DataFrame:
    columns = ["subscription_id", "customer_id", "starts_on", "ends_on", "mrr"]
    table = pd.DataFrame(rows, columns=columns)
    for name in ("starts_on", "ends_on"):
        table[name] = pd.to_datetime(table[name])
    return table


# May 2017: the start is 30 April, the end 31 May, both days inside.
#            30 Apr   31 May
# acme        100.00   100.00   kept
# birch        50.10    80.30   expansion  +30.20 (a second subscription from 10 May)
# cedar        70.00    45.55   contraction −24.45 (replaced on 16 May)
# dogwood      19.99     0.00   churn −19.99 (last day 15 May)
# elder         0.00    30.00   new
# fir           0.00    12.34   reactivation (was a customer in 2016)
# gorse        60.00    60.00   kept: its last day is 31 May itself
# hazel         0.00     0.00   came and went within May: at neither end
# iris: begins on 1 June: not seen
BOOK = subscriptions(
    ("s1", "acme", "2016-01-01", None, 100.00),
    ("s2", "birch", "2017-01-01", None, 50.10),
    ("s3", "birch", "2017-05-10", None, 30.20),
    ("s4", "cedar", "2017-02-01", "2017-05-15", 70.00),
    ("s5", "cedar", "2017-05-16", None, 45.55),
    ("s6", "dogwood", "2017-03-01", "2017-05-15", 19.99),
    ("s7", "elder", "2017-05-31", None, 30.00),
    ("s8", "fir", "2016-03-01", "2016-12-31", 10.00),
    ("s9", "fir", "2017-05-02", "2018-05-01", 12.34),
    ("s10", "gorse", "2017-04-30", "2017-05-31", 60.00),
    ("s11", "hazel", "2017-05-05", "2017-05-20", 99.00),
    ("s12", "iris", "2017-06-01", None, 500.00),
)


def test_customers_move_as_worked_by_hand() -> None:
    found = mrr_movements(BOOK, period=MAY).set_index("customer_id")
    assert found["movement"].to_dict() == {
        "acme": "kept", "birch": "expansion", "cedar": "contraction", "dogwood": "churn",
        "elder": "new", "fir": "reactivation", "gorse": "kept",
    }  # fmt: skip
    assert found["change"].to_dict() == {
        "acme": 0.0, "birch": 30.2, "cedar": -24.45, "dogwood": -19.99, "elder": 30.0, "fir": 12.34,
        "gorse": 0.0,
    }  # fmt: skip


def test_the_bridge_closes_to_the_cent() -> None:
    found = revenue_bridge(BOOK, period=MAY).set_index("step")
    assert found["mrr"].to_dict() == {
        "start": 300.09, "new": 30.0, "reactivation": 12.34, "expansion": 30.2,
        "contraction": -24.45, "churn": -19.99, "end": 328.19,
    }  # fmt: skip
    assert found["customers"].to_dict() == {
        "start": 5, "new": 1, "reactivation": 1, "expansion": 1, "contraction": 1, "churn": 1,
        "end": 6,
    }  # fmt: skip
    assert round(found["mrr"].drop("end").sum(), 2) == 328.19


def test_rates_are_those_of_the_definitions() -> None:
    found = contractual_churn(BOOK, period=MAY)
    assert found["logo_churn_rate"] == 1 / 5
    assert found["revenue_churn_rate"] == pytest.approx(19.99 / 300.09, rel=1e-12)
    assert found["grr"] == pytest.approx(1 - (19.99 + 24.45) / 300.09, rel=1e-12)  # .8519
    assert found["nrr"] == pytest.approx(1 - (19.99 + 24.45 - 30.20) / 300.09, rel=1e-12)  # .9525
    assert found["nrr_with_reactivation"] == pytest.approx(found["nrr"] + 12.34 / 300.09, rel=1e-12)
    # Wilson, by hand: (.2 + .38415 ± 1.96·sqrt(.032 + .03842)) / 1.76829.
    assert (found["logo_low"], found["logo_high"]) == pytest.approx((0.0362, 0.6245), abs=1e-4)


def test_nobody_at_the_start_has_no_rates() -> None:
    found = contractual_churn(BOOK, period=Period.parse("2015-05"))
    assert np.isnan(
        [found[n] for n in ("logo_churn_rate", "grr", "nrr", "revenue_churn_rate")]
    ).all()
    assert found["end_mrr"] == 0.0


def test_kpis_carry_the_period_and_the_year_before() -> None:
    found = {k.contract.name: k for k in contract_kpis(BOOK, period=MAY)}
    assert found["gross_revenue_retention"].value == 0.8519
    assert found["net_revenue_retention"].value == 0.9525
    assert found["recurring_revenue"].value == 328.19
    assert found["recurring_revenue"].previous == 300.09
    assert found["recurring_revenue"].year_before == 110.0  # acme and fir in May 2016
    assert found["logo_churn_rate"].low == 0.0362


def test_a_customer_with_nothing_before_the_first_period_has_no_year_before() -> None:
    one = subscriptions(("s", "a", "2017-04-30", None, 5.0))
    logo = contract_kpis(one, period=MAY)[0]
    assert (logo.value, logo.previous, logo.year_before) == (0.0, None, None)


def test_thirds_of_a_cent_are_rounded_per_subscription() -> None:
    rows = [(f"s{i}", "a", "2017-01-01", None, 10 / 3) for i in range(3)]
    assert revenue_bridge(subscriptions(*rows), period=MAY)["mrr"].tolist()[0] == 9.99


def test_a_stay_ends_at_the_first_day_without_a_contract() -> None:
    rows = subscriptions(
        ("a1", "a", "2017-01-01", "2017-01-31", 5.0),
        ("a2", "a", "2017-02-01", "2017-02-28", 5.0),  # touches: one stay
        ("a3", "a", "2017-04-01", None, 5.0),  # a gap of March: the stay ended before
        ("b1", "b", "2017-01-11", None, 5.0),
        ("c1", "c", "2017-01-01", "2017-12-31", 5.0),  # its end is a plan
        ("c2", "c", "2017-01-05", "2017-01-09", 5.0),  # inside the other
        ("d1", "d", "2017-01-01", None, 0.0),  # free: no contract
    )
    found = subscription_lifetimes(rows, as_of=date(2017, 4, 10)).set_index("customer_id")
    assert found["duration_days"].to_dict() == {"a": 59, "b": 90, "c": 100}
    assert found["lapsed"].to_dict() == {"a": True, "b": False, "c": False}


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("mrr", -1.0, "negative"),
        ("mrr", float("inf"), "infinite"),
        ("mrr", float("nan"), "no value"),
        ("ends_on", pd.Timestamp("2015-01-01"), "before starts_on"),
        ("subscription_id", "s2", "twice"),
        ("customer_id", None, "no value"),
        ("starts_on", pd.NaT, "no value"),
    ],
)
def test_a_book_with_faults_is_refused_with_the_rows(
    column: str, value: object, words: str
) -> None:
    book = BOOK.copy()
    book.loc[0, column] = value
    with pytest.raises(MetricError, match=words):
        revenue_bridge(book, period=MAY)


def test_a_missing_end_column_is_explained() -> None:
    with pytest.raises(MetricError, match="null stands for a contract without an end"):
        revenue_bridge(BOOK.drop(columns="ends_on"), period=MAY)


def test_an_empty_book_gives_a_bridge_of_zeros() -> None:
    assert revenue_bridge(BOOK.iloc[:0], period=MAY)["mrr"].tolist() == [0.0] * 7


DAYS = st.integers(0, 200)
CONTRACTS = st.lists(
    st.tuples(st.sampled_from("abcde"), DAYS, st.one_of(st.none(), DAYS), st.integers(0, 99_999)),
    max_size=25,
)


@given(CONTRACTS, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_any_book_closes_to_the_cent_in_any_order(rows, random) -> None:
    first = pd.Timestamp("2017-01-01")
    book = subscriptions(
        *(
            (f"s{i}", c, str(first + pd.Timedelta(days=d)),
             None if e is None else str(first + pd.Timedelta(days=d + e)), cents / 100)
            for i, (c, d, e, cents) in enumerate(rows)
        )
    )  # fmt: skip
    found = revenue_bridge(book, period=MAY)
    steps = (found.set_index("step")["mrr"] * 100).round().astype(int)
    assert steps.drop("end").sum() == steps["end"]
    rates = contractual_churn(book, period=MAY)
    assert np.isnan(rates["grr"]) or 0 <= rates["grr"] <= 1
    assert np.isnan(rates["nrr"]) or rates["nrr"] >= rates["grr"]
    order = list(range(len(book)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(revenue_bridge(book.iloc[order], period=MAY), found)
