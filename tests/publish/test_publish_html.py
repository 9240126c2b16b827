"""The words around a report are English, its own are marked; assets are asked for by content."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from helpers import paths
from helpers.document import Comparison
from helpers.publish import html, publish
from helpers.publish.html import page_html
from helpers.publish.settings import Settings
from helpers.publish.views import direction


def index(lang: str) -> str:
    return page_html("search", "search.html", Settings(lang=lang, tagline="Alles"), pages=0,
                     tries=[], index="0")  # fmt: skip


def test_what_a_report_says_is_marked_where_it_is_not_english(
    kit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "theme").symlink_to(paths.root() / "reports" / "theme")
    (reports / "site.yml").write_text("lang: de\n")
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(tmp_path))
    kit.write(kit.book(title="Kundenwert"))
    assert publish(renderer="built-in", formats=("html",)).failed == []
    text = kit.page("shop/customer_value/2017-12.html")
    assert '<html lang="en">' in text
    assert '<span class="h1-what" lang="de" dir="auto">Kundenwert</span>' in text
    assert '<nav class="mast-nav" aria-label="Site">' in text
    assert 'lang="' not in text[text.index("<nav") : text.index("</nav>")]


def test_an_english_site_marks_no_language_twice() -> None:
    assert index("en").count('lang="') == 1


def test_a_hostile_language_is_text() -> None:
    made = str(html._own('"><script>'))
    assert "<script>" not in made
    assert made.count('"') == 4


def test_assets_are_asked_for_by_their_content() -> None:
    text = index("en")
    for name in ("site.css", "site.js", "theme.js", "search.js"):
        data = (paths.root() / "reports" / "theme" / "assets" / name).read_bytes()
        assert f'assets/{name}?v={hashlib.sha256(data).hexdigest()[:8]}"' in text


def test_a_changed_search_index_has_another_address(kit: Any) -> None:
    def address() -> str:
        found = re.search(r'src="(assets/search-index\.js\?v=\w+)"', kit.page("search.html"))
        assert found is not None
        return found[1]

    kit.write(kit.book())
    publish(renderer="built-in", formats=("html",))
    before = address()
    publish(renderer="built-in", formats=("html",))
    assert address() == before
    kit.write(kit.book(period="2017-11"))
    publish(renderer="built-in", formats=("html",))
    assert address() != before


@pytest.mark.parametrize("damage", [b"", b"no bytecode", b"\x00" * 4000])
def test_a_damaged_compiled_template_is_compiled_again(kit: Any, damage: bytes) -> None:
    kit.write(kit.book())
    html.environment.cache_clear()
    publish(renderer="built-in", formats=("html",))
    before = kit.page("index.html")
    compiled = list((kit.output / "store" / "templates").iterdir())
    assert len(compiled) >= 8
    for path in compiled:
        path.write_bytes(damage)
    html.environment.cache_clear()
    (kit.site / "index.html").unlink()
    assert publish(renderer="built-in", formats=("html",)).failed == []
    assert kit.page("index.html") == before


@pytest.mark.parametrize(
    ("text", "change", "way"),
    [("+2.0%", 0.02, 1), ("−43", None, -1), ("+6", None, 1), ("±0.0 pp", 0.0001, 0), ("", None, 0)],
)
def test_an_arrow_points_where_the_words_do(text: str, change: float | None, way: int) -> None:
    then = Comparison(
        period="2017-11", period_text="November 2017", value=19.0, text="19",
        change=change, change_text=text, verdict="worse",
    )  # fmt: skip
    assert direction(then) == way
    shown = html.environment().get_template("parts.html.j2").module.comparison(then, "vs")
    assert ("worse" in str(shown)) == (way != 0)
