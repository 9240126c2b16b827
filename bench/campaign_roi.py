"""Campaign ROI: Hillstrom's table, a published estimate, and how often the comparison errs.

Rows of the same kind as the other parts: {name, value, reference, unit, note}. Hillstrom's test is
read from DATA/hillstrom/hillstrom.csv, LaLonde's data from DATA/lalonde/nsw.dta; the response rates
and the practice runs come from the bundled Complete Journey.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.metrics import campaign_roi as roi
from helpers.params import resolve
from helpers.sources import load

CONTROL = "No E-Mail"
SPEND = {  # n, mean, lift, low, high, incremental revenue
    "Mens E-Mail": (21307, 1.4226, 0.770, 0.485, 1.055, 16403),
    "Womens E-Mail": (21387, 1.0772, 0.424, 0.169, 0.680, 9077),
}
SHARES = {  # visit, conversion
    "No E-Mail": (0.10617, 0.00573),
    "Mens E-Mail": (0.18276, 0.01253),
    "Womens E-Mail": (0.15140, 0.00884),
}
RESPONSE = {"Type A": 0.1656, "Type B": 0.0650, "Type C": 0.0592}


def row(name: str, value: object, reference: object, unit: str = "", note: str = "") -> dict:
    return {"name": name, "value": value, "reference": reference, "unit": unit, "note": note}


def skipped(name: str, why: str) -> dict:
    return row(name, None, None, note=f"skipped: {why}")


def hillstrom(data: Path | None) -> list[dict]:
    file = data / "hillstrom" / "hillstrom.csv" if data else None
    if file is None or not file.is_file():
        return [skipped("Hillstrom", "DATA/hillstrom/hillstrom.csv is not there")]
    frame = pd.read_csv(file)
    found = {
        metric: roi.lift(frame, arm="segment", control=CONTROL, metric=metric).set_index("arm")
        for metric in ("spend", "visit", "conversion")
    }
    rows = []
    for arm, (visit, conversion) in SHARES.items():
        for metric, reference in (("visit", visit), ("conversion", conversion)):
            value = round(float(found[metric].loc[arm, "mean"]), 5)
            rows.append(row(f"Hillstrom {arm} {metric}", value, reference, "share"))
    for arm, figures in SPEND.items():
        names = ("n", "mean", "lift", "lift_low", "lift_high", "incremental_total")
        digits = (0, 4, 3, 3, 3, 0)
        for name, places, reference in zip(names, digits, figures, strict=True):
            value = round(float(found["spend"].loc[arm, name]), places or None)
            rows.append(row(f"Hillstrom {arm} spend {name}", value, reference))
    split = roi.sample_ratio_test(frame, arm="segment")
    rows.append(row("Hillstrom sample-ratio p", round(split.p_value, 3), None, note="no mismatch"))
    return rows


def lalonde(data: Path | None) -> list[dict]:
    file = data / "lalonde" / "nsw.dta" if data else None
    if file is None or not file.is_file():
        return [skipped("LaLonde", "DATA/lalonde/nsw.dta is not there")]
    frame = pd.read_stata(file)
    frame = frame[(frame["treated"] == 0) | (frame["sample"] == 2)]
    found = roi.difference_in_differences(
        frame.assign(contacted=frame["treated"].notna()),
        contacted="contacted",
        before="re75",
        after="re78",
        covariates=["age", "educ", "black", "married", "nodegree", "hisp", "re74"],
        trim=None,
    )
    source = "Sant'Anna & Zhao's package, estimator dripw"
    return [
        row("LaLonde effect", round(found.effect, 4), -871.3271, note=source),
        row("LaLonde standard error", round(found.standard_error, 4), 396.0332, note=source),
    ]


def bundled() -> list[dict]:
    last = date(2017, 12, 31)
    data = load("complete_journey", as_of=last)
    tables = [data.orders, data.campaigns, data.campaign_contacts, data.redemptions]
    outcomes = roi.contact_outcomes(*tables, as_of=last)
    rates = roi.results_by(outcomes, "campaign_type").set_index("campaign_type")["response_rate"]
    rows = [
        row(f"Complete Journey response, {kind}", round(float(rates[kind]), 4), reference, "share")
        for kind, reference in RESPONSE.items()
    ]
    given = resolve("campaign_roi")  # the margin and the mailing cost that the report assumes
    paid = roi.contact_outcomes(*tables, as_of=last, contact_cost=given.contact_cost)
    whole = roi.results_by(paid, "campaign_id")
    pays = roi.break_even_effects(whole, data.campaigns, as_of=last, margin=given.margin)
    found = roi.evaluate(roi.History(*tables, as_of=last), break_even=pays)
    practice = found.practice[found.practice["comparable"].astype(bool)]
    outside = ((practice["low"] > 0) | (practice["high"] < 0)).mean()
    note = f"{len(practice)} practice runs, truth zero"
    grades = found.effects["grade"].value_counts().sort_index().to_dict()
    return [
        *rows,
        row("Practice runs that look real", round(float(outside), 3), 0.05, "share", note),
        row("Practice runs, mean effect", round(found.errors.mean, 2), 0.0, "currency", note),
        row("Complete Journey grades", str(grades), None, note="A, B may be claimed"),
    ]


def simulated(rounds: int = 500) -> list[dict]:
    rng, hits, plain = np.random.default_rng(7), 0, 0
    for _ in range(rounds):
        x = rng.normal(size=400)
        contacted = rng.random(400) < 1 / (1 + np.exp(-(x - 0.5)))
        before = 50 + 10 * x + rng.normal(scale=3, size=400)
        after = before + 4 * x + 1.0 * contacted + rng.normal(scale=3, size=400)
        frame = pd.DataFrame({"contacted": contacted, "before": before, "after": after, "x": x})
        for covariates in (["x"], []):
            low, high = roi.difference_in_differences(
                frame, contacted="contacted", before="before", after="after", covariates=covariates
            ).interval()
            inside = low <= 1.0 <= high
            hits, plain = (hits + inside, plain) if covariates else (hits, plain + inside)
    note = f"{rounds} simulated campaigns that target growing customers"
    return [
        row("Coverage of the 95 % interval, weighted", hits / rounds, 0.95, "share", note),
        row("Coverage of the 95 % interval, plain difference", plain / rounds, None, "share", note),
    ]


def main(data: Path | None) -> list[dict]:
    """Return the measured figures beside their references."""
    return [*hillstrom(data), *lalonde(data), *bundled(), *simulated()]
