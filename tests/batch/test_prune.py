"""What is published and what the last runs left is kept; the rest goes once it was said."""

import json
import os
import shutil

import pytest

from helpers.document import MIME


@pytest.fixture
def ran(once, monkeypatch):
    monkeypatch.delenv("CRM_REPORTS_OUTPUT")
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(once[0].root))
    return once


@pytest.fixture(scope="module")
def once(make_project):
    """A project that ran, got new rows, ran its newest month again, failed once, ran again."""
    project, crm = make_project
    crm("run", "--from", "2017-11", "--to", "2017-12", "--family", "beta")
    project.extract(12, orders=5, name="late")
    crm("run", "--period", "2017-12", "--family", "beta")
    project.family("alpha", "1 / 0")
    crm("run", "--period", "2017-12", "--family", "alpha")
    return project, crm


def listed(done):
    return [
        line.split("MB  ")[1].split("  (")[0] for line in done.output.splitlines() if "MB  " in line
    ]


def runs(project):
    return sorted((project.output / "store" / "runs").iterdir())


def test_nothing_is_deleted_before_it_was_said(ran, monkeypatch):
    project, crm = ran
    before = sorted(project.output.rglob("*"))
    done = crm("prune", "--keep", "1")
    assert "Nothing was deleted" in done.output
    assert sorted(project.output.rglob("*")) == before


def test_old_runs_go_and_what_the_last_ones_left_stays(ran):
    project, crm = ran
    names = listed(crm("prune", "--keep", "1"))
    assert {name for name in names if "runs/" in name} == {
        f"store/runs/{path.name}" for path in runs(project)[:-1]
    }
    assert not [name for name in names if "failed/" in name]
    assert not [name for name in names if name.startswith("notebooks")]


def test_a_snapshot_stays_while_a_report_shows_it(ran):
    project, crm = ran
    snapshots = {
        json.loads(path.read_text())["uses"]["snapshot"]
        for path in project.output.glob("store/editions/*/*/*.json")
        if json.loads(path.read_text())["uses"]
    }
    assert len(snapshots) == 2
    assert not [name for name in listed(crm("prune", "--keep", "1")) if "snapshots/" in name]


def test_what_no_report_shows_goes(ran, tmp_path, monkeypatch):
    project, crm = ran
    copy = tmp_path / "copy"
    shutil.copytree(project.root, copy)
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(copy))
    output = copy / "reports" / "output"
    (output / "notebooks" / "small" / "beta" / "2017-11.ipynb").unlink()
    first = crm("prune", "--keep", "9", "--yes")
    assert listed(first) == ["store/editions/small/beta/2017-11.json"]
    assert "nothing to delete" in crm("prune", "--keep", "9").output  # a run kept worked on it
    second = crm("prune", "--keep", "1", "--yes")
    assert any("snapshots/" in name for name in listed(second)), second.output
    assert "Deleted" in second.output
    assert "nothing to delete" in crm("prune", "--keep", "1").output
    assert crm("plan", "--period", "2017-12", "--family", "beta").output.startswith("up to date")


@pytest.fixture
def copy(ran, tmp_path, monkeypatch):
    """A copy of the project, to be damaged."""
    project, crm = ran
    shutil.copytree(project.root, tmp_path / "copy")
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(tmp_path / "copy"))
    return type(project)(tmp_path / "copy", project.models), crm


def test_a_damaged_record_does_not_cost_the_snapshot_that_its_page_shows(copy):
    project, crm = copy
    record = project.output / "store" / "editions" / "small" / "beta" / "2017-11.json"
    shown = json.loads(record.read_text())["uses"]["snapshot"]
    notebook = project.executed("beta", "2017-11")
    said = json.loads(notebook.read_text())
    block = {MIME: {"type": "provenance", "snapshot": shown}}
    said["cells"][-1]["outputs"] = [{"output_type": "display_data", "data": block, "metadata": {}}]
    notebook.write_text(json.dumps(said))
    record.write_text(record.read_text()[:99])
    names = listed(crm("prune", "--keep", "1"))
    assert not [name for name in names if "snapshots/" in name]
    said["cells"][-1]["outputs"] = []
    notebook.write_text(json.dumps(said))
    assert f"store/snapshots/{shown}" in listed(crm("prune", "--keep", "1"))


def test_runs_are_in_order_and_snapshots_current_whatever_the_clock_says(copy, monkeypatch):
    project, crm = copy
    before = runs(project)
    index = sorted((project.output / "store" / "snapshots" / "index").glob("[!f]*.json"))
    for number, path in enumerate(index):  # the newest seems to be the oldest
        os.utime(path, (number, number))
    monkeypatch.setattr("time.time", lambda: 1e9)
    assert crm("run", "--period", "2017-12", "--family", "beta").exit_code == 0
    (newest,) = set(runs(project)) - set(before)
    assert "-20010909T014640Z-" in newest.name
    names = listed(crm("prune", "--keep", "1"))
    assert {name for name in names if "runs/" in name} == {
        f"store/runs/{path.name}" for path in before
    }
    for path in project.output.glob("notebooks/small/beta/*"):
        path.unlink()
    current = json.loads(newest.read_text())["run"]["snapshot"]
    names = listed(crm("prune", "--keep", "1"))
    assert [name for name in names if name.startswith("store/snapshots/") and "index" not in name]
    assert f"store/snapshots/{current}" not in names


def test_what_a_deletion_that_was_killed_has_left_goes(copy):
    project, crm = copy
    left = project.output / "store" / "snapshots" / ".deleting-abc"
    left.mkdir()
    (left / "orders.parquet").write_text("x")
    assert "store/snapshots/.deleting-abc" in listed(crm("prune", "--keep", "9", "--yes"))
    assert not left.exists()
