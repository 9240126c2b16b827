"""What moved each headline figure since an earlier page: calendar, demand, targets, uncertainty."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.contracts import Contract, Unit
from helpers.metrics.effects import (
    COLUMNS,
    PREVIOUS,
    YEAR_BEFORE,
    effect_rows,
    effect_sentences,
    effects_of,
    joined,
)
from helpers.metrics.sales_forecast import definitions as d
from helpers.metrics.sales_forecast.diagnosis import covered, factors
from helpers.metrics.sales_forecast.headline import period_sales, targets
from helpers.metrics.sales_forecast.model import CHOSEN
from helpers.metrics.sales_forecast.outlook import Outlook
from helpers.metrics.sales_forecast.series import ORDERS, TOTAL
from helpers.metrics.writing import Write, plain
from helpers.periods import Period

_DAYS: tuple[str, Unit] = ("Number of days", "days")
_A_DAY: tuple[str, Unit] = ("Orders a day", "number")
_BASKET: tuple[str, Unit] = ("Sales per order", "currency")
Pair = tuple[float, ...]


def headline_drivers(
    now: Outlook,
    previous: Outlook | None,
    year_before: Outlook | None,
    *,
    target: float = 0.0,
    next_target: float = 0.0,
    growth: float = 0.0,
) -> pd.DataFrame:
    """Return what moved each headline figure since the page before and the one a year before.

    Formulas: sales = days x orders a day x sales per order, of the period (`diagnosis.factors`) and
    as expected; orders expected = days x orders a day; customers expected = orders x customers per
    order; target reached = sales / target; usual error = mean miss / mean sales of the periods
    tested; the chance of reaching the next target is computed with either page's forecast and
    either target. Effects by `effects_of`, so those of a figure add up to its change.

    `target`, `next_target`, `growth` as in `headline`: the earlier pages take theirs from growth.

    Columns out, one row an earlier page, figure and driver: `kpi`, `driver`, `against` (text),
    `before`, `after` (in `driver_unit`), `effect` (in `unit`; shares in points), `unit`,
    `driver_unit`. A figure that one of the pages could not tell is left out.
    """
    own = targets(now, target=target, next_target=next_target, growth=growth)
    parts = {}
    spans = (now.period.previous(), now.period.year_before())
    for words, page, span in zip(
        (PREVIOUS, YEAR_BEFORE), (previous, year_before), spans, strict=True
    ):
        found = [_sales(now, span)]
        if page is not None:
            found += [_expected(now, page), _goals(now, page, own, targets(page, growth=growth))]
            found.append(_error(now, page))
        parts[words] = pd.concat(found, ignore_index=True)
    return joined(parts)


def driver_sentences(
    moved: pd.DataFrame,
    *,
    period: Period,
    name: Callable[[Period], str] = str,
    write: Write = plain,
) -> list[str]:
    """Return why each figure but the sales themselves changed, which `compare` explains."""
    return effect_sentences(
        moved, period=period, leave_out=(d.PERIOD_SALES.label,), name=name, write=write
    )


def _sales(now: Outlook, against: Period) -> pd.DataFrame:
    if not covered(now.days, against):
        return _none()
    try:
        split = factors(now.days, period=now.period, against=against)
    except MetricError:
        return _none()
    drivers = [_DAYS, _A_DAY, _BASKET]
    return effect_rows(
        d.PERIOD_SALES.label, drivers, split["before"], split["after"], split["contribution"],
        "currency",
    )  # fmt: skip


def _expected(now: Outlook, before: Outlook) -> pd.DataFrame:
    sales, orders, people = [], [], []
    for page in (before, now):
        placed = float(page.totals.row(ORDERS)["forecast"])
        money = float(page.totals.row(TOTAL)["forecast"])
        days = float(page.ahead.days)
        sales.append((days, placed / days, money / placed if placed else np.nan))
        orders.append((days, placed / days))
        people.append((placed, page.customers.forecast / placed if placed else np.nan))
    each: tuple[str, Unit] = ("Customers per order", "number")
    return pd.concat(
        [
            _product(d.FORECAST_SALES, [_DAYS, _A_DAY, _BASKET], sales),
            _product(d.FORECAST_ORDERS, [_DAYS, _A_DAY], orders),
            _product(d.FORECAST_CUSTOMERS, [("Orders expected", "count"), each], people),
        ],
        ignore_index=True,
    )


def _goals(now: Outlook, before: Outlook, own: Pair, then: Pair) -> pd.DataFrame:
    pages, aims = (before, now), (then[1], own[1])
    sold = [(period_sales(page), aim[0]) for page, aim in zip(pages, (then, own), strict=True)]
    reached = _quotient(
        d.TARGET_ATTAINMENT, [("Sales of the period", "currency"), ("Target", "currency")], sold
    )
    if not min(aims) > 0:
        return reached

    def chance(mixed: np.ndarray) -> float:
        return pages[int(mixed[0])].totals.chance(TOTAL, aims[int(mixed[1])])

    effects = effects_of([0, 0], [1, 1], of=chance)
    if not np.isfinite(effects).all():
        return reached
    drivers: list[tuple[str, Unit]] = [
        ("The forecast and its range", "currency"),
        ("Next target", "currency"),
    ]
    sides = [
        (float(p.totals.row(TOTAL)["forecast"]), aim) for p, aim in zip(pages, aims, strict=True)
    ]
    label = d.TARGET_PROBABILITY.label
    rows = effect_rows(label, drivers, sides[0], sides[1], effects, "share")
    return pd.concat([reached, rows], ignore_index=True)


def _error(now: Outlook, before: Outlook) -> pd.DataFrame:
    sides = []
    for page in (before, now):
        test, row = page.fit.test, page.fit.ids.index(TOTAL)
        actual = test.actual[row].sum(axis=1)
        missed = np.abs(actual - test.forecasts[CHOSEN][row].sum(axis=1))
        known = np.isfinite(missed)
        sides.append(
            (float(missed[known].mean()), float(np.abs(actual[known]).mean()))
            if known.any()
            else (np.nan, np.nan)
        )
    drivers: list[tuple[str, Unit]] = [
        ("Size of the misses", "currency"),
        ("Sales of the periods tested", "currency"),
    ]
    return _quotient(d.FORECAST_ERROR, drivers, sides)


def _product(
    contract: Contract, drivers: list[tuple[str, Unit]], sides: Sequence[Pair]
) -> pd.DataFrame:
    if not np.isfinite(np.array(sides)).all():
        return _none()
    before, after = sides
    effects = effects_of(before, after)
    return effect_rows(contract.label, drivers, before, after, effects, contract.unit)


def _quotient(
    contract: Contract, drivers: list[tuple[str, Unit]], sides: Sequence[Pair]
) -> pd.DataFrame:
    if not (np.isfinite(np.array(sides)).all() and min(side[1] for side in sides) > 0):
        return _none()
    before, after = sides
    effects = effects_of(before, after, of=lambda parts: float(parts[0] / parts[1]))
    return effect_rows(contract.label, drivers, before, after, effects, contract.unit)


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=list(COLUMNS))
