"""What the campaigns of a period attracted: by campaign, by month and by segment of customers."""

from datetime import date

import pandas as pd

from helpers.metrics.campaign_roi.attribution import contact_outcomes, results_by
from helpers.metrics.campaign_roi.evaluation import Evaluation
from helpers.metrics.campaign_roi.frames import ratio, require_columns
from helpers.metrics.campaign_roi.over_time import effect_over_time
from helpers.metrics.campaign_roi.panel import History, randomised_arms
from helpers.metrics.campaign_roi.returns import payback_days, returns
from helpers.metrics.campaign_roi.spans import ran_in
from helpers.metrics.campaign_roi.views import named
from helpers.metrics.distinct import with_distinct
from helpers.periods import Period, last_complete
from helpers.privacy import MINIMUM_CUSTOMERS


def period_results(
    outcomes: pd.DataFrame, evaluation: Evaluation, *, period: Period, margin: float
) -> pd.DataFrame:
    """Return `returns` of the campaigns that ran in the period, over their whole life so far.

    Args:
        outcomes: of `contact_outcomes` without `since`.
        evaluation: of the same tables.
        period: of the report.
        margin: assumed gross margin, share of revenue.

    Returns:
        One row a campaign, by start: the columns of `returns`, `campaign campaign_type` (str).
    """
    live = ran_in(evaluation.effects, period)
    table = results_by(outcomes[outcomes["campaign_id"].isin(live["campaign_id"])], "campaign_id")
    names = live[["campaign_id", "campaign_type"]].assign(campaign=named(live))
    return names.merge(returns(table, live, margin=margin), on="campaign_id")


def with_payback(
    results: pd.DataFrame,
    history: History,
    evaluation: Evaluation,
    *,
    margin: float,
    pre_weeks: int = 8,
) -> pd.DataFrame:
    """Return `period_results` with `payback_days` of campaigns whose effect is more than chance.

    `payback_days` (float64, days) is NaN for campaigns that cannot be judged, whose interval holds
    zero, that have a control arm (their course is not followed by week), or that are not paid back.
    """
    days = pd.Series(float("nan"), index=results.index)
    sure = results["claimable"].eq(True) & results["incremental_low"].gt(0)
    for place in results.index[sure]:
        panel = history.around(str(results.loc[place, "campaign_id"]))
        if randomised_arms(panel, history.control_arm):
            continue
        weeks = effect_over_time(panel, pre_weeks=pre_weeks, errors=evaluation.errors)
        cost = float(results.loc[place, "cost"])
        days.loc[place] = payback_days(weeks, cost=cost, margin=margin)
    return results.assign(payback_days=days)


def campaign_cube(
    orders: pd.DataFrame,
    campaigns: pd.DataFrame,
    contacts: pd.DataFrame,
    redemptions: pd.DataFrame | None,
    *,
    as_of: date,
    months: int = 12,
    control_arm: str = "control",
) -> pd.DataFrame:
    """Return what campaigns attracted in each of the last complete months, for the explorer.

    Args:
        orders: see `contact_outcomes`.
        campaigns: likewise.
        contacts: likewise.
        redemptions: likewise.
        as_of: last day seen.
        months: at most so many, from the first with an order.
        control_arm: arm that was not contacted.

    Returns:
        One row a month, type and campaign that ran in it: `month` (str, 2017-09), `campaign_type
        campaign_id` (str), `contacted responded redeemed redeemers coupons` (int64),
        `attributed_revenue coupon_discount` (float64, currency); and the distinct customers that
        were contacted, and that used a coupon, in the month and in the month by type of campaign:
        `contacted` and `redeemers` with the endings of `with_distinct` (int64).
    """
    first = pd.to_datetime(orders["ordered_at"]).min()
    tables = []
    for month in last_complete(as_of, count=months):
        if pd.isna(first) or month.end < first.date():
            continue
        outcomes = contact_outcomes(
            orders,
            campaigns,
            contacts,
            redemptions,
            since=month.start,
            as_of=month.end,
            control_arm=control_arm,
        )
        found = results_by(outcomes, ["campaign_type", "campaign_id"]).assign(month=str(month))
        outcomes = outcomes.assign(month=str(month))
        for name, column in {"contacted": "contacted", "redeemers": "redeemed"}.items():
            who = outcomes[outcomes[column] == 1]
            found = with_distinct(found, who, x="month", by=["campaign_type"], name=name)
        tables.append(found)
    columns = ["month", "campaign_type", "campaign_id", "contacted", "responded", "redeemed"]
    columns += ["redeemers", "coupons", "attributed_revenue", "coupon_discount"]
    ends = ("in_all", "by_campaign_type")
    columns += [f"{name}_{end}" for name in ("contacted", "redeemers") for end in ends]
    if not tables:
        return pd.DataFrame(columns=columns)
    return pd.concat(tables, ignore_index=True)[columns]


def response_by_month(cube: pd.DataFrame) -> pd.DataFrame:
    """Return what all campaigns attracted in each month, from `campaign_cube`.

    Returns:
        One row a month: `month` (str), `contacted responded redeemed` (int64), `attributed_revenue`
        (float64, currency), `response_rate` (float64, share), `reached redeemers` (int64; distinct
        customers contacted, and that used a coupon).
    """
    measures = ["contacted", "responded", "redeemed", "attributed_revenue"]
    months = cube.groupby("month", as_index=False)
    counts = months[["contacted_in_all", "redeemers_in_all"]].max()
    sums = (
        months[measures]
        .sum()
        .assign(reached=counts["contacted_in_all"], redeemers=counts["redeemers_in_all"])
    )
    return sums.assign(response_rate=ratio(sums["responded"], sums["contacted"]))


def response_change(
    orders: pd.DataFrame,
    campaigns: pd.DataFrame,
    contacts: pd.DataFrame,
    redemptions: pd.DataFrame | None,
    *,
    period: Period,
    before: Period,
    control_arm: str = "control",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `results_by` type of campaign in an earlier period and in this one.

    With the column `reached` (int64): the distinct customers contacted by any campaign of the
    period.

    The earlier one is empty where the orders do not reach back to its first day: campaigns then
    seem to have had no response.
    """
    first = pd.to_datetime(orders["ordered_at"]).min()
    sides = []
    for span in (before, period):
        outcomes = contact_outcomes(
            orders,
            campaigns,
            contacts,
            redemptions,
            since=span.start,
            as_of=span.end,
            control_arm=control_arm,
        )
        seen = pd.notna(first) and first.date() <= span.start
        rows = outcomes if seen or span == period else outcomes.head(0)
        reached = rows.loc[rows["contacted"] == 1, "customer_id"].nunique()
        sides.append(results_by(rows, "campaign_type").assign(reached=reached))
    return sides[0], sides[1]


def response_by_segment(outcomes: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Return response and attributed revenue of each segment of customers, largest response first.

    Args:
        outcomes: of `contact_outcomes`.
        segments: `customer_id segment` (str), one row a customer, known before the contacts.

    Returns:
        As `results_by` with the column `segment`; customers without one, and segments of fewer
        than eight customers, are left out.

    Raises:
        MetricError: a column is missing.
    """
    require_columns(segments, ["customer_id", "segment"], table="segments")
    unique = segments.drop_duplicates("customer_id").set_index("customer_id")["segment"]
    rows = outcomes.assign(segment=outcomes["customer_id"].map(unique)).dropna(subset=["segment"])
    table = results_by(rows, "segment")
    table = table[table["customers"] >= MINIMUM_CUSTOMERS]
    return table.sort_values("response_rate", ascending=False, ignore_index=True)
