"""The tables of the page: rows, title, units and headings, ready for `Report.table`."""

from typing import Any

import pandas as pd

from helpers.metrics.churn.at_risk import by_segment
from helpers.metrics.churn.evaluation import MEASURES, value_of
from helpers.metrics.churn.study import MODEL, Study

_SCORES = (
    "ROC AUC: share of pairs put in the right order, with its 95% interval. PR AUC: mean share of "
    "true lapses among those flagged. Higher is better; for Brier score and log loss, lower is. "
    "P(alive): chance of still being a customer, by a purchase model."
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
            "contacts": "To contact",
            "expected_gain": "Expected gain",
        },
        "note": (
            "Margin, costs and success rate are assumptions set in the parameters."
            if len(listed)
            else ""
        ),
    }


def score_rows(found: Study) -> dict[str, Any]:
    """Return how the model and the plain rules did on the test, one row each."""
    rows = []
    for name in found.columns:
        row: dict[str, Any] = {
            "score": "The model" if name == MODEL else name[0].upper() + name[1:]
        }
        row |= {measure: value_of(found.scores, name, measure) for measure in MEASURES[:2]}
        row |= {measure: 100 * value_of(found.scores, name, measure) for measure in MEASURES[2:]}
        row |= {side: value_of(found.scores, name, "roc_auc", side) for side in ("low", "high")}
        rows.append(row)
    columns = ["score", "roc_auc", "low", "high", "pr_auc", "brier", "log_loss"]
    return {
        "frame": pd.DataFrame(rows, columns=columns),
        "title": "The model beside plain rules, on the test",
        "grain": "model",
        "units": dict.fromkeys(columns[1:5], "share") | dict.fromkeys(columns[5:], "number"),
        "labels": {
            "score": "Ranked by",
            "roc_auc": "ROC AUC",
            "low": "from",
            "high": "to",
            "pr_auc": "PR AUC",
            "brier": "Brier score × 100",
            "log_loss": "Log loss × 100",
        },
        "note": _SCORES if rows else "",
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
        "observed",
        "roc_auc",
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
            "expected": "count",
            "observed": "count",
            **dict.fromkeys(names[5:7], "share"),
            **dict.fromkeys(names[7:], "number"),
        },
        "labels": {
            "period": "Predicted at the end of",
            "window_days": "Days ahead",
            "expected": "Lapses expected",
            "observed": "Lapses seen",
            "roc_auc": "ROC AUC",
            "rule_auc": "ROC AUC of the plain rule",
            "brier": "Brier score × 100",
            "rule_brier": "The same, one rate for all",
        },
        "note": "The plain rule: fewest recent purchase days first." if len(card) else "",
    }
