"""One publication after the other: what is made, what is kept, what is said."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers.errors import PublishError, UsageError
from helpers.publish import PublishResult, publish
from helpers.publish import pdf as pdf_module


def built_in(**given: Any) -> PublishResult:
    return publish(renderer="built-in", **{"formats": ("html",), **given})


def times(site: Path) -> dict[str, int]:
    return {
        path.relative_to(site).as_posix(): path.stat().st_mtime_ns
        for path in site.rglob("*")
        if path.is_file()
    }


def test_every_link_of_the_site_resolves_and_every_id_is_unique(built: Any, links: Any) -> None:
    assert len(list(built.site.rglob("*.html"))) >= 14
    assert links.checked(built.site) > 200


def test_every_page_forbids_scripts_and_styles_of_its_own(built: Any) -> None:
    for path in sorted(built.site.rglob("*.html")):
        text = path.read_text("utf-8")
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
        assert policy, path
        assert "script-src &#39;self&#39;;" in policy[1]
        assert "unsafe" not in policy[1]
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", text), path


def test_contents_of_a_report_are_those_agreed(built: Any) -> None:
    text = built.page("shop/customer_value/2017-12.html")
    toc = text[
        text.index('<nav class="toc"') : text.index("</nav>", text.index('<nav class="toc"'))
    ]
    assert re.findall(r'<a href="([^"]+)">([^<]+)</a>', toc) == [
        ("#top", "Headline"),
        ("#where-it-comes-from", "Where it comes from"),
        ("#definitions", "Definitions"),
        ("#provenance", "Provenance"),
        ("#code", "Code"),
    ]


def test_a_report_has_downloads_neighbours_slices_and_folded_code(built: Any) -> None:
    text = built.page("shop/customer_value/2017-12.html")
    for link in ("2017-12.pdf", "2017-12.xlsx", "2017-12.ipynb", "2017-12/segments.csv",
                 "2017-11.html", "2017-12--region-North.html", "index.html"):  # fmt: skip
        assert f'href="{link}"' in text
    assert '<details class="source"><summary>' in text
    assert 'rel="next"' not in text


def test_the_overview_shows_each_familys_latest_kpis_and_the_archive(built: Any) -> None:
    text = built.page("index.html")
    assert text.count('class="glance"') == 2
    assert "$1,234" in text
    assert "+2.8%" in text
    assert re.search(r"\+12\.2%</span>\s*<span class=\"since\">vs December 2016 ", text)
    assert '<svg class="sparkline"' in text
    assert "shop/board-pack/2017-12.pdf" in text
    assert text.count('<li><span class="edition-when">') == 4


def test_a_second_publication_writes_nothing(kit: Any) -> None:
    kit.write(kit.book(), kit.book(period="2017-11"))
    built_in(formats=("html", "pdf"))
    before = times(kit.site)
    again = built_in(formats=("html", "pdf"))
    assert (again.written, again.removed, again.failed) == (0, 0, [])
    assert times(kit.site) == before


def test_a_new_report_changes_only_its_neighbour_and_the_pages_about_all(kit: Any) -> None:
    kit.write(*(kit.book(period=f"2017-{month:02}") for month in (7, 8, 9)))
    built_in()
    before = times(kit.site)
    kit.write(kit.book(period="2017-10"))
    built_in()
    after = times(kit.site)
    changed = {n for n in before if after.get(n) != before[n] and n.startswith("shop/")}
    assert changed == {"shop/customer_value/2017-09.html", "shop/customer_value/index.html"}
    assert 'rel="next" href="2017-10.html"' in kit.page("shop/customer_value/2017-09.html")


def test_a_report_that_is_gone_takes_its_files_along(kit: Any) -> None:
    gone = kit.write(kit.book(), kit.book(period="2017-11"))
    built_in()
    gone.unlink()
    result = built_in()
    assert result.removed > 3
    assert not list(kit.site.rglob("2017-11*"))
    assert "2017-11" not in kit.page("index.html")


def test_a_page_deleted_by_hand_comes_back(kit: Any) -> None:
    kit.write(kit.book(), kit.book(period="2017-11"))
    built_in()
    path = kit.site / "shop/customer_value/2017-11.html"
    content = path.read_bytes()
    path.unlink()
    (kit.site / "shop/customer_value/2017-12.xlsx").unlink()
    assert built_in().written == 2
    assert path.read_bytes() == content


def test_a_lost_note_of_what_was_published_changes_no_byte(kit: Any) -> None:
    kit.write(kit.book())
    built_in(formats=("html", "pdf"))
    before = {path: path.read_bytes() for path in kit.site.rglob("*") if path.is_file()}
    (kit.output / "store" / "site.json").write_text("{broken")
    assert built_in(formats=("html", "pdf")).written == 0
    assert {path: path.read_bytes() for path in kit.site.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("cell", ["error", "grain", "garbage"])
def test_a_bad_notebook_keeps_its_old_page_marked_and_the_others_are_published(
    kit: Any, cell: str
) -> None:
    path = kit.write(kit.book(period="2017-11"), kit.book())
    built_in()
    old = kit.page("shop/customer_value/2017-12.html")
    error = {"output_type": "error", "ename": "ValueError", "evalue": "", "traceback": []}
    bad = {
        "error": [kit.code("boom()", error)],
        "grain": [kit.code("x", kit.shown(kit.book().table(grain="customer")))],
        "garbage": [],
    }[cell]
    kit.write(kit.book(extra=bad, value=9999.0), kit.book(period="2017-10"))
    if cell == "garbage":
        path.write_text("{")
    result = built_in()
    assert [name for name, _ in result.failed] == ["shop/customer_value/2017-12"]
    assert (kit.site / "shop/customer_value/2017-10.html").is_file()
    new = kit.page("shop/customer_value/2017-12.html")
    assert "Not up to date." in new
    assert re.sub(r"<!--state-->.*?<!--/state-->", "", new) == re.sub(
        r"<!--state-->.*?<!--/state-->", "", old
    )
    index = kit.page("index.html")
    assert "not up to date" in index
    assert "9,999" not in index
    assert "shop/customer_value/2017-12" in kit.page("run.html")
    kit.write(kit.book())
    assert built_in().failed == []
    assert kit.page("shop/customer_value/2017-12.html") == old


def test_a_first_publication_that_fails_leaves_no_link_to_it(kit: Any) -> None:
    kit.write(kit.book(period="2017-11"))
    kit.write(kit.book(extra=[kit.code("x", kit.shown(kit.book().chart(), "<svg"))]))
    result = built_in()
    assert [name for name, _ in result.failed] == ["shop/customer_value/2017-12"]
    assert not (kit.site / "shop/customer_value/2017-12.html").exists()
    assert "2017-12" not in kit.page("shop/customer_value/2017-11.html")
    assert "2017-12.html" not in kit.page("index.html")


def test_typst_failing_on_one_document_spares_the_others(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.write(kit.book(), kit.book(family="churn"))
    publish(renderer="built-in")
    old = (kit.site / "shop/churn/2017-12.pdf").read_bytes()
    compile_once = pdf_module._compile

    def fails(source: str, *args: Any, **kwargs: Any) -> bytes:
        if "Only in churn" in source:
            raise PublishError("typst made no PDF: out of luck")
        return compile_once(source, *args, **kwargs)

    monkeypatch.setattr(pdf_module, "_compile", fails)
    cells = [kit.markdown("## Only in churn\n\ntext")]
    kit.write(kit.book(value=2000.0), kit.book(family="churn", extra=cells))
    result = publish(renderer="built-in")
    assert "shop/churn/2017-12" in dict(result.failed)
    assert "shop/customer_value/2017-12" not in dict(result.failed)
    assert (kit.site / "shop/churn/2017-12.pdf").read_bytes() == old
    assert "Not up to date." in kit.page("shop/churn/2017-12.html")
    assert "$2,000" in kit.page("shop/customer_value/2017-12.html")


def test_a_run_that_failed_marks_the_page_that_is_kept(kit: Any) -> None:
    kit.write(kit.book(), kit.book(period="2017-11"))
    report = {
        "source": "shop", "family": "customer_value", "period": "2017-12", "slice": "all",
        "notebook": "notebooks/shop/customer_value/2017-12.ipynb", "status": "failed",
        "page": "stale", "reasons": [], "seconds": {"total": 3.5},
        "error": {"cell": 4, "ename": "MetricError", "evalue": "customer HH-0001 has no order"},
    }  # fmt: skip
    run = {"started": "2018-01-01T06:00:00.000+00:00", "seconds": 12.0, "result": "failed"}
    (kit.output / "run.json").write_text(
        json.dumps({"version": 1, "run": run, "reports": [report]})
    )
    built_in()
    assert "failed with MetricError" in kit.page("shop/customer_value/2017-12.html")
    text = kit.page("run.html")
    assert "1 failed" in text
    assert "MetricError" in text
    assert not [path for path in kit.site.rglob("*.html") if "HH-0001" in path.read_text("utf-8")]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"reports": 3}', '{"run": {}, "reports": [{}]}']
)
def test_a_broken_record_of_the_run_is_no_obstacle(kit: Any, content: str) -> None:
    kit.write(kit.book())
    (kit.output / "run.json").write_text(content)
    assert built_in().failed == []


@pytest.mark.parametrize(
    ("name", "said"), [("latest.ipynb", "cannot be read"), ("2017-13.ipynb", "not in the calendar"),
                       ("2017-11.ipynb", "which its name does not say")],
)  # fmt: skip
def test_a_notebook_under_a_wrong_name_is_not_published(kit: Any, name: str, said: str) -> None:
    path = kit.write(kit.book())
    path.with_name(name).write_bytes(path.read_bytes())
    result = built_in()
    assert result.pages == 1
    assert said in result.failed[0][1]


def test_two_reports_with_one_address_are_named(kit: Any) -> None:
    kit.write(kit.book(slice="region=North"), kit.book(slice="region=NORTH"))
    result = built_in()
    assert "where case is ignored" in result.failed[0][1]
    assert result.pages == 1


def test_a_report_without_kpis_charts_or_tables_is_a_page(kit: Any, monkeypatch: Any) -> None:
    book = kit.book()
    cells = [*book.cells()[:4], kit.code("x", kit.shown(book.kpis()))]
    provenance = book.cells()[-1]
    monkeypatch.setattr(type(book), "cells", lambda self: [*cells[:4], provenance])
    kit.write(book)
    assert publish(renderer="built-in").failed == []
    assert "no headline figures" in kit.page("index.html")


def test_a_long_table_is_cut_on_the_page_and_whole_in_its_downloads(kit: Any) -> None:
    rows = [[f"Segment {i}", 10 + i, 1.5] for i in range(2000)]
    text = [[str(cell) for cell in row] for row in rows]
    kit.write(
        kit.book(
            extra=[kit.code("x", kit.shown(kit.book().table(id="long", rows=rows, text=text)))]
        )
    )
    built_in()
    page = kit.page("shop/customer_value/2017-12.html")
    assert "Segment 199<" in page
    assert "Segment 200<" not in page
    assert "200 of 2,000 rows" in page
    assert (kit.site / "shop/customer_value/2017-12/long.csv").read_text("utf-8").count(
        "\n"
    ) == 2001


@pytest.mark.parametrize("title", ["客户价值", "قيمة العملاء"])
def test_a_title_in_another_script_is_shown(kit: Any, title: str) -> None:
    kit.write(kit.book(title=title))
    assert publish(renderer="built-in").failed == []
    assert title in kit.page("index.html")
    assert title in kit.page("shop/customer_value/2017-12.html")


def test_a_site_url_makes_links_of_feed_and_head_absolute(kit: Any) -> None:
    kit.write(kit.book())
    built_in(site_url="https://example.org/reports")
    address = "https://example.org/reports/shop/customer_value/2017-12.html"
    assert f'href="{address}"' in kit.page("feed.xml")
    assert f'rel="canonical" href="{address}"' in kit.page("shop/customer_value/2017-12.html")


def test_nothing_executed_is_said_with_the_command_that_mends_it(kit: Any) -> None:
    with pytest.raises(PublishError, match="crm-reports run"):
        built_in()


@pytest.mark.parametrize(
    "given", [{"formats": ()}, {"formats": ("pdf",)}, {"formats": ("html", "docx")},
              {"site_url": "javascript:alert(1)"}],
)  # fmt: skip
def test_wrong_usage_is_refused_before_anything_happens(kit: Any, given: dict[str, Any]) -> None:
    kit.write(kit.book())
    with pytest.raises(UsageError):
        built_in(**given)
    assert not kit.site.exists()


def test_an_unknown_renderer_is_refused_with_the_valid_names(kit: Any) -> None:
    with pytest.raises(UsageError, match="auto, quarto, built-in"):
        publish(renderer="hugo")


def test_a_file_where_a_folder_should_be_is_said_and_leaves_no_litter(kit: Any) -> None:
    kit.write(kit.book())
    kit.site.write_text("in the way")
    with pytest.raises(PublishError, match="cannot be written"):
        built_in()
    assert kit.site.read_text() == "in the way"


def test_a_publication_killed_in_the_middle_is_completed_by_the_next(kit: Any) -> None:
    kit.write(*(kit.book(period=f"2017-{month:02}") for month in range(1, 13)))
    script = "from helpers.publish import publish; publish(renderer='built-in')"
    child = subprocess.Popen([sys.executable, "-c", script], env=dict(os.environ))
    while child.poll() is None and not list(kit.site.rglob("2017-0*.html")):
        pass
    child.kill()
    child.wait()
    (kit.site / "shop" / ".2017-01.html-x.part").write_text("half")
    assert publish(renderer="built-in").failed == []
    assert len(list(kit.site.rglob("2017-??.html"))) == 12
    assert not list(kit.site.rglob("*.part"))
    for path in kit.site.rglob("*.html"):
        assert path.read_text("utf-8").rstrip().endswith("</html>")


def test_a_publication_broken_off_goes_on_where_it_was(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpers.publish.builtin import BuiltIn

    kit.write(*(kit.book(period=f"2017-{month:02}") for month in (8, 9, 10)))
    whole, asked = BuiltIn.render, []

    def stops(self: Any, jobs: Any, *args: Any, **given: Any) -> Any:
        asked.append(len(jobs))
        for number, made in enumerate(whole(self, jobs, *args, **given)):
            if len(asked) == 1 and number == 2:
                raise KeyboardInterrupt
            yield made

    monkeypatch.setattr(BuiltIn, "render", stops)
    with pytest.raises(KeyboardInterrupt):
        built_in()
    assert built_in().failed == []
    assert asked == [3, 1]


def test_settings_name_the_site_and_hold_kpis_to_targets(
    kit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpers import paths

    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "theme").symlink_to(paths.root() / "reports" / "theme")
    target = "targets: {shop: {revenue: {at_least: 2000, text: '$2,000'}}}"
    (reports / "site.yml").write_text(f"title: Numbers & <more>\n{target}\n")
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(tmp_path))
    kit.write(kit.book())
    built_in()
    text = kit.page("index.html")
    assert "Numbers &amp; &lt;more&gt;" in text
    assert "Target at least $2,000: missed" in text
    (reports / "site.yml").write_text("titel: x\n")
    with pytest.raises(PublishError, match="did you mean `title`"):
        built_in()
