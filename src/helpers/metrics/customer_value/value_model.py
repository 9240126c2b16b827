"""One fitted picture of the customers' future: purchase model, spending model, value of each."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from helpers.metrics.customer_value.choice import PurchaseChoice, choose_purchase_model
from helpers.metrics.customer_value.clv import Terms, clv
from helpers.metrics.customer_value.ranges import ModelError, clv_interval
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
    ) -> pd.DataFrame:
        """Return `clv_interval` of all customers, and of each group where `groups` is given.

        `groups` has `customer_id` and `group`; a customer without one is `Other`. `error` is that
        of `value_checks`; None leaves the models' own error out.
        """
        summary = self.purchases.summary
        label = None
        if groups is not None:
            named = groups.set_index("customer_id")["group"].reindex(summary["customer_id"].array)
            label = named.fillna("Other").reset_index(drop=True)
        return clv_interval(
            summary,
            purchases=self.purchases.used,
            spending=self.spending.used,
            groups=label,
            margin=self.terms.margin,
            discount_rate=self.terms.discount_rate,
            horizon=self.terms.horizon,
            replicates=replicates,
            seed=seed,
            error=error,
        )


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
