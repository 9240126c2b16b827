"""Tables as CSV and XLSX: every row, numbers as numbers, text never as a formula."""

import io
import math
import re
import zipfile
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from helpers.document import KpiItem, Table

_FORMULA = "=+\\-@|\uff1d\uff0b\uff0d\uff20\uff5c"
_STARTS = re.compile(rf"[\s\"]*[{_FORMULA}]|[\t\r\n]")
_INSIDE = re.compile(
    rf"([;\t\r\n][\s\"]*)(?=[{_FORMULA}])(?![+-]\s?[\d.,]+\s?%?\s*(?:[;\t\r\n]|$))"
)
"""Where a spreadsheet that parts cells at another mark than a comma would begin a formula."""
_NUMBER = re.compile(r"[+-]?\d[\d.,]*(?:e[+-]?\d+)?\s*%?", re.IGNORECASE)
_NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_CELL_LIMIT = 32_767
_PLAIN, _BOLD, _QUOTED = 0, 1, 2


def csv_bytes(table: Table) -> bytes:
    """Return the table as CSV (UTF-8 with a byte order mark, for spreadsheets), raw values.

    Every text is quoted. What a spreadsheet would take for a formula gets an apostrophe, inside a
    text too: one that parts cells at semicolons reads on from there.
    """
    lines = [[column.label for column in table.columns], *table.rows]
    text = "".join(f"{','.join(map(_field, line))}\r\n" for line in lines)
    return b"\xef\xbb\xbf" + text.encode("utf-8")


def _field(value: Any) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    if not _NUMBER.fullmatch(text):
        text = _INSIDE.sub(r"\1'", text)
        text = f"'{text}" if _STARTS.match(text) else text
    return '"' + text.replace('"', '""') + '"'


def kpi_rows(items: Sequence[KpiItem]) -> list[list[Any]]:
    """Return KPIs as the rows of a sheet, heads first."""
    head = [
        "KPI",
        "Value",
        "Shown as",
        "Unit",
        "Previous",
        "Change",
        "Year before",
        "Change",
        "Note",
    ]
    rows: list[list[Any]] = [head]
    for item in items:
        row: list[Any] = [item.label, item.value, item.text, item.unit]
        for earlier in (item.previous, item.year_before):
            row += [earlier.value, earlier.change] if earlier else [None, None]
        rows.append([*row, item.note])
    return rows


def table_rows(table: Table) -> list[list[Any]]:
    """Return a table as the rows of a sheet, heads first."""
    return [[column.label for column in table.columns], *table.rows]


def xlsx_bytes(sheets: Sequence[tuple[str, Sequence[Sequence[Any]]]]) -> bytes:
    """Return a workbook with one sheet a (title, rows); the first row of each is its head.

    Text is written as inline text, which no spreadsheet evaluates; what looks like a formula is
    also marked as quoted, so that it stays text when it is edited.
    """
    names = _sheet_names([title for title, _ in sheets])
    parts = {
        "[Content_Types].xml": _content_types(len(names)),
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(names),
        "xl/_rels/workbook.xml.rels": _relations(
            [("worksheet", f"worksheets/sheet{i}.xml") for i in range(1, len(names) + 1)]
            + [("styles", "styles.xml")]
        ),
        "xl/styles.xml": _STYLES,
    }
    for number, (_, rows) in enumerate(sheets, start=1):
        parts[f"xl/worksheets/sheet{number}.xml"] = _sheet(rows)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text.encode("utf-8"))
    return out.getvalue()


def _sheet_names(titles: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    names = []
    for title in titles:
        stem = re.sub(r"[\[\]:*?/\\]", " ", title).strip(" '")[:31] or "Table"
        name, number = stem, 2
        while name.lower() in taken:
            name, number = f"{stem[:27]} {number}", number + 1
        taken.add(name.lower())
        names.append(name)
    return names


def _sheet(rows: Sequence[Sequence[Any]]) -> str:
    widths = [
        min(60, max([8, *(len(str(row[at])) + 2 for row in rows[:200] if at < len(row))]))
        for at in range(max(map(len, rows), default=0))
    ]
    columns = "".join(
        f'<col min="{i}" max="{i}" width="{width}" customWidth="1"/>'
        for i, width in enumerate(widths, start=1)
    )
    body = "".join(
        f'<row r="{number}">'
        + "".join(_cell(value, _name(at, number), bold=number == 1) for at, value in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, start=1)
    )
    view = (
        '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
        'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    )
    cols = f"<cols>{columns}</cols>" if columns else ""
    return f"{_HEAD}<worksheet {_NS}>{view}{cols}<sheetData>{body}</sheetData></worksheet>"


def _cell(value: Any, place: str, *, bold: bool) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    text = str(value)[:_CELL_LIMIT]
    style = _BOLD if bold else _QUOTED if _STARTS.match(text) else _PLAIN
    return (
        f'<c r="{place}" s="{style}" t="inlineStr"><is>'
        f'<t xml:space="preserve">{escape(text)}</t></is></c>'
    )


def _name(column: int, row: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


def _workbook(names: Sequence[str]) -> str:
    sheets = "".join(
        f'<sheet name="{escape(name, {chr(34): "&quot;"})}" sheetId="{i}" r:id="rId{i}"/>'
        for i, name in enumerate(names, start=1)
    )
    return f'{_HEAD}<workbook {_NS} xmlns:r="{_REL}"><sheets>{sheets}</sheets></workbook>'


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    found = "".join(
        f'<Relationship Id="rId{i}" Type="{_REL}/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{found}</Relationships>'


def _content_types(count: int) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{kind}.worksheet+xml"/>'
        for i in range(1, count + 1)
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{sheets}</Types>'
    )


_STYLES = (
    f"{_HEAD}<styleSheet {_NS}>"
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
