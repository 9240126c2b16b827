"""Synthetic executed notebooks, quick to make: every kind of block, one tiny hand-drawn chart."""

import calendar
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from helpers import paths
from helpers.document import (
    MIME,
    Block,
    Chart,
    Column,
    Comparison,
    Definitions,
    KpiItem,
    Kpis,
    Provenance,
    Table,
    Text,
    Title,
)
from helpers.document_json import as_json
from helpers.periods import Period

SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="345.6pt"
 height="216pt" viewBox="0 0 345.6 216"><defs><clipPath id="clip"><rect x="0" y="0" width="345"
 height="216"/></clipPath><path id="glyph" d="M 0 0 L 10 0 L 5 9 z"/></defs>
<g clip-path="url(#clip)"><path d="M 20.123456 180 L 320 20"
 style="fill: none; stroke: #2f74c0; stroke-width: 2"/></g>
<g style="fill: #6a737d"><use xlink:href="#glyph" x="20" y="200"/></g>
<path d="M 0 190 L 345 190" style="stroke: #e3e6ea; fill: none"/></svg>
"""
FAMILIES = {"customer_value": "Customer value", "churn": "Churn"}


def words(period: Period) -> str:
    if period.kind == "month":
        return f"{calendar.month_name[period.start.month]} {period.start.year}"
    return str(period)


@dataclass
class Book:
    """An executed notebook under construction: change a field, then `cells()`."""

    source: str = "shop"
    family: str = "customer_value"
    period: str = "2017-12"
    slice: str = "all"
    locale: str = "en_US"
    title: str = ""
    value: float = 1234.0
    snapshot: str = "0123abcd"
    segment: str = "Loyal"
    extra: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stem(self) -> str:
        return paths.stem(self.period, self.slice)

    @property
    def span(self) -> Period:
        return Period.parse(self.period)

    def title_block(self) -> Title:
        return Title(
            family=self.family,
            title=self.title or FAMILIES.get(self.family, self.family.title()),
            summary="Who brings the revenue.",
            period=self.period,
            period_text=words(self.span),
            as_of=str(self.span.as_of),
            source=self.source,
            source_text=f"The {self.source}",
            slice=self.slice,
            slice_text="all customers" if self.slice == "all" else self.slice.replace("=", ": "),
            currency="USD",
            locale=self.locale,
            parameters={"period": self.period, "churn_days": 90},
        )

    def kpis(self) -> Kpis:
        previous = self.span.previous()
        then = Comparison(
            str(previous), words(previous), 1200.0, "$1,200", 0.0283, "+2.8%", "better"
        )
        before = self.span.year_before()
        last_year = Comparison(
            str(before), words(before), 1100.0, "$1,100", 0.1218, "+12.2%", "better"
        )
        revenue = KpiItem(
            "revenue", "Revenue", "currency", self.value, f"${self.value:,.0f}", "All sales.",
            interval_text="$1,100 to $1,300", previous=then, year_before=last_year,
        )  # fmt: skip
        rate = KpiItem(
            "churn_rate", "Churn rate", "share", 0.043, "4.3%", "Lost customers.", assumed=True,
            previous=replace(then, change=-0.002, change_text="−0.2 pp", verdict="better"),
        )  # fmt: skip
        return Kpis([revenue, rate])

    def table(self, **changed: Any) -> Table:
        columns = [
            Column("segment", "Segment", "text", "left"),
            Column("customers", "Customers", "count", "right"),
            Column("revenue", "Revenue", "currency", "right"),
        ]
        rows = [[self.segment, 40, 900.5], ["Lapsing", 12, 333.5], ["New", 9, None]]
        text = [[self.segment, "40", "$900.50"], ["Lapsing", "12", "$333.50"], ["New", "9", "–"]]
        made = Table(
            "segments", "Segments", "segment", columns, rows, text, note="Shares of revenue."
        )
        return replace(made, **changed)

    def chart(self, **changed: Any) -> Chart:
        table = replace(self.table(), id="by-segment-data", title="Revenue by segment")
        made = Chart(
            id="by-segment", title="Revenue by segment", kind="bar", digest="d0",
            alt="Bar chart: revenue by segment. Loyal leads.", sentence="Loyal leads.", table=table,
            marks=[[0.1, 0.9, 0], [0.5, 0.5, 1], [0.9, 0.1, 2]],
        )  # fmt: skip
        return replace(made, **changed)

    def switched(self) -> Chart:
        north, south = (
            self.chart(
                id="regions", digest=f"d{label}", label=label, svg=SVG, sentence=f"{label} leads."
            )
            for label in ("North", "South")
        )
        return replace(north, svg="", variants=[north, south], switch="Region", title="Regions")

    def cells(self) -> list[dict[str, Any]]:
        parameters = f'period: str = "{self.period}"\nsource: str = "{self.source}"'
        definitions = Definitions(
            [{"name": "revenue", "label": "Revenue", "unit": "currency", "definition": "Sales.",
              "formula": "Σ revenue", "denominator": "", "exclusions": "", "higher_is": "better",
              "owner": "Analytics"}]
        )  # fmt: skip
        files = [{"name": "orders.parquet", "sha256": "7d1f" * 16, "rows": 155848}]
        provenance = Provenance(self.snapshot, files, {"python": "3.11"}, {"churn_days": 90})
        return [
            markdown("# Customer value"),
            code("import helpers"),
            code(parameters, tags=["parameters"]),
            code("report.title()", shown(self.title_block())),
            code("report.headline(values)", shown(self.kpis()), shown(Text("Revenue rose."))),
            code(
                "report.charts(bar(frame))", shown(self.chart(), SVG), shown(self.switched(), SVG)
            ),
            markdown(
                "## Where it comes from\n\nThe change, **by segment**.\n\n- First.\n- Second."
            ),
            code(
                "report.table(frame)", shown(self.table()), shown(Text("Mind the gap.", "caution"))
            ),
            *self.extra,
            markdown("## Definitions"),
            code("report.definitions(CONTRACTS)", shown(definitions)),
            markdown("## Provenance"),
            code("report.provenance()", shown(provenance)),
        ]

    def json(self) -> str:
        book = {"cells": self.cells(), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        return json.dumps(book)


def markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(source: str, *outputs: dict[str, Any], tags: list[str] | None = None) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {"tags": tags or []},
        "execution_count": 1,
        "source": source,
        "outputs": list(outputs),
    }


def shown(block: Block, svg: str = "") -> dict[str, Any]:
    data: dict[str, Any] = {MIME: as_json(block), "text/plain": block.type, "text/html": "<b>x</b>"}
    if svg:
        data["image/svg+xml"] = svg
    return {"output_type": "display_data", "metadata": {}, "data": data}


@dataclass
class Kit:
    """What the tests of this folder make documents with."""

    output: Path
    svg: str = SVG
    book: Callable[..., Book] = Book
    code: Callable[..., dict[str, Any]] = code
    markdown: Callable[..., dict[str, Any]] = markdown
    shown: Callable[..., dict[str, Any]] = shown

    @property
    def site(self) -> Path:
        return self.output / "site"

    def write(self, *books: Book) -> Path:
        """Write notebooks where the batch puts them, and return the last one's path."""
        for book in books:
            path = self.output / "notebooks" / book.source / book.family / f"{book.stem}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(book.json(), encoding="utf-8")
            if not (self.output / "store" / "snapshots" / book.snapshot).exists():
                self.customers(snapshot=book.snapshot)
        return path

    def page(self, name: str) -> str:
        return (self.site / name).read_text("utf-8")

    def customers(self, *ids: str, snapshot: str = "0123abcd", table: str = "customers") -> None:
        """Write a snapshot with one table, and ids in its column `customer_id`."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        folder = self.output / "store" / "snapshots" / snapshot
        folder.mkdir(parents=True, exist_ok=True)
        rows = pa.table({"customer_id": pa.array(ids, pa.string())})
        pq.write_table(rows, folder / f"{table}.parquet")
        (folder / "manifest.json").write_text(json.dumps({"tables": {table: {}}}))


def full(book: Book) -> list[dict[str, Any]]:
    """Return cells with all that a page can hold besides: wide tables, seven KPIs, tones."""
    names = ["revenue_share", "orders", "basket", "visits", "margin", "returns", "value"]
    items = [
        replace(book.kpis().items[0], name=name, label=name.replace("_", " ").capitalize())
        for name in names
    ]
    columns = [Column("segment", "Segment", "text", "left")]
    columns += [Column(f"c{i}", f"Measured column {i}", "count", "right") for i in range(9)]
    columns.append(Column("why", "Why", "text", "left"))
    why = "A sentence that is long enough to be wrapped on every screen and on paper."
    rows = [[f"Segment {i}", *(float(9 * i + j) for j in range(9)), why] for i in range(14)]
    text = [[str(cell) for cell in row] for row in rows]
    wide = Table("wide", "Many columns", "segment", columns, rows, text, suppressed=2)
    regions = [
        book.chart(id="many", digest=f"m{i}", label=f"Region {i}", svg=SVG) for i in range(7)
    ]
    many = replace(regions[0], svg="", variants=regions, switch="Region", title="Many regions")
    tones = [shown(Text(f"It is {tone}.", tone)) for tone in ("good", "assumed", "missing")]
    return [
        markdown("## More\n\n### A small heading\n\nText with `code` and *stress*."),
        code("report.headline(more)", shown(Kpis(items))),
        code("report.table(wide)", shown(wide), shown(many, SVG), *tones),
        code("print(1)", {"output_type": "stream", "name": "stdout", "text": "printed"}),
    ]


@pytest.fixture
def kit(own_output: Path) -> Kit:
    return Kit(own_output)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """A site of two families over three months, one slice, published once for all tests."""
    from helpers.publish import publish

    made = Kit(tmp_path_factory.mktemp("built"))
    for family in FAMILIES:
        for number, period in enumerate(("2017-10", "2017-11", "2017-12")):
            made.write(Book(family=family, period=period, value=1000.0 + 117 * number))
    made.write(Book(slice="region=North"))
    made.customers("HH-0001", "HH-0002")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRM_REPORTS_OUTPUT", str(made.output))
        publish(renderer="built-in")
    return made


@pytest.fixture(scope="session")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """A site with all that pages can show: two sources, a stale page, failures, wide tables."""
    from helpers.publish import publish

    made = Kit(tmp_path_factory.mktemp("rich"))
    for source in ("shop", "store"):
        for family in FAMILIES:
            for period in ("2016-12", "2017-11", "2017-12"):
                book = Book(source=source, family=family, period=period)
                book.extra = full(book)
                made.write(book)
    made.write(Book(period="2018-W01"), Book(family="churn", period="2018-W01"))
    made.write(Book(slice="region=North"))
    made.customers("HH-0001")
    report = {
        "source": "shop", "family": "customer_value", "period": "2017-12", "slice": "all",
        "notebook": "notebooks/shop/customer_value/2017-12.ipynb", "status": "failed",
        "page": "stale", "reasons": [], "seconds": {"total": 3.5},
        "error": {"cell": 4, "ename": "MetricError", "evalue": ""},
    }  # fmt: skip
    other = {**report, "status": "fresh", "notebook": "", "error": None, "page": "current",
             "reasons": ["nothing changed"]}  # fmt: skip
    others = [{**other, "period": f"2017-{month:02}"} for month in range(1, 13)]
    run = {"started": "2018-01-01T06:00:00.000+00:00", "seconds": 12.0, "result": "failed"}
    log = {"version": 1, "run": run, "reports": [report, *others]}
    (made.output / "run.json").write_text(json.dumps(log))
    broken = Book(family="broken", extra=[code("x", shown(Book().chart(), "<svg"))])
    made.write(broken)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRM_REPORTS_OUTPUT", str(made.output))
        assert len(publish(renderer="built-in", formats=("html",)).failed) == 1
    return made


class Links(HTMLParser):
    """Collects what a page links to and the ids that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        drawn = tag == "use" or (tag == "image" and given.get("href", "").startswith("data:image/"))
        self.found += [given[name] for name in ("href", "src") if name in given and not drawn]
        self.ids += [given["id"]] if "id" in given else []

    @classmethod
    def checked(cls, site: Path) -> int:
        """Assert that every link of a site resolves within it; return how many there are."""
        known = {path.resolve(): cls(path.read_text("utf-8")) for path in site.rglob("*.html")}
        count = 0
        for path, links in known.items():
            assert len(links.ids) == len(set(links.ids)), path
            for link in links.found:
                assert not re.match(r"[a-z]+:|//|/", link), f"{path}: {link} leaves the folder"
                address, _, anchor = unquote(link).partition("#")
                address = address.partition("?")[0]
                target = (path.parent / address).resolve() if address else path
                assert target.is_file(), f"{path.relative_to(site.resolve())} links to {link}"
                if anchor:
                    assert anchor in known[target].ids, f"{path.name} links to {link}"
                count += 1
        return count


@pytest.fixture
def links() -> type[Links]:
    return Links
