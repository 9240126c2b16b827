"""Tables leave as CSV and XLSX in which text is text."""

import csv
import io
from dataclasses import replace
from typing import Any

import openpyxl
import pytest

from helpers.publish.sheets import csv_bytes, kpi_rows, table_rows, xlsx_bytes

HOSTILE = ["=cmd()", "+1+cmd|x", "-2+3", "@SUM(A1)", "\t=1", "|calc", " =1", "=HYPERLINK(1)",
           "＝1+1", "＋1+1", "－1+1", "＠SUM(A1)", "\rx", "\tx", "\u00a0=1", '"=1+1"']  # fmt: skip


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_a_csv_starts_a_formula(kit: Any, text: str) -> None:
    found = rows(csv_bytes(kit.book(segment=text).table()))[1][0]
    assert found.startswith("'")
    assert found.replace("'", "") == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [("Loyal;=cmd|' /C calc'!A0", "Loyal;'=cmd|' /C calc'!A0"), ("a; @SUM(1)", "a; '@SUM(1)"),
     ("a\t+cmd", "a\t'+cmd"), ('a;"=1', "a;\"'=1"), ("a,=1", "a,=1"), ("x;-2", "x;-2"),
     ("x;-2+cmd|y", "x;'-2+cmd|y"), ("x;＝1", "x;'＝1")],
)  # fmt: skip
def test_no_other_mark_between_cells_sets_a_formula_free(kit: Any, text: str, kept: str) -> None:
    data = csv_bytes(kit.book(segment=text).table())
    assert rows(data)[1][0] == kept
    columns, first = data.decode("utf-8-sig").split("\r\n")[:2]
    assert columns == '"Segment","Customers","Revenue"'
    assert first.startswith('"')
    assert first.endswith('",40,900.5')
    for part in first.split(";")[1:]:  # as a German or French Excel parts it
        assert not part.lstrip(' "').startswith(("=", "+", "@"))


@pytest.mark.parametrize("text", ["-5", "+3.2 %", "-1,234.50", "Größe; \"quoted\", 'x'", "a\nb"])
def test_numbers_and_ordinary_text_are_left_alone(kit: Any, text: str) -> None:
    assert rows(csv_bytes(kit.book(segment=text).table()))[1][0] == text


def test_a_csv_holds_raw_values_and_every_row(kit: Any) -> None:
    assert rows(csv_bytes(kit.book().table())) == [
        ["Segment", "Customers", "Revenue"],
        ["Loyal", "40", "900.5"],
        ["Lapsing", "12", "333.5"],
        ["New", "9", ""],
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_a_workbook_is_a_formula(kit: Any, text: str) -> None:
    data = xlsx_bytes([("Segments", table_rows(kit.book(segment=text).table()))])
    cell = openpyxl.load_workbook(io.BytesIO(data))["Segments"]["A2"]
    read = text.replace("\r", "\n")  # as XML reads it
    assert (cell.value, cell.data_type) in {(read, "s"), (read, "inlineStr")}
    assert cell.quotePrefix or not text.startswith(("=", "+", "-", "@", "\t", "|"))


def test_a_workbook_holds_numbers_as_numbers_on_named_sheets(kit: Any) -> None:
    table = kit.book().table()
    sheets = [("KPIs", kpi_rows(kit.book().kpis().items)), ("A/B: [x]?", table_rows(table))]
    sheets.append(("a/b: [X]?", table_rows(table)))
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(sheets)))
    assert book.sheetnames == ["KPIs", "A B   x", "a b   X 2"]
    assert [cell.value for cell in book["A B   x"][2]] == ["Loyal", 40, 900.5]
    assert [cell.value for cell in book["KPIs"][2]][:4] == ["Revenue", 1234, "$1,234", "currency"]


def test_markup_zero_bytes_and_infinities_do_not_break_a_workbook(kit: Any) -> None:
    hostile = replace(
        kit.book().table(), rows=[["<b>&]]>", float("inf"), float("nan")], ["", True, None]]
    )
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes([("T", table_rows(hostile))])))
    assert [cell.value for cell in book["T"][2]] == ["<b>&]]>", None, None]
    assert book["T"]["B3"].value is True


def test_the_same_table_gives_the_same_bytes(kit: Any) -> None:
    table = kit.book().table()
    assert xlsx_bytes([("T", table_rows(table))]) == xlsx_bytes([("T", table_rows(table))])
    assert csv_bytes(table) == csv_bytes(table)
