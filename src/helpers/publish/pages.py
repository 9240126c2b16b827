"""The pages about all reports: overview, archives, trends, glossary, run, search."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from helpers.document import KpiItem
from helpers.periods import Kind
from helpers.publish.glossary import glossary
from helpers.publish.html import page_html
from helpers.publish.model import Page, Site, series
from helpers.publish.packs import pack_path
from helpers.publish.runlog import WORDS, RunLog, key_of
from helpers.publish.settings import Settings, Target
from helpers.publish.spark import sparkline
from helpers.publish.timeline import timeline
from helpers.publish.trends import KINDS, Choice, trend_pages

SPARK_PERIODS = 24
"""Periods that a sparkline goes back."""


@dataclass(frozen=True)
class Tile:
    """A KPI as the overview shows it."""

    item: KpiItem
    spark: str
    target: Target | None


@dataclass(frozen=True)
class Glance:
    """A family's latest report as the overview shows it."""

    page: Page
    tiles: tuple[Tile, ...]
    stale: str


@dataclass(frozen=True)
class Edition:
    """All families' reports of one period and slice: a line of the archive."""

    period_text: str
    slice_text: str
    pages: tuple[Page, ...]
    pack: str
    pack_stale: bool


def site_pages(
    site: Site,
    settings: Settings,
    log: RunLog,
    failed: dict[str, str],
    packs: Mapping[str, bool],
    url: str,
    *,
    index: str = "",
) -> Iterator[tuple[str, str]]:
    """Yield the address and HTML of every page that is about more than one report.

    Args:
        site: the reports.
        settings: title, targets.
        log: the last run.
        failed: what could not be published.
        packs: the board packs that are there, and whether they are older than their reports.
        url: where the site will be served, or nothing.
        index: a digest of the search indexes, so that no browser keeps older ones.
    """

    def made(template: str, path: str, **context: Any) -> tuple[str, str]:
        return path, page_html(template, path, settings, site_url=url, **context)

    yield from _overviews(site, settings, packs, made)
    for path, sources, said in trend_pages(site):
        yield made("trends", path, sources=sources, said=said)
    yield made("glossary", "glossary.html", entries=glossary(site))
    listed = _reports(site, log)
    drawn = timeline(zip((each["title"] for each in listed), log.reports, strict=True))
    yield made(
        "run", "run.html", log=log, reports=listed, failed=failed, words=WORDS, timeline=drawn
    )
    tries = _tries(site)
    yield made("search", "search.html", pages=len(site.pages), tries=tries, index=index)
    for source in site.sources():
        for family in site.families_of(source):
            archive = site.archive(source, family)
            path = f"{source}/{family}/index.html"
            latest = site.latest(source, family) or archive[0]
            yield made(
                "family", path, latest=latest, tiles=_tiles(site, settings, latest),
                years=_by_year(archive), stale=site.stale,
            )  # fmt: skip


def _overviews(
    site: Site, settings: Settings, packs: Mapping[str, bool], made: Any
) -> Iterator[tuple[str, str]]:
    """Yield the overview, and one for each source and kind of period that does not stand on it."""
    sources = []
    for source in site.sources():
        about = _source(site, settings, source)
        editions = _editions(site, source, packs)
        years = groupby(editions, key=lambda edition: _year(edition.pages[0]))
        sources.append({**about, "years": [(year, list(found)) for year, found in years]})
        for kind in site.kinds(source)[1:]:
            one = {**_source(site, settings, source, kind), "years": []}
            yield made("index", _overview(site, source, kind), sources=[one], kind=KINDS[kind])
    yield made("index", "index.html", sources=sources, kind="")


def _overview(site: Site, source: str, kind: Kind) -> str:
    first = kind == site.kinds(source)[0]
    return "index.html" if first else f"overview/{source}-{kind}.html"


def _tries(site: Site) -> list[str]:
    """Return words worth searching for: what each family reports first, and the latest period."""
    latest = [site.latest(source, name) for source in site.sources() for name in site.families]
    pages = [page for page in latest if page is not None]
    heads = [items[0].label for page in pages if (items := page.headline_kpis())]
    return list(dict.fromkeys([*heads, *(page.period_text for page in pages[:1])]))[:6]


def _source(
    site: Site, settings: Settings, source: str, kind: Kind | None = None
) -> dict[str, Any]:
    latest = [site.latest(source, family, kind) for family in site.families_of(source)]
    glances = [
        Glance(page, _tiles(site, settings, page), site.stale.get(page.key, ""))
        for page in latest
        if page is not None
    ]
    newest = max((g.page for g in glances), key=lambda p: p.key.period, default=None)
    shown = newest or next(page for page in site.pages if page.key.source == source)
    has = site.kinds(source)
    kinds = [Choice(KINDS[k], _overview(site, source, k), k == (kind or has[0])) for k in has]
    return {"name": source, "page": shown, "glances": glances, "kinds": kinds}


def _tiles(site: Site, settings: Settings, page: Page) -> tuple[Tile, ...]:
    run = site.run(page.key)
    upto = run[: run.index(page) + 1][-SPARK_PERIODS:]
    return tuple(
        Tile(
            item,
            sparkline(series(upto, item.name)),
            None if page.key.slice else settings.target(page.key.source, item),
        )
        for item in page.headline_kpis()
    )


def _editions(site: Site, source: str, packs: Mapping[str, bool]) -> list[Edition]:
    groups: dict[tuple[Any, str], list[Page]] = {}
    for page in site.pages:
        if page.key.source == source:
            groups.setdefault((page.key.period, page.key.slice), []).append(page)
    order = sorted(groups, key=lambda k: (-k[0].end.toordinal(), k[0].days, k[1]))
    made = []
    for period, part in order:
        pages = sorted(groups[period, part], key=lambda page: site.rank(page.key.family))
        pack = pack_path(source, str(period), part)
        made.append(
            Edition(
                pages[0].period_text,
                pages[0].slice_text,
                tuple(pages),
                pack if pack in packs else "",
                packs.get(pack, False),
            )
        )
    return made


def _year(page: Page) -> int:
    return page.key.period.end.year


def _by_year(pages: Sequence[Page]) -> list[tuple[int, list[Page]]]:
    return [(year, list(found)) for year, found in groupby(pages, key=_year)]


def _reports(site: Site, log: RunLog) -> list[dict[str, Any]]:
    found = []
    for report in log.reports:
        key = key_of(report)
        page = site.by_key.get(key) if key else None
        error = report.get("error")
        name = " · ".join(
            str(report.get(n)) for n in ("source", "family", "period") if report.get(n)
        )
        found.append(
            {
                "page": page,
                "title": _title(page, report),
                "name": name,
                "order": (page.title, page.source_text, page.key.period.start.isoformat(),
                          page.key.stem) if page else (name, "", "", ""),
                "slice": report.get("slice", ""),
                "status": str(report.get("status", "")),
                "seconds": (report.get("seconds") or {}).get("total"),
                "cause": error.get("ename", "") if isinstance(error, dict) else "",
                "reasons": []
                if error
                else [str(reason) for reason in report.get("reasons") or ()][:3],
            }
        )  # fmt: skip
    ranks = {order: at for at, order in enumerate(sorted({each["order"] for each in found}))}
    return [{**each, "rank": ranks[each["order"]]} for each in found]


def _title(page: Page | None, report: dict[str, Any]) -> str:
    """Return what a report is called where there is little room."""
    said = (page.title, page.period_text, page.slice_text) if page else (
        report.get("family"), report.get("period"), ""
    )  # fmt: skip
    return ", ".join(str(part) for part in said if part)
