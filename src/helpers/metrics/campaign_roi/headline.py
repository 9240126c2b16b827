"""The figures at the top of the campaign report."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from scipy import stats

from helpers.metrics.campaign_roi.attribution import contact_outcomes, results_by
from helpers.metrics.campaign_roi.definitions import CONTRACTS
from helpers.metrics.campaign_roi.evaluation import Evaluation
from helpers.metrics.campaign_roi.incremental import incremental_kpis
from helpers.metrics.campaign_roi.panel import History
from helpers.metrics.campaign_roi.response import response_interval
from helpers.metrics.campaign_roi.spans import ended_in
from helpers.metrics.contracts import Contract, Kpi, by_name
from helpers.periods import Period
from helpers.privacy import MINIMUM_CUSTOMERS

_RESPONSE = (
    "contacted_customers",
    "campaign_response_rate",
    "attributed_revenue",
    "coupon_cost",
    "attributed_roas",
)


def headline(
    orders: pd.DataFrame,
    campaigns: pd.DataFrame,
    contacts: pd.DataFrame,
    redemptions: pd.DataFrame | None = None,
    *,
    period: Period,
    evaluation: Evaluation,
    margin: float,
    contact_cost: float = 0.0,
    control_arm: str = "control",
) -> list[Kpi]:
    """Return the seven KPIs of the page's headline.

    Response, attributed revenue and discount count what happened in the period, and are compared
    with the period before and the same one a year before where the orders reach back to its first
    day. Incremental revenue and ROI count campaigns that ended in the period, whole, and only those
    with usable evidence; see `incremental_kpis`.

    Args:
        orders: see `contact_outcomes`; rows after the period are not read.
        campaigns: likewise.
        contacts: likewise.
        redemptions: likewise.
        period: of the report.
        evaluation: of `evaluate`, for the same tables and last day.
        margin: assumed gross margin, share of revenue.
        contact_cost: assumed cost of one contact, currency.
        control_arm: arm that was not contacted.

    Raises:
        MetricError: a column is missing, or the margin is out of bounds.
    """
    tables = _Tables(orders, campaigns, contacts, redemptions, control_arm)
    first = pd.to_datetime(orders["ordered_at"]).min()

    def earlier(span: Period) -> dict[str, float | None]:
        if pd.isna(first) or first.date() > span.start:
            return {}
        return {kpi.contract.name: kpi.value for kpi in _response(tables, span)}

    previous, year_before = earlier(period.previous()), earlier(period.year_before())
    found = [
        replace(
            kpi,
            previous=previous.get(kpi.contract.name),
            year_before=year_before.get(kpi.contract.name),
        )
        for kpi in _response(tables, period)
    ]
    whole = tables.outcomes(as_of=period.end, contact_cost=contact_cost)
    caused = incremental_kpis(
        results_by(whole, "campaign_id"),
        evaluation,
        period=period,
        margin=margin,
        contact_cost=contact_cost,
    )
    return [*found, *caused]


@dataclass(frozen=True)
class _Tables:
    orders: pd.DataFrame
    campaigns: pd.DataFrame
    contacts: pd.DataFrame
    redemptions: pd.DataFrame | None
    control_arm: str

    def outcomes(self, **span: Any) -> pd.DataFrame:
        return contact_outcomes(
            self.orders,
            self.campaigns,
            self.contacts,
            self.redemptions,
            control_arm=self.control_arm,
            **span,
        )


def _response(tables: _Tables, period: Period) -> list[Kpi]:
    outcomes = tables.outcomes(since=period.start, as_of=period.end)
    reached = outcomes.loc[outcomes["contacted"] == 1, "customer_id"].nunique()
    contacted = Kpi(_contract("contacted_customers"), reached)
    if 0 < reached < MINIMUM_CUSTOMERS:
        few = f"Fewer than {MINIMUM_CUSTOMERS} customers were contacted."
        contacted = Kpi(contacted.contract, None, note=few)
    row = {} if outcomes.empty else results_by(outcomes, []).iloc[0].to_dict()
    note = _nothing_to_tell(tables, row)
    if note:
        return [contacted, *(Kpi(_contract(name), None, note=note) for name in _RESPONSE[1:])]
    known = "coupon_discount" in tables.orders
    discount, note = (row["coupon_discount"], "") if known else (None, _NO_DISCOUNT)
    roas = row["attributed_revenue"] / discount if discount else None
    low, high = response_interval(outcomes)
    return [
        contacted,
        Kpi(_contract("campaign_response_rate"), row["response_rate"], low=low, high=high),
        Kpi(_contract("attributed_revenue"), row["attributed_revenue"], note="Not an effect."),
        Kpi(_contract("coupon_cost"), discount, note=note),
        Kpi(_contract("attributed_roas"), roas, note=note),
    ]


def _nothing_to_tell(tables: _Tables, row: dict[Hashable, Any]) -> str:
    """Return why the response cannot be shown, empty where it can."""
    if not row:
        return "No campaign ran in the period."
    if tables.redemptions is None or tables.redemptions.empty:
        return "The source has no coupon redemptions."
    if 0 < row["redeemers"] < MINIMUM_CUSTOMERS:
        return f"Fewer than {MINIMUM_CUSTOMERS} customers used a coupon."
    return ""


_NO_DISCOUNT = "The source does not record what coupons took off."


def _contract(name: str) -> Contract:
    return by_name(CONTRACTS, name)


def evidence_kpis(evaluation: Evaluation, *, period: Period) -> list[Kpi]:
    """Return how much of the campaigning can be judged, and how wrong the comparison is."""
    ended = ended_in(evaluation.effects, period)
    claimed = float(ended["claimable"].astype(bool).mean()) if len(ended) else None
    errors = evaluation.errors
    reach = float(stats.norm.ppf(0.975)) * errors.standard_error
    known = errors.count > 0
    return [
        Kpi(_contract("evidence_share"), claimed, note="" if len(ended) else "No campaign ended."),
        Kpi(
            _contract("comparison_error"),
            errors.mean if known else None,
            low=errors.mean - reach if known else None,
            high=errors.mean + reach if known else None,
            note=_runs(errors.count) if known else "No practice run with enough alike customers.",
        ),
    ]


def sales_kpis(history: History, values: Iterable[Kpi], *, period: Period) -> list[Kpi]:
    """Return the period's sales to all customers, and how much of them came with a coupon.

    share = attributed revenue / sales of the period; none where no sales came in, or the attributed
    revenue is not shown.

    Args:
        history: the source's tables.
        values: of `headline`.
        period: of the report.
    """
    sales = history.sales(period.start, period.end)
    attributed = next(kpi for kpi in values if kpi.contract.name == "attributed_revenue")
    share, note = None, attributed.note
    if attributed.value is not None:
        share, note = (
            (attributed.value / sales, "") if sales > 0 else (None, "There were no sales.")
        )
    return [
        Kpi(_contract("all_sales"), sales),
        Kpi(_contract("coupon_sales_share"), share, note=note),
    ]


def _runs(count: int) -> str:
    return "1 practice run." if count == 1 else f"{count} practice runs."
