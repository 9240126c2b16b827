"""How earlier predictions did: what the reports of the time said, and what came."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.evaluation import calibration, score_table, value_of
from helpers.metrics.churn.features import features
from helpers.metrics.churn.level import level_of
from helpers.metrics.churn.rules import Alive
from helpers.metrics.churn.study import Study, outcomes, study
from helpers.metrics.churn.visits import need, number
from helpers.periods import Period

_COLUMNS = [
    "period", "window_days", "customers", "expected", "expected_low", "expected_high", "observed",
    "roc_auc", "low", "high", "rule_auc", "brier", "rule_brier",
]  # fmt: skip

PREDICTED = ("customer_id", "probability", "window_days")
"""The columns of what a report predicts (see `predictions`)."""


def predictions(found: Study) -> pd.DataFrame:
    """Return what a report predicts, to be kept with its edition; it names customers.

    Columns out: `customer_id` string, `probability` float64 (of a lapse), `window_days` int64 (how
    far ahead). Grain: one row per customer active at the report's last day; empty where there is
    no prediction.
    """
    return found.scored.assign(window_days=found.window)[list(PREDICTED)]


def due(period: Period, *, window: int, count: int) -> list[Period]:
    """Return the latest `count` earlier periods after which `window` days are over, oldest first.

    Over is what ends on or before the last day of `period`.
    """
    earlier = period.previous()
    while number(earlier.end) + window > number(period.end):
        earlier = earlier.previous()
    found: list[Period] = []
    while len(found) < count:
        found.append(earlier)
        earlier = earlier.previous()
    return found[::-1]


def judged(
    kept: Mapping[Period, pd.DataFrame],
    visits: pd.DataFrame,
    *,
    period: Period,
    window: int,
    count: int = 3,
    alive: Alive | None = None,
    made: Mapping[Period, Study] | None = None,
    seed: int = 0,
) -> dict[Period, pd.DataFrame]:
    """Return the earlier predictions whose time is up, of the periods that are `due`.

    Where none is kept, the prediction is learnt again as the report of that day did (the same
    `alive`), from the rows up to the period's own day alone, with today's window; periods too early
    for a prediction are left out.

    Args:
        kept: period → `predictions`, as its edition holds them.
        visits: purchase days up to the end of `period`.
        period: of the report that judges.
        window: of that report.
        count: how many periods are judged, at most.
        alive: as of `study`.
        made: what was learnt again already (`earlier_studies`), with the same window and `alive`.
        seed: of what is learnt again.

    Kept predictions look ahead as many days as they were made for, which need not be today's
    window; those whose time is not up are left out. So are customers of whom the rows up to the
    day of the prediction know nothing any more: of them nobody can say what they did.
    """
    found: dict[Period, pd.DataFrame] = {}
    for earlier in due(period, window=window, count=count):
        if earlier in kept:
            said = kept[earlier]
        elif earlier in (made or {}):
            said = predictions((made or {})[earlier])
        else:
            again = study(
                visits, as_of=earlier.end, window=window, alive=alive, explain=False, seed=seed
            )
            said = predictions(again)
        known = visits.loc[visits["day"] <= pd.Timestamp(earlier.end), "customer_id"]
        said = said[said["customer_id"].isin(known)].reset_index(drop=True)
        if len(said) and number(earlier.end) + int(said["window_days"].max()) <= number(period.end):
            found[earlier] = said
    return found


def scorecard(
    predictions: Mapping[Period, pd.DataFrame], visits: pd.DataFrame, *, as_of: date, window: int
) -> pd.DataFrame:
    """Return how published predictions did, one row per period whose report made them.

    Formula: `expected` = Σ p, with the 95 % range `expected_low` to `expected_high` of `level_of`,
    from the rows of its time (chance, the model's own error, common shifts); `observed` = lapses
    in the `window` days after the report's day; `roc_auc` with its bootstrap interval, `brier`;
    `rule_auc` of the plain rule "fewest purchase days in the window"; `rule_brier` of giving
    everybody the rate observed, the best that can be done without telling customers apart.

    Args:
        predictions: period → `customer_id` string, `probability` float64 [`window_days` int64].
        visits: purchase days up to `as_of`.
        as_of: the last day that may be seen.
        window: days that the predictions looked ahead, where they do not say so themselves.

    Grain: one row per period. Where all outcomes were the same, the scores are NaN.

    Raises:
        MetricError: a prediction lacks a column, or its time is not up yet.
    """
    rows = []
    for period, scored in predictions.items():
        need(scored, ["customer_id", "probability"], table=f"predictions of {period}")
        ahead = int(scored["window_days"].max()) if "window_days" in scored else window
        if number(period.end) + ahead > number(as_of):
            raise MetricError(
                f"the predictions of {period} look {ahead} days ahead, past {as_of}",
                hint="Score a prediction only when its time is up.",
            )
        rows.append(_row(period, scored, visits, ahead))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _row(
    period: Period, scored: pd.DataFrame, visits: pd.DataFrame, window: int
) -> dict[str, object]:
    test = outcomes(scored, visits, made_on=period.end, window=window)
    level = calibration(test)
    p = scored["probability"].to_numpy("float64")
    ahead = level_of(visits, p, as_of=period.end, window=window)
    row: dict[str, object] = dict.fromkeys(_COLUMNS, float("nan")) | {
        "period": str(period),
        "window_days": window,
        "customers": level["customers"],
        "expected": level["expected"],
        "expected_low": ahead.low,
        "expected_high": ahead.high,
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
