"""Figures that must be the same wherever they stand: compared before anything is published.

A KPI may say which sum of a source's table it must equal (`Contract.reconciles`); its report
records that sum beside it. Reports of one source, period and slice that reconcile with the same sum
must agree with it, and so with each other. A KPI without a value must say why, or it does not agree
either.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations

from helpers.document import Control, KpiItem
from helpers.errors import PublishError
from helpers.publish.model import Key, Page

HALF_A_CENT = 0.005
_NOISE = 1e-6

Figure = tuple[Page, KpiItem, Control, float]
"""A page, one of its KPIs, the sum that it must equal, and its own value."""


def contradictions(pages: Iterable[Page]) -> Iterator[tuple[set[Key], PublishError]]:
    """Yield the reports of a period that contradict each other or their tables, and how."""
    groups: dict[tuple[str, str, str, str], list[Figure]] = {}
    for page in sorted(pages, key=lambda page: page.key):
        for item in page.kpis:
            if item.control is None:
                continue
            if item.value is not None:
                same = (page.key.source, str(page.key.period), page.key.slice, item.control.name)
                groups.setdefault(same, []).append((page, item, item.control, item.value))
            elif not item.note:
                yield {page.key}, _error(page, *_silent(page, item, item.control))
    for (*_, control), figures in sorted(groups.items(), key=lambda g: g[0]):
        table = control.partition(".")[0]
        said = _money(figures) or _tables(figures, table) or _own(figures, table)
        if said:
            yield {page.key for page, *_ in figures}, _error(figures[0][0], *said)


def _error(page: Page, said: str, hint: str) -> PublishError:
    of = f"{page.key.source} {page.key.period}"
    of = f"{of}, {page.slice_text}" if page.key.slice else of
    return PublishError(f"the figures of {of} do not agree: {said}", hint=hint)


def _silent(page: Page, item: KpiItem, control: Control) -> tuple[str, str]:
    """Say that a report leaves out a figure that must equal a sum, and gives no reason."""
    said = (
        f"{page.key.family} gives no {item.label} and does not say why, and the "
        f"{control.name.partition('.')[0]} add up to {_amount(control.value)} {page.currency}"
    )
    return said, (
        f"The metrics of {page.key.family} must give the figure, or a note why it cannot be known. "
        "What was published before stays."
    )


def _money(figures: list[Figure]) -> tuple[str, str] | None:
    """Say that reports of one source give its money different names."""
    currencies = {page.currency for page, *_ in figures}
    if len(currencies) < 2:
        return None
    said = " and ".join(f"{page.key.family} is in {page.currency}" for page, *_ in figures)
    return said, "A source has one currency: set it once, under params: of its file."


def _tables(figures: list[Figure], table: str) -> tuple[str, str] | None:
    """Say that reports were made from different rows of a table."""
    first, last = max(combinations(figures, 2), key=_apart, default=(figures[0], figures[0]))
    if _apart((first, last)) <= HALF_A_CENT + _NOISE:
        return None
    apart = _amount(first[2].value - last[2].value)
    said = (
        f"{_shown(first)}, {_shown(last)}, a difference of {apart} in the {table} that they were "
        "made from"
    )
    page = first[0]
    families = " ".join(f"--family {found.key.family}" for found, *_ in figures)
    return said, (
        "The data changed in between. Run them together: crm-reports run "
        f"--source {page.key.source} --period {page.key.period} {families}"
    )


def _own(figures: list[Figure], table: str) -> tuple[str, str] | None:
    """Say that a report's figure is not the sum of the table it was made from."""
    wrong = [f for f in figures if abs(f[3] - f[2].value) > HALF_A_CENT + _NOISE]
    if not wrong:
        return None
    page, _, control, value = wrong[0]
    others = "".join(f", {_shown(f)}" for f in figures if f not in wrong)
    said = (
        f"{', '.join(map(_shown, wrong))}{others}, and the {table} add up to "
        f"{_amount(control.value)} {page.currency}, a difference of "
        f"{_amount(value - control.value)}"
    )
    names = " and ".join(found.key.family for found, *_ in wrong)
    return said, (
        f"The metrics of {names} lose or double rows: mend them, then run the report again. "
        "What was published before stays."
    )


def _apart(pair: tuple[Figure, Figure]) -> float:
    return abs(pair[0][2].value - pair[1][2].value)


def _shown(figure: Figure) -> str:
    page, item, _, value = figure
    return f"{page.key.family} says {item.label} {_amount(value)} {page.currency}"


def _amount(value: float) -> str:
    return f"{abs(value):,.2f}" if value >= 0 else f"−{abs(value):,.2f}"
