"""Kaplan–Meier retention against published tables, and lifetimes worked by hand."""

import warnings
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import MetricError
from helpers.metrics.churn import (
    absences,
    choose_window,
    compare_curves,
    lifetimes,
    purchase_days,
    share_after,
    starting_groups,
    stay_by_group,
    survival_curve,
    window_choices,
)
from helpers.periods import Period

# Remission of leukaemia patients on 6-MP, weeks; + is censored. Freireich et al. (1963), Blood 21;
# the table is printed in Kleinbaum & Klein, Survival Analysis, and Cox & Oakes (1984), p. 8.
MP6 = "6 6 6 7 10 13 16 22 23 6+ 9+ 10+ 11+ 17+ 19+ 20+ 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def durations(text: str, group: str = "all") -> pd.DataFrame:
    times = text.split()
    return pd.DataFrame(
        {
            "duration_days": [float(t.rstrip("+")) for t in times],
            "lapsed": [not t.endswith("+") for t in times],
            "group": group,
        }
    )


def test_kaplan_meier_and_greenwood_are_the_published_ones() -> None:
    found = survival_curve(durations(MP6), event="lapsed", min_at_risk=1).set_index("day")
    # S(t) as printed there; standard errors by hand, .8571·sqrt(3/(21·18)) = .0764 at 6 weeks.
    published = {6: (0.857, 0.0764), 7: (0.807, 0.0869), 10: (0.753, 0.0963), 13: (0.690, 0.1068),
                 16: (0.627, 0.1141), 22: (0.538, 0.1282), 23: (0.448, 0.1346)}  # fmt: skip
    for day, (survival, error) in published.items():
        assert found.loc[day, "survival"] == pytest.approx(survival, abs=5e-4)
        assert found.loc[day, "std_error"] == pytest.approx(error, abs=5e-5)
    # log(−log) interval at 10 weeks by hand: θ = 1.96·(.0963/.7529)/ln(.7529) = −.8835;
    # .7529^exp(±.8835).
    assert found.loc[10, ["low", "high"]].tolist() == pytest.approx([0.503, 0.889], abs=1e-3)


def test_the_log_rank_test_is_the_published_one() -> None:
    both = pd.concat([durations(MP6, "6-MP"), durations(PLACEBO, "placebo")], ignore_index=True)
    # Chi-square 16.79 on 1 degree of freedom (Kleinbaum & Klein, chapter 2): p = 4.17e-5.
    assert compare_curves(both, event="lapsed", by="group") == pytest.approx(4.17e-5, rel=2e-3)


def test_groups_that_cannot_be_compared_give_no_p_value() -> None:
    assert np.isnan(compare_curves(durations(MP6), event="lapsed", by="group"))
    nobody = durations("5+ 6+").assign(group=["a", "b"])
    assert np.isnan(compare_curves(nobody, event="lapsed", by="group"))


def test_a_curve_ends_where_too_few_are_watched() -> None:
    found = survival_curve(durations(MP6), event="lapsed", min_at_risk=8)
    # Eight of 21 have a time of 20 or more: 20+ 22 23 25+ 32+ 32+ 34+ 35+.
    assert found.iloc[-1][["day", "at_risk"]].tolist() == [20, 8]


def test_segments_have_their_own_curves_and_unknown_ones_none() -> None:
    both = pd.concat([durations(MP6, "6-MP"), durations(PLACEBO, "placebo")], ignore_index=True)
    both.loc[0, "group"] = None
    found = survival_curve(both, event="lapsed", by="group", min_at_risk=1)
    assert found.groupby("segment")["customers"].first().to_dict() == {"6-MP": 20, "placebo": 21}


def test_nobody_leaving_is_a_flat_line_without_interval() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = survival_curve(durations("9+ " * 10), event="lapsed")
    assert found["survival"].eq(1.0).all()
    assert found[["low", "high"]].isna().all(axis=None)


def test_everybody_leaving_ends_at_zero() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = survival_curve(durations("9 " * 10), event="lapsed")
    assert found["survival"].tolist() == [1.0] * 9 + [0.0]


def test_one_customer_is_too_few_for_a_curve() -> None:
    assert survival_curve(durations("9"), event="lapsed").empty
    assert survival_curve(durations(""), event="lapsed").empty
    assert np.isnan(share_after(survival_curve(durations("9"), event="lapsed"), day=5)["survival"])


def test_the_share_past_the_end_of_a_curve_is_not_known() -> None:
    curve = survival_curve(durations(MP6), event="lapsed")
    assert share_after(curve, day=6)["survival"] == pytest.approx(18 / 21)
    assert np.isnan(share_after(curve, day=400)["survival"])


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(MetricError, match="negative"):
        survival_curve(durations("-1 3"), event="lapsed")


def visits(*rows: tuple[str, int]) -> pd.DataFrame:
    start = pd.Timestamp("2017-01-01")
    return purchase_days(
        pd.DataFrame(
            {
                "customer_id": [r[0] for r in rows],
                "ordered_at": [start + pd.Timedelta(days=r[1]) for r in rows],
                "revenue": 1.0,
            }
        )
    )


# Day 0 is 1 January, as of day 100 (11 April), window 30.
# ann buys on 0, 20, 40: last gap 60 days to day 100, lapses on 70        70 days, lapsed
# ben buys on 10, 90: gap of 80 from 10, lapses on 40, comes back on 90   30 days, lapsed; away 50
# cleo buys on 60, 80: 20 days of silence                                 40 days, censored
# dan buys on 70: 30 days of silence are complete on day 100              30 days, lapsed; away 0+
LIVES = visits(("ann", 0), ("ann", 20), ("ann", 40), ("ben", 10), ("ben", 90), ("cleo", 60),
               ("cleo", 80), ("dan", 70))  # fmt: skip
AS_OF = date(2017, 4, 11)


def test_lifetimes_end_when_the_window_of_silence_is_complete() -> None:
    found = lifetimes(LIVES, as_of=AS_OF, window=30).set_index("customer_id")
    assert found["duration_days"].to_dict() == {"ann": 70, "ben": 30, "cleo": 40, "dan": 30}
    assert found["lapsed"].to_dict() == {"ann": True, "ben": True, "cleo": False, "dan": True}


def test_absences_last_from_the_lapse_to_the_return() -> None:
    found = absences(LIVES, as_of=AS_OF, window=30).set_index("customer_id")
    assert found["duration_days"].to_dict() == {"ann": 30, "ben": 50, "dan": 0}
    assert found["returned"].to_dict() == {"ann": False, "ben": True, "dan": False}


@pytest.mark.parametrize(("gap", "lapsed"), [(30, False), (31, True)])
def test_coming_back_on_the_last_day_of_the_window_is_no_lapse(gap: int, lapsed: bool) -> None:
    found = lifetimes(
        visits(("a", 0), ("a", gap), ("a", gap + 29)), as_of=date(2017, 3, 2), window=30
    )
    assert found["lapsed"].tolist() == [lapsed]


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 200)), min_size=1, max_size=50),
    st.integers(5, 60),
    st.integers(60, 199),
)
@settings(max_examples=50, deadline=None)
def test_a_lapse_once_counted_never_changes(rows, window, day) -> None:
    early, late = (date(2017, 1, 1) + pd.Timedelta(days=d).to_pytimedelta() for d in (day, 200))
    then = lifetimes(visits(*rows), as_of=early, window=window).set_index("customer_id")
    now = lifetimes(visits(*rows), as_of=late, window=window).set_index("customer_id")
    settled = then[then["lapsed"]]
    assert now.loc[settled.index, "lapsed"].all()
    assert (now.loc[settled.index, "duration_days"] == settled["duration_days"]).all()
    assert (now.loc[then.index, "duration_days"] >= then["duration_days"]).all()


def test_no_purchases_give_no_lifetimes() -> None:
    nobody = LIVES.iloc[:0]
    assert lifetimes(nobody, as_of=AS_OF, window=30).empty
    assert absences(nobody, as_of=AS_OF, window=30).empty


def test_groups_are_made_of_the_first_purchase_alone() -> None:
    start = pd.Timestamp("2017-01-01")
    rows = [("a", 0, 90.0), ("b", 0, 50.0), ("c", 0, 10.0), ("c", 5, 900.0)]
    bought = purchase_days(
        pd.DataFrame(
            {
                "customer_id": [r[0] for r in rows],
                "ordered_at": [start + pd.Timedelta(days=r[1]) for r in rows],
                "revenue": [r[2] for r in rows],
            }
        )
    )
    found = starting_groups(bought, as_of=AS_OF)
    assert found["first_purchase"].tolist() == ["high", "middle", "low"]


def many() -> pd.DataFrame:
    """Return 60 customers: the north buys every 10 days, the south once."""
    rows = [(f"n{i:02}", d) for i in range(30) for d in range(0, 101, 10)]
    return visits(*rows, *((f"s{i:02}", i % 5) for i in range(30)))


TOWNS = pd.DataFrame(
    {
        "customer_id": [f"{side}{i:02}" for side in "ns" for i in range(30)],
        "side": ["north"] * 30 + ["south"] * 30,
    }
)


def test_stays_differ_between_groups_as_the_log_rank_test_says() -> None:
    table = stay_by_group(many(), as_of=AS_OF, window=30, customers=TOWNS)
    side = table[table["dimension"] == "side"]
    assert side["p_value"].max() < 1e-9
    assert side["split"].unique().tolist() == ["Side"]
    last = side.groupby("segment")["survival"].last()
    assert last.to_dict() == {"north": 1.0, "south": 0.0}
    everybody = table[table["dimension"] == "all"]
    assert everybody["survival"].iloc[-1] == pytest.approx(0.5)
    assert everybody["customers"].unique().tolist() == [60]


def test_other_windows_are_shown_beside_the_chosen_one() -> None:
    march = Period.parse("2017-03")
    chosen = choose_window(many(), as_of=march.end, given=30)
    table = window_choices(many(), period=march, chosen=chosen, windows=(14, 182)).set_index("days")
    assert table.index.tolist() == [14, 30]  # 182 days lie before the history
    assert table["chosen"].tolist() == [False, True]
    assert table["customers"].tolist() == [30, 30]
    assert table["churn_rate"].tolist() == [0.0, 0.0]
    assert table["returned"].isna().all()  # nobody was watched for 91 days after the lapse
    assert window_choices(many().iloc[:0], period=march, chosen=chosen).empty
