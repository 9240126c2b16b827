"""Leak guard: what makes a model look better than it is, found and named."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.evaluation import roc_auc
from helpers.metrics.churn.features import features as build_features

SEPARATES = 0.995
"""An AUC of one feature alone, from which it is taken for a copy of the outcome."""

_COLUMNS = ["check", "column", "rows", "finding"]


def find_leaks(
    features: pd.DataFrame,
    label: pd.Series,
    *,
    folds: np.ndarray | None = None,
    cutoff: date | None = None,
) -> pd.DataFrame:
    """Return what leaks the outcome into the features, one row per finding; empty where nothing.

    Checks: `duplicate rows` — rows equal in all features and the label, or, with `folds`, such
    rows in different folds; `after the cut-off` — a date in a feature that lies after `cutoff`;
    `separates alone` — one feature, or its being null, ranks the outcome with an AUC of .995 or
    more (a feature of up to 20 values: its values in the order of their rates).

    Columns in: `features` one row per case, numbers, booleans, text or dates; `label` 0/1 or bool,
    in the same order. Columns out: `check`, `column` string (empty for rows), `rows` int64,
    `finding` string.

    Raises:
        MetricError: lengths differ, or the label is not 0/1.
    """
    y = _outcomes(features, label)
    found = [*_duplicates(features, y, folds), *_late(features, cutoff), *_separators(features, y)]
    return pd.DataFrame(found, columns=_COLUMNS)


def future_features(
    visits: pd.DataFrame,
    *,
    as_of: date,
    window: int,
    build: Callable[..., pd.DataFrame] = build_features,
) -> pd.DataFrame:
    """Return the features whose value on a day changes when later rows are taken away.

    Formula: build(visits) and build(visits cut at `as_of`) must be equal; a column that differs has
    seen the future. Columns out: those of `find_leaks`. Grain: one row per feature that leaks.
    """
    cut = visits[visits["day"] <= pd.Timestamp(as_of)]
    whole, honest = (build(rows, as_of=as_of, window=window) for rows in (visits, cut))
    rows = []
    if not whole.index.equals(honest.index):
        changed = len(whole.index.symmetric_difference(honest.index))
        rows.append(("after the cut-off", "", changed, "later rows change who is counted"))
    for name in honest.columns.union(whole.columns, sort=False):
        one, two = (frame.get(name, pd.Series(dtype=float)) for frame in (whole, honest))
        both = one.index.intersection(two.index)
        a, b = one.reindex(both).to_numpy(), two.reindex(both).to_numpy()
        differ = int((~((a == b) | (pd.isna(a) & pd.isna(b)))).sum())
        if differ or len(one) != len(two):
            rows.append(("after the cut-off", str(name), differ, "later rows change its value"))
    return pd.DataFrame(rows, columns=_COLUMNS)


def refuse_leaks(found: pd.DataFrame) -> None:
    """Stop where something leaks.

    Raises:
        MetricError: the table of findings is not empty; the first ones are named.
    """
    if len(found):
        first = found.iloc[0]
        raise MetricError(
            f"{len(found)} leak(s); the first: {first['check']}: {first['finding']}",
            column=first["column"] or None,
            keys=[f"{row.check} {row.column}".strip() for row in found.itertuples()],
            hint="Drop the feature, or cut its rows at the cut-off; keep duplicates in one fold.",
        )


def cross_validated_auc(
    features: pd.DataFrame, label: pd.Series, *, folds: int = 10, seed: int
) -> float:
    """Return the mean ROC AUC over stratified folds of a table without dates.

    Gradient boosting of full size, refitted for every fold. Equal rows are kept in one fold, so
    that duplicates cannot leak from training into test. For a churn model in use, test on a later
    cut-off instead (`study`); this is for tables that come with one snapshot only.

    Columns in: `features` numbers, booleans or text; nulls allowed. `label` 0/1 or bool, in the
    same order. The order of the rows does not matter.

    Raises:
        MetricError: lengths differ, the label is not 0/1, there are fewer than `folds` cases of one
            outcome, or fewer than 2 folds.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    y = _outcomes(features, label)
    if folds < 2 or min(y.sum(), (~y).sum()) < folds:
        raise MetricError(
            f"{folds} folds of {int(y.sum())} and {int((~y).sum())} cases of the two outcomes",
            hint="Use at least 2 folds, and no more than there are cases of the rarer outcome.",
        )
    x = _as_numbers(features)
    group = pd.factorize(_row_keys(features), sort=True)[0]
    order = np.lexsort((y, group))
    x, y, group = x[order], y[order], group[order]
    split = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(x, y, group)
    scores = []
    for learn, test in split:
        model = HistGradientBoostingClassifier(random_state=seed, early_stopping=False)
        p = model.fit(x[learn], y[learn]).predict_proba(x[test])[:, 1]
        if 0 < y[test].sum() < len(test):
            scores.append(roc_auc(p, y[test]))
    return float(np.mean(scores))


def _outcomes(features: pd.DataFrame, label: pd.Series) -> np.ndarray:
    if len(features) != len(label):
        raise MetricError(f"{len(features):,} rows of features and {len(label):,} labels")
    values = pd.to_numeric(pd.Series(label), errors="coerce").to_numpy(dtype="float64")
    if not np.isin(values, [0.0, 1.0]).all():
        raise MetricError("the label holds something else than 0 and 1", hint="Map it to 0/1.")
    return values == 1.0


def _row_keys(features: pd.DataFrame) -> np.ndarray:
    return pd.util.hash_pandas_object(features.reset_index(drop=True), index=False).to_numpy()


def _duplicates(
    features: pd.DataFrame, y: np.ndarray, folds: np.ndarray | None
) -> list[tuple[str, str, int, str]]:
    keys = pd.Series(_row_keys(features.assign(_label=y)))
    if folds is None:
        count = int(keys.duplicated().sum())
        words = "rows repeat another one exactly: random folds would test on rows they learnt from"
        return [("duplicate rows", "", count, f"{count:,} {words}")] if count else []
    spread = pd.Series(np.asarray(folds)).groupby(keys.to_numpy()).transform("nunique").gt(1)
    count = int(spread.sum())
    words = "rows have an exact twin in another fold"
    return [("duplicate rows", "", count, f"{count:,} {words}")] if count else []


def _late(features: pd.DataFrame, cutoff: date | None) -> list[tuple[str, str, int, str]]:
    if cutoff is None:
        return []
    found = []
    end = pd.Timestamp(cutoff) + timedelta(days=1)
    for name in features.columns:
        if pd.api.types.is_datetime64_any_dtype(features[name]):
            late = int((features[name] >= end).sum())
            if late:
                words = f"{late:,} values lie after the cut-off {cutoff.isoformat()}"
                found.append(("after the cut-off", str(name), late, words))
    return found


def _separators(features: pd.DataFrame, y: np.ndarray) -> list[tuple[str, str, int, str]]:
    if not 0 < y.sum() < len(y):
        return []
    numbers, found = _as_numbers(features), []
    for position, name in enumerate(features.columns):
        values = numbers[:, position]
        unknown = np.isnan(values)
        lowest = values[~unknown].min() if (~unknown).any() else 0.0
        filled = np.where(unknown, lowest - 1, values)
        kinds, inverse = np.unique(filled, return_inverse=True)
        if len(kinds) <= 20:
            rates = np.bincount(inverse, weights=y) / np.bincount(inverse)
            filled = rates[inverse]
        auc = max(_both_ways(filled, y), _both_ways(unknown * 1.0, y))
        if auc >= SEPARATES:
            found.append(
                (
                    "separates alone",
                    str(name),
                    len(y),
                    f"ranks the outcome by itself, AUC {auc:.3f}",
                )
            )
    return found


def _both_ways(values: np.ndarray, y: np.ndarray) -> float:
    auc = roc_auc(values, y)
    return max(auc, 1 - auc)


def _as_numbers(features: pd.DataFrame) -> np.ndarray:
    columns = []
    for name in features.columns:
        column = features[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            values = column.to_numpy(dtype="datetime64[s]").astype("float64")
            values = np.where(column.isna(), np.nan, values)
        elif pd.api.types.is_numeric_dtype(column):
            values = column.to_numpy(dtype="float64", na_value=np.nan)
        else:
            codes = pd.factorize(column.astype("string"), sort=True)[0].astype("float64")
            values = np.where(codes < 0, np.nan, codes)
        columns.append(values)
    return np.column_stack(columns) if columns else np.empty((len(features), 0))
