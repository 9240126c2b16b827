"""Customer lifetime value: margin on expected purchases, discounted."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.errors import MetricError
from helpers.metrics.customer_value.frames import require_columns
from helpers.metrics.customer_value.purchase_fit import PurchaseFit
from helpers.metrics.customer_value.recent_rate import UNITS_A_MONTH
from helpers.metrics.customer_value.summary import TimeUnit


class Purchases(Protocol):
    """Anything that forecasts the purchases of known customers."""

    def expected_for(self, summary: pd.DataFrame, t: float) -> np.ndarray:
        """Return expected purchases in the next `t`."""


class Spending(Protocol):
    """Anything that says what a purchase of known customers is worth."""

    def expected_average_value(
        self, frequency: ArrayLike | None = None, monetary_value: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the expected value of a purchase."""


@dataclass(frozen=True)
class Terms:
    """What turns purchases into value: all of them assumptions, none of them data.

    Attributes:
        margin: share of revenue that stays, 0 to 1; 1 values revenue.
        discount_rate: a year, such as 0.10.
        horizon: months ahead.
        unit: of the summary's times.
    """

    margin: float = 1.0
    discount_rate: float = 0.10
    horizon: int = 12
    unit: TimeUnit = "W"

    def __post_init__(self) -> None:
        """Refuse terms that value nothing.

        Raises:
            MetricError: a term is out of bounds.
        """
        if not 0.0 < self.margin <= 1.0:
            raise MetricError(f"margin {self.margin} is no share above 0 and up to 1")
        if not self.discount_rate > -1.0:
            raise MetricError(f"discount_rate {self.discount_rate} is not above -1")
        if self.horizon < 1:
            raise MetricError(f"a horizon of {self.horizon} months holds nothing")

    @property
    def months(self) -> np.ndarray:
        """The ends of the months ahead, in the unit of the summary."""
        return np.arange(1, self.horizon + 1) * UNITS_A_MONTH[self.unit]

    @property
    def discounts(self) -> np.ndarray:
        """1 / (1 + d)^t for the months t, with (1 + d)^12 = 1 + discount_rate."""
        return (1.0 + self.discount_rate) ** (-np.arange(1, self.horizon + 1) / 12.0)


def clv(
    summary: pd.DataFrame,
    *,
    purchases: Purchases,
    spending: Spending,
    margin: float = 1.0,
    discount_rate: float = 0.10,
    horizon: int = 12,
    unit: TimeUnit = "W",
) -> pd.DataFrame:
    """Return each customer's expected value over the next `horizon` months.

    CLV = Σ_t margin · E[M] · (E[Y(t)] - E[Y(t-1)]) / (1 + d)^t over months t = 1 … horizon, with
    d the monthly rate (1 + discount_rate)^(1/12) - 1.

    Columns in, one row per customer: `customer_id`, `frequency`, `recency`, `T` (in `unit`),
    `monetary_value` (money), and `recent` where the plain rule forecasts. Columns out, in the same
    order: `customer_id`; `expected_purchases` (float64, over the horizon); `expected_average_value`
    (float64, money a purchase); `probability_alive` (float64, NaN where the forecast has none);
    `clv` (float64, money). An empty frame gives an empty frame.

    Raises:
        MetricError: a column is missing, a term is out of bounds, or a forecast is not finite.

    Source: Fader, Hardie & Lee (2005), "RFM and CLV: using iso-value curves", eq. 4.
    """
    terms = Terms(margin, discount_rate, horizon, unit)
    require_columns(
        summary, ("customer_id", "frequency", "recency", "T", "monetary_value"), table="summary"
    )
    total = purchases.expected_for(summary, float(terms.months[-1]))
    value = spending.expected_average_value(summary["frequency"], summary["monetary_value"])
    worth = _discounted(summary, purchases, terms) * value * terms.margin
    if not np.isfinite(worth).all():
        bad = ~np.isfinite(worth)
        raise MetricError(
            f"the value of {int(bad.sum()):,} customers is not finite",
            keys=summary["customer_id"][bad].tolist(),
            hint="The fit is not sound: see its verdict, and take the fallback.",
        )
    alive = np.full(len(summary), np.nan)
    if isinstance(purchases, PurchaseFit):
        history = (summary["frequency"], summary["recency"], summary["T"])
        alive = purchases.probability_alive(*history)
    return pd.DataFrame(
        {
            "customer_id": summary["customer_id"].array,
            "expected_purchases": total,
            "expected_average_value": value,
            "probability_alive": alive,
            "clv": worth,
        }
    )


def _discounted(summary: pd.DataFrame, purchases: Purchases, terms: Terms) -> np.ndarray:
    """Return discounted expected purchases: Σ_t (E[Y(t)] - E[Y(t-1)]) / (1 + d)^t."""
    before = np.zeros(len(summary))
    total = np.zeros(len(summary))
    for month, discount in zip(terms.months, terms.discounts, strict=True):
        upto = purchases.expected_for(summary, float(month))
        with np.errstate(invalid="ignore"):  # inf - inf: clv names whoever is not finite
            total += (upto - before) * discount
        before = upto
    return total
