"""What moved each figure of contracts since an earlier period: moves, and groups of customers."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pandas as pd

from helpers.metrics.churn import definitions as d
from helpers.metrics.churn.contract_groups import SIZE, contract_by_segment
from helpers.metrics.churn.contractual import contractual_churn, mrr_movements, revenue_bridge
from helpers.metrics.churn.diagnosis import decompose
from helpers.metrics.churn.segments import in_words
from helpers.metrics.contracts import Contract, Unit
from helpers.metrics.effects import PREVIOUS, YEAR_BEFORE, effect_rows, joined
from helpers.metrics.writing import Write, plain, signed
from helpers.periods import Period

WORDS = {
    "new": "new customers",
    "reactivation": "customers won back",
    "expansion": "larger contracts",
    "contraction": "smaller contracts",
    "churn": "customers who left",
}
_MOVES: Mapping[str, tuple[str, ...]] = {
    d.GRR.name: ("churn", "contraction"),
    d.NRR.name: ("churn", "contraction", "expansion"),
}
_GROUPED: tuple[tuple[Contract, str, str], ...] = (
    (d.LOGO_CHURN_RATE, "churn_rate", "customers"),
    (d.MRR_CHURN_RATE, "revenue_churn_rate", "revenue"),
    (d.GRR, "grr", "revenue"),
)
_VALUES = {
    d.LOGO_CHURN_RATE.name: "logo_churn_rate",
    d.MRR_CHURN_RATE.name: "revenue_churn_rate",
    d.GRR.name: "grr",
    d.NRR.name: "nrr",
}


def contract_changes(
    subscriptions: pd.DataFrame,
    *,
    period: Period,
    other: Period,
    customers: pd.DataFrame | None = None,
    name: Callable[[Period], str] = str,
    write: Write = plain,
) -> list[str]:
    """Return why logo churn, revenue churn, GRR and NRR changed since an earlier period.

    The retentions by the moves of the customers of the start (their shares of its MRR add up to
    the change), the churn rates by rates and mix of groups (`contract_by_segment`, `decompose`);
    the group that moved a figure most is named where there are groups. One sentence a figure, or
    one that says that nobody was under contract then.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    now, then = (contractual_churn(subscriptions, period=p) for p in (period, other))
    if not then["start_customers"]:
        return [f"Nobody was under contract when {name(other)} began."]
    groups = [
        contract_by_segment(subscriptions, period=p, customers=customers) for p in (period, other)
    ]
    found = []
    for contract in (d.LOGO_CHURN_RATE, d.MRR_CHURN_RATE, d.GRR, d.NRR):
        key = _VALUES[contract.name]
        change = now[key] - then[key]
        total = write(abs(change), "points")
        if total == write(0.0, "points"):
            found.append(f"{contract.label} is what it was in {name(other)}.")
            continue
        verb = "rose" if change > 0 else "fell"
        parts = _parts(subscriptions, period, other, contract, groups, write)
        found.append(f"{contract.label} {verb} by {total} against {name(other)}{parts}.")
    return found


def contract_drivers(
    subscriptions: pd.DataFrame, *, period: Period, customers: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return what moved each figure of contracts since the period before and since a year before.

    Retentions by moves, churn rates by mix and rate of the telling groups (where there are groups),
    recurring revenue by the moves between the two ends. The effects of a figure add up to its
    change. Columns out: those of `helpers.metrics.effects.joined`. A period in which nobody was
    under contract at the start is left out.

    Raises:
        MetricError: as for `mrr_movements`.
    """
    parts = {}
    for words, other in ((PREVIOUS, period.previous()), (YEAR_BEFORE, period.year_before())):
        moves = [mrr_movements(subscriptions, period=p) for p in (period, other)]
        if not all((m["start_mrr"] > 0).any() for m in moves):
            continue
        groups = [
            contract_by_segment(subscriptions, period=p, customers=customers)
            for p in (period, other)
        ]
        found = []
        for contract, rate, weight in _GROUPED[:2]:
            table = telling_group(groups[0], groups[1], rate=rate, weight=weight)[1]
            if len(table):
                effects = {
                    "Other customers (mix)": float(table["mix"].sum()),
                    "Customers behaving otherwise (rate)": float(table["rate"].sum()),
                }
                found.append(_rows(contract, effects, "points"))
        for contract in (d.GRR, d.NRR):
            found.append(_rows(contract, _moves(subscriptions, period, other, contract), "points"))
        found.append(_rows(d.END_MRR, _between(subscriptions, period, other), "currency"))
        parts[words] = pd.concat(found, ignore_index=True)
    return joined(parts)


def telling_group(
    now: pd.DataFrame, before: pd.DataFrame, *, rate: str, weight: str
) -> tuple[str, pd.DataFrame]:
    """Return the dimension in which a group moved a rate most, in words, and its `decompose`.

    Columns in: those of `contract_by_segment`. A dimension of which one group holds 70 % or more of
    the weight is taken only where there is no other. Empty where there are no groups.
    """
    names = [n for n in dict.fromkeys(now["dimension"]) if n in set(before["dimension"])]
    tables = {n: decompose(now, before, dimension=n, rate=rate, weight=weight) for n in names}
    tables = {n: t for n, t in tables.items() if len(t)}
    if not tables:
        return "", pd.DataFrame()
    split = {n: t for n, t in tables.items() if _largest(now, n, weight) < 0.7} or tables
    # Of two that say the same, a plan or an attribute tells more than the size.
    best = max(split, key=lambda n: (round(split[n]["effect"].abs().max(), 9), n != SIZE, n))
    return in_words(best), split[best]


def _largest(table: pd.DataFrame, dimension: str, weight: str) -> float:
    part = table.loc[table["dimension"] == dimension, weight]
    return float(part.max() / part.sum())


def _parts(
    subscriptions: pd.DataFrame,
    period: Period,
    other: Period,
    contract: Contract,
    groups: list[pd.DataFrame],
    write: Write,
) -> str:
    said = ""
    if contract.name in _MOVES:
        shares = _moves(subscriptions, period, other, contract)
        told = [
            f"{step[0].lower()}{step[1:]} {signed(value, 'points', write)}"
            for step, value in shares.items()
            if write(abs(value), "points") != write(0.0, "points")
        ]
        said = f": {', '.join(told)}" if told else ""
    for grouped, rate, weight in _GROUPED:
        split, table = telling_group(groups[0], groups[1], rate=rate, weight=weight)
        if grouped is not contract or table.empty:
            continue
        if contract.name not in _MOVES:
            rates, mix = (signed(float(table[n].sum()), "points", write) for n in ("rate", "mix"))
            said = f": rates {rates}, mix {mix}"
        large = table[table["customers"] >= 8]
        if len(large):
            row = large.iloc[0]
            effect = signed(float(row["effect"]), "points", write)
            said += f". By {split}, “{row['segment']}” moved it most ({effect})"
    return said


def _moves(
    subscriptions: pd.DataFrame, period: Period, other: Period, contract: Contract
) -> dict[str, float]:
    """Return what each move of the customers of the start added to a retention, in words."""
    now, before = (
        revenue_bridge(subscriptions, period=p).set_index("step")["mrr"] for p in (period, other)
    )
    return {
        WORDS[step][0].upper() + WORDS[step][1:]: float(
            now[step] / now["start"] - before[step] / before["start"]
        )
        for step in _MOVES[contract.name]
    }


def _between(subscriptions: pd.DataFrame, period: Period, other: Period) -> dict[str, float]:
    span = Period(period.kind, other.end + timedelta(days=1), period.end)
    steps = revenue_bridge(subscriptions, period=span).set_index("step")["mrr"]
    return {WORDS[s][0].upper() + WORDS[s][1:]: float(steps[s]) for s in WORDS if steps[s]}


def _rows(contract: Contract, effects: dict[str, float], unit: Unit) -> pd.DataFrame:
    drivers: list[tuple[str, Unit]] = [(driver, unit) for driver in effects]
    values = list(effects.values())
    return effect_rows(contract.label, drivers, [0.0] * len(values), values, values, contract.unit)
