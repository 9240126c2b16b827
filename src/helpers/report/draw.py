"""Draw a chart as SVG, with the places a reader can point at."""

import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from helpers.periods import Period
from helpers.report.axes import (
    category_axis,
    date_axis,
    is_categorical,
    legend,
    ticks,
    value_axis,
)
from helpers.report.format import Formatter
from helpers.report.spec import ChartSpec
from helpers.report.style import (
    DASHES,
    HEIGHT,
    INK,
    MUTED,
    PALETTE,
    SEQUENTIAL,
    WIDTH,
    style,
)

Mark = tuple[Any, Any, int]


def draw(spec: ChartSpec, fmt: Formatter) -> tuple[str, list[list[float]]]:
    """Return the chart as SVG and its marks `[x, y, row]`, fractions from the upper left corner."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(WIDTH, _height(spec)), dpi=72, layout="constrained")
        canvas = FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        marks = _KINDS[spec.kind](spec, axes, fmt)
        file = io.StringIO()
        _settle(figure)
        canvas.print_svg(file, metadata={"Date": None, "Creator": None})
        placed = _place(marks, axes, figure)
    return _slim(file.getvalue()), placed


def _settle(figure: Any) -> None:
    """Lay the figure out once: `savefig` would do so, and draw the whole, several times over."""
    engine = figure.get_layout_engine()
    engine.execute(figure)
    figure.set_layout_engine("none")


def _height(spec: ChartSpec) -> float:
    if spec.kind == "heatmap":
        return max(HEIGHT, 0.9 + 0.29 * spec.frame[spec.y].nunique())
    if spec.kind in {"bar", "dots"} and _horizontal(spec):
        rows = spec.frame[spec.x].nunique() * (
            spec.frame[spec.group].nunique() if spec.group else 1
        )
        return max(HEIGHT * 0.75, 0.8 + 0.3 * rows)
    return HEIGHT


def _slim(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"\b([1-9]\d*\.\d{2})\d+", r"\1", svg)  # not the small factors of scale()


def _place(marks: list[Mark], axes: Any, figure: Any) -> list[list[float]]:
    width, height = figure.bbox.width, figure.bbox.height
    found = []
    for x, y, row in marks:
        px, py = axes.transData.transform((x, y))
        if np.isfinite([px, py]).all():
            found.append([round(px / width, 4), round(1 - py / height, 4), row])
    return found


def _line(spec: ChartSpec, axes: Any, fmt: Formatter) -> list[Mark]:
    frame = spec.frame.assign(_x=date_axis(axes, spec.frame[spec.x], fmt, spec.x_unit))
    groups = [None] if spec.group is None else list(pd.unique(frame[spec.group].dropna()))
    marks: list[Mark] = []
    named = is_categorical(spec.frame[spec.x])  # names stay in the frame's order
    dense = len(frame) / max(1, len(groups)) > 120
    for number, group in enumerate(groups):
        rows = frame if group is None else frame[frame[spec.group] == group]
        colour, dash = PALETTE[number % len(PALETTE)], DASHES[number % len(DASHES)]
        few = len(rows) <= 15
        known = rows[spec.y].astype(float).dropna()
        path = known.groupby(frame["_x"], sort=not named).mean()
        axes.plot(
            path.index, path, color=colour, label=group,
            marker="o" if few else None, markersize=5, linestyle=(0, dash) if dash else "-",
            markeredgewidth=0, linewidth=1.1 if dense else 2,
        )  # fmt: skip
        if spec.low and spec.high:
            band = rows[["_x", spec.low, spec.high]].dropna()
            axes.fill_between(
                band["_x"], band[spec.low].astype(float), band[spec.high].astype(float),
                color=colour, alpha=0.18, linewidth=0,
            )  # fmt: skip
        numbers = axes.convert_xunits(rows["_x"].to_numpy())
        marks += [
            (x, y, int(row)) for x, y, row in zip(numbers, rows[spec.y], rows.index, strict=True)
        ]
    value_axis(axes, spec, fmt)
    if spec.group is not None:
        legend(axes, len(groups))
    return marks


def _horizontal(spec: ChartSpec) -> bool:
    names = spec.frame[spec.x].astype(str)
    if not is_categorical(spec.frame[spec.x]):
        return False
    return bool(len(names)) and (names.str.len().max() > 7 or names.nunique() > 9)


def _offsets(spec: ChartSpec) -> tuple[list[Any], dict[Any, int], float]:
    groups = [None] if spec.group is None else list(pd.unique(spec.frame[spec.group].dropna()))
    names = {name: i for i, name in enumerate(pd.unique(spec.frame[spec.x]))}
    return groups, names, 0.76 / len(groups)


def _bar(spec: ChartSpec, axes: Any, fmt: Formatter) -> list[Mark]:
    lying = _horizontal(spec)
    groups, names, width = _offsets(spec)
    marks: list[Mark] = []
    for number, group in enumerate(groups):
        rows = spec.frame if group is None else spec.frame[spec.frame[spec.group] == group]
        shift = (number - (len(groups) - 1) / 2) * width
        at = rows[spec.x].map(names).astype(float) + shift
        colour = PALETTE[number % len(PALETTE)]
        size = rows[spec.y].astype(float)
        (axes.barh if lying else axes.bar)(at, size, width * 0.92, color=colour, label=group)
        if spec.low and spec.high:
            _intervals(axes, at, rows, spec, lying, INK)
        pairs = zip(at, size, rows.index, strict=True)
        marks += [(v, a, int(r)) if lying else (a, v, int(r)) for a, v, r in pairs]
    category_axis(axes, list(names), lying, fmt)
    value_axis(axes, spec, fmt, lying=lying, from_zero=True)
    if spec.group is not None:
        legend(axes, len(groups))
    return marks


def _intervals(
    axes: Any, at: pd.Series, rows: pd.DataFrame, spec: ChartSpec, lying: bool, colour: str
) -> None:
    low, high = rows[spec.low].astype(float), rows[spec.high].astype(float)
    (axes.hlines if lying else axes.vlines)(at, low, high, color=colour, linewidth=1.6)


def _dots(spec: ChartSpec, axes: Any, fmt: Formatter) -> list[Mark]:
    lying = _horizontal(spec)
    groups, names, width = _offsets(spec)
    marks: list[Mark] = []
    for number, group in enumerate(groups):
        rows = spec.frame if group is None else spec.frame[spec.frame[spec.group] == group]
        at = rows[spec.x].map(names).astype(float) + (number - (len(groups) - 1) / 2) * width
        colour = PALETTE[number % len(PALETTE)]
        if spec.low and spec.high:
            _intervals(axes, at, rows, spec, lying, colour)
        size = rows[spec.y].astype(float)
        xs, ys = (size, at) if lying else (at, size)
        axes.plot(xs, ys, "o", color=colour, markersize=7, label=group)
        marks += [(x, y, int(r)) for x, y, r in zip(xs, ys, rows.index, strict=True)]
    (axes.axvline if lying else axes.axhline)(0, color=MUTED, linewidth=0.8)
    if not lying:
        axes.set_xlim(-0.6, len(names) - 0.4)
    category_axis(axes, list(names), lying, fmt)
    value_axis(axes, spec, fmt, lying=lying)
    if spec.group is not None:
        legend(axes, len(groups))
    return marks


def _scatter(spec: ChartSpec, axes: Any, fmt: Formatter) -> list[Mark]:
    import seaborn as sns

    groups = [None] if spec.group is None else list(pd.unique(spec.frame[spec.group].dropna()))
    sns.scatterplot(
        data=spec.frame, x=spec.x, y=spec.y, hue=spec.group, style=spec.group, ax=axes, s=54,
        palette=PALETTE[: len(groups)] if spec.group else None, color=PALETTE[0],
        linewidth=0, legend=bool(spec.group),
    )  # fmt: skip
    if spec.low and spec.high:
        _intervals(axes, spec.frame[spec.x], spec.frame, spec, False, PALETTE[0])
    if "diagonal" in spec.reference:
        low = max(axes.get_xlim()[0], axes.get_ylim()[0])
        high = min(axes.get_xlim()[1], axes.get_ylim()[1])
        axes.plot([low, high], [low, high], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    if spec.annotate and len(spec.frame) <= 14:
        for _, row in spec.frame.iterrows():
            axes.annotate(
                str(row[spec.annotate]), (row[spec.x], row[spec.y]), xytext=(5, 5),
                textcoords="offset points", fontsize=8.5, color=MUTED,
            )  # fmt: skip
    value_axis(axes, spec, fmt)
    axes.set_xlabel(spec.label(spec.x))
    unit = spec.x_unit or "number"
    axes.xaxis.set_major_formatter(ticks(fmt, unit))
    if spec.group is not None:
        legend(axes, len(groups))
    rows = zip(spec.frame[spec.x], spec.frame[spec.y], spec.frame.index, strict=True)
    return [(x, y, int(row)) for x, y, row in rows]


def _heatmap(spec: ChartSpec, axes: Any, fmt: Formatter) -> list[Mark]:
    import seaborn as sns
    from matplotlib.colors import LinearSegmentedColormap

    xs, ys = list(pd.unique(spec.frame[spec.x])), list(pd.unique(spec.frame[spec.y]))
    frame = spec.frame.drop_duplicates([spec.x, spec.y])
    grid = frame.pivot(index=spec.y, columns=spec.x, values=spec.value).astype(float)
    grid = grid.reindex(index=ys, columns=xs)
    small = grid.size <= 120 and len(xs) <= 9
    text = grid.map(lambda v: fmt.short(v, spec.unit) if np.isfinite(v) else "")
    colours = LinearSegmentedColormap.from_list("ours", SEQUENTIAL)
    sns.heatmap(
        grid, ax=axes, cmap=colours, linewidths=1.2, linecolor="none", cbar=not small,
        annot=text if small else None, fmt="", annot_kws={"size": 8.5},
        cbar_kws={"shrink": 0.8, "format": lambda v, _: fmt.short(v, spec.unit)},
    )  # fmt: skip
    if axes.collections and axes.collections[0].colorbar:
        axes.collections[0].colorbar.outline.set_visible(False)
    axes.set(xlabel=spec.label(spec.x), ylabel=spec.label(spec.y))
    axes.set_xticks(np.arange(len(xs)) + 0.5, [_short_name(x, fmt) for x in xs], rotation=0)
    axes.set_yticks(np.arange(len(ys)) + 0.5, [_short_name(y, fmt) for y in ys], rotation=0)
    for label in axes.get_xticklabels()[:: 1 if len(xs) <= 9 else 2][len(xs) :]:
        label.set_visible(False)
    axes.xaxis.set_ticks_position("top")
    axes.xaxis.set_label_position("top")
    axes.grid(False)
    marks = []
    for row, (x, y, v) in zip(
        frame.index, frame[[spec.x, spec.y, spec.value]].itertuples(index=False), strict=True
    ):
        if pd.notna(v):
            marks.append((xs.index(x) + 0.5, ys.index(y) + 0.5, int(row)))
    return marks


def _short_name(name: object, fmt: Formatter) -> str:
    text = str(name)
    if re.fullmatch(r"\d{4}-\d{2}", text):
        return fmt.month_tick(Period.parse(text).start, with_year=True)
    return text if len(text) <= 22 else text[:21] + "…"


_KINDS: dict[str, Callable[[ChartSpec, Any, Formatter], list[Mark]]] = {
    "line": _line,
    "bar": _bar,
    "dots": _dots,
    "scatter": _scatter,
    "heatmap": _heatmap,
}
