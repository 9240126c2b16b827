"""Order, retries and back-off of a run, on an executor that answers at once."""

import os
from concurrent.futures import BrokenExecutor, Executor, Future

import pytest

from helpers.batch import runner as runners
from helpers.batch.edition import Edition
from helpers.batch.job import Failure, Job, Limits, Outcome
from helpers.batch.runner import Runner, Way
from helpers.errors import ParameterError


def job(period, tmp_path):
    return Job(Edition("s", "f", period), "n.ipynb", str(tmp_path / period), {}, "k", {}, Limits())


class LostResultError(Exception):
    """Stands for an error of a cluster, which is known by where it is defined."""

    __module__ = "distributed.client"


class Scripted(Executor):
    """Gives each edition the outcomes of a script, one an attempt; counts jobs in hand."""

    def __init__(self, script):
        self.script, self.calls, self.in_hand, self.most = script, [], 0, 0

    def submit(self, call, job):
        self.calls.append((job.edition.period, job.attempt))
        self.in_hand += 1
        self.most = max(self.most, self.in_hand)
        future = Future()
        answer = self.script.get(job.edition.period, ["ok"])[job.attempt - 1]
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(Outcome(answer, Failure(1, "E", "e") if answer != "ok" else None))
        self.in_hand -= 1
        return future


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(runners, "BACK_OFF", (0.0, 0.0))


def run(script, tmp_path, periods=("2017-01", "2017-02"), **options):
    executor, ended = Scripted(script), []
    Runner(
        executor, 2, on_start=lambda job: None,
        on_end=lambda job, outcome: ended.append((job.edition.period, outcome)), **options,
    ).run(job(period, tmp_path) for period in periods)  # fmt: skip
    return executor, dict(ended)


def test_jobs_begin_in_the_order_given(tmp_path):
    executor, _ = run({}, tmp_path, ("2017-03", "2017-01", "2017-02"))
    assert executor.calls == [("2017-03", 1), ("2017-01", 1), ("2017-02", 1)]


def test_a_kernel_that_died_is_tried_again(tmp_path):
    executor, ended = run({"2017-01": ["died", "died", "ok"]}, tmp_path)
    assert [call for call in executor.calls if call[0] == "2017-01"] == [
        ("2017-01", 1), ("2017-01", 2), ("2017-01", 3),
    ]  # fmt: skip
    assert ended["2017-01"].status == "ok"


def test_after_its_last_attempt_it_has_failed(tmp_path):
    executor, ended = run({"2017-01": ["died"] * 3}, tmp_path, retries=1)
    assert len([call for call in executor.calls if call[0] == "2017-01"]) == 2
    assert ended["2017-01"].status == "died"


def test_a_cell_that_raised_is_not_tried_again(tmp_path):
    executor, ended = run({"2017-01": ["failed"]}, tmp_path)
    assert executor.calls.count(("2017-01", 1)) == 1
    assert ended["2017-01"].status == "failed"


@pytest.mark.parametrize(
    ("error", "status", "attempts"),
    [
        (BrokenExecutor("gone"), "died", 3),
        (LostResultError("a cluster's own error"), "died", 3),
        (ValueError("no notebook"), "failed", 1),
        (OSError(28, os.strerror(28)), "failed", 1),
        (ParameterError("no such name"), "failed", 1),
    ],
)
def test_errors_of_the_executor_become_outcomes(tmp_path, error, status, attempts):
    executor, ended = run({"2017-01": [error] * 3}, tmp_path)
    assert ended["2017-01"].status == status
    assert len([call for call in executor.calls if call[0] == "2017-01"]) == attempts
    assert ended["2017-02"].status == "ok"


class FaultyWay(Way):
    """Fails to send or to fetch one edition, so many times, with an error of any kind."""

    def __init__(self, period, *, send=(), fetch=()):
        self.period, self.sending, self.fetching = period, list(send), list(fetch)

    def send(self, job):
        if job.edition.period == self.period and self.sending:
            raise self.sending.pop(0)
        return job

    def fetch(self, job, outcome):
        if job.edition.period == self.period and self.fetching:
            raise self.fetching.pop(0)


class StoreError(Exception):
    """Stands for an error of an object store, which is no OSError."""


@pytest.mark.parametrize("part", ["send", "fetch"])
@pytest.mark.parametrize(
    ("errors", "status", "attempts"),
    [
        ([StoreError("throttled")], "ok", 2),
        ([ConnectionResetError()], "ok", 2),
        ([StoreError("gone")] * 3, "died", 3),
    ],
)
def test_a_store_that_fails_costs_the_report_an_attempt_and_not_the_run(
    tmp_path, part, errors, status, attempts
):
    way = FaultyWay("2017-01", **{part: errors})
    executor, ended = run({"2017-01": ["ok"] * 3}, tmp_path, way=way)
    assert ended["2017-01"].status == status
    assert ended["2017-02"].status == "ok"
    if part == "fetch":
        assert len([call for call in executor.calls if call[0] == "2017-01"]) == attempts
    if status == "died":
        assert "StoreError: gone" in ended["2017-01"].error.evalue


def test_a_place_that_cannot_be_used_is_said_and_not_tried_again(tmp_path):
    way = FaultyWay("2017-01", send=[ParameterError("no such store")] * 3)
    _, ended = run({"2017-01": ["ok"] * 3}, tmp_path, way=way)
    assert ended["2017-01"].status == "failed"
    assert ended["2017-01"].error.evalue == "no such store"


def test_a_folder_that_cannot_be_written_fails_its_report_alone(tmp_path):
    def start(job):
        if job.edition.period == "2017-01":
            raise OSError(28, os.strerror(28), "planned.json")

    executor, ended = Scripted({}), {}
    Runner(
        executor, 2, on_start=start,
        on_end=lambda job, outcome: ended.update({job.edition.period: outcome}),
    ).run([job("2017-01", tmp_path), job("2017-02", tmp_path)])  # fmt: skip
    assert (ended["2017-01"].status, ended["2017-02"].status) == ("failed", "ok")
    assert ended["2017-01"].error.evalue == f"{os.strerror(28)} (planned.json)"
    assert executor.calls == [("2017-02", 1)]


def test_an_executor_that_takes_nothing_costs_each_report_its_attempts(tmp_path):
    class Closed(Executor):
        def submit(self, call, job):
            raise RuntimeError("cannot schedule new futures after shutdown")

    ended = {}
    Runner(
        Closed(), 2, on_start=lambda job: None,
        on_end=lambda job, outcome: ended.update({job.edition.period: outcome}),
    ).run([job("2017-01", tmp_path), job("2017-02", tmp_path)])  # fmt: skip
    assert {outcome.status for outcome in ended.values()} == {"died"}
    assert "cannot schedule new futures" in ended["2017-01"].error.evalue


class Held(Scripted):
    """Answers only when asked to, so that what begins meanwhile can be seen."""

    def __init__(self, script):
        super().__init__(script)
        self.open = []

    def submit(self, call, job):
        future = super().submit(call, job)
        held = Future()
        self.open.append((held, future))
        return held

    def release(self):
        held, future = self.open.pop(0)
        held.set_result(future.result())


def test_a_report_waits_for_the_earlier_one_and_no_other_waits_with_it(tmp_path, monkeypatch):
    executor, begun = Held({"2017-01": ["died", "ok"]}), []
    pair = {Edition("s", "f", "2017-02"): Edition("s", "f", "2017-01")}
    waited = []

    def wait(futures, timeout, return_when):
        waited.append((sorted(begun), timeout))
        executor.release()
        return {future for future in futures if future.done()}, set()

    monkeypatch.setattr(runners, "wait", wait)
    Runner(
        executor, 3, on_start=lambda job: begun.append(job.edition.period),
        on_end=lambda job, outcome: begun.remove(job.edition.period),
    ).run((job(p, tmp_path) for p in ("2017-01", "2017-02", "2017-03")), after=pair)  # fmt: skip
    assert waited[0] == (["2017-01", "2017-03"], None)  # nothing to poll for: no busy waiting
    order = [period for period, _ in executor.calls]
    assert order == ["2017-01", "2017-03", "2017-01", "2017-02"]
