"""Charts: guarded, drawn, put in words, the same bytes each time."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from helpers.document_json import as_json, from_json
from helpers.errors import DisclosureError, ReportError
from helpers.report import bar, dots, heatmap, line, scatter
from helpers.report.axes import category_axis, date_axis
from helpers.report.charts import build
from helpers.report.format import Formatter

US = Formatter("USD", "en_US")
MONTHS = pd.DataFrame({"month": ["2017-01", "2017-02", "2017-03"], "revenue": [100.0, 90.0, 120.0]})
SEGMENTS = pd.DataFrame(
    {
        "label": ["Loyal", "New", "Rare"],
        "spend": [50.0, 30.0, 20.0],
        "n": [40, 8, 7],
        "x": [1, 2, 3],
    }
)
COHORTS = pd.DataFrame(
    {"cohort": ["2017-01", "2017-01", "2017-02"], "age": [0, 1, 0], "kept": [1.0, 0.5, 1.0], "n": 9}
)
SPECS = {
    "line": line(MONTHS, x="month", y="revenue", title="Revenue", unit="currency"),
    "bar": bar(SEGMENTS, x="label", y="spend", title="Spend", unit="currency", customers="n"),
    "dots": dots(
        SEGMENTS.assign(lo=10.0, hi=60.0), x="label", y="spend", low="lo", high="hi",
        title="Effect", unit="currency", customers="n",
    ),
    "scatter": scatter(
        pd.concat([SEGMENTS] * 2), x="x", y="spend", title="Relation", unit="number", customers="n"
    ),
    "heatmap": heatmap(
        COHORTS, x="age", y="cohort", value="kept", title="Kept", unit="share", customers="n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SPECS)
def test_every_kind_draws_well_formed_svg_with_marks_inside_and_survives_json(kind: str) -> None:
    chart, svg = build(SPECS[kind], US)
    assert ElementTree.fromstring(svg).tag.endswith("svg")  # noqa: S314 - our own bytes
    assert chart.marks
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y, _ in chart.marks)
    assert all(0 <= row < len(chart.table.rows) for _, _, row in chart.marks)
    assert chart.sentence in chart.alt
    assert from_json(as_json(chart)) == chart


@pytest.mark.parametrize("kind", SPECS)
def test_the_same_data_gives_the_same_bytes(kind: str) -> None:
    assert build(SPECS[kind], US) == build(SPECS[kind], US)


def test_a_changed_value_changes_the_digest_and_the_sentence() -> None:
    other = line(
        MONTHS.assign(revenue=[100.0, 90.0, 121.0]), x="month", y="revenue", title="Revenue",
        unit="currency",
    )  # fmt: skip
    first, second = build(SPECS["line"], US)[0], build(other, US)[0]
    assert first.digest != second.digest
    assert first.sentence == (
        "From $100.00 in January 2017 to $120.00 in March 2017 (+20.0%). "
        "Lowest: $90.00 in February 2017."
    )


def test_groups_of_fewer_than_eight_customers_are_left_out_and_counted() -> None:
    chart, svg = build(SPECS["bar"], US)
    assert [row[0] for row in chart.table.rows] == ["Loyal"]
    assert chart.table.suppressed == 2, "New with Rare: it is the total without Loyal and New"
    assert not re.search("Rare|New", str(as_json(chart)) + svg)


def test_a_group_of_customers_without_a_count_is_refused() -> None:
    with pytest.raises(DisclosureError, match="customers=COLUMN"):
        build(bar(SEGMENTS, x="label", y="spend", title="S", unit="count", grain="segment"), US)


@pytest.mark.parametrize("column", ["customer_id", "email"])
def test_rows_about_single_customers_are_refused(column: str) -> None:
    frame = pd.DataFrame({column: ["HH-1"], "spend": [3.0]})
    with pytest.raises(DisclosureError, match=column):
        build(bar(frame, x=column, y="spend", title="S", unit="count"), US)
    with pytest.raises(DisclosureError, match="grain 'customer'"):
        build(bar(SEGMENTS, x="label", y="spend", title="S", unit="count", grain="customer"), US)


@pytest.mark.parametrize("kind", SPECS)
def test_an_empty_frame_is_a_sentence(kind: str) -> None:
    from dataclasses import replace

    chart, svg = build(replace(SPECS[kind], frame=SPECS[kind].frame.iloc[:0]), US)
    assert svg == ""
    assert "nothing to show" in chart.sentence
    assert chart.table.rows == []


def test_a_column_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(ReportError, match=r"no column 'revenu'[\s\S]*did you mean `revenue`"):
        line(MONTHS, x="month", y="revenu", title="Revenue", unit="currency")


def test_a_switch_prepares_one_chart_for_each_value() -> None:
    frame = pd.concat([MONTHS.assign(shop="A"), MONTHS.assign(shop="B", revenue=1.0)])
    spec = line(frame, x="month", y="revenue", title="Revenue", unit="currency", switch="shop")
    chart, svg = build(spec, US)
    assert [variant.label for variant in chart.variants] == ["A", "B"]
    assert chart.variants[0].svg == svg
    assert chart.variants[1].digest != chart.variants[0].digest


def test_hostile_names_stay_text_in_the_picture() -> None:
    frame = pd.DataFrame({"label": ["<script>alert(1)</script>", "$x_1$ & co"], "v": [1.0, 2.0]})
    chart, svg = build(bar(frame, x="label", y="v", title="Hostile", unit="count"), US)
    assert not re.search(r"<script", svg)
    assert chart.table.rows[0][0] == "<script>alert(1)</script>"


def test_german_readers_get_german_numbers() -> None:
    chart, _ = build(SPECS["line"], Formatter("EUR", "de_DE"))
    assert "von" not in chart.sentence
    assert "100,00\xa0€ in Januar 2017" in chart.sentence


@pytest.mark.parametrize(
    ("months", "ticks"),
    [
        (2, ["Dec 2016", "Jan 2017"]),
        (3, ["Dec 2016", "Jan 2017", "Feb"]),
        (12, ["Jan 2017", "Mar", "May", "Jul", "Sep", "Nov"]),
        (24, ["Jan 2017", "Jul", "Jan 2018", "Jul"]),
    ],
)
def test_months_have_ticks_at_months_and_no_days(months: int, ticks: list[str]) -> None:
    names = [str(p) for p in pd.period_range("2016-12", periods=months, freq="M")]
    assert _x_ticks(pd.Series(names)) == ticks


def test_days_of_a_few_weeks_have_ticks_at_days_and_of_a_quarter_at_months() -> None:
    assert _x_ticks(pd.Series(pd.date_range("2017-01-15", periods=10)))[0] == "Jan 15"
    quarter = pd.Series(pd.date_range("2017-01-15", periods=91))
    assert _x_ticks(quarter) == ["Feb 2017", "Mar", "Apr"]


def _x_ticks(values: pd.Series) -> list[str]:
    figure = Figure(figsize=(4.8, 3.0))
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    axes.plot(date_axis(axes, values, US, None), range(len(values)))
    figure.canvas.draw()
    return [label.get_text() for label in axes.get_xticklabels()]


def test_a_line_of_names_keeps_their_order_and_days_are_sorted() -> None:
    named = pd.DataFrame({"step": ["late", "early"], "n": [1.0, 2.0]})
    chart, _ = build(line(named, x="step", y="n", title="Steps", unit="count"), US)
    assert chart.marks[0][0] < chart.marks[1][0]  # as in the frame, not by the alphabet
    days = pd.DataFrame({"day": pd.to_datetime(["2017-01-03", "2017-01-01"]), "n": [1.0, 2.0]})
    chart, _ = build(line(days, x="day", y="n", title="Days", unit="count"), US)
    assert chart.marks[0][0] > chart.marks[1][0]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (-0.0003, "points", "0.0 pp"),
        (-0.004, "currency", "$0.00"),
        (-0.0004, "share", "0.0%"),
        (-0.0, "number", "0"),
        (-0.003, "points", "−0.3 pp"),
        (-5.0, "currency", "−$5.00"),
    ],
)
def test_what_rounds_to_zero_has_no_minus(value: float, unit: str, text: str) -> None:
    assert US.value(value, unit) == text


def test_a_change_that_rounds_to_nothing_has_no_direction() -> None:
    assert US.change(0.1003, 0.1, "share")[1] == "±0.0 pp"
    assert US.change(99.99, 100.0, "currency")[1] == "±0.0%"
    assert US.change(0.09, 0.1, "share")[1] == "−1.0 pp"


def test_a_long_name_stands_on_two_lines_and_is_cut_only_beyond_them() -> None:
    figure = Figure(figsize=(4.8, 3.0))
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    names = ["Short", "Customers behaving otherwise (rate)", "Every " * 12]
    category_axis(axes, list(names), lying=True, fmt=US)
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert shown[:2] == ["Short", "Customers behaving\notherwise (rate)"]
    assert shown[2].count("\n") == 1
    assert shown[2].endswith("…")
