"""What the churn page says of contracts: its figures, why they changed, how long contracts last."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.metrics.churn import definitions as d
from helpers.metrics.churn.contractual import (
    STEPS,
    contractual_churn,
    revenue_bridge,
    subscription_lifetimes,
)
from helpers.metrics.churn.survival import survival_curve
from helpers.metrics.contracts import Kpi
from helpers.metrics.writing import Write, plain, signed
from helpers.periods import Period

OTHERS = "Other moves"
_RATES = (
    (d.LOGO_CHURN_RATE, "logo_churn_rate"),
    (d.MRR_CHURN_RATE, "revenue_churn_rate"),
    (d.GRR, "grr"),
    (d.NRR, "nrr"),
    (d.END_MRR, "end_mrr"),
)
_WORDS = {
    "new": "new customers",
    "reactivation": "customers won back",
    "expansion": "larger contracts",
    "contraction": "smaller contracts",
    "churn": "customers who left",
}
_STEPS = {
    "start": "At the start",
    "new": "New customers",
    "reactivation": "Won back",
    "expansion": "Larger contracts",
    "contraction": "Smaller contracts",
    "churn": "Customers who left",
    "end": "At the end",
}


def contract_kpis(subscriptions: pd.DataFrame, *, period: Period) -> list[Kpi]:
    """Return the contractual KPIs of a period, with those of the period and the year before.

    Earlier values are there where a contract had begun before that period.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    spans = {"value": period, "previous": period.previous(), "year_before": period.year_before()}
    rates = {
        name: contractual_churn(subscriptions, period=span)
        for name, span in spans.items()
        if name == "value" or _reaches(subscriptions, span)
    }
    now = rates["value"]
    note = "" if now["start_customers"] else "Nobody was under contract when the period began."
    found = []
    for contract, name in _RATES:
        logo = contract is d.LOGO_CHURN_RATE
        found.append(
            Kpi(
                contract,
                now[name],
                low=now["logo_low"] if logo else None,
                high=now["logo_high"] if logo else None,
                previous=rates.get("previous", {}).get(name),
                year_before=rates.get("year_before", {}).get(name),
                note="" if contract is d.END_MRR else note,
            )
        )
    return found


def contract_sentences(
    subscriptions: pd.DataFrame,
    *,
    period: Period,
    name: Callable[[Period], str] = str,
    write: Write = plain,
) -> list[str]:
    """Return how recurring revenue moved in the period, and why its retention changed since others.

    The first sentence gives the bridge's largest gain and loss. Net revenue retention is
    1 − (churned MRR + contraction − expansion) / start MRR, so its change since the period before
    and since a year before is the sum of the changes of three shares; the largest is named.
    `name` writes a period for the reader.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    steps = revenue_bridge(subscriptions, period=period).set_index("step")["mrr"]
    found = [_moved(steps, write)]
    if not steps["start"]:
        return found
    now = _shares(steps)
    for other in (period.previous(), period.year_before()):
        before = revenue_bridge(subscriptions, period=other).set_index("step")["mrr"]
        if not before["start"]:
            found.append(f"Nobody was under contract when {name(other)} began.")
            continue
        change = now - _shares(before)
        total = write(abs(float(change.sum())), "points")
        if total == write(0.0, "points"):
            found.append(f"Net revenue retention is what it was in {name(other)}.")
            continue
        top = str(change.abs().idxmax())
        verb = "rose" if change.sum() > 0 else "fell"
        found.append(
            f"Net revenue retention {verb} by {total} against {name(other)}, most of all through "
            f"{_WORDS[top]} ({signed(float(change[top]), 'points', write)})."
        )
    return found


def contract_bridge(subscriptions: pd.DataFrame, *, period: Period, least: int = 8) -> pd.DataFrame:
    """Return `revenue_bridge` without steps of 1 to `least` − 1 customers.

    Those are summed up as `Other moves`, together with the next larger ones until `least`
    customers stand behind it: a step that was merely left out could be told from the others.

    Columns out: `step` string (in words), `mrr` float64 (currency), `customers` int64. One row per
    step; steps that nobody took are left out. The steps still add up to the end, to the cent. Empty
    where fewer than `least` customers were under contract at either end.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    table = revenue_bridge(subscriptions, period=period)
    ends = table["step"].isin((STEPS[0], STEPS[-1]))
    if table.loc[ends, "customers"].between(1, least - 1).any():
        return table.iloc[:0]
    moves = table[~ends & (table["customers"] > 0)]
    order = moves.sort_values("customers", kind="stable")
    small = int((order["customers"] < least).sum())
    while 0 < small < len(order) and order["customers"].iloc[:small].sum() < least:
        small += 1
    joined = order.iloc[:small]
    parts = [table[table["step"] == STEPS[0]], moves.drop(joined.index)]
    if small:
        cents = int((joined["mrr"] * 100).round().sum())
        row = {"step": OTHERS, "mrr": cents / 100, "customers": int(joined["customers"].sum())}
        parts.append(pd.DataFrame([row]))
    parts.append(table[table["step"] == STEPS[-1]])
    found = pd.concat(parts, ignore_index=True)
    return found.assign(step=found["step"].replace(_STEPS))


def contract_stay(subscriptions: pd.DataFrame, *, as_of: date, step: int = 30) -> pd.DataFrame:
    """Return the share of customers still under contract by days since the first (Kaplan–Meier).

    Columns out: those of `survival_curve` over `subscription_lifetimes`. Grain: one row per `step`
    days, as far as 8 customers are still watched.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    stays = subscription_lifetimes(subscriptions, as_of=as_of)
    return survival_curve(stays, event="lapsed", step=step)


def _reaches(subscriptions: pd.DataFrame, period: Period) -> bool:
    first = pd.to_datetime(subscriptions["starts_on"]).min()
    return bool(first <= pd.Timestamp(period.start - timedelta(days=1)))


def _shares(steps: "pd.Series[float]") -> "pd.Series[float]":
    """Return what each move of the customers of the start added to net revenue retention."""
    return steps[["churn", "contraction", "expansion"]] / steps["start"]


def _moved(steps: "pd.Series[float]", write: Write) -> str:
    change = float(steps["end"] - steps["start"])
    moves = steps.drop([STEPS[0], STEPS[-1]])
    if not np.any(moves):
        return "Recurring revenue did not move in the period."
    verb = "rose" if change > 0 else "fell"
    text = (
        f"Recurring revenue {verb} by {write(abs(change), 'currency')} over the period"
        if change
        else "Gains and losses of recurring revenue were equal over the period"
    )
    told = [
        f"most was {word} {_WORDS[str(at)]} ({write(abs(float(moves[at])), 'currency')})"
        for at, word, there in (
            (moves.idxmax(), "gained from", moves.max() > 0),
            (moves.idxmin(), "lost through", moves.min() < 0),
        )
        if there
    ]
    return f"{text}: {'; '.join(told)}."
