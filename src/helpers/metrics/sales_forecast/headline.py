"""The figures at the head of the page, and those that say how far to trust them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from helpers.metrics.contracts import Contract, Kpi
from helpers.metrics.sales_forecast import definitions as d
from helpers.metrics.sales_forecast.goal import growth_target
from helpers.metrics.sales_forecast.intervals import Calibration, calibrate
from helpers.metrics.sales_forecast.model import CHOSEN, Fit
from helpers.metrics.sales_forecast.outlook import Outlook
from helpers.metrics.sales_forecast.series import ORDERS, TOTAL
from helpers.periods import Period

_RANGE = "80% range, from past errors."
_NO_RANGE = "The history is too short to say how wrong it may be."


def headline(
    now: Outlook,
    *,
    previous: Outlook | None = None,
    year_before: Outlook | None = None,
    target: float = 0.0,
    next_target: float = 0.0,
    growth: float = 0.0,
) -> list[Kpi]:
    """Return the headline KPIs of a period, with those of the period before and a year before.

    Earlier values are what the page of that period said: its own sales and the forecast it made. A
    target of 0 is none: then it is the mean daily sales of the period before, for as many days,
    times 1 + `growth`. All target KPIs are marked as assumed.
    """
    pages = {"value": now, "previous": previous, "year_before": year_before}
    known = {name: page for name, page in pages.items() if page is not None}
    kpis = [_sales(now)]
    for contract, series in ((d.FORECAST_SALES, TOTAL), (d.FORECAST_ORDERS, ORDERS)):
        rows = {name: page.totals.row(series) for name, page in known.items()}
        limits = (rows["value"]["low_80"], rows["value"]["high_80"])
        kpis.append(_kpi(contract, {n: r["forecast"] for n, r in rows.items()}, limits))
    people = {name: page.customers for name, page in known.items()}
    kpis.append(
        _kpi(
            d.FORECAST_CUSTOMERS,
            {n: c.forecast for n, c in people.items()},
            (now.customers.low_80, now.customers.high_80),
        )
    )
    goals = {
        name: targets(page, target=target if page is now else 0.0,
                      next_target=next_target if page is now else 0.0, growth=growth)
        for name, page in known.items()
    }  # fmt: skip
    reached = {n: _share(period_sales(known[n]), g[0]) for n, g in goals.items()}
    given = "Target given as a parameter." if target else _assumption(growth)
    if reached["value"] is None:
        given = "No target is known, and no period before this one to derive it from."
    kpis.append(_kpi(d.TARGET_ATTAINMENT, reached, note=given, assumed=True))
    chance = {n: known[n].totals.chance(TOTAL, g[1]) for n, g in goals.items() if g[1] > 0}
    given = "Target given as a parameter." if next_target else _assumption(growth)
    if not np.isfinite(chance.get("value", np.nan)):
        given = _NO_RANGE
    kpis.append(_kpi(d.TARGET_PROBABILITY, chance, note=given, assumed=True))
    errors = {n: float(page.totals.row(TOTAL)["wape"]) for n, page in known.items()}
    note = f"From {now.tested} past forecasts." if now.tested else _NO_RANGE
    return [*kpis, _kpi(d.FORECAST_ERROR, errors, note=note)]


def period_sales(page: Outlook, period: Period | None = None) -> float:
    """Return the sales of the page's period, or of another one that its days cover."""
    span = period or page.period
    ds = page.days["ds"]
    inside = ds.between(pd.Timestamp(span.start), pd.Timestamp(span.end))
    return float(page.days.loc[inside, "revenue"].sum())


def targets(
    page: Outlook, *, target: float = 0.0, next_target: float = 0.0, growth: float = 0.0
) -> tuple[float, float]:
    """Return the targets of the page's period and of the next; NaN where nothing gives one."""
    before, period = page.period.previous(), page.period
    own = target or growth_target(page.days, base=before, period=period, growth=growth)
    ahead = next_target or growth_target(page.days, base=period, period=page.ahead, growth=growth)
    return own, ahead


def _sales(now: Outlook) -> Kpi:
    first = now.days["ds"].iloc[0]
    before, last_year = (
        period_sales(now, span) if pd.Timestamp(span.start) >= first else None
        for span in (now.period.previous(), now.period.year_before())
    )
    return Kpi(d.PERIOD_SALES, period_sales(now), previous=before, year_before=last_year)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _assumption(growth: float) -> str:
    grown = f" plus {100 * growth:.0f}%" if growth else ""
    return f"No target is known: the daily sales of the period before{grown} stand in for one."


def _kpi(
    contract: Contract,
    values: Mapping[str, float | None],
    limits: tuple[float, float] | None = None,
    *,
    note: str = "",
    assumed: bool = False,
) -> Kpi:
    low, high = limits or (None, None)
    if limits is not None:
        note = _RANGE if np.isfinite(limits).all() else _NO_RANGE
    return Kpi(contract, values.get("value"), low, high, values.get("previous"),
               values.get("year_before"), note, assumed, level=80)  # fmt: skip


def trust_kpis(now: Outlook) -> list[Kpi]:
    """Return the KPIs that say how far to trust the daily forecast of total sales."""
    test = now.fit.test
    row = now.fit.ids.index(TOTAL)
    own, naive = (np.nansum(np.abs(test.errors(m)[row])) for m in (CHOSEN, "seasonal_naive"))
    advantage = 1 - own / naive if naive > 0 else None
    inside = backtest_coverage(now.fit, TOTAL)
    return [
        Kpi(d.FORECAST_ADVANTAGE, advantage, note="" if advantage is not None else _NO_RANGE),
        Kpi(d.FORECAST_COVERAGE, inside, note="" if inside == inside else _NO_RANGE),
    ]


def backtest_coverage(fit: Fit, unique_id: str, *, level: float = 80) -> float:
    """Return the share of backtest days inside a range calibrated on forecasts of other days.

    NaN where there is too little to calibrate on.
    """
    row = fit.ids.index(unique_id)
    scale = np.array(list(fit.scales().values()))
    errors = fit.test.errors(CHOSEN)
    hits: list[float] = []
    for origin in range(errors.shape[1]):
        others = errors[:, fit.test.apart(origin)]
        if np.isnan(errors[row, origin]).any() or not np.isfinite(others).any():
            continue
        learnt: Calibration = calibrate(others, scale, overlap=fit.test.overlap)
        point = fit.test.forecasts[CHOSEN][:, origin]
        low, high = learnt.bounds(point, level, floor=fit.floor)
        if np.isfinite(low[row]).all():
            y = fit.test.actual[row, origin]
            hits.extend(((y >= low[row]) & (y <= high[row])).astype(float))
    return float(np.mean(hits)) if hits else float("nan")
