"""What changed the headline figures since an earlier period, by kind of campaign."""

from typing import Any

import pandas as pd

from helpers.metrics.campaign_roi.diagnosis import contributions, mix_and_rate
from helpers.metrics.campaign_roi.results import response_change
from helpers.periods import Period

_PREVIOUS = "Period before"


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
        (float64, customers who used a coupon in the period with fewer of them; 0 if none did).

    Raises:
        MetricError: a column is missing.
    """
    tables = []
    spans = {_PREVIOUS: period.previous(), "Year before": period.year_before()}
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
_FIGURES += ["redeemers"]


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
    return found.assign(redeemers=smallest).rename_axis(by).reset_index()


def changes_sentence(changes: pd.DataFrame) -> str:
    """Return in two or three short sentences why the response changed since the period before."""
    rows = changes[changes["against"] == _PREVIOUS]
    if rows.empty:
        return "The data do not reach back to the period before, so nothing can be compared."
    total, mix, rate = (float(rows[name].sum()) for name in ("response", "mix", "rate"))
    if round(total * 100, 1) == 0:
        return "The response rate is what it was in the period before."
    verb = "rose" if total > 0 else "fell"
    cause = (
        "mostly because customers answered differently"
        if abs(rate) >= abs(mix)
        else "mostly because other kinds of campaigns ran"
    )
    top = rows.loc[rows["response"].abs().idxmax()]
    return (
        f"The response rate {verb} by {abs(total) * 100:.1f} points since the period before, "
        f"{cause} ({rate * 100:+.1f} from own response, {mix * 100:+.1f} from the kinds). "
        f"Largest contributor: {top['campaign_type']} ({float(top['response']) * 100:+.1f} points)."
    )
