"""What the churn page says of contracts: figures, why they changed, how long contracts last."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from helpers.metrics.churn import definitions as d
from helpers.metrics.churn import recipes
from helpers.metrics.churn.contract_changes import WORDS, contract_changes, contract_drivers
from helpers.metrics.churn.contract_groups import (
    contract_by_segment,
    contract_stay_by_group,
    known,
)
from helpers.metrics.churn.contractual import STEPS, contractual_churn, revenue_bridge
from helpers.metrics.churn.sentences import groups_sentence
from helpers.metrics.contracts import Kpi
from helpers.metrics.effects import effect_charts
from helpers.metrics.writing import Write, plain
from helpers.periods import Period

OTHERS = "Other moves"
_RATES = (
    (d.LOGO_CHURN_RATE, "logo_churn_rate"),
    (d.MRR_CHURN_RATE, "revenue_churn_rate"),
    (d.GRR, "grr"),
    (d.NRR, "nrr"),
    (d.END_MRR, "end_mrr"),
)
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
    customers: pd.DataFrame | None = None,
    name: Callable[[Period], str] = str,
    write: Write = plain,
) -> list[str]:
    """Return how recurring revenue moved in the period, and why its figures changed since others.

    The first sentence gives the bridge's largest gain and loss; then come `contract_changes` since
    the period before and since a year before. `name` writes a period for the reader.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    steps = revenue_bridge(subscriptions, period=period).set_index("step")["mrr"]
    found = [_moved(steps, write)]
    if not steps["start"]:
        return found
    for other in (period.previous(), period.year_before()):
        found += contract_changes(
            subscriptions, period=period, other=other, customers=customers, name=name, write=write
        )
    return found


def contract_charts(
    subscriptions: pd.DataFrame, *, period: Period, customers: pd.DataFrame | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the arguments of the section's bar charts, and of its line charts.

    Bars: the bridge, what moved the figures (`contract_drivers`), logo churn by group. Lines: how
    long customers stay under contract, and the same by group. What there are no groups for, or
    nothing to compare with, is left out.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    rows = {"subscriptions": subscriptions, "customers": customers}
    bars = [{"frame": contract_bridge(subscriptions, period=period), **recipes.MRR_BRIDGE}]
    bars += effect_charts(contract_drivers(**rows, period=period))  # type: ignore[arg-type]
    groups = known(contract_by_segment(**rows, period=period))  # type: ignore[arg-type]
    if len(groups):
        bars.append({"frame": groups, **recipes.CONTRACT_RATES})
    stays = contract_stay_by_group(**rows, as_of=period.end)  # type: ignore[arg-type]
    by_group, everybody = stays["dimension"] != "all", stays["dimension"] == "all"
    lines = [{"frame": stays[everybody], **recipes.CONTRACT_STAY}]
    if by_group.any():
        says = groups_sentence(stays)
        lines.append({"frame": stays[by_group], **recipes.CONTRACT_STAY_BY_GROUP, "says": says})
    return bars, lines


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


def _reaches(subscriptions: pd.DataFrame, period: Period) -> bool:
    first = pd.to_datetime(subscriptions["starts_on"]).min()
    return bool(first <= pd.Timestamp(period.start - timedelta(days=1)))


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
        f"most was {word} {WORDS[str(at)]} ({write(abs(float(moves[at])), 'currency')})"
        for at, word, there in (
            (moves.idxmax(), "gained from", moves.max() > 0),
            (moves.idxmin(), "lost through", moves.min() < 0),
        )
        if there
    ]
    return f"{text}: {'; '.join(told)}."
