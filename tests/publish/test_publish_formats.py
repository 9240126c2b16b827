"""PDFs outlive a publication without PDFs, as long as they still tell what their reports do."""

from typing import Any

import pytest

from helpers.publish import PublishResult, publish
from helpers.publish import store as store_of

PDF = "shop/customer_value/2017-12.pdf"
PACK = "shop/board-pack/2017-12.pdf"


def built(*formats: str) -> PublishResult:
    return publish(renderer="built-in", formats=formats)


@pytest.fixture
def papers(kit: Any) -> Any:
    kit.write(kit.book(), kit.book(period="2017-11"), kit.book(family="churn"))
    assert built("html", "pdf").failed == []
    return kit


def pdfs(kit: Any) -> dict[str, int]:
    return {
        path.relative_to(kit.site).as_posix(): path.stat().st_mtime_ns
        for path in kit.site.rglob("*.pdf")
    }


def test_html_alone_leaves_pdfs_packs_and_the_links_to_them(papers: Any) -> None:
    before = pdfs(papers)
    made = built("html")
    assert (made.written, made.removed) == (0, 0)
    assert pdfs(papers) == before
    assert len(before) == 4
    assert built("html", "pdf").written == 0


def test_html_alone_drops_the_pdf_of_a_report_that_changed_and_only_that(papers: Any) -> None:
    before = pdfs(papers)
    papers.write(papers.book(value=4321.0))
    assert built("html").failed == []
    assert set(before) - set(pdfs(papers)) == {PDF, PACK}
    assert 'href="2017-12.pdf"' not in papers.page("shop/customer_value/2017-12.html")
    assert 'href="2017-11.pdf"' in papers.page("shop/customer_value/2017-11.html")
    assert "board-pack" not in papers.page("index.html")
    built("html", "pdf")
    assert set(pdfs(papers)) == set(before)
    assert 'href="2017-12.pdf"' in papers.page("shop/customer_value/2017-12.html")


def test_a_report_that_changed_and_changed_back_gets_its_pdf_again(papers: Any) -> None:
    papers.write(papers.book(value=4321.0))
    built("html")
    papers.write(papers.book())
    built("html")
    assert PDF not in pdfs(papers)
    built("html", "pdf")
    assert PDF in pdfs(papers)


def test_a_new_look_by_html_alone_keeps_pdfs_and_they_get_it_with_the_next_ones(
    papers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pdfs(papers)
    monkeypatch.setattr(store_of, "theme_digest", lambda: "another look")
    built("html")
    assert pdfs(papers) == before
    asked: list[str] = []
    from helpers.publish import builtin, packs

    def noted(source: str, **given: Any) -> bytes:
        asked.append(given["place"])
        return b"%PDF anew"

    monkeypatch.setattr(builtin, "compile_pdf", noted)
    monkeypatch.setattr(packs, "compile_pdf", noted)
    built("html", "pdf")
    assert len(asked) == 4


def test_a_pack_that_could_not_be_made_again_is_marked(
    papers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpers.errors import PublishError
    from helpers.publish import packs

    def fails(*args: Any, **given: Any) -> bytes:
        raise PublishError("typst made no PDF: out of luck")

    assert "not up to date" not in papers.page("index.html")
    monkeypatch.setattr(packs, "compile_pdf", fails)
    papers.write(papers.book(value=4321.0))
    made = built("html", "pdf")
    assert [name for name, _ in made.failed] == [PACK]
    index = papers.page("index.html")
    place = index.index(PACK)
    assert "not up to date" in index[place : place + 200]


def test_a_pack_with_a_report_that_is_not_up_to_date_is_marked_too(papers: Any) -> None:
    bad = [papers.code("x", papers.shown(papers.book().chart(id="broken"), "<svg"))]
    papers.write(papers.book(extra=bad))
    built("html", "pdf")
    index = papers.page("index.html")
    place = index.index(PACK)
    assert "not up to date" in index[place : place + 200]
    text = papers.page("shop/customer_value/2017-12.html")
    assert "PDF and downloads are of the same edition." in text


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_chart_without_alternative_text_fails_its_report_and_spares_the_others(
    kit: Any, alt: str
) -> None:
    silent = kit.book().chart(id="mute", title="Mute chart", alt=alt)
    kit.write(kit.book(family="churn"))
    kit.write(kit.book(extra=[kit.code("x", kit.shown(silent, kit.svg))]))
    made = built("html", "pdf")
    ((name, why),) = made.failed
    assert name == "shop/customer_value/2017-12"
    assert "chart 'mute', “Mute chart”, has no alternative text" in why
    assert (kit.site / "shop/churn/2017-12.pdf").is_file()
    assert not (kit.site / PDF).exists()


def test_a_state_of_a_chart_without_alternative_text_fails_its_report_too(kit: Any) -> None:
    from dataclasses import replace

    switched = kit.book().switched()
    north, south = switched.variants
    mute = replace(switched, variants=[north, replace(south, alt="")])
    kit.write(kit.book(extra=[kit.code("x", kit.shown(mute, kit.svg))]))
    ((_, why),) = built("html").failed
    assert "(South)" in why


def test_a_chart_without_a_picture_needs_no_words_for_one(kit: Any) -> None:
    empty = kit.book().chart(id="bare", alt="", sentence="Nothing to show.")
    kit.write(kit.book(extra=[kit.code("x", kit.shown(empty))]))
    assert built("html", "pdf").failed == []
