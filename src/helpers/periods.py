"""Reporting periods: months, quarters, years and ISO weeks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import total_ordering
from typing import Literal, Self

from helpers.errors import PeriodError

Kind = Literal["week", "month", "quarter", "year"]

_PATTERNS: dict[Kind, re.Pattern[str]] = {
    "month": re.compile(r"(\d{4})-(\d{2})"),
    "quarter": re.compile(r"(\d{4})Q([1-4])"),
    "week": re.compile(r"(\d{4})-W(\d{2})"),
    "year": re.compile(r"(\d{4})"),
}
_HINT = "Write a month as 2017-09, a quarter as 2017Q3, an ISO week as 2017-W38, a year as 2017."


@total_ordering
@dataclass(frozen=True)
class Period:
    """A closed span of local calendar days: `start` and `end` are both inside it."""

    kind: Kind
    start: date
    end: date

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the period written as `2017-09`, `2017Q3`, `2017-W38` or `2017`.

        Raises:
            PeriodError: the text is none of these, or names a month or week that is not.
        """
        for kind, pattern in _PATTERNS.items():
            if match := pattern.fullmatch(str(text).strip()):
                try:
                    return cls._of(kind, *(int(part) for part in match.groups()))
                except ValueError as error:
                    raise PeriodError(f"period {text!r} is not in the calendar: {error}") from error
        raise PeriodError(f"period {text!r} cannot be read", hint=_HINT)

    @classmethod
    def containing(cls, day: date, kind: Kind) -> Self:
        """Return the period of that kind that contains the day."""
        if kind == "week":
            year, week, _ = day.isocalendar()
            return cls._of("week", year, week)
        if kind == "month":
            return cls._of("month", day.year, day.month)
        if kind == "quarter":
            return cls._of("quarter", day.year, (day.month + 2) // 3)
        return cls._of("year", day.year)

    @classmethod
    def _of(cls, kind: Kind, year: int, number: int = 1) -> Self:
        if kind == "week":
            start = date.fromisocalendar(year, number, 1)
            return cls(kind, start, start + timedelta(days=6))
        months = {"month": 1, "quarter": 3, "year": 12}[kind]
        first = (number - 1) * months
        start = date(year, first + 1, 1)
        after = date(year + (first + months) // 12, (first + months) % 12 + 1, 1)
        return cls(kind, start, after - timedelta(days=1))

    @property
    def as_of(self) -> date:
        """The last day whose rows a report of this period may see."""
        return self.end

    @property
    def days(self) -> int:
        """Number of days in the period."""
        return (self.end - self.start).days + 1

    def previous(self) -> Self:
        """Return the period of the same kind just before."""
        return self.containing(self.start - timedelta(days=1), self.kind)

    def next(self) -> Self:
        """Return the period of the same kind just after."""
        return self.containing(self.end + timedelta(days=1), self.kind)

    def year_before(self) -> Self:
        """Return the same period a year earlier (an ISO week: 52 weeks earlier)."""
        if self.kind == "week":
            return self.containing(self.start - timedelta(weeks=52), "week")
        return self.containing(date(self.start.year - 1, self.start.month, 1), self.kind)

    def through(self, last: Self) -> Iterator[Self]:
        """Yield this period and those after it, up to and with `last`.

        Raises:
            PeriodError: the two are of different kinds, or `last` lies before this one.
        """
        if last.kind != self.kind:
            raise PeriodError(f"{self} is a {self.kind} and {last} is a {last.kind}", hint=_HINT)
        if last < self:
            raise PeriodError(f"{last} lies before {self}", hint="Exchange FROM and TO.")
        current = self
        while current <= last:
            yield current
            current = current.next()

    def __str__(self) -> str:
        year, month = self.start.year, self.start.month
        if self.kind == "week":
            iso = self.start.isocalendar()
            return f"{iso.year:04}-W{iso.week:02}"
        if self.kind == "month":
            return f"{year:04}-{month:02}"
        return f"{year:04}Q{(month + 2) // 3}" if self.kind == "quarter" else f"{year:04}"

    def __lt__(self, other: "Period") -> bool:
        return (self.start, self.end) < (other.start, other.end)


def last_complete(last_day: date, *, count: int, kind: Kind = "month") -> list[Period]:
    """Return the last `count` periods that end on or before `last_day`, oldest first."""
    period = Period.containing(last_day, kind)
    if period.end > last_day:
        period = period.previous()
    found = [period]
    while len(found) < count:
        found.append(found[-1].previous())
    return found[::-1]
