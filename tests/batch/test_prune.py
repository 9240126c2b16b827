"""What is published and what the last runs left is kept; the rest goes once it was said."""

import json
import shutil

import pytest


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
    second = crm("prune", "--keep", "9", "--yes")
    assert any("snapshots/" in name for name in listed(second)), second.output
    assert "Deleted" in second.output
    assert "nothing to delete" in crm("prune", "--keep", "9").output
    assert crm("plan", "--period", "2017-12", "--family", "beta").output.startswith("up to date")
