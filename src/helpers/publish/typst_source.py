"""A document as typst source: calls of the theme's functions, with every text as a quoted string.

Typst is written directly from the blocks, not through a converter: nothing from data is ever
parsed as markup, tables are real tables with heads, and each picture carries its alternative text,
without which PDF/UA-1 fails the build.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from helpers.document import (
    Chart,
    Comparison,
    Definitions,
    KpiItem,
    Kpis,
    Provenance,
    Table,
    Text,
)
from helpers.privacy import MINIMUM_CUSTOMERS
from helpers.publish.model import Page
from helpers.publish.prose import Prose
from helpers.publish.reading import Document, Section
from helpers.publish.settings import Settings, Target
from helpers.publish.svg import picture
from helpers.publish.typst_code import array, call, quoted
from helpers.publish.views import alternative, direction, provenance_rows

SENTENCE = 40
"""Characters from which a cell of a table is read as a sentence and may wrap on paper."""

OPENING = "Headline"
"""What stands before the first heading of a report, as its page calls it too."""

PAPER_ROWS = 60
"""Rows of a table that paper shows; the downloads hold all of them."""

_LETTER = {"US", "CA", "MX", "PH", "CL", "CO", "CR", "VE", "GT", "PA", "DO"}
_TONES = {
    "good": "Well supported",
    "caution": "Caution",
    "assumed": "Assumed",
    "missing": "Not available",
}


def frame(title: str, page: Page, settings: Settings, *, head: str, foot: str) -> str:
    """Return the opening of a document: its title, language, paper and running head."""
    lang, _, region = page.locale.partition("_")
    paper = "us-letter" if region in _LETTER else "a4"
    day = date.fromisoformat(page.as_of)
    setting = call(
        "document-of.with",
        date=f"datetime(year: {day.year}, month: {day.month}, day: {day.day})",
        meta_title=quoted(title),
        meta_author=quoted(settings.title),
        lang=quoted(settings.lang),
        region=quoted(region) if lang == settings.lang and len(region) == 2 else "none",
        paper=quoted(paper),
        head=quoted(head),
        foot=quoted(foot),
    )
    return f'#import "/report.typ": *\n#show: {setting}\n'


def report_source(document: Document, page: Page, settings: Settings) -> str:
    """Return the typst source of one report: title page, contents, sections."""
    title = f"{page.title}, {page.period_text}"
    parts = [
        frame(title, page, settings, head=title, foot=page.source_text),
        face(page, settings, heading=page.title),
        "#pagebreak()\n",
        *sections(document, settings, page),
    ]
    return "\n".join(parts)


def face(page: Page, settings: Settings, *, heading: str) -> str:
    """Return the title page of a report: period, headline KPIs, contents."""
    tiles = kpi_grid(page.headline_kpis(), settings, page) or "[]"
    return (
        "#"
        + call(
            "face",
            what=quoted(heading),
            when=quoted(page.period_text),
            source=quoted(page.source_text),
            slice=quoted(page.slice_text),
            summary=quoted(page.summary),
            as_of=quoted(
                f"Data up to and including {page.as_of}. Snapshot {page.snapshot or 'not named'}."
            ),
        )
        + f"[#{tiles} #contents()]"
    )


def pack_face(pages: Sequence[Page], settings: Settings) -> str:
    """Return the title page of a board pack: each family's first KPIs, then the contents."""
    first = pages[0]
    tiles = []
    for page in pages:
        items = page.headline_kpis()[:3]
        tiles.append(f"#family-line({quoted(page.title)})")
        tiles.append("#" + (kpi_grid(items, settings, page, below="9pt") or "[]"))
    parts = {
        "what": quoted(settings.title),
        "when": quoted(first.period_text),
        "source": quoted(first.source_text),
        "slice": quoted(first.slice_text),
        "summary": quoted(settings.tagline),
        "as_of": quoted(f"Data up to and including {max(page.as_of for page in pages)}."),
        "above": "12mm",
    }
    return "#" + call("face", **parts) + "[" + "\n".join(tiles) + "]\n#pagebreak()\n#contents()\n"


def sections(
    document: Document, settings: Settings, page: Page, *, brief: bool = False
) -> Iterator[str]:
    """Yield the source of each section.

    Args:
        document: whose sections.
        settings: for targets.
        page: of the document.
        brief: leaves out definitions and provenance, which each report's own PDF has.
    """
    headline = set(page.headline)
    for section in document.sections:
        if brief and all(isinstance(part, Definitions | Provenance) for part in section.parts):
            continue
        body = list(_parts(section, settings, page, headline))
        heading = section.heading or ("" if brief else OPENING)
        if heading and body:
            yield f"#heading(level: 2, {quoted(heading)})"
        yield from body


def _parts(section: Section, settings: Settings, page: Page, headline: set[str]) -> Iterator[str]:
    charts: list[str] = []
    for part in section.parts:
        if isinstance(part, Chart) and part.svg:
            charts.append(_chart(part, page.key.path))
            continue
        if charts:
            yield "#" + call("charts", *charts)
            charts = []
        said = _part(part, settings, page, headline)
        if said:
            yield said
    if charts:
        yield "#" + call("charts", *charts)


def _part(part: Any, settings: Settings, page: Page, headline: set[str]) -> str:
    if isinstance(part, Kpis):
        if all(item.name in headline for item in part.items):
            return ""  # they stand on the title page
        return "#" + kpi_grid(part.items, settings, page)
    if isinstance(part, Chart):
        return "#" + call(
            "callout", quoted(part.title), quoted(part.sentence), tone=quoted("missing")
        )
    if isinstance(part, Table):
        return "#" + _table(part)
    if isinstance(part, Text):
        if part.tone == "plain":
            return f"#par({quoted(part.text)})"
        word = quoted(_TONES[part.tone])
        return "#" + call("callout", word, quoted(part.text), tone=quoted(part.tone))
    if isinstance(part, Prose):
        return _prose(part)
    if isinstance(part, Definitions):
        return "\n".join("#" + _definition(item) for item in part.items)
    if isinstance(part, Provenance):
        given = ", ".join(f"{name} {value}" for name, value in sorted(part.parameters.items()))
        rows = [*provenance_rows(part), *([("Parameters", given)] if given else [])]
        return "#" + call("facts", *(array([quoted(n), quoted(said)]) for n, said in rows))
    return ""


def kpi_grid(
    items: Sequence[KpiItem], settings: Settings, page: Page, *, below: str = "18pt"
) -> str:
    """Return the KPIs as tiles, three or four abreast."""
    if not items:
        return ""
    tiles = [_kpi(item, settings, page) for item in items]
    lead = len(items) in {5, 7}  # the first one takes two places, so that no row has a hole
    columns = 4 if len(items) in {4, 7, 8} else 3
    return call("kpis", *tiles, columns=str(columns), lead=str(lead).lower(), below=below)


def _kpi(item: KpiItem, settings: Settings, page: Page) -> str:
    then = [found for found in (item.previous, item.year_before) if found]
    target = None if page.key.slice else settings.target(page.key.source, item)
    note = f"{item.level}% interval {item.interval_text}" if item.interval_text else item.note
    return call(
        "",
        label=quoted(item.label),
        value=quoted(item.text or "–"),
        note=quoted(note),
        assumed="true" if item.assumed else "false",
        target=quoted(_target(target, item) if target else ""),
        changes=array([_change(found) for found in then]),
    )


def _target(target: Target, item: KpiItem) -> str:
    kind = "at least" if target.kind == "at_least" else "at most"
    return f"Target {kind} {target.text}: {target.state(item.value)}"


def _change(then: Comparison) -> str:
    way = direction(then)
    return call(
        "",
        sign=str(way),
        by=quoted(then.change_text or "no change"),
        since=quoted(f"vs {then.period_text} ({then.text})"),
        verdict=quoted(then.verdict if way else "neutral"),
    )


def _chart(chart: Chart, file: str) -> str:
    return call(
        "",
        title=quoted(chart.title),
        says=quoted(chart.sentence),
        label=quoted(chart.label),
        alt=quoted(alternative(chart, file)),
        svg=quoted(picture(chart.svg, use="paper", place=f"chart {chart.id!r}")),
    )


def _table(table: Table) -> str:
    rows = [array([quoted(cell) for cell in row]) for row in table.text[:PAPER_ROWS]]
    place, long = _wide(table)
    notes = [table.note]
    if len(table.text) > PAPER_ROWS:
        notes.append(f"{PAPER_ROWS} of {len(table.text):,} rows; the workbook has all of them.")
    if table.suppressed and "fewer than" not in table.note:
        notes.append(
            f"{table.suppressed} rows about fewer than {MINIMUM_CUSTOMERS} customers left out."
        )
    return call(
        "data-table",
        title=quoted(table.title),
        heads=array([quoted(column.label) for column in table.columns]),
        aligns=array([column.align for column in table.columns]),
        rows=array(rows),
        note=quoted(" ".join(note for note in notes if note)),
        wide=str(place),
        long=str(long).lower(),
    )


def _wide(table: Table) -> tuple[int, bool]:
    """Return the column that takes the room left, and whether it holds sentences; else the first.

    A column of sentences that is as wide as it likes would squeeze the others onto each other.
    """
    longest = [
        max((len(row[place]) for row in table.text), default=0)
        for place in range(len(table.columns))
    ]
    place = max(range(len(longest)), key=longest.__getitem__, default=0)
    long = bool(longest) and longest[place] > SENTENCE
    return (place if long else 0), long


def _prose(part: Prose) -> str:
    if part.kind == "h3":
        return f"#heading(level: 3, {quoted(part.text)})"
    styles = {"strong": "strong", "em": "emph", "code": "raw", "plain": "text"}
    runs = "".join(f"#{styles[span.style]}({quoted(span.text)})" for span in part.spans)
    return f"#list[{runs}]" if part.kind == "li" else f"#par[{runs}]"


def _definition(item: dict[str, str]) -> str:
    more = [f"Share of: {item['denominator']}"] if item.get("denominator") else []
    more += [item["exclusions"]] if item.get("exclusions") else []
    return call(
        "define",
        label=quoted(item.get("label", "")),
        said=quoted(item.get("definition", "")),
        formula=quoted(item.get("formula", "")),
        more=array([quoted(one) for one in more]),
    )
