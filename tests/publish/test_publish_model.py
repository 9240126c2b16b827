"""The site model: pages, order, links; no disk."""

from typing import Any

import pytest

from helpers.publish.model import Key, Page, Site, page_of, series
from helpers.publish.packs import wanted
from helpers.publish.reading import assemble
from helpers.publish.spark import sparkline, spoken, trend


def page(kit: Any, **given: Any) -> Page:
    book = kit.book(**given)
    return page_of(Key(book.source, book.family, book.stem), assemble(book.cells(), file="x"))


@pytest.fixture
def site(kit: Any) -> Site:
    months = ["2017-12", "2017-10", "2018-01", "2017-11"]
    pages = [page(kit, period=m, value=100.0 + i) for i, m in enumerate(months)]
    pages += [page(kit, period="2017"), page(kit, period="2017Q4")]
    pages += [page(kit, slice="region=North"), page(kit, family="churn")]
    pages += [page(kit, source="other", period="2017-12")]
    return Site(tuple(pages), families=("churn",))


def test_a_page_survives_its_json_form(kit: Any) -> None:
    made = page(kit)
    assert Page.from_json(made.as_json()) == made


def test_a_page_knows_its_kpis_headings_and_exhibits(kit: Any) -> None:
    made = page(kit)
    assert made.headline == ("revenue", "churn_rate")
    assert made.lead == "Revenue rose."
    assert [name for _, name in made.exhibits] == ["Revenue by segment", "Regions", "Segments"]
    assert made.headings[0] == ("where-it-comes-from", "Where it comes from")
    assert made.definitions[0]["formula"] == "Σ revenue"


def test_neighbours_are_of_one_kind_slice_source_and_family(site: Site) -> None:
    before, after = site.neighbours(Key("shop", "customer_value", "2017-12"))
    assert before is not None
    assert after is not None
    assert (before.key.stem, after.key.stem) == ("2017-11", "2018-01")
    assert site.neighbours(Key("shop", "customer_value", "2017")) == (None, None)
    assert site.neighbours(Key("shop", "customer_value", "2017-12--region-North")) == (None, None)


def test_the_latest_is_for_all_customers_and_the_shortest_period(site: Site) -> None:
    latest = site.latest("shop", "customer_value")
    assert latest is not None
    assert latest.key.stem == "2018-01"
    smaller = Site(tuple(p for p in site.pages if p.key.stem != "2018-01"))
    latest = smaller.latest("shop", "customer_value")
    assert latest is not None
    assert latest.key.stem == "2017-12"


def test_the_archive_is_newest_first_and_slices_come_after(site: Site) -> None:
    assert [p.key.stem for p in site.archive("shop", "customer_value")] == [
        "2018-01", "2017-12", "2017-12--region-North", "2017Q4", "2017", "2017-11", "2017-10",
    ]  # fmt: skip


def test_named_families_come_first_and_others_by_name(site: Site) -> None:
    assert site.families_of("shop") == ["churn", "customer_value"]
    assert site.sources() == ["shop", "other"]


def test_slices_of_a_period_know_each_other(site: Site) -> None:
    found = site.slices(Key("shop", "customer_value", "2017-12"))
    assert [p.key.stem for p in found] == ["2017-12--region-North"]


def test_a_board_pack_takes_all_families_of_a_period(site: Site) -> None:
    packs = wanted(site)
    assert list(packs) == ["shop/board-pack/2017-12.pdf"]
    assert [p.key.family for p in packs["shop/board-pack/2017-12.pdf"]] == [
        "churn",
        "customer_value",
    ]


def test_a_series_is_told_drawn_and_readable(site: Site) -> None:
    found = series(site.run(Key("shop", "customer_value", "2017-12")), "revenue")
    assert [item.value for _, item in found] == [101.0, 103.0, 100.0, 102.0]
    assert spoken(found) == (
        "Revenue, October 2017 to January 2018: from $101 to $102; "
        "lowest $100 (December 2017), highest $103 (November 2017)."
    )
    assert sparkline(found).count(",") >= 4
    assert [mark[2] for mark in trend(found).marks][2] == "December 2017\nRevenue: $100"


def test_one_point_is_no_line(site: Site) -> None:
    found = series([site.pages[0]], "revenue")
    assert sparkline(found) == ""
    assert trend(found).marks[0][0] == 0.5


def test_an_unknown_kpi_has_no_series(site: Site) -> None:
    assert series(site.pages, "nothing") == []
