"""Sentences for the page: what to expect, how far to trust it, what to do next."""

from datetime import date

import numpy as np
import pandas as pd

from helpers.metrics.sales_forecast.frames import rules
from helpers.metrics.sales_forecast.headline import period_sales
from helpers.metrics.sales_forecast.model import CHOSEN
from helpers.metrics.sales_forecast.outlook import Outlook
from helpers.metrics.sales_forecast.scorecard import MODELS
from helpers.metrics.sales_forecast.series import ORDERS, TOTAL
from helpers.metrics.writing import Write, plain

_YEAR = 364  # a year of whole weeks
_LIKELY, _UNLIKELY = 0.65, 0.35
_QUIET, _SMALL = 0.05, 0.02
_NEAR = 0.05  # a difference between two errors that is no difference


def expectation(page: Outlook, *, write: Write = plain) -> str:
    """Return what the next period is expected to bring, against this one, per day."""
    row = page.totals.row(TOTAL)
    now = period_sales(page) / page.period.days
    change = row["forecast"] / page.ahead.days / now - 1 if now > 0 else float("nan")
    text = f"Expected sales: {write(row['forecast'], 'currency')}"
    if np.isfinite(row["low_80"]):
        low, high = (write(row[name], "currency") for name in ("low_80", "high_80"))
        text += f", and most likely between {low} and {high}"
    text += "."
    if np.isfinite(change):
        way = "more" if change >= 0 else "less"
        text += f" That is {write(abs(change), 'share')} {way} a day than in this period."
    return text


def trust(page: Outlook, *, write: Write = plain) -> str:
    """Return how far to trust the forecast of total sales, beside the plain rules."""
    table = rules(page)
    if table.empty:
        return (
            "Do not lean on this forecast: the history is too short to test it even once. It shows "
            "no range for that reason."
        )
    error = table.pivot(index="model", columns="span", values="wape")
    own = error.loc[MODELS[CHOSEN]]
    text = (
        f"Repeated {page.tested} times on the past, the forecast missed a whole period's sales by "
        f"{write(own['The whole period'], 'share')} and a single day's by "
        f"{write(own['A single day'], 'share')}."
    )
    rule = error.loc[MODELS["cycle_mean"]]
    text += (
        f" The plain mean of the last 8 weeks missed by {write(rule['The whole period'], 'share')} "
        f"and {write(rule['A single day'], 'share')}"
    )
    ahead = {span: 1 - own[span] / rule[span] if rule[span] > 0 else 0.0 for span in error.columns}
    if min(ahead.values()) > _NEAR:
        return f"{text}: the forecast beat it on both."
    if min(ahead.values()) < -_NEAR:
        closer = min(ahead, key=ahead.__getitem__).lower()
        both = max(ahead.values()) < -_NEAR
        return f"{text}: {'on both' if both else f'for {closer}'} that rule was closer.{_why(page)}"
    adds = "the range, the holidays" if page.trial.used else "the range"
    return f"{text}: about as well. What the forecast adds is {adds} and the split by part."


def _why(page: Outlook) -> str:
    """Say why a rule that was closer is not used; empty where it is."""
    used = dict(zip(page.fit.ids, page.fit.named(), strict=True))[TOTAL]
    if used == "cycle_mean":
        return " It is what is used now."
    return (
        " Over all series, days and whole periods together it is not closer by more than luck, so "
        "the combination of methods stays."
    )


def season_caution(page: Outlook, *, first: date) -> str:
    """Return the warning about the yearly season; empty where two years were seen."""
    seen = (page.period.end - first).days + 1
    if seen >= 2 * _YEAR:
        return ""
    return (
        f"The history is {seen} days long. That teaches the week, not the year: a Christmas or "
        "summer effect that it has not seen twice is not in the forecast. Errors of past forecasts "
        "come from the same year and do not show it either. Widen the range by judgement around "
        "such seasons."
    )


def holiday_note(page: Outlook, *, write: Write = plain) -> str:
    """Return which holidays fall into the next period and what is done about them."""
    start, end = (pd.Timestamp(day) for day in (page.ahead.start, page.ahead.end))
    coming = page.calendar[page.calendar["ds"].between(start, end)]
    text = _holidays_judged(page, write)
    if (page.effects["effect"] == 0).any():
        text += "A holiday on which the shops were closed is left out of the history either way. "
    if coming.empty:
        return f"{text}No holiday of the calendar falls into the next period."
    share = page.trial.exposure(pd.Timestamp(page.period.end))
    said = []
    for ds, name in coming[["ds", "holiday"]].itertuples(index=False):
        done = "adjusted by its past effect" if ds in share.index else _last_time(page, name, write)
        said.append(f"{name} ({'closed, as before' if share.get(ds, 1.0) == 0 else done})")
    return f"{text}Next period has {', '.join(said)}."


def _last_time(page: Outlook, holiday: str, write: Write) -> str:
    """Say that nothing is adjusted, and what judgement may start from."""
    known = page.effects[page.effects["holiday"] == holiday].dropna(subset=["effect"])
    if known.empty:
        return "no adjustment"
    change = float(known["effect"].iloc[-1]) - 1
    way = "above" if change >= 0 else "below"
    return f"no adjustment; last time {write(abs(change), 'share')} {way} a normal day"


def _holidays_judged(page: Outlook, write: Write) -> str:
    without, given = page.trial.errors["without"], page.trial.errors["with"]
    if not (len(page.effects) and np.isfinite([without, given]).all()):
        return ""
    if without == given:
        return "Open holidays made no difference to past forecasts: none is adjusted. "
    text = (
        "With what earlier holidays did taken out of the history, past forecasts of a day's sales "
        f"were off by {write(given, 'share')}; without, by {write(without, 'share')}"
    )
    if page.trial.used:
        return f"{text}: it is done. "
    return f"{text}: no gain that is more than luck, so it is not done. "


def next_steps(page: Outlook, *, next_target: float, write: Write = plain) -> list[str]:
    """Return what to do: towards the target, by weekday, by department; each one sentence."""
    steps = []
    aim = f"The target of {write(next_target, 'currency')}"
    row = page.totals.row(TOTAL)
    chance = page.totals.chance(TOTAL, next_target) if next_target > 0 else float("nan")
    gap = next_target - row["forecast"]
    orders = float(page.totals.row(ORDERS)["forecast"])
    if np.isfinite(chance) and chance < _UNLIKELY and gap > 0 and orders > 0:
        basket = row["forecast"] / orders
        steps.append(
            f"{aim} is unlikely unless something changes (chance {write(chance, 'share')}): "
            f"it takes {write(gap / basket, 'count')} more orders, or "
            f"{write(gap / orders, 'currency')} more on each. Plan a measure, or plan with "
            f"{write(row['forecast'], 'currency')}."
        )
    elif np.isfinite(chance) and chance > _LIKELY:
        steps.append(
            f"{aim} should be reached without extra measures (chance {write(chance, 'share')}): "
            f"save the discount budget for a weaker period."
        )
    elif np.isfinite(chance):
        steps.append(
            f"{aim} is open (chance {write(chance, 'share')}): look again at half"
            " time, when the rest can be forecast with less uncertainty."
        )
    if np.isfinite(row["low_80"]):
        steps.append(
            f"Commit costs against {write(row['low_80'], 'currency')}, the lower end of the range; "
            f"be ready with stock and staff for {write(row['high_80'], 'currency')}, the upper end."
        )
    return steps + _days(page, write) + _parts(page, write)


def _days(page: Outlook, write: Write) -> list[str]:
    ahead = page.daily()
    mean = ahead.groupby(ahead["ds"].dt.day_name())[CHOSEN].mean().sort_values()
    mean = mean[mean > _QUIET * mean.max()]  # closed days are no quiet days
    if len(mean) < 2:
        return []
    more = write(mean.iloc[-1] / mean.iloc[0] - 1, "share")
    return [
        f"Staff for {mean.index[-1]}s: they are expected to sell {more} more than "
        f"{mean.index[0]}s, the quietest day."
    ]


def _parts(page: Outlook, write: Write) -> list[str]:
    sure = page.totals.frame.set_index("unique_id")
    names = [n for n, (kind, _) in page.parts.labels.items() if kind == "Department"]
    large = sure.loc[names, "forecast"] > _SMALL * sure.loc[TOTAL, "forecast"]
    hard = sure.loc[names, "wape"][large].dropna().sort_values()
    if len(hard) < 2:
        return []
    weak = page.parts.labels[str(hard.index[-1])][1]
    return [
        f"Reorder {weak} in small steps: its past forecasts were off by "
        f"{write(float(hard.iloc[-1]), 'share')}, the most of all departments."
    ]
