"""Values from data are hostile: everywhere on the site they are text."""

import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader

from helpers.publish import publish

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


def everything(site: Path) -> dict[str, bytes]:
    """Return the bytes of every file, archives unpacked, PDFs as their text."""
    found: dict[str, bytes] = {}
    for path in (path for path in site.rglob("*") if path.is_file()):
        name = path.relative_to(site).as_posix()
        found[name] = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                found |= {f"{name}/{part}": archive.read(part) for part in archive.namelist()}
        if path.suffix == ".pdf":
            pages = PdfReader(path).pages
            found[f"{name}/text"] = "\n".join(page.extract_text() for page in pages).encode()
        if path.suffix in {".pf_fragment", ".pf_index", ".pf_meta"}:
            import gzip

            found[f"{name}/open"] = gzip.decompress(path.read_bytes())
    return found


@pytest.mark.parametrize("place", ["frame", "printed", "table", "error", "view"])
def test_a_planted_customer_is_found_in_no_file_of_the_site(kit: Any, place: str) -> None:
    kit.customers("HH-4711", "HH-0002")
    plain = {"text/plain": "HH-4711"}
    outputs = {
        "frame": {"output_type": "execute_result", "metadata": {}, "execution_count": 1,
                  "data": {"text/html": "<td>HH-4711</td>", **plain}},
        "printed": {"output_type": "stream", "name": "stdout", "text": "HH-4711"},
        "table": kit.shown(kit.book(segment="HH-4711").table()),
        "error": {"output_type": "error", "ename": "E", "evalue": "HH-4711",
                  "traceback": ["HH-4711"]},
        "view": kit.shown(kit.book().table(id="second")),
    }  # fmt: skip
    outputs["view"]["data"]["text/html"] = "<td>HH-4711</td>"
    kit.write(kit.book(period="2017-11"), kit.book(extra=[kit.code("x", outputs[place])]))
    result = publish(renderer="built-in")
    assert bool(result.failed) == (place in {"table", "error"})
    files = everything(kit.site)
    assert len(files) > 40
    assert [name for name, content in files.items() if b"4711" in content] == []
    assert any(b"Lapsing" in content for name, content in files.items() if name.endswith("/open"))
