"""One fitted picture of the customers' future: purchase model, spending model, value of each."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from helpers.metrics.customer_value.choice import PurchaseChoice, choose_purchase_model
from helpers.metrics.customer_value.clv import Terms, clv
from helpers.metrics.customer_value.ranges import (
    ModelError,
    Ranges,
    interval_table,
    membership,
    value_ranges,
)
from helpers.metrics.customer_value.spending import SpendingChoice, choose_spending_model


@dataclass(frozen=True)
class ValueModel:
    """The models in use as of a day, and what they say of each customer.

    Attributes:
        as_of: last day seen.
        purchases: the purchase model, its rivals and the evidence.
        spending: the spending model.
        terms: margin, discount rate, horizon.
        values: the frame of `clv`, one row per customer.
    """

    as_of: date
    purchases: PurchaseChoice
    spending: SpendingChoice
    terms: Terms
    values: pd.DataFrame

    def interval(
        self,
        groups: pd.DataFrame | None = None,
        *,
        replicates: int = 1000,
        seed: int = 0,
        error: ModelError | None = None,
        drawn: Ranges | None = None,
    ) -> pd.DataFrame:
        """Return `clv_interval` of all customers, and of each group where `groups` is given.

        `groups` has `customer_id` and `group`; a customer without one is `Other`. `error` is that
        of `value_checks`; None leaves the models' own error out. `drawn`, the `ranges` of the same
        groups, saves drawing again.
        """
        if drawn is None:
            drawn = self.ranges(groups, replicates=replicates, seed=seed, error=error)
        names, members = membership(self._label(groups), len(self.values))
        return interval_table(names, members, self.values["clv"].to_numpy(), drawn)

    def ranges(
        self,
        groups: pd.DataFrame | None = None,
        *,
        replicates: int = 1000,
        seed: int = 0,
        error: ModelError | None = None,
    ) -> Ranges:
        """Return `value_ranges` over the horizon; arguments as `interval`."""
        return value_ranges(
            self.purchases.summary, purchases=self.purchases.used, spending=self.spending.used,
            ends=self.terms.months, weights=self.terms.margin * self.terms.discounts,
            members=membership(self._label(groups), len(self.values))[1], error=error,
            replicates=replicates, seed=seed,
        )  # fmt: skip

    def _label(self, groups: pd.DataFrame | None) -> pd.Series | None:
        if groups is None:
            return None
        customers = self.purchases.summary["customer_id"].array
        named = groups.set_index("customer_id")["group"].reindex(customers)
        return named.fillna("Other").reset_index(drop=True)


def value_model(
    orders: pd.DataFrame,
    *,
    as_of: date,
    margin: float = 1.0,
    discount_rate: float = 0.10,
    horizon: int = 12,
    holdout_days: int = 91,
    window_days: int = 90,
) -> ValueModel:
    """Return the models chosen on the history up to `as_of`, and each customer's value.

    Columns in: `customer_id`, `ordered_at`, `revenue`. `holdout_days` is what the purchase models
    are tried on, `window_days` the plain rule's memory; see `choose_purchase_model`.

    Raises:
        MetricError: there is no order up to `as_of`, a term is out of bounds, or as `rfm_summary`.
    """
    terms = Terms(margin, discount_rate, horizon)
    purchases = choose_purchase_model(
        orders, as_of=as_of, holdout_days=holdout_days, window_days=window_days
    )
    spending = choose_spending_model(purchases.summary)
    values = clv(
        purchases.summary,
        purchases=purchases.used,
        spending=spending.used,
        margin=margin,
        discount_rate=discount_rate,
        horizon=horizon,
    )
    return ValueModel(as_of, purchases, spending, terms, values)
