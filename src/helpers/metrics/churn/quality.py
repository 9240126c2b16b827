"""What the state of the data does to the figures, each with its size."""

from math import isnan

import pandas as pd

from helpers.metrics.churn.activity import churn
from helpers.metrics.churn.study import Study
from helpers.metrics.churn.visits import arrays, number, purchase_days
from helpers.metrics.writing import Write, plain
from helpers.periods import Period


def quality_sentences(
    orders: pd.DataFrame,
    *,
    period: Period,
    window: int,
    found: Study,
    account: pd.DataFrame | None = None,
    write: Write = plain,
) -> list[str]:
    """Return what the state of the data does to the figures, each with its size.

    Columns in: those of `purchase_days`. Named: customers already there when the data begin; orders
    of zero revenue; returns; rows that cleaning left out (`account`: `table`, `outcome`, `rows`, as
    the source's account gives them); and what stands in the way of a prediction.
    """
    visits = purchase_days(orders)
    rows = arrays(visits, as_of=period.end)
    if not len(rows.day):
        return ["There are no orders up to this period, so there is no churn to speak of."]
    first = rows.day[rows.starts]
    early = int((first - first.min() < window).sum())
    found_early = (
        f"{write(early, 'count')} of {write(len(first), 'count')} customers are first seen in "
        f"the first {write(window, 'days')} of the data. Many of them may have bought before "
        "that, so time as a customer is a lower bound, and “new” means first seen."
    )
    texts = [found_early, _free(orders, visits, period, window, write)]
    returns = int((orders["revenue"] < 0).sum())
    if returns:
        texts.append(
            f"Returns: {write(returns, 'count')} orders. They lower revenue and are no purchase."
        )
    if account is not None:
        texts += _left_out(account, write)
    days = number(period.end) - int(rows.day.max())
    if days:
        texts.append(
            f"The last purchase lies {write(days, 'days')} before the period's end: if rows are "
            "missing there, churn is overstated."
        )
    return texts if found.usable else [*texts, found.reason]


def _free(
    orders: pd.DataFrame, visits: pd.DataFrame, period: Period, window: int, write: Write
) -> str:
    free = int((orders["revenue"] == 0).sum())
    if not free:
        return "No order has a revenue of zero."
    paid = purchase_days(orders[orders["revenue"] != 0])
    now, without = (churn(v, period=period, window=window)["churn_rate"] for v in (visits, paid))
    said = f"Orders with a revenue of zero: {write(free, 'count')}. They count as purchases"
    if isnan(now) or isnan(without):
        return f"{said}."
    if write(without, "share") == write(now, "share"):
        return f"{said}; without them the churn rate would be the same, {write(now, 'share')}."
    return (
        f"{said}; without them the churn rate would be {write(without, 'share')} in place of "
        f"{write(now, 'share')}."
    )


def _left_out(account: pd.DataFrame, write: Write) -> list[str]:
    orders = account[account["table"].isin(["orders", "order_lines"])]
    out = int(orders.loc[orders["outcome"].isin(["removed", "quarantined"]), "rows"].sum())
    if not out:
        return []
    return [
        f"Rows of orders left out: {write(out, 'count')}. What they record is no purchase here: "
        "a customer seen only in such rows looks lapsed, and goods sent back are not taken off the "
        "margin at risk."
    ]
