"""What has changed runs again and is named; what has not stays as it is."""

import json
import os
import shutil

import pytest

MONTHS = ("--from", "2017-10", "--to", "2017-11")


def plan(crm, *arguments):
    done = crm("plan", *(arguments or MONTHS))
    assert done.exit_code == 0, done.output
    found = {}
    for line in done.output.splitlines()[:-1]:
        state, rest = line[:14].strip(), line[16:]
        name, _, why = rest.partition(" (small)")
        found[name] = (state, why.strip())
    return found


@pytest.fixture(scope="module")
def once(make_project):
    """A project after a run of two families over two months; `alpha` reads orders."""
    project, crm = make_project
    project.family(
        "alpha",
        "from datetime import date\nfrom helpers.sources import load\n"
        "as_of = date(2017, int(period[-2:]) + 1, 1)\n"
        "print(len(load('small', as_of=date.fromordinal(as_of.toordinal() - 1)).orders))",
    )
    done = crm("run", *MONTHS, "--jobs", "1")
    assert done.exit_code == 0, done.output
    return project


@pytest.fixture
def ran(once, tmp_path, monkeypatch):
    """A copy of it: where a project lies does not matter."""
    shutil.copytree(once.root, tmp_path / "copy")
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(tmp_path / "copy"))
    monkeypatch.delenv("CRM_REPORTS_OUTPUT")
    return type(once)(tmp_path / "copy", once.models)


def test_reports_run_once(ran, crm):
    assert ran.text("alpha", "2017-10") == "310\n"
    assert ran.text("beta", "2017-11") == "3\n"
    assert set(ran.reasons()["alpha 2017-10"]) == {"never run"}
    before = {path: path.stat().st_mtime_ns for path in ran.output.glob("notebooks/*/*/*")}
    assert crm("run", *MONTHS).exit_code == 0
    assert set(ran.statuses().values()) == {"fresh"}
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_parameter_is_named_and_runs_only_its_family(ran, crm):
    (ran.root / "params" / "beta.yml").write_text("horizon: 6\n")
    found = plan(crm)
    assert found["beta 2017-10"] == ("run", "params: horizon 3 → 6")
    assert found["alpha 2017-10"][0] == "up to date"
    assert plan(crm, *MONTHS, "-p", "horizon=5")["alpha 2017-11"][1] == "params: horizon 3 → 5"


def test_new_rows_run_the_periods_that_see_them(ran, crm):
    ran.extract(11, orders=5, name="late")
    ran.extract(12, orders=7, name="later")
    found = plan(crm)
    assert found["alpha 2017-10"][0] == "up to date"
    assert found["alpha 2017-11"] == (
        "run", "account: 5 more rows; orders: 5 more rows; extracts: 2 new",
    )  # fmt: skip


def test_rows_that_come_while_reports_run_belong_to_the_next_run(ran, crm):
    ran.family(
        "alpha",
        "from datetime import date\nfrom pathlib import Path\nfrom helpers.sources import load\n"
        f"old = Path({str(ran.data)!r}, 'orders-10.csv').read_text()\n"
        f"Path({str(ran.data)!r}, 'orders-10new.csv').write_text(old.replace('o10', 'n10'))",
        "print(len(load('small', as_of=date(2017, 10, 31)).orders))",
    )
    assert crm("run", "--period", "2017-10", "--family", "alpha").exit_code == 0
    assert ran.text("alpha", "2017-10") == "310\n"
    assert plan(crm, "--period", "2017-10")["alpha 2017-10"] == (
        "run", "account: 31 more rows; orders: 31 more rows; extracts: 1 new",
    )  # fmt: skip
    assert crm("run", "--period", "2017-10", "--family", "alpha").exit_code == 0
    assert ran.text("alpha", "2017-10") == "341\n"
    assert plan(crm, "--period", "2017-10")["alpha 2017-10"][0] == "up to date"


def test_a_report_that_reads_no_table_still_shows_the_account(ran, crm):
    ran.extract(11, orders=5, name="late")
    assert plan(crm)["beta 2017-11"] == ("run", "account: 5 more rows; extracts: 1 new")


def test_a_changed_notebook_is_named_and_its_outputs_do_not_count(ran, crm):
    path = ran.root / "notebooks" / "beta.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    path.write_text(json.dumps(notebook))
    assert plan(crm)["beta 2017-10"][0] == "up to date"
    notebook["cells"][2]["source"] = "print(horizon + 1)"
    path.write_text(json.dumps(notebook))
    assert plan(crm)["beta 2017-10"] == ("run", "notebook changed")


def test_outputs_missing_or_altered_by_hand_are_noticed(ran, crm):
    ran.executed("beta", "2017-10").unlink()
    altered = ran.executed("beta", "2017-11")
    altered.write_text(altered.read_text().replace("3\\n", "4\\n"))
    found = plan(crm)
    assert found["beta 2017-10"] == ("run", "its executed notebook is missing")
    assert found["beta 2017-11"] == ("run", "its executed notebook was altered")


def test_a_touched_output_with_the_same_content_is_up_to_date(ran, crm):
    os.utime(ran.executed("beta", "2017-10"), (0, 0))
    assert plan(crm)["beta 2017-10"][0] == "up to date"


def test_a_record_cut_in_half_or_of_another_release_is_made_anew_with_a_word(ran, crm):
    folder = ran.output / "store" / "editions" / "small" / "beta"
    whole = (folder / "2017-10.json").read_text()
    (folder / "2017-10.json").write_text(whole[: len(whole) // 2])
    other = json.loads((folder / "2017-11.json").read_text())
    (folder / "2017-11.json").write_text(json.dumps({**other, "version": 99}))
    found = plan(crm)
    assert found["beta 2017-10"] == ("run", "its record could not be read and is made anew")
    assert found["beta 2017-11"] == ("run", "its record is of another release and is made anew")
    assert crm("run", *MONTHS).exit_code == 0
    assert {state for state, _ in plan(crm).values()} == {"up to date"}


@pytest.mark.parametrize(
    "edit",
    [
        lambda record: record.pop("uses"),
        lambda record: record["uses"].pop("versions"),
        lambda record: record["uses"].update(modules=["helpers"]),
        lambda record: record.update(inputs=None),
        lambda record: record.update(unheard_of=1),
    ],
)
def test_a_record_that_lacks_something_is_made_anew_with_a_word(ran, crm, edit):
    path = ran.output / "store" / "editions" / "small" / "beta" / "2017-10.json"
    record = json.loads(path.read_text())
    edit(record)
    path.write_text(json.dumps(record))
    assert plan(crm)["beta 2017-10"] == ("run", "its record is not complete and is made anew")


def test_a_sources_label_and_note_are_on_its_pages(ran, crm):
    declared = ran.root / "params" / "sources" / "small.yml"
    declared.write_text(declared.read_text().replace("label: Small", "label: Smaller"))
    assert plan(crm)["beta 2017-10"] == ("run", "label changed")
    declared.write_text(declared.read_text().replace("A made-up shop.", "Not a real one."))
    assert plan(crm)["alpha 2017-10"] == ("run", "label changed; note changed")


def test_force_and_only_decide_what_runs(ran, crm):
    done = crm("run", *MONTHS, "--force", "--only", "*/beta/2017-11")
    assert done.exit_code == 0
    assert ran.statuses() == {"beta 2017-11": "ok"}
    assert ran.reasons()["beta 2017-11"] == ["forced"]


def test_a_failure_keeps_the_last_good_notebook_and_is_tried_again(ran, crm):
    good = ran.executed("beta", "2017-10").read_text()
    original = (ran.root / "notebooks" / "beta.ipynb").read_text()
    ran.family("beta", "raise ValueError('no such luck')")
    failed = crm("run", *MONTHS, "--family", "beta")
    assert failed.exit_code == 1
    assert "ValueError: no such luck" in failed.output
    record = ran.run_json()["reports"][0]
    assert (record["status"], record["page"]) == ("failed", "stale")
    assert ran.executed("beta", "2017-10").read_text() == good
    assert plan(crm)["beta 2017-10"] == (
        "run", "notebook changed; failed last time: ValueError in code cell 3",
    )  # fmt: skip
    (ran.root / "notebooks" / "beta.ipynb").write_text(original)
    assert plan(crm)["beta 2017-10"][0] == "up to date"


def test_a_stale_report_outside_the_run_is_told_too(ran, crm):
    ran.family("beta", "raise ValueError('no such luck')")
    crm("run", *MONTHS, "--family", "beta")
    crm("run", *MONTHS, "--family", "alpha")
    told = {f"{r['family']} {r['period']}": r for r in ran.run_json()["reports"]}
    assert told["beta 2017-10"]["status"] == "stale"
    assert told["beta 2017-10"]["page"] == "stale"
    assert told["beta 2017-10"]["error"]["ename"] == "ValueError"


def test_explain_lists_what_a_report_depends_on_and_marks_changes(ran, crm):
    (ran.root / "params" / "alpha.yml").write_text("horizon: 6\n")
    said = crm("plan", "--explain", "alpha", "2017-10").output
    assert "alpha 2017-10 (small): run" in said
    assert "  * params    horizon: 3 → 6" in said
    assert "tables    orders: 310 rows" in said
    assert "modules   helpers.sources.tables" in said
    assert "versions  pandas" in said
    assert "helpers.metrics" not in said


def test_explain_of_a_report_that_is_not_there_is_refused(ran, crm):
    assert crm("plan", "--explain", "alphax", "2017-10").exit_code == 2


def test_explain_takes_a_period_by_its_name(ran, crm):
    done = crm("plan", "--explain", "alpha", "last-month")
    assert done.exit_code == 0, done.output
    assert "alpha 2017-12 (small): run" in done.output


def test_only_that_matches_nothing_is_refused(ran, crm):
    done = crm("run", *MONTHS, "--only", "*/beta/2017-11", "--only", "*/bta/*")
    assert done.exit_code == 2
    assert "no report that was asked for is called '*/bta/*'" in done.output
    assert "small/alpha/2017-10 to small/beta/2017-11" in done.output


def test_a_clock_that_went_back_changes_nothing(ran, crm, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1.53e9)  # after the data, before the runs above
    assert crm("run", *MONTHS).exit_code == 0
    assert set(ran.statuses().values()) == {"fresh"}
    (ran.root / "params" / "beta.yml").write_text("horizon: 6\n")
    ran.extract(11, orders=5, name="late")
    assert crm("run", *MONTHS).exit_code == 0
    assert ran.statuses() == {
        "alpha 2017-10": "fresh", "alpha 2017-11": "ok", "beta 2017-10": "ok", "beta 2017-11": "ok",
    }  # fmt: skip
    assert ran.text("alpha", "2017-11") == "346\n"
    told = ran.run_json()
    assert told["run"]["seconds"] >= 0
    assert told["run"]["started"].startswith("2018-06-26")
    assert all(s >= 0 for report in told["reports"] for s in report["seconds"].values())
    assert {state for state, _ in plan(crm).values()} == {"up to date"}
