"""The words and units of the columns of the page's tables."""

from typing import Any

import pandas as pd

from helpers.privacy import MINIMUM_CUSTOMERS

# column -> (words, unit)
_COLUMNS: dict[str, tuple[str, str]] = {
    "campaign": ("Campaign", ""),
    "option": ("Kind of campaign", ""),
    "segment": ("Segment", ""),
    "arm": ("Arm", ""),
    "n": ("Customers", "count"),
    "n_control": ("Held out", "count"),
    "mean": ("Sales a week", "currency"),
    "lift": ("Effect a week", "currency"),
    "lift_low": ("At least", "currency"),
    "lift_high": ("At most", "currency"),
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
    "incremental_low": ("At least", "currency"),
    "incremental_high": ("At most", "currency"),
    "break_even_revenue": ("Breaks even at", "currency"),
    "roi": ("Return", "share"),
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
    "profit_low": ("At least", "currency"),
    "profit_high": ("At most", "currency"),
    "probability": ("Chance that it pays", "share"),
    "spend": ("Spend", "currency"),
    "expected_profit": ("Expected profit", "currency"),
    "expected_low": ("At least", "currency"),
    "expected_high": ("At most", "currency"),
    "advice": ("Advice", ""),
    "compared": ("Compared with", "count"),
    "effect": ("Sales caused a week", "currency"),
    "low": ("At least", "currency"),
    "high": ("At most", "currency"),
    "p_adjusted": ("Chance of a false alarm", "number"),
}

BLANK = "Figures of fewer than 8 customers are left blank."


def shown(frame: pd.DataFrame, columns: list[str], **more: Any) -> dict[str, Any]:
    """Return what `Report.table` takes: these columns of the frame, with their words and units."""
    return {
        "frame": frame[columns],
        "labels": {name: _COLUMNS[name][0] for name in columns if name in _COLUMNS},
        "units": {name: _COLUMNS[name][1] for name in columns if _COLUMNS.get(name, ("", ""))[1]},
        **more,
    }


def blank(frame: pd.DataFrame, columns: list[str], *, customers: pd.Series) -> pd.DataFrame:
    """Return the frame with figures that one to seven customers stand behind taken out."""
    few = customers.between(1, MINIMUM_CUSTOMERS - 1)
    there = [name for name in columns if name in frame]
    return frame.assign(**{name: frame[name].where(~few) for name in there})
