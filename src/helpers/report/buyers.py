"""How many customers bought in a period: what decides whether its figures may be shown."""

from typing import TYPE_CHECKING

import pandas as pd

from helpers.periods import Period
from helpers.privacy import MINIMUM_CUSTOMERS, few

if TYPE_CHECKING:
    from helpers.sources import Tables

FEW = (
    f"not shown, for fewer than {MINIMUM_CUSTOMERS} customers bought in the period "
    "or in one it is compared with."
)


class Buyers:
    """The distinct customers with an order in a period, counted once a period.

    Columns in: `orders` with `customer_id` and `ordered_at` (datetime64). An order of whatever sign
    counts. A source without orders has 0, which is nobody.
    """

    def __init__(self, data: "Tables") -> None:
        self._data = data
        self._orders: pd.DataFrame | None = None
        self._known: dict[Period, int] = {}

    def few_in(self, period: Period) -> bool:
        """Return whether 1 to 7 customers bought in the period."""
        if period not in self._known:
            if self._orders is None:
                self._orders = self._data.get("orders")[["customer_id", "ordered_at"]]
            first = pd.Timestamp(period.start)
            after = pd.Timestamp(period.end) + pd.Timedelta(days=1)
            at = self._orders["ordered_at"]
            rows = self._orders[(at >= first) & (at < after)]
            self._known[period] = int(rows["customer_id"].nunique())
        return few(self._known[period])
