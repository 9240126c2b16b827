"""From a chart's spec to its block and picture: guarded, drawn, put in words."""

import hashlib
import json
from dataclasses import replace

import pandas as pd

from helpers.document import Chart, Table
from helpers.report import narrate, tables
from helpers.report.disclosure import Protected, protect
from helpers.report.draw import draw
from helpers.report.format import Formatter
from helpers.report.spec import ChartSpec


def build(spec: ChartSpec, fmt: Formatter) -> tuple[Chart, str]:
    """Return the chart's block and its SVG (empty where there is nothing to draw).

    Raises:
        DisclosureError: the rows are about single customers, or nothing counts them.
    """
    chart, svg = _one(spec, fmt)
    if spec.switch is None:
        return chart, svg
    variants = []
    for label in pd.unique(spec.frame[spec.switch].dropna()):
        rows = spec.frame[spec.frame[spec.switch] == label]
        variant, picture = _one(replace(spec, frame=rows), fmt)
        variants.append(replace(variant, label=str(label), svg=picture))
    if not variants:
        return chart, svg
    first = replace(variants[0], variants=variants, switch=spec.label(spec.switch), svg="")
    return first, variants[0].svg


def _one(spec: ChartSpec, fmt: Formatter) -> tuple[Chart, str]:
    found = protect(
        spec.frame[_columns(spec)],
        grain=spec.grain,
        customers=spec.customers,
        title=spec.title,
        within=_within(spec),
    )
    frame = found.frame
    shown = replace(spec, frame=frame, switch=None)
    empty = frame.dropna(subset=[spec.value or spec.y]).empty
    words = narrate.nothing(spec, found.hidden) if empty else narrate.sentence(shown, fmt)
    table = _table(shown, fmt, found)
    svg, marks = ("", []) if empty else draw(shown, fmt)
    chart = Chart(
        id=tables.slug(spec.title),
        title=spec.title,
        kind=spec.kind,
        alt=narrate.alt(spec, words),
        sentence=words,
        digest=_digest(table),
        table=table,
        marks=marks,
    )
    return chart, svg


def _within(spec: ChartSpec) -> tuple[str, ...] | None:
    """Return the columns within which the rows add up to a total; None where none do.

    Bars are parts of a whole, side by side ones of each group's; lines are parts of each point.
    Curves of shares, effects of campaigns, points of a scatter plot and cells of a heatmap add up
    to nothing.
    """
    if spec.within is not None:
        return spec.within
    if spec.kind not in {"bar", "dots", "line"} or spec.unit in {"ratio", "days", "number"}:
        return None
    if spec.kind == "line" or spec.grain == "period":
        parts = spec.group is not None and spec.unit in {"currency", "count"}
        return (spec.x,) if parts else None
    if spec.kind == "dots" and spec.grain == "campaign":
        return None
    return (spec.group,) if spec.group else ()


def _columns(spec: ChartSpec) -> list[str]:
    named = [spec.x, spec.group, spec.y, spec.value, spec.low, spec.high, spec.annotate]
    return list(dict.fromkeys(n for n in [*named, *spec.counts] if n is not None))


def _table(spec: ChartSpec, fmt: Formatter, found: Protected) -> Table:
    value = spec.value or spec.y
    units = {name: spec.unit for name in (value, spec.low, spec.high) if name}
    if spec.x_unit:
        units[spec.x] = spec.x_unit
    units |= dict.fromkeys(spec.counts, "count")
    labels = {name: spec.label(name) for name in spec.frame.columns}
    built = tables.build(
        spec.frame, fmt, title=spec.title, grain=spec.grain, units=units, labels=labels,
        customers=spec.customers, id=f"{tables.slug(spec.title)}-data", note=found.note,
    )  # fmt: skip
    return replace(built, suppressed=found.hidden)


def _digest(table: Table) -> str:
    """Return a short hash of the plotted data, so that a changed picture is noticed as text."""
    text = json.dumps(table.rows, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
