"""How earlier predictions did: what the reports of the time said, and what came."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.evaluation import calibration, score_table, value_of
from helpers.metrics.churn.features import features
from helpers.metrics.churn.study import Study, outcomes, study
from helpers.metrics.churn.visits import need, number
from helpers.periods import Period

_COLUMNS = [
    "period", "customers", "expected", "expected_low", "expected_high", "observed", "roc_auc",
    "low", "high", "rule_auc", "brier", "rule_brier",
]  # fmt: skip


def replay(
    visits: pd.DataFrame, *, period: Period, window: int, count: int = 3, seed: int = 0
) -> dict[Period, Study]:
    """Return the predictions that the reports of earlier periods made, as far as their time is up.

    Each is learnt again from the rows up to its own day alone, with today's window, so it is what
    that period's report said (with the same parameters). Periods too early for a prediction are
    left out. Oldest first, at most `count`.
    """
    found: dict[Period, Study] = {}
    earlier = period.previous()
    while number(earlier.end) + window > number(period.end):
        earlier = earlier.previous()
    while len(found) < count:
        made = study(visits, as_of=earlier.end, window=window, explain=False, seed=seed)
        if not made.usable:
            break
        found[earlier] = made
        earlier = earlier.previous()
    return dict(reversed(found.items()))


def scorecard(
    predictions: Mapping[Period, pd.DataFrame], visits: pd.DataFrame, *, as_of: date, window: int
) -> pd.DataFrame:
    """Return how published predictions did, one row per period whose report made them.

    Formula: `expected` = Σ p, with the 95 % range that chance alone allows (`expected_low`,
    `expected_high`); `observed` = lapses in the `window` days after the report's day; `roc_auc`
    with its bootstrap interval, `brier`; `rule_auc` of the plain rule "fewest purchase days in the
    window"; `rule_brier` of giving everybody the rate observed, the best that can be done
    without telling customers apart.

    Args:
        predictions: period → `customer_id` string, `probability` float64 (`Study.scored`, or the
            record of an edition).
        visits: purchase days up to `as_of`.
        as_of: the last day that may be seen.
        window: days that the predictions looked ahead.

    Grain: one row per period. Where all outcomes were the same, the scores are NaN.

    Raises:
        MetricError: a prediction lacks a column, or its time is not up yet.
    """
    rows = []
    for period, scored in predictions.items():
        need(scored, ["customer_id", "probability"], table=f"predictions of {period}")
        if number(period.end) + window > number(as_of):
            raise MetricError(
                f"the predictions of {period} look {window} days ahead, past {as_of}",
                hint="Score a prediction only when its time is up.",
            )
        rows.append(_row(period, scored, visits, window))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _row(
    period: Period, scored: pd.DataFrame, visits: pd.DataFrame, window: int
) -> dict[str, object]:
    test = outcomes(scored, visits, made_on=period.end, window=window)
    level = calibration(test)
    row: dict[str, object] = dict.fromkeys(_COLUMNS, float("nan")) | {
        "period": str(period),
        "customers": level["customers"],
        "expected": level["expected"],
        "expected_low": level["expected_low"],
        "expected_high": level["expected_high"],
        "observed": level["observed"],
    }
    if not 0 < level["observed"] < level["customers"]:
        return row
    rate = level["observed"] / level["customers"]
    known = features(visits, as_of=period.end, window=window)["days_window"]
    fewest = -known.reindex(test["customer_id"]).fillna(0).to_numpy()
    test = test.assign(rule=fewest, flat=rate)
    values = score_table(test, {"model": "probability", "rule": "rule", "flat": "flat"})
    return row | {
        "roc_auc": value_of(values, "model", "roc_auc"),
        "low": value_of(values, "model", "roc_auc", "low"),
        "high": value_of(values, "model", "roc_auc", "high"),
        "rule_auc": value_of(values, "rule", "roc_auc"),
        "brier": value_of(values, "model", "brier"),
        "rule_brier": value_of(values, "flat", "brier"),
    }


def expected_and_seen(card: pd.DataFrame) -> pd.DataFrame:
    """Return lapses expected and seen, one below the other, for a chart.

    Columns in: those of `scorecard`. Columns out: `period`, `what` string (Expected, Seen),
    `lapses` float64, `low`, `high` float64 (of the expected, NaN for the seen). Grain: one row per
    period and kind.
    """
    said = {"lapses": card["expected"], "low": card["expected_low"], "high": card["expected_high"]}
    came = {"lapses": card["observed"], "low": float("nan"), "high": float("nan")}
    parts = [
        pd.DataFrame({"period": card["period"], "what": words, **values})
        for words, values in (("Expected", said), ("Seen", came))
    ]
    return pd.concat(parts, ignore_index=True).sort_values(
        ["period", "what"], kind="stable", ignore_index=True
    )
