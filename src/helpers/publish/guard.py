"""The last check before a document leaves the house: nothing in it is about a single customer.

Reports are guarded when they are written (`helpers.report`); this is the second lock on the same
door, and it trusts nothing that a notebook says of itself but compares with the customers' ids.
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.document import GRAINS, Chart, Column, Provenance, Table
from helpers.errors import DisclosureError, did_you_mean
from helpers.privacy import MINIMUM_CUSTOMERS, counts_people, identifies, tells_apart
from helpers.publish.guard_text import folded, is_picture, readings, strings, texts
from helpers.publish.reading import Document

_COUNTED = frozenset({"segment", "cohort", "store", "bin", "campaign", "category"})
_LISTED = 3
"""So many different numbers that are all ids are a list of customers, and no measure."""
_SHORT, _REMEMBERED = 400, 50_000
"""Texts of this length are remembered, so many of them: labels come again on every page."""
_RUN = re.compile(r"[^\W_]+")
_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r"[\"']([^\"'\n]*)[\"']")
_MEND = (
    "crm-reports run builds it anew from the raw files. Where those have changed since, "
    "run the report again with --force."
)
_HINT = "Summarise first; a list for the analyst goes through helpers.private."


class DisclosedError(DisclosureError):
    """A document names a customer or shows too few of them: nothing of it may be public."""


class Guard:
    """Refuses documents that name a customer.

    An id is looked for anywhere in any text, standing alone. Ids of digits only need more care, for
    17850 may well be a count. Those of 8 digits or more are looked for in text and as whole numbers
    in tables. Those of 5 to 7 are compared with whole cells of text, with the whole numbers that
    name a table's rows, and with a column of three or more numbers that are all ids, each once.
    Shorter ones are compared in columns called after a person or a key only: elsewhere, a shop or
    an age of 34 cannot be told from customer 34.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = {folded(given) for given in ids}
        digits = {given for given in self._ids if given.isdigit()}
        self._long = {given for given in digits if len(given) >= 8}
        self._cells = {given for given in digits if 5 <= len(given) <= 7}
        self._clean: set[str] = set()
        self._ends: dict[str, list[str]] = {}
        for given in self._ids:
            runs = _RUN.findall(given)
            if runs and (len(given) >= 8 or not given.isdigit()):
                self._ends.setdefault(runs[-1], []).append(given)

    def check(self, document: Document) -> None:
        """Raise if any part of the document is about a single customer.

        Raises:
            DisclosedError: naming the file and the block, with the id masked.
        """
        for block in document.blocks():
            if isinstance(block, Table):
                self._table(block, document.file)
            elif isinstance(block, Chart):
                self._chart(block, document.file)
        for place, text in texts(document):
            self.text(text, file=document.file, place=place)
        for number, code in enumerate(document.code, start=1):
            place = f"code cell {number}"
            self._code(code.source, file=document.file, place=place)
            for withheld in code.withheld:
                self.text(withheld, file=document.file, place=place)

    def text(self, text: str, *, file: str, place: str) -> None:
        """Raise if the text contains a customer's id.

        Raises:
            DisclosedError: it does.
        """
        found = self.find(text)
        if found:
            raise _names(place, found, file)

    def address(self, path: str, slice: str, *, file: str) -> None:
        """Raise if the address of a page contains a customer's id, or its slice is one customer.

        Raises:
            DisclosedError: it does.
        """
        self.text(path, file=file, place="its address")
        name, _, value = slice.partition("=")
        found = self._named([value], Column(name, name, "text", "left"), first=True)
        if value and found:
            raise _names("its slice", min(found), file)

    def everything(self, found: Any, *, file: str, place: str) -> None:
        """Raise if any text of a JSON value contains a customer's id.

        Pictures are looked at as they are written: their words were read with their document.

        Raises:
            DisclosedError: one does.
        """
        for text in strings(found):
            named = (
                self.find(text) if len(text) <= _SHORT or not is_picture(text) else self._in(text)
            )
            if named:
                raise _names(place, named, file)

    def names(self, text: str) -> bool:
        """Return whether the text contains a customer's id, one of 5 to 7 digits included."""
        return self.find(text) is not None or bool(self._cells & set(_RUN.findall(folded(text))))

    def find(self, text: str) -> str | None:
        """Return the first customer id in the text, however it is written, or None."""
        if text in self._clean:
            return None
        found = next((found for read in readings(text) if (found := self._in(read))), None)
        if found is None and len(text) <= _SHORT:
            if len(self._clean) >= _REMEMBERED:
                self._clean.clear()
            self._clean.add(text)
        return found

    def _in(self, text: str) -> str | None:
        read = folded(text)
        known = self._ends.keys() & set(_RUN.findall(read))
        if not known:
            return None
        for run in _RUN.finditer(read):
            for given in self._ends[run.group()] if run.group() in known else ():
                last = given.rindex(run.group())
                start = run.start() - last
                if start >= 0 and read.startswith(given, start) and _alone(read, start, given):
                    return given
        return None

    def _code(self, source: str, *, file: str, place: str) -> None:
        """Check code: an id of 5 to 7 digits is one in quotes, or in a line that names a key."""
        self.text(source, file=file, place=place)
        found = self._cells & {folded(quoted) for quoted in _QUOTED.findall(source)}
        for line in source.splitlines() if self._cells and not found else ():
            words = _WORD.findall(line)
            if any(identifies(word) for word in words):
                found |= self._cells & set(words)
        if found:
            raise _names(place, min(found), file)

    def _chart(self, chart: Chart, file: str) -> None:
        self._table(chart.table, file, named=chart.kind in {"bar", "dots"})
        for variant in chart.variants:
            self._chart(variant, file)

    def _table(self, table: Table, file: str, *, named: bool = True) -> None:
        """Check a table; `named` says that its first column names the rows and measures nothing."""
        if table.grain not in GRAINS:
            raise DisclosedError(
                f"block {table.id!r}: its rows are of grain {table.grain!r}",
                file=file,
                hint=f"{_HINT} {did_you_mean(table.grain, GRAINS)}",
            )
        for at, column in enumerate(table.columns):
            if identifies(column.name) or identifies(column.label):
                raise DisclosedError(
                    f"block {table.id!r} would show customers",
                    file=file,
                    column=column.name,
                    hint=_HINT,
                )
            cells = [row[at] for row in table.rows]
            said = [text[at] for text, cell in zip(table.text, cells, strict=True) if _worded(cell)]
            found = self._named([*cells, *said], column, first=named and at == 0)
            if found:
                raise _names(f"block {table.id!r}", min(found), file, column=column.name)
            if _counts(column, table.grain):
                _refuse_small(cells, table, column, file)

    def _named(self, cells: list[Any], column: Column, *, first: bool) -> set[str]:
        """Return the ids that stand in a column's cells."""
        words = {folded(cell) for cell in cells if isinstance(cell, str)}
        numbers = [str(cell) for cell in cells if type(cell) is int]
        whole = {str(int(c)) for c in cells if isinstance(c, float) and c.is_integer()}
        if tells_apart(column.name) or tells_apart(column.label):
            return self._ids & {*words, *numbers, *whole}
        distinct = set(numbers)
        listed = len(distinct) == len(cells) >= _LISTED and distinct <= self._cells
        named = distinct | whole if first else distinct if listed else set()
        seen = self._cells & named
        return (self._cells & words) | (self._long & distinct) | seen


def _names(place: str, found: str, file: str, *, column: str | None = None) -> DisclosedError:
    said = f"{place} names a customer ({found[:2]}…, {len(found)} characters)"
    return DisclosedError(said, file=file, column=column, hint=_HINT)


def _worded(cell: object) -> bool:
    return cell is None or isinstance(cell, str)


def _counts(column: Column, grain: str) -> bool:
    """Return whether a column says how many customers stand behind a row of that grain.

    Categories hold changes too, and 3 more contacts are no group of 3: only what counts customers
    by name is looked at there. Periods hold movements: 4 customers lost in a month are a figure.
    """
    if grain not in _COUNTED or column.unit not in {"count", "number"}:
        return False
    reached = grain != "category"
    return any(counts_people(name, reached=reached) for name in (column.name, column.label))


def _refuse_small(cells: list[Any], table: Table, column: Column, file: str) -> None:
    small = [cell for cell in cells if 0 < _count(cell) < MINIMUM_CUSTOMERS]
    if small:
        raise DisclosedError(
            f"block {table.id!r}: {len(small)} groups under {MINIMUM_CUSTOMERS} customers",
            file=file,
            column=column.name,
            hint="Pass customers=COLUMN to the report, which leaves them out.",
        )


def snapshot_of(document: Document) -> str:
    """Return the hash of the snapshot that a document says it was computed from."""
    found = (b.snapshot for b in document.blocks() if isinstance(b, Provenance))
    return next(found, "")


def guard_for(snapshot: str) -> Guard:
    """Return the guard for the customers of a snapshot.

    Raises:
        DisclosureError: the snapshot is not in the store, or not whole: nothing says who its
            customers are, so nothing made from it can be checked.
    """
    folder = paths.snapshots() / snapshot
    if not snapshot.isalnum() or not folder.is_dir():
        raise DisclosureError(
            f"cannot be checked for customers: its snapshot {snapshot or '(none named)'} is not "
            "in the store",
            hint=_MEND,
        )
    return _guard(folder)


def guard_of(document: Document) -> Guard:
    """Return the guard that knows the customers of the document's own snapshot.

    Raises:
        DisclosureError: that snapshot is gone or damaged.
    """
    try:
        return guard_for(snapshot_of(document))
    except DisclosureError as error:
        raise DisclosureError(error.message, file=document.file, hint=error.hint) from error


@lru_cache(maxsize=8)
def _guard(folder: Path) -> Guard:
    import pyarrow as pa  # 0.2 s: only where there is a snapshot
    import pyarrow.parquet as pq

    ids: set[str] = set()
    try:
        tables = json.loads((folder / "manifest.json").read_bytes())["tables"]
        for path in (folder / f"{name}.parquet" for name in tables):
            if "customer_id" in pq.read_schema(path).names:
                # Not read_table, nor unique: they import pandas, which takes longer than to read.
                file = pq.ParquetFile(path, read_dictionary=["customer_id"])
                for chunk in file.read(columns=["customer_id"]).column(0).chunks:
                    given = chunk.dictionary if isinstance(chunk, pa.DictionaryArray) else chunk
                    ids |= {str(one) for one in given.to_pylist() if one is not None}
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise DisclosureError(
            f"cannot be checked for customers: its snapshot {folder.name} is damaged",
            hint=_MEND,
        ) from error
    return Guard(ids)


def _alone(text: str, start: int, given: str) -> bool:
    before, after = text[max(start - 1, 0) : start], text[start + len(given) :][:1]
    return not (before.isalnum() or after.isalnum())


def _count(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
