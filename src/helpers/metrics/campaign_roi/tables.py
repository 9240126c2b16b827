"""The page's tables: which columns, in which units and words. Pass one to `Report.table(**…)`."""

from typing import Any

import pandas as pd

from helpers.metrics.campaign_roi.evaluation import Evaluation
from helpers.metrics.campaign_roi.evidence import CHECKS
from helpers.metrics.campaign_roi.returns import returns, returns_by
from helpers.metrics.campaign_roi.views import evidence_table
from helpers.periods import Period
from helpers.privacy import MINIMUM_CUSTOMERS

# column -> (words, unit)
_COLUMNS: dict[str, tuple[str, str]] = {
    "campaign": ("Campaign", ""),
    "option": ("Kind of campaign", ""),
    "segment": ("Segment", ""),
    "contacted": ("Contacted", "count"),
    "redeemers": ("Used a coupon", "count"),
    "response_rate": ("Response rate", "share"),
    "attributed_revenue": ("Sales with a coupon", "currency"),
    "coupon_discount": ("Coupon discounts", "currency"),
    "mailing_cost": ("Mailing (assumed)", "currency"),
    "cost": ("Cost", "currency"),
    "roas": ("Sales per cost", "ratio"),
    "cpa": ("Cost per answer", "currency"),
    "cac": ("Cost per new customer", "currency"),
    "incremental_revenue": ("Sales caused", "currency"),
    "incremental_low": ("at least", "currency"),
    "incremental_high": ("at most", "currency"),
    "break_even_revenue": ("Breaks even at", "currency"),
    "profit_probability": ("Chance that it paid", "share"),
    "payback_days": ("Paid back after", "days"),
    "campaign_type": ("Kind of campaign", ""),
    "channel": ("Channel", ""),
    "claimed_cost": ("Cost of those judged", "currency"),
    "evidence": ("Evidence", ""),
    "reason": ("Why", ""),
    "campaigns": ("Campaigns", "count"),
    "claimed": ("Of them judged", "count"),
    "customers": ("Customers", "count"),
    "expected": ("Sales caused a contact", "currency"),
    "profit": ("Profit a contact", "currency"),
    "profit_low": ("Profit at least", "currency"),
    "profit_high": ("Profit at most", "currency"),
    "probability": ("Chance that it pays", "share"),
    "spend": ("Spend", "currency"),
    "advice": ("Advice", ""),
    "compared": ("Compared with", "count"),
    "effect": ("Sales caused a week", "currency"),
    "low": ("At least", "currency"),
    "high": ("At most", "currency"),
    "p_adjusted": ("Chance of a false alarm", "number"),
}


_BLANK = "Figures of fewer than 8 customers are left blank."


def _table(frame: pd.DataFrame, columns: list[str], **more: Any) -> dict[str, Any]:
    shown = frame[columns]
    return {
        "frame": shown,
        "labels": {name: _COLUMNS[name][0] for name in columns if name in _COLUMNS},
        "units": {name: _COLUMNS[name][1] for name in columns if _COLUMNS.get(name, ("", ""))[1]},
        **more,
    }


def _blank(frame: pd.DataFrame, columns: list[str], *, customers: pd.Series) -> pd.DataFrame:
    """Return the frame with figures that one to seven customers stand behind taken out."""
    few = customers.between(1, MINIMUM_CUSTOMERS - 1)
    there = [name for name in columns if name in frame]
    return frame.assign(**{name: frame[name].where(~few) for name in there})


def attributed_table(results: pd.DataFrame) -> dict[str, Any]:
    """Return what each campaign attracted and cost so far, from `period_results`."""
    columns = ["campaign", "contacted", "redeemers", "response_rate", "attributed_revenue"]
    columns += ["coupon_discount", "mailing_cost", "roas", "cpa", "cac"]
    shown = [c for c in columns if c != "cac" or results["cac"].notna().any()]
    return _table(
        results,
        shown,
        title="What each campaign attracted so far",
        grain="campaign",
        customers=("contacted", "redeemers"),
        note="Sales with a coupon are not what a campaign caused. The mailing cost is assumed.",
    )


def evidence_grid(evaluation: Evaluation, *, period: Period) -> dict[str, Any]:
    """Return the checks of each campaign of the period."""
    columns = ["campaign", "contacted", *CHECKS.values(), "evidence", "reason"]
    return _table(
        evidence_table(evaluation, period=period),
        columns,
        title="What the evidence rests on",
        grain="campaign",
        customers="contacted",
        note="✓ passed, ✗ failed, ? cannot tell, – not asked. An effect counts only as Experiment "
        "or Fair comparison.",
    )


def returns_table(results: pd.DataFrame) -> dict[str, Any]:
    """Return cost, sales caused and chance of profit of the campaigns that can be judged."""
    judged = results[results["claimable"].eq(True)]
    hidden = ["cost", "break_even_revenue", "profit_probability", "payback_days"]
    judged = _blank(judged, hidden, customers=judged["redeemers"])
    columns = ["campaign", "contacted", "cost", "break_even_revenue", "incremental_revenue"]
    columns += ["incremental_low", "incremental_high", "profit_probability"]
    columns += ["payback_days"] if "payback_days" in judged else []
    return _table(
        judged,
        columns,
        title="Did the campaigns that can be judged pay?",
        grain="campaign",
        customers="contacted",
        note="Margin and mailing cost are assumed; limits are 95%. Paid back after: only where "
        f"the sales caused are more than chance. {_BLANK}"
        if len(judged)
        else "No campaign of the period can be judged.",
    )


def kinds_table(
    results: pd.DataFrame, evaluation: Evaluation, campaigns: pd.DataFrame, *, margin: float
) -> dict[str, Any]:
    """Return cost and return of all campaigns so far, by kind and channel where a source has one.

    Args:
        results: of `results_by(…, "campaign_id")` over whole campaigns.
        evaluation: of the same tables.
        campaigns: `campaign_id campaign_type` [`channel`].
        margin: assumed gross margin, share of revenue.
    """
    table = returns(results, evaluation.effects, margin=margin)
    keys = [name for name in ("campaign_type", "channel") if name in campaigns]
    known = campaigns.set_index("campaign_id")[keys].fillna("")
    table = table.merge(known, left_on="campaign_id", right_index=True)
    names = table[keys].itertuples(index=False, name=None)
    table = table.assign(option=[", ".join(filter(None, parts)) for parts in names])
    found = returns_by(table, "option", margin=margin)
    claimed = table["redeemers"].where(table["incremental_revenue"].notna())
    answered = [
        found["option"].map(counts.groupby(table["option"]).sum())
        for counts in (table["redeemers"], claimed)
    ]
    found = _blank(found, ["cost", "attributed_revenue", "roas"], customers=answered[0])
    found = _blank(found, ["claimed_cost", "profit_probability"], customers=answered[1])
    columns = ["option", "campaigns", "contacted", "cost", "attributed_revenue", "roas", "claimed"]
    columns += ["claimed_cost", "incremental_revenue", "incremental_low", "incremental_high"]
    return _table(
        found,
        [*columns, "profit_probability"],
        title="All campaigns so far, by kind",
        grain="category",
        note="Sales per cost counts sales with a coupon, caused or not. Sales caused count only "
        f"campaigns that can be judged. Mailing cost and margin are assumed. {_BLANK}",
    )


def segment_table(response: pd.DataFrame) -> dict[str, Any]:
    """Return the response of each segment, from `response_by_segment`."""
    columns = ["segment", "contacted", "redeemers", "response_rate", "attributed_revenue"]
    columns += ["cost", "roas"]
    return _table(
        response,
        columns,
        title="Who answered",
        grain="segment",
        customers=("contacted", "redeemers"),
        note="Segments as of the day before the period, by recency and frequency of purchases."
        if len(response)
        else "No contacted customer had bought before the period.",
    )


def uplift_table(uplift: pd.DataFrame) -> dict[str, Any]:
    """Return the effect by segment, from `pooled_uplift`."""
    columns = ["segment", "campaigns", "contacted", "effect", "low", "high", "p_adjusted"]
    note = "The chance of a false alarm is corrected for looking at many segments (Holm)."
    return _table(
        uplift,
        columns,
        title="Who was moved",
        grain="segment",
        customers="contacted",
        note=note if len(uplift) else "No campaign so far can be judged.",
    )


def budget_table(plan: pd.DataFrame) -> dict[str, Any]:
    """Return how the table of the options of `next_budget` is shown: rows, words and units."""
    columns = ["option", "campaigns", "claimed", "customers", "cost", "expected", "profit_low"]
    columns += ["profit_high", "probability", "spend", "advice"]
    hidden = ["cost", "profit", "profit_low", "profit_high", "probability", "spend"]
    return _table(
        _blank(plan, hidden, customers=plan["redeemers"]),
        columns,
        title="Where the next budget should go",
        grain="category",
        customers="customers",
        note="Cost and profit are of one contact. Margin, mailing cost and budget are assumed. "
        f"{_BLANK}",
    )


def changes_table(changes: pd.DataFrame) -> dict[str, Any]:
    """Return the changes of the headline figures by kind of campaign, from `headline_changes`."""
    columns = ["against", "campaign_type", "contacted", "response", "attributed_revenue"]
    columns += ["coupon_discount", "roas"]
    shown = _blank(
        changes,
        ["attributed_revenue", "coupon_discount", "roas"],
        customers=changes["redeemers"],
    )
    found = _table(
        shown,
        columns,
        title="What each kind of campaign brought to the change",
        grain="category",
        note=f"Each column adds up to the change of the figure over all campaigns. {_BLANK}"
        if len(changes)
        else "The data do not reach back to an earlier period.",
    )
    found["labels"] |= {
        "against": "Against",
        "campaign_type": "Kind of campaign",
        "contacted": "Contacts",
        "response": "Response rate",
        "roas": "Sales per discount",
    }
    found["units"] |= {"response": "points", "roas": "number", "contacted": "count"}
    return found
