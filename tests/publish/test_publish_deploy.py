"""Deployment copies what changed, in an order that leaves no link dead."""

import json
import threading
import urllib.request
from pathlib import Path
from typing import Any

import fsspec
import pytest

from helpers.errors import PublishError
from helpers.publish import deploy, files, publish, serve
from helpers.publish import deploy as deploy_function
from helpers.publish.deploy import LIST


@pytest.fixture
def published(kit: Any) -> Any:
    kit.write(kit.book(), kit.book(period="2017-11"))
    publish(renderer="built-in", formats=("html",))
    return kit


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_copy_is_the_site_and_a_list_of_it(published: Any, tmp_path: Path) -> None:
    done = deploy(str(tmp_path / "www"))
    copy = tree(tmp_path / "www")
    listed = json.loads(copy.pop(LIST))
    assert copy == tree(published.site)
    assert sorted(listed["files"]) == sorted(copy)
    assert (done.copied, done.unchanged, done.removed) == (len(copy), 0, 0)


def test_only_what_changed_is_copied_and_what_is_gone_is_removed(
    published: Any, tmp_path: Path
) -> None:
    to = str(tmp_path / "www")
    deploy(to)
    assert deploy(to).copied == 0
    (tmp_path / "www" / "CNAME").write_text("example.org")
    (published.output / "notebooks/shop/customer_value/2017-11.ipynb").unlink()
    publish(renderer="built-in", formats=("html",))
    done = deploy(to)
    assert done.removed > 3
    assert 0 < done.copied < done.unchanged
    assert not list((tmp_path / "www").rglob("2017-11*"))
    assert (tmp_path / "www" / "CNAME").read_text() == "example.org"


def test_new_files_come_before_pages_that_link_to_them(
    published: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    order: list[str] = []
    module = sys.modules["helpers.publish.deploy"]

    def noted(path: Path, data: bytes) -> bool:
        order.append(path.relative_to(tmp_path / "www").as_posix())
        return files.put(path, data)

    monkeypatch.setattr(module, "put", noted)
    deploy_function(str(tmp_path / "www"))
    assert order.pop(0) == LIST, "what will be put there is noted first"
    first_page = next(i for i, name in enumerate(order) if name.endswith(".html"))
    assert all(not name.endswith((".csv", ".xlsx", ".css", ".js", ".woff2"))
               or name.startswith("assets/search-") for name in order[first_page:])  # fmt: skip
    assert order.index("shop/customer_value/2017-12.html") < order.index("index.html")
    assert order[-1] == LIST


def test_what_a_broken_off_deployment_left_is_removed_once_it_is_gone(
    published: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    left = "shop/customer_value/2017-11.xlsx"

    def breaks(path: Path, data: bytes) -> bool:
        if path.suffix == ".html":
            raise OSError("no space left on device")
        return files.put(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["helpers.publish.deploy"], "put", breaks)
        with pytest.raises(PublishError, match="no space left"):
            deploy(str(tmp_path / "www"))
    assert (tmp_path / "www" / left).exists()
    (published.output / "notebooks/shop/customer_value/2017-11.ipynb").unlink()
    publish(renderer="built-in", formats=("html",))
    deploy(str(tmp_path / "www"))
    copy = tree(tmp_path / "www")
    copy.pop(LIST)
    assert copy == tree(published.site)


def test_publish_to_copies_the_site_and_says_how_much(published: Any, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from helpers.cli import app

    www = tmp_path / "www"
    done = CliRunner().invoke(
        app, ["publish", "--formats", "html", "--renderer", "built-in", "--to", str(www)]
    )
    assert done.exit_code == 0
    count = len(tree(published.site))
    assert f"Copied {count} files to {www}; 0 were there already." in done.output
    assert (www / "index.html").read_bytes() == (published.site / "index.html").read_bytes()


def test_any_fsspec_address_will_do(published: Any) -> None:
    deploy("memory://reports/site")
    system = fsspec.filesystem("memory")
    assert (
        system.cat_file("/reports/site/index.html") == (published.site / "index.html").read_bytes()
    )
    assert deploy("memory://reports/site").copied == 0


def test_a_list_that_points_outside_removes_nothing_there(published: Any, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    www = tmp_path / "www"
    www.mkdir()
    listed = {"version": 1, "files": {"../precious": "0", "/etc/passwd": "0"}}
    (www / LIST).write_text(json.dumps(listed))
    assert deploy(str(www)).removed == 0
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize("inside", ["", "copy", ".."])
def test_a_target_inside_or_around_the_site_is_refused(published: Any, inside: str) -> None:
    with pytest.raises(PublishError, match="inside one another"):
        deploy(str(published.site / inside))


def test_an_unknown_protocol_is_said(published: Any) -> None:
    with pytest.raises(PublishError, match="cannot be written"):
        deploy("nosuch://x/y")


def test_without_a_site_there_is_nothing_to_deploy_or_serve(kit: Any, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="no site yet"):
        deploy(str(tmp_path / "www"))
    with pytest.raises(PublishError, match="no site yet"):
        serve(0)


def test_the_site_is_served_to_this_machine(published: Any) -> None:
    told: list[str] = []
    there = threading.Event()

    def ready(address: str) -> None:
        told.append(address)
        there.set()

    threading.Thread(target=serve, args=(0,), kwargs={"ready": ready}, daemon=True).start()
    assert there.wait(10)
    assert told[0].startswith("http://127.0.0.1:")
    with urllib.request.urlopen(told[0], timeout=10) as answer:  # noqa: S310 - our own server
        assert answer.read() == (published.site / "index.html").read_bytes()
