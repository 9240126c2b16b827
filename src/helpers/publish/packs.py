"""The board pack: one PDF a source and period, with every family's report in it."""

from collections.abc import Callable, Iterator

from helpers.publish.model import Key, Page, Site
from helpers.publish.pdf import compile_pdf
from helpers.publish.reading import Document
from helpers.publish.settings import Settings
from helpers.publish.store import digest
from helpers.publish.typst_code import quoted
from helpers.publish.typst_source import frame, kpi_grid, pack_face, sections


def pack_path(source: str, period: str, slice: str = "") -> str:
    """Return the address of a board pack in the site."""
    return f"{source}/board-pack/{period}{f'--{slice}' if slice else ''}.pdf"


def wanted(site: Site) -> dict[str, list[Page]]:
    """Return the packs that there should be: address to reports, of two families or more."""
    groups: dict[str, list[Page]] = {}
    for page in site.pages:
        path = pack_path(page.key.source, str(page.key.period), page.key.slice)
        groups.setdefault(path, []).append(page)
    return {
        path: sorted(pages, key=lambda page: site.rank(page.key.family))
        for path, pages in groups.items()
        if len(pages) > 1
    }


def pack_of(pages: list[Page], digests: dict[Key, str]) -> str:
    """Return what a pack tells, as a digest."""
    return digest(*(f"{page.key}:{digests[page.key]}" for page in pages))


def pack_pdf(
    pages: list[Page],
    document: Callable[[Key], Document],
    settings: Settings,
    squares: set[str],
) -> bytes:
    """Return the board pack of these reports, which share source, period and slice.

    `squares` takes the characters that no font has.

    Raises:
        PublishError: typst refuses it.
    """
    first = pages[0]
    source = "\n".join(_source(pages, document, settings))
    latest = max(page.as_of for page in pages)
    place = pack_path(first.key.source, str(first.key.period), first.key.slice)
    return compile_pdf(source, as_of=latest, place=place, squares=squares)


def _source(
    pages: list[Page], document: Callable[[Key], Document], settings: Settings
) -> Iterator[str]:
    first = pages[0]
    title = f"{settings.title}, {first.period_text}"
    yield frame(title, first, settings, head=title, foot=first.source_text)
    yield pack_face(pages, settings)
    for page in pages:
        yield f"#pagebreak()\n#heading(level: 1, {quoted(page.title)})"
        yield f"#text(size: 11pt, {quoted(page.summary)})"
        tiles = kpi_grid(page.headline_kpis(), settings, page)
        if tiles:
            yield f"#{tiles}"
        yield from sections(document(page.key), settings, page, brief=True)
