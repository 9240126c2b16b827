"""The next period, whole: sales by department and shop, orders, customers, and the evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.sales_forecast.customers import Customers, customers_ahead
from helpers.metrics.sales_forecast.exposed import Trial, where_it_helps
from helpers.metrics.sales_forecast.exposure import (
    closed_known,
    holiday_effects,
    holidays,
    holidays_known,
)
from helpers.metrics.sales_forecast.hierarchy import reconcile
from helpers.metrics.sales_forecast.model import Fit, fit
from helpers.metrics.sales_forecast.series import (
    ORDERS,
    TOTAL,
    Hierarchy,
    daily,
    hierarchy,
    long,
)
from helpers.metrics.sales_forecast.totals import Totals, totals
from helpers.periods import Period

WINDOWS = 6
MIN_DAYS = 14
_SHORTEST = 14  # days of history a backtest origin leaves the models at the least


@dataclass(frozen=True)
class Outlook:
    """What the next period is expected to bring.

    Attributes:
        period: the period reported on; its last day is the last day seen.
        days: sales, orders and customers of every day seen (see `series.daily`).
        parts: how departments and shops add up.
        fit: reconciled daily forecasts with their backtest; ids are those of `parts` and `Orders`.
        totals: sums over the next period.
        customers: customers expected in the next period.
        effects: what past holidays did (see `exposure.holiday_effects`).
        calendar: the holidays, past and in the next period: `ds`, `holiday`.
        trial: the daily error of past forecasts of total sales without and with what holidays were
            known to do; closed ones are left out either way.
        method: how the forecasts were made to add up.
        reconciled: scaled error over all nodes, `base` and by each method.
    """

    period: Period
    days: pd.DataFrame
    parts: Hierarchy
    fit: Fit
    totals: Totals
    customers: Customers
    effects: pd.DataFrame
    calendar: pd.DataFrame
    trial: Trial
    method: str
    reconciled: Mapping[str, float]

    @property
    def ahead(self) -> Period:
        """The period that is forecast."""
        return self.period.next()

    @property
    def tested(self) -> int:
        """Number of past forecasts that the errors come from."""
        return int(self.totals.row(TOTAL)["origins"])

    def daily(self, unique_id: str = TOTAL) -> pd.DataFrame:
        """Return the daily forecast of a series (see `Fit.frame`)."""
        frame = self.fit.frame
        return frame[frame["unique_id"] == unique_id].reset_index(drop=True)


def outlook(
    orders: pd.DataFrame,
    lines: pd.DataFrame | None = None,
    *,
    period: Period,
    first: date,
    country: str = "none",
    top: int = 6,
    windows: int = WINDOWS,
) -> Outlook:
    """Forecast the period after `period` day by day from the orders up to its last day.

    Columns in: as `series.hierarchy`; later rows are not looked at. A day without orders counts
    as 0 sales. `first` is the first day that the source covers. A holiday of `country` without
    sales was closed: it says nothing of demand, and is expected to be closed again. What other
    holidays did is taken out of the history if that lowered the daily error of total sales in the
    backtest by more than luck, where each origin knows the holidays before it only.

    Raises:
        MetricError: fewer than 14 days of history, no sales at all, or as `series.hierarchy`.
    """
    as_of = period.end
    seen = (as_of - first).days + 1
    if seen < MIN_DAYS:
        raise MetricError(
            f"{seen} days of history are too few to forecast from",
            hint=f"It takes {MIN_DAYS}; report a later period.",
        )
    days = daily(orders, first=first, as_of=as_of)
    if not days["revenue"].abs().sum() > 0:
        raise MetricError(f"there are no sales from {first} to {as_of}", hint="Check the slice.")
    parts = hierarchy(orders, lines, first=first, as_of=as_of, top=top)
    horizon = period.next().days
    offsets = _offsets(seen, horizon, windows)
    calendar = holidays(first, period.next().end, country=country)
    sales = long(days, {"revenue": TOTAL})
    options: dict[str, Any] = {"horizon": horizon, "freq": "D", "offsets": offsets}
    trial = where_it_helps(
        sales, holidays_known(sales, calendar), otherwise=closed_known(sales, calendar), **options
    )
    frame = pd.concat([parts.frame, long(days, {"orders": ORDERS})], ignore_index=True)
    base = fit(frame, until=pd.Timestamp(as_of), exposure=trial.exposure, **options)
    joined = reconcile(base, parts.groups) if parts.groups else None
    final = joined.fit if joined else base
    found = totals(final)
    return Outlook(
        period, days, parts, final, found, customers_ahead(orders, final, first=first),
        holiday_effects(sales, calendar), calendar, trial, joined.method if joined else "none",
        joined.mase if joined else {},
    )  # fmt: skip


def outlooks(
    orders: pd.DataFrame,
    lines: pd.DataFrame | None = None,
    *,
    period: Period,
    first: date,
    country: str = "none",
    top: int = 6,
) -> tuple[Outlook, Outlook | None, Outlook | None]:
    """Return the outlooks of a period, of the period before and of the same one a year before.

    The earlier ones are what their own pages said: they see no later row. None where the history
    is shorter than 14 days or has no sales.

    Raises:
        MetricError: as for `outlook` of the period itself.
    """
    options = {"first": first, "country": country, "top": top}
    now = outlook(orders, lines, period=period, **options)  # type: ignore[arg-type]
    found: list[Outlook | None] = []
    for span in (period.previous(), period.year_before()):
        try:
            found.append(outlook(orders, lines, period=span, **options))  # type: ignore[arg-type]
        except MetricError:
            found.append(None)  # its page could not say anything either
    return now, found[0], found[1]


def _offsets(seen: int, horizon: int, windows: int) -> tuple[int, ...]:
    """Return backtest origins that reach back no further than the first fortnight."""
    room = seen - _SHORTEST - horizon
    if room < 0:
        return (horizon,)
    step = max(1, min(room // max(windows - 1, 1), -(-horizon // 2)))
    return tuple(horizon + i * step for i in range(windows) if i * step <= room)
