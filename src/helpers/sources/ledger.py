"""Follow every raw row of a table to its end: kept, corrected, removed or quarantined."""

from typing import Any, Literal

import numpy as np
import pandas as pd

from helpers.sources.account import Entry

Fate = Literal["removed", "quarantined"]


class Ledger:
    """What happened to the raw rows of one table.

    A row that a rule removes or quarantines is out: later rules do not see it, so each row has one
    fate and the fates add up. Corrections count for rows that stay; a row corrected twice counts
    for the first rule. Flags mark rows and change nothing.
    """

    def __init__(self, rows: int) -> None:
        self.live = np.ones(rows, bool)
        self._rule = np.full(rows, -1, np.int64)
        self._corrected = np.full(rows, -1, np.int64)
        self._names: list[tuple[str, str, str]] = []
        self._flags: list[tuple[int, np.ndarray]] = []

    def end(self, fate: Fate, rule: str, rows: np.ndarray, reason: str) -> np.ndarray:
        """Take rows out under a rule; return those that were still in."""
        hit = rows & self.live
        if hit.any():
            self._rule[hit] = self._number(fate, rule, reason)
            self.live &= ~hit
        return hit

    def correct(self, rule: str, rows: np.ndarray, reason: str) -> None:
        """Note that a rule changed rows."""
        hit = rows & self.live & (self._corrected < 0)
        if hit.any():
            self._corrected[hit] = self._number("corrected", rule, reason)

    def flag(self, rule: str, rows: np.ndarray, reason: str) -> None:
        """Note that rows are peculiar and stay as they are."""
        if (rows & self.live).any():
            self._flags.append((self._number("flagged", rule, reason), rows.copy()))

    def _number(self, outcome: str, rule: str, reason: str) -> int:
        name = (outcome, rule, reason)
        if name not in self._names:
            self._names.append(name)
        return self._names.index(name)

    def quarantined(self) -> "pd.Series[Any]":
        """Return the quarantined rows' numbers and, as values, the rule that each broke."""
        numbers = [n for n, name in enumerate(self._names) if name[0] == "quarantined"]
        rows = np.flatnonzero(np.isin(self._rule, numbers))
        return pd.Series([self._names[n][1] for n in self._rule[rows]], index=rows, dtype=object)

    def entries(self, table: str, days: np.ndarray, amounts: np.ndarray | None) -> list[Entry]:
        """Return the account's entries: rows and amounts a rule, and a day where rows have one."""
        fate = self._rule.copy()
        changed = self.live & (self._corrected >= 0)
        fate[changed] = self._corrected[changed]
        found = [Entry.of(table, "kept", "", "", self.live & ~changed, days, amounts)]
        for number, (outcome, rule, reason) in enumerate(self._names):
            if outcome == "flagged":
                rows = np.logical_or.reduce([r for n, r in self._flags if n == number]) & self.live
            else:
                rows = fate == number
            if rows.any():
                found.append(Entry.of(table, outcome, rule, reason, rows, days, amounts))
        return found
