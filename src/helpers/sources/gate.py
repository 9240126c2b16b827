"""The quality gate: data worse than its declared limits is refused, with the first rows."""

from typing import TYPE_CHECKING

from helpers import paths
from helpers.errors import DataError
from helpers.sources.account import TableAccount
from helpers.sources.declaration import Declaration
from helpers.sources.mapping import FileTable

if TYPE_CHECKING:
    import pandas as pd

    from helpers.sources.building import Built

_HINTS = {
    "unreadable": "Declare how it is written: `format`, `decimal`, `thousands`",
    "missing": "Map the right column, or declare a rule that removes such rows and says why",
    "future": "Are day and month exchanged in `format`?",
    "orphan": "Export both tables for the same span",
    "conflicting": "Declare a rule with `repeats` that says which row counts",
    "ambiguous": "Declare a rule with `repeats` that says which order counts",
    "ragged": "Is `delimiter` right, and is text that holds it quoted?",
}
_LOOK = "Look at the rows"
_LONGEST_TOLD = 30


def gate(declared: Declaration, built: "Built") -> None:
    """Refuse data that is worse than the mapping's limits allow.

    Raises:
        DataError: too many rows of a table are in quarantine, orders differ from the sum of their
            lines, or a table has no row; naming rules, counts, the first rows and where all are.
    """
    for name, table in built.account.tables.items():
        _check_limits(declared, name, table, built.quarantine.get(name))
    for name, frame in built.tables.items():
        _check_rows(declared, name, len(frame))


def _check_limits(
    declared: Declaration, name: str, table: TableAccount, quarantine: "pd.DataFrame | None"
) -> None:
    plan = declared.mapping.tables[name]
    if not isinstance(plan, FileTable) or not table.raw:
        return
    limits = declared.mapping.limits
    limit = limits.quarantined if plan.quarantined is None else plan.quarantined
    if quarantine is not None and len(quarantine) > limit * table.raw:
        raise _refusal(declared, plan, table, limit, quarantine)
    torn = table.flagged.get("unreconciled", 0)
    if torn > limits.unreconciled * table.used:
        raise DataError(
            f"{name}: {torn:,} of {table.used:,} differ from the sum of their lines by more "
            f"than half a cent; the limit is {limits.unreconciled:.2%}",
            file=declared.path,
            hint="If lines leave out shipping or discounts, raise `limits: unreconciled`.",
        )


def _refusal(
    declared: Declaration,
    plan: FileTable,
    table: TableAccount,
    limit: float,
    rows: "pd.DataFrame",
) -> DataError:
    worst = sorted(table.quarantined.items(), key=lambda item: -item[1])
    rules = ", ".join(f"{rule} {number:,}" for rule, number in worst)
    first = rows[rows["rule"] == worst[0][0]]
    mend = next((text for key, text in _HINTS.items() if worst[0][0].startswith(key)), _LOOK)
    place = paths.private() / "quarantine" / declared.source / f"{table.table}.parquet"
    return DataError(
        f"{table.table}: {len(rows):,} of {table.raw:,} rows ({len(rows) / table.raw:.1%}) cannot "
        f"be trusted, the limit is {limit:.1%}: {rules}",
        file=declared.folder,
        keys=_told(first, worst[0][0], plan),
        hint=f"{mend}. All of them are in {place}.",
    )


def _told(rows: "pd.DataFrame", rule: str, plan: FileTable) -> list[str]:
    """Return the rows' ids, with the cell where it is one cell that could not be read."""
    column = plan.columns.get(rule.removeprefix("unreadable_"))
    if column is None or column.column is None or not rule.startswith("unreadable_"):
        return rows["row"].to_list()
    cells = rows[column.column].fillna("").str.slice(0, _LONGEST_TOLD)
    return [f"{row} ({cell!r})" for row, cell in zip(rows["row"], cells, strict=True)]


def _check_rows(declared: Declaration, name: str, rows: int) -> None:
    plan = declared.mapping.tables[name]
    if rows or (isinstance(plan, FileTable) and plan.may_be_empty):
        return
    raise DataError(
        f"the table {name} has no row",
        file=declared.folder / plan.file if isinstance(plan, FileTable) else declared.folder,
        hint="A header alone, or rules that remove all? If so it should be, set "
        f"`may_be_empty: true` for {name}.",
    )
