"""The site model: which pages there are, in which order, with which KPIs, linked to which others.

Pure: it is built from what the pages' documents say of themselves, touches no disk, and feeds both
renderers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Self

from helpers.document import Chart, Definitions, KpiItem, Provenance, Table, Text, kpi_item
from helpers.periods import Period
from helpers.publish.reading import Document


@dataclass(frozen=True, order=True)
class Key:
    """The address of a report: `source/family/stem`, the stem being `period[--slice]`."""

    source: str
    family: str
    stem: str

    @classmethod
    def parse(cls, path: str) -> Self:
        """Return the key written `source/family/stem`."""
        return cls(*path.split("/"))

    @property
    def path(self) -> str:
        """`source/family/stem`, without a suffix."""
        return f"{self.source}/{self.family}/{self.stem}"

    @property
    def period(self) -> Period:
        """The period that the stem names."""
        return _period(self.stem.partition("--")[0])

    @property
    def slice(self) -> str:
        """The slice as the stem spells it; empty for all customers."""
        return self.stem.partition("--")[2]

    def __str__(self) -> str:
        return self.path


@lru_cache(maxsize=4096)
def _period(text: str) -> Period:
    return Period.parse(text)


@dataclass(frozen=True)
class Page:
    """What the site needs to know of a report without reading it again."""

    key: Key
    title: str
    summary: str
    period_text: str
    as_of: str
    source_text: str
    slice_text: str
    currency: str
    locale: str
    snapshot: str
    lead: str = ""
    kpis: tuple[KpiItem, ...] = ()
    headline: tuple[str, ...] = ()
    headings: tuple[tuple[str, str], ...] = ()
    exhibits: tuple[tuple[str, str], ...] = ()
    definitions: tuple[dict[str, str], ...] = ()

    def headline_kpis(self) -> list[KpiItem]:
        """Return the KPIs that stand on the index, in order."""
        return [item for item in self.kpis if item.name in self.headline]

    def kpi(self, name: str) -> KpiItem | None:
        """Return the KPI of that name, if the page has it."""
        return next((item for item in self.kpis if item.name == name), None)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form that `from_json` reads."""
        return {**asdict(self), "key": self.key.path}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """Return the page that `as_json` wrote."""
        pairs = {n: tuple(tuple(p) for p in found[n]) for n in ("headings", "exhibits")}
        return cls(
            **{
                **found,
                **pairs,
                "key": Key.parse(found["key"]),
                "kpis": tuple(kpi_item(given) for given in found["kpis"]),
                "headline": tuple(found["headline"]),
                "definitions": tuple(found["definitions"]),
            }
        )


def page_of(key: Key, document: Document) -> Page:
    """Return what the site needs to know of a document."""
    title, blocks = document.title, document.blocks()
    kpis: dict[str, KpiItem] = {}
    for group in document.kpis():
        for item in group.items:
            kpis.setdefault(item.name, item)
    headline = {i.name: None for group in document.kpis() if group.headline for i in group.items}
    texts = [b.text for b in blocks if isinstance(b, Text) and b.tone == "plain"]
    return Page(
        key=key,
        title=title.title,
        summary=title.summary,
        period_text=title.period_text,
        as_of=title.as_of,
        source_text=title.source_text,
        slice_text=title.slice_text if key.slice else "",
        currency=title.currency,
        locale=title.locale,
        snapshot=next((b.snapshot for b in blocks if isinstance(b, Provenance)), ""),
        lead=texts[0] if texts else "",
        kpis=tuple(kpis.values()),
        headline=tuple(headline),
        headings=tuple((s.id, s.heading) for s in document.sections if s.heading),
        exhibits=tuple((b.id, b.title) for b in blocks if isinstance(b, Chart | Table)),
        definitions=tuple(d for b in blocks if isinstance(b, Definitions) for d in b.items),
    )


@dataclass(frozen=True)
class Site:
    """All pages and how they hang together.

    `stale` says why a page is not what the last run or publication meant it to be.
    """

    pages: tuple[Page, ...]
    families: tuple[str, ...] = ()
    stale: Mapping[Key, str] = field(default_factory=dict)

    @cached_property
    def by_key(self) -> dict[Key, Page]:
        """Every page under its key."""
        return {page.key: page for page in self.pages}

    @cached_property
    def _runs(self) -> dict[tuple[str, str, str, str], list[Page]]:
        runs: dict[tuple[str, str, str, str], list[Page]] = {}
        for page in sorted(self.pages, key=lambda page: page.key.period):
            key = page.key
            runs.setdefault((key.source, key.family, key.slice, key.period.kind), []).append(page)
        return runs

    @cached_property
    def _editions(self) -> dict[tuple[str, str, Period], list[Page]]:
        editions: dict[tuple[str, str, Period], list[Page]] = {}
        for page in self.pages:
            key = page.key
            editions.setdefault((key.source, key.family, key.period), []).append(page)
        return editions

    def run(self, key: Key) -> list[Page]:
        """Return the report in all its periods of the same kind, oldest first."""
        return self._runs.get((key.source, key.family, key.slice, key.period.kind), [])

    def neighbours(self, key: Key) -> tuple[Page | None, Page | None]:
        """Return the report of the period before and after, as far as the site has them."""
        run = self.run(key)
        at = next((i for i, page in enumerate(run) if page.key == key), None)
        if at is None:
            return None, None
        before = run[at - 1] if at else None
        return before, run[at + 1] if at + 1 < len(run) else None

    def slices(self, key: Key) -> list[Page]:
        """Return the other slices of the same report and period."""
        found = self._editions.get((key.source, key.family, key.period), [])
        return sorted((p for p in found if p.key != key), key=lambda page: page.key.slice)

    def rank(self, family: str) -> tuple[int, str]:
        """Return where a family stands among the families."""
        known = family in self.families
        return (self.families.index(family) if known else len(self.families), family)

    def sources(self) -> list[str]:
        """Return the sources, that with the most reports first."""
        count: dict[str, int] = {}
        for page in self.pages:
            count[page.key.source] = count.get(page.key.source, 0) + 1
        return sorted(count, key=lambda source: (-count[source], source))

    def families_of(self, source: str) -> list[str]:
        """Return the families that a source has, in order."""
        return sorted({p.key.family for p in self.pages if p.key.source == source}, key=self.rank)

    def latest(self, source: str, family: str) -> Page | None:
        """Return a family's report of the latest period for all customers.

        Where several kinds of period end on that day, the shortest: the month before the year.
        """
        found = [
            page
            for page in self.pages
            if (page.key.source, page.key.family, page.key.slice) == (source, family, "")
        ]
        return max(found, key=lambda p: (p.key.period.end, p.key.period.start), default=None)

    def archive(self, source: str, family: str) -> list[Page]:
        """Return all of a family's reports, latest period first, all customers before slices."""
        found = [p for p in self.pages if (p.key.source, p.key.family) == (source, family)]
        return sorted(found, key=_newest_first)


def _newest_first(page: Page) -> tuple[int, int, str]:
    period = page.key.period
    return -period.end.toordinal(), period.days, page.key.slice


def series(pages: Iterable[Page], kpi: str) -> list[tuple[Page, KpiItem]]:
    """Return the KPI in each of the pages that have it with a value, in their order."""
    found = ((page, page.kpi(kpi)) for page in pages)
    return [(page, item) for page, item in found if item is not None and item.value is not None]
