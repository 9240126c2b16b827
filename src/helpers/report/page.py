"""The report that a notebook writes, cell by cell."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import TYPE_CHECKING, Any

import pandas as pd
from IPython.display import display

from helpers.document import (
    Block,
    Caption,
    Chart,
    Definitions,
    Kpis,
    Provenance,
    Text,
    Title,
    Tone,
)
from helpers.errors import ReportError
from helpers.metrics.contracts import Contract, Kpi, Unit
from helpers.params import BaseParams
from helpers.report import charts, kpis, quality, tables
from helpers.report.buyers import FEW, Buyers
from helpers.report.disclosure import Columns
from helpers.report.explorer import Explorer, ExplorerView
from helpers.report.format import Formatter
from helpers.report.spec import ChartSpec
from helpers.report.views import View, kpis_view, table_view

if TYPE_CHECKING:
    from helpers.sources import Tables

_DISTRIBUTIONS = (
    "crm-reports", "pandas", "numpy", "scipy", "scikit-learn", "statsmodels", "statsforecast",
    "lifelines", "pyarrow", "pandera", "seaborn", "matplotlib",
    "babel", "papermill",
)  # fmt: skip


class Report:
    """Displays the parts of one report: formatted for its locale, guarded against disclosure.

    Every method displays one or more outputs that carry their block as JSON (see
    `helpers.document`) beside a view for JupyterLab.
    """

    def __init__(self, params: BaseParams, data: "Tables") -> None:
        self.params = params
        self.data = data
        self.format = Formatter(params.currency, params.locale)
        self._ids: set[str] = set()
        self._buyers = Buyers(data)
        self._told = False

    @cached_property
    def _lonely(self) -> bool:
        """Whether so few bought in the period, or in one compared with it, that they would show."""
        span = self.params.span
        return any(map(self._buyers.few_in, (span, span.previous(), span.year_before())))

    def title(self) -> None:
        """Display the heading: what, which period, which source, which customers."""
        params = self.params
        attribute, _, value = params.slice.partition("=")
        block = Title(
            family=params.family,
            title=params.title,
            summary=params.summary,
            period=params.period,
            period_text=self.format.period(params.span),
            as_of=params.as_of.isoformat(),
            source=params.source,
            source_text=self.data.label,
            slice=params.slice,
            slice_text=f"{attribute.replace('_', ' ')}: {value}" if value else "all customers",
            currency=params.currency,
            locale=params.locale,
            parameters=params.model_dump(mode="json"),
        )
        line = (
            f"{block.source_text}, {block.slice_text}, up to {self.format.day(params.as_of)}. "
            f"Money in {params.currency}."
        )
        markdown = f"# {block.title}: {block.period_text}\n\n{block.summary}\n\n{line}"
        self._show(block, markdown=markdown, plain=f"{block.title}: {block.period_text}\n{line}")

    def headline(self, values: Iterable[Kpi]) -> None:
        """Display and record the KPIs that stand on the index too."""
        self.kpis(values, headline=True)

    def kpis(self, values: Iterable[Kpi], *, headline: bool = False) -> None:
        """Display and record named KPIs.

        Raises:
            ReportError: two of them have one name.
        """
        span = self.params.span
        given = [kpis.guarded(value, span, self._buyers.few_in) for value in values]
        sums = [
            None if value.note == kpis.WITHHELD else kpis.control(value.contract, self.data, span)
            for value in given
        ]
        items = [
            kpis.item(value, span, self.format, control=control)
            for value, control in zip(given, sums, strict=True)
        ]
        names = [item.name for item in items]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ReportError(f"the KPI {twice[0]!r} is given twice", hint="Name each KPI once.")
        display(kpis_view(Kpis(items, headline)))

    def charts(self, *specs: ChartSpec) -> None:
        """Display charts, each with a sentence computed from its data."""
        for spec in specs:
            if self._lonely and not spec.counts:
                self.text(f"{spec.title}: {FEW}", tone="missing")
                continue
            if self._lonely:
                spec = replace(spec, says=None)  # it may tell of what is not shown
            chart, svg = charts.build(spec, self.format)
            self._chart(replace(chart, id=self._unique(chart.id)), svg)

    def _chart(self, chart: Chart, svg: str) -> None:
        self._show(
            Caption(chart.title),
            markdown=f"**{chart.title}.** {chart.sentence}",
            plain=f"{chart.title}. {chart.sentence}",
        )
        views = {"plain": f"{chart.alt} [{chart.digest}]"} | ({"svg": svg} if svg else {})
        self._show(chart, **views)

    def table(
        self,
        frame: pd.DataFrame,
        *,
        title: str,
        grain: str,
        units: Mapping[str, Unit] | None = None,
        labels: Mapping[str, str] | None = None,
        customers: Columns = None,
        note: str = "",
    ) -> None:
        """Display a table (see `helpers.report.tables.build`); an empty one is a sentence."""
        if self._lonely and not customers:
            self.text(f"{title}: {FEW}", tone="missing")
            return
        block = tables.build(
            frame, self.format, title=title, grain=grain, units=units, labels=labels,
            customers=customers, note=note,
        )  # fmt: skip
        if not block.rows:
            self.text(
                f"{title}: {block.note or 'nothing to show for this period.'}", tone="missing"
            )
            return
        display(table_view(replace(block, id=self._unique(block.id))))

    def text(self, text: str, *, tone: Tone = "plain") -> None:
        """Display a paragraph of plain text; tone `caution`, `assumed` or `missing` sets it off."""
        if self._lonely and tone != "missing":
            if self._told:
                return
            self._told, text, tone = True, f"The account in words: {FEW}", "missing"
        self._show(Text(text, tone), markdown=_quoted(text, tone), plain=text)

    def explorer(self, explorer: Explorer) -> None:
        """Display an explorer: live where there is a kernel, its prepared views on the page."""
        if explorer.cube.empty:
            self.text(f"{explorer.title}: nothing to explore for this period.", tone="missing")
            return
        view = ExplorerView(explorer, self.format)
        view.chart = replace(view.chart, id=self._unique(view.chart.id))
        display(view)

    def quality(self, *effects: str) -> None:
        """Display what cleaning did to every raw row, and what that does to the figures.

        `effects` are sentences of the family's own: what its KPIs would be otherwise.
        """
        frame = self.data.account.frame()
        for sentence in (quality.summary(frame, self.format), *effects):
            self.text(sentence)
        self.table(
            quality.readable(frame),
            title="What happened to every raw row",
            grain="rule",
            units={"share": "share", "amount": "currency"},
            labels={"amount": "Revenue of these rows", "share": "Of the table", "reason": "Why"},
        )

    def definitions(self, contracts: Iterable[Contract]) -> None:
        """Display what every KPI of the page means."""
        found = list(contracts)
        items = [
            {
                "name": c.name, "label": c.label, "unit": c.unit, "definition": c.definition,
                "formula": c.formula, "denominator": c.denominator, "exclusions": c.exclusions,
                "higher_is": c.higher_is, "owner": c.owner,
            }
            for c in found
        ]  # fmt: skip
        lines = [f"- **{c.label}**: {c.definition} *{c.formula}*" for c in found]
        plain = "\n".join(f"{c.label}: {c.definition} {c.formula}" for c in found)
        self._show(Definitions(items), markdown="\n".join(lines), plain=plain)

    def provenance(self) -> None:
        """Display where the figures come from: snapshot, raw files, versions, parameters."""
        versions = {"python": python_version()}
        for name in _DISTRIBUTIONS:
            try:
                versions[name] = version(name)
            except PackageNotFoundError:
                continue
        parameters = self.params.model_dump(mode="json")
        files = [dict(file) for file in self.data.files]
        block = Provenance(self.data.snapshot, files, versions, parameters)
        rows = "\n".join(f"| {file['name']} | `{file['sha256'][:12]}` |" for file in files)
        used = ", ".join(f"{name} {text}" for name, text in versions.items())
        markdown = (
            f"Snapshot `{block.snapshot}` of:\n\n| file | content |\n|---|---|\n{rows}\n\n"
            f"Made with {used}."
        )
        self._show(block, markdown=markdown, plain=f"Snapshot {block.snapshot}. Made with {used}.")

    def _unique(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._ids:
            name, number = f"{wanted}-{number}", number + 1
        self._ids.add(name)
        return name

    @staticmethod
    def _show(block: Block, **views: Any) -> None:
        display(View(block, **views))


def _quoted(text: str, tone: Tone) -> str:
    return text if tone in {"plain", "good"} else f"> **{_TONES[tone]}** {text}"


_TONES = {"caution": "Caution.", "assumed": "Assumed.", "missing": "Not shown."}
