"""What changed the headline figures since an earlier period, by kind of campaign."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from helpers.metrics.campaign_roi.definitions import CONTRACTS
from helpers.metrics.campaign_roi.diagnosis import contributions, mix_and_rate
from helpers.metrics.campaign_roi.results import response_change
from helpers.metrics.contracts import Unit, by_name
from helpers.metrics.effects import (
    PREVIOUS,
    YEAR_BEFORE,
    effect_rows,
    effect_sentences,
    joined,
)
from helpers.metrics.writing import Write, plain
from helpers.periods import Period


def headline_changes(
    orders: pd.DataFrame,
    campaigns: pd.DataFrame,
    contacts: pd.DataFrame,
    redemptions: pd.DataFrame | None,
    *,
    period: Period,
    control_arm: str = "control",
) -> pd.DataFrame:
    """Return what each kind of campaign brought to the change of the headline figures.

    Against the period before and the same one a year before, each where the orders reach back to
    its first day. Sums by `contributions`, ratios by `mix_and_rate`: each column adds up to the
    change of the figure over all campaigns.

    Returns:
        One row an earlier period and kind: `against campaign_type` (str), `contacted` (float64,
        contacts), `response mix rate` (float64, points), `attributed_revenue coupon_discount`
        (float64, currency), `roas` (float64, attributed revenue per discount), `redeemers`
        (float64, customers who used a coupon in the period with fewer of them; 0 if none did),
        `reached` (float64, distinct customers contacted by any campaign: the same on every row).

    Raises:
        MetricError: a column is missing.
    """
    tables = []
    spans = {PREVIOUS: period.previous(), YEAR_BEFORE: period.year_before()}
    for words, span in spans.items():
        before, now = response_change(
            orders,
            campaigns,
            contacts,
            redemptions,
            period=period,
            before=span,
            control_arm=control_arm,
        )
        if not before.empty and not now.empty:
            tables.append(_changes(before, now).assign(against=words))
    if not tables:
        return pd.DataFrame(columns=["against", "campaign_type", *_FIGURES])
    return pd.concat(tables, ignore_index=True)[["against", "campaign_type", *_FIGURES]]


_FIGURES = ["contacted", "response", "mix", "rate", "attributed_revenue", "coupon_discount", "roas"]
_FIGURES += ["redeemers", "reached"]


def _changes(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    by = "campaign_type"
    parts: list[Any] = [
        contributions(before, now, by=by, value=name).set_index(by)["change"].rename(name)
        for name in ("contacted", "attributed_revenue", "coupon_discount")
    ]
    response = mix_and_rate(before, now, by=by, above="responded", below="contacted").set_index(by)
    parts.append(response[["total", "mix", "rate"]].rename(columns={"total": "response"}))
    roas = mix_and_rate(before, now, by=by, above="attributed_revenue", below="coupon_discount")
    parts.append(roas.set_index(by)["total"].rename("roas"))
    found = pd.concat(parts, axis=1).sort_index()
    counts = [side.set_index(by)["redeemers"].reindex(found.index) for side in (before, now)]
    smallest = pd.concat(counts, axis=1).where(lambda t: t > 0).min(axis=1).fillna(0)
    reached = float(now["reached"].iloc[0] - before["reached"].iloc[0])
    return found.assign(redeemers=smallest, reached=reached).rename_axis(by).reset_index()


def headline_effects(
    changes: pd.DataFrame, *, least: int = 8, caused: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return what moved each headline figure, by kind of campaign, from `headline_changes`.

    Customers contacted = contacts of each kind − contacts to customers in several campaigns.
    Kinds with 1 to `least` − 1 customers who used a coupon are summed up, with the next larger one
    where that is needed, in figures of money. `caused`: of `incremental_effects`, added below.

    Columns out: those of `effects.joined`, and `customers` (float64; 0: nobody to protect). The
    effects of a figure add up to its change.
    """
    parts = {}
    for words, rows in changes.groupby("against", sort=False):
        kinds: list[tuple[str, Unit]] = [(str(kind), "count") for kind in rows["campaign_type"]]
        overlap = rows["reached"].iloc[0] - rows["contacted"].sum()
        contacts = [*rows["contacted"], overlap]
        drivers: list[tuple[str, Unit]] = [*kinds, ("In several campaigns at once", "count")]
        found = [_rows("contacted_customers", drivers, contacts, [0.0] * len(drivers))]
        found.append(_rows("campaign_response_rate", kinds, rows["response"], [0.0] * len(kinds)))
        for name, column in _MONEY.items():
            found.append(_rows(name, *_protected(rows, column, least)))
        parts[str(words)] = pd.concat(found, ignore_index=True)
    table = joined(parts)
    if not len(table):
        table = table.assign(customers=pd.Series(dtype=float))
    tables = [rows for rows in (table, caused) if rows is not None and len(rows)]
    return pd.concat(tables, ignore_index=True) if tables else table


_MONEY = {
    "attributed_revenue": "attributed_revenue",
    "coupon_cost": "coupon_discount",
    "attributed_roas": "roas",
}


def _protected(
    rows: pd.DataFrame, column: str, least: int
) -> tuple[list[tuple[str, Unit]], list[float], list[float]]:
    """Return drivers, effects and customers of a figure of money, small kinds summed up."""
    order = rows.sort_values("redeemers", kind="stable")
    few = order["redeemers"].between(0, least, inclusive="neither")
    taken = order[few]
    for _, row in order[order["redeemers"] >= least].iterrows():
        if not 0 < taken["redeemers"].sum() < least:
            break
        taken = pd.concat([taken, row.to_frame().T.astype(rows.dtypes)])
    kept = rows.drop(index=taken.index)
    drivers: list[tuple[str, Unit]] = [(str(name), "currency") for name in kept["campaign_type"]]
    effects, customers = list(kept[column]), list(kept["redeemers"])
    if len(taken):
        drivers.append(("Kinds with few answers", "currency"))
        effects.append(float(taken[column].sum()))
        customers.append(float(taken["redeemers"].sum()))
    return drivers, effects, customers


def _rows(name: str, drivers: Any, effects: Any, customers: Any) -> pd.DataFrame:
    contract = by_name(CONTRACTS, name)
    none = [0.0] * len(drivers)
    rows = effect_rows(contract.label, drivers, none, effects, effects, contract.unit)
    return rows.assign(customers=np.asarray(customers, dtype=float))


def change_sentences(
    changes: pd.DataFrame,
    *,
    period: Period,
    name: Callable[[Period], str] = str,
    write: Write = plain,
) -> list[str]:
    """Return why each headline figure changed since the period before and a year before.

    From `headline_changes`; see `incremental_sentences` for what campaigns caused. `name` writes a
    period for the reader. One sentence where the data reach back to neither.
    """
    if changes.empty:
        return [changes_sentence(changes)]
    moved = headline_effects(changes)
    response = by_name(CONTRACTS, "campaign_response_rate").label
    found = []
    for words, span in ((PREVIOUS, period.previous()), (YEAR_BEFORE, period.year_before())):
        if (changes["against"] == words).any():
            found.append(changes_sentence(changes, against=words, named=name(span)))
            found += effect_sentences(
                moved[moved["against"] == words],
                period=period, leave_out=(response,), name=name, write=write,
            )  # fmt: skip
    return found


def changes_sentence(
    changes: pd.DataFrame, *, against: str = PREVIOUS, named: str = "the period before"
) -> str:
    """Return in two or three short sentences why the response changed since an earlier period."""
    rows = changes[changes["against"] == against]
    if rows.empty:
        return f"The data do not reach back to {named}, so nothing can be compared."
    total, mix, rate = (float(rows[name].sum()) for name in ("response", "mix", "rate"))
    if round(total * 100, 1) == 0:
        return f"The response rate is what it was in {named}."
    verb = "rose" if total > 0 else "fell"
    cause = (
        "mostly because customers answered differently"
        if abs(rate) >= abs(mix)
        else "mostly because other kinds of campaigns ran"
    )
    top = rows.loc[rows["response"].abs().idxmax()]
    points = {
        name: f"{value * 100:+.1f}".replace("-", "−")
        for name, value in {"rate": rate, "mix": mix, "top": float(top["response"])}.items()
    }
    return (
        f"The response rate {verb} by {abs(total) * 100:.1f} points since {named}, "
        f"{cause} ({points['rate']} from own response, {points['mix']} from the kinds). "
        f"Largest contributor: {top['campaign_type']} ({points['top']} points)."
    )
