"""The explorer: choose metric, split and span; live in JupyterLab, its first view on the page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import pandas as pd

from helpers.document import MIME, Chart
from helpers.document_json import as_json
from helpers.errors import ReportError
from helpers.metrics.contracts import Unit
from helpers.periods import Period
from helpers.report import charts
from helpers.report.disclosure import smallest
from helpers.report.format import Formatter
from helpers.report.spec import ChartSpec, line

EVERYTHING = "No split"


@dataclass(frozen=True)
class Measure:
    """Something to explore: the sum of `column`, divided by the sum of `per` where there is one."""

    label: str
    unit: Unit
    column: str
    per: str | None = None


@dataclass(frozen=True)
class Explorer:
    """A cube of sums at segment level, and the ways to look at it.

    Attributes:
        cube: one row for each `x` and combination of the `by` columns; additive columns.
        x: column of periods as `2017-09`.
        measures: what can be shown.
        by: column to words: the ways to split.
        customers: the columns that count the customers behind a row.
        title: heading.

    A customer may stand in several rows, so counts do not add up. A group is counted by the column
    `{customers}_by_{split}`, or `{customers}_in_all` where nothing is split, if the cube has it
    (see `helpers.metrics.distinct`), and else by its largest row: it has at least so many.
    """

    cube: pd.DataFrame
    x: str
    measures: tuple[Measure, ...]
    by: Mapping[str, str]
    customers: str | tuple[str, ...]
    title: str

    def __post_init__(self) -> None:
        needed = {self.x, *self._counts, *self.by, *(m.column for m in self.measures)}
        needed |= {m.per for m in self.measures if m.per}
        missing = sorted(needed - set(map(str, self.cube.columns)))
        if missing:
            raise ReportError(
                f"explorer {self.title!r}: the cube has no column {missing[0]!r}",
                hint=f"It has: {', '.join(map(str, self.cube.columns))}.",
            )

    def view(
        self, measure: Measure, split: str | None, first: str | None = None, last: str | None = None
    ) -> ChartSpec:
        """Return the chart of a measure, split by a column, between two periods (inclusive)."""
        rows = self.cube
        if first is not None:
            rows = rows[rows[self.x] >= first]
        if last is not None:
            rows = rows[rows[self.x] <= last]
        keys = [self.x] if split is None else [self.x, split]
        columns = list(dict.fromkeys([measure.column, measure.per or measure.column]))
        groups = rows.groupby(keys, as_index=False, sort=True, observed=True)
        sums = groups[columns].sum()
        value = sums[measure.column].astype(float)
        if measure.per:
            value = value / sums[measure.per].where(sums[measure.per] != 0)
        shown = sums.assign(shown_value=value, customers_counted=self._counted(rows, keys, split))
        split_words = f" by {self.by[split].lower()}" if split else ""
        return line(
            shown, x=self.x, y="shown_value", group=split, unit=measure.unit, grain="segment",
            customers="customers_counted", within=(self.x,) if split else None,
            title=f"{measure.label}{split_words}",
            labels={
                self.x: "Period", "shown_value": measure.label, "customers_counted": "Customers",
            } | ({split: self.by[split]} if split else {}),
        )  # fmt: skip

    @property
    def _counts(self) -> tuple[str, ...]:
        return (self.customers,) if isinstance(self.customers, str) else self.customers

    def _counted(self, rows: pd.DataFrame, keys: list[str], split: str | None) -> pd.Series:
        """Return the smallest number of customers that may stand behind each group."""
        exact = f"_by_{split}" if split else "_in_all"
        columns = [f"{n}{exact}" if f"{n}{exact}" in rows else n for n in self._counts]
        largest = rows.groupby(keys, sort=True, observed=True)[columns].max()
        return smallest(largest.reset_index(drop=True), columns)

    def static(self, fmt: Formatter) -> tuple[Chart, str]:
        """Return the first view, with one prepared variant for each measure and split."""
        built = []
        for measure in self.measures:
            for split in (None, *self.by):
                chart, svg = charts.build(self.view(measure, split), fmt)
                built.append(replace(chart, label=chart.title, svg=svg))
        first = replace(
            built[0], id=charts.tables.slug(self.title), title=self.title, explorer=True,
            switch="Show", variants=built, svg="", label="",
        )  # fmt: skip
        return first, built[0].svg


def widget(explorer: Explorer, fmt: Formatter) -> Any:
    """Return the explorer as an ipywidget: three controls and a picture that follows them."""
    import ipywidgets as widgets

    periods = sorted(explorer.cube[explorer.x].unique())
    wide = {"description_width": "5em"}
    measure = widgets.Dropdown(
        options=[(m.label, number) for number, m in enumerate(explorer.measures)],
        value=0, description="Metric", style=wide,
    )  # fmt: skip
    split = widgets.Dropdown(
        options=[(EVERYTHING, ""), *((words, name) for name, words in explorer.by.items())],
        value="", description="Split by", style=wide,  # None would show as nothing chosen
    )  # fmt: skip
    span = widgets.SelectionRangeSlider(
        options=periods, index=(0, len(periods) - 1), description="Period", style=wide,
        continuous_update=False, readout=False,
    )  # fmt: skip
    between, picture = widgets.Label(layout={"margin": "2px 1em"}), widgets.HTML()

    def show(_: object = None) -> None:
        between.value = " - ".join(fmt.period(Period.parse(end)) for end in span.value)
        spec = explorer.view(explorer.measures[measure.value], split.value or None, *span.value)
        chart, svg = charts.build(spec, fmt)
        picture.value = (
            f"<p><b>{escape(chart.title)}</b><br>{escape(chart.sentence)}</p>"
            f'<div style="max-width:640px" role="img" aria-label="{escape(chart.alt)}">{svg}</div>'
        )

    for control in (measure, split, span):
        control.observe(show, names="value")
    show()
    return widgets.VBox([widgets.HBox([measure, split]), widgets.HBox([span, between]), picture])


class ExplorerView:
    """Shows the live widget where a front end can, the static first view elsewhere."""

    def __init__(self, explorer: Explorer, fmt: Formatter) -> None:
        self.chart, self._svg = explorer.static(fmt)
        self.widget = widget(explorer, fmt) if not explorer.cube.empty else None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {
            MIME: as_json(self.chart),
            "text/plain": f"{self.chart.alt} [{self.chart.digest}]",
        }
        if self._svg:
            bundle["image/svg+xml"] = self._svg
        if self.widget is not None:
            widget_mime = "application/vnd.jupyter.widget-view+json"
            bundle[widget_mime] = {
                "version_major": 2, "version_minor": 0, "model_id": self.widget.model_id,
            }  # fmt: skip
        return bundle
