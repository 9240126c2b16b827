"""Deployment copies what changed, in an order that leaves no link dead."""

import hashlib
import html
import json
import re
import threading
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from helpers.errors import PublishError
from helpers.publish import deploy, deploy_target, files, publish, serve, store
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


def reached(folder: Path) -> set[Path]:
    """Return the pages that a reader comes to from the overview; every link of theirs is whole."""
    open_, seen = [folder / "index.html"] if (folder / "index.html").is_file() else [], set()
    while open_:
        page = open_.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in re.findall(r'(?:href|src)="([^"#?]+)', page.read_text("utf-8")):
            found = (page.parent / unquote(html.unescape(link))).resolve()
            assert found.is_file(), f"{page.relative_to(folder)} links to {link}"
            open_ += [found] if found.suffix == ".html" else []
    return seen


def test_at_no_moment_a_reader_comes_to_a_dead_link(
    published: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    www, order = tmp_path / "www", []
    steps: list[int] = []

    def checked(path: Path, data: bytes) -> bool:
        order.append(path.relative_to(www).as_posix())
        done = files.put(path, data)
        steps.append(len(reached(www)))
        return done

    def taken(folder: Path, names: list[str]) -> int:
        done = files.remove(folder, names)
        steps.append(len(reached(www)))
        return done

    monkeypatch.setattr(deploy_target, "put", checked)
    monkeypatch.setattr(deploy_target, "remove", taken)
    deploy(str(www))
    assert order[0] == order[-1] == LIST, "what will be put there is noted first"
    assert order[-2] == "index.html"
    assert steps.count(0) == len(steps) - 2
    order.clear()
    published.write(published.book(period="2018-01"), published.book(family="churn"))
    (published.output / "notebooks/shop/customer_value/2017-11.ipynb").unlink()
    publish(renderer="built-in", formats=("html",))
    deploy(str(www))
    new, linking = (f"shop/customer_value/{name}.html" for name in ("2018-01", "2017-12"))
    assert order.index(new) < order.index(linking) < order.index("index.html")
    assert order.index("shop/churn/index.html") < order.index("index.html")
    assert min(steps[-20:]) > 8
    assert not (www / "shop/customer_value/2017-11.html").exists()


def test_what_a_broken_off_deployment_left_is_removed_once_it_is_gone(
    published: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = "shop/customer_value/2017-11.xlsx"

    def breaks(path: Path, data: bytes) -> bool:
        if path.suffix == ".html":
            raise OSError("no space left on device")
        return files.put(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(deploy_target, "put", breaks)
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
    again = ["publish", "--formats", "html", "--renderer", "built-in", "--to", str(www)]
    (www / "run.html").unlink()
    assert "1 had been altered there." in CliRunner().invoke(app, again).output
    (www / LIST).unlink()
    (www / "run.html").write_text("mine")
    refused = CliRunner().invoke(app, again)
    assert (refused.exit_code, "holds files that no deployment" in refused.output) == (1, True)
    assert (www / "run.html").read_text() == "mine"
    assert CliRunner().invoke(app, [*again, "--overwrite", "--verify"]).exit_code == 0
    assert (www / "run.html").read_bytes() == (published.site / "run.html").read_bytes()


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


def test_files_of_others_are_refused_by_name_and_left_alone(published: Any, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    for name in ("index.html", "assets/site.css"):
        (tmp_path / name).write_text("mine")
    with pytest.raises(PublishError, match=r"no deployment put there: assets/site.css, index.html"):
        deploy(str(tmp_path))
    assert tree(tmp_path) == {"index.html": b"mine", "assets/site.css": b"mine"}
    deploy(str(tmp_path), overwrite=True)
    assert (tmp_path / "index.html").read_bytes() == (published.site / "index.html").read_bytes()


def test_files_that_are_there_already_with_the_same_bytes_are_taken_over(
    published: Any, tmp_path: Path
) -> None:
    deploy(str(tmp_path))
    (tmp_path / LIST).unlink()
    done = deploy(str(tmp_path))
    assert (done.copied, done.removed) == (0, 0)
    assert sorted(json.loads((tmp_path / LIST).read_bytes())["files"]) == sorted(
        name for name in tree(tmp_path) if name != LIST
    )


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 1}', '{"version": 2, "files": {}}', '{"files": {}}']
)
def test_a_list_that_cannot_be_read_is_no_empty_one(
    published: Any, tmp_path: Path, content: str
) -> None:
    deploy(str(tmp_path))
    (tmp_path / LIST).write_text(content)
    before = tree(tmp_path)
    with pytest.raises(PublishError, match=r"deployed.json cannot be read[\s\S]*--overwrite"):
        deploy(str(tmp_path))
    assert tree(tmp_path) == before


@pytest.mark.parametrize("error", [PermissionError("denied"), TimeoutError("too slow")])
def test_a_list_that_is_not_let_out_is_no_empty_one(
    published: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def refused(*_: Any) -> bytes:
        raise error

    monkeypatch.setattr(deploy_target.Folder, "read", refused)
    with pytest.raises(PublishError, match=f"{error}"):
        deploy(str(tmp_path))
    assert tree(tmp_path) == {}


def test_what_was_deleted_or_altered_at_the_target_is_copied_again(
    published: Any, tmp_path: Path
) -> None:
    deploy(str(tmp_path))
    whole = tree(tmp_path)
    (tmp_path / "index.html").write_text("altered")
    (tmp_path / "shop/customer_value/2017-12.xlsx").unlink()
    done = deploy(str(tmp_path))
    assert (done.copied, done.repaired, done.removed) == (2, 2, 0)
    assert tree(tmp_path) == whole
    page = tmp_path / "run.html"
    page.write_bytes(page.read_bytes().swapcase())
    assert deploy(str(tmp_path)).copied == 0, "its size is what it was"
    assert deploy(str(tmp_path), verify=True).repaired == 1
    assert tree(tmp_path) == whole


def test_no_publication_changes_the_site_while_it_is_copied(
    published: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def busy(path: Path, data: bytes) -> bool:
        with (published.output / "store" / "site.lock").open("w") as file, \
             pytest.raises(BlockingIOError):  # fmt: skip
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return files.put(path, data)

    monkeypatch.setattr(deploy_target, "put", busy)
    assert deploy(str(tmp_path)).copied > 20
    with store.locked():
        pass


class Fake(MemoryFileSystem):
    """A file system that notes how it was written to."""

    store: dict[str, Any] = {}  # noqa: RUF012 - as its parent has it
    pseudo_dirs: list[str] = [""]  # noqa: RUF012
    cachable = False
    told: dict[str, dict[str, Any]] = {}  # noqa: RUF012
    moved: list[str] = []  # noqa: RUF012

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **told: Any) -> None:
        Fake.told[path] = told
        super().pipe_file(path, value, mode=mode)

    def mv(self, path1: str, path2: str, **given: Any) -> None:
        Fake.moved.append(path2)
        super().mv(path1, path2, **given)


def fake(monkeypatch: pytest.MonkeyPatch, protocol: str) -> Fake:
    made = Fake()
    for kept in (Fake.store, Fake.told, Fake.moved):
        kept.clear()
    monkeypatch.setattr(Fake, "protocol", protocol)
    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda to, **_: (made, f"/{to.split('://')[1]}"))
    return made


@pytest.mark.parametrize(("protocol", "field"), [("s3", "ContentType"), ("gs", "content_type")])
def test_an_object_store_is_told_of_what_type_each_file_is(
    published: Any, monkeypatch: pytest.MonkeyPatch, protocol: str, field: str
) -> None:
    fake(monkeypatch, protocol)
    deploy(f"{protocol}://bucket/reports")
    told = {path.rpartition(".")[2]: given[field] for path, given in Fake.told.items()}
    assert told["html"] == "text/html; charset=utf-8"
    assert told["css"] == "text/css; charset=utf-8"
    assert told["js"] == "text/javascript; charset=utf-8"
    assert told["xlsx"].endswith("spreadsheetml.sheet")
    assert told["xml"].startswith("application/atom+xml")
    assert told["pf_fragment"] == "application/octet-stream"
    assert set(told) == {path.rpartition(".")[2] for path in tree(published.site)} | {"json"}
    assert Fake.moved == []
    count = len(Fake.told)
    assert deploy(f"{protocol}://bucket/reports").copied == 0
    assert len(Fake.told) == count


def test_other_file_systems_write_beside_and_rename(
    published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = fake(monkeypatch, "sftp")
    done = deploy("sftp://host/www")
    assert done.copied == len(tree(published.site))
    assert len(Fake.moved) == done.copied + 2  # the list twice
    assert all(path.endswith(".part") for path in Fake.told)
    there = {path.removeprefix("/host/www/") for path in system.find("/host/www")}
    assert there == {*tree(published.site), LIST}
    (published.output / "notebooks/shop/customer_value/2017-11.ipynb").unlink()
    publish(renderer="built-in", formats=("html",))
    assert deploy("sftp://host/www").removed > 3
    assert hashlib.sha256(system.cat_file("/host/www/index.html")).hexdigest() == (
        hashlib.sha256((published.site / "index.html").read_bytes()).hexdigest()
    )


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
