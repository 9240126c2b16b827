"""The figures at the head of the page, with those of earlier periods."""

from collections.abc import Mapping
from datetime import date
from math import isnan

import pandas as pd

from helpers.metrics.churn import definitions as d
from helpers.metrics.churn.activity import active_customers, churn
from helpers.metrics.churn.at_risk import Action, at_risk
from helpers.metrics.churn.evaluation import calibration
from helpers.metrics.churn.intervals import share
from helpers.metrics.churn.study import Study, study
from helpers.metrics.churn.survival import lifetimes, share_after, survival_curve
from helpers.metrics.churn.training import history_days
from helpers.metrics.churn.trust import trust
from helpers.metrics.churn.visits import arrays
from helpers.metrics.contracts import Contract, Kpi
from helpers.periods import Period

HALF_YEAR = 182

Values = dict[str, float | None]
Limits = tuple[float | None, float | None]

_RATES: tuple[tuple[Contract, str, str], ...] = (
    (d.CHURN_RATE, "churn_rate", "Nobody was active when the period began."),
    (d.REVENUE_CHURN_RATE, "revenue_churn_rate", "There was no revenue before the period."),
    (d.REACTIVATED_CUSTOMERS, "reactivated", ""),
)


def headline(
    visits: pd.DataFrame,
    *,
    period: Period,
    window: int,
    found: Study | None = None,
    earlier: Mapping[Period, Study] | None = None,
    action: Action | None = None,
) -> list[Kpi]:
    """Return the headline KPIs of a period, with the period before and the same a year before.

    Active customers, churn rate, revenue churn and customers won back come from the purchases;
    expected churn from `found` (`study` as of the period's end) and, for earlier values, from
    `earlier` (`earlier_studies`); margin at risk and the gain of acting also from `action`, and
    are marked as assumed. Earlier values are computed with the same window and action from the
    rows that were there at the time. A figure that the history cannot support is None, and its
    note says why.
    """
    spans = {"value": period, "previous": period.previous(), "year_before": period.year_before()}
    cut = {name: visits[visits["day"] <= pd.Timestamp(span.end)] for name, span in spans.items()}
    known = {name: history_days(cut[name], as_of=span.end) for name, span in spans.items()}
    enough = {n: known[n] >= spans[n].days + window for n in spans}
    rates = {n: churn(cut[n], period=spans[n], window=window) for n in spans if enough[n]}
    counts: Values = {
        n: active_customers(cut[n], as_of=spans[n].end, window=window)
        for n in spans
        if n == "value" or known[n] >= window
    }
    kpis = [_kpi(d.ACTIVE_CUSTOMERS, counts)]
    for contract, name, missing in _RATES:
        values: Values = {n: rates[n][name] for n in rates}
        limits: Limits = (None, None)
        if contract is d.CHURN_RATE and "value" in rates:
            limits = (rates["value"]["churn_low"], rates["value"]["churn_high"])
        note = "" if "value" in rates else f"Needs {window} days of history before the period."
        if "value" in rates and isnan(rates["value"][name]):
            note = missing
        kpis.append(_kpi(contract, values, limits=limits, note=note))
    if found is None:
        return kpis
    studies = {n: (earlier or {})[p] for n, p in spans.items() if p in (earlier or {})}
    return kpis + _predicted(cut, spans, {**studies, "value": found}, window, action)


def earlier_studies(
    visits: pd.DataFrame, *, period: Period, window: int, seed: int = 0
) -> dict[Period, Study]:
    """Return the predictions as of the period before and the same period a year before.

    Each sees only the rows of its time. Those that the history is too short for are left out.
    """
    found = {
        p: study(visits, as_of=p.end, window=window, explain=False, seed=seed)
        for p in (period.previous(), period.year_before())
        if history_days(visits, as_of=p.end) >= 3 * window
    }
    return {p: made for p, made in found.items() if made.usable}


def _predicted(
    cut: dict[str, pd.DataFrame],
    spans: dict[str, Period],
    studies: dict[str, Study],
    window: int,
    action: Action | None,
) -> list[Kpi]:
    now = studies["value"]
    usable = {name: found for name, found in studies.items() if found.usable and len(found.scored)}
    means: Values = {n: float(found.scored["probability"].mean()) for n, found in usable.items()}
    limits: Limits = (None, None)
    if "value" in usable:
        level = calibration(now.scored.assign(lapsed=False))
        size = level["customers"]
        limits = (level["expected_low"] / size, level["expected_high"] / size)
    note = f"The next {window} days." if now.usable else now.reason
    kpis = [_kpi(d.EXPECTED_CHURN_RATE, means, limits=limits, note=note)]
    if action is None:
        return kpis
    lists = {
        n: at_risk(found.scored, cut[n], as_of=spans[n].end, window=window, action=action)
        for n, found in usable.items()
    }
    note = "Margin, horizon, costs and success rate are parameters." if now.usable else now.reason
    losses: Values = {n: float(listed["expected_loss"].sum()) for n, listed in lists.items()}
    gains: Values = {n: _gain(listed) for n, listed in lists.items()}
    kpis.append(_kpi(d.MARGIN_AT_RISK, losses, note=note, assumed=True))
    kpis.append(_kpi(d.EXPECTED_ACTION_GAIN, gains, note=note, assumed=True))
    return kpis


def _gain(listed: pd.DataFrame) -> float:
    return float(listed.loc[listed["contact"], "expected_gain"].sum())


def _kpi(
    contract: Contract,
    values: Values,
    *,
    limits: Limits = (None, None),
    note: str = "",
    assumed: bool = False,
) -> Kpi:
    return Kpi(
        contract,
        values.get("value"),
        low=limits[0],
        high=limits[1],
        previous=values.get("previous"),
        year_before=values.get("year_before"),
        note=note,
        assumed=assumed,
    )


def prediction_kpis(found: Study) -> list[Kpi]:
    """Return the KPIs that say how far to trust the prediction; values are None without one."""
    if not found.usable:
        return [Kpi(c, None, note=found.reason) for c in (d.PREDICTION_AUC, d.PREDICTION_RATIO)]
    level = trust(found)
    ratio = share(level.observed, level.expected)
    return [
        Kpi(d.PREDICTION_AUC, level.roc_auc, low=level.low, high=level.high),
        Kpi(d.PREDICTION_RATIO, ratio, note=f"{level.observed} lapses in the test."),
    ]


def retention_kpi(visits: pd.DataFrame, *, period: Period, window: int) -> Kpi:
    """Return the share of customers who stay half a year without a lapse, with its interval."""

    def at(day: date) -> pd.Series:
        stays = lifetimes(visits, as_of=day, window=window)
        return share_after(survival_curve(stays, event="lapsed", step=7), day=HALF_YEAR)

    now, before, last_year = (at(p.end) for p in (period, period.previous(), period.year_before()))
    rows = arrays(visits, as_of=period.end)
    reached = len(rows.day) and history_days(visits, as_of=period.end) > HALF_YEAR
    return Kpi(
        d.RETAINED_SHARE,
        now.get("survival"),
        low=now.get("low"),
        high=now.get("high"),
        previous=before.get("survival"),
        year_before=last_year.get("survival"),
        note="" if reached else f"Needs more than {HALF_YEAR} days of history.",
    )
