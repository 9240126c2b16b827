"""What one report is called and where its files are."""

from dataclasses import dataclass
from pathlib import Path

from helpers import paths


@dataclass(frozen=True, order=True)
class Edition:
    """One report: a family for a source, a period and a slice of the customers."""

    source: str
    family: str
    period: str
    slice: str = "all"

    @property
    def stem(self) -> str:
        """The name of its files, without folder and ending."""
        return paths.stem(self.period, self.slice)

    @property
    def name(self) -> str:
        """`source/family/period[--slice]`: unique, and the same wherever it is written."""
        return f"{self.source}/{self.family}/{self.stem}"

    def __str__(self) -> str:
        """Return the edition as a reader calls it."""
        of = "" if self.slice == "all" else f", {self.slice}"
        return f"{self.family} {self.period} ({self.source}{of})"

    @property
    def notebook(self) -> Path:
        """Where the executed notebook is published from."""
        return paths.executed() / f"{self.name}.ipynb"

    @property
    def record(self) -> Path:
        """Where its fingerprint and the durations of its last run are kept."""
        return store() / "editions" / f"{self.name}.json"

    @property
    def failed(self) -> Path:
        """Where the last failed attempt can be read; the last good notebook stays where it is."""
        return store() / "failed" / f"{self.name}.ipynb"

    @property
    def running(self) -> Path:
        """The folder of its attempt in progress: journal, process ids, the notebook to come."""
        return store() / "running" / self.source / self.family / self.stem


def store() -> Path:
    """Return the folder of what the batch keeps for itself."""
    return paths.output() / "store"
