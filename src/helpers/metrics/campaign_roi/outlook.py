"""From this period to the next: what can be said of all campaigns, and the test that would tell."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from helpers.metrics.campaign_roi.budget import sales_deviation
from helpers.metrics.campaign_roi.evaluation import Evaluation
from helpers.metrics.campaign_roi.panel import History
from helpers.metrics.campaign_roi.power import holdout_plan, sample_size
from helpers.metrics.campaign_roi.practice import calibrated, random_effects
from helpers.metrics.campaign_roi.returns import break_even_table
from helpers.metrics.campaign_roi.views import largest_campaign
from helpers.periods import Period
from helpers.privacy import MINIMUM_CUSTOMERS


@dataclass(frozen=True)
class Pooled:
    """The mean effect of all claimable campaigns, in money a contacted customer and week."""

    campaigns: int
    effect: float
    low: float
    high: float


def pooled_effect(evaluation: Evaluation) -> Pooled:
    """Return the mean effect over all campaigns with usable evidence so far.

    `random_effects` of the estimates, then `calibrated` for the comparison's own error, in the
    share that comparisons have in the mean (experiments need no such correction). A comparison is
    claimable only where there are enough practice runs to correct it.
    """
    rows = evaluation.effects[evaluation.effects["claimable"].astype(bool)]
    found = random_effects(rows["effect"], rows["standard_error"])
    if not found.count:
        nothing = float("nan")
        return Pooled(0, nothing, nothing, nothing)
    weight = 1 / (rows["standard_error"].astype(float) ** 2 + found.spread**2)
    share = float(weight[rows["design"] == "weighted comparison"].sum() / weight.sum())
    known = evaluation.errors
    errors = replace(
        known,
        mean=share * known.mean,
        standard_error=share * known.standard_error,
        spread=share * known.spread,
    )
    centre, _, low, high = calibrated(found.mean, found.standard_error, errors if share else None)
    return Pooled(found.count, centre, low, high)


def budget_options(evaluation: Evaluation, results: pd.DataFrame) -> pd.DataFrame:
    """Return one option a type of campaign for `next_budget`.

    Effect of a contact over a whole campaign = effect a week · weeks, averaged over the type's
    claimable campaigns by `random_effects`; its error is not below that of the best single
    campaign, because campaigns share customers. Size = contacts of the type's latest campaign.

    Args:
        evaluation: of `evaluate`.
        results: of `results_by(…, "campaign_id")` over whole campaigns: `campaign_id contacted
            cost`.

    Returns:
        One row a type: `option` (str), `campaigns claimed customers` (int64), `effect
        standard_error` (float64, currency a contact; NaN where no campaign of the type can be
        judged, or fewer than eight customers used its coupons), `redeemers` (float64, sum over
        campaigns), `cost` (float64, currency a contact).
    """
    known = results.set_index("campaign_id")[["contacted", "cost", "redeemers"]].astype(float)
    rows = []
    for kind, group in evaluation.effects.groupby("campaign_type", sort=True):
        claimed = group[group["claimable"].astype(bool)]
        own = known.reindex(group["campaign_id"]).sum()
        if (
            0 < own["redeemers"] < MINIMUM_CUSTOMERS
        ):  # a sum to spend would give their discounts away
            claimed = claimed.head(0)
        scale = claimed["weeks"].astype(float)
        error = claimed["corrected_error"].astype(float) * scale
        found = random_effects(claimed["corrected"].astype(float) * scale, error)
        floor = float(error.min()) if len(error) else float("nan")
        rows.append(
            {
                "option": str(kind),
                "campaigns": len(group),
                "claimed": len(claimed),
                "customers": int(group["contacted"].iloc[-1]),
                "effect": found.mean,
                "standard_error": max(found.standard_error, floor) if found.count else np.nan,
                "redeemers": float(own["redeemers"]),
                "cost": float(own["cost"] / own["contacted"]) if own["contacted"] else 0.0,
            }
        )
    columns = ["option", "campaigns", "claimed", "customers", "effect", "standard_error"]
    columns += ["redeemers", "cost"]
    return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class NextTest:
    """A random hold-out in a campaign like the one given.

    Attributes:
        campaign: the campaign it is like.
        customers: who would be contacted without a hold-out.
        plan: see `holdout_plan`; money a customer and week.
        break_even: extra sales a customer and week from which the campaign pays, under the
            assumptions.
        repeats: campaigns with a hold-out of one fifth that must be pooled to see the break-even.
        needed: customers, half of them held out, with whom one campaign shows the break-even; 0
            where that is not known.
    """

    campaign: str
    customers: int
    plan: pd.DataFrame
    break_even: float
    repeats: float
    needed: int = 0

    @property
    def levels(self) -> dict[str, float]:
        """The break-even as a level to draw across a chart; none where it is not known."""
        return {"Pays from": self.break_even} if np.isfinite(self.break_even) else {}


def next_test(
    history: History,
    evaluation: Evaluation,
    results: pd.DataFrame,
    *,
    period: Period,
    margin: float,
    pre_weeks: int = 8,
) -> NextTest:
    """Return the test that would tell whether a campaign like the period's largest one pays.

    Detectable effect by `holdout_plan` with the noise of `sales_deviation`; break-even = cost a
    contact / (margin · weeks of the whole campaign); repeats = ⌈(detectable at one fifth /
    break-even)²⌉; needed = 2 · `sample_size` of the break-even. The plan is empty where no campaign
    ran or its customers have too little history.

    Args:
        history: the source's tables.
        evaluation: of the same.
        results: of `period_results`: `campaign_id contacted cost`.
        period: of the report.
        margin: assumed gross margin, share of revenue.
        pre_weeks: length of the pre-period.
    """
    campaign = largest_campaign(evaluation, period=period)
    if campaign is None:
        return NextTest("", 0, _plan(0, float("nan"), float("nan")), float("nan"), float("nan"))
    panel = history.around(campaign)
    row = results.set_index("campaign_id").loc[campaign]
    dates = evaluation.effects.set_index("campaign_id").loc[campaign]
    days = (pd.Timestamp(dates["ends_on"]) - pd.Timestamp(dates["starts_on"])).days + 1
    few = 0 < row["redeemers"] < MINIMUM_CUSTOMERS  # their discounts would show through
    cost = float("nan") if few else float(row["cost"] / row["contacted"])
    break_even = cost / (margin * days / 7)
    deviation, mean, customers = sales_deviation(panel, pre_weeks=pre_weeks)
    plan = _plan(customers, deviation, mean)
    if plan.empty:
        return NextTest(campaign, customers, plan, break_even, float("nan"))
    fifth = float(plan.loc[plan["holdout_share"] == 0.2, "detectable_effect"].iloc[0])
    repeats = float(np.ceil((fifth / break_even) ** 2)) if break_even > 0 else float("nan")
    needed = (
        2 * sample_size(effect=break_even, standard_deviation=deviation) if break_even > 0 else 0
    )
    return NextTest(campaign, customers, plan, break_even, repeats, needed)


def _plan(customers: int, deviation: float, mean: float) -> pd.DataFrame:
    if np.isfinite(deviation):
        return holdout_plan(customers=customers, standard_deviation=deviation, mean=mean)
    columns = ["holdout_share", "holdout", "contacted", "detectable_effect", "relative_effect"]
    return pd.DataFrame(columns=columns, dtype=float)


def break_even_chart(
    outcomes: pd.DataFrame, *, contact_cost: float, write: Callable[[float, str], str]
) -> pd.DataFrame:
    """Return the extra sales a contact must bring to pay, by assumed margin and mailing cost.

    Args:
        outcomes: of `contact_outcomes`: their coupon discount a contact is the measured part.
        contact_cost: assumed cost of a contact; half and double of it are shown too.
        write: (value, unit) -> text.

    Returns:
        One row a margin and cost: `margin` (float64, share), `mailing` (str), `extra` (float64,
        currency). Empty without a contact, or where one to seven customers used a coupon.
    """
    contacts = float(outcomes["contacted"].sum())
    redeemers = outcomes.loc[outcomes["redeemed"] == 1, "customer_id"].nunique()
    if not contacts or 0 < redeemers < MINIMUM_CUSTOMERS:
        return pd.DataFrame(columns=["margin", "mailing", "extra"])
    costs = sorted({contact_cost / 2, contact_cost, contact_cost * 2})
    table = break_even_table(
        coupon_cost=float(outcomes["coupon_discount"].sum()) / contacts,
        margins=[0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5],
        contact_costs=costs,
    )
    words = {cost: write(cost, "currency") for cost in costs}
    return table.assign(mailing=table["contact_cost"].map(words))
