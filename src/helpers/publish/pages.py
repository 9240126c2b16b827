"""The pages about all reports: overview, archives, trends, glossary, run, search."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from helpers.document import KpiItem
from helpers.publish.html import page_html
from helpers.publish.model import Page, Site, series
from helpers.publish.packs import pack_path
from helpers.publish.runlog import WORDS, RunLog, key_of
from helpers.publish.settings import Settings, Target
from helpers.publish.spark import Trend, sparkline, trend
from helpers.publish.timeline import timeline

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


def site_pages(
    site: Site, settings: Settings, log: RunLog, failed: dict[str, str], packs: set[str], url: str
) -> Iterator[tuple[str, str]]:
    """Yield the address and HTML of every page that is about more than one report."""

    def made(template: str, path: str, **context: Any) -> tuple[str, str]:
        return path, page_html(template, path, settings, site_url=url, **context)

    sources = [_source(site, settings, source, packs) for source in site.sources()]
    yield made("index", "index.html", sources=sources)
    yield made("trends", "trends.html", sources=[_trends(site, name) for name in site.sources()])
    yield made("glossary", "glossary.html", entries=glossary(site))
    listed = _reports(site, log)
    drawn = timeline(zip((each["title"] for each in listed), log.reports, strict=True))
    yield made(
        "run", "run.html", log=log, reports=listed, failed=failed, words=WORDS, timeline=drawn
    )
    yield made("search", "search.html", pages=len(site.pages), tries=_tries(site))
    for source in site.sources():
        for family in site.families_of(source):
            archive = site.archive(source, family)
            path = f"{source}/{family}/index.html"
            latest = site.latest(source, family) or archive[0]
            yield made(
                "family", path, latest=latest, tiles=_tiles(site, settings, latest),
                years=_by_year(archive), stale=site.stale,
            )  # fmt: skip


def _tries(site: Site) -> list[str]:
    """Return words worth searching for: what each family reports first, and the latest period."""
    latest = [site.latest(source, name) for source in site.sources() for name in site.families]
    pages = [page for page in latest if page is not None]
    heads = [items[0].label for page in pages if (items := page.headline_kpis())]
    return list(dict.fromkeys([*heads, *(page.period_text for page in pages[:1])]))[:6]


def _source(site: Site, settings: Settings, source: str, packs: set[str]) -> dict[str, Any]:
    latest = [site.latest(source, family) for family in site.families_of(source)]
    glances = [
        Glance(page, _tiles(site, settings, page), site.stale.get(page.key, ""))
        for page in latest
        if page is not None
    ]
    newest = max((g.page for g in glances), key=lambda p: p.key.period, default=None)
    shown = newest or next(page for page in site.pages if page.key.source == source)
    editions = _editions(site, source, packs)
    years = [
        (year, list(found)) for year, found in groupby(editions, key=lambda e: _year(e.pages[0]))
    ]
    return {"name": source, "page": shown, "glances": glances, "years": years}


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


def _editions(site: Site, source: str, packs: set[str]) -> list[Edition]:
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
            )
        )
    return made


def _year(page: Page) -> int:
    return page.key.period.end.year


def _by_year(pages: Sequence[Page]) -> list[tuple[int, list[Page]]]:
    return [(year, list(found)) for year, found in groupby(pages, key=_year)]


def _trends(site: Site, source: str) -> dict[str, Any]:
    families: list[dict[str, Any]] = []
    for family in site.families_of(source):
        latest = site.latest(source, family)
        if latest is None:
            continue
        run = site.run(latest.key)
        names = dict.fromkeys(item.name for page in reversed(run) for item in page.kpis)
        charts = [_trend(run, name) for name in names]
        families.append({"page": latest, "charts": [chart for chart in charts if chart]})
    text = families[0]["page"].source_text if families else source
    return {"name": source, "text": text, "families": families}


def _trend(run: Sequence[Page], name: str) -> dict[str, Any] | None:
    found = series(run, name)
    if not found:
        return None
    drawn: Trend = trend(found)
    return {
        "name": name,
        "label": found[-1][1].label,
        "last": found[-1],
        "points": found,
        "trend": drawn,
    }


def glossary(site: Site) -> list[dict[str, str]]:
    """Return the definitions of all KPIs, the newest edition's words for each, by label."""
    entries: dict[str, dict[str, str]] = {}
    for page in sorted(site.pages, key=lambda page: page.key.period):
        for item in page.kpis:
            own = {"name": item.name, "label": item.label, "definition": item.definition}
            known = entries.get(item.name, {})
            entries[item.name] = {**known, **own, "family": page.title}
        for given in page.definitions:
            entries[given["name"]] = {
                **entries.get(given["name"], {}),
                **given,
                "family": page.title,
            }
    return sorted(entries.values(), key=lambda entry: entry["label"].casefold())


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
                "slice": report.get("slice", ""),
                "status": str(report.get("status", "")),
                "seconds": (report.get("seconds") or {}).get("total"),
                "cause": error.get("ename", "") if isinstance(error, dict) else "",
                "reasons": []
                if error
                else [str(reason) for reason in report.get("reasons") or ()][:3],
            }
        )
    return found


def _title(page: Page | None, report: dict[str, Any]) -> str:
    """Return what a report is called where there is little room."""
    said = (page.title, page.period_text, page.slice_text) if page else (
        report.get("family"), report.get("period"), ""
    )  # fmt: skip
    return ", ".join(str(part) for part in said if part)
