"""What the page draws: tidy frames from an outlook."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.metrics.distinct import with_distinct
from helpers.metrics.sales_forecast.accuracy import wape
from helpers.metrics.sales_forecast.headline import backtest_coverage
from helpers.metrics.sales_forecast.model import CHOSEN
from helpers.metrics.sales_forecast.outlook import Outlook
from helpers.metrics.sales_forecast.scorecard import MODELS
from helpers.metrics.sales_forecast.series import OTHER, TOTAL
from helpers.metrics.writing import Write, plain

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def recent_and_ahead(page: Outlook, *, weeks: int = 8) -> pd.DataFrame:
    """Return daily sales of the last weeks and the forecast: `ds series sales low_80 high_80`.

    The first forecast day is tied to the last actual one, so that a line is drawn without a gap.
    `customers` (int64) are those who bought on the day; behind a forecast stand at least as many
    as bought on the best of these days.
    """
    past = page.days.tail(7 * weeks)
    actual = past[["ds", "revenue", "customers"]].rename(columns={"revenue": "sales"})
    actual.insert(1, "series", "Actual")
    last = float(past["revenue"].iloc[-1])
    tie = actual.tail(1).assign(low_80=last, high_80=last)
    ahead = page.daily()[["ds", CHOSEN, "low_80", "high_80"]].rename(columns={CHOSEN: "sales"})
    ahead = ahead.assign(customers=int(past["customers"].max()))
    expected = pd.concat([tie, ahead], ignore_index=True).assign(series="Forecast")
    return pd.concat([actual, expected], ignore_index=True)


def past_forecasts(page: Outlook) -> pd.DataFrame:
    """Return sums over a horizon as forecast at past origins and as they came, oldest first.

    Columns: `until` (last day of the horizon), `series` (What came, Forecast), `sales`.
    """
    test, row = page.fit.test, page.fit.ids.index(TOTAL)
    end = page.fit.histories[row].last
    horizon = test.actual.shape[2]
    rows = []
    for j, offset in reversed(list(enumerate(test.offsets))):
        until = end - timedelta(days=offset - horizon)
        for label, values in (("What came", test.actual), ("Forecast", test.forecasts[CHOSEN])):
            total = values[row, j].sum()
            if np.isfinite(total):
                rows.append((until, label, float(total)))
    frame = pd.DataFrame(rows, columns=["until", "series", "sales"])
    return frame.astype({"until": "datetime64[ns]", "series": str, "sales": float})


def says_daily(page: Outlook, *, write: Write = plain) -> str:
    """Return what the daily chart shows: the strongest and the weakest open day to come."""
    ahead = page.daily()
    ahead = ahead[ahead[CHOSEN] > 0]
    if ahead.empty:
        return "No sales are expected."

    def said(row: pd.Series) -> str:
        day = row["ds"]
        return f"{day:%A} {day.day} {day:%B} ({write(float(row[CHOSEN]), 'currency')})"

    best, worst = (ahead.loc[at] for at in (ahead[CHOSEN].idxmax(), ahead[CHOSEN].idxmin()))
    text = f"The strongest day should be {said(best)}, the weakest open day {said(worst)}."
    if np.isfinite(ahead["low_80"]).any():
        text += " The band is the 80% range of a single day."
    return text


def says_past(page: Outlook, *, write: Write = plain) -> str:
    """Return how often past forecasts lay below what came, and their largest miss."""
    wide = past_forecasts(page).pivot(index="until", columns="series", values="sales")
    if wide.empty:
        return "The history is too short for a forecast to have been tried on it."
    miss = wide["Forecast"] / wide["What came"].where(wide["What came"] != 0) - 1
    low = int((miss < 0).sum())
    worst = miss.abs().max()
    return (
        f"Of {len(miss)} past forecasts over as many days, {low} lay below what came and "
        f"{len(miss) - low} above; the largest miss was {write(float(worst), 'share')}. "
        "The spans overlap."
    )


def rules(page: Outlook) -> pd.DataFrame:
    """Return the backtest error of the forecast beside plain rules: `model`, `span`, `wape`.

    `span` is "A single day" or "The whole period"; total sales, all origins together.
    """
    test, row = page.fit.test, page.fit.ids.index(TOTAL)
    known = ~np.isnan(test.actual[row]).any(axis=1)
    actual = test.actual[row][known]
    rows = []
    for name, label in MODELS.items() if known.any() else ():
        made = test.forecasts[name][row][known]
        rows.append((label, "A single day", wape(actual, made)))
        rows.append((label, "The whole period", wape(actual.sum(axis=1), made.sum(axis=1))))
    frame = pd.DataFrame(rows, columns=["model", "span", "wape"])
    return frame.astype({"model": str, "span": str, "wape": float})


def parts_ahead(page: Outlook, *, kind: str) -> pd.DataFrame:
    """Return what each department or shop is expected to sell, largest first, the rest last.

    Columns: `part`, `before` (money, this period), `forecast`, `low_80`, `high_80` (next period),
    `change` (share a day: forecast per day / before per day - 1), `wape` (backtest error of the
    sum). Columns are numbers in the unit of sales.
    """
    frame, start = page.parts.frame, pd.Timestamp(page.period.start)
    seen = frame[frame["ds"] >= start].groupby("unique_id")["y"].sum()
    names = [name for name, (own, _) in page.parts.labels.items() if own == kind]
    table = page.totals.frame.set_index("unique_id").reindex(names)
    before = seen.reindex(names).fillna(0.0)
    a_day, a_day_ahead = before / page.period.days, table["forecast"] / page.ahead.days
    result = pd.DataFrame(
        {
            "part": [page.parts.labels[name][1] for name in names],
            "before": before.to_numpy(),
            "forecast": table["forecast"].to_numpy(),
            "low_80": table["low_80"].to_numpy(),
            "high_80": table["high_80"].to_numpy(),
            "change": (a_day_ahead / a_day.where(a_day > 0) - 1).to_numpy(),
            "wape": table["wape"].to_numpy(),
        }
    )
    rest = result["part"] == OTHER
    order = result.assign(rest=rest).sort_values(["rest", "forecast"], ascending=[True, False])
    return order.drop(columns="rest").reset_index(drop=True)


def trust_table(page: Outlook) -> pd.DataFrame:
    """Return by series how good the backtest was.

    Columns: `series`, `wape_sum`, `wape_rule`, `wape_naive` (error of sums over the horizon of the
    forecast, of the mean of 8 weeks, of repeating the last week), `coverage` (share of days inside
    their 80 % range), `model` (what is used).
    """
    table = page.totals.frame
    used = dict(zip(page.fit.ids, page.fit.named(), strict=True))
    words = {"combination": "Combination", "cycle_mean": MODELS["cycle_mean"],
             "seasonal_naive": MODELS["seasonal_naive"], "zero": "None: closed"}  # fmt: skip
    return pd.DataFrame(
        {
            "series": table["unique_id"],
            "wape_sum": table["wape"],
            "wape_rule": table["wape_rule"],
            "wape_naive": table["wape_naive"],
            "coverage": [backtest_coverage(page.fit, name) for name in table["unique_id"]],
            "model": [words[used[name]] for name in table["unique_id"]],
        }
    )


def accuracy_table(page: Outlook) -> pd.DataFrame:
    """Return by series how good the daily forecasts of the backtest were.

    Columns: `series`; `mase`, `smape` (0 to 200), `wape` and `bias` (shares) of the forecast, each
    followed by `_naive`, that of repeating the last week; `coverage_80`, `coverage_95` (share of
    days inside).
    """
    measured = page.fit.accuracy().set_index(["unique_id", "model"])
    rows = []
    for name in page.fit.ids:
        row: dict[str, object] = {"series": name}
        for measure in ("mase", "smape", "wape", "bias"):
            for ending, model in (("", CHOSEN), ("_naive", "seasonal_naive")):
                key = (name, model)
                known = key in measured.index
                row[measure + ending] = float(measured.loc[key, measure]) if known else np.nan
        for level in (80, 95):
            row[f"coverage_{level}"] = backtest_coverage(page.fit, name, level=level)
        rows.append(row)
    return pd.DataFrame(rows)


def special_days(page: Outlook) -> pd.DataFrame:
    """Return what past holidays sold against a normal day: `day`, `ds`, `change` (a share).

    Days whose weekday normally sells nothing are left out.
    """
    known = page.effects.dropna(subset=["effect"])
    return pd.DataFrame(
        {
            "day": known["holiday"] + " " + known["ds"].dt.year.astype(str),
            "ds": known["ds"],
            "change": known["effect"] - 1,
        }
    ).reset_index(drop=True)


def busiest(page: Outlook) -> pd.DataFrame:
    """Return expected sales by weekday of next period: `weekday forecast low_80 high_80`."""
    ahead = page.daily()
    table = ahead.groupby(ahead["ds"].dt.dayofweek)[[CHOSEN, "low_80", "high_80"]].mean()
    table.insert(0, "weekday", [_WEEKDAYS[day] for day in table.index])
    return table.reset_index(drop=True)


def sales_cube(orders: pd.DataFrame, *, first: date, as_of: date, top: int = 6) -> pd.DataFrame:
    """Return sums to explore, one row a month, weekday and shop group, of whole months only.

    Columns in: as `series.hierarchy`. Columns out: `month` (2017-09), `weekday`, `shop` (the `top`
    largest shops or "All others"; without shops always that), `sales` (money), `orders`,
    `customers` (int64; distinct in the cell, so sums count a customer once per cell), and the
    distinct customers of a month, whole and by weekday and shop (see `with_distinct`).
    """
    after = pd.Timestamp(as_of) + timedelta(days=1)
    rows = orders[(orders["ordered_at"] >= pd.Timestamp(first)) & (orders["ordered_at"] < after)]
    shop = pd.Series(OTHER, index=rows.index)
    if "store_id" in rows.columns:
        size = rows.groupby("store_id")["revenue"].sum().sort_values(ascending=False)
        shop = rows["store_id"].where(rows["store_id"].isin(size.index[:top]), OTHER).astype(str)
    day = rows["ordered_at"].dt.dayofweek
    keyed = rows.assign(
        month=rows["ordered_at"].dt.strftime("%Y-%m"),
        weekday=day.map(lambda d: f"{d + 1} {_WEEKDAYS[d]}"),
        shop=shop,
    )
    by = ["weekday", "shop"]
    cube = keyed.groupby(["month", *by], as_index=False).agg(
        sales=("revenue", "sum"), orders=("order_id", "nunique"),
        customers=("customer_id", "nunique"),
    )  # fmt: skip
    return with_distinct(cube, keyed, x="month", by=by, name="customers")
