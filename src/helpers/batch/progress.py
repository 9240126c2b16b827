"""What a run says while it runs: a live view on a terminal, plain lines elsewhere."""

import sys
import time
from typing import TextIO

from helpers.batch.edition import Edition
from helpers.batch.record import Record

_MARKS = {
    "ok": "done",
    "failed": "FAILED",
    "fresh": "up to date",
    "not_applicable": "not applicable",
}


def open_progress(total: int, *, jobs: int, expected: float | None) -> "Progress":
    """Return the view that suits where standard output goes."""
    if sys.stdout.isatty():
        from helpers.batch.live import Live

        return Live(total, jobs=jobs, expected=expected)
    return Progress(total, jobs=jobs, expected=expected)


class Progress:
    """One line for each report that ended, with the time left."""

    def __init__(
        self, total: int, *, jobs: int, expected: float | None, to: TextIO | None = None
    ) -> None:
        self.total, self.jobs, self.to = total, jobs, to or sys.stdout
        self.done, self.expected = 0, expected
        self.running: dict[Edition, float] = {}
        self._began = time.monotonic()

    def __enter__(self) -> "Progress":
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.to.flush()

    def start(self, edition: Edition, attempt: int) -> None:
        """Note that a report starts."""
        self.running[edition] = time.monotonic()
        if attempt > 1:
            self.line(f"again  {edition}, attempt {attempt}")

    def end(self, record: Record) -> None:
        """Note that a report ended."""
        self.running.pop(record.edition, None)
        self.done += 1
        self.line(self.text(record))

    def text(self, record: Record) -> str:
        """Return the line that tells how a report ended."""
        took = f" in {record.seconds['total']:.1f} s" if "total" in record.seconds else ""
        left = f", {self.left()} left" if self.done < self.total else ""
        mark = _MARKS.get(record.status, record.status)
        return f"[{self.done}/{self.total}] {record.edition}: {mark}{took}{left}"

    def line(self, text: str) -> None:
        """Write a line."""
        print(text, file=self.to, flush=True)

    def left(self) -> str:
        """Return the time left: from earlier durations at first, then from the pace so far."""
        elapsed = time.monotonic() - self._began
        pace = elapsed / self.done * self.total if self.done else elapsed
        guess = pace if self.expected is None else max(self.expected, pace if self.done else 0.0)
        return span(max(0.0, guess - elapsed))


def span(seconds: float) -> str:
    """Return a duration as a reader says it: `8 s`, `2 min 05 s`, `1 h 03 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
