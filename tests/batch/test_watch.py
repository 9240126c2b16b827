"""A change on disk is seen, run and served."""

import threading
import urllib.request

import pytest

from helpers.batch import watch as watching
from helpers.batch.published import state
from helpers.batch.serving import serving
from helpers.batch.watch import changed, tree, watch
from helpers.errors import ParameterError, UsageError


class Pages:
    state = "0"


def names(paths):
    return [path.name for path in paths]


def test_a_change_of_data_parameters_notebooks_is_seen_and_outputs_are_not(project):
    before = tree(["small"])
    (project.root / "params" / "beta.yml").write_text("horizon: 66\n")
    project.extract(12, orders=9)
    (project.data / "new.csv").write_text("x")
    (project.root / "notebooks" / "alpha.ipynb").unlink()
    (project.output / "notebooks").mkdir(parents=True)
    (project.output / "notebooks" / "x.ipynb").write_text("{}")
    found = names(changed(before, tree(["small"])))
    assert found == ["new.csv", "orders-12.csv", "alpha.ipynb", "beta.yml"]


def test_modules_of_the_package_are_watched_and_editors_leftovers_are_not(project):
    found = tree(["small"])
    assert any(path.name == "contracts.py" for path in found)
    (project.root / "params" / "beta.yml~").write_text("x")
    (project.root / "params" / ".beta.yml.swp").write_text("x")
    assert changed(found, tree(["small"])) == []


class StopError(Exception):
    """Ends the watch in a test, as Ctrl-C does."""


def test_each_change_runs_once_more_and_pages_learn_of_it(project, monkeypatch):
    said, states, pages = [], [], Pages()

    def once():
        states.append(pages.state)
        if len(states) == 3:
            raise StopError
        (project.root / "params" / "beta.yml").write_text(f"horizon: {len(states)}\n# longer")

    monkeypatch.setattr(watching, "_PACE", 0.01)
    with pytest.raises(StopError):
        watch(once, sources=["small"], pages=pages, state=lambda: str(len(states)), say=said.append)
    assert len(set(states)) == 3
    assert "Changed: params/beta.yml" in said


def test_an_error_is_said_and_the_next_change_tried(project, monkeypatch):
    said, runs = [], []

    def once():
        runs.append(1)
        (project.root / "params" / "beta.yml").write_text("#" * len(runs))
        if len(runs) == 2:
            raise StopError
        raise ParameterError("no such name")

    monkeypatch.setattr(watching, "_PACE", 0.01)
    with pytest.raises(StopError):
        watch(once, sources=["small"], pages=Pages(), state=str, say=said.append)
    assert said[0] == "Error: no such name"


def test_a_change_of_the_watchs_own_code_begins_it_anew(project, tmp_path, monkeypatch):
    own = project.root / "params" / "beta.yml"
    monkeypatch.setattr(watching, "_loaded", lambda: {own})
    monkeypatch.setattr(watching, "_PACE", 0.01)

    def restart(pages):
        raise StopError

    with pytest.raises(StopError):
        watch(
            lambda: own.write_text("horizon: 5 # x"), sources=["small"], pages=Pages(),
            state=str, say=lambda _: None, restart=restart,
        )  # fmt: skip


@pytest.mark.parametrize("error", [FileNotFoundError("a.ipynb"), PermissionError("a.csv")])
def test_a_file_that_is_just_being_replaced_does_not_end_the_watch(project, monkeypatch, error):
    said, runs = [], []

    def once():
        runs.append(1)
        (project.root / "params" / "beta.yml").write_text("#" * len(runs))
        raise StopError if len(runs) == 2 else error

    monkeypatch.setattr(watching, "_PACE", 0.01)
    with pytest.raises(StopError):
        watch(once, sources=["small"], pages=Pages(), state=str, say=said.append)
    assert said[0].startswith("Error: ")


def test_an_output_folder_reached_by_another_way_is_not_watched(project, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(project.root)
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(tmp_path / "link"))
    monkeypatch.setenv("CRM_REPORTS_OUTPUT", str(project.root / "reports" / "output"))
    before = tree(["small"])
    (project.output / "notebooks").mkdir(parents=True)
    (project.output / "notebooks" / "x.ipynb").write_text("{}")
    assert changed(before, tree(["small"])) == []


def test_a_watch_that_begins_anew_serves_at_the_port_it_had(tmp_path, monkeypatch):
    began = []
    monkeypatch.setattr("os.execv", lambda *command: began.append(command))
    with serving(tmp_path, watching.port_before(0)) as pages:
        port = pages.server_address[1]
        watching._restart(pages)
    assert began
    with serving(tmp_path, watching.port_before(0)) as pages:
        assert pages.server_address[1] == port
    assert watching.port_before(0) == 0


def fetch(pages, path):
    with urllib.request.urlopen(f"{pages.address.removesuffix('/index.html')}{path}") as answer:  # noqa: S310
        return answer.read().decode()


def test_served_pages_ask_for_changes_and_files_stay_as_they_are(tmp_path):
    (tmp_path / "index.html").write_text("<html><body><p>Hello</p></body></html>")
    (tmp_path / "a.css").write_text("p {}")
    with serving(tmp_path, 0) as pages:
        page = fetch(pages, "/")
        assert page.startswith("<html><body><p>Hello</p><script>")
        assert page.endswith("</script></body></html>")
        assert fetch(pages, "/a.css") == "p {}"
        before = fetch(pages, "/-/state")
        pages.state = "later"
        assert before != fetch(pages, "/-/state") == "later"
    assert "script" not in (tmp_path / "index.html").read_text()
    assert "pages" not in [thread.name for thread in threading.enumerate()]


def test_it_serves_to_this_machine_only(tmp_path):
    with serving(tmp_path, 0) as pages:
        assert pages.server_address[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_refused(tmp_path):
    with serving(tmp_path, 0) as pages:
        port = pages.server_address[1]
        with (
            pytest.raises(UsageError, match=f"port {port} cannot be served"),
            serving(tmp_path, port),
        ):
            pass


def test_open_pages_load_again_only_when_the_site_has_changed(own_output):
    page = own_output / "site" / "index.html"
    page.parent.mkdir()
    page.write_text("one")
    before = state()
    (own_output / "run.json").write_text("{}")
    assert state() == before
    page.write_text("other")
    assert state() != before
