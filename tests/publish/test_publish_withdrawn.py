"""What is online and refused goes; what is altered comes back; odd notebooks stay alone."""

import errno
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.batch import published
from helpers.document import MIME
from helpers.publish import PublishResult, builtin, deploy, files, publish, publisher, store
from helpers.publish.guard import Guard, guard_for

NAME = "shop/customer_value/2017-12"


def built_in(*formats: str) -> PublishResult:
    return publish(renderer="built-in", formats=formats or ("html",))


def words(site: Path) -> list[str]:
    """Return the files in which the planted words stand, pagefind's unpacked."""
    import gzip

    found = []
    for path in (path for path in site.rglob("*") if path.is_file()):
        data = path.read_bytes()
        data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
        found += [path.relative_to(site).as_posix()] if b"Newly Known" in data else []
    return sorted(found)


@pytest.fixture
def tightened(kit: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two families and two months online, of which one report says what a guard now refuses."""
    kit.write(kit.book(), kit.book(period="2017-11"))
    kit.write(kit.book(family="churn", segment="Newly Known"))
    assert built_in("html", "pdf").failed == []
    assert "shop/board-pack/2017-12.pdf" in {
        path.relative_to(kit.site).as_posix() for path in kit.site.rglob("*.pdf")
    }
    guard = Guard(["Newly Known"])
    monkeypatch.setattr("helpers.publish.guard.guard_for", lambda _: guard)
    monkeypatch.setattr(store, "theme_digest", lambda: "a tighter guard")
    return kit


def test_a_page_that_a_tighter_guard_refuses_is_withdrawn_everywhere(
    tightened: Any, tmp_path: Path
) -> None:
    assert len(words(tightened.site)) > 5
    deploy(str(tmp_path))
    ((name, why),) = built_in("html", "pdf").failed
    assert name == "shop/churn/2017-12"
    assert "names a customer" in why
    assert "was withdrawn" in why
    assert words(tightened.site) == []
    assert not (tightened.site / "shop/churn").exists()
    assert not (tightened.site / "shop/board-pack").exists(), "one family is no pack"
    assert "shop/churn" not in tightened.page("index.html")
    assert "unless it shows what is refused" in tightened.page("run.html")
    deploy(str(tmp_path))
    assert words(tmp_path) == []
    assert len(built_in("html", "pdf").failed) == 1, "it is refused again"


def test_the_last_report_that_is_withdrawn_leaves_an_empty_site(
    tightened: Any, tmp_path: Path
) -> None:
    deploy(str(tmp_path))
    for path in (tightened.output / "notebooks/shop/customer_value").glob("*.ipynb"):
        path.unlink()
    assert built_in("html", "pdf").pages == 0
    assert words(tightened.site) == []
    deploy(str(tmp_path))
    assert words(tmp_path) == []
    assert (tmp_path / "index.html").is_file()


def test_a_newer_edition_that_is_refused_takes_an_older_one_along_that_shows_the_same(
    tightened: Any,
) -> None:
    tightened.write(tightened.book(family="churn", segment="Newly Known", value=2.0))
    ((_, why),) = built_in("html", "pdf").failed
    assert "was withdrawn" in why
    assert words(tightened.site) == []


def test_a_newer_edition_that_is_refused_leaves_an_older_one_that_is_not(kit: Any) -> None:
    kit.customers("Newly Known")
    kit.write(kit.book())
    built_in()
    kit.write(kit.book(segment="Newly Known"))
    ((_, why),) = built_in().failed
    assert "withdrawn" not in why
    assert "Not up to date." in kit.page(f"{NAME}.html")


def test_a_snapshot_that_is_gone_withdraws_nothing(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    kit.write(kit.book())
    built_in()
    guard_for.__globals__["_guard"].cache_clear()
    shutil.rmtree(kit.output / "store" / "snapshots")
    monkeypatch.setattr(store, "theme_digest", lambda: "another")
    ((_, why),) = built_in().failed
    assert "not in the store" in why
    assert (kit.site / f"{NAME}.html").is_file()


@pytest.mark.parametrize(
    "module", ["privacy.py", "document.py", "document_json.py", "metrics/contracts.py"]
)
def test_a_rule_that_changes_checks_every_page_again(
    kit: Any, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    before, read = store.theme_digest(), Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: read(path) + b"#" * str(path).endswith(f"helpers/{module}")
    )
    assert store.theme_digest() != before


def test_another_release_of_typst_makes_every_page_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = store.theme_digest()
    monkeypatch.setattr(store, "version", lambda name: "99" if name == "typst" else "1")
    assert store.theme_digest() != before


ALTERED = [
    f"{NAME}.html", f"{NAME}.pdf", f"{NAME}.xlsx", f"{NAME}/segments.csv", "index.html",
    "shop/board-pack/2017-12.pdf", "assets/site.css", "pagefind/shop-2017/pagefind.js",
]  # fmt: skip


def test_what_was_altered_by_hand_is_made_again_and_nothing_else(kit: Any) -> None:
    kit.write(kit.book(), kit.book(family="churn"), kit.book(period="2017-11"))
    built_in("html", "pdf")
    whole = {path: path.read_bytes() for path in kit.site.rglob("*") if path.is_file()}
    assert published.altered() == []
    for name in ALTERED:
        path = kit.site / name
        path.write_bytes(path.read_bytes()[::-1])  # of the same size
    assert published.altered() == sorted(ALTERED)
    result = built_in("html", "pdf")
    assert (result.failed, result.written) == ([], len(ALTERED))
    assert {path: path.read_bytes() for path in kit.site.rglob("*") if path.is_file()} == whole
    assert built_in("html", "pdf").written == 0


def test_what_was_only_touched_is_noted_and_not_made_again(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.write(kit.book())
    built_in()
    hashed: list[str] = []
    stamp = files.stamp
    monkeypatch.setattr(store, "stamp", lambda path: hashed.append(path.name) or stamp(path))
    (kit.site / f"{NAME}.xlsx").touch()
    assert published.altered() == []
    assert built_in().written == 0
    assert hashed == ["2017-12.xlsx"], "the others have the size and time that are noted"
    assert built_in().written == 0
    assert len(hashed) == 1


def test_the_plan_tells_of_files_that_are_gone_and_of_no_site_nothing(kit: Any) -> None:
    assert published.altered() == []
    kit.write(kit.book())
    built_in()
    (kit.site / f"{NAME}.xlsx").unlink()
    assert published.altered() == [f"{NAME}.xlsx"]
    (kit.output / "store" / "site.json").write_text('{"files": 3}')
    assert published.altered() == []


def test_a_kept_page_that_was_altered_cannot_be_made_again_and_goes(kit: Any) -> None:
    path = kit.write(kit.book(period="2017-11"), kit.book())
    built_in()
    path.write_text("{")
    built_in()
    assert "Not up to date." in kit.page(f"{NAME}.html")
    (kit.site / f"{NAME}.html").write_text("altered")
    assert len(built_in().failed) == 1
    assert not list(kit.site.glob(f"{NAME}*"))
    assert "2017-12" not in kit.page("shop/customer_value/2017-11.html")


def cell(kit: Any, change: dict[str, Any]) -> dict[str, Any]:
    output = kit.shown(kit.book().table(id="odd"))
    output["data"][MIME] |= change
    return kit.code("x", output)


def deep(levels: int) -> Any:
    found: Any = "x"
    for _ in range(levels):
        found = [found]
    return found


ODD = {
    "short row": {"rows": [["A"]], "text": [["A", "1", "2"]]},
    "rows of numbers": {"rows": [3], "text": [["A", "1", "2"]]},
    "no text": {"text": []},
    "text of numbers": {"text": [[1, 2, 3]] * 3},
    "columns by name": {"columns": {"a": 1}},
    "deep": {"note": deep(700)},
    "a block that is none": {"type": ["x"]},
}


@pytest.mark.parametrize("odd", ODD)
def test_a_table_that_is_none_spares_the_others(kit: Any, odd: str) -> None:
    kit.write(kit.book(family="churn"), kit.book(extra=[cell(kit, ODD[odd])]))
    assert [name for name, _ in built_in().failed] == [NAME]
    assert (kit.site / "shop/churn/2017-12.html").is_file()


@pytest.mark.parametrize(
    "content",
    [
        '{"cells": [3]}', '{"cells": "x"}', "[" * 100_000,
        '{"cells": [{"cell_type": "code", "metadata": null, "outputs": [3]}]}',
        '{"cells": [{"cell_type": "markdown", "metadata": {"tags": 3}, "source": null}]}',
    ],
)  # fmt: skip
def test_a_file_that_is_no_notebook_spares_the_others(kit: Any, content: str) -> None:
    kit.write(kit.book(family="churn"), kit.book()).write_text(content)
    assert [name for name, _ in built_in().failed] == [NAME]
    assert (kit.site / "shop/churn/2017-12.html").is_file()


def test_a_cell_without_tags_or_metadata_is_a_cell(kit: Any) -> None:
    odd = [{**kit.code("x"), "metadata": None}, {**kit.code("y"), "metadata": {"tags": None}}]
    kit.write(kit.book(extra=odd))
    assert built_in().failed == []


@pytest.mark.parametrize("where", ["document_of", "page_of", "downloads"])
def test_an_error_that_nobody_thought_of_spares_the_others(
    kit: Any, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    whole = getattr(publisher, where)

    def breaks(*given: Any) -> Any:
        if "churn" in str(given[0]):
            raise ZeroDivisionError("out of luck")
        return whole(*given)

    monkeypatch.setattr(publisher, where, breaks)
    kit.write(kit.book(), kit.book(family="churn"))
    ((name, why),) = built_in().failed
    assert (name, "ZeroDivisionError" in why) == ("shop/churn/2017-12", True)
    assert (kit.site / f"{NAME}.html").is_file()


@pytest.mark.parametrize("error", [RecursionError("too deep"), OverflowError("too large")])
def test_a_page_that_cannot_be_rendered_spares_the_others(
    kit: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    whole = builtin.report_html

    def breaks(view: Any, page: Any, *given: Any, **named: Any) -> str:
        if page.key.family == "churn":
            raise error
        return whole(view, page, *given, **named)

    monkeypatch.setattr(builtin, "report_html", breaks)
    kit.write(kit.book(), kit.book(family="churn"))
    ((name, why),) = built_in().failed
    assert (name, type(error).__name__ in why) == ("shop/churn/2017-12", True)
    assert (kit.site / f"{NAME}.html").is_file()


def test_labels_in_any_script_and_of_any_length_name_files(kit: Any) -> None:
    chart = kit.book().switched()
    labels = ["客户" * 60, "客户" * 59 + "值", "N" * 500]
    variants = [
        replace(chart.variants[0], label=label, digest=f"d{i}") for i, label in enumerate(labels)
    ]
    kit.write(kit.book(extra=[kit.code("x", kit.shown(replace(chart, variants=variants)))]))
    assert built_in().failed == []
    names = [path.name for path in kit.site.rglob("*.csv")]
    assert max(len(name.encode()) for name in names) <= 64
    assert len(set(names)) == len(names)


def test_a_file_that_the_disk_refuses_fails_its_report_alone(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = files.put

    def refuses(path: Path, content: bytes) -> bool:
        if path.name == "segments.csv" and "churn" in path.parts:
            raise OSError(errno.ENAMETOOLONG, "File name too long", str(path))
        return put(path, content)

    monkeypatch.setattr(files, "put", refuses)
    kit.write(kit.book(), kit.book(family="churn"))
    ((name, why),) = built_in().failed
    assert (name, "File name too long" in why) == ("shop/churn/2017-12", True)
    assert (kit.site / f"{NAME}.html").is_file()
    assert not (kit.site / "shop/churn").exists(), "what had been written of it is taken back"


@pytest.mark.parametrize(
    ("source", "family"), [("assets", "churn"), ("Pagefind", "churn"), ("shop", "board-pack")]
)
def test_names_of_the_sites_own_folders_are_refused(kit: Any, source: str, family: str) -> None:
    kit.write(kit.book(), kit.book(source=source, family=family))
    ((_, why),) = built_in().failed
    assert "is a folder of the site itself" in why


def test_a_slice_under_the_name_of_the_whole_is_refused(kit: Any) -> None:
    path = kit.write(kit.book(slice="region=North"))
    path.rename(path.with_name("2017-12.ipynb"))
    ((_, why),) = built_in().failed
    assert f"is about {NAME}--region-North, which its name does not say" in why


def test_pages_that_another_release_noted_are_read_anew(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.write(kit.book(), kit.book(period="2017-11"))
    built_in()
    note = kit.output / "store" / "site.json"
    found = json.loads(note.read_text())
    page = found["entries"][NAME]["page"]
    page["unheard_of"] = page.pop("title")
    found["page_form"] = "another"
    note.write_text(json.dumps(found))
    assert (built_in().failed, built_in().written) == ([], 0)
    found["entries"]["shop/gone/2017-12"] = {"files": {f"{NAME}.csv": ["", 0, 0]}}
    (kit.site / f"{NAME}.csv").write_text("left")
    note.write_text(json.dumps(found))
    built_in()
    assert not (kit.site / f"{NAME}.csv").exists(), "what is gone is removed all the same"


def test_a_new_page_that_fails_is_linked_to_at_no_moment(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.write(kit.book(period="2017-10"), kit.book(period="2017-11"))
    built_in()
    put, seen = files.put, []

    def noted(path: Path, content: bytes | str) -> bool:
        seen.append(path.name) if b"2017-12" in str(content).encode() else None
        return put(path, content)

    monkeypatch.setattr(files, "put", noted)
    kit.write(kit.book(extra=[kit.code("x", kit.shown(kit.book().chart(), "<svg"))]))
    assert len(built_in().failed) == 1
    assert "2017-11.html" not in seen


def test_what_the_first_release_published_is_withdrawn_too(tightened: Any) -> None:
    note = tightened.output / "store" / "site.json"
    found = json.loads(note.read_text())
    found.pop("page_form")
    found |= {"version": 1, "files": list(found["files"])}
    for entry in found["entries"].values():
        entry["files"] = list(entry["files"])
    note.write_text(json.dumps(found))
    ((name, why),) = built_in("html", "pdf").failed
    assert (name, "was withdrawn" in why) == ("shop/churn/2017-12", True)
    assert words(tightened.site) == []
    assert built_in("html", "pdf").written == 0


def test_new_pages_are_written_before_those_that_link_to_them(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.write(kit.book(period="2017-10"), kit.book(period="2017-11"))
    built_in()
    order: list[Path] = []
    put = files.put
    monkeypatch.setattr(files, "put", lambda p, c: order.append(p) or put(p, c))
    kit.write(kit.book())
    built_in()
    pages = [p.name for p in order if kit.site in p.parents and re.match(r"20.*html", p.name)]
    assert pages == ["2017-12.html", "2017-11.html"]
