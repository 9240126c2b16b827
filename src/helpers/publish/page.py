"""A report as the site knows it: its address, and what it says of itself, read once."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Self

from helpers.document import Chart, Definitions, KpiItem, Provenance, Table, Text
from helpers.document_json import kpi_item
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
        lead=_lead(texts, [item.label for name, item in kpis.items() if name in headline]),
        kpis=tuple(kpis.values()),
        headline=tuple(headline),
        headings=tuple((s.id, s.heading) for s in document.sections if s.heading),
        exhibits=tuple((b.id, b.title) for b in blocks if isinstance(b, Chart | Table)),
        definitions=tuple(d for b in blocks if isinstance(b, Definitions) for d in b.items),
    )


_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[^\sa-z])")
_LEAD = 170
"""Characters that the overview has room for beside a report's figures."""


def _lead(texts: list[str], labels: list[str]) -> str:
    """Return what the overview says of a report: whole sentences, as many as there is room for.

    It is the first text that tells of a headline figure, for a report may open with its method.
    """
    told = (text for text in texts if any(label.casefold() in text.casefold() for label in labels))
    chosen = next(told, texts[0] if texts else "")
    first, *more = _SENTENCE.split(chosen)
    for sentence in more:
        if len(first) + len(sentence) >= _LEAD:
            break
        first = f"{first} {sentence}"
    return first
