"""Publishing: what a new report costs in a small and a large archive, speed and weight of pages.

The documents are of realistic size: five KPIs, nine charts drawn by the report room (one with a
switch), three tables; the same charts for every period, so that making them takes no time.
"""

import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers import document as d
from helpers.document_json import as_json
from helpers.periods import Period
from helpers.publish import publish
from helpers.publish.renderer import quarto_version
from helpers.report import charts, spec
from helpers.report.format import Formatter

FAMILIES = ("campaign_roi", "churn", "customer_value", "sales_forecast")
SMALL, LARGE = 12, 480
ROUNDS = 3
SNAPSHOT, CUSTOMERS = "0123abcd", 2500
"""The snapshot that the reports name, without which none is published, and whom it knows."""


def row(name: str, value: object, reference: object, unit: str = "", note: str = "") -> dict:
    return {"name": name, "value": value, "reference": reference, "unit": unit, "note": note}


@lru_cache(maxsize=1)
def drawn() -> list[tuple[d.Chart, str]]:
    """Draw the charts once."""
    rng = np.random.default_rng(7)
    months = [f"{2015 + i // 12}-{i % 12 + 1:02}" for i in range(36)]
    groups = ["Champions", "Loyal", "Promising", "About to sleep", "Lapsing", "Lost"]
    fmt = Formatter("USD", "en_US")
    line = pd.DataFrame(
        [(m, g, 9e4 + 3e4 * rng.random()) for g in groups[:3] for m in months],
        columns=["month", "group", "revenue"],
    )
    bars = pd.DataFrame(
        [(g, r, 1e4 + 5e4 * rng.random(), 50) for r in ("North", "South", "West") for g in groups],
        columns=["segment", "region", "revenue", "customers"],
    )
    heat = pd.DataFrame(
        [
            (m, age, 1 / (1 + age / 3), 40)
            for i, m in enumerate(months[:12])
            for age in range(12 - i)
        ],
        columns=["cohort", "age", "rate", "customers"],
    )
    made = []
    for number in range(3):
        title = ("Revenue by month", "Revenue by segment", "Customers who came back")
        made += [
            spec.line(line, x="month", y="revenue", group="group", unit="currency",
                      title=f"{title[0]} {number}"),
            spec.bar(bars, x="segment", y="revenue", unit="currency", grain="segment",
                     title=f"{title[1]} {number}", customers="customers", switch="region"),
            spec.heatmap(heat, x="age", y="cohort", value="rate", unit="share", grain="cohort",
                         title=f"{title[2]} {number}", customers="customers"),
        ]  # fmt: skip
    return [charts.build(one, fmt) for one in made]


def notebook(family: str, period: Period) -> str:
    """Return an executed notebook of that family and period."""
    text = str(period)
    scale = 1 + (period.start.toordinal() % 97) / 300
    then = d.Comparison(
        str(period.previous()), str(period.previous()), 1.0, "$1", 0.02, "+2%", "better"
    )
    kpis = [
        d.KpiItem(f"{family}_{i}", f"Figure {i}", "currency", round(1000 * i * scale, 2),
                  f"${1000 * i * scale:,.0f}", "What it is.", previous=then)
        for i in range(1, 6)
    ]  # fmt: skip
    columns = [d.Column("segment", "Segment", "text", "left")]
    columns += [d.Column(f"c{i}", f"Column {i}", "count", "right") for i in range(6)]
    rows = [[f"Segment {i}", *(float(i * j) for j in range(6))] for i in range(40)]
    tables = [
        d.Table(f"table-{n}", f"Table {n}", "segment", columns, rows,
                [[str(cell) for cell in line] for line in rows])
        for n in range(3)
    ]  # fmt: skip
    title = d.Title(
        family,
        family.replace("_", " ").capitalize(),
        "A summary.",
        text,
        text,
        str(period.as_of),
        "shop",
        "The shop",
        "all",
        "all customers",
        "USD",
        "en_US",
        {},
    )
    blocks: list[tuple[Any, str]] = [(title, ""), (d.Kpis(kpis), ""), *drawn()]
    blocks += [(table, "") for table in tables]
    blocks.append((d.Provenance(SNAPSHOT, [], {"python": "3"}, {}), ""))
    cells: list[dict[str, Any]] = []
    for number, (block, svg) in enumerate(blocks):
        if number % 3 == 0:
            cells.append(_cell("markdown", f"## Section {number // 3}"))
        data = {d.MIME: as_json(block), "text/plain": block.type}
        output = {
            "output_type": "display_data",
            "metadata": {},
            "data": data | ({"image/svg+xml": svg} if svg else {}),
        }
        code = _cell("code", f"report.part({number})")
        cells.append(code | {"execution_count": number, "outputs": [output]})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4,
                       "nbformat_minor": 5})  # fmt: skip


def _cell(kind: str, source: str) -> dict[str, Any]:
    return {
        "cell_type": kind,
        "id": f"c{abs(hash(source)) % 10**8}",
        "metadata": {},
        "source": source,
    }


def fill(output: Path, count: int) -> Period:
    """Write `count` notebooks of four families, and return the first period that has none."""
    snapshot(output)
    period = Period.parse("2016-01")
    for _ in range(count // len(FAMILIES)):
        for family in FAMILIES:
            write(output, family, period)
        period = period.next()
    return period


def snapshot(output: Path) -> None:
    """Write the snapshot whose customers the guard looks for."""
    folder = output / "store" / "snapshots" / SNAPSHOT
    folder.mkdir(parents=True, exist_ok=True)
    ids = pd.DataFrame({"customer_id": [f"HH{number:06}" for number in range(CUSTOMERS)]})
    ids.to_parquet(folder / "customers.parquet", index=False)
    (folder / "manifest.json").write_text(json.dumps({"tables": {"customers": {}}}), "utf-8")


def published(**given: Any) -> None:
    """Publish with the built-in renderer, and refuse to measure what was not published."""
    failed = publish(renderer="built-in", **given).failed
    if failed:
        raise RuntimeError(f"{len(failed)} reports were not published: {failed[0]}")


def write(output: Path, family: str, period: Period) -> Path:
    path = output / "notebooks" / "shop" / family / f"{period}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook(family, period), "utf-8")
    return path


@contextmanager
def place(output: Path) -> Any:
    """Make a folder the one that everything generated goes to."""
    before = os.environ.get("CRM_REPORTS_OUTPUT")
    os.environ["CRM_REPORTS_OUTPUT"] = str(output)
    try:
        yield
    finally:
        if before is None:
            del os.environ["CRM_REPORTS_OUTPUT"]
        else:
            os.environ["CRM_REPORTS_OUTPUT"] = before


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def again(formats: tuple[str, ...] = ("html", "pdf")) -> None:
    """Publish in a new process, as the command line does."""
    script = (
        "import sys; from helpers.publish import publish; "
        f"sys.exit(bool(publish(renderer='built-in', formats={formats}).failed))"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def adding(scratch: Path) -> list[dict]:
    """Measure what one more report costs in an archive of 12 and of 480, in turn."""
    places = {count: scratch / f"archive-{count}" for count in (SMALL, LARGE)}
    following = {count: fill(output, count) for count, output in places.items()}
    first = 0.0
    for output in places.values():
        with place(output):
            first = timed(published)
    cost: dict[int, list[float]] = {SMALL: [], LARGE: []}
    for number in range(ROUNDS):
        for count, output in places.items():
            write(output, FAMILIES[number], following[count])
            with place(output):
                cost[count].append(timed(again))
    small, large = (statistics.median(cost[count]) for count in (SMALL, LARGE))
    note = "page, PDF, downloads, board pack, indexes; process start included"
    return [
        row(f"publish: all {LARGE} reports, the first time", first, None, "s"),
        row(f"publish: one report added to {SMALL}", small, None, "s", note),
        row(f"publish: one report added to {LARGE}", large, "<= 2", "s", note),
        row(f"publish: one report added, {LARGE} over {SMALL}", large / small, "<= 1.3", "×"),
    ]


def against_nbconvert(scratch: Path) -> dict:
    """Measure HTML of 12 notebooks beside a loop of the `jupyter nbconvert` command, in turn."""
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(2):
        output = scratch / f"html-{number}"
        fill(output, SMALL)
        notebooks = sorted((output / "notebooks").rglob("*.ipynb"))

        def loop(notebooks: list[Path] = notebooks, output: Path = output) -> None:
            program = Path(sys.executable).with_name("jupyter")
            for path in notebooks:
                command = [program, "nbconvert", "--to", "html", path, "--log-level", "ERROR",
                           "--output-dir", output / "nbconvert"]  # fmt: skip
                subprocess.run(list(map(str, command)), check=True)

        with place(output):
            ours.append(timed(partial(again, formats=("html",))))
            theirs.append(timed(loop))
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    note = f"{statistics.median(ours):.2f} s beside {statistics.median(theirs):.1f} s"
    return row("publish: HTML of 12 notebooks, jupyter nbconvert loop over built-in", ratio, ">= 8",
               "×", note)  # fmt: skip


def against_quarto(scratch: Path) -> dict:
    """Measure PDFs of 12 notebooks beside `quarto render --to typst` one by one, in turn."""
    name = "publish: PDF of 12 notebooks, quarto one by one over built-in"
    program = shutil.which("quarto")
    if program is None or quarto_version()[0] is None:
        return row(name, None, ">= 5", note="skipped: no quarto on PATH")
    ratios, seconds = [], []
    for number in range(2):
        output = scratch / f"pdf-{number}"
        with place(output):
            fill(output, SMALL)
            notebooks = sorted((output / "notebooks").rglob("*.ipynb"))
            ours = timed(again)
            theirs = 0.0
            for path in notebooks:
                command = [program, "render", path.name, "--to", "typst"]
                run = partial(
                    subprocess.run, command, cwd=path.parent, check=True, capture_output=True
                )
                theirs += timed(run)
        ratios.append(theirs / ours)
        seconds.append(f"{ours:.1f} s beside {theirs:.1f} s")
    note = f"{seconds[-1]}; built-in: pages, downloads and board packs too"
    return row(name, statistics.median(ratios), ">= 5", "×", note)


def weights(site: Path) -> list[dict]:
    """Weigh a report page and the overview of an archive as a server compresses them."""

    def compressed(path: Path) -> int:
        data = path.read_bytes()
        return len(data) if path.suffix == ".woff2" else len(gzip.compress(data, 6))

    assets = [site / "assets" / name for name in ("site.css", "site.js", "theme.js", "icon.svg")]
    assets += (site / "assets" / "fonts").glob("*.woff2")
    shared = sum(map(compressed, assets))
    report = max((site / "shop" / "churn").glob("20*.html"), key=compressed)
    shards = sorted((site / "pagefind").iterdir())
    searched = [site / "search.html", *(site / "assets").glob("search*.js")]
    searched += [path for shard in shards for path in shard.glob("pagefind*entry.json")]
    searched += [path for shard in shards for path in shard.glob("*.pf_meta")]
    searched += [shards[0] / "pagefind.js", shards[0] / "pagefind-worker.js"]
    searched += shards[0].glob("wasm.*")
    return [
        row("publish: a report page over the wire", (compressed(report) + shared) / 1000, "<= 600",
            "kB", f"{shared / 1000:.0f} kB of it shared by all pages"),
        row(f"publish: the overview of {LARGE} over the wire",
            (compressed(site / "index.html") + shared) / 1000, "<= 300", "kB"),
        row(f"publish: the search page of {LARGE} over the wire, with a first search",
            (sum(map(compressed, searched)) + shared) / 1000, None, "kB",
            f"{len(shards)} indexes; what a word found costs comes on top"),
    ]  # fmt: skip


def painted(site: Path) -> list[dict]:
    """Measure first paint and layout shift in a Chromium throttled to a slow phone."""
    names = ("publish: first contentful paint of a report", "publish: layout shift of a report")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        return [
            row(name, None, None, note="skipped: no Chromium or no playwright") for name in names
        ]
    paints, shifts = [], []
    with sync_playwright() as driver, _served(site) as address:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(ROUNDS):
            page = browser.new_context(viewport={"width": 360, "height": 780}).new_page()
            session = page.context.new_cdp_session(page)
            session.send("Network.emulateNetworkConditions", {
                "offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8,
                "uploadThroughput": 750e3 / 8,
            })  # fmt: skip
            session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
            page.goto(f"{address}/shop/churn/2016-02.html", wait_until="load")
            page.wait_for_timeout(500)
            found = page.evaluate(_PAINT)
            paints.append(found["paint"])
            shifts.append(found["shift"])
        browser.close()
    note = "1.6 Mbit/s, 150 ms, processor slowed fourfold, server compresses"
    return [
        row(names[0], statistics.median(paints), None, "ms", note),
        row(names[1], max(shifts), 0, "", note),
    ]


_PAINT = """() => new Promise(done => {
    let shift = 0;
    new PerformanceObserver(list => list.getEntries().forEach(entry => { shift += entry.value; }))
        .observe({type: "layout-shift", buffered: true});
    const paint = performance.getEntriesByName("first-contentful-paint")[0].startTime;
    setTimeout(() => done({paint, shift}), 200);
})"""


@contextmanager
def _served(site: Path) -> Any:
    import http.server
    import threading

    class Compressing(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            return

        def do_GET(self) -> None:
            path = Path(self.translate_path(self.path))
            if not path.is_file():
                self.send_error(404)
                return
            data, small = path.read_bytes(), path.suffix in {".html", ".css", ".js", ".svg"}
            data = gzip.compress(data, 6) if small else data
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(str(path)))
            if small:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    handler = partial(Compressing, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def main(data: Path | None = None) -> list[dict]:
    """Measure publishing; no reference data is needed."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        found = adding(scratch)
        site = scratch / f"archive-{LARGE}" / "site"
        found += weights(site)
        found += painted(site)
        found.append(against_nbconvert(scratch))
        found.append(against_quarto(scratch))
    return found
