"""What travels to workers and back: private, whole, of this run alone, and swept."""

import os
import tempfile
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest

from helpers.batch import bundle, cluster, there
from helpers.batch import run as runs
from helpers.batch.edition import Edition
from helpers.batch.job import Job, Limits
from helpers.batch.staging import Place
from helpers.errors import UsageError

CELLS = (
    "from helpers.private import write_list\nimport pandas as pd",
    "write_list(pd.DataFrame({'customer': ['c1']}), name='list', family='alpha', period=period,\n"
    "           source='small')\nprint(sorted(os.listdir(os.getcwd())))",
)
ONE = ("--family", "alpha", "--period", "2017-12")


class Inline(Executor):
    """A worker of a cluster in this process; `before` and `after` do what befalls it."""

    def __init__(self, before=None, after=None):
        self.before, self.after, self.jobs = before, after, []

    def submit(self, call, job):
        self.jobs.append(job)
        future = Future()
        try:
            if self.before:
                self.before(job)
            outcome = call(job)
            if self.after:
                self.after(job, outcome)
            future.set_result(outcome)
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def over(project, crm, monkeypatch, short_path):
    """Run the small project by way of a worker that knows nothing of its folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(short_path))
    monkeypatch.setattr(bundle, "_known", set())
    there._begun.cache_clear()
    before = os.umask(0o022)

    def go(*arguments, before=None, after=None):
        worker = Inline(before, after)
        monkeypatch.setattr(runs, "open_executor", lambda spec, jobs: (worker, 1))
        monkeypatch.setattr("helpers.batch.runner.BACK_OFF", (0.0, 0.0))
        done = crm("run", *(arguments or ONE), "--executor", "dask://worker")
        return done, worker

    yield go
    os.umask(before)


def rooms(project):
    (own,) = (project.output / "store" / "staging").iterdir()
    return own


def modes(top):
    return {
        path.relative_to(top).as_posix(): path.stat().st_mode & 0o777 for path in top.rglob("*")
    }


def test_what_passes_through_a_folder_is_its_owners_alone(project, over, short_path):
    project.family("alpha", *CELLS)
    seen = {}

    def look(job, outcome):
        seen.update(modes(project.output / "store" / "staging"))
        (top,) = short_path.glob("crm-reports-worker-*")
        seen["worker"] = top.stat().st_mode & 0o777

    done, _ = over(after=look)
    assert done.exit_code == 0, done.output
    assert len([name for name in seen if name.endswith("alpha/2017-12-list.csv")]) == 1
    assert len([name for name in seen if name.endswith(".tar")]) == 1
    assert set(seen.values()) == {0o600, 0o700}
    sent = project.output / "private" / "small" / "alpha" / "2017-12-list.csv"
    assert sent.read_text() == "customer\nc1\n"
    assert sent.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in rooms(project).iterdir()) == ["bundles"]


@pytest.mark.long
def test_what_a_killed_run_left_is_swept_by_the_next_and_old_bundles_with_it(project, over):
    over()
    own = rooms(project)
    (first,) = (own / "bundles").iterdir()
    for name in ("results/dead/x/executed.ipynb", "earlier/abc"):
        (own / name).parent.mkdir(parents=True)
        (own / name).write_text("customers")
    project.extract(12, orders=40)
    done, _ = over()
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in own.iterdir()) == ["bundles"]
    assert first not in (own / "bundles").iterdir()
    assert len(list((own / "bundles").iterdir())) == 1


@pytest.mark.long
def test_two_projects_at_one_place_keep_to_their_own(project, over, tmp_path):
    place = tmp_path / "shared"
    other = place / ("0" * 32) / "results" / "busy"
    other.mkdir(parents=True)
    done, _ = over(*ONE, "--staging", f"file://{place}")
    assert done.exit_code == 0, done.output
    assert other.is_dir()
    assert len(list(place.iterdir())) == 2


def test_a_place_that_cannot_be_used_stops_the_run_with_a_word(project, over, tmp_path):
    (tmp_path / "file").write_text("")
    done, _ = over(*ONE, "--staging", str(tmp_path / "file" / "below"))
    assert done.exit_code == 2
    assert "cannot be used" in done.output
    with pytest.raises(UsageError, match="cannot be reached"):
        Place("nosuchstore://bucket/x")


@pytest.mark.long
@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.unlink(),
        lambda path: path.write_text(path.read_text().replace("3", "4")),
    ],
    ids=["cut", "gone", "mixed"],
)
def test_a_notebook_that_did_not_come_whole_is_made_again(project, over, spoil):
    project.family("alpha", *CELLS)
    spoilt = []

    def after(job, outcome):
        folder, _ = outcome.sent
        if not spoilt:
            spoilt.append(job)
            spoil(Path(Place(folder).path) / "executed.ipynb")

    done, worker = over(after=after)
    assert done.exit_code == 0, done.output
    assert len(worker.jobs) == 2
    assert worker.jobs[0].landing != worker.jobs[1].landing
    (report,) = project.run_json()["reports"]
    assert (report["status"], report["attempts"]) == ("ok", 2)


@pytest.mark.long
def test_each_execution_of_a_job_leaves_what_it_made_in_a_folder_of_its_own(project, over):
    """A cluster that has lost sight of a worker executes its job once more."""
    sent = []

    def twice(job):
        sent.append(there.execute_there(job).sent)

    done, worker = over(before=twice, after=lambda job, outcome: sent.append(outcome.sent))
    assert done.exit_code == 0, done.output
    assert len({folder for folder, _ in sent}) == 2
    assert {folder.rpartition("/")[0] for folder, _ in sent} == {worker.jobs[0].landing}


@pytest.mark.parametrize("name", ["../../alpha", "private/../x/y", "private/small/x", "known.json"])
def test_nothing_but_what_a_worker_leaves_is_brought(name, tmp_path):
    with pytest.raises(OSError, match="nothing that a worker leaves"):
        cluster.bring(str(tmp_path), {name: "0"}, tmp_path / "landing")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("s/f/2017-11", True),
        ("s/f/2016-12", True),
        ("s/f/2017-12", False),  # itself
        ("s/f/2018-01", False),  # later
        ("s/f/2017Q3", False),  # another kind of period
        ("s/f/2017-11--north", False),
        ("s/g/2017-11", False),
        ("t/f/2017-11", False),
        ("s/f/notes", False),
    ],
)
def test_a_report_is_sent_what_it_may_judge_and_no_more(name, found):
    assert cluster.judged(name, Edition("s", "f", "2017-12")) is found


@pytest.mark.long
def test_predictions_are_sent_once_a_run(project, over):
    project.family(
        "alpha",
        "import pandas as pd\nfrom types import SimpleNamespace\n"
        "from helpers.periods import Period\nfrom helpers.predictions import keep, kept\n"
        "params = SimpleNamespace(family='alpha', source=source, period=period, slice=slice,\n"
        "                         keeps_predictions=True)\n"
        "said = kept(params, [Period.parse(period).previous()])\n"
        "print([float(frame['expected'].sum()) for frame in said.frames.values()])\n"
        "keep(pd.DataFrame({'expected': [float(period[-2:])]}), params)",
        keeps=True,
    )
    written = []

    def look(job, outcome):
        folder = rooms(project) / "earlier"
        written.append({p.name: p.stat().st_mtime_ns for p in folder.glob("*")})

    done, worker = over("--family", "alpha", "--from", "2017-10", "--to", "2017-12", after=look)
    assert done.exit_code == 0, done.output
    assert project.text("alpha", "2017-12") == "[11.0]\n"
    assert [len(job.earlier) for job in worker.jobs] == [0, 1, 2]
    assert [len(names) for names in written] == [0, 1, 2]
    assert written[1].items() <= written[2].items()


@pytest.mark.long
def test_threads_and_memory_are_those_of_the_worker(project, over, monkeypatch):
    project.family("alpha", "print(os.environ['OMP_NUM_THREADS'])")
    seen = []
    executing = there._limits
    monkeypatch.setattr(there, "available_mb", lambda: 10_000.0)
    monkeypatch.setattr(there, "_limits", lambda given: seen.append(executing(given)) or seen[-1])
    done, worker = over(*ONE, "--jobs", "1")
    assert done.exit_code == 0, done.output
    assert project.text("alpha", "2017-12") == "1\n"
    assert worker.jobs[0].limits.memory_mb == 0
    assert seen[0].memory_mb == 8000


@pytest.mark.parametrize(
    ("limit", "slots", "share"), [(4 * 2**30, 2, 2048), (None, 4, 2500), (64 * 2**30, 1, 10_000)]
)
def test_a_thread_of_a_worker_has_its_share_of_the_workers_memory(limit, slots, share, monkeypatch):
    monkeypatch.setattr(there, "available_mb", lambda: 10_000.0)
    manager = type("Manager", (), {"memory_limit": limit})
    state = type("State", (), {"nthreads": slots})
    assert (
        there._memory_mb(type("Worker", (), {"memory_manager": manager, "state": state})) == share
    )


@pytest.mark.long
@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("python", "2.7.18", "python 2.7.18 here"),
        ("code", "other", "other code there"),
        ("versions", {"numpy": "1.0"}, "numpy 1.0 here"),
    ],
)
def test_a_worker_that_has_something_else_installed_refuses_with_a_word(
    project, over, monkeypatch, part, value, said
):
    ours = cluster.environment()
    changed = value if part != "versions" else {**ours["versions"], **value}
    monkeypatch.setattr(cluster, "environment", lambda: {**ours, part: changed})
    done, worker = over()
    assert done.exit_code == 1
    assert "WorkerDiffersError" in done.output
    assert said in done.output
    assert "begin the worker anew" in done.output
    assert len(worker.jobs) == 1
    assert not project.executed("alpha", "2017-12").exists()


@pytest.mark.long
def test_a_worker_whose_code_changed_after_it_began_refuses(project, over, monkeypatch):
    now = there.environment()
    monkeypatch.setattr(there, "_begun", lambda: {**now, "code": "earlier"})
    done, _ = over()
    assert "its code has changed since it began" in done.output


def test_a_job_that_does_not_say_its_memory_gets_it_from_its_worker():
    job = Job(Edition("s", "f", "2017-12"), "n", "l", {}, "", {}, Limits(memory_mb=300))
    assert there._limits(job.limits).memory_mb == 300
