"""From raw extracts to clean canonical tables, with the account and the quarantine."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from helpers.sources import relations, schemas
from helpers.sources.account import Account, Entry
from helpers.sources.canonical import ORDER, TABLES
from helpers.sources.converting import Converted, convert
from helpers.sources.declared import Declared
from helpers.sources.deriving import derive
from helpers.sources.gate import check_gate, check_rows
from helpers.sources.ledger import Ledger
from helpers.sources.mapping import DerivedTable, FileTable
from helpers.sources.rawfiles import files_of
from helpers.sources.reading import Raw, read
from helpers.sources.rules import apply_rules

NEVER = np.datetime64("NaT", "D")
_BROKEN = {
    "ragged_row": "The row has more or fewer cells than the header.",
    "oversized_cell": "A cell is longer than a spreadsheet's cell can be.",
}


@dataclass
class Work:
    """One table read from files, on its way."""

    name: str
    table: FileTable
    raw: Raw
    cells: Converted
    ledger: Ledger

    @property
    def live(self) -> pd.DataFrame:
        """The rows that are still in; their index is the raw row's number."""
        return self.cells.frame[self.ledger.live]


@dataclass
class Built:
    """Clean tables in canonical order, with the day from which each row is known."""

    tables: dict[str, pd.DataFrame]
    seen: dict[str, "np.ndarray[Any, Any]"]
    account: Account
    quarantine: dict[str, pd.DataFrame] = field(default_factory=dict)
    raw_rows: dict[str, int] = field(default_factory=dict)
    recheck_on: date | None = None


def build(declared: Declared, *, today: date) -> Built:
    """Return the clean tables of a source; `today` is the day that no sale can lie after.

    Raises:
        DataError: a file cannot be read, or a table does not pass the quality gate.
    """
    works = _read_all(declared)
    now = pd.Timestamp(today)
    recheck: list[date] = []
    for work in works.values():
        _row_by_row(work, now, recheck)
    derived = _derive_all(declared, works)
    relations.relate(works, derived)
    tables = {name: _finished(work) for name, work in works.items()} | derived
    seen = relations.seen_days(tables, works)
    account = _account(declared, works, tables, seen)
    quarantine = {name: _quarantined(work) for name, work in works.items()}
    built = Built({}, {}, account, {k: v for k, v in quarantine.items() if len(v)})
    for name in [name for name in ORDER if name in tables]:
        built.tables[name], built.seen[name] = relations.in_order(name, tables, seen)
        schemas.validate(name, built.tables[name], today=now)
    built.raw_rows = {
        name: int((work.raw.file == number).sum())
        for work in works.values()
        for number, name in enumerate(work.raw.names)
    }
    built.recheck_on = min(recheck, default=None)
    return built


def gate(declared: Declared, built: Built) -> None:
    """Refuse data that is worse than the mapping's limits allow.

    Raises:
        DataError: naming table, rules, counts, the first rows and where all of them were written.
    """
    check_gate(declared, built.account, built.quarantine)
    check_rows(declared, built.tables)


def _read_all(declared: Declared) -> dict[str, Work]:
    works: dict[str, Work] = {}
    for name in ORDER:
        table = declared.mapping.tables.get(name)
        if isinstance(table, FileTable):
            raw = read(table, files_of(table, declared.folder))
            cells = convert(raw, table, TABLES[name], local=declared.time_zone)
            works[name] = Work(name, table, raw, cells, Ledger(len(raw.frame)))
    return works


def _row_by_row(work: Work, now: pd.Timestamp, recheck: list[date]) -> None:
    ledger, cells = work.ledger, work.cells
    for fault, rows in work.raw.broken.items():
        ledger.end("quarantined", fault, rows, _BROKEN[fault])
    for column, rows in cells.trimmed.items():
        ledger.correct(f"trimmed_{column}", rows, "Blanks around an id keep it from matching.")
    apply_rules(work.table.rules, cells, ledger)
    for column, rows in cells.wrong.items():
        kind = TABLES[work.name].kind(column) or "value"
        reason = f"The cell holds something that is no {kind} in the declared form."
        ledger.end("quarantined", f"unreadable_{column}", rows, reason)
    for name, numbers in schemas.breaches(work.name, work.live, today=now).items():
        rows = np.isin(np.arange(len(ledger.live)), numbers)
        check = next((key for key in schemas.REASONS if name.startswith(key)), "")
        if check == "future":
            event = TABLES[work.name].event
            recheck.append(cells.frame.loc[rows, event].min().date())
        ledger.end("quarantined", name, rows, schemas.REASONS.get(check, ""))
    relations.unique_keys(work)
    _peculiar(work)


def _peculiar(work: Work) -> None:
    if work.name == "orders":
        revenue = work.cells.frame["revenue"].to_numpy()
        work.ledger.flag("negative_revenue", revenue < 0, "Returns: they lower the revenue.")
        work.ledger.flag("zero_revenue", revenue == 0, "Visits without revenue count as orders.")


def _derive_all(declared: Declared, works: dict[str, Work]) -> dict[str, pd.DataFrame]:
    plans = {
        name: table
        for name in ORDER
        if isinstance(table := declared.mapping.tables.get(name), DerivedTable)
    }
    for name, plan in plans.items():
        relations.agree(works[plan.derived_from], name, plan)
    return {name: derive(name, plan, works[plan.derived_from].live) for name, plan in plans.items()}


def _finished(work: Work) -> pd.DataFrame:
    kept = [name for name, column in work.table.columns.items() if column.keep]
    return work.live[kept]


def _account(
    declared: Declared,
    works: dict[str, Work],
    tables: dict[str, pd.DataFrame],
    seen: dict[str, "np.ndarray[Any, Any]"],
) -> Account:
    entries: list[Entry] = []
    derived: dict[str, str] = {}
    for name in [name for name in ORDER if name in tables]:
        plan = declared.mapping.tables[name]
        if isinstance(plan, DerivedTable):
            derived[name] = plan.derived_from
            frame = tables[name]
            amounts = frame["revenue"].to_numpy() if "revenue" in frame else None
            every = np.ones(len(frame), bool)
            entries.append(Entry.of(name, "kept", "", "", every, seen[name], amounts))
            continue
        work = works[name]
        days = relations.own_days(work)
        days[work.ledger.live] = seen[name]
        frame = work.cells.frame
        amounts = frame["revenue"].to_numpy() if "revenue" in frame else None
        entries += work.ledger.entries(name, days, amounts)
    account = Account.of(entries, derived)
    account.check(
        {n: len(works[n].raw.frame) if n in works else len(t) for n, t in tables.items()},
        {n: len(t) for n, t in tables.items()},
    )
    return account


def _quarantined(work: Work) -> pd.DataFrame:
    rules = work.ledger.quarantined()
    rows = list(rules.index)
    frame = work.raw.frame.loc[rows].astype("string").reset_index(drop=True)
    frame.insert(0, "row", [work.raw.label(row) for row in rows])
    frame.insert(1, "rule", rules.to_list())
    return frame
