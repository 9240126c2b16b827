"""One table on its way from raw rows to clean ones."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.sources.canonical import TABLES, TableSpec
from helpers.sources.converting import Converted
from helpers.sources.ledger import Ledger
from helpers.sources.mapping import FileTable
from helpers.sources.reading import Raw

NEVER = np.datetime64("NaT", "D")


@dataclass
class Work:
    """A table that is read from files: raw rows, converted cells, and the fate of each row."""

    name: str
    table: FileTable
    raw: Raw
    cells: Converted
    ledger: Ledger

    @property
    def spec(self) -> TableSpec:
        """What the canonical table has to be."""
        return TABLES[self.name]

    @property
    def live(self) -> pd.DataFrame:
        """The rows that are still in; their index is the raw row's number."""
        return self.cells.frame[self.ledger.live]

    def rows(self, labels: "pd.Index[Any]") -> np.ndarray:
        """Return a mask over all raw rows that is True at these row numbers."""
        hit = np.zeros(len(self.ledger.live), bool)
        hit[labels.to_numpy(dtype=np.int64)] = True
        return hit

    def own_days(self) -> Any:
        """Return the day of each raw row by a time of its own, NaT where it has none."""
        events = [self.spec.event, "ordered_at"]
        column = next((name for name in events if name in self.cells.frame), None)
        if column is None:
            return np.full(len(self.cells.frame), NEVER)
        return day_of(self.cells.frame[column])


def day_of(times: "pd.Series[Any]") -> Any:
    """Return times as datetime64[D]."""
    return times.to_numpy(dtype="datetime64[ns]").astype("datetime64[D]")
