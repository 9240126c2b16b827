"""What a report predicted is kept with its edition, and the next period is judged by just that."""

import json
import shutil
import stat

import pytest

from helpers import predictions
from helpers.batch.edition import Edition
from helpers.batch.order import before, longest_first
from helpers.batch.plan import Planned
from helpers.batch.store import Known

PLANTED = "HH-PLANTED-4711"
MONTHS = ("--from", "2017-10", "--to", "2017-12", "--family", "judged")
CELLS = (
    "import pandas as pd\nfrom types import SimpleNamespace\n"
    "from helpers.periods import Period\nfrom helpers.predictions import keep, kept\n"
    "params = SimpleNamespace(family='judged', source=source, period=period, slice=slice,\n"
    "                         keeps_predictions=True)",
    "found = kept(params, [Period.parse(period).previous()])\n"
    "said = [float(frame['expected'].sum()) for frame in found.frames.values()]\n"
    "print(said, *found.missing.values())",
    "level = float(open('level.txt').read()) if period == '2017-10' else 7.0\n"
    f"keep(pd.DataFrame({{'customer_id': ['{PLANTED}'], 'expected': [level]}}), params)\n"
    "if level == 13.0: raise ValueError('thirteen')\n"
    "if level == 0.0: keep(pd.DataFrame(), params)",
)


@pytest.fixture(scope="module")
def once(make_project):
    """A project after a run of a family that keeps predictions, two reports at a time."""
    project, crm = make_project
    (project.root / "level.txt").write_text("3")
    project.family("judged", *CELLS, keeps=True)
    done = crm("run", *MONTHS, "--jobs", "2")
    assert done.exit_code == 0, done.output
    return project


@pytest.fixture
def ran(once, tmp_path, monkeypatch):
    """A copy of it."""
    shutil.copytree(once.root, tmp_path / "copy")
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(tmp_path / "copy"))
    monkeypatch.delenv("CRM_REPORTS_OUTPUT")
    return type(once)(tmp_path / "copy", once.models)


def place(project, period):
    return project.output / "private" / "small" / "judged" / "predictions" / f"{period}.parquet"


def test_periods_run_in_order_and_each_reads_what_the_one_before_said(ran):
    assert ran.text("judged", "2017-10") == "[] no edition with predictions is kept\n"
    assert ran.text("judged", "2017-11") == "[3.0]\n"
    assert ran.text("judged", "2017-12") == "[7.0]\n"


def test_predictions_are_kept_privately_and_nothing_runs_again(ran, crm):
    assert stat.S_IMODE(place(ran, "2017-10").stat().st_mode) == 0o600
    assert stat.S_IMODE(place(ran, "2017-10").parent.stat().st_mode) == 0o700
    assert crm("run", *MONTHS).exit_code == 0
    assert set(ran.statuses().values()) == {"fresh"}


def test_a_planted_customer_is_in_no_file_but_the_private_ones(ran):
    held = [
        path.relative_to(ran.output).parts[0]
        for path in ran.output.rglob("*")
        if path.is_file() and PLANTED.encode() in path.read_bytes()
        and path.suffix != ".ipynb"  # its source holds the id that this test plants
    ]  # fmt: skip
    assert held == ["private"] * 3
    outputs = [
        json.dumps([cell.get("outputs", []) for cell in json.loads(path.read_text())["cells"]])
        for path in ran.output.rglob("*.ipynb")
    ]
    assert len(outputs) == 3
    assert not [text for text in outputs if PLANTED in text]


def test_other_predictions_run_the_next_period_in_the_same_run(ran, crm):
    (ran.root / "level.txt").write_text("5")
    plan = crm("plan", *MONTHS).output
    assert "it runs too if small/judged/2017-10 predicts something else" in plan
    assert crm("run", *MONTHS).exit_code == 0
    assert ran.text("judged", "2017-11") == "[5.0]\n"
    assert ran.statuses() == {
        "judged 2017-10": "ok", "judged 2017-11": "ok", "judged 2017-12": "fresh",
    }  # fmt: skip
    assert ran.reasons()["judged 2017-11"] == ["what small/judged/2017-10 predicted changed"]
    assert "3 up to date" in crm("plan", *MONTHS).output


def test_the_same_predictions_leave_the_next_period_alone(ran, crm):
    ran.executed("judged", "2017-10").unlink()
    assert crm("run", *MONTHS).exit_code == 0
    assert ran.statuses() == {
        "judged 2017-10": "ok", "judged 2017-11": "fresh", "judged 2017-12": "fresh",
    }  # fmt: skip


def test_a_failed_report_keeps_what_its_last_good_edition_said(ran, crm):
    kept = place(ran, "2017-10").read_bytes()
    (ran.root / "level.txt").write_text("13")
    assert crm("run", *MONTHS).exit_code == 1
    assert place(ran, "2017-10").read_bytes() == kept
    assert ran.statuses()["judged 2017-11"] == "fresh"


def test_a_report_that_predicts_no_more_is_noticed_by_the_next(ran, crm):
    (ran.root / "level.txt").write_text("0")
    assert crm("run", *MONTHS).exit_code == 0
    assert not place(ran, "2017-10").exists()
    assert ran.text("judged", "2017-11") == "[] no edition with predictions is kept\n"


def test_prune_takes_the_predictions_of_a_report_that_is_gone(ran, crm):
    ran.executed("judged", "2017-10").unlink()
    done = crm("prune", "--yes")
    assert "private/small/judged/predictions/2017-10.parquet" in done.output
    assert not place(ran, "2017-10").exists()
    assert place(ran, "2017-11").exists()
    november = ("--period", "2017-11", "--family", "judged")
    assert "what small/judged/2017-10 predicted is gone" in crm("plan", *november).output
    assert crm("run", *november).exit_code == 0
    assert ran.text("judged", "2017-11") == "[] no edition with predictions is kept\n"


def test_damaged_predictions_run_their_own_report_again_and_are_whole(ran, crm):
    path = place(ran, "2017-10")
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    plan = crm("plan", *MONTHS).output
    assert "its predictions were altered" in plan
    assert crm("run", "--period", "2017-11", "--family", "judged").exit_code == 0
    said = "[] the predictions of its edition cannot be read\n"
    assert ran.text("judged", "2017-11") == said
    assert crm("run", *MONTHS).exit_code == 0
    assert path.read_bytes() == whole
    assert ran.text("judged", "2017-11") == "[3.0]\n"


def test_missing_predictions_are_made_again(ran, crm):
    place(ran, "2017-11").unlink()
    assert "its predictions are missing" in crm("plan", *MONTHS).output
    assert crm("run", *MONTHS).exit_code == 0
    assert ran.text("judged", "2017-12") == "[7.0]\n"


def test_explain_lists_what_a_report_judges(ran, crm):
    said = crm("plan", "--explain", "judged", "2017-11").output
    assert "predictions small/judged/2017-10: " in said
    assert "Nothing of this has changed." in said


EDITIONS = [Edition("small", family, period) for family in ("alpha", "judged")
            for period in ("2017-11", "2017-10", "2017-12", "2017Q4")]  # fmt: skip


@pytest.fixture
def families(project):
    project.family("judged", *CELLS, keeps=True)
    return project


def test_only_families_that_judge_themselves_wait_for_an_earlier_period(families):
    waits = {str(later): str(first) for later, first in before(EDITIONS).items()}
    assert waits == {
        "judged 2017-11 (small)": "judged 2017-10 (small)",
        "judged 2017-12 (small)": "judged 2017-11 (small)",
    }


def test_what_many_wait_for_begins_first(families):
    reports = [
        Planned(edition, {}, "run", (), known=Known({}, seconds=seconds))
        for edition, seconds in zip(EDITIONS, (9, 9, 9, 9, 4, 4, 4, 4), strict=True)
    ]
    ordered = longest_first(reports, before(EDITIONS))
    assert str(ordered[0].edition) == "judged 2017-10 (small)"  # 4 + 4 + 4 > 9
    assert [r.edition.family for r in ordered[1:5]] == ["alpha"] * 4


def test_a_name_leads_to_its_place_and_back(own_output):
    edition = Edition("small", "judged", "2017-10", "age=19-24")
    path = predictions.place(edition.name)
    path.parent.mkdir(parents=True)
    path.touch()
    assert predictions.names() == {edition.name: path}
