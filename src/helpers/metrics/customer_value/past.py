"""What the history up to now says by itself, without a model: periods, segments, cohorts."""

from datetime import date, timedelta
from functools import cached_property

import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.customer_value.bridge import customer_bridge
from helpers.metrics.customer_value.cohorts import (
    cohort_retention,
    cohort_revenue,
    recent_cohorts,
)
from helpers.metrics.customer_value.concentration import (
    lorenz,
    tenth_table,
    tier_table,
    value_tiers,
)
from helpers.metrics.customer_value.frames import purchase_rows
from helpers.metrics.customer_value.headline import covers
from helpers.metrics.customer_value.history import covered_periods, customer_moves, period_history
from helpers.metrics.customer_value.lapse import lapse_window
from helpers.metrics.customer_value.segments import rfm_scores, segment_movement
from helpers.periods import Period


class Past:
    """The part of a `Study` that needs no model.

    Args:
        orders: `customer_id`, `ordered_at`, `revenue`; rows after the period are not looked at.
        period: the period of the page.
        window_days: without a purchase a customer is no longer active; 0: as the churn report.
        rfm_days: the days that segments, tiers and profiles look back.

    Raises:
        MetricError: there is no order up to the period's end, or as `rfm_summary`.
    """

    def __init__(
        self, orders: pd.DataFrame, *, period: Period, window_days: int = 0, rfm_days: int = 365
    ) -> None:
        seen = purchase_rows(orders, as_of=period.end)
        if seen.empty:
            raise MetricError(
                f"there is no order up to {period.end}",
                hint="Choose a period that the source covers.",
            )
        self.period, self.rfm_days = period, rfm_days
        self.orders = seen.rename(columns={"day": "ordered_at"})
        self.lapse = lapse_window(self.orders, as_of=period.end, given=window_days)
        self.window_days = self.lapse.days

    @cached_property
    def first_day(self) -> date:
        """The first day of the history."""
        found: date = self.orders["ordered_at"].min().date()
        return found

    @cached_property
    def comparisons(self) -> list[Period]:
        """The period before and the year before, as far as the history covers them."""
        wanted = dict.fromkeys([self.period.previous(), self.period.year_before()])
        return [period for period in wanted if covers(self.orders, period)]

    @property
    def previous(self) -> Period | None:
        """The period before, where the history covers it."""
        before = self.period.previous()
        return before if before in self.comparisons else None

    @cached_property
    def periods(self) -> list[Period]:
        """The periods that the history covers, up to this one."""
        return covered_periods(self.orders, period=self.period)

    @cached_property
    def history(self) -> pd.DataFrame:
        """`period_history` of the periods covered."""
        return period_history(self.orders, periods=self.periods)

    @cached_property
    def moves(self) -> pd.DataFrame:
        """`customer_moves` of the periods covered."""
        return customer_moves(self.orders, periods=self.periods, window_days=self.window_days)

    @cached_property
    def bridge(self) -> pd.DataFrame:
        """`customer_bridge` of the complete periods, without the flag."""
        found = customer_bridge(self.orders, periods=self.periods, window_days=self.window_days)
        return found[found["complete"]].drop(columns="complete").reset_index(drop=True)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """`rfm_scores` at the end of the period."""
        return self._scores(self.period.end)

    @cached_property
    def scores_before(self) -> pd.DataFrame:
        """`rfm_scores` on the day before the period."""
        return self._scores(self.period.start - timedelta(days=1))

    def _scores(self, day: date) -> pd.DataFrame:
        return rfm_scores(
            self.orders, as_of=day, window_days=self.rfm_days, lapse_days=self.window_days
        )

    @cached_property
    def movement(self) -> pd.DataFrame:
        """The largest moves between segments since the period before: at most ten."""
        before = self.scores_before if self.previous else self.scores
        moved = segment_movement(before, self.scores)
        moved = moved[moved["from_segment"] != moved["to_segment"]]
        return moved.sort_values("customers", ascending=False, kind="stable").head(10)

    @cached_property
    def tenths(self) -> pd.DataFrame:
        """`tenth_table` of the revenue of `rfm_days`."""
        return tenth_table(self.scores["monetary"])

    @cached_property
    def lorenz(self) -> pd.DataFrame:
        """`lorenz` of the revenue of `rfm_days` by tenths, beside equal customers; in long form."""
        curve = lorenz(self.scores["monetary"], points=11)
        if self.tenths.empty:
            return pd.DataFrame(columns=["customer_share", "value_share", "series", "customers"])
        size = [0, *self.tenths["customers"].iloc[::-1]]
        even = curve.assign(value_share=curve["customer_share"])
        named = [curve.assign(series="Revenue"), even.assign(series="If all were equal")]
        return pd.concat([part.assign(customers=size) for part in named], ignore_index=True)

    @cached_property
    def tiers(self) -> pd.DataFrame:
        """`tier_table` of the revenue of `rfm_days`."""
        return tier_table(self.scores["monetary"], value_tiers(self.scores["monetary"]))

    @cached_property
    def retention(self) -> pd.DataFrame:
        """`cohort_retention` by month, the last 12 cohorts and ages 1 to 12."""
        return recent_cohorts(
            cohort_retention(self.orders, as_of=self.period.end), "retention_rate"
        )

    @cached_property
    def cohort_value(self) -> pd.DataFrame:
        """`cohort_revenue` by month, the last 12 cohorts and ages 0 to 12."""
        return recent_cohorts(
            cohort_revenue(self.orders, as_of=self.period.end), "revenue", youngest=0
        )
