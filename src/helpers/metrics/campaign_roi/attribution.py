"""What redeemed coupons brought in and cost: attributed to a campaign, not caused by it."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from helpers.metrics.campaign_roi.frames import day_numbers, ratio, require_columns

ADDITIVE = (
    "contacted",
    "redeemed",
    "coupons",
    "attributed_revenue",
    "coupon_discount",
    "mailing_cost",
)
KNOWN_BEFORE_DAYS = 56
"""Days of data needed before a campaign to call a customer's first order new."""
_EPOCH = date(1970, 1, 1).toordinal()


def attribute_redemptions(redemptions: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Return the baskets in which coupons were redeemed, as revenue and discount of the campaign.

    A redemption belongs to the customer's baskets of the same day: to those with a coupon discount,
    or to all of them where none has one. Where coupons of several campaigns were redeemed on that
    day, revenue and discount are split in proportion to the coupons, so that no basket counts
    twice.

    Args:
        redemptions: `campaign_id customer_id` (str), `redeemed_at` (datetime); one row a coupon
            used.
        orders: `customer_id` (str), `ordered_at` (datetime), `revenue` (float64, currency; returns
            negative) [`coupon_discount` (float64, currency)].

    Returns:
        One row a campaign, customer and day: `campaign_id customer_id` (str), `day` (int64, days
        since 1970), `coupons baskets` (int64), `attributed_revenue coupon_discount` (float64,
        currency; 0 where no
        basket of that day is found; the discount is NaN where the source has none). For internal
        use: it is about single customers.

    Raises:
        MetricError: a column is missing.
    """
    require_columns(redemptions, ["campaign_id", "customer_id", "redeemed_at"], table="redemptions")
    require_columns(orders, ["customer_id", "ordered_at", "revenue"], table="orders")
    place = ["customer_id", "day"]
    used = redemptions.assign(day=day_numbers(redemptions["redeemed_at"]))
    used = (
        used.groupby(["campaign_id", *place], as_index=False)
        .size()
        .rename(columns={"size": "coupons"})
    )
    known = "coupon_discount" in orders
    baskets = pd.DataFrame(
        {
            "customer_id": orders["customer_id"],
            "day": day_numbers(orders["ordered_at"]),
            "attributed_revenue": orders["revenue"].astype(float),
            "coupon_discount": orders["coupon_discount"].astype(float).fillna(0) if known else 0.0,
            "baskets": 1,
        }
    ).merge(used[place].drop_duplicates(), on=place)
    with_coupon = baskets["coupon_discount"].gt(0)
    any_coupon = with_coupon.groupby([baskets["customer_id"], baskets["day"]]).transform("any")
    chosen = baskets[with_coupon | ~any_coupon.astype(bool)]
    sums = chosen.groupby(place, as_index=False)[
        ["attributed_revenue", "coupon_discount", "baskets"]
    ].sum()
    found = used.merge(sums, on=place, how="left")
    share = found["coupons"] / found.groupby(place)["coupons"].transform("sum")
    return found.assign(
        baskets=found["baskets"].fillna(0).astype(np.int64),
        attributed_revenue=(found["attributed_revenue"] * share).fillna(0.0),
        coupon_discount=(found["coupon_discount"] * share).fillna(0.0) if known else np.nan,
    )


def contact_outcomes(
    orders: pd.DataFrame,
    campaigns: pd.DataFrame,
    contacts: pd.DataFrame,
    redemptions: pd.DataFrame | None = None,
    *,
    as_of: date,
    since: date | None = None,
    contact_cost: float = 0.0,
    control_arm: str = "control",
) -> pd.DataFrame:
    """Return what every contact led to, between two days.

    Args:
        orders: as for `attribute_redemptions`.
        campaigns: `campaign_id campaign_type` (str), `starts_on ends_on` (datetime) [`channel`
            (str), `cost` (float64, currency, of the whole campaign)].
        contacts: `campaign_id customer_id` (str) [`arm`]; the control arm was not contacted.
        redemptions: as for `attribute_redemptions`, or None.
        as_of: last day counted.
        since: first day counted; None counts from each campaign's start.
        contact_cost: assumed cost of one contact, where `campaigns` has no `cost`.
        control_arm: arm that was not contacted.

    Returns:
        One row a campaign and customer, of the campaigns that ran in the span: `campaign_id
        customer_id campaign_type` [`channel`] (str), `contacted` (int64; 0 where somebody used a
        coupon without being on the list), `redeemed` (int64, 0 or 1), `coupons` (int64),
        `attributed_revenue coupon_discount` (float64,
        currency), `mailing_cost` (float64, currency, of campaigns that began in the span),
        `acquired` (float64: 1 first order ever seen after the start and by the campaign's end, 0
        not, NaN unknown: the data begin less than 8 weeks before the start). For internal use: it
        is about single customers.

    Raises:
        MetricError: a column is missing.
    """
    require_columns(contacts, ["campaign_id", "customer_id"], table="campaign_contacts")
    last = as_of.toordinal() - _EPOCH
    first = since.toordinal() - _EPOCH if since else -(10**7)
    spans = _running(campaigns, first, last)
    reached = contacts[contacts["arm"] != control_arm] if "arm" in contacts else contacts
    pairs = reached[["campaign_id", "customer_id"]].drop_duplicates().assign(contacted=1)
    pairs = pairs.merge(_used(orders, redemptions, first, last), how="outer")
    found = pairs.merge(spans, on="campaign_id")
    found = found.sort_values(["campaign_id", "customer_id"], ignore_index=True)
    money = ["attributed_revenue", "coupon_discount"]
    found[money] = found[money].fillna(0.0)
    counts = ["contacted", "coupons"]
    found[counts] = found[counts].fillna(0).astype(np.int64)
    found = found.assign(
        redeemed=found["coupons"].gt(0).astype(np.int64),
        mailing_cost=_mailing_cost(found, first, last, contact_cost),
        acquired=_acquired(found, orders, last),
    )
    kinds = ["campaign_type", *(["channel"] if "channel" in found else [])]
    return found[["campaign_id", "customer_id", *kinds, *ADDITIVE, "acquired"]]


def _running(campaigns: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Return the campaigns that ran on a day of the span, with `start` and `end` as day numbers."""
    needed = ["campaign_id", "campaign_type", "starts_on", "ends_on"]
    require_columns(campaigns, needed, table="campaigns")
    extra = [name for name in ("channel", "cost") if name in campaigns]
    spans = campaigns[["campaign_id", "campaign_type", *extra]].assign(
        start=day_numbers(campaigns["starts_on"]), end=day_numbers(campaigns["ends_on"])
    )
    return spans[(spans["start"] <= last) & (spans["end"] >= first)]


def _mailing_cost(found: pd.DataFrame, first: int, last: int, contact_cost: float) -> pd.Series:
    began = found["start"].between(first, last) & found["contacted"].eq(1)
    each = pd.Series(contact_cost, index=found.index, dtype=float)
    if "cost" in found:
        # A campaign's own cost is spread over its contacts: it adds up again in any grouping.
        size = found.groupby("campaign_id")["contacted"].transform("sum")
        each = (found["cost"] / size).fillna(contact_cost)
    return each.where(began, 0.0)


def _used(
    orders: pd.DataFrame, redemptions: pd.DataFrame | None, first: int, last: int
) -> pd.DataFrame:
    columns = ["campaign_id", "customer_id", "coupons", "attributed_revenue", "coupon_discount"]
    if redemptions is None or redemptions.empty:
        kinds = dict(zip(columns, ["str", "str", "float", "float", "float"], strict=True))
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    used = attribute_redemptions(redemptions, orders)
    used = used[used["day"].between(first, last)]
    return used.groupby(columns[:2], as_index=False)[columns[2:]].sum()


def _acquired(found: pd.DataFrame, orders: pd.DataFrame, last: int) -> pd.Series:
    days = pd.Series(day_numbers(orders["ordered_at"]), index=orders.index)
    seen = days[days <= last]
    first_order = seen.groupby(orders["customer_id"]).min()
    begun = seen.min() if len(seen) else last
    order = found["customer_id"].map(first_order)
    new = order.between(found["start"], found["end"]) & found["contacted"].eq(1)
    return new.astype(float).where(found["start"] - begun >= KNOWN_BEFORE_DAYS)


def results_by(outcomes: pd.DataFrame, by: str | Sequence[str]) -> pd.DataFrame:
    """Return contacts, response, attributed revenue and cost of each group.

    response_rate = responded / contacted; cost = coupon_discount + mailing_cost; roas =
    attributed_revenue / cost; cpa = cost / redeemed; cac = cost / acquired. A ratio with a zero
    denominator is NaN.

    Args:
        outcomes: of `contact_outcomes`, with the columns of `by` (a segment may have been merged
            in).
        by: columns to group by; an empty sequence gives one row for all.

    Returns:
        One row a group: the `by` columns, `customers redeemers` (int64, distinct customers),
        `contacted redeemed coupons responded` (int64), `attributed_revenue coupon_discount
        mailing_cost cost` (float64, currency), `response_rate` (share), `roas` (ratio), `cpa cac`
        (currency), `acquired` (float64, NaN where unknown). A redemption without a contact counts
        in revenue and discount, not in the response rate.

    Raises:
        MetricError: a column is missing.
    """
    keys = [by] if isinstance(by, str) else list(by)
    require_columns(outcomes, [*keys, *ADDITIVE], table="outcomes")
    rows = outcomes.assign(
        _all=0,
        responded=outcomes["redeemed"] * outcomes["contacted"],
        _who=outcomes["customer_id"].where(outcomes["redeemed"] == 1),
    )
    groups = rows.groupby(keys or ["_all"], sort=True, observed=True)
    sums = groups[[*ADDITIVE, "responded"]].sum()
    sums.insert(0, "customers", groups["customer_id"].nunique())
    sums.insert(1, "redeemers", groups["_who"].nunique())
    cost = sums["coupon_discount"].fillna(0) + sums["mailing_cost"]
    acquired = groups["acquired"].sum(min_count=1)
    found = sums.assign(
        cost=cost,
        response_rate=ratio(sums["responded"], sums["contacted"]),
        roas=ratio(sums["attributed_revenue"], cost),
        cpa=ratio(cost, sums["redeemed"]),
        acquired=acquired,
        cac=ratio(cost, acquired),
    )
    return found.reset_index(drop=not keys)
