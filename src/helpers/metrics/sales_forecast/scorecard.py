"""How the last forecast did: what was expected for the period at its start, and what came."""

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.sales_forecast.accuracy import bias, coverage, wape
from helpers.metrics.sales_forecast.customers import CUSTOMERS
from helpers.metrics.sales_forecast.headline import targets
from helpers.metrics.sales_forecast.model import CHOSEN
from helpers.metrics.sales_forecast.outlook import Outlook
from helpers.metrics.sales_forecast.series import TOTAL
from helpers.metrics.writing import Write, plain

MODELS = {
    CHOSEN: "Forecast",
    "cycle_mean": "Mean of 8 weeks",
    "seasonal_naive": "Repeat last week",
}


PREDICTED = (
    "unique_id", "span", "ds", CHOSEN, "cycle_mean", "seasonal_naive", "low_80", "high_80",
    "target",
)  # fmt: skip
"""The columns of what a page publishes as its forecast (see `predictions`)."""


def predictions(
    made: Outlook | None, *, next_target: float = 0.0, growth: float = 0.0
) -> pd.DataFrame:
    """Return what a page publishes as its forecast, to be kept with its edition.

    Columns out: `unique_id` string, `span` string, `ds` datetime64, `forecast`, `cycle_mean`,
    `seasonal_naive`, `low_80`, `high_80`, `target` float64 (unit of the series). Grain: one row a
    series and day ahead (`span` is `day`), one a series for the sum of the days (`period`; `ds` is
    the last day) and one for the customers (`CUSTOMERS`; repeating the last period is their
    `seasonal_naive`), and one for the chance that `TOTAL` reaches its target (`chance`; `forecast`
    is 0 to 1; the target as in `headline`). Empty without an outlook.
    """
    if made is None:
        return pd.DataFrame(columns=list(PREDICTED))
    frame = made.fit.frame[["unique_id", "ds", CHOSEN, "seasonal_naive", "low_80", "high_80"]]
    rule = made.fit.ahead["cycle_mean"]
    days = frame.assign(cycle_mean=rule.ravel(), span="day")
    sums = made.totals.frame.assign(
        cycle_mean=rule.sum(axis=1), span="period", ds=pd.Timestamp(made.ahead.end)
    )
    people = made.customers
    whole: dict[str, object] = {"span": "period", "ds": pd.Timestamp(made.ahead.end)}
    rows: list[dict[str, object]] = [
        {**whole, "unique_id": CUSTOMERS, CHOSEN: people.forecast, "seasonal_naive": people.last,
         "low_80": people.low_80, "high_80": people.high_80},
    ]  # fmt: skip
    _, aim = targets(made, next_target=next_target, growth=growth)
    chance = made.totals.chance(TOTAL, aim) if aim > 0 else float("nan")
    if np.isfinite(chance):
        told = {"unique_id": TOTAL, "span": "chance", CHOSEN: chance, "target": aim}
        rows.append({**whole, **told})
    columns = list(PREDICTED)
    parts = [part.reindex(columns=columns) for part in (days, sums, pd.DataFrame(rows))]
    numbers = dict.fromkeys(columns[3:], "float64")
    return pd.concat([part.astype(numbers) for part in parts], ignore_index=True)


def score(predicted: pd.DataFrame, actual: pd.DataFrame, *, unique_id: str = TOTAL) -> pd.DataFrame:
    """Compare a kept forecast with what came.

    Columns in: `predicted` as of `predictions`; `actual` with `ds` and `y`, without gaps. Columns
    out, one row a model: `model`, `expected`, `actual` (sums over the days that came), `error`
    (expected / actual - 1), `wape`, `bias` (shares), `coverage` (share of days inside the 80 %
    range; forecast only), `days`.

    Raises:
        MetricError: no day of the prediction has come.
    """
    daily = predicted[(predicted["unique_id"] == unique_id) & (predicted["span"] == "day")]
    rows = daily.merge(actual[["ds", "y"]], on="ds")
    if rows.empty:
        raise MetricError(f"no day that was forecast for {unique_id!r} has come yet")
    y = rows["y"].to_numpy(float)
    table = []
    for name, label in MODELS.items():
        f = rows[name].to_numpy(float)
        total = float(y.sum())
        table.append(
            {
                "model": label,
                "expected": float(f.sum()),
                "actual": total,
                "error": float(f.sum() / total - 1) if total else np.nan,
                "wape": wape(y, f),
                "bias": bias(y, f),
                "coverage": coverage(y, rows["low_80"].to_numpy(), rows["high_80"].to_numpy())
                if name == CHOSEN
                else np.nan,
                "days": len(rows),
            }
        )
    return pd.DataFrame(table)


def scorecard(previous: Outlook | pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Score the forecast that the page of the period before made for this one (see `score`).

    `previous` is that page's outlook, or its `predictions`.
    """
    predicted = previous if isinstance(previous, pd.DataFrame) else predictions(previous)
    return score(predicted, days.rename(columns={"revenue": "y"}))


def last_verdict(predicted: pd.DataFrame, page: Outlook, *, write: Write = plain) -> str:
    """Return in a few sentences how the forecast of the period before did (its `predictions`)."""
    if predicted.empty:
        return "No forecast could be made a period ago: there was too little history."
    whole = predicted[(predicted["unique_id"] == TOTAL) & (predicted["span"] == "period")]
    return verdict(scorecard(predicted, page.days), whole.iloc[0], write=write)


def verdict(card: pd.DataFrame, total: pd.Series, *, write: Write = plain) -> str:
    """Return in a few sentences how a forecast did; `total` is the row of its sum."""
    own = card[card["model"] == MODELS[CHOSEN]].iloc[0]
    if not np.isfinite(own["wape"]):
        return "Nothing was sold in the period, so no error can be stated as a share of it."
    best = card.loc[card["wape"].idxmin(), "model"]
    side = "above" if own["error"] > 0 else "below"
    text = (
        f"The forecast made a period ago was {write(abs(own['error']), 'share')} {side} "
        f"what came, and off by {write(own['wape'], 'share')} on a usual day."
    )
    if np.isfinite(total["low_80"]):
        inside = total["low_80"] <= own["actual"] <= total["high_80"]
        text += f" What came lay {'inside' if inside else 'outside'} its 80% range."
    whole = card.loc[card["error"].abs().idxmin(), "model"]
    for words, closest in (("Day by day", best), ("Over the whole period", whole)):
        if closest != MODELS[CHOSEN]:
            text += f" {words}, the plain rule “{closest.lower()}” was closer."
    return text
