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


def open_progress(expected: dict[Edition, float | None], *, jobs: int) -> "Progress":
    """Return the view that suits where standard output goes.

    `expected` has the reports that are to run, with the seconds that each took last time.
    """
    if sys.stdout.isatty():
        from helpers.batch.live import Live

        return Live(expected, jobs=jobs)
    return Progress(expected, jobs=jobs)


class Progress:
    """One line for each report that ended, with the time left."""

    def __init__(
        self, expected: dict[Edition, float | None], *, jobs: int, to: TextIO | None = None
    ) -> None:
        self.total, self.jobs, self.to = len(expected), jobs, to or sys.stdout
        self.waiting, self.running = dict(expected), dict[Edition, float]()
        self._took: list[tuple[float, float | None]] = []

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
        self._end(record)
        self.line(self.text(record))

    def _end(self, record: Record) -> None:
        self.running.pop(record.edition, None)
        before = self.waiting.pop(record.edition, None)
        self._took.append((record.seconds.get("total", 0.0), before))

    @property
    def done(self) -> int:
        """How many reports ended."""
        return len(self._took)

    def text(self, record: Record) -> str:
        """Return the line that tells how a report ended."""
        took = f" in {record.seconds['total']:.1f} s" if "total" in record.seconds else ""
        left = f", {self.left()}" if self.done < self.total else ""
        mark = _MARKS.get(record.status, record.status)
        return f"[{self.done}/{self.total}] {record.edition}: {mark}{took}{left}"

    def line(self, text: str) -> None:
        """Write a line."""
        print(text, file=self.to, flush=True)

    def left(self) -> str:
        """Return the time left: what the rest took last time, at the pace of this time."""
        known = [(took, before) for took, before in self._took if before]
        pace = sum(t for t, _ in known) / sum(b for _, b in known) if known else 1.0
        takes = [before * pace for before in self.waiting.values() if before]
        takes += [took for took, before in self._took if not before]
        if not takes:
            return "time left not known yet"
        usual, now = sum(takes) / len(takes), time.monotonic()
        rest = [
            max(0.0, (before * pace if before else usual) - (now - self.running.get(edition, now)))
            for edition, before in self.waiting.items()
        ]
        return f"{span(max(sum(rest) / self.jobs, max(rest, default=0.0)))} left"


def counted(number: int, what: str) -> str:
    """Return a number of things: `1 report`, `12 reports`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def span(seconds: float) -> str:
    """Return a duration as a reader says it: `8 s`, `2 min 05 s`, `1 h 03 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
