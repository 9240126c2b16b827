"""Sales forecast: M3 monthly against its published entrants, coverage, and the bundled year.

The M3 series are read from DATA/m3_monthly/m3_monthly.csv.gz (`unique_id month split y`). One
setting for all series, chosen on training parts only (docs/forecasting.md); the test part is
scored once, as `fit` gives it. The bundled year asks whether the page's forecast beats
plain rules.
"""

import time
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.metrics import sales_forecast as sf
from helpers.periods import Period

HORIZON, SEASON = 18, 12
# Recomputed from the published forecasts of the competition's entrants; the last two are measured.
PUBLISHED = "Theta 13.93 / .858, ForecastPro 13.90 / .848, dynamic optimised Theta 13.725 / .850"
MONTHS = ("2017-03", "2017-06", "2017-09", "2017-10", "2017-11")


def row(name: str, value: object, reference: object, unit: str = "", note: str = "") -> dict:
    return {"name": name, "value": value, "reference": reference, "unit": unit, "note": note}


def main(data: Path | None) -> list[dict]:
    """Return the figures; a part whose data is not there says so."""
    return [*m3(data), *bundled()]


def m3(data: Path | None) -> list[dict]:
    """Forecast all M3 monthly series and score them on the test part."""
    file = data / "m3_monthly" / "m3_monthly.csv.gz" if data else None
    if file is None or not file.is_file():
        return [row("M3 monthly", None, None, note="skipped: DATA/m3_monthly is not there")]
    rows = pd.read_csv(file).sort_values(["unique_id", "month"], kind="stable")
    # Some series carry placeholder dates (year 1): only the order of the months is used.
    place = rows.groupby("unique_id").cumcount()
    rows["ds"] = pd.date_range("1980-01-01", periods=place.max() + 1, freq="MS")[place]
    known, came = rows[rows["split"] == "train"], rows[rows["split"] == "test"]
    began = time.process_time()
    found = sf.fit(known, horizon=HORIZON, freq="MS", gaps="interpolate")
    spent = time.process_time() - began
    both = found.frame.merge(came[["unique_id", "ds", "y"]], on=["unique_id", "ds"])
    if len(both) != len(came):
        return [row("M3 monthly", None, None, note="skipped: forecasts and test dates differ")]
    error = sf.accuracy(both, models=["forecast", "seasonal_naive"], scales=found.scales(), by=[])
    error = error.set_index("model")
    return [
        row("M3 monthly sMAPE", error.loc["forecast", "smape"], 13.60, "%", PUBLISHED),
        row("M3 monthly MASE", error.loc["forecast", "mase"], 0.835, "", PUBLISHED),
        row("M3 monthly sMAPE, seasonal naive", error.loc["seasonal_naive", "smape"], 17.234, "%"),
        row("M3 monthly MASE, seasonal naive", error.loc["seasonal_naive", "mase"], 1.146),
        *(_coverage(both, level) for level in (80, 95)),
        row("M3 monthly, core-seconds with backtest", spent, 600.0, "s", f"{len(known):,} rows"),
    ]


def _coverage(both: pd.DataFrame, level: int) -> dict:
    y, low, high = (both[c].to_numpy() for c in ("y", f"low_{level}", f"high_{level}"))
    covered = sf.coverage(y, low, high)
    return row(f"M3 monthly coverage of {level}% intervals", 100 * covered, float(level), "%")


def bundled() -> list[dict]:
    """Make the forecasts that the pages of the bundled year made, and score them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from helpers.sources import load

        data = load("complete_journey", as_of=date(2017, 12, 31))
    orders, lines, first = data.orders, data.order_lines, data.first_day or date(2017, 1, 1)
    days = sf.daily(orders, first=first, as_of=date(2017, 12, 31))
    began, cards, inside = time.process_time(), [], []
    for month in MONTHS:
        page = sf.outlook(orders, lines, period=Period.parse(month), first=first, country="US")
        card = sf.scorecard(page, days).assign(month=month)
        cards.append(card)
        total = page.totals.row(sf.TOTAL)
        inside.append(total["low_80"] <= card["actual"].iloc[0] <= total["high_80"])
    spent = time.process_time() - began
    table = pd.concat(cards).groupby("model")
    daily = table.apply(lambda g: np.average(g["wape"], weights=g["actual"]), include_groups=False)
    whole = table.apply(
        lambda g: (g["expected"] - g["actual"]).abs().sum() / g["actual"].sum(),
        include_groups=False,
    )
    months = f"months after {', '.join(MONTHS)}"
    rows = []
    for label, errors in (("a day", daily), ("a month", whole)):
        rule, naive = errors["Mean of 8 weeks"], errors["Repeat last week"]
        note = f"reference: mean of 8 weeks; repeat last week {naive:.1%}; {months}"
        name = f"Bundled year, error of {label}"
        rows.append(row(name, 100 * errors["Forecast"], 100 * rule, "%", note))
    return [
        *rows,
        row("Bundled year, months inside their 80% range", float(sum(inside)), 0.8 * len(MONTHS)),
        row("Bundled year, core-seconds a page", spent / len(MONTHS), 10.0, "s"),
    ]
