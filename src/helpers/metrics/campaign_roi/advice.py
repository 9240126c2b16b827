"""What the page advises in sentences: where the budget goes, what to test, who is moved."""

import numpy as np
import pandas as pd

from helpers.metrics.campaign_roi.budget import budget_total
from helpers.metrics.campaign_roi.outlook import NextTest
from helpers.metrics.campaign_roi.segments import heterogeneity
from helpers.metrics.campaign_roi.words import Write


def next_sentence(plan: pd.DataFrame, *, confidence: float, write: Write) -> str:
    """Return where the next budget should go and what it should bring, from `next_budget`."""
    if plan.empty:
        return "There is no campaign to learn from yet: run the first one as a test."
    spend = plan[plan["spend"] > 0]
    stop = plan.loc[plan["advice"] == "stop", "option"].tolist()
    test = plan.loc[plan["advice"] == "test", "option"].tolist()
    parts = []
    if spend.empty:
        parts.append(
            f"No kind of campaign is at least {confidence:.0%} likely to pay: spend nothing on a "
            "full campaign yet."
        )
    for row in spend.to_dict("records"):
        parts.append(
            f"Spend {write(row['spend'], 'currency')} on {row['option']} "
            f"({row['probability']:.0%} likely to pay)."
        )
    if len(spend):
        parts.append(_in_all(plan, write=write))
    if test:
        it = "it pays" if len(test) == 1 else "they pay"
        parts.append(f"Run {_listed(test)} only with a random hold-out, to learn whether {it}.")
    if stop:
        it = "it most probably loses" if len(stop) == 1 else "they most probably lose"
        parts.append(f"Pause {_listed(stop)}: {it} money.")
    return " ".join(parts)


def _in_all(plan: pd.DataFrame, *, write: Write) -> str:
    total = budget_total(plan)
    spend, profit, low, high = (
        write(value, "currency") for value in (total.spend, total.profit, total.low, total.high)
    )
    return (
        f"In all, {spend} should bring a profit of {profit} after its cost (95% sure: {low} to "
        f"{high})."
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def holdout_sentence(test: NextTest, *, write: Write) -> str:
    """Return the hold-out to draw next time, and what it would see."""
    if test.plan.empty:
        return "There is too little history of the contacted customers to plan a test."
    row = test.plan[test.plan["holdout_share"] == 0.2].iloc[0]
    seen = write(row["detectable_effect"], "currency")
    text = (
        f"Next time, leave out one fifth of the list at random. With {test.customers:,} customers "
        f"as in {test.campaign}, that shows a change of {seen} a customer and week "
        f"({write(row['relative_effect'], 'share')} of sales) or more. "
    )
    least = write(test.break_even, "currency")
    need = f"The campaign pays from {least} on, under the assumptions of this page. "
    if not test.break_even > 0:
        return text.strip()
    if test.break_even >= row["detectable_effect"]:
        return f"{text}{need}So one campaign is enough to tell."
    list_of = (
        f", or one with a list of {test.needed:,} customers, half of them held out"
        if test.needed
        else ""
    )
    return (
        f"{text}{need}So it takes about {test.repeats:,.0f} such campaigns, read together{list_of}."
    )


def uplift_sentence(uplift: pd.DataFrame) -> str:
    """Return who was moved, from `pooled_uplift`, after correction for many tests.

    And whether the segments differ from each other, by `heterogeneity`.
    """
    if uplift.empty:
        return "No campaign so far can be judged, so nothing is known of single segments either."
    sure = uplift[uplift["p_adjusted"] < 0.05].sort_values("effect", ascending=False)
    count = len(uplift)
    segments = "one segment" if count == 1 else f"{count} segments"
    if sure.empty:
        return (
            f"Over all campaigns that can be judged, none of {segments} changed its sales by more "
            "than chance explains. There is no ground yet for choosing whom to contact by segment."
        )
    parts = []
    for row in sure.to_dict("records"):
        verb = "bought more" if row["effect"] > 0 else "bought less"
        parts.append(f"{row['segment']} {verb}")
    told = f"Of {segments}, by more than chance explains: {'; '.join(parts)}."
    p = heterogeneity(uplift["effect"].astype(float), uplift["standard_error"].astype(float))[2]
    return f"{told} {_differ(p)}" if np.isfinite(p) else told


def _differ(p: float) -> str:
    if p < 0.05:
        return "The segments differ from each other by more than chance explains."
    return "That they differ from each other may be chance: no ground to contact only some of them."


def experiment_sentences(segments: pd.DataFrame) -> list[str]:
    """Return for each arm of an experiment whether segments differ (`experiment_segments`)."""
    found = []
    for (campaign, arm), rows in segments.groupby(["campaign_id", "arm"], sort=False):
        p = float(rows["difference_p"].iloc[0])
        if np.isfinite(p):
            found.append(f"{campaign}, arm {arm}, {len(rows)} segments. {_differ(p)}")
    return found


def arms_sentences(arms: pd.DataFrame, *, write: Write) -> list[str]:
    """Return each contacted arm's relative effect with its interval, from `arms_chart`."""
    found = []
    for row in arms[arms["lift"].notna()].to_dict("records"):
        if not np.isfinite(row["relative_lift"]):
            continue
        sure = row["p_adjusted"] < 0.05
        limits = (
            f"95% sure: {write(row['relative_low'], 'share')} to "
            f"{write(row['relative_high'], 'share')}"
            if np.isfinite(row["relative_low"])
            else "no limits: sales of the held out may be zero"
        )
        chance = "more than chance" if sure else "which may be chance"
        found.append(
            f"{row['campaign_id']}, arm {row['arm']}: sales changed by "
            f"{write(row['relative_lift'], 'share')} ({limits}), {chance}."
        )
    return found


def break_even_sentence(chart: pd.DataFrame, *, margin: float, mailing: str, write: Write) -> str:
    """Return the extra sales a contact must bring at the assumed margin."""
    rows = chart[chart["mailing"] == mailing].sort_values("margin")
    if rows.empty:
        return "Nobody was contacted."
    # extra · margin is the cost of a contact, the same at every margin
    extra = float(rows["extra"].iloc[0] * rows["margin"].iloc[0]) / margin
    return (
        f"At a margin of {write(margin, 'share')} and {mailing} a mailing, a contact must bring "
        f"{write(extra, 'currency')} of sales that would not have come anyway."
    )
