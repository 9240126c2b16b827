"""From a chart's spec to its block and picture: guarded, drawn, put in words."""

import hashlib
import json
from dataclasses import replace

import pandas as pd

from helpers.document import Chart, Table
from helpers.report import narrate, tables
from helpers.report.disclosure import protect
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
    frame, suppressed = protect(
        spec.frame[_columns(spec)], grain=spec.grain, customers=spec.customers, title=spec.title
    )
    shown = replace(spec, frame=frame.reset_index(drop=True), switch=None)
    empty = frame.dropna(subset=[spec.value or spec.y]).empty
    words = narrate.nothing(spec, suppressed) if empty else narrate.sentence(shown, fmt)
    table = _table(shown, fmt, suppressed)
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


def _columns(spec: ChartSpec) -> list[str]:
    named = [spec.x, spec.group, spec.y, spec.value, spec.low, spec.high, spec.annotate]
    return list(dict.fromkeys(n for n in [*named, spec.customers] if n is not None))


def _table(spec: ChartSpec, fmt: Formatter, suppressed: int) -> Table:
    value = spec.value or spec.y
    units = {name: spec.unit for name in (value, spec.low, spec.high) if name}
    if spec.x_unit:
        units[spec.x] = spec.x_unit
    if spec.customers:
        units[spec.customers] = "count"
    labels = {name: spec.label(name) for name in spec.frame.columns}
    built = tables.build(
        spec.frame, fmt, title=spec.title, grain=spec.grain, units=units, labels=labels,
        customers=spec.customers, id=f"{tables.slug(spec.title)}-data",
    )  # fmt: skip
    return replace(built, suppressed=suppressed)


def _digest(table: Table) -> str:
    """Return a short hash of the plotted data, so that a changed picture is noticed as text."""
    text = json.dumps(table.rows, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
