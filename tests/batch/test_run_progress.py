"""What a run says while it runs."""

import io

import pytest

from helpers.batch.edition import Edition
from helpers.batch.live import Live
from helpers.batch.progress import Progress, open_progress, span
from helpers.batch.record import Record

EDITION = Edition("small", "churn", "2017-09")


def record(status="ok", total=2.04):
    return Record(EDITION, status, "current", seconds={"total": total})


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.4, "59 s"), (125, "2 min 05 s"), (3600, "1 h 00 min"), (7380, "2 h 03 min")],
)
def test_durations_are_said_as_a_reader_says_them(seconds, said):
    assert span(seconds) == said


def test_without_a_terminal_each_report_is_a_plain_line():
    to = io.StringIO()
    progress = Progress(2, jobs=1, expected=10.0, to=to)
    progress.start(EDITION, 1)
    progress.end(record())
    progress.start(EDITION, 2)
    progress.end(record("failed"))
    lines = to.getvalue().splitlines()
    assert lines[0].startswith("[1/2] churn 2017-09 (small): done in 2.0 s, ")
    assert lines[0].endswith(" s left")
    assert lines[1:] == [
        "again  churn 2017-09 (small), attempt 2",
        "[2/2] churn 2017-09 (small): FAILED in 2.0 s",
    ]
    assert "\x1b" not in to.getvalue()


def test_the_view_follows_the_output(capsys):
    assert type(open_progress(1, jobs=1, expected=None)) is Progress


def test_on_a_terminal_what_runs_is_shown_with_what_is_done(monkeypatch):
    view = Live(3, jobs=2, expected=60.0)
    view.start(EDITION, 1)
    with view.console.capture() as shown:
        view.console.print(view)
    assert "churn 2017-09 (small)" in shown.get()
    assert "0 of 3 reports" in shown.get()
    assert "left" in shown.get()
    with view.console.capture() as shown:
        view.end(record())
    assert "[1/3] churn 2017-09 (small): done in 2.0 s" in shown.get()
