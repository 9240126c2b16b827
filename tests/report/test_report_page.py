"""The report a notebook writes: blocks, KPIs, tables, the explorer."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from helpers.document import MIME
from helpers.document_json import from_json
from helpers.errors import ReportError
from helpers.metrics.contracts import Contract, Kpi
from helpers.params.base import BaseParams
from helpers.report import Explorer, Measure, Report, line, page
from helpers.report import explorer as explorer_module
from helpers.report.buyers import FEW

REVENUE = Contract("revenue", "Revenue", "currency", "What was sold.", "sum of orders")
SUMMED = replace(REVENUE, reconciles="orders.revenue")
CHURN = Contract(
    "churn", "Churn", "share", "Who left.", "lost / start", higher_is="worse", precision=4
)


class Params(BaseParams):
    title = "Demo"
    summary = "A demo."


PARAMS = Params(
    period="2017-09",
    source="shop",
    slice="age=35-44",
    currency="USD",
    locale="en_US",
    time_zone="UTC",
)
ORDERS = pd.DataFrame(
    [
        (f"C{n}", day)
        for day, many in {"2016-09-30": 9, "2017-08-01": 9, "2017-09-15": 20}.items()
        for n in range(many)
    ],
    columns=["customer_id", "ordered_at"],
).astype({"ordered_at": "datetime64[ns]"})
DATA = SimpleNamespace(
    get=lambda name: ORDERS.copy(),
    label="The Shop",
    snapshot="abc123",
    files=[{"name": "orders.csv", "sha256": "f" * 64, "rows": 3}],
)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    outputs: list[Any] = []
    monkeypatch.setattr(page, "display", outputs.append)
    return outputs


def blocks(shown: list[Any]) -> list[Any]:
    return [from_json(view._repr_mimebundle_()[MIME]) for view in shown]


def test_the_title_says_period_source_and_slice_in_words(shown: list[Any]) -> None:
    Report(PARAMS, DATA).title()
    (title,) = blocks(shown)
    assert (title.period_text, title.source_text, title.slice_text, title.as_of) == (
        "September 2017", "The Shop", "age: 35-44", "2017-09-30",
    )  # fmt: skip


def test_kpis_compare_with_the_previous_period_in_their_own_unit(shown: list[Any]) -> None:
    values = [
        Kpi(REVENUE, 110.004, previous=100.0),
        Kpi(CHURN, 0.05, previous=0.04, low=0.03, high=0.07),
    ]
    Report(PARAMS, DATA).headline(values)
    revenue, churn = blocks(shown)[0].items
    assert (revenue.value, revenue.text) == (110.0, "$110.00")
    assert (revenue.previous.change_text, revenue.previous.verdict) == ("+10.0%", "better")
    assert (churn.previous.change_text, churn.previous.verdict) == ("+1.0 pp", "worse")
    assert churn.interval_text == "3.0% to 7.0%"
    assert revenue.year_before is None
    text = shown[0]._repr_mimebundle_()["text/plain"]
    assert "Revenue: $110.00 (+10.0% since August 2017)" in text


def test_a_kpi_without_a_value_is_a_dash_with_its_reason(shown: list[Any]) -> None:
    Report(PARAMS, DATA).kpis([Kpi(REVENUE, float("nan"), note="No orders.")])
    (item,) = blocks(shown)[0].items
    assert (item.value, item.text, item.note) == (None, "–", "No orders.")


def test_a_kpi_given_twice_is_refused(shown: list[Any]) -> None:
    with pytest.raises(ReportError, match="'revenue' is given twice"):
        Report(PARAMS, DATA).kpis([Kpi(REVENUE, 1.0), Kpi(REVENUE, 2.0)])


def lonely(*days: str) -> Any:
    """A source in which 3 customers bought on each of the days, and 9 or more on every other."""
    three = ORDERS["customer_id"].isin(["C0", "C1", "C2"])
    many = ORDERS["ordered_at"].isin(pd.to_datetime(list(days))) & ~three
    return SimpleNamespace(**{**vars(DATA), "get": lambda name: ORDERS[~many]})


def test_the_kpis_of_a_period_with_few_buyers_are_withheld_with_a_note(shown: list[Any]) -> None:
    report = Report(PARAMS, lonely("2017-09-15"))
    report.headline([Kpi(SUMMED, 777.77, previous=100.0, year_before=90.0, low=700.0, high=800.0)])
    (item,) = blocks(shown)[0].items
    assert (item.value, item.text, item.note) == (None, "–", "Too few customers to publish.")
    assert (item.low, item.interval_text, item.previous, item.year_before) == (None, "", None, None)
    assert item.control is None, "the sum it must equal is the same figure"
    assert "777" not in str(shown[0]._repr_mimebundle_())


@pytest.mark.parametrize(
    ("day", "kept"), [("2017-08-01", "year_before"), ("2016-09-30", "previous")]
)
def test_a_period_with_few_buyers_is_not_compared_with(
    shown: list[Any], day: str, kept: str
) -> None:
    Report(PARAMS, lonely(day)).kpis([Kpi(REVENUE, 110.0, previous=100.0, year_before=90.0)])
    (item,) = blocks(shown)[0].items
    assert item.value == 110.0
    assert {n for n in ("previous", "year_before") if getattr(item, n)} == {kept}


@pytest.mark.parametrize(("customers", "value"), [(7, None), (8, 0.05), (0, 0.05), (None, 0.05)])
def test_a_kpi_that_declares_its_customers_is_judged_by_them(
    shown: list[Any], customers: int | None, value: float | None
) -> None:
    Report(PARAMS, DATA).kpis([Kpi(CHURN, 0.05, customers=customers)])
    assert blocks(shown)[0].items[0].value == value


def test_where_few_bought_only_what_counts_its_customers_is_shown(shown: list[Any]) -> None:
    """Months before may be shown; their sum, sentences and breakdowns would tell of this one."""
    frame = pd.DataFrame({"m": ["2017-08", "2017-09"], "v": [100.0, 777.77], "n": [20, 3]})
    report = Report(PARAMS, lonely("2017-09-15"))
    report.text("Revenue rose to $777.77.")
    report.text("It fell by $777.77.", tone="caution")
    report.text("This source has no campaigns.", tone="missing")
    silent = line(frame, x="m", y="v", title="Silent", unit="currency", says="Up to $777.77.")
    report.charts(silent, replace(silent, title="Counted", customers="n"))
    report.table(frame, title="By category", grain="category")
    report.table(frame, title="By month", grain="period", customers="n")
    found = blocks(shown)
    assert [b.text for b in found if b.type == "text"] == [
        f"The account in words: {FEW}",
        "This source has no campaigns.",
        f"Silent: {FEW}",
        f"By category: {FEW}",
    ]
    (chart,) = [b for b in found if b.type == "chart"]
    (table,) = [b for b in found if b.type == "table"]
    assert chart.table.rows == [["2017-08", 100.0, 20]]
    assert table.rows == [["2017-08", 100.0, 20]]
    assert "777" not in str([view._repr_mimebundle_() for view in shown])


def test_a_source_without_orders_has_no_few_buyers(shown: list[Any]) -> None:
    nobody = SimpleNamespace(**{**vars(DATA), "get": lambda name: ORDERS.head(0)})
    Report(PARAMS, nobody).kpis([Kpi(REVENUE, 5.0)])
    assert blocks(shown)[0].items[0].value == 5.0


def test_two_charts_of_one_title_get_two_anchors(shown: list[Any]) -> None:
    frame = pd.DataFrame({"m": ["2017-01", "2017-02"], "v": [1.0, 2.0]})
    spec = line(frame, x="m", y="v", title="Revenue", unit="currency")
    Report(PARAMS, DATA).charts(spec, spec)
    assert [b.id for b in blocks(shown) if b.type == "chart"] == ["revenue", "revenue-2"]


def test_a_table_shows_text_for_the_reader_and_keeps_raw_values(shown: list[Any]) -> None:
    frame = pd.DataFrame(
        {"group": ["<b>A</b>", "B", "C"], "share": [0.5, None, None], "n": [10, 3, 5],
         "on": pd.to_datetime(["2017-09-01"] * 3)}
    )  # fmt: skip
    Report(PARAMS, DATA).table(
        frame,
        title="Groups",
        grain="segment",
        customers="n",
        units={"share": "share", "n": "count"},
    )
    (table,) = blocks(shown)
    assert table.rows == [["<b>A</b>", 0.5, 10, "2017-09-01"]]
    assert table.text == [["<b>A</b>", "50.0%", "10", "Sep 1, 2017"]]
    assert table.note == "2 with fewer than 8 customers not shown."
    assert "&lt;b&gt;A" in shown[0]._repr_mimebundle_()["text/html"]


def test_an_empty_table_is_a_sentence(shown: list[Any]) -> None:
    Report(PARAMS, DATA).table(pd.DataFrame({"a": []}), title="Campaigns", grain="campaign")
    (text,) = blocks(shown)
    assert (text.tone, text.text) == ("missing", "Campaigns: nothing to show for this period.")


def test_a_unit_for_a_column_that_is_not_there_is_refused(shown: list[Any]) -> None:
    with pytest.raises(ReportError, match="no column 'revenu'"):
        Report(PARAMS, DATA).table(
            pd.DataFrame({"revenue": [1]}), title="T", grain="total", units={"revenu": "currency"}
        )


CUBE = pd.DataFrame(
    [
        {"month": m, "income": i, "revenue": float(r), "orders": o, "n": 20}
        for m, i, r, o in [
            ("2017-08", "low", 10, 2), ("2017-08", "high", 30, 3),
            ("2017-09", "low", 20, 4), ("2017-09", "high", 40, 4),
        ]
    ]
)  # fmt: skip
EXPLORER = Explorer(
    CUBE, x="month", title="Explore", by={"income": "Income"}, customers="n",
    measures=(
        Measure("Revenue", "currency", "revenue"),
        Measure("Per order", "currency", "revenue", "orders"),
    ),
)  # fmt: skip


def test_the_explorer_sums_and_divides_over_what_is_chosen() -> None:
    whole = EXPLORER.view(EXPLORER.measures[1], None)
    assert whole.frame["shown_value"].tolist() == [8.0, 7.5]  # 40 / 5, 60 / 8
    split = EXPLORER.view(EXPLORER.measures[0], "income", "2017-09", "2017-09")
    assert dict(zip(split.frame["income"], split.frame["shown_value"], strict=True)) == {
        "high": 40.0,
        "low": 20.0,
    }


def counted(explorer: Explorer, split: str | None) -> list[float]:
    frame = explorer.view(explorer.measures[0], split).frame
    return list(frame["customers_counted"])


def test_the_explorer_counts_no_customer_twice() -> None:
    """One customer on 7 weekdays is 1, not 7: the largest cell is what is sure."""
    cube = pd.DataFrame(
        {"month": "2017-09", "day": [f"day {n}" for n in range(7)] * 2,
         "shop": ["A"] * 7 + ["B"] * 7, "revenue": 5.0, "n": [1] * 7 + [6, 4, 4, 4, 4, 4, 9]}
    )  # fmt: skip
    lower = Explorer(
        cube, x="month", title="E", by={"shop": "Shop"}, customers="n",
        measures=(Measure("Revenue", "currency", "revenue"),),
    )  # fmt: skip
    assert counted(lower, "shop") == [1, 9]
    assert counted(lower, None) == [9]
    exact = replace(lower, cube=cube.assign(n_by_shop=[3] * 7 + [21] * 7, n_in_all=22))
    assert counted(exact, "shop") == [3, 21]
    assert counted(exact, None) == [22]


def test_the_explorer_takes_the_smallest_of_several_counts_and_hides_no_rest() -> None:
    cube = CUBE.assign(answered=[4, 12, 0, 30])
    both = replace(EXPLORER, cube=cube, customers=("n", "answered"))
    assert counted(both, "income") == [12, 4, 20, 20]
    variants = both.static(Report(PARAMS, DATA).format)[0].variants
    split = next(v for v in variants if v.label == "Revenue by income")
    assert [row[:2] for row in split.table.rows] == [["2017-09", "high"], ["2017-09", "low"]]


def test_the_explorer_follows_its_controls_and_leaves_a_static_view(shown: list[Any]) -> None:
    report = Report(PARAMS, DATA)
    report.explorer(EXPLORER)
    bundle = shown[0]._repr_mimebundle_()
    (chart,) = blocks(shown)
    assert chart.explorer
    assert [v.label for v in chart.variants] == [
        "Revenue", "Revenue by income", "Per order", "Per order by income",
    ]  # fmt: skip
    assert "application/vnd.jupyter.widget-view+json" in bundle
    box = explorer_module.widget(EXPLORER, report.format)
    (measure, split), (span, between), picture = (
        box.children[0].children, box.children[1].children, box.children[2]
    )  # fmt: skip
    assert "Revenue</b>" in picture.value
    assert split.label == "No split"
    assert between.value == "August 2017 - September 2017"
    measure.value, split.value = 1, "income"
    assert "Per order by income" in picture.value
    span.index = (1, 1)
    assert between.value == "September 2017 - September 2017"
    assert "September 2017" in picture.value
    assert "August" not in picture.value


def test_provenance_names_snapshot_files_and_versions(shown: list[Any]) -> None:
    Report(PARAMS, DATA).provenance()
    (block,) = blocks(shown)
    assert block.snapshot == "abc123"
    assert block.files[0]["name"] == "orders.csv"
    assert block.versions["pandas"] == pd.__version__
    assert block.parameters["period"] == "2017-09"
    assert date.fromisoformat(PARAMS.as_of.isoformat()) == date(2017, 9, 30)
