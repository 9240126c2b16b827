"""Which reports are asked for: families × periods × slices, checked before anything runs."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from helpers import params
from helpers.batch.edition import Edition
from helpers.errors import ParameterError, PeriodError, UsageError, did_you_mean
from helpers.periods import Kind, Period, last_complete

if TYPE_CHECKING:
    from helpers.sources import SourceInfo

# A shop that is closed on the first or last days of a period still has the whole period.
_CLOSED = {"week": timedelta(days=1)}
_CLOSED_OTHERWISE = timedelta(days=3)


_LAST: dict[str, Kind] = {
    "last-week": "week",
    "last-month": "month",
    "last-quarter": "quarter",
    "last-year": "year",
}

ALL = "all"
"""As the first period of a selection: every month that the data covers."""


@dataclass(frozen=True)
class Selection:
    """What a command asks for; empty fields mean the default."""

    families: tuple[str, ...] = ()
    source: str | None = None
    periods: tuple[str, ...] = ()
    first: str | None = None
    last: str | None = None
    slices: tuple[str, ...] = ()
    overrides: dict[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Coverage:
    """The days that the data of a source covers."""

    source: str
    first: date
    last: date

    @classmethod
    def of(cls, info: "SourceInfo") -> "Coverage":
        """Return the coverage of a source.

        Raises:
            PeriodError: nothing in it has a date.
        """
        if info.first_day is None or info.last_day is None:
            raise PeriodError(
                f"the data of {info.source} covers no day: it has no dated row",
                hint=f"crm-reports sources {info.source} shows what became of the raw rows.",
            )
        return cls(info.source, info.first_day, info.last_day)

    def has(self, period: Period) -> bool:
        """Return whether the data covers the whole period.

        Closed days at its end are forgiven only once it is over: until then sales may still come.
        """
        slack = _CLOSED.get(period.kind, _CLOSED_OTHERWISE)
        closed = slack if period.end < date.today() else timedelta(0)
        return period.start >= self.first - slack and period.end <= self.last + closed

    def recent(self, kind: Kind, count: int) -> list[Period]:
        """Return the last complete periods, oldest first.

        A period that is over counts as complete though the shop was closed on its last days.
        """
        current = Period.containing(self.last, kind)
        whole = self.has(current)
        return last_complete(current.end if whole else self.last, count=count, kind=kind)

    def span(self, kind: Kind) -> str:
        """Return in words which periods of a kind are covered."""
        first, last = Period.containing(self.first, kind), Period.containing(self.last, kind)
        first = first if self.has(first) else first.next()
        last = last if self.has(last) else last.previous()
        if last < first:
            return "none: the data is shorter than that"
        return f"{first} to {last}" if first != last else str(first)


@dataclass(frozen=True)
class Selected:
    """The reports asked for, and what their source says of itself."""

    info: "SourceInfo"
    reports: list["Wanted"]


@dataclass(frozen=True)
class Wanted:
    """One report that is asked for, with its checked parameters.

    `missing` names the tables that the family needs and the source does not have: the report does
    not apply, and nobody runs it.
    """

    edition: Edition
    parameters: dict[str, Any]
    as_of: date
    missing: tuple[str, ...]


def chosen_families(selection: Selection) -> list[str]:
    """Return the families asked for, all of them by default.

    Raises:
        UsageError: a family does not exist, or there is none at all.
    """
    for family in selection.families:
        params.model(family)
    found = list(dict.fromkeys(selection.families)) or params.families()
    if not found:
        raise UsageError("there is no report family", hint="Put a notebook into notebooks/.")
    return found


def chosen_periods(selection: Selection, coverage: Coverage) -> list[Period]:
    """Return the periods asked for; by default the last three complete months of the source.

    Raises:
        PeriodError: one cannot be read, or the data does not cover it.
    """
    found = [_read(text, coverage) for text in selection.periods]
    if selection.first == ALL:
        months = Period.containing(coverage.first, "month").through(
            Period.containing(coverage.last, "month")
        )
        found += [month for month in months if coverage.has(month)]
    elif selection.first or selection.last:
        bounds = [Period.parse(text) for text in (selection.first, selection.last) if text]
        kind = bounds[0].kind
        first = bounds[0] if selection.first else Period.containing(coverage.first, kind)
        last = bounds[-1] if selection.last else coverage.recent(kind, 1)[0]
        found += first.through(last)
    elif not found:
        recent = coverage.recent("month", 3)
        found = [period for period in recent if coverage.has(period)] or recent[-1:]
    for period in found:
        if not coverage.has(period):
            raise PeriodError(
                f"the data of {coverage.source} does not cover {period}: it goes from "
                f"{coverage.first} to {coverage.last}",
                hint=f"Its {period.kind}s are {coverage.span(period.kind)}.",
            )
    return list(dict.fromkeys(found))


def _read(text: str, coverage: Coverage) -> Period:
    """Return the period; `last-week` is the last complete week of the data, and so on."""
    kind = _LAST.get(text)
    return coverage.recent(kind, 1)[0] if kind else Period.parse(text)


def select(selection: Selection) -> Selected:
    """Return every report asked for, in order of source, family, period and slice.

    Raises:
        UsageError: a family, source, period, parameter or slice is not valid, or `only` matches
            none of the reports.
        DataError: the data of the source does not pass the quality gate.
    """
    from helpers.sources import describe

    families = chosen_families(selection)
    first = params.resolve(families[0], source=selection.source)
    info = describe(first.source)
    periods = chosen_periods(selection, Coverage.of(info))
    reports: list[Wanted] = []
    for family in families:
        kind = params.model(family)
        missing = tuple(table for table in kind.needs if table not in info.tables)
        for period in periods:
            for part in selection.slices or (None,):
                given = dict(selection.overrides) | ({"slice": part} if part else {})
                found = params.resolve(
                    family, period=str(period), source=first.source, overrides=given
                )
                _check_slice(found.slice, info)
                edition = Edition(first.source, family, str(period), found.slice)
                reports.append(Wanted(edition, found.model_dump(mode="json"), found.as_of, missing))
    return Selected(info, _among(reports, selection.only))


def _check_slice(slice: str, info: "SourceInfo") -> None:
    attribute, _, value = slice.partition("=")
    if slice == "all":
        return
    if attribute not in info.attributes:
        raise ParameterError(
            f"slice {slice!r}: customers of {info.source} have no attribute {attribute!r}",
            hint=did_you_mean(attribute, info.attributes),
        )
    if value not in info.attributes[attribute]:
        raise ParameterError(
            f"slice {slice!r}: no customer of {info.source} has this value",
            hint=did_you_mean(value, info.attributes[attribute]),
        )


def _among(reports: list[Wanted], patterns: tuple[str, ...]) -> list[Wanted]:
    if not patterns:
        return reports
    names = [report.edition.name for report in reports]
    for pattern in patterns:
        if not any(fnmatch(name, pattern) for name in names):
            shown = f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0]
            raise UsageError(
                f"no report that was asked for is called {pattern!r}",
                hint=f"Names are source/family/period: {shown}.",
            )
    return [
        r for r, name in zip(reports, names, strict=True) if any(fnmatch(name, p) for p in patterns)
    ]
