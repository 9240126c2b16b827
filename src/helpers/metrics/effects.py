"""How far each driver moved a figure: exact effects, as rows, sentences and charts."""

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd

from helpers.metrics.contracts import Unit
from helpers.metrics.writing import Write, plain, signed
from helpers.periods import Period

COLUMNS = ("kpi", "driver", "before", "after", "effect", "unit", "driver_unit")
PREVIOUS, YEAR_BEFORE = "Period before", "Year before"
_TITLES: Mapping[str, str] = {
    "currency": "What moved the amounts",
    "count": "What moved the counts",
    "points": "What moved the rates",
    "ratio": "What moved the ratios",
    "number": "What moved the averages",
}


def effects_of(
    before: Sequence[float] | np.ndarray,
    after: Sequence[float] | np.ndarray,
    of: Callable[[np.ndarray], float] = np.prod,
) -> np.ndarray:
    """Return how much each factor contributes to the change of `of(factors)`, adding up exactly.

    Shapley value: the effect of changing one factor, averaged over all orders of changing them;
    for a product of two Δa · mean(b). It takes no logarithm, so a factor may be zero or negative.

    Source: Shapley (1953), "A value for n-person games".
    """
    size = len(before)
    effects = np.zeros(size)
    orders = list(permutations(range(size)))
    for order in orders:
        current = np.array(before, dtype=float)
        for factor in order:
            start = of(current)
            current[factor] = after[factor]
            effects[factor] += of(current) - start
    return effects / len(orders)


def effect_rows(
    kpi: str,
    drivers: Sequence[tuple[str, Unit]],
    before: Sequence[float] | np.ndarray,
    after: Sequence[float] | np.ndarray,
    effects: Sequence[float] | np.ndarray,
    unit: Unit,
) -> pd.DataFrame:
    """Return one row a driver of a figure.

    Columns out: `kpi`, `driver` (text), `before`, `after` (float64, in `driver_unit`), `effect`
    (float64, in `unit`; a share's in points), `unit`, `driver_unit` (text).
    """
    return pd.DataFrame(
        {
            "kpi": kpi,
            "driver": [name for name, _ in drivers],
            "before": np.asarray(before, dtype=float),
            "after": np.asarray(after, dtype=float),
            "effect": np.asarray(effects, dtype=float),
            "unit": unit,
            "driver_unit": [unit for _, unit in drivers],
        },
        columns=list(COLUMNS),
    )


def joined(parts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several comparisons (words -> rows) with the column `against`."""
    found = [rows.assign(against=words) for words, rows in parts.items() if len(rows)]
    if not found:
        return pd.DataFrame(columns=[*COLUMNS, "against"])
    return pd.concat(found, ignore_index=True)


def effect_unit(unit: Unit) -> Unit:
    """Return the unit that a change of a figure is told in: points for a share."""
    return "points" if unit == "share" else unit


def effect_sentence(rows: pd.DataFrame, *, against: str, write: Write = plain) -> str:
    """Return how much a figure changed, which driver did most, and which worked against it.

    Columns in: those of `effect_rows`, of one figure. `against` names the earlier period.
    """
    kpi = str(rows["kpi"].iloc[0])
    unit = effect_unit(rows["unit"].iloc[0])
    rows = rows.assign(effect=rows["effect"].round(9))  # 18 customers, not 18.0000000001
    change = round(float(rows["effect"].sum()), 9)
    if write(abs(change), unit) == write(0.0, unit):
        return f"{kpi}: unchanged against {against}."
    push = rows["effect"] * np.sign(change)
    first, last = rows.loc[push.idxmax()], rows.loc[push.idxmin()]
    text = (
        f"{kpi}: {'up' if change > 0 else 'down'} by {write(abs(change), unit)} against {against}, "
        f"most of all through “{first['driver']}” "
        f"({signed(float(first['effect']), unit, write)})."
    )
    other = signed(float(last["effect"]), unit, write)
    if push.min() >= 0 or other.startswith("±"):
        return text
    return f"{text[:-1]}; “{last['driver']}” worked against it ({other})."


def effect_sentences(
    moved: pd.DataFrame,
    *,
    period: Period,
    leave_out: Sequence[str] = (),
    name: Callable[[Period], str] = str,
    write: Write = plain,
) -> list[str]:
    """Return `effect_sentence` of each figure and comparison of `joined` rows.

    `period` is that of the page, `name` writes a period for the reader; `leave_out` are figures
    that the page explains by other sentences.
    """
    names = {PREVIOUS: name(period.previous()), YEAR_BEFORE: name(period.year_before())}
    return [
        effect_sentence(rows, against=names[str(against)], write=write)
        for (against, kpi), rows in moved.groupby(["against", "kpi"], sort=False)
        if kpi not in leave_out
    ]


def effect_charts(moved: pd.DataFrame) -> list[dict[str, Any]]:
    """Return for each unit the arguments of a bar chart, with a switch between several figures.

    Columns in: those of `joined`, and `customers` where small groups stand behind the rows.
    """
    units = moved["unit"].map(effect_unit)
    found = []
    for unit in dict.fromkeys(units):
        rows = moved[units == unit].reset_index(drop=True)
        kpis = list(dict.fromkeys(rows["kpi"]))
        alone = f"What moved it: {_lower(kpis[0])}"
        chart = {
            "frame": rows, "x": "driver", "y": "effect", "group": "against", "unit": unit,
            "grain": "total", "title": _TITLES[unit] if len(kpis) > 1 else alone,
            "labels": {"kpi": "Figure", "against": "Against"},
            "says": "The bars of a comparison add up to the change of the figure.",
        }  # fmt: skip
        chart |= {"switch": "kpi"} if len(kpis) > 1 else {}
        chart |= {"customers": "customers"} if "customers" in rows else {}
        found.append(chart)
    return found


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
