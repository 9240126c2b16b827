"""One table on its way from raw rows to clean ones."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.sources.canonical import TABLES, TableSpec
from helpers.sources.converting import Converted
from helpers.sources.ledger import Ledger
from helpers.sources.mapping import FileTable
from helpers.sources.raw import Raw
from helpers.sources.texts import places

NEVER = np.datetime64("NaT", "D")

# A row of these is not known before the one it belongs to.
FOLLOWS = {"order_lines": "orders", "campaign_contacts": "campaigns"}


@dataclass
class Work:
    """A table that is read from files: raw rows, converted cells, and the fate of each row.

    `time` is the column that dates its rows where a table is derived from it and says so.
    """

    name: str
    table: FileTable
    raw: Raw
    cells: Converted
    ledger: Ledger
    time: str | None = None

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

    def days(self, works: "dict[str, Work]") -> Any:
        """Return the day of each raw row by a time of its own and by the row it follows.

        NaT where neither has one. A row that is left out is dated so, one that is used by
        `knowing.seen_days`.
        """
        frame = self.cells.frame
        own = next((n for n in (self.time, self.spec.event, "ordered_at") if n in frame), None)
        found = np.full(len(frame), NEVER) if own is None else day_of(frame[own])
        if own is not None and self.name not in FOLLOWS:
            return found
        parent = next((works[p] for p in self.spec.parents.values() if p in works), None)
        if parent is None or parent.spec.event not in parent.cells.frame:
            return found
        key = parent.spec.key[0]
        start = looked_up(frame[key], parent.cells.frame[key], parent.days(works))
        return np.fmax(start, found)


def looked_up(values: "pd.Series[Any]", ids: "pd.Series[Any]", days: Any) -> Any:
    """Return the day of each text by the first of the ids that equals it, NaT where none does."""
    first = ~ids.duplicated().to_numpy(bool) & ids.notna().to_numpy(bool)
    place = places(values, ids[first])
    found = np.full(len(values), NEVER)
    found[place >= 0] = days[first][place[place >= 0]]
    return found


def day_of(times: "pd.Series[Any]") -> Any:
    """Return times as datetime64[D]."""
    return times.to_numpy(dtype="datetime64[ns]").astype("datetime64[D]")


def day_ranks(days: Any) -> np.ndarray:
    """Return numbers that sort like the days, NaT last."""
    ranks = days.astype("int64")
    ranks[np.isnat(days)] = np.iinfo(np.int64).max
    return np.asarray(ranks)
