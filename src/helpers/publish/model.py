"""The site model: which pages there are, in which order, with which KPIs, linked to which others.

Pure: it is built from what the pages' documents say of themselves, touches no disk, and feeds both
renderers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from helpers.document import KpiItem
from helpers.periods import Kind, Period
from helpers.publish.page import Key, Page, page_of

__all__ = ["KINDS", "Key", "Page", "Site", "View", "page_of", "series"]

KINDS: tuple[Kind, ...] = ("month", "quarter", "week", "year")
"""The kinds of period, that which stands for a source first."""


@dataclass(frozen=True)
class View:
    """A kind of period and a slice, of which a source has reports."""

    source: str
    kind: Kind
    slice: str
    slice_text: str


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
    def _runs(self) -> dict[tuple[str, str, str, Kind], list[Page]]:
        runs: dict[tuple[str, str, str, Kind], list[Page]] = {}
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

    @cached_property
    def _places(self) -> dict[Key, int]:
        return {page.key: at for run in self._runs.values() for at, page in enumerate(run)}

    def neighbours(self, key: Key) -> tuple[Page | None, Page | None]:
        """Return the report of the period before and after, as far as the site has them."""
        run, at = self.run(key), self._places.get(key)
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

    @cached_property
    def _families(self) -> dict[str, list[str]]:
        found: dict[str, set[str]] = {}
        for page in self.pages:
            found.setdefault(page.key.source, set()).add(page.key.family)
        return {source: sorted(names, key=self.rank) for source, names in found.items()}

    def families_of(self, source: str) -> list[str]:
        """Return the families that a source has, in order."""
        return self._families.get(source, [])

    @cached_property
    def _kinds(self) -> dict[str, list[Kind]]:
        found: dict[str, set[Kind]] = {}
        for page in self.pages:
            if not page.key.slice:
                found.setdefault(page.key.source, set()).add(page.key.period.kind)
        return {source: [kind for kind in KINDS if kind in has] for source, has in found.items()}

    def kinds(self, source: str) -> list[Kind]:
        """Return the kinds of period that a source has reports of, for all customers.

        The first stands for the source: months as long as there are any, so that a week that is
        published between them hides no month.
        """
        return self._kinds.get(source, [])

    def views(self, source: str) -> list[View]:
        """Return the kinds of period and slices that a source has, that which stands for it first.

        All customers come before the slices.
        """
        found: dict[tuple[int, str], View] = {}
        for (where, _, part, kind), run in self._runs.items():
            if where == source:
                view = View(source, kind, part, run[-1].slice_text)
                found.setdefault((KINDS.index(kind), part), view)
        order = sorted(found, key=lambda at: (bool(at[1]), *at))
        return [found[at] for at in order]

    def runs(self, view: View) -> list[list[Page]]:
        """Return each family's reports of a kind of period and slice, oldest first."""
        keys = [
            (view.source, name, view.slice, view.kind) for name in self.families_of(view.source)
        ]
        return [self._runs[key] for key in keys if key in self._runs]

    def latest(self, source: str, family: str, kind: Kind | None = None) -> Page | None:
        """Return a family's latest report for all customers, by the kind of period asked for.

        Otherwise by the kind that stands for the source, and by the next one that the family has.
        """
        for asked in [kind] if kind else self.kinds(source):
            run = self._runs.get((source, family, "", asked))
            if run:
                return run[-1]
        return None

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
