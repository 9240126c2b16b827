"""The account of cleaning: every raw row is kept, corrected, removed or quarantined, by name.

A page for a period shows the account of the rows dated up to its last day, so that it reads the
same whenever it is made. Rows left out that nothing dates count on every day: better told twice
than never.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from helpers.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FATES = ("kept", "corrected", "removed", "quarantined")


@dataclass(frozen=True)
class Entry:
    """Rows of one table with one outcome under one rule.

    Attributes:
        table: the canonical table.
        outcome: kept, corrected, removed, quarantined; or flagged, which is no fate.
        rule: the rule's name; empty for rows that no rule touched.
        rows: how many.
        amount: their revenue in the source's currency, None where the table has none. What a rule
            removed is told as it stood in the extract.
        reason: why the rule is there.
        by_day: (day or None, rows, amount), what `as_of` sums.
    """

    table: str
    outcome: str
    rule: str
    rows: int
    amount: float | None
    reason: str
    by_day: tuple[tuple[str | None, int, float | None], ...] = field(repr=False, default=())

    @classmethod
    def of(
        cls,
        table: str,
        outcome: str,
        rule: str,
        reason: str,
        rows: "np.ndarray[Any, Any]",
        days: "np.ndarray[Any, Any]",
        amounts: "np.ndarray[Any, Any] | None",
    ) -> "Entry":
        """Return the entry of the rows that are True; days are datetime64[D], NaT if unknown."""
        import numpy as np

        unique, place = np.unique(days[rows].astype("int64"), return_inverse=True)
        counts = np.bincount(place, minlength=len(unique))
        sums = None
        if amounts is not None:
            sums = np.bincount(place, weights=np.nan_to_num(amounts[rows]), minlength=len(unique))
        known = unique.astype("datetime64[D]")
        by_day = tuple(
            (
                None if np.isnat(known[n]) else str(known[n]),
                int(counts[n]),
                None if sums is None else round(float(sums[n]), 4),
            )
            for n in range(len(unique))
        )
        return cls._summed(table, outcome, rule, reason, by_day)

    @classmethod
    def _summed(cls, table: str, outcome: str, rule: str, reason: str, by_day: Any) -> "Entry":
        amounts = [amount for _, _, amount in by_day if amount is not None]
        return cls(
            table=table,
            outcome=outcome,
            rule=rule,
            rows=sum(rows for _, rows, _ in by_day),
            amount=round(sum(amounts), 4) if amounts else None,
            reason=reason,
            by_day=tuple(by_day),
        )

    def until(self, day: date) -> "Entry":
        """Return the part of the entry that is dated up to that day.

        Rows without a day that are used (a customer nobody has met yet) are not known on any day;
        rows without a day that are left out are known on every day.
        """
        last = day.isoformat()
        undated = self.outcome in {"removed", "quarantined"}
        seen = tuple(p for p in self.by_day if (undated if p[0] is None else p[0] <= last))
        return self._summed(self.table, self.outcome, self.rule, self.reason, seen)

    def to_json(self) -> list[Any]:
        """Return the entry as plain data for the manifest."""
        return [self.table, self.outcome, self.rule, self.reason, [list(d) for d in self.by_day]]

    @classmethod
    def from_json(cls, given: list[Any]) -> "Entry":
        """Return the entry that `to_json` wrote."""
        table, outcome, rule, reason, by_day = given
        return cls._summed(table, outcome, rule, reason, tuple(tuple(day) for day in by_day))


@dataclass(frozen=True)
class TableAccount:
    """The account of one table: `raw` = kept + corrected + removed + quarantined.

    `derived_from` names the table whose rows were summed up into this one; such a table has no raw
    rows of its own, and all its rows are kept.
    """

    table: str
    entries: tuple[Entry, ...]
    derived_from: str | None = None

    def _rows(self, outcome: str) -> int:
        return sum(entry.rows for entry in self.entries if entry.outcome == outcome)

    def _by_rule(self, outcome: str) -> dict[str, int]:
        found = (entry for entry in self.entries if entry.outcome == outcome and entry.rows)
        return {entry.rule: entry.rows for entry in found}

    @property
    def raw(self) -> int:
        """Number of raw rows."""
        return sum(self._rows(outcome) for outcome in FATES)

    @property
    def kept(self) -> int:
        """Rows taken over as they are."""
        return self._rows("kept")

    @property
    def corrected(self) -> dict[str, int]:
        """Rows taken over after a correction, by rule."""
        return self._by_rule("corrected")

    @property
    def removed(self) -> dict[str, int]:
        """Rows left out on purpose, by rule."""
        return self._by_rule("removed")

    @property
    def quarantined(self) -> dict[str, int]:
        """Rows that cannot be trusted, by rule."""
        return self._by_rule("quarantined")

    @property
    def flagged(self) -> dict[str, int]:
        """Peculiar rows that stay, by rule: part of those kept or corrected."""
        return self._by_rule("flagged")

    @property
    def used(self) -> int:
        """Rows of the canonical table: kept and corrected."""
        return self.kept + sum(self.corrected.values())


@dataclass(frozen=True)
class Account:
    """The account of a source, a table at a time."""

    tables: dict[str, TableAccount]

    @classmethod
    def of(cls, entries: Iterable[Entry], derived: dict[str, str]) -> "Account":
        """Return the account of these entries; `derived` says which table came from which."""
        grouped: dict[str, list[Entry]] = {}
        for entry in entries:
            grouped.setdefault(entry.table, []).append(entry)
        return cls(
            {
                table: TableAccount(table, tuple(found), derived.get(table))
                for table, found in grouped.items()
            }
        )

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, table by table."""
        return tuple(entry for table in self.tables.values() for entry in table.entries)

    def until(self, day: date) -> "Account":
        """Return the account of the rows dated up to that day; see `Entry.until`."""
        derived = {t.table: t.derived_from for t in self.tables.values() if t.derived_from}
        return Account.of((entry.until(day) for entry in self.entries), derived)

    def check(self, raw: dict[str, int], used: dict[str, int]) -> None:
        """Hold the account against the rows that were read and those that were written.

        Raises:
            DataError: the fates of a table do not add up to its rows: a fault of the cleaning.
        """
        for name, table in self.tables.items():
            for what, sum_, real in (("raw", table.raw, raw), ("used", table.used, used)):
                if sum_ != real[name]:
                    raise DataError(
                        f"the account of {name} does not add up: {sum_:,} {what} rows, "
                        f"and there are {real[name]:,}",
                        hint="This is a fault of the cleaning, not of the data: please report it.",
                    )

    def frame(self) -> "pd.DataFrame":
        """Return the account as a table; derived tables, which have no raw rows, are left out.

        Returns:
            One row an entry with rows: `table`, `outcome`, `rule`, `rows` (int), `share` of the
            table's raw rows (float, 0 to 1), `amount` (float, source's currency), `reason`.
        """
        import pandas as pd

        rows = [
            {
                "table": entry.table,
                "outcome": entry.outcome,
                "rule": entry.rule,
                "rows": entry.rows,
                "share": entry.rows / raw if (raw := self.tables[entry.table].raw) else 0.0,
                "amount": float("nan") if entry.amount is None else entry.amount,
                "reason": entry.reason,
            }
            for entry in self.entries
            if entry.rows and not self.tables[entry.table].derived_from
        ]
        columns = ["table", "outcome", "rule", "rows", "share", "amount", "reason"]
        return pd.DataFrame(rows, columns=columns)
