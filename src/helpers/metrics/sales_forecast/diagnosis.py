"""Why sales changed: days, orders and basket; the mix of weekdays; the parts that moved."""

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.sales_forecast.series import OTHER, TOTAL, Hierarchy
from helpers.metrics.writing import Write, plain, signed
from helpers.periods import Period

FACTORS = ("Number of days", "Orders a day", "Sales per order")
_TRACE = 0.005  # a factor below this share of the change is not spoken of
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _cut(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    inside = frame["ds"].between(pd.Timestamp(period.start), pd.Timestamp(period.end))
    return frame[inside]


def covered(days: pd.DataFrame, period: Period) -> bool:
    """Return whether the days reach over the whole period."""
    first, last = pd.Timestamp(period.start), pd.Timestamp(period.end)
    return bool(len(days)) and days["ds"].iloc[0] <= first and days["ds"].iloc[-1] >= last


def factors(days: pd.DataFrame, *, period: Period, against: Period) -> pd.DataFrame:
    """Split the change of sales into number of days, orders a day and sales per order.

    Sales R = days x orders a day x sales per order. Each factor x contributes L(R1, R0) ln(x1 / x0)
    with the logarithmic mean L(a, b) = (a - b) / ln(a / b): exact, and no factor comes first
    (LMDI; Ang 2005).

    Columns in: `ds`, `revenue`, `orders` as of `series.daily`. Columns out, one row a factor:
    `factor`, `before`, `after` (days, orders a day, money per order), `contribution` (money; sums
    to the change).

    Raises:
        MetricError: sales or orders of a period are not above 0: logarithms do not exist.
    """
    rows = {}
    for name, span in (("before", against), ("after", period)):
        part = _cut(days, span)
        revenue, orders = float(part["revenue"].sum()), float(part["orders"].sum())
        if not (revenue > 0 and orders > 0):
            raise MetricError(f"{span} has no sales to compare", hint="Compare another period.")
        rows[name] = (float(span.days), orders / span.days, revenue / orders)
    before, after = np.array(rows["before"]), np.array(rows["after"])
    r0, r1 = before.prod(), after.prod()
    mean = r0 if np.isclose(r0, r1, rtol=1e-12) else (r1 - r0) / np.log(r1 / r0)
    share = mean * np.log(after / before)
    return pd.DataFrame(
        {"factor": FACTORS, "before": before, "after": after, "contribution": share}
    )


def weekdays(days: pd.DataFrame, *, period: Period, against: Period) -> pd.DataFrame:
    """Split the change of mean daily sales into the mix of weekdays and what each one sells.

    With w a weekday's share of the days and r its mean sales, bars for the mean of both periods:
    mix = dw (r - R), rate = w dr (Kitagawa 1955).

    Columns in: `ds`, `revenue`. Columns out, one row a weekday: `weekday`, `mix`, `rate` (money a
    day; all together sum to the change of mean daily sales).

    Raises:
        MetricError: a period is not covered by the days.
    """
    parts = []
    for span in (against, period):
        if not covered(days, span):
            raise MetricError(f"{span} is not covered", hint="Compare another period.")
        part = _cut(days, span)
        grouped = part.groupby(part["ds"].dt.dayofweek)["revenue"].agg(["size", "mean"])
        parts.append(grouped.reindex(range(7)))
    w0, w1 = (p["size"].fillna(0).to_numpy() / p["size"].sum() for p in parts)
    r0, r1 = (p["mean"].to_numpy() for p in parts)
    r0, r1 = np.where(np.isnan(r0), r1, r0), np.where(np.isnan(r1), r0, r1)
    r0, r1 = np.nan_to_num(r0), np.nan_to_num(r1)
    overall = (w0 @ r0 + w1 @ r1) / 2
    return pd.DataFrame(
        {
            "weekday": _WEEKDAYS,
            "mix": (w1 - w0) * ((r0 + r1) / 2 - overall),
            "rate": (w0 + w1) / 2 * (r1 - r0),
        }
    )


def contributors(parts: Hierarchy, *, period: Period, against: Period) -> pd.DataFrame:
    """Return what each department and shop contributed to the change of sales, per day.

    Sales a day, so that a shorter period is no loss: change = after / days - before / days.

    Columns out, one row a part: `kind` (department, shop), `part`, `before`, `after`, `change`
    (money a day). The parts of a kind sum to the total's change.
    """
    means = {}
    for name, span in (("before", against), ("after", period)):
        means[name] = _cut(parts.frame, span).groupby("unique_id")["y"].sum() / span.days
    table = pd.DataFrame(means).fillna(0.0).drop(index=TOTAL, errors="ignore")
    table["change"] = table["after"] - table["before"]
    table.insert(0, "part", [parts.labels[name][1] for name in table.index])
    table.insert(0, "kind", [parts.labels[name][0] for name in table.index])
    order = table["change"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].sort_values("kind", kind="stable").reset_index(drop=True)


def explain(split: pd.DataFrame, *, against: str, write: Write = plain) -> str:
    """Return in two sentences what changed sales and which factor did most; from `factors`."""
    change = float(split["contribution"].sum())
    top = split.loc[split["contribution"].abs().idxmax()]
    text = f"Sales changed by {signed(change, 'currency', write)} against {against}."
    others = [
        f"{row.factor.lower()} {signed(row.contribution, 'currency', write)}"
        for row in split.itertuples()
        if row.factor != top["factor"] and abs(row.contribution) > _TRACE * abs(change)
    ]
    amount = signed(float(top["contribution"]), "currency", write)
    rest = f"; {' and '.join(others)}" if others else ""
    return f"{text} Most of it is {top['factor'].lower()} ({amount}){rest}."


def explain_weekdays(split: pd.DataFrame, *, against: str, write: Write = plain) -> str:
    """Return in a sentence how much of the change a day is the calendar's; from `weekdays`."""
    mix, rate = float(split["mix"].sum()), float(split["rate"].sum())
    return (
        f"Against {against}, sales a day changed by {signed(mix + rate, 'currency', write)}: "
        f"{signed(mix, 'currency', write)} because the period had other weekdays, "
        f"{signed(rate, 'currency', write)} because the same weekday sold differently."
    )


def explain_contributors(
    moved: pd.DataFrame, *, kind: str, against: str, write: Write = plain
) -> str:
    """Return in a sentence which single department or shop moved sales most."""
    rows = moved[moved["kind"] == kind]
    if rows.empty:
        return f"Nothing is known of sales by {kind.lower()}."
    named = rows[rows["part"] != OTHER]
    top = (rows if named.empty else named).loc[lambda r: [r["change"].abs().idxmax()]].iloc[0]
    total = float(rows["change"].sum())
    return (
        f"{kind}: {top['part']} moved most, "
        f"{signed(float(top['change']), 'currency', write)} a day of "
        f"{signed(total, 'currency', write)} in all, against {against}."
    )
