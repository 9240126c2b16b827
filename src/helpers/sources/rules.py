"""Declaration cleaning rules: which rows a condition hits, and what an action does to them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.errors import ParameterError
from helpers.sources.converting import Converted
from helpers.sources.ledger import Ledger
from helpers.sources.mapping_parts import Rule, Where
from helpers.sources.texts import TEXT


def apply_rules(rules: tuple[Rule, ...], cells: Converted, ledger: Ledger, *, file: Path) -> None:
    """Apply the rules of the file in their order; corrections change `cells.frame` in place.

    Raises:
        ParameterError: a bound or a new value does not fit its column's kind.
    """
    for rule in rules:
        hit = rows_where(rule.where, cells, ledger.live, file=file) & ledger.live
        if rule.action == "remove":
            ledger.end("removed", rule.name, hit, rule.reason)
        elif rule.action == "quarantine":
            ledger.end("quarantined", rule.name, hit, rule.reason)
        elif rule.action == "flag":
            ledger.flag(rule.name, hit, rule.reason)
        else:
            try:
                changed = _correct(rule, cells, hit)
            except (TypeError, ValueError) as error:
                raise ParameterError(
                    f"the rule {rule.name!r} sets what its column cannot hold: {error}",
                    file=file,
                    hint="Set numbers for numbers, dates such as 2017-12-31; negate numbers only.",
                ) from error
            ledger.correct(rule.name, changed, rule.reason)


def rows_where(where: Where, cells: Converted, live: np.ndarray, *, file: Path) -> np.ndarray:
    """Return which rows a condition hits; a cell that could not be read is hit by none.

    Raises:
        ParameterError: a bound does not fit the column's kind.
    """
    if where.repeats is not None:
        return _repeats(cells.frame, list(where.repeats), live, keep=where.keep)
    column = str(where.column)
    values = cells.frame[column]
    wrong = cells.wrong.get(column, np.zeros(len(values), bool))
    if where.missing is not None:
        return np.asarray(values.isna() == where.missing, bool) & ~wrong
    try:
        hit = _test(where, values)
    except (TypeError, ValueError, AttributeError) as error:
        raise ParameterError(
            f"the condition on {column!r} does not fit its values ({values.dtype}): {error}",
            file=file,
            hint="Compare text with text, numbers with numbers, dates with dates (2017-12-31).",
        ) from error
    return np.asarray(hit.fillna(False), bool)


def _test(where: Where, values: "pd.Series[Any]") -> "pd.Series[Any]":
    if where.one_of is not None:
        if values.dtype == TEXT:
            return values.isin([str(value) for value in where.one_of])
        convert: Any = (lambda v: pd.Timestamp(str(v))) if _is_time(values) else float
        return values.isin([convert(value) for value in where.one_of])
    if where.starts_with is not None:
        return values.str.startswith(where.starts_with)
    if where.matches is not None:
        return values.str.fullmatch(where.matches)
    for name, compare in _COMPARE.items():
        bound = getattr(where, name)
        if bound is not None:
            limit: Any = pd.Timestamp(str(bound)) if _is_time(values) else float(bound)
            return compare(values, limit)
    raise ValueError("no test is given")


_COMPARE = {
    "below": lambda values, limit: values < limit,
    "at_most": lambda values, limit: values <= limit,
    "above": lambda values, limit: values > limit,
    "at_least": lambda values, limit: values >= limit,
}


def _is_time(values: "pd.Series[Any]") -> bool:
    return pd.api.types.is_datetime64_any_dtype(values.dtype)


def _repeats(frame: pd.DataFrame, columns: list[str], live: np.ndarray, *, keep: Any) -> np.ndarray:
    hit = np.zeros(len(frame), bool)
    hit[live] = frame.loc[live, columns].duplicated(keep=keep).to_numpy()
    return hit


def _correct(rule: Rule, cells: Converted, hit: np.ndarray) -> np.ndarray:
    changed = np.zeros(len(hit), bool)
    for column, value in rule.set.items():
        before = cells.frame[column]
        new = pd.Series([value], dtype=object).astype(before.dtype).iloc[0]
        changed |= hit & np.asarray((before != new).fillna(True), bool)
        cells.frame[column] = before.mask(hit, new)
        if column in cells.wrong:
            cells.wrong[column] = cells.wrong[column] & ~hit
    for column in rule.negate:
        before = cells.frame[column]
        changed |= hit & np.asarray(before.fillna(0) != 0, bool)
        cells.frame[column] = before.mask(hit, -before)
    return changed
