"""What came of everything that the last page predicted: each series' sum, customers, the chance."""

from typing import Any

import pandas as pd

from helpers.metrics.sales_forecast.accuracy import coverage
from helpers.metrics.sales_forecast.customers import CUSTOMERS
from helpers.metrics.sales_forecast.model import CHOSEN
from helpers.metrics.sales_forecast.outlook import Outlook
from helpers.metrics.sales_forecast.scorecard import last_verdict
from helpers.metrics.sales_forecast.series import ORDERS, TOTAL, came, windows
from helpers.metrics.sales_forecast.tables import SHOP, of_kind, scorecard_rows
from helpers.metrics.writing import Write, plain

_COIN = 0.25  # the Brier score of saying 50 % whatever happens
COLUMNS = (
    "unique_id", CHOSEN, "low_80", "high_80", "actual", "error", "inside", "coverage",
    "error_rule", "error_naive",
)  # fmt: skip


def outcome(
    predicted: pd.DataFrame, page: Outlook, orders: pd.DataFrame, lines: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Judge every sum that the page before predicted for this page's period.

    Columns in: `predicted` as of `scorecard.predictions`; `orders` and `lines` as
    `series.hierarchy`. Columns out, one row a series and one for the customers: `unique_id`,
    `forecast`, `low_80`, `high_80`, `actual` (unit of the series), `error`, `error_rule`,
    `error_naive` (predicted / actual - 1, of the forecast, the mean of 8 weeks and the repeated
    last week or, for customers, period; NaN where nothing came), `inside` (1 or 0; NaN without a
    range), `coverage` (share of days inside their 80 % range).
    """
    whole = predicted[predicted["span"] == "period"].drop_duplicates("unique_id")
    if whole.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    span = page.period
    ids = whole["unique_id"].to_list()
    days = came(ids, orders, lines, first=span.start, as_of=span.end)
    sums = days.groupby("unique_id")["y"].sum()
    people = windows(
        orders, first=span.start, as_of=span.end, days=span.days, measures=("customers",)
    )
    sums[CUSTOMERS] = float(people["customers"].iloc[-1])
    rows = whole.assign(actual=whole["unique_id"].map(sums)).dropna(subset=["actual"])
    there = rows["actual"].where(rows["actual"] != 0)
    ranged = rows["low_80"].notna() & rows["high_80"].notna()
    inside = rows["actual"].between(rows["low_80"], rows["high_80"]).astype(float)
    daily = _coverage(predicted, days)
    found = rows.assign(
        error=rows[CHOSEN] / there - 1,
        error_rule=rows["cycle_mean"] / there - 1,
        error_naive=rows["seasonal_naive"] / there - 1,
        inside=inside.where(ranged),
        coverage=rows["unique_id"].map(daily).astype(float),
    )
    return found[list(COLUMNS)].reset_index(drop=True)


def _coverage(predicted: pd.DataFrame, days: pd.DataFrame) -> dict[str, float]:
    both = predicted[predicted["span"] == "day"].merge(days, on=["unique_id", "ds"])
    return {
        str(name): coverage(*(rows[c].to_numpy(float) for c in ("y", "low_80", "high_80")))
        for name, rows in both.groupby("unique_id")
    }


def chance_outcome(predicted: pd.DataFrame, page: Outlook) -> pd.DataFrame:
    """Judge the chance that the page before gave: at most one row.

    brier = (chance - reached)^2; saying 50 % whatever happens scores .25 (Brier 1950).

    Columns out: `target`, `actual` (money), `chance` (0 to 1), `reached` (0 or 1), `brier`.
    """
    rows = predicted[(predicted["span"] == "chance") & (predicted["unique_id"] == TOTAL)]
    start, end = (pd.Timestamp(day) for day in (page.period.start, page.period.end))
    actual = float(page.days.loc[page.days["ds"].between(start, end), "revenue"].sum())
    reached = (actual >= rows["target"]).astype(float)
    frame = rows.assign(
        actual=actual, chance=rows[CHOSEN], reached=reached, brier=(rows[CHOSEN] - reached) ** 2
    )
    return frame[["target", "actual", "chance", "reached", "brier"]].reset_index(drop=True)


def outcome_rows(
    predicted: pd.DataFrame,
    page: Outlook,
    orders: pd.DataFrame,
    lines: pd.DataFrame | None = None,
    *,
    shops: bool = False,
) -> dict[str, Any]:
    """Return the outcome of every series but the shops, or of the shops, for `Report.table`."""
    found = outcome(predicted, page, orders, lines)
    frame, more = of_kind(found, "unique_id", page, orders if shops else None)
    if shops:
        frame = frame.drop(columns=["error_naive"])
    words = frame["inside"].map({1.0: "Yes", 0.0: "No"})
    frame = frame.assign(inside=words).reset_index(drop=True)
    amounts = ("forecast", "low_80", "high_80", "actual")
    shares = ("error", "coverage", "error_rule", "error_naive")
    money = "currency" if shops else "count"
    units = {**dict.fromkeys(amounts, money), **dict.fromkeys(shares, "share")}
    return {
        "frame": frame,
        "title": f"What was expected of this period, and what came{', by shop' if shops else ''}",
        **more,
        "units": {name: unit for name, unit in units.items() if name in frame.columns},
        "labels": {
            "unique_id": "Shop" if shops else "Series", "forecast": "Expected",
            "low_80": "At least", "high_80": "At most", "actual": "Came", "error": "Off by",
            "inside": "In range", "coverage": "Days in range", "error_rule": "Mean of 8 weeks",
            **({} if shops else {"error_naive": "Repeat last week"}),
        },
        "note": _note(frame, shops),
    }  # fmt: skip


def _note(frame: pd.DataFrame, shops: bool) -> str:
    if frame.empty:
        return f"a period ago no {'shops were' if shops else 'sales could be'} forecast."
    text = "Off by: expected over what came; the plain rules beside it."
    if shops:
        return text
    return (
        f"{text} Sales in money; orders and customers are counted. For customers, the plain rule "
        "repeats the last period."
    )


def outcome_verdict(
    predicted: pd.DataFrame,
    page: Outlook,
    orders: pd.DataFrame,
    lines: pd.DataFrame | None = None,
    *,
    write: Write = plain,
) -> str:
    """Return how the ranges, the plain rule and the chance of the last page did; empty if none."""
    frame = outcome(predicted, page, orders, lines)
    text = ""
    ranged = frame["inside"].dropna().astype(float)
    if len(ranged):
        text = (
            f"Of {len(ranged)} sums with a range ({_counted(frame)}), "
            f"{ranged.sum():.0f} came to lie inside; at 80% it should be about "
            f"{0.8 * len(ranged):.0f}, though parts of one house err together."
        )
    both = frame.dropna(subset=["error", "error_rule"])
    if len(both):
        closer = (both["error"].abs() < both["error_rule"].abs()).sum()
        text += (
            f" The forecast was closer than the mean of 8 weeks for {closer} of {len(both)} series."
        )
    for row in chance_outcome(predicted, page).itertuples():
        text += (
            f" The chance of reaching {write(row.target, 'currency')} was given as "
            f"{write(row.chance, 'share')}; it was {'' if row.reached else 'not '}reached (Brier "
            f"score {write(row.brier, 'number')}; always saying 50% scores {_COIN})."
        )
    return text.strip()


def _counted(frame: pd.DataFrame) -> str:
    ids = frame.loc[frame["inside"].notna(), "unique_id"].astype(str)
    shops = int(ids.str.startswith(SHOP).sum())
    groups = int(ids.str.startswith("Department: ").sum())
    named = [word for name, word in ((TOTAL, "total sales"), (ORDERS, "orders"),
                                     (CUSTOMERS, "customers")) if (ids == name).any()]  # fmt: skip
    named += [f"{groups} departments"] if groups else []
    named += [f"{shops} shops"] if shops else []
    return ", ".join(named)


def outcome_tables(
    predicted: pd.DataFrame,
    page: Outlook,
    orders: pd.DataFrame,
    lines: pd.DataFrame | None = None,
) -> list[dict[str, Any]]:
    """Return the scorecard, and the outcome of series and of shops, for `Report.table`."""
    return [
        scorecard_rows(predicted, page),
        outcome_rows(predicted, page, orders, lines),
        outcome_rows(predicted, page, orders, lines, shops=True),
    ]


def outcome_sentences(
    predicted: pd.DataFrame,
    page: Outlook,
    orders: pd.DataFrame,
    lines: pd.DataFrame | None = None,
    *,
    origin: str,
    write: Write = plain,
) -> list[str]:
    """Return how the last page did, and where its predictions were taken from (`origin`)."""
    told = [last_verdict(predicted, page, write=write)]
    if predicted.empty:
        return told
    return [*told, outcome_verdict(predicted, page, orders, lines, write=write), origin]
