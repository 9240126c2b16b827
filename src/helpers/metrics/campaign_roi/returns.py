"""From effect and cost to return: ROI, ROAS, break-even, payback, under an assumed margin."""

from datetime import date

import numpy as np
import pandas as pd
from scipy import stats

from helpers.errors import MetricError
from helpers.metrics.campaign_roi.frames import ratio, require_columns


def returns(results: pd.DataFrame, effects: pd.DataFrame, *, margin: float) -> pd.DataFrame:
    """Return the return on each campaign: attributed and incremental side by side, never mixed.

    roi = (margin · incremental_revenue − cost) / cost; roas = attributed_revenue / cost;
    break_even_revenue = cost / margin; profit_probability = Φ((margin · incremental_revenue − cost)
    / (margin · incremental_error)).

    Args:
        results: of `results_by(…, "campaign_id")`: `campaign_id customers redeemers contacted cost
            attributed_revenue roas cpa cac`.
        effects: of `evaluate`: `campaign_id incremental_revenue incremental_error incremental_low
            incremental_high` (currency; NaN where nothing may be claimed), `claimable grade
            evidence`.
        margin: assumed gross margin, a share of revenue above 0 and up to 1.

    Returns:
        One row a campaign: the columns given, `break_even_revenue break_even_customer` (currency,
        in all and a contact), `incremental_margin` (currency), `roi roi_low roi_high` (share of
        cost), `profit_probability` (share). NaN where nothing may be claimed or the cost is zero.

    Raises:
        MetricError: the margin is out of bounds, or a column is missing.
    """
    _check_margin(margin)
    money = ["incremental_revenue", "incremental_error", "incremental_low", "incremental_high"]
    require_columns(effects, ["campaign_id", *money], table="effects")
    require_columns(results, ["campaign_id", "contacted", "cost"], table="results")
    known = [name for name in ("claimable", "grade", "evidence", "reason") if name in effects]
    found = results.merge(effects[["campaign_id", *known, *money]], on="campaign_id", how="left")
    return found.assign(**_ratios(found, margin))


def returns_by(table: pd.DataFrame, by: str, *, margin: float) -> pd.DataFrame:
    """Return `returns` summed over campaigns of one type, channel or other group.

    Incremental figures count only the campaigns with a claimable effect, and so does the cost they
    are held against (`claimed_cost`). Their errors are added, not averaged out: overlapping
    campaigns share customers, so that one comparison's mistake is probably the other's too.

    Args:
        table: of `returns`, with the column `by`.
        by: column of the group.
        margin: as for `returns`.

    Returns:
        One row a group: `by`, `campaigns claimed` (int64), `contacted` (int64), `cost claimed_cost
        attributed_revenue` and the incremental columns (currency), `roas`, `roi roi_low roi_high
        profit_probability`, `break_even_revenue`.
    """
    _check_margin(margin)
    require_columns(table, [by, "cost", "incremental_revenue"], table="returns")
    claimed = table["incremental_revenue"].notna()
    money = ["incremental_revenue", "incremental_error"]
    groups = table.assign(claimed_cost=table["cost"].where(claimed)).groupby(
        by, sort=True, observed=True
    )
    found = groups[["contacted", "cost", "attributed_revenue"]].sum()
    found[["claimed_cost", *money]] = groups[["claimed_cost", *money]].sum(min_count=1)
    found.insert(0, "campaigns", groups.size())
    found.insert(1, "claimed", claimed.groupby(table[by]).sum().astype(np.int64))
    reach = 1.959964 * found["incremental_error"]
    found = found.assign(
        roas=ratio(found["attributed_revenue"], found["cost"]),
        incremental_low=found["incremental_revenue"] - reach,
        incremental_high=found["incremental_revenue"] + reach,
    ).reset_index()
    figures = _ratios(found.assign(cost=found["claimed_cost"]), margin)
    return found.assign(**figures).drop(columns="break_even_customer")


def _check_margin(margin: float) -> None:
    if not 0 < margin <= 1:
        raise MetricError(
            f"the margin is {margin}, and must be above 0 and at most 1",
            hint="Write 25 % as 0.25.",
        )


def _ratios(found: pd.DataFrame, margin: float) -> dict[str, pd.Series]:
    cost = found["cost"].astype(float)
    spent = cost.where(cost > 0)
    gain = margin * found["incremental_revenue"].astype(float)
    error = (margin * found["incremental_error"].astype(float)).where(lambda e: e > 0)
    return {
        "incremental_margin": gain,
        "roi": (gain - cost) / spent,
        "roi_low": (margin * found["incremental_low"].astype(float) - cost) / spent,
        "roi_high": (margin * found["incremental_high"].astype(float) - cost) / spent,
        "break_even_revenue": cost / margin,
        "break_even_customer": ratio(cost / margin, found["contacted"]),
        "profit_probability": pd.Series(
            stats.norm.cdf((gain - cost) / error), index=found.index
        ).where(error.notna()),
    }


def break_even_effects(
    results: pd.DataFrame, campaigns: pd.DataFrame, *, as_of: date, margin: float
) -> pd.Series:
    """Return the effect of a contact at which each campaign's return is zero.

    cost / (margin · contacted · weeks), weeks from the start to the end or `as_of`, whichever comes
    first.

    Args:
        results: of `results_by(…, "campaign_id")` over whole campaigns: `campaign_id contacted
            cost`.
        campaigns: `campaign_id` (str), `starts_on ends_on` (datetime).
        as_of: last day counted.
        margin: assumed gross margin, a share of revenue above 0 and up to 1.

    Returns:
        By campaign id, currency a contacted customer and week (float64); 0 where nothing was spent,
        NaN where nobody was contacted.

    Raises:
        MetricError: the margin is out of bounds, or a column is missing.
    """
    _check_margin(margin)
    require_columns(results, ["campaign_id", "contacted", "cost"], table="results")
    require_columns(campaigns, ["campaign_id", "starts_on", "ends_on"], table="campaigns")
    last = pd.to_datetime(campaigns["ends_on"]).clip(upper=pd.Timestamp(as_of))
    days = (last - pd.to_datetime(campaigns["starts_on"])).dt.days + 1
    weeks = results["campaign_id"].map(pd.Series((days / 7).to_numpy(), campaigns["campaign_id"]))
    found = ratio(results["cost"] / margin, results["contacted"] * weeks.where(weeks > 0))
    return pd.Series(found.to_numpy(), index=results["campaign_id"], name="break_even")


def payback_days(over_time: pd.DataFrame, *, cost: float, margin: float) -> float:
    """Return the days from the start until the cumulative incremental margin covers the cost.

    The end of the first week w with margin · cumulative_w ≥ cost for it and all later weeks seen: a
    payback that is lost again is none. NaN where the cost is not covered in the weeks seen; 0 where
    there is no cost.

    Args:
        over_time: of `effect_over_time`: `week` (int64; 0 is the first week), `cumulative`
            (currency).
        cost: of the campaign, currency.
        margin: as for `returns`.

    Raises:
        MetricError: the margin is out of bounds, the cost is negative, or a column is missing.
    """
    _check_margin(margin)
    require_columns(over_time, ["week", "cumulative"], table="over_time")
    if cost < 0:
        raise MetricError(f"the cost is {cost}, and cannot be negative")
    if cost == 0:
        return 0.0
    weeks = over_time[over_time["week"] >= 0].sort_values("week")
    short = weeks.loc[~(margin * weeks["cumulative"] >= cost), "week"]
    covered = weeks["week"].max() if len(weeks) else -1
    first = int(short.max()) + 1 if len(short) else 0
    return float(7 * (first + 1)) if first <= covered else float("nan")


def break_even_table(
    *, coupon_cost: float, margins: list[float], contact_costs: list[float]
) -> pd.DataFrame:
    """Return the extra sales a contacted customer must bring for a campaign to pay.

    extra = (coupon_cost + contact_cost) / margin.

    Args:
        coupon_cost: coupon discount a contact, currency.
        margins: assumed gross margins, shares.
        contact_costs: assumed costs of a contact, currency.

    Returns:
        One row a margin and contact cost: `margin contact_cost extra` (float64; currency a
        contact).
    """
    rows = []
    for margin in margins:
        _check_margin(margin)
        for cost in contact_costs:
            extra = (coupon_cost + cost) / margin
            rows.append({"margin": margin, "contact_cost": cost, "extra": extra})
    return pd.DataFrame(rows, columns=["margin", "contact_cost", "extra"])
