"""The live view of a run on a terminal."""

import time
from typing import Any

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from helpers.batch.edition import Edition
from helpers.batch.progress import Progress, span
from helpers.batch.record import Record

_STYLES = {"ok": "green", "failed": "bold red"}


class Live(Progress):
    """What runs and since when, a bar, the time left; ended reports scroll by above."""

    def __init__(self, expected: dict[Edition, float | None], *, jobs: int) -> None:
        super().__init__(expected, jobs=jobs)
        self.console = Console()
        self._live = RichLive(self, console=self.console, refresh_per_second=4, transient=True)

    def __enter__(self) -> "Live":
        """Show the view."""
        self._live.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        """Take the view away."""
        self._live.__exit__(*details)

    def __rich__(self) -> Group:
        """Return the view as it is now."""
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=max(1, self.total), completed=self.done, width=30),
            f"{self.done} of {self.total} reports, {self.left()}",
        )
        now = time.monotonic()
        lines = [
            Text(f"  runs  {edition}  {span(now - began)}", style="dim")
            for edition, began in list(self.running.items())
        ]
        return Group(*lines, bar)

    def end(self, record: Record) -> None:
        """Note that a report ended."""
        self._end(record)
        self.console.print(Text(self.text(record), style=_STYLES.get(record.status, "")))

    def line(self, text: str) -> None:
        """Write a line above the bar."""
        self.console.print(Text(text))
