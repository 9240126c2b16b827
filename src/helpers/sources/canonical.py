"""The canonical tables: their columns, keys and relations, as plain data.

Everything that must agree on a table reads it here: the mapping's checks, the conversion, the
pandera schemas, the snapshot's order and the empty frame of a table that a source does not have.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["id", "text", "money", "number", "time", "date"]


@dataclass(frozen=True)
class TableSpec:
    """One canonical table.

    Attributes:
        columns: required columns and their kinds.
        optional: columns with a fixed meaning that a source may have; others are attributes.
        key: columns that identify a row; empty where rows may repeat.
        event: the column whose day decides from when on the row is known.
        parents: column -> table whose key it refers to.
        happened: the event lies in the past by nature (a sale), not in a plan (a campaign).
        blank: required columns whose cells may be blank (the end of a contract that runs on).
        not_negative: columns of money in which a value below zero is a fault, not a return.
    """

    columns: dict[str, Kind]
    optional: dict[str, Kind] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    event: str | None = None
    parents: dict[str, str] = field(default_factory=dict)
    happened: bool = False
    blank: tuple[str, ...] = ()
    not_negative: tuple[str, ...] = ()

    def key_in(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return the columns that identify a row among those that a source has.

        A customer may be contacted for a campaign more than once, at different times.
        """
        there = set(columns)
        again = ("contacted_at",) if "contacted_at" in there and len(self.key) > 1 else ()
        return tuple(name for name in self.key if name in there) + again

    def kind(self, column: str) -> Kind | None:
        """Return the fixed kind of a column, None for an attribute."""
        return {**self.columns, **self.optional}.get(column)


TABLES: dict[str, TableSpec] = {
    "customers": TableSpec(
        columns={"customer_id": "id"},
        optional={"first_seen_at": "time"},
        key=("customer_id",),
        event="first_seen_at",
        happened=True,
    ),
    "orders": TableSpec(
        columns={
            "order_id": "id",
            "customer_id": "id",
            "ordered_at": "time",
            "revenue": "money",
        },
        optional={
            "discount": "money",
            "coupon_discount": "money",
            "store_id": "id",
            "channel": "text",
        },
        key=("order_id",),
        event="ordered_at",
        parents={"customer_id": "customers"},
        happened=True,
    ),
    "order_lines": TableSpec(
        columns={"order_id": "id", "category": "text", "revenue": "money"},
        optional={"quantity": "number", "product_id": "id"},
        parents={"order_id": "orders"},
    ),
    "campaigns": TableSpec(
        columns={
            "campaign_id": "id",
            "campaign_type": "text",
            "starts_on": "date",
            "ends_on": "date",
        },
        optional={"channel": "text", "cost": "money"},
        key=("campaign_id",),
        event="starts_on",
    ),
    "campaign_contacts": TableSpec(
        columns={"campaign_id": "id", "customer_id": "id"},
        optional={"contacted_at": "time", "arm": "text"},
        key=("campaign_id", "customer_id"),
        event="contacted_at",
        parents={"campaign_id": "campaigns", "customer_id": "customers"},
        happened=True,
    ),
    "redemptions": TableSpec(
        columns={"campaign_id": "id", "customer_id": "id", "redeemed_at": "time"},
        optional={"coupon_id": "id"},
        event="redeemed_at",
        parents={"campaign_id": "campaigns", "customer_id": "customers"},
        happened=True,
    ),
    "subscriptions": TableSpec(
        columns={
            "subscription_id": "id",
            "customer_id": "id",
            "starts_on": "date",
            "ends_on": "date",
            "mrr": "money",
        },
        key=("subscription_id",),
        event="starts_on",
        parents={"customer_id": "customers"},
        blank=("ends_on",),
        not_negative=("mrr",),
    ),
}

# Parents before children: a row whose parent went away must be able to say so.
ORDER = (
    "customers",
    "campaigns",
    "orders",
    "order_lines",
    "campaign_contacts",
    "redemptions",
    "subscriptions",
)

# The tables whose days say what a source covers; a campaign or a contract may be planned far ahead.
COVERING = ("orders", "redemptions")
