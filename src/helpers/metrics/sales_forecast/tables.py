"""The page's tables and target charts: frames with their words, as the report takes them."""

from datetime import timedelta
from typing import Any

import pandas as pd

from helpers.metrics.sales_forecast.customers import CUSTOMERS
from helpers.metrics.sales_forecast.frames import accuracy_table, parts_ahead, trust_table
from helpers.metrics.sales_forecast.goal import course, cumulated, goal
from helpers.metrics.sales_forecast.outlook import Outlook
from helpers.metrics.sales_forecast.scorecard import scorecard
from helpers.metrics.sales_forecast.series import ORDERS, OTHER, TOTAL
from helpers.metrics.writing import Write, plain

SHOP = "Shop: "
_LABELS = {
    "before": "This period", "forecast": "Expected", "low_80": "At least", "high_80": "At most",
    "change": "Change a day", "wape": "Usual error", "wape_sum": "Error of the forecast",
    "wape_rule": "Mean of 8 weeks", "wape_naive": "Repeat last week",
    "coverage": "Days inside range", "model": "Method",
}  # fmt: skip
_NOTE = "At least and at most: an 80% range. Usual error: of past forecasts of the sum."
_MONEY = dict.fromkeys(("before", "forecast", "low_80", "high_80"), "currency")


def department_table(page: Outlook) -> dict[str, Any]:
    """Return the departments' expected sales as `Report.table` takes them."""
    return _parts(parts_ahead(page, kind="Department"), "Department", "category")


def shop_frame(page: Outlook, orders: pd.DataFrame) -> pd.DataFrame:
    """Return the shops' expected sales with `customers`, those who bought there in the period.

    Columns in: `orders` as `series.hierarchy`. Columns out: as `parts_ahead`, and `customers`.
    """
    frame = parts_ahead(page, kind="Shop")
    return frame.assign(customers=shop_buyers(frame["part"], page, orders))


def shop_buyers(parts: pd.Series, page: Outlook, orders: pd.DataFrame) -> list[int]:
    """Return how many customers bought in the period at each shop; "All others" is the rest."""
    start, after = page.period.start, page.period.end + timedelta(days=1)
    inside = orders["ordered_at"].between(
        pd.Timestamp(start), pd.Timestamp(after), inclusive="left"
    )
    rows = orders[inside]
    if parts.empty or "store_id" not in rows.columns:
        return [0] * len(parts)
    store = rows["store_id"].astype(str)
    buyers = rows.groupby(store.where(store.isin(parts), OTHER))["customer_id"].nunique()
    return [int(buyers.get(part, 0)) for part in parts]


def of_kind(
    frame: pd.DataFrame, key: str, page: Outlook, orders: pd.DataFrame | None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the rows of a table of series to show, and how `Report.table` is told to take them.

    With `orders` the shops and their customers; else all others, the total first.
    """
    shop = frame[key].astype(str).str.startswith(SHOP)
    if orders is None:
        rest = frame[~shop]
        place = rest[key].map({TOTAL: 0, ORDERS: 1, CUSTOMERS: 2}).fillna(3)
        return rest.loc[place.sort_values(kind="stable").index].reset_index(drop=True), {
            "grain": "model"
        }
    rows = frame[shop].reset_index(drop=True)
    rows[key] = rows[key].astype(str).str.removeprefix(SHOP)
    rows["customers"] = shop_buyers(rows[key], page, orders)
    return rows, {"grain": "store", "customers": "customers"}


def _of_shops(orders: pd.DataFrame | None) -> str:
    return "" if orders is None else ", by shop"


def shop_table(page: Outlook, orders: pd.DataFrame) -> dict[str, Any]:
    """Return the shops' expected sales as `Report.table` takes them."""
    made = _parts(shop_frame(page, orders), "Shop", "store")
    return {**made, "customers": "customers"}


def _parts(frame: pd.DataFrame, what: str, grain: str) -> dict[str, Any]:
    units = {**_MONEY, "change": "share", "wape": "share", "customers": "count"}
    return {
        "frame": frame,
        "title": f"Expected sales by {what.lower()}",
        "grain": grain,
        "units": {name: unit for name, unit in units.items() if name in frame.columns},
        "labels": _words(frame, part=what),
        "note": _NOTE if len(frame) else f"the source tells no {what.lower()}s apart.",
    }


def _words(frame: pd.DataFrame, **own: str) -> dict[str, str]:
    return {name: word for name, word in {**_LABELS, **own}.items() if name in frame.columns}


def accuracy_tables(page: Outlook, orders: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what past forecasts say of this one: of periods, of days, and of days by shop."""
    return [trust_rows(page), accuracy_rows(page), accuracy_rows(page, orders)]


def trust_rows(page: Outlook) -> dict[str, Any]:
    """Return the backtest by series as `Report.table` takes it; shops are left to their table."""
    frame, _ = of_kind(trust_table(page), "series", page, None)
    shares = ("wape_sum", "wape_rule", "wape_naive", "coverage")
    return {
        "frame": frame,
        "title": "Past forecasts of a whole period, beside plain rules",
        "grain": "model",
        "units": dict.fromkeys(shares, "share"),
        "labels": _words(frame, series="Series"),
        "note": "Days inside range should be near 80%; few independent forecasts stand behind a "
        "range, so it is made wider than their errors.",
    }


def accuracy_rows(page: Outlook, orders: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return the measures of the backtest by series as `Report.table` takes them.

    With `orders` (columns as `series.hierarchy`) those of the shops, which need their customers.
    """
    frame, more = of_kind(accuracy_table(page), "series", page, orders)
    shares = ("wape", "wape_naive", "bias", "bias_naive", "coverage_80", "coverage_95")
    return {
        "frame": frame,
        "title": f"Past forecasts day by day, beside repeating last week{_of_shops(orders)}",
        **more,
        "units": {**dict.fromkeys(shares, "share"), **dict.fromkeys(
            ("mase", "mase_naive", "smape", "smape_naive"), "number")},
        "labels": {
            "series": "Series", "mase": "MASE", "mase_naive": "MASE, last week", "smape": "sMAPE",
            "smape_naive": "sMAPE, last week", "wape": "WAPE", "wape_naive": "WAPE, last week",
            "bias": "Bias", "bias_naive": "Bias, last week", "coverage_80": "In 80% range",
            "coverage_95": "In 95% range",
        },
        "note": "MASE: error over that of repeating the week before the days tested; below 1 is "
        "better. sMAPE: 0 to 200. WAPE: error as a share of sales. Bias: above 0, more came than "
        "was expected."
        if len(frame) else "the source tells no shops apart.",
    }  # fmt: skip


def scorecard_rows(predicted: pd.DataFrame, page: Outlook) -> dict[str, Any]:
    """Return the last forecast (its `predictions`) beside what came, as `Report.table` takes it."""
    columns = ["model", "expected", "actual", "error", "wape", "coverage"]
    made = not predicted.empty
    frame = scorecard(predicted, page.days)[columns] if made else pd.DataFrame(columns=columns)
    return {
        "frame": frame,
        "title": "The last forecast and what came",
        "grain": "model",
        "units": {"expected": "currency", "actual": "currency", "error": "share",
                  "wape": "share", "coverage": "share"},
        "labels": {"model": "Method", "expected": "Expected", "actual": "Came",
                   "error": "Off in total", "wape": "Off on a day", "coverage": "In range"},
        "note": "" if made else "no forecast could be made a period ago.",
    }  # fmt: skip


def target_course(page: Outlook, *, target: float) -> pd.DataFrame:
    """Return this period's sales added up and the course to its target: `ds series sales`.

    Empty where there is no target.
    """
    if not target > 0:
        return pd.DataFrame({"ds": pd.DatetimeIndex([]), "series": [], "sales": []})
    path = course(page.days, period=page.period, target=target)
    wide = path.rename(columns={"actual": "Sales", "due": "Course to the target"})
    return wide.melt("ds", ["Sales", "Course to the target"], "series", "sales")


def ahead_course(page: Outlook, *, next_target: float) -> pd.DataFrame:
    """Return next period's expected sales added up: `ds series sales low_80 high_80`.

    With a target above 0 the course to it is a second series.
    """
    path = cumulated(page.fit, page.totals).rename(columns={"forecast": "sales"})
    path.insert(1, "series", "Expected")
    if not next_target > 0:
        return path
    due = course(page.days, period=page.ahead, target=next_target)[["ds", "due"]]
    other = due.rename(columns={"due": "sales"}).assign(series="Course to the target")
    return pd.concat([path, other], ignore_index=True)


def on_the_way(page: Outlook, *, target: float) -> pd.DataFrame:
    """Return where this period stood against its target on the way, seen with nothing later.

    After one, two and three quarters of the period, and at its end. Days with less than 14 days of
    history are left out; empty without a target.

    Columns out, one row a day: `ds`, `actual`, `due` (money so far), `pace` (actual / due),
    `expected`, `low_80`, `high_80` (money at the period's end), `chance` (0 to 1).
    """
    first, start = page.days["ds"].iloc[0].date(), page.period.start
    rows = []
    for quarter in (1, 2, 3, 4) if target > 0 else ():
        day = start + timedelta(days=round(page.period.days * quarter / 4) - 1)
        if day <= start or (day - first).days < 2 * 7:
            continue
        at = goal(page.days, period=page.period, target=target, as_of=day)
        rows.append(
            (pd.Timestamp(day), at.actual, at.due * target, at.pace, at.expected, at.low_80,
             at.high_80, at.probability)
        )  # fmt: skip
    names = ["ds", "actual", "due", "pace", "expected", "low_80", "high_80", "chance"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.astype({"ds": "datetime64[ns]", **dict.fromkeys(names[1:], "float64")})


def chance_course(page: Outlook, way: pd.DataFrame) -> pd.DataFrame:
    """Return how the chance of reaching the target looked before the end: `ds chance`.

    Columns in: as of `on_the_way`.
    """
    before = way["ds"] < pd.Timestamp(page.period.end)
    return way.loc[before & way["chance"].notna(), ["ds", "chance"]].reset_index(drop=True)


def pace_rows(way: pd.DataFrame) -> dict[str, Any]:
    """Return `on_the_way` as `Report.table` takes it."""
    money = ("actual", "due", "expected", "low_80", "high_80")
    return {
        "frame": way,
        "title": "Pace towards this period's target",
        "grain": "period",
        "units": {**dict.fromkeys(money, "currency"), "pace": "share", "chance": "share"},
        "labels": {
            "ds": "Seen on", "actual": "Sales so far", "due": "Due by then", "pace": "Pace",
            "expected": "Expected at the end", "low_80": "At least", "high_80": "At most",
            "chance": "Chance",
        },
        "note": "Pace: sales so far over what a usual course had brought by then: 100% is on it."
        if len(way) else "no target is known.",
    }  # fmt: skip


def quality_sentences(page: Outlook, *, write: Write = plain) -> list[str]:
    """Return what gaps and odd series mean for the figures."""
    days = page.days
    idle = days[days["revenue"] == 0]
    mean = float(days["revenue"].mean())
    said = []
    if len(idle):
        open_mean = float(days.loc[days["revenue"] != 0, "revenue"].mean())
        said.append(
            f"{len(idle)} of {len(days)} days have no sales and count as zero. Without them a day "
            f"would seem to bring {write(open_mean, 'currency')} instead of "
            f"{write(mean, 'currency')}."
        )
    else:
        said.append(f"Each of the {len(days)} days has sales: nothing had to be filled.")
    odd = page.fit.series
    for status, words in (
        ("new", "have less than four weeks of history"),
        ("short", "have less than two weeks of history and get no weekly pattern"),
        ("dead", "have ended and are forecast as zero"),
    ):
        rows = odd["unique_id"][odd["status"] == status]
        names = [page.parts.labels.get(name, ("", name))[1] for name in rows]
        if names:
            said.append(f"{', '.join(names)} {words}.")
    return [*said, *page.fit.notes]
