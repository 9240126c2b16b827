"""The quality gate: data that is worse than its declared limits is refused, with the first rows."""

from typing import TYPE_CHECKING

from helpers import paths
from helpers.errors import DataError
from helpers.sources.account import Account, TableAccount
from helpers.sources.declared import Declared
from helpers.sources.mapping import FileTable

if TYPE_CHECKING:
    import pandas as pd

_HINTS = {
    "unreadable": "declare how it is written: `format`, `decimal`, `thousands`",
    "missing": "map the right column, or declare a rule that removes such rows and says why",
    "future": "is day and month exchanged in `format`?",
    "orphan": "export both tables for the same span",
    "conflicting": "declare a rule with `repeats` that says which row counts",
    "ragged": "is `delimiter` right, and is text that holds it quoted?",
}


def check_gate(declared: Declared, account: Account, quarantine: "dict[str, pd.DataFrame]") -> None:
    """Hold the account against the mapping's limits.

    Raises:
        DataError: too many rows of a table are in quarantine, or orders differ from their lines.
    """
    for name, table in account.tables.items():
        plan = declared.mapping.tables[name]
        if not isinstance(plan, FileTable) or not table.raw:
            continue
        limits = declared.mapping.limits
        limit = limits.quarantined if plan.quarantined is None else plan.quarantined
        if sum(table.quarantined.values()) > limit * table.raw:
            raise _refusal(declared, table, limit, quarantine[name])
        torn = table.flagged.get("unreconciled", 0)
        if torn > limits.unreconciled * table.used:
            raise DataError(
                f"{name}: {torn:,} of {table.used:,} differ from the sum of their lines by more "
                f"than half a cent; the limit is {limits.unreconciled:.2%}",
                file=declared.path,
                hint="If lines leave out shipping or discounts, raise `limits: unreconciled`.",
            )


def _refusal(
    declared: Declared, table: TableAccount, limit: float, rows: "pd.DataFrame"
) -> DataError:
    count = sum(table.quarantined.values())
    worst = sorted(table.quarantined.items(), key=lambda item: -item[1])
    rules = ", ".join(f"{rule} {number:,}" for rule, number in worst)
    first = rows[rows["rule"] == worst[0][0]]
    mend = next((text for key, text in _HINTS.items() if worst[0][0].startswith(key)), "mend them")
    place = paths.private() / "quarantine" / declared.source / f"{table.table}.parquet"
    return DataError(
        f"{table.table}: {count:,} of {table.raw:,} rows ({count / table.raw:.1%}) cannot be "
        f"trusted, the limit is {limit:.1%}: {rules}",
        file=declared.folder,
        keys=_shown(first),
        hint=f"{mend[0].upper()}{mend[1:]}; all of them are in {place}.",
    )


def _shown(rows: "pd.DataFrame") -> list[str]:
    column = str(rows["rule"].iloc[0]).partition("_")[2]
    return [str(row) for row in rows["row"]] if column else []


def check_rows(declared: Declared, tables: "dict[str, pd.DataFrame]") -> None:
    """Refuse a table that came out without a row, unless the mapping says that it may.

    Raises:
        DataError: naming the table.
    """
    for name, frame in tables.items():
        plan = declared.mapping.tables[name]
        if len(frame) or (isinstance(plan, FileTable) and plan.may_be_empty):
            continue
        raise DataError(
            f"the table {name} has no row",
            file=declared.folder / plan.file if isinstance(plan, FileTable) else declared.folder,
            hint="A header alone, or rules that remove all? If so it should be, set "
            f"`may_be_empty: true` for {name}.",
        )
