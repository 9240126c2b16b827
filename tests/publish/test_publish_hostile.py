"""Values from data are hostile: everywhere on the site they are text."""

import csv
import gzip
import html
import io
import json
import os
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from pypdf import PdfReader

from helpers.document import Caption
from helpers.publish import publish
from helpers.publish.guard_text import strings
from helpers.publish.text import plain

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "template": "{{ 7*7 }} {% raw %}",
    "shortcode": "{{< env HOME >}}",
    "markdown": "[click](javascript:alert(1)) **bold** @cite",
    "comment": "<!--/state--> --> ]]>",
    "quotes": "' \" ` \\ $x$ #panic()",
    "ansi": "\x1b[31mred\x1b[0m\u202egnp.exe\u200b",
}


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen += [(tag, name) for name, _ in attrs] or [(tag, "")]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_value_is_text_on_every_page_and_in_every_download(kit: Any, name: str) -> None:
    kit.write(kit.book())
    publish(renderer="built-in")
    harmless = {path: set(Tags(path.read_text("utf-8")).seen) for path in kit.site.rglob("*.html")}
    value = HOSTILE[name]
    kit.write(kit.book(segment=value, title=value))
    assert publish(renderer="built-in").failed == []
    for path in kit.site.rglob("*.html"):
        text = path.read_text("utf-8")
        assert set(Tags(text).seen) <= harmless[path] | {("th", "dir"), ("p", "dir")}, path
        assert not re.search(r"[\x1b\u202e\u200b]", text)
    ElementTree.parse(kit.site / "feed.xml")  # noqa: S314 - our own
    assert not re.search(r"[\x1b\u202e\u200b]", kit.page("assets/search-index.js"))


def test_a_hostile_value_is_readable_where_it_stands(kit: Any) -> None:
    kit.write(kit.book(segment=HOSTILE["shortcode"]))
    publish(renderer="built-in")
    assert "{{&lt; env HOME &gt;}}" in kit.page("shop/customer_value/2017-12.html")
    reader = PdfReader(kit.site / "shop/customer_value/2017-12.pdf")
    assert HOSTILE["shortcode"] in " ".join(page.extract_text() for page in reader.pages)


def everything(site: Path) -> dict[str, str]:
    """Return the text of every file: workbooks by their cells, PDFs and indexes as read."""
    found: dict[str, str] = {}
    for path in (path for path in site.rglob("*") if path.is_file()):
        name, data = path.relative_to(site).as_posix(), path.read_bytes()
        found[f"{name} (name)"] = name
        if path.suffix == ".xlsx":
            found[name] = "\n".join(cell for sheet in cells(path).values() for cell in sheet)
            with zipfile.ZipFile(path) as archive:
                parts = (archive.read(part).decode("utf-8") for part in archive.namelist())
                found[f"{name} (parts)"] = "\n".join(parts)
        elif path.suffix == ".pdf":
            reader = PdfReader(path)
            found[name] = "\n".join(page.extract_text() for page in reader.pages)
            found[f"{name} (about)"] = f"{reader.metadata} {reader.outline}"
        elif data.startswith(b"\x1f\x8b"):
            found[name] = gzip.decompress(data).decode("utf-8", "replace")
        else:
            found[name] = data.decode("utf-8", "replace")
    return found


def cells(path: Path) -> dict[str, list[str]]:
    """Return the cells of each sheet of a workbook, none of which may be a formula."""
    book = openpyxl.load_workbook(path)
    found = {sheet.title: [c for row in sheet.iter_rows() for c in row] for sheet in book}
    assert all(cell.data_type != "f" for sheet in found.values() for cell in sheet)
    return {
        name: [str(cell.value) for cell in sheet if cell.value is not None]
        for name, sheet in found.items()
    }


def close(text: str) -> str:
    """Return a text as it is when lines may break and spaces may fall anywhere."""
    return "".join(text.split())


NAME = "shop/customer_value/2017-12"
FORMULAS = {
    "call": "=cmd|' /C calc'!A0",
    "sum": "@SUM(1+1)",
    "later": "Loyal;=1+1",
    "wide": "＝1+1",
    "link": '=HYPERLINK("http://x.example","x")',
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, built: Any) -> tuple[Any, dict[str, str]]:
    """A site in which all of them stand, in rows and in the title, and the text of its files."""
    made = type(built)(tmp_path_factory.mktemp("hostile"))
    values = [*HOSTILE.values(), *FORMULAS.values()]
    rows = [[value, 40, 1.5] for value in values]
    text = [[value, "40", "$1.50"] for value in values]
    for family in ("customer_value", "churn"):
        book = made.book(family=family, title=" · ".join(values))
        table = book.table(id="values", title="Values", rows=rows, text=text)
        book.extra = [made.code("x", made.shown(table))]
        made.write(book)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRM_REPORTS_OUTPUT", str(made.output))
        assert publish(renderer="built-in").failed == []
    return made, everything(made.site)


@pytest.mark.parametrize("name", [*HOSTILE, *FORMULAS])
def test_a_hostile_value_reads_as_itself_in_every_artefact(
    hostile: tuple[Any, dict[str, str]], name: str
) -> None:
    (made, files), given = hostile, {**HOSTILE, **FORMULAS}
    said = plain(given[name])
    page = re.sub(r"<[^<>]*>", "", re.sub(r"<!--.*?-->", "", files[f"{NAME}.html"]))
    assert html.unescape(page).count(said) > 2
    table = list(csv.reader(io.StringIO(files[f"{NAME}/values.csv"])))[1:]
    first = table[list(given).index(name)][0]
    assert close(first.replace("'", "")) == close(said.replace("'", ""))
    assert not re.match(r"[\s\"]*[=+@＝＋＠|]", first)
    assert said in cells(made.site / f"{NAME}.xlsx")["Values"]
    assert said in set(strings(json.loads(files[f"{NAME}.ipynb"])))
    index = files["assets/search-index.js"]
    found = list(strings(json.loads(index[index.index("=") + 1 : index.rindex(";")])))
    assert any(said in text for text in found)
    feed = ElementTree.fromstring(files["feed.xml"])  # noqa: S314 - our own
    assert any(said in text for text in feed.itertext())
    fragments = (text for file, text in files.items() if file.endswith(".pf_fragment"))
    words = [json.loads(text[text.index("{") :])["content"] for text in fragments]
    assert sum(close(said) in close(text) for text in words) == 2
    for paper in (f"{NAME}.pdf", "shop/board-pack/2017-12.pdf"):
        assert close(said) in close(files[paper]), paper
    assert os.environ["HOME"] not in "".join(files.values())


PLANTED = ("HH-4711", "17850", "Ann Smith")
OUT = re.compile(r"HH.{0,3}4711|\b17850\b|Ann\s+Smith|540 bought")


def planted(kit: Any, place: str, value: str) -> list[dict[str, Any]]:
    """Return the cells of a notebook in which a customer stands at that place."""
    bare = {"text/plain": f"   customer_id\n0  {value}\n1  540 bought"}
    table = kit.shown(kit.book().table(id="second"))
    table["data"]["text/html"] = f"<td>{value}</td>"
    title = kit.shown(replace(kit.book().title_block(), title=f"About {value}"))
    outputs = {
        "frame": {"output_type": "execute_result", "metadata": {}, "execution_count": 1,
                  "data": {"text/html": f"<td>{value}</td>", **bare}},
        "bare": {"output_type": "execute_result", "metadata": {}, "execution_count": 1,
                 "data": bare},
        "printed": {"output_type": "stream", "name": "stdout", "text": bare["text/plain"]},
        "warned": {"output_type": "stream", "name": "stderr", "text": f"/home/x: {value}"},
        "table": kit.shown(kit.book(segment=value).table(id="named")),
        "error": {"output_type": "error", "ename": "E", "evalue": value, "traceback": [value]},
        "view": table,
        "title": title,
        "caption": kit.shown(Caption(value)),
        "caption line": kit.shown(Caption(f"Best:\n{value}")),
    }  # fmt: skip
    if place in outputs:
        return [kit.code("x", outputs[place])]
    source = {"raw": f"note\n{value}", "head": f"# {value}", "code": f'frame["{value}"]'}[place]
    return [{"cell_type": "raw", "metadata": {}, "source": source} if place == "raw"
            else kit.code(source) if place == "code" else kit.markdown(source)]  # fmt: skip


WITHHELD = ("frame", "bare", "printed", "warned", "view", "raw")
REFUSED = ("table", "error", "code", "title", "caption", "caption line", "head")
COUNTS = ("title", "caption", "caption line", "head")  # where 17850 may be one


def test_what_declares_no_grain_is_found_in_no_file_of_the_site(kit: Any) -> None:
    kit.customers(*PLANTED, "540", "HH-0002")
    cells = [cell for place in WITHHELD for value in PLANTED for cell in planted(kit, place, value)]
    kit.write(kit.book(period="2017-11"), kit.book(family="churn"), kit.book(extra=cells))
    assert publish(renderer="built-in").failed == []
    files = everything(kit.site)
    assert len(files) > 100
    assert [name for name, text in files.items() if OUT.search(text)] == []
    assert any("Lapsing" in text for name, text in files.items() if name.endswith("fragment"))
    for word in ("what it printed", "its warnings", "a bare value", "text/html"):
        assert f"Not published, because it declares no grain: {word}" in files[f"{NAME}.html"]


@pytest.mark.parametrize(
    ("place", "value"),
    [(p, v) for p in REFUSED for v in PLANTED if not (v.isdigit() and p in COUNTS)],
)
def test_a_report_that_names_a_customer_leaves_no_word_on_the_site(
    kit: Any, place: str, value: str
) -> None:
    kit.customers(*PLANTED, "540", "HH-0002")
    kit.write(kit.book(period="2017-11"), kit.book(extra=planted(kit, place, value)))
    assert [name for name, _ in publish(renderer="built-in", formats=("html",)).failed] == [NAME]
    files = everything(kit.site)
    assert len(files) > 60
    assert [name for name, text in files.items() if OUT.search(text)] == []
