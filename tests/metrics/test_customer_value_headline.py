"""The headline KPIs, what drives them, who contributed: by hand, and adding up exactly."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import MetricError
from helpers.metrics import customer_value as cv
from helpers.metrics.contracts import Kpi
from helpers.metrics.effects import effects_of
from helpers.periods import Period

NOV, DEC = Period.parse("2017-11"), Period.parse("2017-12")


def base(
    *, customers: int = 120, start: str = "2016-11-01", days: int = 426, seed: int = 2
) -> pd.DataFrame:
    """Return orders of a base in which people come and go, from `start` for `days` days."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(customers):
        day, gap = rng.uniform(0, days / 2), rng.gamma(2.0, 10.0) + 2
        while day < days and rng.random() > 0.03:
            rows.append(
                (f"c{k:03d}", pd.Timestamp(start) + timedelta(days=float(day)), rng.gamma(3, 10))
            )
            day += rng.exponential(gap)
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    return base()


@pytest.fixture(scope="module")
def model(orders: pd.DataFrame) -> cv.ValueModel:
    return cv.value_model(orders, as_of=DEC.end)


@pytest.fixture(scope="module")
def kpis(orders: pd.DataFrame, model: cv.ValueModel) -> dict[str, Kpi]:
    found = cv.headline(orders, period=DEC, model=model, replicates=20)
    assert [k.contract for k in found] == list(cv.CONTRACTS[:7])
    return {k.contract.name: k for k in found}


SMALL = pd.DataFrame(
    [
        ("a", "2017-11-03", 10.0), ("a", "2017-11-03", 5.0), ("a", "2017-11-20", 20.0),
        ("b", "2017-11-30", 5.0), ("b", "2017-12-01", 40.0), ("c", "2017-12-31", 60.0),
        ("c", "2017-12-24", -10.0),
    ],
    columns=["customer_id", "ordered_at", "revenue"],
).assign(ordered_at=lambda f: pd.to_datetime(f["ordered_at"]))  # fmt: skip


def test_a_period_is_measured_to_the_cent() -> None:
    found = cv.measure(SMALL, period=NOV)
    assert (found.revenue, found.customers, found.purchases) == (40.0, 2, 3)
    assert found.purchases_per_customer == 1.5
    assert found.average_purchase_value == pytest.approx(40 / 3)
    later = cv.measure(SMALL, period=DEC)
    assert (later.revenue, later.customers, later.purchases) == (90.0, 2, 2)
    nothing = cv.measure(SMALL, period=Period.parse("2018-02"))
    assert (nothing.revenue, nothing.customers) == (0.0, 0)
    assert np.isnan(nothing.average_purchase_value)


def test_the_headline_agrees_with_the_orders_table(
    orders: pd.DataFrame, kpis: dict[str, Kpi]
) -> None:
    inside = orders[orders["ordered_at"].dt.strftime("%Y-%m") == "2017-12"]
    before = orders[orders["ordered_at"].dt.strftime("%Y-%m") == "2017-11"]
    year = orders[orders["ordered_at"].dt.strftime("%Y-%m") == "2016-12"]
    revenue = kpis["customer_revenue"]
    assert revenue.value == pytest.approx(inside["revenue"].sum(), abs=0.005)
    assert revenue.previous == pytest.approx(before["revenue"].sum(), abs=0.005)
    assert revenue.year_before == pytest.approx(year["revenue"].sum(), abs=0.005)
    assert kpis["buying_customers"].value == inside["customer_id"].nunique()


def test_earlier_values_are_those_of_the_earlier_page(
    orders: pd.DataFrame, kpis: dict[str, Kpi]
) -> None:
    cut = orders[orders["ordered_at"] < "2017-12-01"]
    then = {k.contract.name: k.value for k in cv.headline(cut, period=NOV, replicates=20)}
    assert {name: kpi.previous for name, kpi in kpis.items()} == pytest.approx(then)


def test_later_orders_change_no_headline(orders: pd.DataFrame) -> None:
    cut = orders[orders["ordered_at"] < "2017-12-01"]
    whole, part = (cv.headline(o, period=NOV, replicates=20) for o in (orders, cut))
    assert whole == part


def test_the_expected_value_is_assumed_and_has_an_interval(
    kpis: dict[str, Kpi], model: cv.ValueModel
) -> None:
    kpi = kpis["expected_customer_value"]
    assert kpi.assumed
    assert kpi.low is not None
    assert kpi.high is not None
    assert kpi.low < kpi.value < kpi.high  # type: ignore[operator]
    assert kpi.value == pytest.approx(model.values["clv"].mean(), abs=0.01)
    assert model.purchases.used.label in kpi.note


def test_the_net_change_of_customers_is_that_of_the_bridge(
    orders: pd.DataFrame, kpis: dict[str, Kpi]
) -> None:
    row = cv.customer_bridge(orders, periods=[DEC]).iloc[0]
    assert kpis["net_customer_change"].value == row["new"] + row["reactivated"] - row["lost"]


def test_a_source_that_does_not_reach_back_leaves_the_comparison_blank() -> None:
    short = base(start="2017-11-20", days=42, customers=40)
    found = {k.contract.name: k for k in cv.headline(short, period=DEC, replicates=20)}
    assert found["customer_revenue"].previous is None
    assert found["customer_revenue"].year_before is None
    assert found["net_customer_change"].value is None
    assert "does not reach back 90 days" in found["net_customer_change"].note
    assert found["expected_customer_value"].value is None
    assert found["expected_customer_value"].note == "needs 56 days of history"


def test_no_order_up_to_the_period_is_an_error(orders: pd.DataFrame) -> None:
    with pytest.raises(MetricError, match="no order up to 2015-01-31"):
        cv.headline(orders, period=Period.parse("2015-01"))


def test_money_scales_and_counts_do_not(orders: pd.DataFrame, kpis: dict[str, Kpi]) -> None:
    tenfold = orders.assign(revenue=orders["revenue"] * 10)
    scaled = {k.contract.name: k for k in cv.headline(tenfold, period=DEC, replicates=20)}
    for name in ("customer_revenue", "expected_customer_value"):
        assert scaled[name].value == pytest.approx(10 * kpis[name].value, rel=1e-4)  # type: ignore[operator]
    for name in ("buying_customers", "purchases_per_customer", "top_decile_share"):
        assert scaled[name].value == kpis[name].value


@pytest.mark.parametrize("kind", ["one", "constant", "zero", "once"])
def test_a_headline_of_degenerate_bases_holds(kind: str) -> None:
    days = pd.date_range("2017-08-01", "2017-12-31", freq="7D")
    people = ["a"] if kind == "one" else [f"c{k}" for k in range(20)]
    rows = [(p, day, 0.0 if kind == "zero" else 10.0) for p in people for day in days]
    if kind == "once":
        rows = [(f"c{k}", day, 10.0) for k, day in enumerate(days)]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    found = {k.contract.name: k for k in cv.headline(orders, period=DEC, replicates=20)}
    expected = orders.loc[orders["ordered_at"] >= "2017-12-01", "revenue"].sum()
    assert found["customer_revenue"].value == expected
    value = found["expected_customer_value"].value
    assert value is not None
    assert np.isfinite(value)
    assert value >= 0
    if kind in {"zero", "once"}:
        assert value == 0.0  # no repeat purchase worth anything: nothing is made up
    further = cv.further_kpis(orders, cv.value_model(orders, as_of=DEC.end))
    assert [k.contract.name for k in further] == [c.name for c in cv.CONTRACTS[7:]]


def test_two_factors_share_their_change_by_the_mean_of_the_other() -> None:
    # 2 · 5 → 3 · 7: Δ = 11; customers 1 · (5 + 7) / 2 = 6, baskets 2 · (2 + 3) / 2 = 5.
    assert effects_of([2.0, 5.0], [3.0, 7.0]).tolist() == [6.0, 5.0]
    assert effects_of([0.0, 5.0, 2.0], [4.0, 0.0, 3.0]).sum() == pytest.approx(0.0)


@given(
    st.lists(st.floats(-50, 50), min_size=6, max_size=6),
)
@settings(max_examples=50, deadline=None)
def test_effects_always_add_up(numbers: list[float]) -> None:
    before, after = numbers[:3], numbers[3:]
    assert effects_of(before, after).sum() == pytest.approx(
        np.prod(after) - np.prod(before), abs=1e-6
    )


def test_revenue_is_driven_by_customers_frequency_and_basket() -> None:
    found = cv.revenue_drivers(SMALL, period=DEC, against=NOV)
    assert found["effect"].sum() == pytest.approx(50.0)
    assert found["effect"].tolist()[0] == pytest.approx(0.0)  # two customers in both months
    assert found["before"].tolist() == pytest.approx([2, 1.5, 40 / 3])
    nobody = cv.revenue_drivers(SMALL, period=NOV, against=Period.parse("2017-10"))
    assert nobody["effect"].tolist() == [40.0, 0.0, 0.0]


def test_the_drivers_of_every_kpi_add_up_to_its_change(
    orders: pd.DataFrame, model: cv.ValueModel, kpis: dict[str, Kpi]
) -> None:
    earlier = cv.value_model(orders, as_of=NOV.end)
    found = cv.kpi_drivers(orders, period=DEC, against=NOV, model=model, earlier=earlier)
    changes = found.groupby("kpi")["effect"].sum()
    labels = {kpi.contract.label: kpi for kpi in kpis.values()}
    assert len(changes) == 5
    for label, change in changes.items():
        kpi = labels[str(label)]
        tolerance = 2.1 * 10**-kpi.contract.precision
        assert change == pytest.approx(kpi.value - kpi.previous, abs=tolerance)  # type: ignore[operator]


GROUPS = pd.DataFrame({"customer_id": ["a", "b"], "group": ["old", "old"]})


def test_groups_of_a_period_sum_to_the_whole() -> None:
    found = cv.group_measures(SMALL, GROUPS, period=DEC, other="new").set_index("group")
    assert found.loc["old"].tolist() == [40.0, 1, 1]
    assert found.loc["new"].tolist() == [50.0, 1, 1]
    with pytest.raises(MetricError, match="two groups"):
        cv.group_measures(SMALL, pd.concat([GROUPS, GROUPS]), period=DEC)


def test_mix_and_rate_of_two_groups_are_those_worked_by_hand() -> None:
    # Value per purchase: 10 and 30 with shares .5, .5 (20); then 10 and 40 with .2, .8 (34).
    before = pd.DataFrame(
        {"group": ["x", "y"], "revenue": [50.0, 150.0], "purchases": [5, 5], "customers": [5, 5]}
    )
    after = pd.DataFrame(
        {"group": ["x", "y"], "revenue": [20.0, 320.0], "purchases": [2, 8], "customers": [2, 8]}
    )
    table = cv.contributions(before, after).set_index(["kpi", "effect", "group"])["contribution"]
    value = table["Value per purchase"]
    # R̄ = 27; mix x: -.3 (10 - 27), y: .3 (35 - 27); rate y: .65 · 10.
    assert value["mix"].to_dict() == pytest.approx({"x": 5.1, "y": 2.4})
    assert value["rate"].to_dict() == pytest.approx({"x": 0.0, "y": 6.5})
    assert table["Revenue"]["change"].to_dict() == {"x": -30.0, "y": 170.0}
    sentence = cv.explain(
        cv.contributions(before, after),
        kpi="Value per purchase",
        against="November",
        dimension="kind",
    )
    assert sentence == (
        "Value per purchase rose by 14.00 against November. Behaviour within groups accounts for "
        "+6.50, a different mix of them for +7.50. By kind, “y” moved it most (+8.90)."
    )
    same = cv.explain(
        cv.contributions(before, before), kpi="Revenue", against="May", dimension="kind"
    )
    assert same == "Revenue: unchanged against May."
    with pytest.raises(MetricError, match="nothing is known"):
        cv.explain(table.reset_index().assign(unit="count"), kpi="Churn", against="", dimension="")


measures = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=5
)


@given(before=measures, after=measures)
@settings(max_examples=60, deadline=None)
def test_contributions_add_up_to_the_change(
    before: list[tuple[int, int, int]], after: list[tuple[int, int, int]]
) -> None:
    def table(rows: list[tuple[int, int, int]]) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "group": [f"g{k}" for k in range(len(rows))],
                "revenue": [float(row[0]) for row in rows],
                "purchases": [row[1] + row[2] for row in rows],
                "customers": [row[1] for row in rows],
            }
        )

    old, new = table(before), table(after)
    found = cv.contributions(old, new).groupby("kpi")["contribution"].sum()
    assert found["Revenue"] == pytest.approx(new["revenue"].sum() - old["revenue"].sum())
    for kpi, above, below in [
        ("Value per purchase", "revenue", "purchases"),
        ("Revenue per customer", "revenue", "customers"),
        ("Purchases per customer", "purchases", "customers"),
    ]:
        if old[below].sum() and new[below].sum():
            change = new[above].sum() / new[below].sum() - old[above].sum() / old[below].sum()
            assert found[kpi] == pytest.approx(change, abs=1e-9)
        else:
            assert kpi not in found.index


def test_a_row_order_changes_no_headline(orders: pd.DataFrame, kpis: dict[str, Kpi]) -> None:
    shuffled = orders.sample(frac=1.0, random_state=1)
    found = cv.headline(shuffled, period=DEC, replicates=20)
    assert found == list(kpis.values())


def test_a_period_is_covered_when_the_history_begins_with_it() -> None:
    orders = SMALL.assign(ordered_at=SMALL["ordered_at"] - timedelta(days=0))
    assert cv.covers(orders, NOV)  # first order on the 3rd: three days of grace
    assert not cv.covers(orders, Period.parse("2017-10"))
    assert date(2017, 11, 3) == orders["ordered_at"].min().date()


def bought(*rows: tuple[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["customer_id", "ordered_at"]).assign(revenue=10.0)
    return frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"]))


def test_who_was_first_seen_in_between_has_not_come_back_after_a_pause() -> None:
    """Worked by hand: in December 2016 a and b bought; in December 2017 a, c, d, e.

    c was first seen in March between the two, d in December itself; e bought before December 2016.
    """
    orders = bought(
        ("a", "2016-12-05"), ("b", "2016-12-06"), ("e", "2016-10-01"), ("c", "2017-03-01"),
        ("a", "2017-12-01"), ("c", "2017-12-02"), ("d", "2017-12-03"), ("e", "2017-12-04"),
    )  # fmt: skip
    year = cv.kpi_drivers(orders, period=DEC, against=Period.parse("2016-12"))
    rows = year[year["kpi"] == "Customers who bought"].set_index("driver")["effect"]
    assert rows.to_dict() == {
        "First seen in the period": 1.0, "First seen since then": 1.0, "Had paused then": 1.0,
        "Did not buy this time": -1.0,
    }  # fmt: skip
    month = cv.kpi_drivers(orders, period=DEC, against=NOV)
    rows = month[month["kpi"] == "Customers who bought"].set_index("driver")["effect"]
    assert rows.to_dict() == {
        "First seen in the period": 1.0, "Had paused then": 3.0, "Did not buy this time": 0.0,
    }  # fmt: skip
