"""The feed tells of editions that say something new, by ids that last."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from helpers.publish import identity, publish
from helpers.publish.feed import feed
from helpers.publish.identity import Identity, edition_of
from helpers.publish.model import Key, Page, Site, page_of
from helpers.publish.reading import assemble
from helpers.publish.settings import Settings

OWN = "6f0c1d8e-5a55-4d3a-9d7e-0b1f2a3c4d5e"
NOON = datetime(2018, 1, 3, 12, tzinfo=UTC)


def page(kit: Any, **given: Any) -> Page:
    book = kit.book(**given)
    return page_of(Key(book.source, book.family, book.stem), assemble(book.cells(), file="x"))


def ids(text: str) -> list[str]:
    return re.findall(r"<id>([^<]+)</id>", text)


def test_it_lists_editions_and_escapes_them(kit: Any) -> None:
    hostile = Site((page(kit, title='<b> & "x"'),))
    kept = Identity(OWN)
    kept.note({"shop/customer_value/2017-12": "d1"}, NOON)
    text = feed(hostile, Settings(), kept, "https://example.org/r/")
    assert '<title>&lt;b&gt; &amp; "x", December 2017</title>' in text
    assert '<link href="https://example.org/r/shop/customer_value/2017-12.html"/>' in text
    assert text.count("<updated>2018-01-03T12:00:00Z</updated>") == 2
    assert "data up to and including 2017-12-31" in text
    assert feed(hostile, Settings(), kept, "").count("http") == 1  # Atom's own namespace


def test_ids_do_not_change_with_the_address(kit: Any) -> None:
    site, kept = Site((page(kit),)), Identity(OWN)
    here, there = (feed(site, Settings(), kept, url) for url in ("", "https://example.org/"))
    assert ids(here) == ids(there)
    assert ids(here)[0] == f"urn:uuid:{OWN}"
    other = Identity("11111111-5a55-4d3a-9d7e-0b1f2a3c4d5e")
    assert not set(ids(here)) & set(ids(feed(site, Settings(), other, "")))


def test_an_edition_that_says_something_new_is_dated_anew_and_comes_first(kit: Any) -> None:
    kept = Identity(OWN)
    kept.note({"a": "1", "b": "1"}, NOON)
    kept.note({"a": "2", "b": "1"}, NOON.replace(day=9))
    assert kept.editions == {
        "a": ["2", "2018-01-09T12:00:00Z"],
        "b": ["1", "2018-01-03T12:00:00Z"],
    }
    kept.note({"b": "1"}, NOON.replace(day=10))
    assert kept.editions == {"b": ["1", "2018-01-03T12:00:00Z"]}


def test_what_is_drawn_or_measured_anew_and_says_the_same_is_no_new_edition(kit: Any) -> None:
    def digest(book: Any) -> str:
        return edition_of(assemble(book.cells(), file="x"))

    same = digest(kit.book())
    assert digest(kit.book(snapshot="ffff0000")) == same
    cells = kit.book().cells()
    redrawn = [
        {**cell, "outputs": [
            {**output, "data": {**output["data"], **(
                {"image/svg+xml": kit.svg.replace("20.123456", "21")}
                if "image/svg+xml" in output["data"] else {})}}
            for output in cell.get("outputs", [])
        ]} for cell in cells
    ]  # fmt: skip
    assert edition_of(assemble(redrawn, file="x")) == same
    assert digest(kit.book(value=1235.0)) != same
    assert digest(kit.book(segment="Gold")) != same


def test_a_corrected_and_a_backfilled_edition_move_the_feed_and_nothing_else_does(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [NOON]

    class Now(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return clock[0]

    def built(day: int) -> list[str]:
        clock[0] = NOON.replace(day=day)
        publish(renderer="built-in", formats=("html",))
        return re.findall(r"<updated>2018-01-(\d\d)|\d{4}-\d\d\.html", kit.page("feed.xml"))

    monkeypatch.setattr("helpers.publish.whole.datetime", Now)
    kit.write(kit.book(), kit.book(period="2017-11"))
    assert built(3) == ["03", "03", "", "03", ""]
    assert built(4) == ["03", "03", "", "03", ""]
    kit.write(kit.book(period="2017-11", value=99.0))
    assert built(5) == ["05", "05", "", "03", ""], "the corrected November comes first"
    kit.write(kit.book(period="2016-01"))
    assert built(6) == ["06", "06", "", "05", "", "03", ""]


def test_a_lost_note_or_a_lost_identity_changes_no_id(kit: Any) -> None:
    kit.write(kit.book())
    publish(renderer="built-in", formats=("html",), site_url="https://example.org/r")
    before = ids(kit.page("feed.xml"))
    (kit.output / "store" / "identity.json").write_text("{broken")
    (kit.output / "store" / "site.json").unlink()
    publish(renderer="built-in", formats=("html",))
    assert ids(kit.page("feed.xml")) == before
    assert identity.load().id in before[0]


def test_the_address_is_remembered_until_another_is_given(kit: Any) -> None:
    kit.write(kit.book())
    html = ("html",)
    publish(renderer="built-in", formats=html, site_url="https://example.org/r")
    before = kit.page("shop/customer_value/2017-12.html"), kit.page("feed.xml")
    assert publish(renderer="built-in", formats=html).written == 0
    assert (kit.page("shop/customer_value/2017-12.html"), kit.page("feed.xml")) == before
    publish(renderer="built-in", formats=html, site_url="")
    assert "example.org" not in kit.page("shop/customer_value/2017-12.html")
    assert "example.org" not in kit.page("feed.xml")


def test_an_edition_that_is_not_up_to_date_says_so(kit: Any) -> None:
    made = page(kit)
    text = feed(Site((made,), stale={made.key: "It failed."}), Settings(), Identity(OWN), "")
    assert "<summary>Not up to date. The shop" in text
