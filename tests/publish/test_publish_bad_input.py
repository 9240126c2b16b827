"""Notebooks that are not as they should be: the others are published, and what failed is named."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from helpers.publish import PublishResult, publish

PAGE = "shop/customer_value/2017-12.html"


def built_in() -> PublishResult:
    return publish(renderer="built-in")


def mystery(kit: Any) -> list[dict[str, Any]]:
    return [
        kit.code("x", {"output_type": "hologram", "metadata": {}}),
        kit.code("y", {"output_type": "display_data", "metadata": {},
                       "data": {"application/x-unheard-of": "4711", "text/plain": "4711"}}),
    ]  # fmt: skip


def huge_print(kit: Any) -> list[dict[str, Any]]:
    line = "0123456789" * 10 + "\n"
    return [kit.code("x", {"output_type": "stream", "name": "stdout", "text": line * 200_000})]


def huge_html(kit: Any) -> list[dict[str, Any]]:
    data = {"text/html": "<td>x</td>" * 2_000_000, "text/plain": "x"}
    return [kit.code("x", {"output_type": "display_data", "metadata": {}, "data": data})]


def no_picture(kit: Any) -> list[dict[str, Any]]:
    return [
        kit.markdown("![a picture](missing.png) and <img src='missing.png'>"),
        kit.code("x", kit.shown(kit.book().chart(id="bare", title="Bare", sentence="No data."))),
    ]


@pytest.mark.parametrize("bad", [mystery, huge_print, huge_html, no_picture])
def test_what_cannot_be_shown_is_left_out_and_the_page_is_whole(
    kit: Any, bad: Callable[[Any], list[dict[str, Any]]]
) -> None:
    kit.write(kit.book(family="churn"), kit.book(extra=bad(kit)))
    assert built_in().failed == []
    text = kit.page(PAGE)
    assert text.rstrip().endswith("</html>")
    assert "Provenance</h2>" in text
    assert len(text) < 200_000
    assert not re.search(r"<img|src=.missing|hologram.>|4711</td>", text)
    assert (kit.site / "shop/customer_value/2017-12.ipynb").stat().st_size < 300_000
    said = {"mystery": "hologram", "huge_print": "what it printed", "huge_html": "text/html",
            "no_picture": "No data."}[bad.__name__]  # fmt: skip
    assert said in text


def test_a_picture_of_twenty_megabytes_is_refused_by_name_and_spares_the_others(kit: Any) -> None:
    kit.write(kit.book(), kit.book(family="churn"))
    built_in()
    old = kit.page(PAGE)
    large = kit.svg.replace("<g", f"<path d='{'M 1 1 L 2 2 ' * 1_700_000}'/><g", 1)
    chart = kit.shown(kit.book().chart(id="cloud"), large)
    kit.write(kit.book(extra=[kit.code("x", chart)]), kit.book(family="churn", value=2000.0))
    failed = dict(built_in().failed)
    name = "shop/customer_value/2017-12"
    assert set(failed) == {name, "shop/board-pack/2017-12.pdf"}, "the pack needs them all"
    assert "chart 'cloud' has a picture of 20 MB" in failed[name]
    assert "Not up to date." in kit.page(PAGE)
    assert "Not up to date." not in old
    assert "$2,000" in kit.page("shop/churn/2017-12.html")
    assert name in kit.page("run.html")


def test_a_table_of_two_thousand_rows_is_cut_on_paper_and_says_so(kit: Any) -> None:
    rows = [[f"Segment {i}", 10 + i, 1.5] for i in range(2000)]
    text = [[str(cell) for cell in row] for row in rows]
    table = kit.book().table(id="long", rows=rows, text=text)
    kit.write(kit.book(extra=[kit.code("x", kit.shown(table))]))
    assert built_in().failed == []
    reader = PdfReader(kit.site / "shop/customer_value/2017-12.pdf")
    paper = " ".join(page.extract_text() for page in reader.pages)
    assert "Segment 59" in paper
    assert "Segment 60" not in paper
    assert "60 of 2,000 rows; the workbook has all of them" in paper


@pytest.mark.parametrize("title", ["客户价值", "قيمة العملاء", "שווי לקוח", "ลูกค้า"])
def test_a_title_in_another_script_goes_into_pack_feed_and_search(kit: Any, title: str) -> None:
    kit.write(kit.book(title=title, segment=title), kit.book(family="churn"))
    assert built_in().failed == []
    for name in ("feed.xml", "assets/search-index.js", "glossary.html", "trends.html"):
        assert title in kit.page(name), name
    for name in ("shop/customer_value/2017-12.pdf", "shop/board-pack/2017-12.pdf"):
        assert (kit.site / name).read_bytes().startswith(b"%PDF")


def test_a_page_and_a_download_deleted_by_hand_come_back_alone(kit: Any) -> None:
    kit.write(kit.book(), kit.book(period="2017-11"))
    built_in()
    before = {path: path.stat().st_mtime_ns for path in kit.site.rglob("*") if path.is_file()}
    gone = [kit.site / PAGE, kit.site / "shop/customer_value/2017-12.xlsx", kit.site / "index.html"]
    for path in gone:
        path.unlink()
    assert built_in().failed == []
    changed = {path for path, time in before.items() if path.stat().st_mtime_ns != time}
    assert changed == set(gone)


def test_a_quarto_killed_in_the_middle_fails_one_report_and_keeps_its_page(
    kit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.write(kit.book(), kit.book(family="churn"))
    built_in()
    old = kit.page("shop/churn/2017-12.html")
    program = tmp_path / "bin" / "quarto"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        '[ "$1" = --version ] && echo 1.10.2 && exit\n'
        "out=$(sed -n 's/^ *output-dir: //p' _quarto.yml); mkdir -p $out\n"
        "for f in $(sed -n 's/^ *- \\(report-.*\\)[.]qmd$/\\1/p' _quarto.yml); do\n"
        "  grep -q 'The one that kills' $f.qmd && kill -9 $$\n"
        '  echo "<!DOCTYPE html><!--state--><!--/state-->$f</html>" > $out/$f.html\n'
        "done\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    kills = [kit.markdown("## The one that kills\n\ntext")]
    kit.write(kit.book(value=2000.0), kit.book(family="churn", extra=kills))
    result = publish(renderer="quarto", formats=("html",))
    assert [name for name, _ in result.failed] == ["shop/churn/2017-12"]
    assert "report-000" in kit.page(PAGE)
    kept = kit.page("shop/churn/2017-12.html")
    assert "Not up to date." in kept
    assert re.sub(r"<!--state-->.*?<!--/state-->", "", kept) == re.sub(
        r"<!--state-->.*?<!--/state-->", "", old
    )
    assert "shop/churn/2017-12" in kit.page("run.html")
