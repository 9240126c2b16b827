"""Incremental revenue and return of the campaigns that ended, and what moved them since."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from helpers.metrics.campaign_roi.definitions import CONTRACTS
from helpers.metrics.campaign_roi.diagnosis import mix_and_rate
from helpers.metrics.campaign_roi.evaluation import Evaluation
from helpers.metrics.campaign_roi.returns import returns, returns_by
from helpers.metrics.campaign_roi.spans import ended_in
from helpers.metrics.contracts import Contract, Kpi, by_name
from helpers.metrics.effects import (
    PREVIOUS,
    YEAR_BEFORE,
    effect_rows,
    effect_sentences,
    joined,
)
from helpers.metrics.writing import Write, plain
from helpers.periods import Period
from helpers.privacy import MINIMUM_CUSTOMERS

REVENUE, ROI = (by_name(CONTRACTS, name) for name in ("incremental_revenue", "campaign_roi"))
_Z = 1.959964


@dataclass(frozen=True)
class _Ended:
    """The campaigns that ended in a period: how many, those that can be judged, and their sums."""

    campaigns: int
    claimed: pd.DataFrame
    sums: pd.Series

    @property
    def sure(self) -> bool:
        """Whether the incremental revenue differs from zero by more than chance."""
        return bool(self.sums["incremental_low"] > 0 or self.sums["incremental_high"] < 0)

    @property
    def returned(self) -> bool:
        """Whether a return may be told: more than chance, and no single customers behind it."""
        few = 0 < self.claimed["redeemers"].sum() < MINIMUM_CUSTOMERS
        return self.sure and not few and bool(np.isfinite(self.sums["roi"]))


def _ended(
    results: pd.DataFrame, evaluation: Evaluation, *, period: Period, margin: float
) -> _Ended:
    ended = ended_in(evaluation.effects, period)
    table = returns(
        results[results["campaign_id"].isin(ended["campaign_id"])], ended, margin=margin
    )
    table = table.merge(ended[["campaign_id", "campaign_type", "analysed"]], on="campaign_id")
    claimed = table[table["claimable"].eq(True)]
    if claimed.empty:
        return _Ended(len(ended), claimed, pd.Series(dtype=float))
    sums = returns_by(claimed.assign(all="all"), "all", margin=margin).iloc[0]
    return _Ended(len(ended), claimed, sums)


def incremental_kpis(
    results: pd.DataFrame,
    evaluation: Evaluation,
    *,
    period: Period,
    margin: float,
    contact_cost: float,
) -> list[Kpi]:
    """Return incremental revenue and return of the campaigns that ended in the period.

    Each is compared with the campaigns that ended in the period before, and in the same one a year
    before, where both can be judged.

    Args:
        results: of `results_by(…, "campaign_id")` over whole campaigns.
        evaluation: of the same tables.
        period: of the report.
        margin: assumed gross margin, share of revenue.
        contact_cost: assumed cost of one contact, for the note.
    """
    spans = (period, period.previous(), period.year_before())
    now, *earlier = (_ended(results, evaluation, period=s, margin=margin) for s in spans)
    if now.claimed.empty:
        note = _no_claim(now.campaigns)
        return [Kpi(REVENUE, None, note=note), Kpi(ROI, None, note=note, assumed=True)]
    gain, roi = _told(now, f"Margin {margin:.0%} and {contact_cost:g} a contact are assumed.")
    before = [
        (None, None) if then.claimed.empty
        else (then.sums["incremental_revenue"], then.sums["roi"] if then.returned else None)
        for then in earlier
    ]  # fmt: skip
    return [
        replace(kpi, previous=before[0][place], year_before=before[1][place])
        for place, kpi in enumerate((gain, roi))
    ]


def _told(now: _Ended, assumption: str) -> tuple[Kpi, Kpi]:
    row, claimed = now.sums, len(now.claimed)
    note = (
        f"Covers {claimed} of the {now.campaigns} campaigns that ended in the period."
        if now.campaigns > 1
        else "Covers the one campaign that ended in the period."
    )
    gain = Kpi(
        REVENUE,
        row["incremental_revenue"],
        low=row["incremental_low"],
        high=row["incremental_high"],
        note=note if now.sure else f"{note} It cannot be told from zero.",
    )
    if now.returned:
        low, high = row["roi_low"], row["roi_high"]
        text = f"{note} {assumption}"
        return gain, Kpi(ROI, row["roi"], low=low, high=high, note=text, assumed=True)
    return gain, Kpi(ROI, None, note=_no_return(now), assumed=True)


def _no_return(now: _Ended) -> str:
    if not now.sure:
        return "The incremental revenue cannot be told from zero, so no return is claimed."
    if 0 < now.claimed["redeemers"].sum() < MINIMUM_CUSTOMERS:
        return f"Fewer than {MINIMUM_CUSTOMERS} customers used a coupon."
    return "Nothing was spent, so there is no return on it."


def _no_claim(ended: int) -> str:
    if not ended:
        return "No campaign ended in the period."
    if ended == 1:
        return "One campaign ended, and the evidence does not allow a claim."
    return f"{ended} campaigns ended, and the evidence allows a claim for none."


def incremental_effects(
    results: pd.DataFrame, evaluation: Evaluation, *, period: Period, margin: float
) -> pd.DataFrame:
    """Return what moved incremental revenue and return since an earlier period.

    With n contacted customers compared, e the effect of a contact and c its cost: revenue = n · e,
    ROI = margin · e / c − 1. The change of e is split by `mix_and_rate` over the kinds of campaign;
    the rest are Shapley values of these factors, so that the effects add up to the change.

    Args:
        results: of `results_by(…, "campaign_id")` over whole campaigns.
        evaluation: of the same tables.
        period: of the report.
        margin: assumed gross margin, share of revenue.

    Returns:
        The columns of `effects.joined`, and `customers` (float64, of the smaller period). No row
        against a period in which no campaign ended that can be judged; return only where it may be
        told in both.
    """
    now, parts = _ended(results, evaluation, period=period, margin=margin), {}
    for words, span in ((PREVIOUS, period.previous()), (YEAR_BEFORE, period.year_before())):
        then = _ended(results, evaluation, period=span, margin=margin)
        if len(now.claimed) and len(then.claimed):
            size = min(now.claimed["analysed"].sum(), then.claimed["analysed"].sum())
            parts[words] = _moved(then, now, margin).assign(customers=float(size))
    table = joined(parts)
    return table if len(table) else table.assign(customers=pd.Series(dtype=float))


def _moved(then: _Ended, now: _Ended, margin: float) -> pd.DataFrame:
    sides = (then, now)
    sizes = n0, n1 = [float(side.claimed["analysed"].sum()) for side in sides]
    money = [side.sums[["incremental_revenue", "claimed_cost"]].astype(float) for side in sides]
    (e0, c0), (e1, c1) = (pair / n for pair, n in zip(money, sizes, strict=True))
    kinds = mix_and_rate(
        *(side.claimed for side in sides),
        by="campaign_type", above="incremental_revenue", below="analysed",
    )  # fmt: skip
    mix, own = float(kinds["mix"].sum()), float(kinds["rate"].sum())
    size = (n0 + n1) / 2
    effects = [(n1 - n0) * (e0 + e1) / 2, size * mix, size * own]
    rows = _rows(REVENUE, ["Customers compared", *_OF_EFFECT], effects)
    if not (then.returned and now.returned):
        return rows
    slope = margin * (1 / c0 + 1 / c1) / 2
    cost = margin * (e0 + e1) / 2 * (1 / c1 - 1 / c0)
    returned = _rows(ROI, ["Cost of a contact", *_OF_EFFECT], [cost, slope * mix, slope * own])
    return pd.concat([rows, returned], ignore_index=True)


_OF_EFFECT = ("Other kinds of campaigns", "Effect of a contact")


def _rows(contract: Contract, drivers: list[str], effects: list[float]) -> pd.DataFrame:
    none = [0.0] * len(drivers)
    named = [(name, contract.unit) for name in drivers]
    return effect_rows(contract.label, named, none, effects, effects, contract.unit)


def incremental_sentences(
    results: pd.DataFrame,
    evaluation: Evaluation,
    *,
    period: Period,
    margin: float,
    name: Callable[[Period], str] = str,
    write: Write = plain,
) -> list[str]:
    """Return what moved incremental revenue and return, or why they are not compared.

    Arguments as for `incremental_effects`; `name` writes a period for the reader. A year before
    that holds no campaign is passed over.
    """
    moved = incremental_effects(results, evaluation, period=period, margin=margin)
    now = _ended(results, evaluation, period=period, margin=margin)
    found = []
    for words, span in ((PREVIOUS, period.previous()), (YEAR_BEFORE, period.year_before())):
        then = _ended(results, evaluation, period=span, margin=margin)
        rows = moved[moved["against"] == words]
        if len(rows):
            found += effect_sentences(rows, period=period, name=name, write=write)
            found += [_DOUBT] if _may_be_chance(then, now) else []
        elif words == PREVIOUS or then.campaigns:
            found.append(
                f"Incremental revenue and return are not compared with {name(span)}: "
                f"{_judged(now, name(period))}, and {_judged(then, name(span))}."
            )
    return found


_DOUBT = "Both are estimates: the change of the incremental revenue may be chance."


def _may_be_chance(then: _Ended, now: _Ended) -> bool:
    """Return whether the change lies within the errors, added because customers are shared."""
    change = now.sums["incremental_revenue"] - then.sums["incremental_revenue"]
    errors = now.sums["incremental_error"] + then.sums["incremental_error"]
    return bool(abs(change) <= _Z * errors)


def _judged(side: _Ended, named: str) -> str:
    if not side.campaigns:
        return f"no campaign ended in {named}"
    if side.campaigns == 1:
        return f"the one that ended in {named} {'can' if len(side.claimed) else 'cannot'} be judged"
    judged = len(side.claimed) or "none"
    return f"{judged} of the {side.campaigns} that ended in {named} can be judged"
