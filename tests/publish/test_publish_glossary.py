"""The glossary: one entry where reports mean the same, one each where they do not."""

from dataclasses import replace
from typing import Any

from helpers.publish.glossary import glossary
from helpers.publish.model import Key, Page, Site, page_of
from helpers.publish.reading import assemble


def page(kit: Any, words: str = "", **given: Any) -> Page:
    book = kit.book(**given)
    made = page_of(Key(book.source, book.family, book.stem), assemble(book.cells(), file="x"))
    if not words:
        return made
    return replace(made, definitions=({**made.definitions[0], "definition": words},))


def entries(*pages: Page) -> list[tuple[str, str, str, str]]:
    return [
        (each["anchor"], each["definition"], each["family"], each["source"])
        for each in glossary(Site(pages))
        if each["name"] == "revenue"
    ]


def test_reports_that_mean_the_same_share_an_entry(kit: Any) -> None:
    found = entries(page(kit), page(kit, family="churn"), page(kit, source="other"))
    assert found == [("revenue", "Sales.", "Churn, Customer value", "")]


def test_sources_that_mean_something_else_have_entries_of_their_own(kit: Any) -> None:
    found = entries(page(kit), page(kit, "Sales without tax.", source="other", period="2018-01"))
    assert found == [
        ("revenue", "Sales without tax.", "Customer value", "The other"),
        ("revenue-2", "Sales.", "Customer value", "The shop"),
    ]


def test_the_newest_editions_words_count(kit: Any) -> None:
    found = entries(page(kit, "New words.", period="2018-01"), page(kit, "Old words."))
    assert found == [("revenue", "New words.", "Customer value", "")]


def test_a_kpi_that_no_report_defines_has_its_own_sentence(kit: Any) -> None:
    (rate,) = (each for each in glossary(Site((page(kit),))) if each["name"] == "churn_rate")
    assert (rate["definition"], rate["unit"]) == ("Lost customers.", "share")
