"""Every KPI over every period: a page for each kind of period and each slice that a source has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from helpers.periods import Kind
from helpers.publish.model import Page, Site, View, series
from helpers.publish.spark import Trend, trend

KINDS: dict[Kind, str] = {
    "month": "Months", "quarter": "Quarters", "week": "Weeks", "year": "Years",
}  # fmt: skip
"""What the reader calls several periods of a kind."""

MAIN = "trends.html"


@dataclass(frozen=True)
class Choice:
    """A link to the same thing by another kind of period or for another slice."""

    text: str
    path: str
    here: bool


@dataclass(frozen=True)
class Curve:
    """A KPI over the periods of a kind."""

    name: str
    label: str
    points: Sequence[tuple[Page, Any]]
    trend: Trend

    @property
    def last(self) -> tuple[Page, Any]:
        """The latest period and the KPI in it."""
        return self.points[-1]


def trend_pages(site: Site) -> Iterator[tuple[str, list[dict[str, Any]], str]]:
    """Yield the address of each page of trends, the sources on it, and what sets it apart.

    `trends.html` shows what stands for each source; the other kinds of period and the slices have
    pages of their own, so that the weight of one does not grow with their number.
    """
    yield MAIN, [_source(site, source, views[0], views) for source, views in _views(site)], ""
    for source, views in _views(site):
        for view in views[1:]:
            said = ", ".join(text for text in (KINDS[view.kind], view.slice_text) if text)
            yield path_of(view, views), [_source(site, source, view, views)], said


def path_of(view: View, views: Sequence[View]) -> str:
    """Return the address of the page of trends that shows the view."""
    if view == views[0]:
        return MAIN
    return f"trends/{view.source}-{view.kind}{f'--{view.slice}' if view.slice else ''}.html"


def _views(site: Site) -> list[tuple[str, list[View]]]:
    return [(source, site.views(source)) for source in site.sources()]


def _source(site: Site, source: str, view: View, views: Sequence[View]) -> dict[str, Any]:
    runs = site.runs(view)
    families = []
    for run in runs:
        names = dict.fromkeys(item.name for page in reversed(run) for item in page.kpis)
        curves = [curve for name in names if (curve := _curve(run, name))]
        families.append({"page": run[-1], "charts": curves})
    return {
        "name": source,
        "text": runs[0][-1].source_text,
        "families": families,
        "kinds": list(_kinds(view, views)),
        "slices": list(_slices(view, views)),
    }


def _curve(run: Sequence[Page], name: str) -> Curve | None:
    found = series(run, name)
    return Curve(name, found[-1][1].label, found, trend(found)) if found else None


def _kinds(here: View, views: Sequence[View]) -> Iterator[Choice]:
    """Yield the kinds of period, each for the same slice where it is there."""
    for kind in dict.fromkeys(view.kind for view in views):
        same = [view for view in views if view.kind == kind]
        other = next((view for view in same if view.slice == here.slice), same[0])
        yield Choice(KINDS[kind], path_of(other, views), kind == here.kind)


def _slices(here: View, views: Sequence[View]) -> Iterator[Choice]:
    """Yield the slices, each by the same kind of period where it is there."""
    for slice_ in dict.fromkeys(view.slice for view in views):
        same = [view for view in views if view.slice == slice_]
        other = next((view for view in same if view.kind == here.kind), same[0])
        text = other.slice_text or "All customers"
        yield Choice(text, path_of(other, views), slice_ == here.slice)
