"""What groups of customers contribute to the change of a period's KPIs, by several dimensions."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import pandas as pd

from helpers.metrics.customer_value.diagnosis import contributions, group_measures
from helpers.metrics.effects import effect_rows, joined
from helpers.periods import Period


class Comparison:
    """A period beside earlier ones, by groups of customers.

    Args:
        orders: `customer_id`, `ordered_at`, `revenue`.
        groups: dimension in words -> frame with `customer_id` and `group`, and the word for
            customers who are in none.
        period: the period of the page.
        against: the periods to compare with; may be empty.
    """

    def __init__(
        self,
        orders: pd.DataFrame,
        groups: Mapping[str, tuple[pd.DataFrame, str]],
        *,
        period: Period,
        against: Sequence[Period],
    ) -> None:
        self.orders, self.groups, self.period, self.against = orders, groups, period, against

    @cached_property
    def tables(self) -> dict[Period, pd.DataFrame]:
        """`contributions` against each earlier period, with the column `dimension`."""
        found = {}
        rows = {when: _inside(self.orders, when) for when in (self.period, *self.against)}
        for against in self.against:
            parts = []
            for dimension, (groups, other) in self.groups.items():
                old, new = (
                    group_measures(rows[when], groups, period=when, other=other)
                    for when in (against, self.period)
                )
                parts.append(contributions(old, new).assign(dimension=dimension))
            found[against] = pd.concat(parts, ignore_index=True)
        return found

    def to(self, kpi: str, *, against: Period | None = None) -> pd.DataFrame:
        """Return what groups contribute to a KPI's change, by dimension, the largest first.

        Columns out: `dimension`, `group` (text), `contribution` (in the KPI's unit, mix and rate
        together), `customers` (int64, in the larger of the two periods). `against` defaults to the
        first earlier period; without one the frame is empty.
        """
        if not self.against:
            return pd.DataFrame(columns=["dimension", "group", "contribution", "customers"])
        rows = self.tables[against or self.against[0]]
        rows = rows[rows["kpi"] == kpi]
        table = rows.groupby(["dimension", "group"], sort=False, as_index=False).agg(
            contribution=("contribution", "sum"), customers=("customers", "max")
        )
        place = {name: k for k, name in enumerate(dict.fromkeys(rows["dimension"]))}
        order = table.assign(
            place=table["dimension"].map(place), size=-table["contribution"].abs()
        ).sort_values(["place", "size"])
        return order[table.columns].reset_index(drop=True)

    def mixes(self, against: Period, *, dimension: str = "Segment") -> pd.DataFrame:
        """Return how much of each average's change is mix of groups, and how much behaviour.

        Columns out: those of `effects.effect_rows`, two rows an average (`RATES` of the diagnosis
        that are headline figures); empty where one of the periods has no customers.
        """
        rows = self.tables[against]
        rows = rows[rows["dimension"] == dimension]
        found = []
        for kpi in ("Purchases per customer", "Value per purchase"):
            own = rows[rows["kpi"] == kpi]
            sums = own.groupby("effect")["contribution"].sum()
            if {"mix", "rate"} <= set(sums.index):
                unit = own["unit"].iloc[0]
                words = dimension.lower()
                drivers = [(f"Mix of {words}s", unit), (f"Behaviour within {words}s", unit)]
                effects = [sums["mix"], sums["rate"]]
                found.append(effect_rows(kpi, drivers, [0.0, 0.0], effects, effects, unit))
        return pd.concat(found, ignore_index=True) if found else joined({}).drop(columns="against")


def _inside(orders: pd.DataFrame, period: Period) -> pd.DataFrame:
    return orders[orders["ordered_at"].dt.normalize().between(str(period.start), str(period.end))]
