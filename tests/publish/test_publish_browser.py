"""The site in a real browser: from a folder, over HTTP, with and without JavaScript."""

import functools
import http.server
import importlib.util
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.publish import publish

CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
REQUIRED = os.environ.get("CRM_REPORTS_BROWSER") == "required"
"""Set where a missing browser is a failure and no reason to skip, as in continuous integration."""
pytestmark = [
    pytest.mark.skipif(not CHROMIUM and not REQUIRED, reason="Chromium is not installed"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None and not REQUIRED,
        reason="playwright is not installed",
    ),
]
PAGES = {
    "overview": "index.html",
    "report": "shop/customer_value/2017-12.html",
    "family": "shop/customer_value/index.html",
    "trends": "trends.html",
    "glossary": "glossary.html",
    "run": "run.html",
    "search": "search.html",
}
EVERY = PAGES | {"trends of weeks": "trends/shop-week.html", "week": "overview/shop-week.html"}
"""The kinds of page that a site of several kinds of period has."""
REPORT = PAGES["report"]
ELSEWHERE = re.compile(r"^(?!file:|data:|blob:|http://127\.0\.0\.1[:/])")
"""Every address but a folder's and this machine's: there is no network."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
               "--disable-component-update"]  # fmt: skip
    with sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield made
        made.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves without a word."""

    def log_message(self, format: str, *args: Any) -> None:
        return


@contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def address(built: Any) -> Iterator[str]:
    with served(built.site) as found:
        yield found


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """Open a page in a context of its own; what it says to the console or asks for is kept."""
    contexts = []

    def opened(url: str, *, width: int = 1280, scheme: str = "light", **given: Any) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, **given
        )
        contexts.append(context)
        context.route(ELSEWHERE, lambda route: route.abort())
        page = context.new_page()
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: page.said.append(f"error: {error}"))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()


def from_folder(built: Any, name: str) -> str:
    return (built.site / name).as_uri()


@pytest.mark.parametrize("kind", PAGES)
def test_every_page_opens_from_a_folder_without_a_word_or_a_request_elsewhere(
    built: Any, open_page: Any, kind: str
) -> None:
    page = open_page(from_folder(built, PAGES[kind]))
    assert page.said == []
    assert len(page.asked) >= 3
    assert [url for url in page.asked if not url.startswith(built.site.as_uri())] == []
    assert page.evaluate("document.fonts.check('16px \"Hanken Grotesk\"')")


@pytest.mark.parametrize("kind", ["overview", "report", "search"])
def test_a_page_over_http_asks_its_own_server_only(
    built: Any, open_page: Any, address: str, kind: str
) -> None:
    page = open_page(f"{address}/{PAGES[kind]}")
    page.wait_for_load_state("load")
    assert [word for word in page.said if not word.startswith("warning")] == []
    assert [url for url in page.asked if not url.startswith(address)] == []


@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("kind", EVERY)
def test_no_page_is_wider_than_its_screen(rich: Any, open_page: Any, kind: str, width: int) -> None:
    page = open_page(from_folder(rich, EVERY[kind]), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_javascript_everything_stands(built: Any, open_page: Any) -> None:
    page = open_page(from_folder(built, REPORT), java_script_enabled=False)
    assert page.locator(".kpi .value").first.inner_text() == "$1,234"
    assert page.locator("figure .plot svg").first.is_visible()
    assert page.locator("figure.switched .frame").nth(0).is_visible()
    assert not page.locator("figure.switched .frame").nth(1).is_visible()
    assert not page.locator(".switch").first.is_visible()
    assert not page.locator("button.theme").is_visible()
    assert page.locator("table").first.count() == 1
    finder = open_page(from_folder(built, PAGES["search"]), java_script_enabled=False)
    assert "needs JavaScript" in finder.locator("main").inner_text()


def test_a_switch_shows_one_prepared_chart_after_the_other_by_keyboard(
    built: Any, open_page: Any
) -> None:
    page = open_page(from_folder(built, REPORT))
    figure = page.locator("figure.switched")
    south = figure.get_by_role("button", name="South", exact=True)
    south.focus()
    page.keyboard.press("Enter")
    assert south.get_attribute("aria-pressed") == "true"
    assert figure.locator(".frame:visible .says").inner_text() == "South leads."
    assert (
        figure.get_by_role("button", name="North", exact=True).get_attribute("aria-pressed")
        == "false"
    )


def test_a_table_sorts_by_number_and_by_name(built: Any, open_page: Any) -> None:
    page = open_page(from_folder(built, REPORT))
    table = page.locator("#segments table")

    def first() -> list[str]:
        return table.locator("tbody tr th").all_inner_texts()

    assert first() == ["Loyal", "Lapsing", "New"]
    table.get_by_role("button", name="Customers").click()
    assert first() == ["Loyal", "Lapsing", "New"]
    assert table.locator("thead th").nth(1).get_attribute("aria-sort") == "descending"
    table.get_by_role("button", name="Customers").click()
    assert first() == ["New", "Lapsing", "Loyal"]
    table.get_by_role("button", name="Segment").click()
    assert first() == ["Lapsing", "Loyal", "New"]


def test_a_table_is_sorted_and_filtered_by_keyboard(rich: Any, open_page: Any) -> None:
    page = open_page(from_folder(rich, REPORT))
    table = page.locator("#wide")
    table.get_by_role("button", name="Measured column 0").focus()
    page.keyboard.press("Enter")
    assert table.locator("tbody th").first.inner_text() == "Segment 13"
    page.keyboard.press("Space")
    assert table.locator("tbody th").first.inner_text() == "Segment 0"
    table.get_by_label("Filter Many columns").focus()
    page.keyboard.type("segment 1")
    assert table.locator("tbody tr:visible").count() == 5
    assert table.get_by_role("status").inner_text() == "5 of 14 rows"


def test_periods_sort_by_time_and_not_by_name(built: Any, open_page: Any) -> None:
    page = open_page(from_folder(built, PAGES["family"]))
    table = page.locator("table").first
    head = table.get_by_role("button", name="Period")

    def months() -> list[str]:
        return [text.split()[0] for text in table.locator("tbody th a").all_inner_texts()]

    head.click()
    assert months() == ["October", "November", "December", "December"]
    head.click()
    assert months() == ["December", "December", "November", "October"]
    trends = open_page(from_folder(built, "trends.html"))
    trends.locator("details.data").first.evaluate("element => { element.open = true; }")
    behind = trends.locator("figure table").first
    behind.get_by_role("button", name="Period").click()
    assert behind.locator("tbody th").all_inner_texts() == [
        "October 2017", "November 2017", "December 2017",
    ]  # fmt: skip


def test_months_and_days_in_a_reports_table_sort_by_time(kit: Any, open_page: Any) -> None:
    months = [("2017-04", "April 2017"), ("2017-01", "January 2017"), ("2017-02", "February 2017")]
    days = ["2017-12-01", "2017-06-30", "2017-09-15"]
    said = ["Dec 1, 2017", "Jun 30, 2017", "Sep 15, 2017"]
    base = kit.book().table()
    columns = [base.columns[0], base.columns[1], replace(base.columns[0], name="d", label="Day")]
    rows = [[month, 9 + at, days[at]] for at, (month, _) in enumerate(months)]
    text = [[shown, str(9 + at), said[at]] for at, (_, shown) in enumerate(months)]
    table = replace(base, id="when", columns=columns, rows=rows, text=text, grain="period")
    kit.write(kit.book(extra=[kit.code("x", kit.shown(table))]))
    assert publish(renderer="built-in", formats=("html",)).failed == []
    page = open_page(from_folder(kit, REPORT))
    when = page.locator("#when table")
    when.get_by_role("button", name="Segment").click()
    assert when.locator("tbody th").all_inner_texts() == [
        "January 2017", "February 2017", "April 2017",
    ]  # fmt: skip
    when.get_by_role("button", name="Day").click()
    assert when.locator("tbody td:last-child").all_inner_texts() == [
        "Jun 30, 2017", "Sep 15, 2017", "Dec 1, 2017",
    ]  # fmt: skip


def test_a_filter_says_how_many_rows_the_page_does_not_hold(kit: Any, open_page: Any) -> None:
    rows = [[f"Segment {i}", 10 + i, 1.5] for i in range(2000)]
    text = [[str(cell) for cell in row] for row in rows]
    table = kit.book().table(id="long", rows=rows, text=text)
    kit.write(kit.book(extra=[kit.code("x", kit.shown(table))]))
    assert publish(renderer="built-in", formats=("html",)).failed == []
    page = open_page(from_folder(kit, REPORT))
    page.locator("#long input").fill("segment 19")
    assert page.locator("#long [role=status]").inner_text() == (
        "11 of 200 rows shown here; the CSV has all 2,000"
    )


def test_many_states_of_a_chart_are_chosen_from_a_list_by_keyboard(
    rich: Any, open_page: Any
) -> None:
    page = open_page(from_folder(rich, REPORT))
    figure = page.locator("figure#many")
    assert figure.locator(".frame > .plot:visible").count() == 1
    figure.locator("select").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert figure.locator("select").input_value() == "Region 2"
    assert figure.locator(".plot:visible").get_attribute("role") == "img"
    assert figure.locator(".frame").nth(2).locator(".plot").is_visible()


def test_a_wide_table_scrolls_under_its_first_column_on_a_phone(rich: Any, open_page: Any) -> None:
    page = open_page(from_folder(rich, REPORT), width=360)
    scroller = page.locator("#wide .scroll")
    scroller.evaluate("element => { element.scrollLeft = 200; }")
    edge = scroller.bounding_box()["x"]
    assert page.locator("#wide tbody th").first.bounding_box()["x"] == pytest.approx(edge, abs=1)
    assert page.locator("#wide tbody td").first.bounding_box()["x"] < edge


def test_an_example_is_searched_for_when_it_is_chosen(built: Any, open_page: Any) -> None:
    page = open_page(from_folder(built, "search.html"))
    page.get_by_role("button", name="Revenue").focus()
    page.keyboard.press("Enter")
    assert page.input_value("#q") == "Revenue"
    page.wait_for_selector(".results li")


def test_values_are_read_off_a_chart_by_pointer_and_by_keyboard(built: Any, open_page: Any) -> None:
    page = open_page(from_folder(built, REPORT))
    plot = page.locator("#by-segment .plot").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    assert plot.locator(".tip").inner_text().split("\n")[0] == "Segment: Lapsing"
    page.mouse.move(0, 0)
    page.locator("#by-segment button.read").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    status = page.locator("#by-segment [role=status]").first
    assert status.inner_text() == "Segment: New, Customers: 9, Revenue: –"
    page.keyboard.press("Escape")
    assert not plot.locator(".tip").is_visible()


def test_what_a_pointer_calls_up_can_be_pointed_at_and_dismissed_from_anywhere(
    built: Any, open_page: Any
) -> None:
    page = open_page(from_folder(built, REPORT))
    plot = page.locator("#by-segment .plot").first
    plot.scroll_into_view_if_needed()
    box, tip = plot.bounding_box(), plot.locator(".tip")

    def point(x: float, y: float) -> None:
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)

    point(0.5, 0.5)
    assert tip.inner_text().startswith("Segment: Lapsing")
    over = tip.bounding_box()
    page.mouse.move(over["x"] + over["width"] / 2, over["y"] + over["height"] / 2, steps=12)
    assert tip.is_visible()
    assert tip.inner_text().startswith("Segment: Lapsing"), "it stays under the pointer"
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    point(0.5, 0.52)
    point(0.5, 0.5)
    assert not tip.is_visible(), "what was dismissed stays away from the same mark"
    point(0.9, 0.1)
    assert tip.inner_text().startswith("Segment: New")


def test_controls_of_different_charts_have_names_of_their_own(rich: Any, open_page: Any) -> None:
    page = open_page(from_folder(rich, REPORT))
    names = page.locator("button.read").evaluate_all("all => all.map(one => one.textContent)")
    assert "Read values: Revenue by segment" in names
    assert "Read values: Regions, South" in names
    groups = page.locator(".switch").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert groups == ["Region: Regions", "Region: Many regions"]
    assert len(names) == len(set(names))
    trends = open_page(from_folder(rich, "trends.html"))
    read = trends.locator("button.read").evaluate_all("all => all.map(one => one.textContent)")
    assert "Read values: Churn rate" in read


def test_the_theme_follows_the_system_until_the_reader_chooses(
    built: Any, open_page: Any, address: str
) -> None:
    def ground(page: Any) -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    page = open_page(f"{address}/index.html", scheme="dark")
    assert ground(page) == "rgb(15, 19, 23)"
    page.get_by_role("button", name="Light theme").click()
    assert ground(page) == "rgb(255, 255, 255)"
    page.goto(f"{address}/{REPORT}")
    assert ground(page) == "rgb(255, 255, 255)"


def test_a_chart_takes_the_themes_colours(built: Any, open_page: Any) -> None:
    page = open_page(from_folder(built, REPORT), scheme="dark")
    script = "getComputedStyle(document.querySelector('.plot [fill=\"#6a737d\"]')).fill"
    assert page.evaluate(script) == "rgb(163, 174, 185)"


@pytest.mark.parametrize(("query", "expected"), [("churn rate", "Churn"), ("lapsing", "segment")])
def test_full_text_search_finds_a_kpi_and_a_segment_over_http(
    open_page: Any, address: str, query: str, expected: str
) -> None:
    page = open_page(f"{address}/search.html")
    page.fill("#q", query)
    page.wait_for_selector(".results li")
    assert page.locator(".found").inner_text().endswith("reports")
    assert expected in page.locator(".results").inner_text()
    assert any("/pagefind/shop-2017/" in url for url in page.asked)
    href = page.locator(".results > li > a").first.evaluate("link => link.href")
    assert page.request.get(href).ok
    assert [word for word in page.said if word.startswith("error")] == []


def test_full_text_search_reaches_every_year_and_other_scripts(kit: Any, open_page: Any) -> None:
    kit.write(kit.book(period="2016-11", segment="Heirloom"), kit.book(segment="Evergreen"))
    kit.write(kit.book(family="churn", period="2015-03", segment="客户价值"))
    assert publish(renderer="built-in", formats=("html",)).failed == []
    with served(kit.site) as address:
        page = open_page(f"{address}/search.html")
        for query, month in (
            ("heirloom", "2016-11"), ("evergreen", "2017-12"), ("客户价值", "2015-03"),
            ("客户", "2015-03"),
        ):  # fmt: skip
            page.fill("#q", query)
            page.wait_for_selector(f".results li a[href*='{month}']")
            assert page.locator(".found").inner_text() == "1 report", query
        years = {url.split("/pagefind/")[1][:9] for url in page.asked if "/pagefind/" in url}
        assert years == {"shop-2015", "shop-2016", "shop-2017"}
        assert len([url for url in page.asked if "/wasm." in url]) == 1, "the engine comes once"
        assert [word for word in page.said if word.startswith("error")] == []


@pytest.mark.parametrize("query", ["#%", "#%E0%A4%A", "#100%"])
def test_a_mistyped_address_of_a_search_is_searched_for_as_it_is(
    built: Any, open_page: Any, query: str
) -> None:
    page = open_page(from_folder(built, "search.html") + query)
    assert page.said == []
    assert page.input_value("#q") == query[1:]


def test_from_a_folder_search_knows_titles_headings_and_kpis(built: Any, open_page: Any) -> None:
    page = open_page(from_folder(built, "search.html"))
    for query, found in (("customer value november", 1), ("where it comes", 7), ("zzz", 0)):
        page.fill("#q", query)
        page.wait_for_selector(f".results[data-ready='{found}']", state="attached")
    page.fill("#q", "revenue december")
    page.wait_for_selector(".results li")
    assert "Revenue $1,234" in page.locator(".results").inner_text()


def test_trends_can_show_one_kpi(built: Any, open_page: Any) -> None:
    page = open_page(from_folder(built, "trends.html"))
    assert page.locator(".trend-figure:visible").count() == 4
    page.select_option("#pick", "churn_rate")
    assert page.locator(".trend-figure:visible h4").all_inner_texts() == [
        "Churn rate",
        "Churn rate",
    ]


def test_the_keyboard_reaches_the_content_first(built: Any, open_page: Any) -> None:
    page = open_page(from_folder(built, REPORT))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_printing_leaves_out_what_paper_cannot_use(built: Any, open_page: Any) -> None:
    page = open_page(from_folder(built, REPORT))
    page.emulate_media(media="print")
    for selector in (".mast", ".toc", ".switch", ".downloads"):
        assert not page.locator(selector).first.is_visible()
    assert page.locator(".kpi").first.is_visible()


@pytest.mark.parametrize("chosen", ["system", "reader"])
def test_paper_is_light_whatever_the_screen_is(built: Any, open_page: Any, chosen: str) -> None:
    page = open_page(from_folder(built, REPORT), scheme="dark" if chosen == "system" else "light")
    if chosen == "reader":
        page.get_by_role("button", name="Dark theme").click()
    script = """() => ["body", ".kpi .value", ".kpi .since", ".plot [fill='#6a737d']"].map(name => {
        const style = getComputedStyle(document.querySelector(name));
        return name.startsWith(".plot") ? style.fill : style.color;
    }).concat(getComputedStyle(document.body).backgroundColor)"""
    assert page.evaluate(script)[-1] == "rgb(15, 19, 23)"
    page.emulate_media(media="print")
    assert page.evaluate(script) == [
        "rgb(20, 24, 29)", "rgb(20, 24, 29)", "rgb(86, 96, 107)", "rgb(86, 96, 107)",
        "rgb(255, 255, 255)",
    ]  # fmt: skip
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


def test_dark_is_the_same_by_system_and_by_choice(built: Any) -> None:
    style = built.page("assets/site.css")
    system, chosen = (
        re.search(rf"  {re.escape(selector)} {{(.*?)}}", style, re.DOTALL)
        for selector in (':root:not([data-theme="light"])', ':root[data-theme="dark"]')
    )
    assert system is not None
    assert chosen is not None
    assert system[1] == chosen[1]
    light = re.search(r"^:root {(.*?)}", style, re.DOTALL | re.MULTILINE)
    assert light is not None
    colours = set(re.findall(r"(--\w+): (?:#|rgba)", light[1]))
    assert set(re.findall(r"(--\w+):", chosen[1])) == colours
    assert "light-dark(" not in style, "older browsers would lose every colour"


def test_reduced_motion_is_respected(built: Any, open_page: Any) -> None:
    page = open_page(from_folder(built, REPORT), reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def axe_script() -> str:
    found = importlib.util.find_spec("axe_core_python")
    if found is None or found.origin is None:
        (pytest.fail if REQUIRED else pytest.skip)("axe-core-python is not installed")
    return next(Path(found.origin).parent.rglob("axe.min.js")).read_text("utf-8")


def findings(page: Any) -> list[str]:
    page.evaluate(axe_script())
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true; }")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run({runOnly: tags})", tags)
    return [
        f"{broken['id']}: {node['html'][:200]}"
        for broken in found["violations"]
        for node in broken["nodes"]
    ]


@pytest.mark.parametrize(
    ("kind", "width", "scheme"),
    [("overview", 1280, "light"), ("report", 360, "dark"), ("trends", 360, "light"),
     ("search", 1280, "dark")],
)  # fmt: skip
def test_axe_finds_nothing(rich: Any, open_page: Any, kind: str, width: int, scheme: str) -> None:
    page = open_page(from_folder(rich, PAGES[kind]), width=width, scheme=scheme)
    assert findings(page) == []


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("kind", EVERY)
def test_axe_finds_nothing_on_any_kind_of_page(
    rich: Any, open_page: Any, kind: str, width: int, scheme: str
) -> None:
    page = open_page(from_folder(rich, EVERY[kind]), width=width, scheme=scheme)
    assert findings(page) == []


def test_nothing_moves_while_a_page_loads(built: Any, open_page: Any, address: str) -> None:
    page = open_page(f"{address}/{REPORT}")
    page.wait_for_load_state("load")
    shift = page.evaluate(
        """() => new Promise(done => {
            let sum = 0;
            new PerformanceObserver(list => list.getEntries().forEach(e => { sum += e.value; }))
                .observe({type: "layout-shift", buffered: true});
            setTimeout(() => done(sum), 200);
        })"""
    )
    assert shift < 0.05
