"""From raw extracts to clean canonical tables, with the account and the quarantine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.sources import conflicts, relations, schemas
from helpers.sources.account import Account, Entry
from helpers.sources.canonical import ORDER, TABLES
from helpers.sources.converting import convert
from helpers.sources.declaration import Declaration
from helpers.sources.deriving import Derived, derive
from helpers.sources.knowing import in_order, seen_days
from helpers.sources.ledger import Ledger
from helpers.sources.mapping import DerivedTable, FileTable
from helpers.sources.raw import BLANK, BROKEN
from helpers.sources.rawfiles import files_of
from helpers.sources.reading import read
from helpers.sources.rules import apply_rules
from helpers.sources.versions import latest
from helpers.sources.work import Work


@dataclass(frozen=True)
class Built:
    """What a source's raw files come to.

    Attributes:
        tables: the clean tables, in canonical order of tables and rows; a derived one has a row
            for each day that changed a group.
        by: per derived table, the column whose last row counts.
        seen: per table, the day (datetime64[D]) from which each row is known.
        account: every raw row's fate.
        quarantine: per table, the raw rows that cannot be trusted: `row`, `rule`, raw cells.
        raw_rows: per raw file, how many rows it holds.
        recheck_on: the first day on which a row that lay in the future will have come to pass.
    """

    tables: dict[str, pd.DataFrame]
    by: dict[str, str]
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
    works, plans = _read_all(declared), _plans(declared)
    _date(works, plans)
    future = [
        day for work in works.values() for day in _row_by_row(work, plans, now, declared.path)
    ]
    derived = _settled(works, plans, now)
    found = {name: _finished(work) for name, work in works.items()}
    found |= {name: table.frame for name, table in derived.items()}
    bases = {plan.derived_from: works[plan.derived_from] for plan in plans.values()}
    days = {name: work.days(works)[work.ledger.live] for name, work in bases.items()}
    seen = seen_days(found, derived, days)
    ordered = {name: in_order(name, found[name], seen[name]) for name in ORDER if name in found}
    tables = {name: frame for name, (frame, _) in ordered.items()}
    by = {name: table.key for name, table in derived.items()}
    for name, frame in tables.items():
        last = latest(frame, by[name]) if name in by else frame
        schemas.validate(name, last, today=now)
    return Built(
        tables=tables,
        by=by,
        seen={name: days for name, (_, days) in ordered.items()},
        account=_account(works, plans, derived, seen),
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


def _date(works: dict[str, Work], plans: dict[str, DerivedTable]) -> None:
    """Let a table that another one is derived from be dated by what dates that one."""
    for name in sorted(plans, key=lambda name: name == "customers"):  # orders say it better
        event = plans[name].columns.get(TABLES[name].event or "")
        base = works[plans[name].derived_from]
        if event and base.time is None and base.spec.event not in base.cells.frame:
            base.time = event.of


def _row_by_row(
    work: Work, plans: dict[str, DerivedTable], now: pd.Timestamp, file: Path
) -> Iterator[date]:
    """Give rows their fate by what they hold; yield first days that lie in the future."""
    ledger, cells = work.ledger, work.cells
    ledger.end(
        "removed", BLANK, work.raw.broken.get(BLANK, ~ledger.live), "No cell holds anything."
    )
    for fault, reason in BROKEN.items():
        if fault in work.raw.broken:
            ledger.end("quarantined", fault, work.raw.broken[fault], reason)
    for column, rows in cells.trimmed.items():
        ledger.correct(f"trimmed_{column}", rows, "Blanks around an id keep it from matching.")
    apply_rules(work.table.rules, cells, ledger, file=file)
    for column, rows in cells.wrong.items():
        kind = work.table.columns[column].kind or work.spec.kind(column) or "number"
        reason = f"The cell holds something that is no {kind} in the declared form"
        reason += ", or 10^15 and more." if kind in {"money", "number"} else "."
        ledger.end("quarantined", f"unreadable_{column}", rows, reason)
    yield from _breaches(work, schemas.breaches(work.name, work.live, today=now))
    for name, plan in plans.items():
        if plan.derived_from == work.name:
            yield from _breaches(work, conflicts.row_breaches(work, name, plan, today=now))
    conflicts.unique_keys(work)
    if work.name == "orders":
        revenue = cells.frame["revenue"].to_numpy()
        ledger.flag("negative_revenue", revenue < 0, "Returns: they lower the revenue.")
        ledger.flag("zero_revenue", revenue == 0, "Visits without revenue count as orders.")


def _breaches(work: Work, found: list[schemas.Breach]) -> Iterator[date]:
    for breach in found:
        rows = work.rows(breach.rows)
        work.ledger.end("quarantined", breach.name, rows, schemas.REASONS[breach.check])
        if breach.check == "future":
            yield work.cells.frame.loc[rows, breach.column].min().date()


def _settled(
    works: dict[str, Work], plans: dict[str, DerivedTable], now: pd.Timestamp
) -> dict[str, Derived]:
    """Take out what does not hold together, until the rest does, and return the derived tables.

    A row that goes may take others with it: the lines of an order, an order of its customer.
    """
    while True:
        relations.relate(works)
        before = _live(works)
        derived = {}
        for name, plan in plans.items():
            base = works[plan.derived_from]
            days = base.days(works)
            conflicts.agree(base, name, plan, days)
            live = base.ledger.live
            derived[name] = derive(name, plan, base.live, days[live])
            conflicts.hold(base, plan, days, derived[name], today=now)
        relations.relate_to_derived(works, derived, plans)
        if _live(works) == before:
            break
    if "orders" in works and "order_lines" in works:
        relations.reconcile(works["orders"], works["order_lines"])
    return derived


def _live(works: dict[str, Work]) -> int:
    return sum(int(np.count_nonzero(work.ledger.live)) for work in works.values())


def _finished(work: Work) -> pd.DataFrame:
    kept = [name for name, column in work.table.columns.items() if column.keep]
    return work.live[kept].reset_index(drop=True)


def _account(
    works: dict[str, Work],
    plans: dict[str, DerivedTable],
    derived: dict[str, Derived],
    seen: dict[str, Any],
) -> Account:
    entries: list[Entry] = []
    raw, used = {}, {}
    for name in [name for name in ORDER if name in seen]:
        if name in works:
            work = works[name]
            frame, days = work.cells.frame, work.days(works)
            days[work.ledger.live] = seen[name]
            amounts = frame["revenue"].to_numpy() if "revenue" in frame else None
            entries += work.ledger.entries(name, days, amounts)
            raw[name], used[name] = len(frame), int(np.count_nonzero(work.ledger.live))
        else:  # a group counts once, from its first day; its amount changes and is told nowhere
            first = derived[name].first
            raw[name] = used[name] = int(np.count_nonzero(first))
            entries += Ledger(used[name]).entries(name, seen[name][first], None)
    account = Account.of(entries, {name: plan.derived_from for name, plan in plans.items()})
    account.check(raw, used)
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
