"""The seam to Quarto, tried with a stand-in for its program; with a real one, tried with that."""

import re
import stat
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import psutil
import pytest

from helpers.errors import UsageError
from helpers.publish import publish, renderer
from helpers.publish.quarto import neutral_html, neutral_markdown

STAND_IN = '''#!{python}
"""Renders what a document's raw blocks hold, expanding shortcodes as Quarto does."""
import os, re, sys
from pathlib import Path
import yaml

if "--version" in sys.argv:
    print("{version}")
    sys.exit(0)
config = yaml.safe_load(Path("_quarto.yml").read_text("utf-8"))
out = Path(config["project"]["output-dir"])
with open("{log}", "a") as log:
    print(len(config["project"]["render"]), file=log)
for name in config["project"]["render"]:
    text = Path(name).read_text("utf-8")
    if "breaks the renderer" in text:
        print("ERROR: " + name + " cannot be rendered", file=sys.stderr)
        sys.exit(1)
    text = re.sub(r"{{{{<.*?>}}}}", "EXPANDED", text)
    blocks = dict(re.findall(r"`{{12}}{{=(\\w+)}}\\n(.*?)\\n`{{12}}", text, re.S))
    head = yaml.safe_load(text.split("---")[1])
    page = Path(config["format"]["html"]["template"]).read_text("utf-8")
    page = page.replace("$body$", blocks["html"])
    target = out / Path(name).with_suffix(".html")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, "utf-8")
    if "typst" in head.get("format", config["format"]):
        import typst
        fonts = typst.Fonts(include_system_fonts=False, font_paths=["fonts"])
        source = blocks["typst"].encode()
        made = typst.compile(source, font_paths=fonts, pdf_standards="ua-1", timestamp=0)
        target.with_suffix(".pdf").write_bytes(made)
'''


@pytest.fixture
def quarto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a stand-in for Quarto on PATH; call the fixture with the version it claims."""

    def install(version: str = "1.10.2") -> Path:
        program, log = tmp_path / "bin" / "quarto", tmp_path / "renders.log"
        program.parent.mkdir(exist_ok=True)
        program.write_text(STAND_IN.format(python=sys.executable, version=version, log=log))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        renderer._asked_version.cache_clear()
        return log

    return install


def test_quarto_is_taken_where_it_is_on_path_and_said_so(kit: Any, quarto: Any) -> None:
    log = quarto()
    kit.write(kit.book(), kit.book(period="2017-11"))
    result = publish()
    assert (result.renderer, result.why) == ("quarto", "quarto 1.10.2 is on PATH")
    assert result.failed == []
    assert log.read_text().split() == ["2"], "all documents in one render"


@pytest.mark.parametrize(
    ("version", "why"),
    [("1.8.26", "quarto 1.8.26 on PATH is older than 1.9"), ("", "says no version")],
)
def test_a_quarto_that_will_not_do_is_said_and_the_built_in_takes_over(
    kit: Any, quarto: Any, version: str, why: str
) -> None:
    quarto(version)
    kit.write(kit.book())
    result = publish(formats=("html",))
    assert result.renderer == "built-in"
    assert why in result.why
    with pytest.raises(UsageError, match="cannot be used"):
        publish(formats=("html",), renderer="quarto")


def test_without_quarto_the_built_in_takes_over(
    kit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    kit.write(kit.book())
    result = publish(formats=("html",))
    assert (result.renderer, result.why) == ("built-in", "no quarto on PATH")


def test_both_renderers_make_the_same_addresses_and_words(kit: Any, quarto: Any) -> None:
    def words(name: str) -> str:
        body = re.sub(r"<head>.*?</head>", "", kit.page(name), flags=re.DOTALL)
        return " ".join(re.sub(r"<[^>]+>", " ", body).split())

    kit.write(kit.book(), kit.book(family="churn"))
    publish(renderer="built-in")
    files = {path.relative_to(kit.site) for path in kit.site.rglob("*") if path.is_file()}
    name = "shop/customer_value/2017-12.html"
    before = words(name)
    quarto()
    assert publish().renderer == "quarto"
    again = {path.relative_to(kit.site) for path in kit.site.rglob("*") if path.is_file()}
    assert again == files
    assert words(name) == before


def test_only_changed_documents_are_rendered_again(kit: Any, quarto: Any) -> None:
    log = quarto()
    kit.write(*(kit.book(period=f"2017-{month:02}") for month in (8, 9, 10)))
    publish()
    publish()
    kit.write(kit.book(period="2017-11"))
    publish()
    assert log.read_text().split() == ["3", "2"], "the new report and its neighbour"


def test_a_document_that_breaks_the_render_spares_the_others(kit: Any, quarto: Any) -> None:
    quarto()
    kit.write(*(kit.book(period=f"2017-{month:02}") for month in (8, 9, 10)))
    publish()
    bad = [kit.markdown("## This breaks the renderer\n\ntext")]
    kit.write(kit.book(period="2017-08", value=1.0), kit.book(period="2017-09", extra=bad))
    kit.write(kit.book(period="2017-10", value=7777.0))
    result = publish()
    assert [name for name, _ in result.failed] == ["shop/customer_value/2017-09"]
    assert "cannot be rendered" in result.failed[0][1]
    assert "$7,777" in kit.page("shop/customer_value/2017-10.html")
    assert "Not up to date." in kit.page("shop/customer_value/2017-09.html")


def test_no_shortcode_citation_or_fence_of_data_reaches_quarto(kit: Any, quarto: Any) -> None:
    quarto()
    hostile = "{{< env HOME >}} @word `````````````` --- $body$"
    kit.write(kit.book(segment=hostile, title=hostile))
    assert publish().failed == []
    (staged,) = (kit.output / "store" / "quarto").rglob("*.qmd")
    text = staged.read_text("utf-8")
    assert "{{<" not in text
    assert len(re.findall(r"^`{3,}", text, re.MULTILINE)) == 4, (
        "two raw blocks, each opened and closed"
    )
    page = kit.page("shop/customer_value/2017-12.html")
    assert "EXPANDED" not in page
    assert "{{&lt; env HOME" in page.replace("&#123;", "{")


def test_text_is_made_neutral() -> None:
    assert neutral_html("`{{&lt; x >}}`") == "&#96;&#123;&#123;&lt; x >&#125;&#125;&#96;"
    assert neutral_markdown("{{< a >}}\n@b *c*") == r"\{\{\< a \>\}\} \@b \*c\*"


def test_a_character_without_a_font_becomes_a_square(kit: Any, quarto: Any) -> None:
    log = quarto()
    kit.write(kit.book(segment="Loyal \U00010600"), kit.book(family="churn"))
    assert publish().failed == []
    assert log.read_text().split() == ["2", "1"], "once as it is, once with the square"
    assert "Loyal \U00010600" in kit.page("shop/customer_value/2017-12.html")


def test_a_quarto_that_hangs_is_stopped_with_all_it_started(
    kit: Any, quarto: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarto()
    program, child = tmp_path / "bin" / "quarto", tmp_path / "child"
    program.write_text(
        "#!/bin/sh\n"
        '[ "$1" = --version ] && echo 1.10.2 && exit\n'
        f"sleep 600 & echo $! > {child}; wait\n"
    )
    monkeypatch.setattr("helpers.publish.quarto._SECONDS_ALL", 1)
    monkeypatch.setattr("helpers.publish.quarto._SECONDS_EACH", 0)
    kit.write(kit.book(), kit.book(family="churn"))
    result = publish(renderer="quarto")
    assert len(result.failed) == 2
    assert all("took too long and was stopped" in why for _, why in result.failed)
    left = int(child.read_text())
    gone = time.monotonic() + 10  # a killed process ends when the system gets round to it
    while runs(left) and time.monotonic() < gone:
        time.sleep(0.05)
    assert not runs(left)


def runs(pid: int) -> bool:
    """Say whether a process is there, and is more than an entry that nobody has collected."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


needs_quarto = pytest.mark.skipif(
    (renderer.quarto_version()[0] or (0,)) < renderer.MINIMUM_QUARTO,
    reason="no quarto that can be used on PATH",
)


def elements(html: str) -> list[Any]:
    """Return a page's elements and words: entities, void tags and implied bodies do not count."""

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag != "tbody":
                found.append((tag, sorted((name, value or "") for name, value in attrs)))

        def handle_data(self, data: str) -> None:
            found.extend(data.split())

    found: list[Any] = []
    reader = Reader(convert_charrefs=True)
    reader.feed(html)
    reader.close()
    return found


@pytest.mark.long
@needs_quarto
def test_a_real_quarto_publishes_what_the_built_in_renderer_does(kit: Any) -> None:
    hostile = "{{< env HOME >}} @word <script>alert(1)</script> `````````````` --- $body$ ~~~"
    kit.write(kit.book(segment=hostile, title=hostile), kit.book(family="churn"))

    def pages() -> dict[str, Any]:
        found = {path.relative_to(kit.site).as_posix(): path for path in kit.site.rglob("*")}
        return {
            name: elements(path.read_text("utf-8")) if name.endswith(".html") else None
            for name, path in found.items()
            if path.is_file()
        }

    assert publish(renderer="built-in", site_url="https://reports.example/").failed == []
    before = pages()
    size = (kit.site / "shop/customer_value/2017-12.pdf").stat().st_size
    assert publish(renderer="quarto", site_url="https://reports.example/").failed == []
    after = pages()
    assert after.keys() == before.keys()
    for name in before:
        assert after[name] == before[name], name
    paper = (kit.site / "shop/customer_value/2017-12.pdf").read_bytes()
    assert paper.startswith(b"%PDF")
    assert len(paper) == pytest.approx(size, rel=0.25), "no table of the page is in it once more"
    text = kit.page("shop/customer_value/2017-12.html")
    assert text.startswith("<!DOCTYPE html>"), "or the browser falls back to quirks mode"
    assert "Content-Security-Policy" in text
    assert '<meta charset="utf-8">' in text
    assert str(Path.home()) not in text


@pytest.mark.long
@needs_quarto
def test_a_document_that_breaks_a_real_quarto_spares_the_others(kit: Any) -> None:
    broken = [kit.code("x", kit.shown(kit.book().chart(id="broken"), "<svg>no picture"))]
    square = kit.book(period="2017-11", segment="Loyal \U00010600")
    kit.write(kit.book(period="2017-08"), kit.book(period="2017-09", extra=broken))
    kit.write(kit.book(period="2017-10"), square)
    result = publish(renderer="quarto")
    assert [name for name, _ in result.failed] == ["shop/customer_value/2017-09"]
    assert str(kit.output) not in result.failed[0][1]
    for month in ("08", "10", "11"):
        assert (kit.site / f"shop/customer_value/2017-{month}.pdf").read_bytes()[:4] == b"%PDF"
