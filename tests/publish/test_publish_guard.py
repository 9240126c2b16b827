"""Nothing about a single customer passes, and what is no customer does."""

import shutil
from dataclasses import replace
from typing import Any

import pytest

from helpers.document import Column, Text
from helpers.errors import DisclosureError
from helpers.publish import publish
from helpers.publish.guard import Guard, guard_for
from helpers.publish.reading import Document, assemble

IDS = ["HH-0001", "HH-0017", "Ann Smith", "a.b@c.de", "17850", "540", "9876543210"]


def document(kit: Any, *blocks: Any, cells: list[dict[str, Any]] | None = None) -> Document:
    made = [*kit.book().cells(), *(kit.code("x", kit.shown(block)) for block in blocks)]
    return assemble([*made, *(cells or [])], file="2017-12.ipynb")


@pytest.mark.parametrize(
    "text",
    ["HH-0001", "see hh-0001.", "2017-HH-0001-b", "ＨＨ-0001", "(Ann Smith)", "mail a.b@c.de!",
     "call 9876543210", "HH-0017/HH-0001", "HH‐0001", "HH‑0001", "HH–0001", "HH−0001", "HH﹣0001",
     "HH-**0001**", "HH-`0001`", "HH&#45;0001", "HH-<b>0001</b>", "Ann\nSmith", "Ann \u00a0Smith",
     "HH-\ufe0f0001", "9_876_543_210"],
)  # fmt: skip
def test_an_id_is_found_wherever_it_stands_alone(text: str) -> None:
    assert Guard(IDS).find(text) is not None


@pytest.mark.parametrize(
    "text", ["HH-00012", "AHH-0001", "Joann Smithson", "17850 orders", "540", "98765432101", ""]
)
def test_what_only_resembles_an_id_passes(text: str) -> None:
    assert Guard(IDS).find(text) is None


def test_a_clean_document_passes(kit: Any) -> None:
    Guard(IDS).check(document(kit))


def test_an_unknown_grain_is_refused_by_block(kit: Any) -> None:
    bad = kit.book().table(id="worst", grain="customer")
    with pytest.raises(DisclosureError, match=r"worst.*'customer'"):
        Guard([]).check(document(kit, bad))


@pytest.mark.parametrize(
    "name", ["customer_id", "Email", "phone", "name", "first_name", "household_id"]
)
def test_a_column_of_identifiers_is_refused(kit: Any, name: str) -> None:
    table = kit.book().table()
    bad = replace(table, columns=[Column(name, "Who", "text", "left"), *table.columns[1:]])
    with pytest.raises(DisclosureError, match=name):
        Guard([]).check(document(kit, bad))


def test_groups_under_eight_customers_are_refused(kit: Any) -> None:
    with pytest.raises(DisclosureError, match="under 8 customers"):
        Guard([]).check(
            document(kit, kit.book().table(rows=[["A", 7, 1.0]], text=[["A", "7", "$1"]]))
        )


def test_an_empty_group_is_not_a_small_one(kit: Any) -> None:
    Guard([]).check(document(kit, kit.book().table(rows=[["A", 0, 0.0]], text=[["A", "0", "$0"]])))


def test_numeric_ids_are_compared_with_cells_of_text_not_with_counts(kit: Any) -> None:
    counted = kit.book().table(rows=[["A", 17850, 1.0]], text=[["A", "17850", "$1"]])
    Guard(IDS).check(document(kit, counted))
    named = kit.book().table(rows=[["17850", 40, 1.0]], text=[["17850", "40", "$1"]])
    with pytest.raises(DisclosureError, match="names a customer"):
        Guard(IDS).check(document(kit, named))


def two(kit: Any, name: str, cells: list[Any], *, first: bool, label: str = "") -> Any:
    """Return a table of a column of that name, first or last, beside a harmless one."""
    own, other = (
        Column(name, label or name.capitalize(), "count", "right"),
        Column("what", "What", "text", "left"),
    )
    rows = [[cell, f"row {n}"] if first else [f"row {n}", cell] for n, cell in enumerate(cells)]
    columns = [own, other] if first else [other, own]
    text = [[str(cell) for cell in row] for row in rows]
    return kit.book().table(id="t", columns=columns, rows=rows, text=text)


@pytest.mark.parametrize(
    ("name", "cells", "first"),
    [
        ("segment", [17850, 9], True),  # a whole number that names a row
        ("household", [540], False),  # short, in a column called after a person
        ("customer", ["540"], False),
        ("id", [17850.0], False),
        ("orders", [17850, 12346, 12347], False),  # three numbers, all ids, each once
        ("orders", [9876543210], False),  # so long that it is no chance
    ],
)
def test_ids_that_are_numbers_are_found_where_no_measure_stands(
    kit: Any, name: str, cells: list[Any], first: bool
) -> None:
    guard = Guard([*IDS, "12346", "12347"])
    with pytest.raises(DisclosureError, match="names a customer"):
        guard.check(document(kit, two(kit, name, cells, first=first)))


@pytest.mark.parametrize(
    ("name", "cells", "first"),
    [
        ("segment", [540, 541], True),  # shop 540
        ("orders", [17850, 12346], False),  # two that happen to be ids
        ("orders", [17850, 12346, 9], False),
        ("orders", [17850, 12346, 17850], False),
    ],
)
def test_numbers_that_may_be_measures_pass(
    kit: Any, name: str, cells: list[Any], first: bool
) -> None:
    Guard([*IDS, "12346"]).check(document(kit, two(kit, name, cells, first=first)))


def test_numbers_along_an_axis_are_measures_and_names_of_bars_are_not(kit: Any) -> None:
    chart = kit.book().chart(table=two(kit, "orders", [17850, 9], first=True))
    Guard(IDS).check(document(kit, replace(chart, kind="scatter")))
    with pytest.raises(DisclosureError, match="names a customer"):
        Guard(IDS).check(document(kit, replace(chart, kind="bar")))


@pytest.mark.parametrize(
    ("grain", "name", "label"),
    [
        ("category", "buyers", ""),
        ("segment", "n", "Customers"),
        ("segment", "n_customers", ""),
        ("campaign", "contacted", ""),
        ("store", "customers_counted", "Households"),
    ],
)
def test_a_small_group_is_refused_whatever_its_count_is_called(
    kit: Any, grain: str, name: str, label: str
) -> None:
    small = replace(two(kit, name, [9, 1, 0], first=False, label=label), grain=grain)
    with pytest.raises(DisclosureError, match="1 groups under 8 customers"):
        Guard([]).check(document(kit, small))


@pytest.mark.parametrize(
    ("grain", "name", "cells"),
    [
        ("category", "contacted", [3]),  # a change
        ("segment", "customers_per_day", [1.5]),
        ("period", "customers", [4, -6]),  # won and lost
        ("segment", "campaigns", [2]),
        ("segment", "customers", [0, None, 8]),
    ],
)
def test_what_counts_no_group_passes(kit: Any, grain: str, name: str, cells: list[Any]) -> None:
    fine = replace(two(kit, name, cells, first=False), grain=grain)
    Guard([]).check(document(kit, fine))


def test_a_share_of_customers_contacted_counts_none(kit: Any) -> None:
    share = two(kit, "contacted", [0.02, 1.0], first=True)
    columns = [replace(share.columns[0], unit="share"), share.columns[1]]
    Guard([]).check(document(kit, replace(share, columns=columns)))


def test_a_variant_of_a_chart_is_guarded_too(kit: Any) -> None:
    chart = kit.book().switched()
    hidden = replace(chart.variants[1], sentence="HH-0001 leads.")
    with pytest.raises(DisclosureError, match="regions"):
        Guard(IDS).check(document(kit, replace(chart, variants=[chart.variants[0], hidden])))


DRAWN = [
    "<text>HH-0001</text>",
    "<text>HH&#45;0001</text>",
    "<text>R&amp;D-0017</text>",
    "<text><tspan>HH-</tspan><tspan>0001</tspan></text>",
    "<text>\n <tspan>HH-</tspan>\n <tspan>0001</tspan>\n</text>",
    "<text>Ann</text><text>Smith</text>",
    "<text>HH-</text><g><text>0001</text></g>",
]


@pytest.mark.parametrize("drawn", DRAWN)
def test_an_id_is_seen_as_a_picture_shows_it(kit: Any, drawn: str) -> None:
    svg = kit.svg.replace("</svg>", f"{drawn}</svg>")
    cells = [kit.code("x", kit.shown(kit.book().chart(id="drawn"), svg))]
    Guard([]).check(document(kit, cells=cells))
    with pytest.raises(DisclosureError, match=r"drawn.*names a customer"):
        Guard([*IDS, "R&D-0017"]).check(document(kit, cells=cells))


@pytest.mark.parametrize(
    "source", ["frame[who == '17850']", 'x = "17850"', "orders[orders.customer_id == 17850]"]
)
def test_an_id_of_five_digits_is_seen_in_code(kit: Any, source: str) -> None:
    with pytest.raises(DisclosureError, match="code cell 9 names a customer"):
        Guard(IDS).check(document(kit, cells=[kit.code(source)]))


@pytest.mark.parametrize("source", ["n = 17850", "orders.head(540)", "f'{x:.2f}'", "'178501'"])
def test_numbers_of_code_are_no_ids(kit: Any, source: str) -> None:
    Guard(IDS).check(document(kit, cells=[kit.code(source)]))


def test_what_a_cell_of_a_table_reads_is_compared_too(kit: Any) -> None:
    hidden = kit.book().table(id="t", rows=[["A", 40, 1.0]], text=[["17850", "40", "$1"]])
    with pytest.raises(DisclosureError, match="'t' names a customer"):
        Guard(IDS).check(document(kit, hidden))


@pytest.mark.parametrize(
    ("path", "slice"),
    [("a/b/2017-12--x-HH-0001", "x=1"), ("a/b/2017-12--x", "household=17850"),
     ("a/b/2017-12--x", "household=540"), ("a/b/2017-12--x", "region=17850")],
)  # fmt: skip
def test_an_address_or_slice_of_one_customer_is_refused(path: str, slice: str) -> None:
    with pytest.raises(DisclosureError, match="names a customer"):
        Guard(IDS).address(path, slice, file="x")


def test_an_address_of_a_group_passes() -> None:
    Guard(IDS).address("shop/churn/2017-12--region-North", "region=North", file="x")
    Guard(IDS).address("shop/churn/2017-12", "all", file="x")


@pytest.mark.parametrize("place", ["text", "heading", "prose", "code", "withheld", "alt", "svg"])
def test_an_id_is_refused_in_every_part_of_a_document(kit: Any, place: str) -> None:
    kind = {"output_type": "display_data", "data": {"application/HH-0001": ""}}
    svg = kit.svg.replace("<defs>", "<!-- HH-0001 --><defs>")
    planted = {
        "text": kit.code("x", kit.shown(Text("HH-0001 bought most."))),
        "heading": kit.markdown("## About HH-0001\n\ntext"),
        "code": kit.code("frame[frame.customer_id == 'HH-0001']"),
        "prose": kit.markdown("Best: HH-**0001**"),
        "withheld": kit.code("show(best)", kind),
        "alt": kit.code("x", kit.shown(replace(kit.book().chart(), alt="HH-0001"), kit.svg)),
        "svg": kit.code("x", kit.shown(kit.book().chart(), svg)),
    }
    with pytest.raises(DisclosureError) as raised:
        Guard(IDS).check(document(kit, cells=[planted[place]]))
    assert "HH-0001" not in str(raised.value), "the refusal itself must not name the customer"
    assert "HH…, 7 characters" in str(raised.value).replace("hh…", "HH…")


def test_ids_come_from_the_snapshot_that_the_document_names(kit: Any) -> None:
    kit.customers("HH-0001", snapshot="aaa")
    kit.customers("HH-0002", snapshot="bbb")
    guard = guard_for("aaa")
    assert (guard.find("HH-0001"), guard.find("HH-0002")) == ("hh-0001", None)


def test_ids_come_from_every_table_that_has_them(kit: Any) -> None:
    kit.customers("HH-0001", snapshot="aaa", table="orders")
    assert guard_for("aaa").find("HH-0001") == "hh-0001"


@pytest.mark.parametrize("named", ["gone", "", "../aaa", "."])
def test_without_its_own_snapshot_nothing_can_be_checked(kit: Any, named: str) -> None:
    kit.customers("HH-0001", snapshot="aaa")
    with pytest.raises(DisclosureError, match=r"not in the store[\s\S]*crm-reports run"):
        guard_for(named)


@pytest.mark.parametrize("lost", ["manifest.json", "customers.parquet"])
def test_a_snapshot_that_lacks_a_file_checks_nothing(kit: Any, lost: str) -> None:
    kit.customers("HH-0001", snapshot="aaa")
    (kit.output / "store" / "snapshots" / "aaa" / lost).unlink()
    with pytest.raises(DisclosureError, match="aaa is damaged"):
        guard_for("aaa")


def test_a_report_without_its_snapshot_is_refused_and_the_others_are_published(kit: Any) -> None:
    kit.write(kit.book(), kit.book(period="2017-11", snapshot="feed"))
    shutil.rmtree(kit.output / "store" / "snapshots" / "feed")
    result = publish(formats=("html",), renderer="built-in")
    ((name, why),) = result.failed
    assert name == "shop/customer_value/2017-11"
    assert "snapshot feed is not in the store" in why
    assert "crm-reports run" in why
    assert (kit.site / "shop/customer_value/2017-12.html").is_file()
    assert not (kit.site / "shop/customer_value/2017-11.html").exists()
