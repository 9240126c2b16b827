"""What drives the risk: how much worse the model gets when it is kept from knowing something."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.metrics.churn.evaluation import roc_auc
from helpers.metrics.churn.features import THEMES
from helpers.metrics.churn.model import RiskModel

COLUMNS = ("theme", "importance", "low", "high", "direction", "effect")


def drivers(
    model: RiskModel,
    features: pd.DataFrame,
    label: pd.Series,
    *,
    themes: Mapping[str, Sequence[str]] = THEMES,
    repeats: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the permutation importance of each theme on the test period.

    Formula: importance = ROC AUC − ROC AUC with the theme's features shuffled together between
    customers, mean over `repeats` shuffles; `low`, `high` the least and greatest of them.
    `direction` = rank correlation of the theme's first feature with the predicted probability.

    Columns in: `features` as the model was fitted on, one row per test customer; `label` bool.
    Columns out: `theme` string, `importance`, `low`, `high` float64 (AUC), `direction` float64
    (−1 to 1), `effect` string (`raises`, `lowers`, `unclear`). Grain: one row per theme, largest
    first. Importance tells what the model uses, not what causes a lapse. Empty where the test has
    no lapse or nothing else.

    Source: Breiman (2001), Machine Learning 45, 5–32.
    """
    order = np.argsort(features.index.get_level_values(-1).astype(str), kind="stable")
    features, y = features.iloc[order], label.to_numpy(dtype=bool)[order]
    if not 0 < y.sum() < len(y):
        return pd.DataFrame(columns=COLUMNS)
    predicted = model.predict(features)
    whole = roc_auc(predicted, y)
    rng = np.random.default_rng(seed)
    rows = []
    for theme, names in themes.items():
        own = [name for name in names if name in features.columns]
        if not own:
            continue
        shuffled = [features.iloc[rng.permutation(len(features))] for _ in range(repeats)]
        # One prediction for all shuffles: the cost is in the calls, not in the rows.
        stacked = pd.concat(
            [features.assign(**{n: s[n].to_numpy() for n in own}) for s in shuffled]
        )
        parts = model.predict(stacked).reshape(repeats, len(features))
        drops = np.array([whole - roc_auc(part, y) for part in parts])
        rho = features[own[0]].rank().corr(pd.Series(predicted, features.index).rank())
        rows.append((theme, drops.mean(), drops.min(), drops.max(), rho, _effect(rho)))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def _effect(rho: float) -> str:
    if not abs(rho) >= 0.1:
        return "unclear"
    return "raises" if rho > 0 else "lowers"
