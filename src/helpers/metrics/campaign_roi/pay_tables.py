"""The page's tables of money: what campaigns cost and brought, and how sure that is."""

from typing import Any

import pandas as pd

from helpers.metrics.campaign_roi.columns import BLANK, blank, shown
from helpers.metrics.campaign_roi.evaluation import Evaluation
from helpers.metrics.campaign_roi.returns import returns, returns_by

Tables = list[dict[str, Any]]
"""Pass each to `Report.table(**…)`."""


def returns_tables(results: pd.DataFrame) -> Tables:
    """Return two tables of the campaigns that can be judged: cost and sales, and how sure it is.

    The return is blank where the sales caused cannot be told from zero.
    """
    judged = results[results["claimable"].eq(True)]
    hidden = ["cost", "break_even_revenue", "roi", "profit_probability", "payback_days"]
    judged = blank(judged, hidden, customers=judged["redeemers"])
    sure = judged["incremental_low"].gt(0) | judged["incremental_high"].lt(0)
    judged = judged.assign(roi=judged["roi"].where(sure))
    brought = ["campaign", "contacted", "cost", "break_even_revenue", "incremental_revenue", "roi"]
    certain = ["campaign", "contacted", "incremental_revenue", "incremental_low"]
    certain += ["incremental_high", "profit_probability"]
    certain += ["payback_days"] if "payback_days" in judged else []
    more = {"grain": "campaign", "customers": "contacted"}
    first = shown(
        judged,
        brought,
        title="Did the campaigns that can be judged pay?",
        note="Margin and mailing cost are assumed. The return is left out where the sales caused "
        f"cannot be told from zero. {BLANK}"
        if len(judged)
        else "No campaign of the period can be judged.",
        **more,
    )
    if judged.empty:
        return [first]
    note = (
        "Limits are 95%. Paid back after: only without a control group, and where the sales caused "
        "are more than chance."
    )
    second = shown(judged, certain, title="How sure is that?", note=f"{note} {BLANK}", **more)
    return [first, second]


def kinds_tables(
    results: pd.DataFrame, evaluation: Evaluation, campaigns: pd.DataFrame, *, margin: float
) -> Tables:
    """Return cost and return of all campaigns so far, by kind and channel where a source has one.

    Two tables: what all of them cost and attracted; what those that can be judged caused, left out
    where none can.

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
    found = blank(found, ["cost", "attributed_revenue", "roas"], customers=answered[0])
    found = blank(found, ["claimed_cost", "profit_probability"], customers=answered[1])
    attracted = ["option", "campaigns", "contacted", "cost", "attributed_revenue", "roas"]
    caused = ["option", "claimed", "claimed_cost", "incremental_revenue", "incremental_low"]
    caused += ["incremental_high", "profit_probability"]
    first = shown(
        found,
        [*attracted, "claimed"],
        title="All campaigns so far, by kind",
        grain="category",
        note="Sales per cost counts sales with a coupon, caused or not. The mailing cost is "
        f"assumed. {BLANK}",
    )
    judged = found[found["claimed"] > 0]
    if judged.empty:
        return [first]
    second = shown(
        judged,
        caused,
        title="What those that can be judged caused",
        grain="category",
        note=f"Limits are 95%. Margin and mailing cost are assumed. {BLANK}",
    )
    return [first, second]


def budget_tables(plan: pd.DataFrame) -> Tables:
    """Return where the next budget should go, and what that rests on, from `next_budget`."""
    hidden = ["cost", "profit", "profit_low", "profit_high", "probability", "spend"]
    hidden += ["expected_profit", "expected_low", "expected_high"]
    plan = blank(plan, hidden, customers=plan["redeemers"])
    more = {"grain": "category", "customers": "customers"}
    where = ["option", "customers", "advice", "spend", "expected_profit"]
    where += ["expected_low", "expected_high"]
    basis = ["option", "claimed", "customers", "cost", "expected", "profit_low"]
    return [
        shown(
            plan,
            where,
            title="Where the next budget should go",
            note="Customers: the latest list of that kind. Limits are 95%. Margin, mailing cost "
            f"and budget are assumed. {BLANK}",
            **more,
        ),
        _renamed(
            shown(
                plan,
                [*basis, "profit_high", "probability"],
                title="What that advice rests on",
                note="Judged: campaigns of that kind so far. Cost, sales and profit are of one "
                f"contact; the limits of the profit are 95%. {BLANK}",
                **more,
            ),
            {
                "claimed": "Judged",
                "expected": "Sales caused",
                "profit_low": "Profit from",
                "profit_high": "Profit to",
            },
        ),
    ]


def _renamed(table: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    return table | {"labels": table["labels"] | words}
