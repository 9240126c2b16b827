"""From raw extracts to clean canonical tables, with the account and the quarantine."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from helpers.sources import relations, schemas
from helpers.sources.account import Account, Entry
from helpers.sources.canonical import ORDER, TABLES
from helpers.sources.converting import convert
from helpers.sources.declaration import Declaration
from helpers.sources.deriving import derive
from helpers.sources.knowing import in_order, seen_days
from helpers.sources.ledger import Ledger
from helpers.sources.mapping import DerivedTable, FileTable
from helpers.sources.raw import BLANK, BROKEN
from helpers.sources.rawfiles import files_of
from helpers.sources.reading import read
from helpers.sources.rules import apply_rules
from helpers.sources.work import Work


@dataclass(frozen=True)
class Built:
    """What a source's raw files come to.

    Attributes:
        tables: the clean tables, in canonical order of tables and rows.
        seen: per table, the day (datetime64[D]) from which each row is known.
        account: every raw row's fate.
        quarantine: per table, the raw rows that cannot be trusted: `row`, `rule`, raw cells.
        raw_rows: per raw file, how many rows it holds.
        recheck_on: the first day on which a row that lay in the future will have come to pass.
    """

    tables: dict[str, pd.DataFrame]
    seen: dict[str, Any]
    account: Account
    quarantine: dict[str, pd.DataFrame]
    raw_rows: dict[str, int]
    recheck_on: date | None


def build(declared: Declaration, *, today: date) -> Built:
    """Return the clean tables of a source; `today` is the day that no sale can lie after.

    Raises:
        DataError: a file is missing or cannot be read.
    """
    now = pd.Timestamp(today)
    works = _read_all(declared)
    future = [day for work in works.values() if (day := _row_by_row(work, now))]
    relations.relate(works)
    plans = _plans(declared)
    for name, plan in plans.items():
        relations.agree(works[plan.derived_from], name, plan)
    derived = {
        name: derive(name, plan, works[plan.derived_from].live) for name, plan in plans.items()
    }
    relations.relate_to_derived(works, derived, plans)
    found = {name: _finished(work) for name, work in works.items()} | derived
    seen = seen_days(found)
    ordered = {name: in_order(name, found[name], seen[name]) for name in ORDER if name in found}
    tables = {name: frame for name, (frame, _) in ordered.items()}
    for name, frame in tables.items():
        schemas.validate(name, frame, today=now)
    return Built(
        tables=tables,
        seen={name: days for name, (_, days) in ordered.items()},
        account=_account(works, plans, found, seen),
        quarantine={n: rows for n, work in works.items() if len(rows := _quarantined(work))},
        raw_rows=_raw_rows(works),
        recheck_on=min(future, default=None),
    )


def _read_all(declared: Declaration) -> dict[str, Work]:
    works: dict[str, Work] = {}
    for name in ORDER:
        table = declared.mapping.tables.get(name)
        if isinstance(table, FileTable):
            raw = read(table, files_of(table, declared.folder), root=declared.folder)
            cells = convert(raw, table, TABLES[name], local=declared.time_zone)
            works[name] = Work(name, table, raw, cells, Ledger(len(raw.frame)))
    return works


def _plans(declared: Declaration) -> dict[str, DerivedTable]:
    tables = declared.mapping.tables
    return {n: plan for n in ORDER if isinstance(plan := tables.get(n), DerivedTable)}


def _row_by_row(work: Work, now: pd.Timestamp) -> date | None:
    """Give rows their fate by what they hold; return the first day that lies in the future."""
    ledger, cells = work.ledger, work.cells
    ledger.end(
        "removed", BLANK, work.raw.broken.get(BLANK, ~ledger.live), "No cell holds anything."
    )
    for fault, reason in BROKEN.items():
        if fault in work.raw.broken:
            ledger.end("quarantined", fault, work.raw.broken[fault], reason)
    for column, rows in cells.trimmed.items():
        ledger.correct(f"trimmed_{column}", rows, "Blanks around an id keep it from matching.")
    apply_rules(work.table.rules, cells, ledger)
    for column, rows in cells.wrong.items():
        kind = work.table.columns[column].kind or work.spec.kind(column) or "number"
        reason = f"The cell holds something that is no {kind} in the declared form."
        ledger.end("quarantined", f"unreadable_{column}", rows, reason)
    first: date | None = None
    for breach in schemas.breaches(work.name, work.live, today=now):
        rows = work.rows(breach.rows)
        ledger.end("quarantined", breach.name, rows, schemas.REASONS[breach.check])
        if breach.check == "future":
            first = cells.frame.loc[rows, work.spec.event].min().date()
    relations.unique_keys(work)
    if work.name == "orders":
        revenue = cells.frame["revenue"].to_numpy()
        ledger.flag("negative_revenue", revenue < 0, "Returns: they lower the revenue.")
        ledger.flag("zero_revenue", revenue == 0, "Visits without revenue count as orders.")
    return first


def _finished(work: Work) -> pd.DataFrame:
    kept = [name for name, column in work.table.columns.items() if column.keep]
    return work.live[kept].reset_index(drop=True)


def _account(
    works: dict[str, Work],
    plans: dict[str, DerivedTable],
    found: dict[str, pd.DataFrame],
    seen: dict[str, Any],
) -> Account:
    entries: list[Entry] = []
    for name in [name for name in ORDER if name in found]:
        frame, days = found[name], seen[name]
        if name in works:
            work = works[name]
            frame, days = work.cells.frame, work.days(works)
            days[work.ledger.live] = seen[name]
        amounts = frame["revenue"].to_numpy() if "revenue" in frame else None
        ledger = works[name].ledger if name in works else Ledger(len(frame))
        entries += ledger.entries(name, days, amounts)
    account = Account.of(entries, {name: plan.derived_from for name, plan in plans.items()})
    used = {name: len(frame) for name, frame in found.items()}
    account.check(used | {name: len(work.raw.frame) for name, work in works.items()}, used)
    return account


def _quarantined(work: Work) -> pd.DataFrame:
    rules = work.ledger.quarantined()
    rows = work.raw.frame.loc[rules.index].astype("string").reset_index(drop=True)
    rows.insert(0, "row", [work.raw.label(row) for row in rules.index])
    rows.insert(1, "rule", rules.to_list())
    return rows


def _raw_rows(works: dict[str, Work]) -> dict[str, int]:
    return {
        name: int(np.count_nonzero(work.raw.file == number))
        for work in works.values()
        for number, name in enumerate(work.raw.names)
    }
