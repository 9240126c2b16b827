"""What a run says while it runs."""

import io

import pytest

from helpers.batch.edition import Edition
from helpers.batch.live import Live
from helpers.batch.progress import Progress, open_progress, span
from helpers.batch.record import Record

EDITION = Edition("small", "churn", "2017-09")


OTHER = Edition("small", "churn", "2017-10")
THIRD = Edition("small", "churn", "2017-11")


def record(status="ok", total=2.04, edition=EDITION):
    return Record(edition, status, "current", seconds={"total": total})


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.4, "59 s"), (125, "2 min 05 s"), (3600, "1 h 00 min"), (7380, "2 h 03 min")],
)
def test_durations_are_said_as_a_reader_says_them(seconds, said):
    assert span(seconds) == said


def test_without_a_terminal_each_report_is_a_plain_line():
    to = io.StringIO()
    progress = Progress({EDITION: None, OTHER: None}, jobs=1, to=to)
    progress.start(EDITION, 1)
    progress.end(record())
    progress.start(OTHER, 2)
    progress.end(record("failed", edition=OTHER))
    lines = to.getvalue().splitlines()
    assert lines[0] == "[1/2] churn 2017-09 (small): done in 2.0 s, 2 s left"
    assert lines[1:] == [
        "again  churn 2017-10 (small), attempt 2",
        "[2/2] churn 2017-10 (small): FAILED in 2.0 s",
    ]
    assert "\x1b" not in to.getvalue()


def test_the_time_left_is_what_the_rest_took_last_time_at_todays_pace():
    progress = Progress({EDITION: 1.0, OTHER: 10.0, THIRD: 20.0}, jobs=2, to=io.StringIO())
    assert progress.left() == "20 s left"  # the longest decides, not (1 + 10 + 20) / 2
    progress.end(record(total=2.0))
    assert progress.left() == "40 s left"  # twice as slow as last time


def test_without_an_earlier_run_the_time_left_is_not_known_at_first():
    progress = Progress({EDITION: None, OTHER: None}, jobs=1, to=io.StringIO())
    assert progress.left() == "time left not known yet"


def test_the_view_follows_the_output(capsys):
    assert type(open_progress({EDITION: None}, jobs=1)) is Progress


def test_on_a_terminal_what_runs_is_shown_with_what_is_done(monkeypatch):
    view = Live({EDITION: 20.0, OTHER: 40.0, THIRD: None}, jobs=2)
    view.start(EDITION, 1)
    with view.console.capture() as shown:
        view.console.print(view)
    assert "churn 2017-09 (small)" in shown.get()
    assert "0 of 3 reports" in shown.get()
    assert "45 s left" in shown.get()  # (20 + 40 + their mean) / 2 jobs
    with view.console.capture() as shown:
        view.end(record())
    assert "[1/3] churn 2017-09 (small): done in 2.0 s" in shown.get()
