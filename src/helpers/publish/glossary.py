"""What each KPI means: one entry for all reports that mean the same by it."""

from typing import Any

from helpers.publish.model import Site
from helpers.publish.text import slug, unique

_WORDS = ("label", "unit", "definition", "formula", "denominator", "exclusions", "higher_is")
"""What two reports must say alike of a KPI to share its entry."""


def glossary(site: Site) -> list[dict[str, Any]]:
    """Return the definitions of all KPIs, by label, with the reports that they hold for.

    Of each family of a source the newest edition's words count. Where two families or sources mean
    different things by one name, each has an entry and says whose it is; the newest comes first
    and keeps the address that reports link to.
    """
    said: dict[tuple[str, str, str], dict[str, Any]] = {}
    whose: dict[tuple[str, str, str], tuple[str, str]] = {}
    for page in sorted(site.pages, key=lambda page: (page.key.period.end, page.key.period)):
        own = {item.name: {"name": item.name, "label": item.label, "unit": item.unit,
                           "definition": item.definition} for item in page.kpis}  # fmt: skip
        for given in page.definitions:
            own[given["name"]] = {**own.get(given["name"], {}), **given}
        for name, words in own.items():
            place = (name, page.key.source, page.key.family)
            said.pop(place, None)
            said[place], whose[place] = words, (page.title, page.source_text)
    return sorted(_entries(said, whose), key=lambda entry: entry["label"].casefold())


def _entries(
    said: dict[tuple[str, str, str], dict[str, Any]],
    whose: dict[tuple[str, str, str], tuple[str, str]],
) -> list[dict[str, Any]]:
    groups: dict[tuple[str, ...], list[tuple[str, str, str]]] = {}
    for place in reversed(said):
        words = tuple(str(said[place].get(word) or "") for word in _WORDS)
        groups.setdefault((place[0], *words), []).append(place)
    meanings: dict[str, int] = {}
    for name, *_ in groups:
        meanings[name] = meanings.get(name, 0) + 1
    taken: set[str] = set()
    found = []
    for (name, *_), places in groups.items():
        families = sorted({whose[place][0] for place in places})
        sources = sorted({whose[place][1] for place in places}) if meanings[name] > 1 else []
        found.append(
            {
                **said[places[0]],
                "anchor": unique(slug(name), taken),
                "family": ", ".join(families),
                "source": ", ".join(sources),
            }
        )
    return found
