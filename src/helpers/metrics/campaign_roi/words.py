"""What the page says in sentences, from the figures; money is written by the caller's formatter."""

from collections.abc import Callable

import pandas as pd
from scipy import stats

from helpers.metrics.campaign_roi.attribution import attribute_redemptions
from helpers.metrics.campaign_roi.evaluation import Evaluation
from helpers.metrics.campaign_roi.outlook import Pooled
from helpers.metrics.campaign_roi.practice import EQUIVALENCE_ALPHA
from helpers.metrics.campaign_roi.segments import adjust_p_values
from helpers.metrics.campaign_roi.spans import ran_in
from helpers.periods import Period

FEWEST_TOLD = 3
"""Campaigns below which a median would tell of one campaign's cost."""
Write = Callable[[float, str], str]
"""(value, unit) -> text, such as `helpers.report.Report.format.value`."""


def verdict_sentence(evaluation: Evaluation, *, period: Period, write: Write) -> str:
    """Return what the campaigns that ran in the period are known to have caused."""
    rows = ran_in(evaluation.effects, period)
    if rows.empty:
        return "No campaign ran in the period."
    claimed = rows[rows["claimable"].astype(bool)]
    ran = "One campaign" if len(rows) == 1 else f"{len(rows)} campaigns"
    if claimed.empty:
        it = "it" if len(rows) == 1 else "they"
        largest = rows.loc[rows["contacted"].astype(int).idxmax()]
        return (
            f"{ran} ran in the period. What {it} caused cannot be said. The largest, "
            f"{largest['campaign_id']}: {largest['reason']}"
        )
    judged = "its effect" if len(rows) == 1 else f"for {len(claimed)} the effect"
    parts = [f"{ran} ran in the period; {judged} can be judged."]
    for row in claimed.sort_values("contacted", ascending=False).head(3).to_dict("records"):
        low, high = (
            write(row[name], "currency") for name in ("incremental_low", "incremental_high")
        )
        sure = row["incremental_low"] > 0 or row["incremental_high"] < 0
        told = "" if sure else ", so it may well be nothing"
        parts.append(
            f"{row['campaign_id']} changed sales by "
            f"{write(row['incremental_revenue'], 'currency')} (95% sure: {low} to {high}){told}."
        )
    return " ".join(parts)


def trust_sentence(evaluation: Evaluation, *, write: Write) -> str:
    """Return how wrong the comparison is where the truth is known to be zero."""
    practice = evaluation.practice[evaluation.practice["comparable"].astype(bool)]
    count = len(practice)
    if not count:
        tried = len(evaluation.practice)
        why = (
            f"none of {tried} practice runs had enough customers who are alike"
            if tried
            else "the data do not reach back far enough before any campaign"
        )
        return f"The comparison could not be tried: {why}. No effect can be trusted yet."
    outside = int(((practice["low"] > 0) | (practice["high"] < 0)).sum())
    mean = evaluation.errors.mean
    runs = "one practice run" if count == 1 else f"{count} practice runs"
    corrected = (
        "Effects found by such a comparison are corrected for that."
        if count >= 10
        else "That is too few to correct the effects for it."
    )
    return (
        f"In {runs} on weeks before a campaign began, where the truth is zero, the comparison "
        f"found {write(mean, 'currency')} a customer and week on average, and {outside} of {count} "
        f"looked real; by chance alone it would be 1 in 20. {corrected}"
    )


def precision_sentence(evaluation: Evaluation, *, write: Write) -> str:
    """Return how large an error the practice runs rule out, beside the effect that would pay.

    A campaign's practice runs rule out errors above |mean| + 1.645 standard errors (one-sided tests
    at 5 %). Medians over the campaigns with practice runs; empty for fewer than three, whose costs
    would show.
    """
    rows = evaluation.effects[evaluation.effects["placebo_error"].gt(0)]
    rows = rows[rows["break_even"].gt(0)].astype({"placebo_effect": float, "placebo_error": float})
    if len(rows) < FEWEST_TOLD:
        return ""
    ruled_out = (rows["placebo_effect"].abs() + 1.644854 * rows["placebo_error"]).median()
    passed = int((rows["equivalence_p"] < EQUIVALENCE_ALPHA).sum())
    return (
        f"A typical campaign pays from {write(float(rows['break_even'].median()), 'currency')} a "
        "customer and week on; its practice runs rule out only errors above "
        f"{write(float(ruled_out), 'currency')}. {passed or 'None'} of {len(rows)} campaigns with "
        "practice runs can exclude an error as large as what would pay."
    )


def pooled_sentence(pooled: Pooled, *, write: Write) -> str:
    """Return what all campaigns that can be judged did on average."""
    if not pooled.campaigns:
        return "No campaign so far can be judged, so there is no average effect either."
    effect, low, high = (
        write(value, "currency") for value in (pooled.effect, pooled.low, pooled.high)
    )
    sure = pooled.low > 0 or pooled.high < 0
    told = "" if sure else " That is no proof that campaigns raise sales, nor that they do not."
    which = "The one campaign" if pooled.campaigns == 1 else f"The {pooled.campaigns} campaigns"
    return (
        f"{which} that can be judged so far changed a contacted customer's sales by {effect} a "
        f"week on average (95% sure: {low} to {high}).{told}"
    )


def effects_sentence(chart: pd.DataFrame, evaluation: Evaluation, *, period: Period) -> str:
    """Return how many effects of `effect_chart` differ from zero, and how many are not drawn."""
    ran = len(ran_in(evaluation.effects, period))
    if chart.empty:
        return f"Of {ran} campaigns, none could be compared with customers who were not contacted."
    width = (chart["corrected_high"] - chart["corrected_low"]).astype(float) / (2 * 1.959964)
    z = (chart["corrected"] / width).abs().astype(float)
    p = pd.Series(2 * stats.norm.sf(z), index=chart.index)
    alone = chart.loc[p < 0.05, "campaign"].tolist()
    sure = chart.loc[adjust_p_values(p) < 0.05, "campaign"].tolist()
    if sure:
        told = f"More than chance: {'; '.join(sure)}."
    elif alone:
        told = (
            f"Seen alone, {'; '.join(alone)} would be more than chance; among {len(chart)} "
            "campaigns it is not."
        )
    else:
        told = "Every line crosses zero: no effect can be told from chance."
    left = ran - len(chart)
    return (
        f"{told} {left} of {ran} campaigns cannot be compared and are left out." if left else told
    )


def cumulative_sentence(chart: pd.DataFrame) -> str:
    """Return how to read `cumulative_chart`, and of which campaign it is where there is one."""
    names = list(chart["campaign"].unique())
    if not names:
        return "No campaign of the period can be judged, so there is nothing to add up."
    which = f"{names[0]}. " if len(names) == 1 else ""
    return f"{which}The band is a 95% interval. Where zero lies in it, it may be nothing."


def counts_sentence(counts: pd.DataFrame) -> str:
    """Return what `evidence_counts` amounts to."""
    total = int(counts["campaigns"].sum())
    judged = int(counts["campaigns"].iloc[:2].sum())
    if not total:
        return "No campaign ran in the period."
    if total == 1:
        return f"The one campaign {'can' if judged else 'cannot'} be judged."
    return f"Of {total} campaigns, {judged} can be judged: by an experiment or a fair comparison."


def balance_sentence(chart: pd.DataFrame, *, campaign: str | None, write: Write) -> str:
    """Return how unlike the groups of `balance_chart` are."""
    if chart.empty:
        return "The largest campaign could not be compared."
    worst = chart.assign(size=chart["difference"].abs()).groupby("weighting")["size"].max()
    before, after = (write(float(worst[name]), "number") for name in ("As they are", "Weighted"))
    verdict = "alike" if worst["Weighted"] <= 0.1 else "still unlike"
    return (
        f"Largest campaign, {campaign}: as they are, the groups differ by up to {before} standard "
        f"deviations; weighted, by up to {after}. Up to 0.1 counts as alike: they are {verdict}."
    )


def later_sentences(evaluation: Evaluation, *, period: Period, write: Write) -> list[str]:
    """Return how far later campaigns are mixed into the effects of the period's compared ones.

    A campaign that began while another ran reached some of its customers: what they bought then is
    partly its work. None where no campaign did so.
    """
    rows = ran_in(evaluation.effects, period)
    rows = rows[rows["corrected"].notna() & (rows["grade"] != "D")]
    parts = [
        f"{row['campaign_id']} {write(row['later_contacted'], 'share')} and "
        f"{write(row['later_compared'], 'share')}"
        for row in rows.to_dict("records")
        if max(row["later_contacted"], row["later_compared"]) > 0
    ]
    if not parts:
        return []
    return [
        "While a campaign ran, others began and reached some of its customers; what they caused "
        "cannot be told apart. Reached by others, of the contacted and of those they are compared "
        f"with: {'; '.join(parts)}."
    ]


def quality_sentences(
    orders: pd.DataFrame,
    campaigns: pd.DataFrame,
    contacts: pd.DataFrame,
    redemptions: pd.DataFrame | None,
    *,
    period: Period,
    write: Write,
) -> list[str]:
    """Return what the source's own limits do to the figures of the page."""
    found = []
    live = campaigns[
        (pd.to_datetime(campaigns["starts_on"]) <= pd.Timestamp(period.end))
        & (pd.to_datetime(campaigns["ends_on"]) >= pd.Timestamp(period.start))
    ]
    running = int((pd.to_datetime(live["ends_on"]) > pd.Timestamp(period.end)).sum())
    if running:
        found.append(
            f"{running} of {len(live)} campaigns run past the last day of the report: their "
            "response and effect are counted so far only."
        )
    listed = contacts[contacts["campaign_id"].isin(live["campaign_id"])]
    several = listed.groupby("customer_id")["campaign_id"].nunique()
    if len(several) and (several > 1).any():
        found.append(
            f"{write(float((several > 1).mean()), 'share')} of the contacted customers were in "
            "more than one campaign of the period: effects of campaigns overlap."
        )
    if redemptions is not None and len(redemptions):
        used = attribute_redemptions(redemptions, orders)
        lost = int((used["baskets"] == 0).sum())
        bare = float(((used["baskets"] > 0) & (used["coupon_discount"] <= 0)).mean())
        found.append(
            f"{lost:,} of {len(used):,} coupon uses have no basket on the same day and bring no "
            f"sales here; {write(bare, 'share')} have a basket without a recorded discount."
        )
    if "arm" not in contacts:
        found.append(
            "The source holds no random control group: every effect rests on a comparison with "
            "customers who were not chosen."
        )
    return found
