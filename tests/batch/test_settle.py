"""What a report makes comes to its places as one, and a kill on the way loses nothing."""

import json
import os
import stat
import subprocess

import pytest

from helpers import private
from helpers.batch import attempts, landing
from helpers.batch.settle import take_up

MONTH = ("--period", "2017-12", "--family", "alpha")
CELLS = (
    "import pandas as pd\nfrom types import SimpleNamespace\n"
    "from helpers.predictions import keep\nfrom helpers.private import write_list",
    "with open(os.environ['CRM_LOG'], 'a') as log: log.write(period + '\\n')\n"
    "params = SimpleNamespace(family='alpha', source=source, period=period, slice=slice,\n"
    "                         keeps_predictions=True)",
    "frame = pd.DataFrame({'customer_id': ['c1'], 'expected': [float(horizon)]})\n"
    "here = {'family': 'alpha', 'period': period, 'source': source}\n"
    "print(write_list(frame, name='first', **here))\n"
    "if horizon < 9: write_list(frame, name='second', **here)\n"
    "keep(frame, params)",
    "print(horizon); 1 / (horizon - 7)",
)
KILLED = """\
import os
import helpers.params

helpers.params.__path__.append({models!r})
if __name__ == "__main__":
    from helpers.batch import settle
    from helpers.cli import main

    def die(*_):
        os.kill(os.getpid(), 9)

    settle.{step} = die
    main()
"""


@pytest.fixture
def made(project, tmp_path, monkeypatch):
    """A family that leaves two lists and predictions, and fails with a horizon of seven months."""
    monkeypatch.setenv("CRM_LOG", str(tmp_path / "log"))
    project.family("alpha", *CELLS, keeps=True)
    return project


def place(project, name):
    return project.output / "private" / "small" / "alpha" / name


def horizon(project, value):
    (project.root / "params" / "alpha.yml").write_text(f"horizon: {value}\n")


def plan(crm):
    line = crm("plan", *MONTH).output.splitlines()[0]
    return line[:14].strip(), line.partition(" (small)  ")[2]


def test_lists_come_with_the_notebook_and_a_failed_report_changes_none(made, crm):
    assert crm("run", *MONTH).exit_code == 0
    first = place(made, "2017-12-first.csv")
    assert first.read_text() == "customer_id,expected\nc1,3.0\n"
    assert str(first) in made.text("alpha", "2017-12")  # the notebook names its final place
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.parent.stat().st_mode) == 0o700
    horizon(made, 7)
    assert crm("run", *MONTH).exit_code == 1
    assert first.read_text() == "customer_id,expected\nc1,3.0\n"
    assert not list(made.output.rglob("store/running/*/*/*"))
    horizon(made, 9)
    assert crm("run", *MONTH).exit_code == 0
    assert first.read_text() == "customer_id,expected\nc1,9.0\n"
    assert not place(made, "2017-12-second.csv").exists()  # it is not made any more


def test_a_list_that_is_missing_or_was_altered_is_noticed(made, crm):
    crm("run", *MONTH)
    second = place(made, "2017-12-second.csv")
    os.utime(second, (0, 0))
    assert plan(crm)[0] == "up to date"
    second.write_text("customer_id\nc2\n")
    assert plan(crm) == ("run", "its list small/alpha/2017-12-second.csv was altered")
    second.unlink()
    assert plan(crm) == ("run", "its list small/alpha/2017-12-second.csv is missing")


STEPS = ("_known", "private.install", "predictions.install", "files.move", "signature",
         "store.save")  # fmt: skip


@pytest.mark.parametrize(
    "step",
    [s if s in ("_known", "signature") else pytest.param(s, marks=pytest.mark.long) for s in STEPS],
)
def test_a_run_that_is_killed_between_two_steps_is_finished_by_the_next(made, crm, tmp_path, step):
    command = tmp_path / "killed.py"
    command.write_text(KILLED.format(models=str(made.models), step=step))
    run = subprocess.run(
        [made.command[0], str(command), "run", *MONTH, "--kernel", "python3", "--no-publish"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert run.returncode == -9, run.stderr.decode()
    done = crm("run", *MONTH)
    assert done.exit_code == 0
    assert made.statuses() == {"alpha 2017-12": "fresh"}, done.output
    assert (tmp_path / "log").read_text() == "2017-12\n"
    assert place(made, "2017-12-first.csv").read_text() == "customer_id,expected\nc1,3.0\n"
    assert place(made, "predictions/2017-12.parquet").exists()
    assert not (made.output / "store" / "running").exists()
    assert plan(crm)[0] == "up to date"


def test_a_kill_in_a_list_leaves_nothing_with_customers(made, crm, own_output):
    crm("run", *MONTH)
    dead = subprocess.Popen(["true"])
    dead.wait()
    left = place(made, f".x.csv.{dead.pid}.abc.part")
    ours = place(made, f".x.csv.{os.getpid()}.abc.part")
    for path in (left, ours):
        path.write_text("customer_id\nc1\n")
    crm("run", *MONTH)
    assert not left.exists()
    assert ours.exists()  # somebody is just writing it


def journal(folder):
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "1", "outputs": [],
            "execution_count": None}  # fmt: skip
    nb = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    done = {"index": 0, "cell": {**cell, "execution_count": 1}}
    (folder / landing.JOURNAL).write_text(f'{json.dumps(nb)}\n{json.dumps(done)}\n{{"ind')


def test_a_torn_notebook_gives_way_to_the_journal(tmp_path):
    journal(tmp_path)
    (tmp_path / landing.EXECUTED).write_text('{"cells": [{"cell_ty')
    assert attempts.keep_failed(tmp_path, tmp_path / "failed" / "x.ipynb")
    read = json.loads((tmp_path / "failed" / "x.ipynb").read_text())
    assert read["cells"][0]["execution_count"] == 1


def test_on_a_full_disk_the_journal_itself_is_kept(tmp_path, monkeypatch):
    journal(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert attempts.keep_failed(tmp_path, tmp_path / "failed" / "x.ipynb")
    assert [path.name for path in (tmp_path / "failed").iterdir()] == ["x.journal"]


@pytest.mark.parametrize(
    "note", ["", "[]", "{}", '{"edition": {}, "unheard_of": 1}', '{"edition": {}}']
)
def test_a_note_that_says_nothing_is_not_taken_up(tmp_path, own_output, note):
    for name in (landing.KNOWN, landing.OUTCOME, landing.PLANNED):
        (tmp_path / name).write_text(note)
    assert not take_up(tmp_path, "s/f/2017-12")


def test_a_list_that_is_at_neither_place_is_told(tmp_path, own_output):
    with pytest.raises(private.HelpersError, match="cannot be written"):
        private.install(tmp_path, "s/f/x.csv")
