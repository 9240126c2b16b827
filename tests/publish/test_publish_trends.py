"""Trends and overview: months stand for a source, and what is published between them hides none."""

from typing import Any

import pytest

from helpers.publish import publish
from helpers.publish.model import Key, Page, Site, page_of
from helpers.publish.reading import assemble
from helpers.publish.trends import trend_pages


def page(kit: Any, **given: Any) -> Page:
    book = kit.book(**given)
    return page_of(Key(book.source, book.family, book.stem), assemble(book.cells(), file="x"))


def site(kit: Any, *periods: str, **given: Any) -> Site:
    return Site(tuple(page(kit, period=period, **given) for period in periods))


def shown(made: Site) -> dict[str, list[list[str]]]:
    """Return the periods of the first KPI of each family, of each page of trends."""
    return {
        path: [
            [point.key.stem for point, _ in family["charts"][0].points]
            for source in sources
            for family in source["families"]
        ]
        for path, sources, _ in trend_pages(made)
    }


def test_a_week_published_after_months_leaves_their_trends_where_they_were(kit: Any) -> None:
    made = site(kit, "2017-10", "2017-11", "2017-12", "2018-W01")
    assert shown(made) == {
        "trends.html": [["2017-10", "2017-11", "2017-12"]],
        "trends/shop-week.html": [["2018-W01"]],
    }
    latest = made.latest("shop", "customer_value")
    assert latest is not None
    assert latest.key.stem == "2017-12"


def test_quarters_years_and_slices_have_trends_of_their_own(kit: Any) -> None:
    months = site(kit, "2017-11", "2017-12", "2017Q4", "2017").pages
    north = site(kit, "2017-11", "2017-12", slice="region=North").pages
    made = Site((*months, *north))
    part = north[0].key.slice
    assert shown(made) == {
        "trends.html": [["2017-11", "2017-12"]],
        "trends/shop-quarter.html": [["2017Q4"]],
        "trends/shop-year.html": [["2017"]],
        f"trends/shop-month--{part}.html": [[f"2017-11--{part}", f"2017-12--{part}"]],
    }


def test_where_there_are_only_weeks_they_stand_for_the_source(kit: Any) -> None:
    made = site(kit, "2017-W51", "2017-W52")
    assert shown(made) == {"trends.html": [["2017-W51", "2017-W52"]]}
    latest = made.latest("shop", "customer_value")
    assert latest is not None
    assert latest.key.stem == "2017-W52"


def test_a_family_without_months_is_on_the_overview_by_what_it_has(kit: Any) -> None:
    made = Site((*site(kit, "2017-12").pages, page(kit, family="churn", period="2017Q4")))
    latest = made.latest("shop", "churn")
    assert latest is not None
    assert latest.key.stem == "2017Q4"
    assert made.latest("shop", "churn", "month") is None


def test_a_source_of_slices_alone_has_trends_and_an_overview(kit: Any) -> None:
    kit.write(*(kit.book(period=period, slice="region=North") for period in ("2017-11", "2017-12")))
    assert publish(renderer="built-in", formats=("html",)).failed == []
    assert kit.page("trends.html").count('class="trend-figure"') == 2
    assert "Archive" in kit.page("index.html")


@pytest.fixture
def mixed(kit: Any) -> Any:
    """A site of months, a quarter and a week, and of a slice."""
    for period in ("2017-11", "2017-12", "2017Q4", "2018-W01"):
        kit.write(kit.book(period=period), kit.book(family="churn", period=period))
    kit.write(kit.book(slice="region=North"))
    assert publish(renderer="built-in", formats=("html",)).failed == []
    return kit


def test_each_kind_of_period_is_one_choice_away(mixed: Any) -> None:
    index, weeks = mixed.page("index.html"), mixed.page("overview/shop-week.html")
    assert '<h1 id="s-shop" dir="auto">December 2017</h1>' in index
    assert 'href="overview/shop-quarter.html">Quarters</a>' in index
    assert 'href="index.html" aria-current="true">Months</a>' in index
    assert '<h1 id="s-shop" dir="auto">2018-W01</h1>' in weeks
    assert 'href="../index.html">Months</a>' in weeks
    trends, north = mixed.page("trends.html"), mixed.page(f"trends/{_slice(mixed)}")
    assert 'href="trends/shop-week.html">Weeks</a>' in trends
    assert 'href="../trends.html">All customers</a>' in north
    assert 'href="shop-week.html"' in north, "weeks, for all customers: the slice has none"


def _slice(kit: Any) -> str:
    (found,) = (path.name for path in (kit.site / "trends").glob("shop-month--*.html"))
    return found


def test_a_kind_of_period_that_is_gone_takes_its_pages_along(mixed: Any) -> None:
    for path in mixed.output.glob("notebooks/*/*/2018-W01.ipynb"):
        path.unlink()
    publish(renderer="built-in", formats=("html",))
    assert not (mixed.site / "trends" / "shop-week.html").exists()
    assert not (mixed.site / "overview" / "shop-week.html").exists()
    assert "Weeks" not in mixed.page("index.html")


@pytest.mark.parametrize(
    ("texts", "lead"),
    [
        (["A customer has lapsed after 28 days.", "The churn rate fell. It did."],
         "The churn rate fell. It did."),
        (["Nothing named here.", "Nor here."], "Nothing named here."),
        (["Revenue rose " + "much " * 40 + "so. And more."],
         "Revenue rose " + "much " * 40 + "so."),
        ([], ""),
    ],
)  # fmt: skip
def test_a_report_leads_with_whole_sentences_about_a_headline_figure(
    kit: Any, texts: list[str], lead: str
) -> None:
    from helpers.document import Text

    book = kit.book()
    cells = [*book.cells()[:4], kit.code("x", kit.shown(book.kpis()))]
    cells += [kit.code("x", kit.shown(Text(text))) for text in texts]
    made = page_of(Key(book.source, book.family, book.stem), assemble(cells, file="x"))
    assert made.lead == lead
