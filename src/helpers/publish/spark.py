"""Small pictures of a KPI over its periods, drawn by the publisher itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from helpers.document import KpiItem
from helpers.publish.model import Page

_WIDTH, _HEIGHT, _PAD = 120, 30, 3
_WIDE, _HIGH, _LEFT, _RIGHT, _TOP, _FOOT = 360, 160, 6, 6, 14, 22

Series = Sequence[tuple[Page, KpiItem]]


@dataclass(frozen=True)
class Trend:
    """A KPI over its periods: the picture, its words, and the points a reader can ask for."""

    svg: str
    alt: str
    marks: tuple[tuple[float, float, str], ...]


def _scale(values: Sequence[float], low: float, high: float) -> list[float]:
    bottom, top = min(values), max(values)
    if top == bottom:
        return [(low + high) / 2 for _ in values]
    return [low + (value - bottom) / (top - bottom) * (high - low) for value in values]


def _xs(count: int, left: float, right: float) -> list[float]:
    return [left + (right - left) * i / max(1, count - 1) for i in range(count)]


def spoken(found: Series) -> str:
    """Return the series in words: where it starts, ends, and lies highest and lowest."""
    values = [float(item.value or 0) for _, item in found]
    (first, start), (last, end) = found[0], found[-1]
    (at_low, low), (at_high, high) = (
        found[values.index(min(values))],
        found[values.index(max(values))],
    )
    return (
        f"{end.label}, {first.period_text} to {last.period_text}: from {start.text} to {end.text}; "
        f"lowest {low.text} ({at_low.period_text}), highest {high.text} ({at_high.period_text})."
    )


def sparkline(found: Series) -> str:
    """Return a line of the series' values, without axes; nothing for fewer than two points."""
    if len(found) < 2:
        return ""
    values = [float(item.value or 0) for _, item in found]
    xs = _xs(len(values), _PAD, _WIDTH - _PAD)
    ys = _scale(values, _HEIGHT - _PAD, _PAD)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    return (
        f'<svg class="sparkline" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'preserveAspectRatio="xMinYMid" role="img" '
        f"aria-label={quoteattr(spoken(found))}>"
        f'<polyline points="{points}"/><circle cx="{xs[-1]:.1f}" cy="{ys[-1]:.1f}" r="2.6"/></svg>'
    )


def trend(found: Series) -> Trend:
    """Return a chart of the series with its ends, its highest and its lowest value written out."""
    values = [float(item.value or 0) for _, item in found]
    xs = _xs(len(values), _LEFT, _WIDE - _RIGHT) if len(values) > 1 else [_WIDE / 2]
    ys = _scale(values, _HIGH - _FOOT - 24, _TOP + 6)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    floor = _HIGH - _FOOT
    written = [
        _text(_LEFT, _HIGH - 6, found[0][0].period_text, "start"),
        _text(_WIDE - _RIGHT, _HIGH - 6, found[-1][0].period_text, "end") if len(found) > 1 else "",
    ]
    dots = []
    for at in sorted({values.index(max(values)), values.index(min(values))}):
        above = ys[at] < floor / 2
        anchor = "start" if xs[at] < 60 else "end" if xs[at] > _WIDE - 60 else "middle"
        written.append(_text(xs[at], ys[at] + (-8 if above else 15), found[at][1].text, anchor))
        dots.append(f'<circle cx="{xs[at]:.1f}" cy="{ys[at]:.1f}" r="3"/>')
    svg = (
        f'<svg class="trend" viewBox="0 0 {_WIDE} {_HIGH}" aria-hidden="true" focusable="false">'
        f'<path class="floor" d="M{_LEFT} {floor}H{_WIDE - _RIGHT}"/>'
        f'<polyline points="{points}"/>{"".join(dots)}{"".join(written)}</svg>'
    )
    marks = tuple(
        (round(x / _WIDE, 4), round(y / _HIGH, 4), f"{page.period_text}\n{item.label}: {item.text}")
        for x, y, (page, item) in zip(xs, ys, found, strict=True)
    )
    return Trend(svg, spoken(found), marks)


def _text(x: float, y: float, said: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'
