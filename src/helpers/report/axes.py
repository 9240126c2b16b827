"""Axes, ticks and legends in the reader's locale."""

import re
from datetime import date
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd

from helpers.metrics.contracts import Unit
from helpers.periods import Period
from helpers.report.format import Formatter
from helpers.report.spec import ChartSpec
from helpers.report.style import MUTED

_MONTH = re.compile(r"\d{4}-\d{2}")


def is_month(values: pd.Series) -> bool:
    """Return whether all values are month names such as `2017-09`."""
    texts = values.dropna().astype(str)
    return bool(len(texts)) and all(_MONTH.fullmatch(text) for text in texts)


def is_categorical(values: pd.Series) -> bool:
    """Return whether the values are names, neither numbers, dates nor months."""
    dated = pd.api.types.is_datetime64_any_dtype(values)
    return not (pd.api.types.is_numeric_dtype(values) or dated or is_month(values))


def date_axis(axes: Any, values: pd.Series, fmt: Formatter, unit: Unit | None) -> pd.Series:
    """Set the x axis of a line chart to the values, and return what to plot there."""
    axes.xaxis.label.set_visible(False)
    if is_month(values):
        values = pd.to_datetime(values.astype(str) + "-01")
        _date_ticks(axes, values, fmt, months=True)
        return values
    if pd.api.types.is_datetime64_any_dtype(values):
        _date_ticks(axes, values, fmt, months=False)
        return values
    if pd.api.types.is_numeric_dtype(values):
        axes.xaxis.label.set_visible(True)
        axes.xaxis.set_major_formatter(ticks(fmt, unit or "number"))
        return values.astype(float)
    return values.astype(str)


def _date_ticks(axes: Any, values: pd.Series, fmt: Formatter, *, months: bool) -> None:
    """Put ticks at the firsts of months, or at days where the values are days of few months."""
    from matplotlib.dates import AutoDateLocator, num2date

    known = values.dropna()
    days = (known.max() - known.min()).days if len(known) else 0
    by_month = months or days > 75
    locator = _month_ticks(days) if by_month else AutoDateLocator(minticks=3, maxticks=6)
    axes.xaxis.set_major_locator(locator)

    def text(number: float, position: int | None) -> str:
        day = num2date(number).date()
        if not by_month:
            return _day_tick(day, fmt)
        first_or_january = position == 0 or day.month == 1
        return fmt.month_tick(day, with_year=first_or_january)

    axes.xaxis.set_major_formatter(text)


def _month_ticks(days: int) -> Any:
    """Return a locator of at most about six firsts of months over so many days."""
    from matplotlib.dates import MonthLocator, YearLocator

    for step in (1, 2, 3, 6, 12):
        if days / 30.4 / step < 6:
            return MonthLocator(bymonth=range(1, 13, step))
    return YearLocator(base=-(-days // (6 * 365)))


def _day_tick(day: date, fmt: Formatter) -> str:
    from babel.dates import format_skeleton

    return format_skeleton("MMMd", day, locale=fmt.locale)


def ticks(fmt: Formatter, unit: Unit) -> Any:
    """Return a formatter that writes all ticks of an axis with the same number of decimals."""
    from matplotlib.ticker import FuncFormatter

    class Together(FuncFormatter):
        def format_ticks(self, values: Any) -> list[str]:
            shown = np.asarray(values, dtype=float)
            scaled = shown * (100 if unit in {"share", "points"} else 1)
            decimals = next((d for d in range(4) if np.allclose(scaled, scaled.round(d))), 4)
            large = len(scaled) > 0 and float(np.abs(scaled).max()) >= 1000
            if unit in {"currency", "count", "number"} and large:
                return [fmt.short(value, unit) for value in shown.tolist()]
            number: Unit = "number" if unit == "days" else unit
            return [fmt.value(value, number, decimals=decimals) for value in shown.tolist()]

    return Together(lambda value, _: fmt.value(value, unit))


def value_axis(
    axes: Any, spec: ChartSpec, fmt: Formatter, *, lying: bool = False, from_zero: bool = False
) -> None:
    """Format the axis of values, draw the reference levels, keep few ticks."""
    from matplotlib.ticker import MaxNLocator

    axis = axes.xaxis if lying else axes.yaxis
    axis.set_major_locator(MaxNLocator(nbins=4 if lying else 5, integer=spec.unit == "count"))
    axis.set_major_formatter(ticks(fmt, spec.unit))
    values = pd.to_numeric(spec.frame[spec.y], errors="coerce")
    if spec.kind == "line" and len(values.dropna()) and values.min() >= 0:
        _floor_at_zero(axes, spec, values)
    if from_zero and len(values.dropna()) and values.min() >= 0:
        (axes.set_xlim if lying else axes.set_ylim)(0, None)
    for words, level in spec.reference.items():
        if words == "diagonal":
            continue
        (axes.axvline if lying else axes.axhline)(
            level, color=MUTED, linewidth=1.2, linestyle=(0, (4, 3))
        )
        if not lying:
            axes.annotate(
                words, (1, level), xycoords=("axes fraction", "data"), ha="right",
                xytext=(0, 4), textcoords="offset points", fontsize=9, color=MUTED,
            )  # fmt: skip
    axes.grid(visible=False, axis="y" if lying else "x")
    axes.set_ylabel("")
    if (spec.kind == "line" and spec.x_unit) or spec.kind == "scatter":
        axes.set_xlabel(spec.label(spec.x))
    else:
        axes.set_xlabel("")
    if spec.kind == "scatter":
        axes.set_ylabel(spec.label(spec.y))


def _floor_at_zero(axes: Any, spec: ChartSpec, values: pd.Series) -> None:
    lows = pd.to_numeric(spec.frame[spec.low], errors="coerce") if spec.low else values
    lowest = np.nanmin([values.min(), lows.min()])
    if 0 <= lowest < 0.5 * values.max():
        axes.set_ylim(0, None)


def category_axis(axes: Any, names: list[object], lying: bool, fmt: Formatter) -> None:
    """Write the names of the categories; lying bars read from the top down."""
    texts = [_name(name, fmt, number == 0) for number, name in enumerate(names)]
    if lying:
        axes.set_yticks(range(len(names)), texts)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
    else:
        step = max(1, -(-len(names) // 9))
        axes.set_xticks(range(0, len(names), step), texts[::step])
        axes.grid(visible=False, axis="x")


def _name(name: object, fmt: Formatter, first: bool) -> str:
    if isinstance(name, pd.Timestamp):
        return _day_tick(name.date(), fmt)
    text = str(name)
    if _MONTH.fullmatch(text):
        start = Period.parse(text).start
        return fmt.month_tick(start, with_year=first or start.month == 1).replace(" ", "\n")
    if isinstance(name, float) and name.is_integer():
        text = str(int(name))
    return _in_two_lines(text)


def _in_two_lines(text: str) -> str:
    """Return a long name on two lines; what does not fit there ends in dots."""
    if len(text) <= 26:
        return text
    first, *rest = wrap(text, 26)
    second = " ".join(rest)
    return f"{first}\n{second}" if len(second) <= 26 else f"{first}\n{second[:25]}…"


def legend(axes: Any, entries: int) -> None:
    """Put the legend above the plot, in as many columns as fit; one series needs none."""
    if entries < 2:
        return
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2 if entries > 3 else entries,
        borderaxespad=0, columnspacing=1.2, handlelength=1.8, title=None,
    )  # fmt: skip
