"""Customers' behaviour around a campaign's start, week by week, contacted or not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from helpers.errors import MetricError, did_you_mean
from helpers.metrics.campaign_roi.frames import day_numbers, numbers, require_columns

LONGEST = 52
"""Weeks of history looked at: a year covers every season once."""
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Panel:
    """A campaign's weekly panel; every array has one entry or row a customer, in one order.

    Attributes:
        campaign_id: the campaign.
        customers: ids of all customers who bought or were contacted up to `as_of`.
        arm: `contacted`, the control arm's name or another arm's; empty where not in the campaign.
        contacted: in the campaign, and not in its control arm.
        weekly_revenue: customers × complete weeks before the start, the latest week first.
        weekly_orders: likewise.
        weekly_after: customers × complete weeks observed since the start, the first week first.
        window_revenue: from the start to the campaign's end or `as_of`, whichever comes first.
        window_days: days in that window.
        start: day number of the campaign's first day.
        others: campaigns' contacts: customer row, first and last day of the other campaign.
        redemptions: customer row and day.
    """

    campaign_id: str
    customers: pd.Index
    arm: np.ndarray
    contacted: np.ndarray
    weekly_revenue: np.ndarray
    weekly_orders: np.ndarray
    weekly_after: np.ndarray
    window_revenue: np.ndarray
    window_days: int
    start: int
    others: np.ndarray
    redemptions: np.ndarray

    @property
    def weeks_before(self) -> int:
        """Complete weeks of history before the start."""
        return self.weekly_revenue.shape[1]

    @property
    def day_before(self) -> date:
        """The last day before the campaign: as of when segments of its customers are fixed."""
        return date.fromordinal(self.start - 1 + _EPOCH)

    def active(self, *, pre_weeks: int, ago: int = 0) -> np.ndarray:
        """Return who ordered in the `pre_weeks` that end `ago` weeks before the start."""
        return self.weekly_orders[:, ago : ago + pre_weeks].sum(axis=1) > 0

    def baseline(self, *, pre_weeks: int, ago: int = 0) -> np.ndarray:
        """Return revenue a week in the `pre_weeks` that end `ago` weeks before the start."""
        return self.weekly_revenue[:, ago : ago + pre_weeks].mean(axis=1)

    def exposure(self, day: int) -> tuple[np.ndarray, np.ndarray]:
        """Return how many other campaigns began before the day, and how many of them still ran."""
        row, start, end = self.others.T
        before, size = start < day, len(self.customers)
        running = before & (end >= day)
        return np.bincount(row[before], minlength=size), np.bincount(row[running], minlength=size)

    def joined_later(self) -> np.ndarray:
        """Return who was put on the list of another campaign that began while this one ran."""
        row, start, _ = self.others.T
        meanwhile = (start >= self.start) & (start < self.start + self.window_days)
        return np.bincount(row[meanwhile], minlength=len(self.customers)) > 0


def covariates(panel: Panel, *, pre_weeks: int, ago: int = 0) -> pd.DataFrame:
    """Return what was known of each customer `ago` weeks before the start.

    Recent sales in four blocks, sales and orders of the pre-period (also in logs), weeks with an
    order, weeks since the last one, the rates over the whole history (one short pre-period is a
    noisy measure of a customer's habit, and matching on it alone lets both groups drift back to
    their means), other campaigns that had begun by then and those of them that still ran, and
    earlier coupons. A campaign that began later is no covariate: see `Panel.joined_later`.

    Returns:
        One row a customer, float64; the columns' names are the words a reader sees.
    """
    recent = panel.weekly_revenue[:, ago : ago + pre_weeks]
    orders = panel.weekly_orders[:, ago : ago + pre_weeks]
    history = panel.weekly_revenue[:, ago:].mean(axis=1)
    bought = orders > 0
    since = np.where(bought.any(axis=1), bought.argmax(axis=1), pre_weeks)
    known_from = panel.start - 7 * ago
    earlier, running = panel.exposure(known_from)
    row, day = panel.redemptions.T
    coupons = np.bincount(row[day < known_from], minlength=len(panel.customers))
    columns: dict[str, np.ndarray] = {}
    for weeks in np.array_split(np.arange(pre_weeks), min(4, pre_weeks)):
        columns[f"Sales {weeks[0] + 1}–{weeks[-1] + 1} weeks ago"] = recent[:, weeks].sum(axis=1)
    columns |= {
        "Recent sales (log)": np.log1p(np.maximum(recent.sum(axis=1), 0)),
        "Recent orders": orders.sum(axis=1),
        "Recent orders (log)": np.log1p(orders.sum(axis=1)),
        "Weeks with an order": bought.sum(axis=1),
        "Weeks since an order": since,
        "Sales, all history": history,
        "Sales, history (log)": np.log1p(np.maximum(history, 0)),
        "Orders, all history": panel.weekly_orders[:, ago:].mean(axis=1),
        "Earlier campaigns": earlier,
        "Campaigns still running": running,
        "Coupons used (log)": np.log1p(coupons),
    }
    return pd.DataFrame({name: value.astype(float) for name, value in columns.items()})


class History:
    """All tables of a source up to `as_of`, ready to be cut around any campaign's start.

    Args:
        orders: `customer_id` (str), `ordered_at` (datetime), `revenue` (float64, currency; returns
            negative).
        campaigns: `campaign_id` (str), `starts_on ends_on` (datetime or date) [`control_share`
            (float64, share of the list meant to be held out at random)].
        contacts: `campaign_id customer_id` (str) [`arm` (str)]; one row a campaign and customer.
        redemptions: `customer_id` (str), `redeemed_at` (datetime), or None.
        as_of: last day seen; later rows, and campaigns that start later, are left out.
        control_arm: the arm of those chosen at random not to be contacted.

    Raises:
        MetricError: a column is missing, or a revenue is null.
    """

    def __init__(
        self,
        orders: pd.DataFrame,
        campaigns: pd.DataFrame,
        contacts: pd.DataFrame,
        redemptions: pd.DataFrame | None = None,
        *,
        as_of: date,
        control_arm: str = "control",
    ) -> None:
        require_columns(orders, ["customer_id", "ordered_at", "revenue"], table="orders")
        require_columns(campaigns, ["campaign_id", "starts_on", "ends_on"], table="campaigns")
        require_columns(contacts, ["campaign_id", "customer_id"], table="campaign_contacts")
        self.as_of, self.control_arm = as_of.toordinal() - _EPOCH, control_arm
        starts = day_numbers(campaigns["starts_on"])
        self.campaigns = campaigns[starts <= self.as_of].sort_values(["starts_on", "campaign_id"])
        known = contacts["campaign_id"].isin(self.campaigns["campaign_id"])
        self.contacts = contacts[known].drop_duplicates(["campaign_id", "customer_id"])
        days = day_numbers(orders["ordered_at"])
        seen = days <= self.as_of
        bought = orders["customer_id"][seen]
        self.customers = pd.Index(
            sorted({*bought.unique(), *self.contacts["customer_id"].unique()}), dtype=object
        )
        self._row, self._day = self.customers.get_indexer(bought), days[seen]
        self._revenue = numbers(orders[seen], "revenue", table="orders")
        self.first_day = int(self._day.min()) if len(self._day) else self.as_of + 1
        self._spans = self._contact_spans()
        self._redeemed = self._redemption_days(redemptions)

    def _contact_spans(self) -> pd.DataFrame:
        spans = self.campaigns[["campaign_id"]].assign(
            first=day_numbers(self.campaigns["starts_on"]),
            last=day_numbers(self.campaigns["ends_on"]),
        )
        return self.contacts.merge(spans, on="campaign_id").assign(
            row=lambda t: self.customers.get_indexer(t["customer_id"]),
            held=lambda t: t["arm"].eq(self.control_arm) if "arm" in t else False,
        )

    def _redemption_days(self, redemptions: pd.DataFrame | None) -> np.ndarray:
        if redemptions is None or redemptions.empty:
            return np.empty((0, 2), dtype=np.int64)
        require_columns(redemptions, ["customer_id", "redeemed_at"], table="redemptions")
        rows = self.customers.get_indexer(redemptions["customer_id"])
        days = day_numbers(redemptions["redeemed_at"])
        kept = (rows >= 0) & (days <= self.as_of)
        return np.column_stack([rows[kept], days[kept]])

    def sales(self, first: date, last: date) -> float:
        """Return the revenue of all orders between two days, inclusive, currency; exact."""
        low, high = (day.toordinal() - _EPOCH for day in (first, last))
        return math.fsum(self._revenue[(self._day >= low) & (self._day <= high)].tolist())

    def around(self, campaign_id: str) -> Panel:
        """Return the panel of one campaign.

        Raises:
            MetricError: no campaign of that id starts by `as_of`.
        """
        ids = self.campaigns["campaign_id"].tolist()
        if campaign_id not in ids:
            raise MetricError(
                f"no campaign {campaign_id!r} starts by the report's last day",
                column="campaign_id",
                hint=did_you_mean(campaign_id, map(str, ids)),
            )
        row = self.campaigns.iloc[ids.index(campaign_id)]
        start, end = day_numbers(pd.Series([row["starts_on"], row["ends_on"]]))
        end = min(int(end), self.as_of)
        mine = self._spans["campaign_id"] == campaign_id
        own, rest = self._spans[mine], self._spans[~mine & ~self._spans["held"]]
        arm = np.full(len(self.customers), "", dtype=object)
        arm[own["row"]] = own["arm"].fillna("contacted") if "arm" in own else "contacted"
        before = min(LONGEST, max(0, (int(start) - self.first_day) // 7))
        back = (start - 1 - self._day) // 7
        after = (self._day - start) // 7
        window = (self._day >= start) & (self._day <= end)
        return Panel(
            campaign_id=campaign_id,
            customers=self.customers,
            arm=arm,
            contacted=(arm != "") & (arm != self.control_arm),
            weekly_revenue=self._grid(back, before, self._revenue),
            weekly_orders=self._grid(back, before, np.ones(len(back))),
            weekly_after=self._grid(
                after, max(0, (self.as_of - int(start) + 1) // 7), self._revenue
            ),
            window_revenue=np.bincount(
                self._row[window], self._revenue[window], minlength=len(self.customers)
            ),
            window_days=max(0, end - int(start) + 1),
            start=int(start),
            others=rest[["row", "first", "last"]].to_numpy(dtype=np.int64),
            redemptions=self._redeemed,
        )

    def _grid(self, week: np.ndarray, weeks: int, values: np.ndarray) -> np.ndarray:
        inside = (week >= 0) & (week < weeks)
        cell = self._row[inside] * max(weeks, 1) + week[inside]
        filled = np.bincount(cell, values[inside], minlength=len(self.customers) * weeks)
        return filled.reshape(len(self.customers), weeks)


def randomised_arms(panel: Panel, control_arm: str) -> Sequence[str]:
    """Return the arms of a campaign that has a control arm, control first; empty if it has none."""
    found = sorted(set(panel.arm) - {""})
    if control_arm not in found or len(found) < 2:
        return []
    return [control_arm, *(name for name in found if name != control_arm)]
