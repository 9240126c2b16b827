"""The tables that a report reads: cut at `as_of`, restricted to a slice, fresh on every access."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from helpers.errors import DisclosureError, MissingTableError, ParameterError, did_you_mean
from helpers.privacy import MINIMUM_CUSTOMERS
from helpers.sources.account import Account
from helpers.sources.canonical import TABLES, Kind
from helpers.sources.declaration import Declaration
from helpers.sources.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd

_DTYPES: dict[Kind, Any] = {
    "id": str,
    "text": str,
    "money": "float64",
    "number": "float64",
    "time": "datetime64[ns]",
    "date": "datetime64[ns]",
}


class Tables:
    """The canonical tables of a source as a report of one period and slice may see them.

    Each table is an attribute (`data.orders`): a new DataFrame on every access, with the rows
    dated up to `as_of`. Rows without a date of their own follow what they belong to: lines their
    order, contacts their campaign's start, customers the first day that any table speaks of them.

    Attributes:
        source, label, note: name, name for titles, and what the source cannot support.
        as_of: the last day whose rows are there.
        first_day: the first day that the source covers, be it after `as_of`.
        last_day: the last day that it covers, `as_of` at the latest.
        snapshot: the hash of the whole snapshot that the tables come from.
        account: what cleaning did to the rows dated up to `as_of`; undated ones left out count too.
        files: the raw files: `name`, `sha256`, `rows`.
        slice: `all` or `attribute=value`.
    """

    def __init__(
        self,
        declared: Declaration,
        manifest: Manifest,
        read: "Callable[[str, int], pd.DataFrame]",
        *,
        as_of: date | None,
        slice: str,
    ) -> None:
        if isinstance(as_of, datetime):
            as_of = as_of.date()
        self.source, self.label, self.note = declared.source, declared.label, declared.note
        self.snapshot, self.files, self.slice = manifest.snapshot, manifest.files, slice
        self.as_of = as_of or manifest.last_day
        self.first_day = manifest.first_day
        days = [day for day in (as_of, manifest.last_day) if day]
        self.last_day = min(days) if days else None
        self.account: Account = manifest.account if as_of is None else manifest.account.until(as_of)
        self._manifest, self._read, self._until = manifest, read, as_of
        self._frames: dict[str, pd.DataFrame] = {}
        self._customers = None if slice == "all" else self._slice(slice)

    @property
    def names(self) -> tuple[str, ...]:
        """The tables that the source has."""
        return tuple(self._manifest.tables)

    def has(self, name: str) -> bool:
        """Return whether the source has the table, with or without rows up to `as_of`."""
        return name in self._manifest.tables

    def get(self, name: str) -> "pd.DataFrame":
        """Return a table, or an empty one with its required columns where the source has none.

        Raises:
            ParameterError: no canonical table has that name.
        """
        import pandas as pd

        if self.has(name):
            return self._frame(name).copy()
        if name not in TABLES:
            raise ParameterError(f"no table is called {name!r}", hint=did_you_mean(name, TABLES))
        columns = TABLES[name].columns.items()
        return pd.DataFrame({c: pd.Series([], dtype=_DTYPES[kind]) for c, kind in columns})

    def __getattr__(self, name: str) -> "pd.DataFrame":
        """Return a canonical table, new on every access.

        Raises:
            MissingTableError: the source has none of that name.
        """
        if name not in TABLES:
            raise AttributeError(f"Tables has no {name!r}; {did_you_mean(name, TABLES)}")
        if not self.has(name):
            raise MissingTableError(
                f"the source {self.source} has no table {name!r}",
                hint=f"It has {', '.join(self.names)}. "
                f"Map one in params/sources/{self.source}.yml.",
            )
        return self._frame(name).copy()

    def __dir__(self) -> list[str]:
        """Return the attributes, tables among them, for completion in JupyterLab."""
        return [*super().__dir__(), *self.names]

    def _frame(self, name: str) -> "pd.DataFrame":
        if name not in self._frames:
            rows = self._manifest.table(name).rows_until(self._until)
            frame = self._read(name, rows)
            self._frames[name] = frame if self._customers is None else self._sliced(name, frame)
        return self._frames[name]

    def _sliced(self, name: str, frame: "pd.DataFrame") -> "pd.DataFrame":
        if self._customers is not None and "customer_id" in frame:
            frame = frame[frame["customer_id"].isin(self._customers)]
        elif name == "order_lines":
            frame = frame[frame["order_id"].isin(self._frame("orders")["order_id"])]
        return frame.reset_index(drop=True)

    def _slice(self, slice: str) -> "pd.Series[Any]":
        """Return the ids of the customers in the slice."""
        attribute, _, value = slice.partition("=")
        known = self._manifest.attributes
        if attribute not in known:
            raise ParameterError(
                f"slice {slice!r}: customers have no attribute {attribute!r} to slice by",
                hint=did_you_mean(attribute, known),
            )
        if value not in known[attribute]:
            raise ParameterError(
                f"slice {slice!r}: no customer has this value",
                hint=did_you_mean(value, known[attribute]),
            )
        rows = self._manifest.table("customers").rows_until(self._until)
        customers = self._read("customers", rows)
        _refuse_small(customers[attribute], value, slice=slice, until=self.as_of)
        return customers.loc[customers[attribute].eq(value), "customer_id"]


def _refuse_small(values: "pd.Series[Any]", value: str, *, slice: str, until: date | None) -> None:
    """Refuse a slice of few customers, and one without which a few are left over.

    All customers less every slice that may be seen are those in no such slice: while they are 1 to
    7, the smallest slice is refused too. Customers without a value are in no slice.

    Raises:
        DisclosureError: it is such a slice.
    """
    counts = values.value_counts().sort_values(kind="stable")
    counts = counts.loc[sorted(counts.index, key=lambda name: (counts[name], str(name)))]
    if counts.get(value, 0) < MINIMUM_CUSTOMERS:
        raise DisclosureError(
            f"slice {slice!r} has fewer than {MINIMUM_CUSTOMERS} customers up to {until}",
            hint="Choose a larger group, or a later period.",
        )
    left = int(values.isna().sum() + counts[counts < MINIMUM_CUSTOMERS].sum())
    for name, size in counts[counts >= MINIMUM_CUSTOMERS].items():
        if not 0 < left < MINIMUM_CUSTOMERS:
            return
        if name == value:
            raise DisclosureError(
                f"slice {slice!r} would tell of the {left} customers up to {until} who are in no "
                f"slice of its attribute: they are all customers less the slices",
                hint="Choose a larger group of this attribute, or another attribute.",
            )
        left += int(size)
