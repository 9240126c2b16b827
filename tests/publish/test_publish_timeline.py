"""The last run is drawn from its record: rows of bars, to scale, whatever the record holds."""

import xml.etree.ElementTree as ET

import pytest

from helpers.publish.timeline import bars, lanes, timeline


def record(begin, total, status="ok", **phases):
    return {"status": status, "offset": begin, "seconds": {**phases, "total": total}}


RUN = [
    ("Churn, May", record(0.0, 10.0, wait=1.0, start=1.0, cells=7.0, end=0.5, write=0.5)),
    ("Value, May", record(0.0, 4.0, cells=4.0)),
    ("Value, June", record(4.0, 16.0, "failed", start=2.0, cells=14.0)),
    ("Churn, April", {"status": "fresh", "offset": 0.0, "seconds": {}}),
]


def parsed(svg):
    return ET.fromstring(svg)  # noqa: S314 (made two lines above)


def test_reports_at_work_at_the_same_time_have_rows_of_their_own():
    rows = lanes(bars(RUN))
    assert [[bar.name for bar in row] for row in rows] == [
        ["Churn, May"],
        ["Value, May", "Value, June"],
    ]


def test_bars_are_to_scale_and_say_what_they_are():
    drawn = parsed(timeline(RUN))
    # Twenty seconds are 1,000 units, so a second is 50; a unit is left between neighbours.
    wholes = [bar for bar in drawn.iter("rect") if bar.get("class") == "whole"]
    assert [(bar.get("x"), bar.get("width")) for bar in wholes] == [
        ("0.0", "499.0"), ("0.0", "199.0"), ("200.0", "799.0"),
    ]  # fmt: skip
    cells = [bar for bar in drawn.iter("rect") if bar.get("class") == "cells"]
    assert (cells[0].get("x"), cells[0].get("width")) == ("100.0", "349.0")
    titles = [title.text for title in drawn.iter("title")]
    assert titles[0] == (
        "Churn, May: 10.0 s (waited 1.0 s, kernel's start 1.0 s, cells 7.0 s, kernel's end 0.5 s, "
        "writing 0.5 s)"
    )
    assert titles[2].startswith("Value, June, failed: 16.0 s")
    assert [group.get("class") for group in drawn.iter("g")] == ["done", "done", "failed"]
    assert drawn.get("aria-label") == (
        "3 reports executed in 20 s, 2 at a time; the longest was Value, June with 16.0 s."
    )


def test_a_run_that_executed_nothing_is_no_picture():
    assert timeline(RUN[3:]) == ""
    assert timeline([]) == ""


@pytest.mark.parametrize(
    "odd",
    [
        {"status": "ok"},
        {"status": "ok", "offset": "soon", "seconds": {"total": 3}},
        {"status": "ok", "offset": 0, "seconds": {"total": None}},
        {"status": "ok", "offset": -5, "seconds": {"total": 3}},
        {"status": "ok", "offset": 0, "seconds": 3},
        {"status": "ok", "offset": float("nan"), "seconds": {"total": 3}},
        {"status": "ok", "offset": 0, "seconds": {"total": float("inf")}},
    ],
)
def test_an_odd_record_is_left_out(odd):
    assert timeline([("odd", odd)]) == ""
    assert timeline([("odd", odd), *RUN]) == timeline(RUN)


def test_names_are_text_whatever_they_hold():
    drawn = parsed(timeline([('<b onclick="x">&', record(0, 9, cells=9))]))
    assert [text.text for text in drawn.iter("text")][-1] == '<b onclick="x">&'
