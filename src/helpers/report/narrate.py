"""A sentence that says what a chart shows, computed from its data."""

import pandas as pd

from helpers.periods import Period
from helpers.report.axes import is_categorical, is_month
from helpers.report.format import Formatter
from helpers.report.spec import ChartSpec

_KINDS = {
    "line": "Line chart",
    "bar": "Bar chart",
    "dots": "Dot chart with intervals",
    "scatter": "Scatter plot",
    "heatmap": "Heatmap",
}


def alt(spec: ChartSpec, sentence: str) -> str:
    """Return the text that stands for the picture."""
    return f"{_KINDS[spec.kind]}: {spec.title}. {sentence}"


def nothing(spec: ChartSpec, suppressed: int) -> str:
    """Return what is said in place of a chart without data."""
    if suppressed:
        return "Every group has fewer than 8 customers, so none is shown."
    return "There is nothing to show: the period has no such data."


def sentence(spec: ChartSpec, fmt: Formatter) -> str:
    """Return what the chart shows, from its data, in one or two short sentences."""
    if spec.says is not None:
        return spec.says
    column = spec.value or spec.y
    rows = spec.frame.dropna(subset=[column])
    if rows.empty:
        return nothing(spec, 0)
    if spec.kind == "heatmap":
        return _extremes(spec, rows, fmt)
    if spec.kind == "scatter":
        return _relation(spec, rows)
    if spec.kind == "line":
        return _course(spec, rows, fmt) if spec.group is None else _latest(spec, rows, fmt)
    return _ranking(spec, rows, fmt)


def point(value: object, fmt: Formatter, months: bool) -> str:
    """Return a place on the x axis in words."""
    if months:
        return fmt.period(Period.parse(str(value)))
    if isinstance(value, pd.Timestamp):
        return fmt.day(value.date())
    return fmt.value(value, "number") if isinstance(value, float) else str(value)


def _course(spec: ChartSpec, rows: pd.DataFrame, fmt: Formatter) -> str:
    months = is_month(rows[spec.x])
    values = rows[spec.y].astype(float)
    first, last = rows.iloc[0], rows.iloc[-1]

    def at(row: pd.Series) -> str:
        return f"{fmt.value(float(row[spec.y]), spec.unit)} {_at(spec, row, fmt, months)}"

    if len(rows) == 1:
        return f"{at(last)}."
    _, change = fmt.change(float(last[spec.y]), float(first[spec.y]), spec.unit)
    text = f"From {at(first)} to {at(last)}" + (f" ({change})." if change else ".")
    top, bottom = rows.loc[values.idxmax()], rows.loc[values.idxmin()]
    if len(rows) > 2 and top.name not in {first.name, last.name}:
        text += f" Highest: {at(top)}."
    if len(rows) > 2 and bottom.name not in {first.name, last.name}:
        text += f" Lowest: {at(bottom)}."
    return text


def _at(spec: ChartSpec, row: pd.Series, fmt: Formatter, months: bool) -> str:
    where = point(row[spec.x], fmt, months)
    if months:
        return f"in {where}"
    if isinstance(row[spec.x], pd.Timestamp):
        return f"on {where}"
    return f"at {where}"


def _latest(spec: ChartSpec, rows: pd.DataFrame, fmt: Formatter) -> str:
    months = is_month(rows[spec.x])
    last = rows.groupby(spec.group, sort=False, observed=True).tail(1)
    last = last.sort_values(spec.y, ascending=False)
    shown = [f"{row[spec.group]} {fmt.value(float(row[spec.y]), spec.unit)}"
             for _, row in last.head(4).iterrows()]  # fmt: skip
    same = last[spec.x].nunique() == 1
    where = f" {_at(spec, last.iloc[0], fmt, months)}" if same else ""
    more = f", and {len(last) - 4} more" if len(last) > 4 else ""
    return f"Latest{where}: {', '.join(shown)}{more}."


def _ranking(spec: ChartSpec, rows: pd.DataFrame, fmt: Formatter) -> str:
    values = rows[spec.y].astype(float)
    months = is_month(rows[spec.x])
    additive = spec.unit in {"currency", "count"} and spec.kind == "bar" and values.min() >= 0

    def named(row: pd.Series) -> str:
        group = f", {row[spec.group]}" if spec.group else ""
        name = point(row[spec.x], fmt, months)
        return f"{name}{group} ({fmt.value(float(row[spec.y]), spec.unit)})"

    top, bottom = rows.loc[values.idxmax()], rows.loc[values.idxmin()]
    if len(rows) == 1:
        return f"Only {named(top)}."
    ordered = not is_categorical(rows[spec.x])
    share = ""
    if additive and not ordered and values.sum() > 0:
        share = (
            f", {fmt.value(float(values.max() / values.sum()), 'share', decimals=0)} of the total"
        )
    return f"Highest: {named(top)}{share}. Lowest: {named(bottom)}."


def _extremes(spec: ChartSpec, rows: pd.DataFrame, fmt: Formatter) -> str:
    def named(row: pd.Series) -> str:
        names = [point(row[c], fmt, is_month(rows[c])) for c in (spec.y, spec.x)]
        return f"{fmt.value(float(row[spec.value]), spec.unit)} ({' × '.join(names)})"

    values = rows[spec.value].astype(float)
    top, bottom = rows.loc[values.idxmax()], rows.loc[values.idxmin()]
    return f"Highest: {named(top)}. Lowest: {named(bottom)}."


def _relation(spec: ChartSpec, rows: pd.DataFrame) -> str:
    x, y = rows[spec.x].astype(float), rows[spec.y].astype(float)
    if len(rows) < 4 or x.nunique() < 2 or y.nunique() < 2:
        return f"{len(rows)} groups: too few to speak of a relation."
    strength = float(x.rank().corr(y.rank()))
    names = spec.label(spec.y), spec.label(spec.x).lower()
    if abs(strength) < 0.3:
        return (
            f"{names[0]} shows no clear relation to {names[1]} (rank correlation {strength:.2f})."
        )
    verb = "rises" if strength > 0 else "falls"
    return f"{names[0]} {verb} with {names[1]} (rank correlation {strength:.2f})."
