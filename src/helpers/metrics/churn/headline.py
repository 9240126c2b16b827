"""The figures at the head of the page, with those of earlier periods."""

from collections.abc import Mapping
from math import isnan

import pandas as pd

from helpers.metrics.churn import definitions as d
from helpers.metrics.churn.activity import active_customers, churn
from helpers.metrics.churn.at_risk import Action, at_risk
from helpers.metrics.churn.intervals import share, wilson
from helpers.metrics.churn.profit import borne_out
from helpers.metrics.churn.rules import Alive
from helpers.metrics.churn.study import Study, study
from helpers.metrics.churn.training import history_days
from helpers.metrics.churn.trust import trust
from helpers.metrics.contracts import Contract, Kpi
from helpers.periods import Period

Values = dict[str, float | None]
Limits = tuple[float | None, float | None]

_RATES: tuple[tuple[Contract, str, str], ...] = (
    (d.CHURN_RATE, "churn_rate", "Nobody was active when the period began."),
    (d.REVENUE_CHURN_RATE, "revenue_churn_rate", "There was no revenue before the period."),
    (d.REACTIVATED_CUSTOMERS, "reactivated", ""),
)
_ASSUMED = "Margin, horizon, costs and success rate are parameters."
_BACKTEST = {
    "open": " The back-test of the same choice leaves open whether it pays.",
    "lost": " The same choice would have lost money in the back-test.",
}


def headline(
    visits: pd.DataFrame,
    *,
    period: Period,
    window: int,
    found: Study | None = None,
    earlier: Mapping[Period, Study] | None = None,
    action: Action | None = None,
    tries: pd.DataFrame | None = None,
) -> list[Kpi]:
    """Return the headline KPIs of a period, with the period before and the same a year before.

    Active customers, churn rate, revenue churn and customers won back come from the purchases;
    expected churn from `found` (`study` as of the period's end) and, for earlier values, from
    `earlier` (`earlier_studies`); margin at risk and the gain of acting also from `action`, and
    are marked as assumed; the gain says where its back-test (`tries`, of `backtest_policies`) does
    not bear it out. Earlier values are computed with the same window and action from the rows that
    were there at the time. A figure that the history cannot support is None, and its note says why.
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
    kpis = [_kpi(d.ACTIVE_CUSTOMERS, counts, note=f"A purchase in the last {window} days.")]
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
    made = {**studies, "value": found}
    return kpis + _predicted(cut, spans, made, window, action, borne_out(tries))


def earlier_studies(
    visits: pd.DataFrame,
    *,
    period: Period,
    window: int,
    alive: Alive | None = None,
    kept: Mapping[Period, pd.DataFrame] | None = None,
    seed: int = 0,
) -> dict[Period, Study]:
    """Return the predictions as of the period before and the same period a year before.

    What an edition kept is taken as it was published, where it looked ahead as many days as today's
    window; the rest is worked out again as the report of that day did (the same `alive`), from the
    rows of its time. Those that the history is too short for are left out.

    Args:
        visits: purchase days.
        period: of the report.
        window: of the report.
        alive: as of `study`.
        kept: period → `predictions`, as its edition holds them.
        seed: as of `study`.
    """
    found: dict[Period, Study] = {}
    for p in (period.previous(), period.year_before()):
        said = (kept or {}).get(p)
        if said is not None and len(said) and said["window_days"].eq(window).all():
            there = (visits["day"] <= pd.Timestamp(p.end)) & (visits["orders"] > 0)
            rows = said[said["customer_id"].isin(visits.loc[there, "customer_id"])]
            scored = rows[["customer_id", "probability"]].reset_index(drop=True)
            found[p] = Study(window, scored=scored)
        elif history_days(visits, as_of=p.end) >= 3 * window:
            found[p] = study(
                visits, as_of=p.end, window=window, alive=alive, explain=False, seed=seed
            )
    return {p: made for p, made in found.items() if made.usable}


def _predicted(
    cut: dict[str, pd.DataFrame],
    spans: dict[str, Period],
    studies: dict[str, Study],
    window: int,
    action: Action | None,
    backtest: str,
) -> list[Kpi]:
    now = studies["value"]
    usable = {name: found for name, found in studies.items() if found.usable and len(found.scored)}
    means: Values = {n: float(found.scored["probability"].mean()) for n, found in usable.items()}
    limits: Limits = (None, None)
    if "value" in usable:
        size = len(now.scored)
        limits = (now.level.low / size, now.level.high / size)
    note = f"The next {window} days." if now.usable else now.reason
    kpis = [_kpi(d.EXPECTED_CHURN_RATE, means, limits=limits, note=note)]
    if action is None:
        return kpis
    lists = {
        n: at_risk(found.scored, cut[n], as_of=spans[n].end, window=window, action=action)
        for n, found in usable.items()
    }
    losses: Values = {n: float(listed["expected_loss"].sum()) for n, listed in lists.items()}
    gains: Values = {n: _gain(listed) for n, listed in lists.items()}
    note = _ASSUMED if now.usable else now.reason
    kpis.append(_kpi(d.MARGIN_AT_RISK, losses, note=note, assumed=True))
    note += _BACKTEST.get(backtest, "") if now.usable else ""
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
    """Return the KPIs that say how far to trust the prediction; values are None without one.

    The interval of seen per expected is Wilson's of the share seen, over the share expected.
    """
    if not found.usable:
        return [Kpi(c, None, note=found.reason) for c in (d.PREDICTION_AUC, d.PREDICTION_RATIO)]
    level = trust(found)
    ratio = share(level.observed, level.expected)
    low, high = (
        share(float(end[0]) * level.customers, level.expected)
        for end in wilson([level.observed], [level.customers])
    )
    return [
        Kpi(d.PREDICTION_AUC, level.roc_auc, low=level.low, high=level.high),
        Kpi(
            d.PREDICTION_RATIO,
            ratio,
            low=low,
            high=high,
            note=f"{level.observed} lapses in the test.",
        ),
    ]
