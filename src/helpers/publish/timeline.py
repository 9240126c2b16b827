"""The last run as a timeline: what was executed when, side by side, and what the time went into."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_WIDTH, _LANE, _BAR, _TOP, _FOOT = 1000, 32, 24, 4, 22
_CHARACTER = 6.4  # units that a character of a bar's name takes
_PHASES = {"wait": "waited", "start": "kernel's start", "cells": "cells", "end": "kernel's end",
           "write": "writing"}  # fmt: skip
_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


@dataclass(frozen=True)
class Bar:
    """One executed report: its name, when it began, how long each phase took, how it ended."""

    name: str
    begin: float
    phases: dict[str, float]
    total: float
    failed: bool

    @property
    def end(self) -> float:
        """When it ended, in seconds after the run's start."""
        return self.begin + self.total

    @property
    def said(self) -> str:
        """The bar in words."""
        parts = [f"{word} {self.phases[name]:.1f} s" for name, word in _PHASES.items()
                 if self.phases.get(name, 0) >= 0.05]  # fmt: skip
        how = ", failed" if self.failed else ""
        return f"{self.name}{how}: {self.total:.1f} s ({', '.join(parts)})"


def bars(named: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Bar]:
    """Return the reports that were executed, in order of their begin; odd records are left out."""
    found = []
    for name, report in named:
        if report.get("status") not in ("ok", "failed"):
            continue
        try:
            phases = {key: float(value) for key, value in dict(report["seconds"]).items()}
            begin, total = float(report["offset"]), phases["total"]
        except (KeyError, TypeError, ValueError):
            continue
        if isfinite(begin) and isfinite(total) and begin >= 0 and total > 0:
            found.append(Bar(name, begin, phases, total, report["status"] == "failed"))
    return sorted(found, key=lambda bar: (bar.begin, bar.name))


def lanes(found: Iterable[Bar]) -> list[list[Bar]]:
    """Return the bars in as few rows as they overlap, each in the first row that is free."""
    rows: list[list[Bar]] = []
    for bar in found:
        free = next((row for row in rows if row[-1].end <= bar.begin + 0.05), None)
        rows.append([bar]) if free is None else free.append(bar)
    return rows


def timeline(named: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Return the run as a picture: a row for each report at work at a time, seconds to the right.

    `named` are the records of the run with the names of their reports. Nothing where no report was
    executed.
    """
    found = bars(named)
    if not found:
        return ""
    rows, last = lanes(found), max(bar.end for bar in found)
    height = _TOP + len(rows) * _LANE + _FOOT
    longest = max(found, key=lambda bar: bar.total)
    spoken = (
        f"{len(found)} reports executed in {last:.0f} s, {len(rows)} at a time; the longest was "
        f"{longest.name} with {longest.total:.1f} s."
    )
    unit = _WIDTH / last
    drawn = [*_axis(last, unit, height)]
    for number, row in enumerate(rows):
        for bar in row:
            drawn += _drawn(bar, _TOP + number * _LANE, unit)
    return (
        f'<svg class="timeline" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f"aria-label={quoteattr(spoken)}>{''.join(drawn)}</svg>"
    )


def _axis(last: float, unit: float, height: int) -> Iterator[str]:
    step = next((step for step in _STEPS if last / step <= 10), _STEPS[-1])
    for number in range(int(last / step) + 1):
        x = number * step * unit
        yield f'<path class="tick" d="M{x:.1f} 0V{height - _FOOT + 4}"/>'
        anchor = "start" if number == 0 else "end" if x > _WIDTH - 20 else "middle"
        said = f"{number * step:g} s"
        yield f'<text x="{x:.1f}" y="{height - 5}" text-anchor="{anchor}">{said}</text>'


def _drawn(bar: Bar, y: float, unit: float) -> Iterator[str]:
    yield f'<g class="{"failed" if bar.failed else "done"}"><title>{escape(bar.said)}</title>'
    yield _rectangle("whole", bar.begin, bar.total, y, unit)
    before = bar.phases.get("wait", 0.0) + bar.phases.get("start", 0.0)
    cells = bar.phases.get("cells", 0.0)
    yield _rectangle("cells", bar.begin + before, min(cells, bar.total - before), y, unit)
    room = int((cells * unit - 12) / _CHARACTER)
    if room >= 8:
        name = bar.name if len(bar.name) <= room else f"{bar.name[: room - 1]}…"
        x = (bar.begin + before) * unit + 6
        yield f'<text class="name" x="{x:.1f}" y="{y + 16.5}">{escape(name)}</text>'
    yield "</g>"


def _rectangle(kind: str, begin: float, seconds: float, y: float, unit: float) -> str:
    wide = max(seconds * unit - 1, 0.8)  # a hair's breadth between neighbours
    return (
        f'<rect class="{kind}" x="{begin * unit:.1f}" y="{y}" width="{wide:.1f}" height="{_BAR}"/>'
    )
