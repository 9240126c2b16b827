"""The report a notebook writes: blocks, KPIs, tables, the explorer."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from helpers.document import MIME, from_json
from helpers.errors import ReportError
from helpers.metrics.contracts import Contract, Kpi
from helpers.params.base import BaseParams
from helpers.report import Explorer, Measure, Report, line, page
from helpers.report import explorer as explorer_module

REVENUE = Contract("revenue", "Revenue", "currency", "What was sold.", "sum of orders")
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
DATA = SimpleNamespace(
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
