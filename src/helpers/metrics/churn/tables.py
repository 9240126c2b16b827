"""The tables of the page: rows, title, units and headings, ready for `Report.table`."""

from typing import Any

import pandas as pd

from helpers.metrics.churn.at_risk import by_segment
from helpers.metrics.churn.evaluation import MEASURES, value_of
from helpers.metrics.churn.rules import P_ALIVE
from helpers.metrics.churn.study import MODEL, Study
from helpers.metrics.writing import Write, plain

_RANKING = (
    "ROC AUC: share of pairs put in the right order; a coin has half. PR AUC: mean share of true "
    "lapses among those flagged; a coin has the share that lapsed, {}. Higher is better. 95% "
    "intervals by bootstrap of customers."
)
_ALIVE = " P(alive): chance of still being a customer, by a purchase model."
_NAMES = {
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "brier": "Brier score × 100",
    "log_loss": "Log loss × 100",
}
_ERRORS = (
    "Brier score: mean squared error. Lower is better. 95% intervals by bootstrap of customers."
)


def risk_table(listed: pd.DataFrame, groups: pd.DataFrame, *, by: str) -> dict[str, Any]:
    """Return the at-risk list by a dimension, as a page may show it.

    Columns in: those of `at_risk` and of `segments`. One row per group of the dimension.
    """
    names = [
        by, "customers", "probability", "expected_lapses", "expected_loss", "contacts",
        "expected_gain",
    ]  # fmt: skip
    return {
        "frame": by_segment(listed, groups, by=by)[names],
        "title": "Who is at risk",
        "grain": "segment",
        "customers": "customers",
        "units": {
            "probability": "share",
            "expected_lapses": "count",
            "expected_loss": "currency",
            "expected_gain": "currency",
        },
        "labels": {
            by: "Recent spending" if by == "spend" else by.replace("_", " ").capitalize(),
            "probability": "Mean risk",
            "expected_lapses": "Expected to lapse",
            "expected_loss": "Margin at risk",
            "contacts": "Worth a contact",
            "expected_gain": "Expected gain",
        },
        "note": (
            "Margin, costs and success rate are assumptions set in the parameters."
            if len(listed)
            else ""
        ),
    }


def score_rows(found: Study, *, write: Write = plain) -> list[dict[str, Any]]:
    """Return how the model and the plain rules did on the test, one row each, in two tables.

    The ranking (ROC AUC, PR AUC) and the probabilities (Brier score, log loss), each value with its
    95 % interval.
    """
    note = ""
    if found.columns:
        note = _RANKING.format(write(float(found.test["lapsed"].mean()), "share"))
        note += _ALIVE if P_ALIVE in found.columns else ""
    return [
        _scores(found, MEASURES[:2], 1, "The model beside plain rules: ranking on the test", note),
        _scores(
            found, MEASURES[2:], 100, "The model beside plain rules: probabilities on the test",
            _ERRORS if found.columns else "",
        ),
    ]  # fmt: skip


def _scores(
    found: Study, names: tuple[str, ...], factor: int, title: str, note: str
) -> dict[str, Any]:
    columns = [(m, end) for m in names for end in ("value", "low", "high")]
    keys = [measure if end == "value" else f"{measure}_{end}" for measure, end in columns]
    rows = [
        ["The model" if name == MODEL else name[0].upper() + name[1:]]
        + [factor * value_of(found.scores, name, measure, end) for measure, end in columns]
        for name in found.columns
    ]
    heads = {key: {"low": "from", "high": "to"}.get(key.rsplit("_", 1)[-1], "") for key in keys}
    return {
        "frame": pd.DataFrame(rows, columns=["score", *keys]),
        "title": title,
        "grain": "model",
        "units": dict.fromkeys(keys, "share" if factor == 1 else "number"),
        "labels": heads | {m: _NAMES[m] for m in names} | {"score": "Ranked by"},
        "note": note,
    }


def window_rows(choices: pd.DataFrame) -> dict[str, Any]:
    """Return the churn rate under other windows. Columns in: those of `window_choices`."""
    table = choices.assign(use=choices["chosen"].map({True: "used here", False: ""}))
    names = ["days", "customers", "churn_rate", "low", "high", "returned", "use"]
    return {
        "frame": table[names],
        "title": "What another window would say",
        "grain": "rule",
        "units": dict.fromkeys(["churn_rate", "low", "high", "returned"], "share"),
        "labels": {
            "days": "Days without a purchase",
            "customers": "Active at the start",
            "low": "from",
            "high": "to",
            "returned": "Back within 91 days",
            "use": "Choice",
        },
    }


def scorecard_rows(card: pd.DataFrame) -> dict[str, Any]:
    """Return how earlier predictions did. Columns in: those of `scorecard`."""
    names = [
        "period",
        "window_days",
        "customers",
        "expected",
        "expected_low",
        "expected_high",
        "observed",
        "roc_auc",
        "low",
        "high",
        "rule_auc",
        "brier",
        "rule_brier",
    ]
    shown = card[names].assign(brier=100 * card["brier"], rule_brier=100 * card["rule_brier"])
    return {
        "frame": shown,
        "title": "Earlier predictions and what came",
        "grain": "period",
        "units": {
            **dict.fromkeys(names[3:7], "count"),
            **dict.fromkeys(names[7:11], "share"),
            **dict.fromkeys(names[11:], "number"),
        },
        "labels": {
            "period": "Predicted at the end of",
            "window_days": "Days ahead",
            "expected": "Lapses expected",
            "expected_low": "from",
            "expected_high": "to",
            "observed": "Lapses seen",
            "roc_auc": "ROC AUC",
            "low": "from",
            "high": "to",
            "rule_auc": "ROC AUC of the plain rule",
            "brier": "Brier score × 100",
            "rule_brier": "The same, one rate for all",
        },
        "note": "The plain rule: fewest recent purchase days first." if len(card) else "",
    }
