"""From orders to daily series: revenue, orders, customers; by department and by shop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from helpers.errors import MetricError
from helpers.privacy import MINIMUM_CUSTOMERS

TOTAL = "Total"
ORDERS = "Orders"
OTHER = "All others"


@dataclass(frozen=True)
class Hierarchy:
    """Daily revenue of the total and of its parts, and how they add up.

    Attributes:
        frame: `unique_id ds y`, one row a node and day, without gaps.
        groups: (parent, children), as `hierarchy.reconcile` takes them.
        labels: node to `kind` (department, shop, ...) and name.
    """

    frame: pd.DataFrame
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    labels: dict[str, tuple[str, str]]


def daily(orders: pd.DataFrame, *, first: date, as_of: date) -> pd.DataFrame:
    """Return revenue, orders and customers of every day from `first` to `as_of`.

    Columns in: `order_id`, `customer_id` (text), `ordered_at` (datetime64), `revenue` (money; a
    return is negative and counts). Columns out, one row a day, days without orders at 0: `ds`
    (datetime64), `revenue` (money), `orders`, `customers` (int64; distinct on that day). Orders
    without a date or revenue are refused.

    Raises:
        MetricError: a column is missing, a value unknown, or `as_of` lies before `first`.
    """
    needed = ("order_id", "customer_id", "ordered_at", "revenue")
    missing = [name for name in needed if name not in orders.columns]
    if missing:
        raise MetricError(f"orders lack the columns {missing}")
    if as_of < first:
        raise MetricError(f"as_of {as_of} lies before the first day {first}")
    unknown = orders["ordered_at"].isna() | orders["revenue"].isna()
    if unknown.any():
        raise MetricError(
            "orders without a date or revenue",
            keys=orders.loc[unknown, "order_id"],
            hint="The quality gate of the source removes them.",
        )
    seen = _between(orders, first, as_of)
    found = seen.groupby("ds").agg(
        revenue=("revenue", "sum"), orders=("order_id", "nunique"),
        customers=("customer_id", "nunique"),
    )  # fmt: skip
    days = pd.date_range(first, as_of, name="ds")
    whole = found.reindex(days, fill_value=0)
    kinds = {"revenue": "float64", "orders": "int64", "customers": "int64"}
    return whole.astype(kinds).reset_index()


def _between(orders: pd.DataFrame, first: date, as_of: date) -> pd.DataFrame:
    after = pd.Timestamp(as_of) + timedelta(days=1)
    inside = (orders["ordered_at"] >= pd.Timestamp(first)) & (orders["ordered_at"] < after)
    rows = orders.loc[inside]
    return rows.assign(ds=rows["ordered_at"].dt.normalize())


def long(days: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return columns of a daily frame as series: `unique_id ds y`; `names` maps column to id."""
    parts = [
        pd.DataFrame({"unique_id": unique_id, "ds": days["ds"], "y": days[column].astype(float)})
        for column, unique_id in names.items()
    ]
    return pd.concat(parts, ignore_index=True)


def hierarchy(
    orders: pd.DataFrame,
    lines: pd.DataFrame | None = None,
    *,
    first: date,
    as_of: date,
    top: int = 6,
) -> Hierarchy:
    """Return daily revenue of the total, of its largest departments and of its largest shops.

    A part without sales in the last 28 days has closed, and one with fewer than 8 customers in
    the last 91 would tell of single people: both stay in the rest.
    Columns in: `orders` as for `daily`, and `store_id` where shops are known; `lines` with
    `order_id`, `category` (text) and `revenue`, whose sum is the orders' revenue. The `top` largest
    parts of the last 91 days have a series of their own, the rest is one more. What the lines
    leave of an order's revenue goes to the rest, so that parts sum to the total to the cent.

    Raises:
        MetricError: as for `daily`; `top` below 1.
    """
    if top < 1:
        raise MetricError(f"top is {top}", hint="Show at least one part.")
    days = daily(orders, first=first, as_of=as_of)
    total = days.set_index("ds")["revenue"]
    seen = _between(orders, first, as_of)
    pieces = [long(days, {"revenue": TOTAL})]
    groups: list[tuple[str, tuple[str, ...]]] = []
    labels = {TOTAL: ("total", TOTAL)}
    for kind, rows in _dimensions(seen, lines).items():
        parts = _parts(rows, kind, total, top)
        if len(parts.columns) < 2:
            continue
        groups.append((TOTAL, tuple(parts.columns)))
        labels |= {name: (kind, name.removeprefix(f"{kind}: ")) for name in parts.columns}
        pieces.append(long(parts.reset_index(), {name: name for name in parts.columns}))
    return Hierarchy(pd.concat(pieces, ignore_index=True), tuple(groups), labels)


def _dimensions(
    seen: pd.DataFrame, lines: pd.DataFrame | None, *, shops: int = 2
) -> dict[str, pd.DataFrame]:
    """Return the rows of each kind of part; no shops where there are fewer than `shops`."""
    found = {}
    if lines is not None and len(lines):
        dated = lines[["order_id", "category", "revenue"]].merge(
            seen[["order_id", "customer_id", "ds"]], on="order_id"
        )
        found["Department"] = dated.rename(columns={"category": "part"})
    if "store_id" in seen.columns and seen["store_id"].nunique() >= shops:
        found["Shop"] = seen.rename(columns={"store_id": "part"})
    return found


def _parts(rows: pd.DataFrame, kind: str, total: pd.Series, top: int) -> pd.DataFrame:
    recent = rows[rows["ds"] > total.index[-1] - timedelta(days=91)]
    size = recent.groupby("part")["revenue"].sum().sort_values(ascending=False, kind="stable")
    open_lately = rows.loc[rows["ds"] > total.index[-1] - timedelta(days=28)]
    alive = open_lately.groupby("part")["revenue"].sum()
    buyers = recent.groupby("part")["customer_id"].nunique()
    largest = [
        part
        for part in size.index
        if alive.get(part, 0.0) != 0 and buyers[part] >= MINIMUM_CUSTOMERS
    ][:top]
    table = _by_day(rows, kind, total, largest)
    rest = f"{kind}: {OTHER}"
    return table if (table[rest].abs() > 0.005).any() else table.drop(columns=rest)


def _by_day(rows: pd.DataFrame, kind: str, total: pd.Series, named: list[str]) -> pd.DataFrame:
    """Return the daily sales of parts, and what they leave of the total."""
    table = rows[rows["part"].isin(named)].pivot_table(
        index="ds", columns="part", values="revenue", aggfunc="sum"
    )
    table = table.reindex(index=total.index, columns=named).fillna(0.0)
    rest = total - table.sum(axis=1)
    table.columns = [f"{kind}: {name}" for name in named]
    table[f"{kind}: {OTHER}"] = rest.round(6)
    return table


def came(
    ids: Sequence[str],
    orders: pd.DataFrame,
    lines: pd.DataFrame | None = None,
    *,
    first: date,
    as_of: date,
) -> pd.DataFrame:
    """Return what came of series that were forecast, whichever parts are the largest by now.

    `ids` are those of `hierarchy` and `ORDERS`; what its named parts leave of the total is "All
    others". Columns in: as `hierarchy`. Columns out, one row a series and day: `unique_id`, `ds`,
    `y`.

    Raises:
        MetricError: as for `daily`.
    """
    days = daily(orders, first=first, as_of=as_of)
    total = days.set_index("ds")["revenue"]
    pieces = [long(days, {"revenue": TOTAL, "orders": ORDERS})]
    for kind, rows in _dimensions(_between(orders, first, as_of), lines, shops=0).items():
        parts = [name.removeprefix(f"{kind}: ") for name in ids if name.startswith(f"{kind}: ")]
        named = [name for name in parts if name != OTHER]
        table = _by_day(rows.assign(part=rows["part"].astype(str)), kind, total, named)
        pieces.append(long(table.reset_index(), {name: name for name in table.columns}))
    found = pd.concat(pieces, ignore_index=True)
    return found[found["unique_id"].isin(ids)].reset_index(drop=True)


def windows(
    orders: pd.DataFrame, *, first: date, as_of: date, days: int, measures: Sequence[str]
) -> pd.DataFrame:
    """Return measures of consecutive windows of `days` days that end on `as_of`, oldest first.

    Columns out, one row a window: `end` (datetime64) and of `measures` `revenue` (money), `orders`
    and `customers` (int64; distinct in the window).

    Raises:
        MetricError: a measure is unknown, or as for `daily`.
    """
    ways = {"revenue": ("revenue", "sum"), "orders": ("order_id", "nunique"),
            "customers": ("customer_id", "nunique")}  # fmt: skip
    unknown = [name for name in measures if name not in ways]
    if unknown or days < 1:
        raise MetricError(f"measures {unknown} or a window of {days} days", hint=f"{list(ways)}")
    seen = _between(orders, first, as_of)
    last = pd.Timestamp(as_of)
    back = (last - seen["ds"]).dt.days // days
    whole = ((last - pd.Timestamp(first)).days + 1) // days
    found = seen.groupby(back).agg(**{name: ways[name] for name in measures})
    found = found.reindex(range(whole - 1, -1, -1), fill_value=0)
    found.insert(0, "end", [last - timedelta(days=int(k) * days) for k in found.index])
    return found.reset_index(drop=True)
