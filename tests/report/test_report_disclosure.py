"""What a report suppresses: small groups, unknown ones, and what they could be worked out from."""

from typing import Any

import pandas as pd
import pytest

from helpers.errors import DisclosureError
from helpers.report import bar, line
from helpers.report.charts import build
from helpers.report.disclosure import protect
from helpers.report.format import Formatter
from helpers.report.tables import build as table

US = Formatter("USD", "en_US")


def shown(customers: dict[str, Any], **more: Any) -> list[str]:
    frame = pd.DataFrame({"segment": list(customers), "n": list(customers.values())})
    found = protect(frame, grain="segment", customers="n", title="T", **more)
    return found.frame["segment"].tolist()


@pytest.mark.parametrize("count", [1, 7, 7.9, float("nan"), None, "1,0", "few", -3, float("inf")])
def test_a_count_that_is_small_or_unknown_is_suppressed(count: Any) -> None:
    assert shown({"A": count, "B": 8, "C": 40}) == ["B", "C"]


def test_only_a_true_zero_is_nobody() -> None:
    assert shown({"A": 0, "B": 0.0, "C": "0"}) == ["A", "B", "C"]


def test_the_smallest_count_that_is_not_zero_decides_among_several() -> None:
    frame = pd.DataFrame(
        {"campaign": list("ABCD"), "contacted": [2, 100, 100, 0], "redeemers": [0, 7, 0, 0]}
    )
    found = protect(
        frame, grain="campaign", customers=["contacted", "redeemers"], title="T", within=None
    )
    assert found.frame["campaign"].tolist() == ["C", "D"]
    assert (found.small, found.beside) == (2, 0)


def test_every_column_of_counts_must_be_there() -> None:
    with pytest.raises(DisclosureError, match="no column 'm'"):
        protect(pd.DataFrame({"n": [9]}), grain="segment", customers=["n", "m"], title="T")


@pytest.mark.parametrize(
    ("customers", "left"),
    [
        ({"A": 3, "B": 50, "C": 20}, ["B"]),  # alone: the total less the others
        ({"A": 3, "B": 4, "C": 20, "D": 50}, ["D"]),  # 3 + 4 are fewer than 8 too
        ({"A": 3, "B": 5, "C": 20, "D": 50}, ["C", "D"]),  # 3 + 5 are 8
        ({"A": 3, "Z": 0, "B": 20, "C": 50}, ["Z", "C"]),  # nobody hides nobody
        ({"A": 3, "B": 50}, []),
        ({"A": 9, "B": 50}, ["A", "B"]),
    ],
)
def test_what_a_small_part_of_a_total_could_be_worked_out_from_goes_too(
    customers: dict[str, int], left: list[str]
) -> None:
    assert shown(customers, within=()) == left


def test_each_total_is_looked_at_by_itself() -> None:
    frame = pd.DataFrame(
        {"month": ["1"] * 3 + ["2"] * 3, "s": list("abc") * 2, "n": [3, 9, 30, 30, 30, 9]}
    )
    found = protect(frame, grain="segment", customers="n", title="T", within=["month"])
    assert found.frame[["month", "s"]].agg("".join, axis=1).tolist() == ["1c", "2a", "2b", "2c"]


SPLIT = pd.DataFrame(
    {"month": ["2017-01"] * 3 + ["2017-02"] * 3, "who": list("abc") * 2,
     "sales": [10.0, 30.0, 60.0, 20.0, 30.0, 50.0], "n": [3, 9, 30, 20, 20, 20]}
)  # fmt: skip


def test_no_hidden_line_is_the_rest_of_a_total() -> None:
    spec = line(
        SPLIT, x="month", y="sales", group="who", unit="currency", customers="n", title="Sales",
        grain="segment",
    )  # fmt: skip
    rows = [row[:2] for row in build(spec, US)[0].table.rows]
    assert ["2017-01", "c"] in rows
    assert [row for row in rows if row[0] == "2017-01"] == [["2017-01", "c"]]
    assert len(rows) == 4


def test_bars_and_tables_say_how_many_they_leave_out_and_why() -> None:
    frame = SPLIT.head(3)
    said = "2 not shown: 1 with fewer than 8 customers, 1 from which they could be worked out."
    spec = bar(
        frame, x="who", y="sales", unit="currency", customers="n", title="Sales", grain="segment"
    )
    chart, _ = build(spec, US)
    assert ([row[0] for row in chart.table.rows], chart.table.note) == (["c"], said)
    made = table(frame, US, title="Sales", grain="segment", customers="n")
    assert ([row[1] for row in made.rows], made.note, made.suppressed) == (["c"], said, 2)


def test_curves_of_shares_add_up_to_nothing() -> None:
    spec = line(
        SPLIT, x="month", y="sales", group="who", unit="share", customers="n", title="Share",
        grain="segment",
    )  # fmt: skip
    assert len(build(spec, US)[0].table.rows) == 5
