"""PDFs: tagged, titled, complete, and the same bytes each time."""

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from helpers.document import Column
from helpers.publish import publish
from helpers.publish.model import Key, page_of
from helpers.publish.pdf import compile_pdf
from helpers.publish.reading import Document, assemble
from helpers.publish.settings import Settings, Target
from helpers.publish.typst_code import quoted
from helpers.publish.typst_source import report_source


def source(kit: Any, settings: Settings | None = None, **given: Any) -> str:
    book = kit.book(**given)
    document = assemble(book.cells(), file="x")
    return report_source(document, page_of(Key(book.source, book.family, book.stem), document),
                         settings or Settings())  # fmt: skip


def text_of(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def made(kit: Any, settings: Settings | None = None, **given: Any) -> bytes:
    return compile_pdf(source(kit, settings, **given), as_of="2017-12-31", place="x.pdf")


def test_a_pdf_is_tagged_titled_and_has_a_language(kit: Any) -> None:
    reader = PdfReader(io.BytesIO(made(kit)))
    root = reader.trailer["/Root"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Customer value, December 2017"
    assert root["/Lang"] == "en-US"
    assert root["/MarkInfo"]["/Marked"].value is True
    assert "pdfuaid:part>1<" in root["/Metadata"].get_data().decode().replace(" ", "")


def test_a_pdf_holds_title_kpis_contents_tables_and_no_code(kit: Any) -> None:
    text = text_of(made(kit))
    for wanted in ("Customer value", "December 2017", "$1,234", "+2.8% better", "Contents",
                   "Where it comes from", "Segments", "Lapsing", "Mind the gap.", "Σ revenue",
                   "Snapshot 0123abcd", "1 / "):  # fmt: skip
        assert wanted in text
    assert "import helpers" not in text


def test_the_same_edition_gives_the_same_bytes(kit: Any) -> None:
    assert made(kit) == made(kit)


def test_a_long_table_repeats_its_head_on_every_page(kit: Any) -> None:
    rows = [[f"Segment {i}", 10 + i, 1.5] for i in range(2000)]
    table = kit.book().table(rows=rows, text=[[str(cell) for cell in row] for row in rows])
    cells = [kit.markdown("## Long"), kit.code("x", kit.shown(table))]
    data = made(kit, extra=cells)
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]
    with_rows = [text for text in pages if "Segment 1" in text or "Segment 5" in text]
    assert len(with_rows) >= 2
    assert all("Customers" in text for text in with_rows)
    assert "60 of 2,000 rows" in " ".join(pages)


def test_a_column_of_sentences_does_not_squeeze_the_others(kit: Any) -> None:
    columns = [Column(n, n, "text", "left") for n in ("Table", "Outcome", "Why")]
    why = "The product is not in the product master, so nobody can say its department. " * 3
    rows = [["Campaign contacts", "Quarantined", why]]
    table = kit.book().table(columns=columns, rows=rows, text=rows, title="Account", note="")
    data = made(kit, extra=[kit.markdown("## Long"), kit.code("x", kit.shown(table))])
    places: dict[str, float] = {}

    def note(text: str, page: list[float], line: list[float], *_: Any) -> None:
        places.setdefault(text.strip(), page[4] + page[0] * line[4])

    for page in PdfReader(io.BytesIO(data)).pages:
        page.extract_text(visitor_text=note)
    assert places["Quarantined"] - places["Campaign contacts"] > 60  # points: beside, not upon


def test_a_target_is_met_or_missed_in_words(kit: Any) -> None:
    held = Settings(targets={("shop", "revenue"): Target(2000, "at_least", "$2,000")})
    assert "Target at least $2,000: missed" in text_of(made(kit, held))


@pytest.mark.parametrize(
    "hostile",
    ["#panic()", "*bold* _em_ $x$ @ref <label>",
     "= Heading", '"; #read("/etc/passwd") "', "\\u{41}",
     "{{< env HOME >}}", "```typst #panic() ```", "//comment", "a\nb"],
)  # fmt: skip
def test_text_from_data_is_never_markup(kit: Any, hostile: str) -> None:
    text = text_of(made(kit, segment=hostile)).replace("\n", "")
    assert hostile.replace("\n", "").replace(" ", "") in text.replace(" ", "")


def test_no_brace_or_backtick_of_data_reaches_the_source(kit: Any) -> None:
    assert quoted('{{< a >}} `"\\') == '"\\u{7b}\\u{7b}< a >}} \\u{60}\\"\\\\"'


@pytest.mark.parametrize(
    "title", ["客户价值", "قيمة العملاء", "Ценность клиента", "値 😀 \U0001f9ff"]
)
def test_a_title_in_any_script_makes_a_pdf_and_stays_in_its_metadata(kit: Any, title: str) -> None:
    data = made(kit, title=title)
    reader = PdfReader(io.BytesIO(data))
    assert len(reader.pages) >= 2
    assert reader.metadata is not None
    assert reader.metadata.title == f"{title}, December 2017"


def test_a_letter_that_no_font_has_is_a_square_where_it_is_shown_and_named(kit: Any) -> None:
    chart = kit.book().chart(id="far", alt="Bars of \U00010600.", title="Far \U00010600 away")
    far = kit.book(title="Far \U00010600", extra=[kit.code("x", kit.shown(chart, kit.svg))])
    kit.write(far)
    result = publish(renderer="built-in")
    assert result.failed == []
    assert result.squares == [("shop/customer_value/2017-12.pdf", "\U00010600")]
    data = (kit.site / "shop/customer_value/2017-12.pdf").read_bytes()
    reader = PdfReader(io.BytesIO(data))
    assert reader.metadata is not None
    assert reader.metadata.title == "Far \U00010600, December 2017"
    text = text_of(data)
    assert "Far □ away" in text
    assert "\U00010600" not in text
    assert "Bars of \U00010600." in alternatives(reader)


def alternatives(reader: PdfReader) -> list[str]:
    """Return the alternative texts of a PDF's figures."""
    return [str(item["/Alt"]) for item in objects(reader) if "/Alt" in item]


def objects(reader: PdfReader) -> list[Any]:
    """Return the dictionaries of a PDF's structure tree."""
    found, waiting = [], [reader.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        item = waiting.pop()
        item = item.get_object()
        if isinstance(item, list):
            waiting += item
        elif hasattr(item, "get") and "/K" in item:
            found.append(item)
            waiting.append(item["/K"])
        elif hasattr(item, "get"):
            found.append(item)
    return found


def test_every_chart_carries_its_words_and_stands_under_a_heading(kit: Any) -> None:
    data = made(kit)
    assert alternatives(PdfReader(io.BytesIO(data))).count(
        "Bar chart: revenue by segment. Loyal leads."
    ) == 2  # fmt: skip
    names = [str(entry.title) for entry in flat(PdfReader(io.BytesIO(data)).outline)]
    assert names == ["Headline", "Where it comes from", "Definitions",
                     "Provenance"]  # fmt: skip


def flat(outline: Any) -> list[Any]:
    """Return a PDF's outline without its levels."""
    return [each for item in outline for each in (flat(item) if isinstance(item, list) else [item])]


def test_an_empty_chart_is_its_sentence(kit: Any) -> None:
    chart = replace(kit.book().chart(), sentence="There is nothing to show.", marks=[])
    cells = [kit.code("x", kit.shown(chart))]
    assert "There is nothing to show." in text_of(made(kit, extra=cells))


def test_a_document_of_a_title_alone_is_still_a_pdf(kit: Any) -> None:
    document: Document = assemble(kit.book().cells()[:4], file="x")
    page = page_of(Key("shop", "customer_value", "2017-12"), document)
    data = compile_pdf(report_source(document, page, Settings()), as_of="2017-12-31", place="x")
    assert "Customer value" in text_of(data)


def test_pages_can_be_drawn_and_none_is_empty(kit: Any, tmp_path: Path) -> None:
    if not shutil.which("pdftoppm"):
        pytest.skip("pdftoppm is not installed")
    data = made(kit)
    (tmp_path / "x.pdf").write_bytes(data)
    subprocess.run(["pdftoppm", "-r", "20", "-gray", "x.pdf", "p"], cwd=tmp_path, check=True)
    drawn = sorted(tmp_path.glob("p-*.pgm"))
    assert len(drawn) == len(PdfReader(io.BytesIO(data)).pages)
    for path in drawn:
        kind, width, height, _, grey = path.read_bytes().split(maxsplit=4)
        assert (kind, len(grey)) == (b"P5", int(width) * int(height))
        dark = sum(level < 200 for level in grey) / len(grey)
        assert 0.002 < dark < 0.5, f"{path.name} is {dark:.2%} ink"
