"""The whole of a churn prediction: learn, test on a later date beside plain rules, score today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.drivers import COLUMNS as DRIVERS
from helpers.metrics.churn.drivers import drivers as find_drivers
from helpers.metrics.churn.evaluation import score_table
from helpers.metrics.churn.features import features, labels
from helpers.metrics.churn.guard import Guard, guard_study
from helpers.metrics.churn.level import Level, level_of
from helpers.metrics.churn.model import RiskModel, fit_risk
from helpers.metrics.churn.rules import P_ALIVE, Alive, Rule, fit_rules
from helpers.metrics.churn.training import Cutoffs, history_days, plan_cutoffs, training_rows

MODEL = "model"

Rows = tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series]
"""Features and labels to learn from, then those of the test."""


def _empty(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in columns})


@dataclass(frozen=True)
class Study:
    """A churn prediction and everything that says how far to trust it.

    Attributes:
        window: days without a purchase that count as a lapse, and that the prediction looks ahead.
        cutoffs: None where the history is too short.
        reason: why there is no prediction; empty where there is one.
        test: one row per customer active at the test cut-off: `customer_id`, `lapsed`,
            `probability` (of the score used), `model` and one column per plain rule. Empty
            without a prediction.
        columns: score as a reader knows it → column of `test`; the model first.
        scores: `score_table` of them.
        used: the score whose probabilities are used: the model, or the plain rule that beat it.
        refused: why P(alive) is not among the rules; empty where it is, or was not asked for.
        guard: what the leak guard found in the training rows.
        drivers: permutation importance by theme on the test.
        level: how far the number of lapses may lie from the one expected.
        scored: one row per customer active at `as_of`: `customer_id`, `probability`.
    """

    window: int
    cutoffs: Cutoffs | None = None
    reason: str = ""
    test: pd.DataFrame = field(
        default_factory=lambda: _empty("customer_id", "lapsed", "probability")
    )
    columns: Mapping[str, str] = field(default_factory=dict)
    scores: pd.DataFrame = field(default_factory=lambda: _empty("score", "measure", "value"))
    used: str = ""
    refused: str = ""
    guard: Guard = field(default_factory=Guard)
    drivers: pd.DataFrame = field(default_factory=lambda: _empty(*DRIVERS))
    level: Level = field(default_factory=Level)
    scored: pd.DataFrame = field(default_factory=lambda: _empty("customer_id", "probability"))

    @property
    def usable(self) -> bool:
        """Whether there is a prediction."""
        return not self.reason

    @property
    def leaks(self) -> pd.DataFrame:
        """What leaks, one row per finding, as of `find_leaks`."""
        return self.guard.leaks


def study(
    visits: pd.DataFrame,
    *,
    as_of: date,
    window: int,
    alive: Alive | None = None,
    explain: bool = True,
    seed: int = 0,
) -> Study:
    """Return the churn prediction as of a day, tested on the latest window whose outcome is known.

    The model and the rules learn at the training cut-offs of `plan_cutoffs` and are compared on the
    test cut-off. The prediction for today comes from the model fitted again with the test
    cut-off among its training rows. Where the model's log loss on the test is worse than a rule's,
    that rule gives the prediction (`used`): the choice is made on the test that it is reported on.

    Args:
        visits: as `purchase_days` returns them.
        as_of: the last day that may be seen.
        window: days without a purchase that count as a lapse.
        alive: gives P(alive) from orders and a day; one more rule, on the days on which it can be
            fitted. Where it cannot today, the next best score is used.
        explain: whether to say why and how surely: without it no `drivers` and no `level`, and
            fewer bootstrap samples behind the intervals. Predictions are the same.
        seed: of the model, the folds and the bootstrap.

    Where the history is too short, too few customers lapsed to learn from, or the leak guard finds
    something, the study says so in `reason` and holds no prediction.
    """
    visits = visits[visits["day"] <= pd.Timestamp(as_of)]
    cutoffs = plan_cutoffs(visits, as_of=as_of, window=window)
    if cutoffs is None:
        days = history_days(visits, as_of=as_of)
        need = f"needs {3 * window} days of history and has {days}"
        return Study(window, reason=f"A prediction {need}.")
    x, y = training_rows(visits, cutoffs=cutoffs.train, window=window)
    x_test, y_test = training_rows(visits, cutoffs=(cutoffs.test,), window=window)
    guard = guard_study(visits, (x, y), (x_test, y_test), cutoffs, seed=seed)
    model = _learnt(x, y, y_test, guard.leaks, seed)
    if isinstance(model, str):
        return Study(window, cutoffs, reason=f"No prediction: {model}.", guard=guard)
    rows = (x, y, x_test, y_test)
    return _studied(visits, as_of, cutoffs, rows, (model, guard), alive, explain, seed)


def _studied(
    visits: pd.DataFrame,
    as_of: date,
    cutoffs: Cutoffs,
    rows: Rows,
    learnt: tuple[RiskModel, Guard],
    alive: Alive | None,
    explain: bool,
    seed: int,
) -> Study:
    x, y, x_test, y_test = rows
    model, guard = learnt
    rules = fit_rules(visits, cutoffs.train, x, y, alive=alive)
    said, silent = _said(rules.by_name, x_test, visits, cutoffs.test)
    test, columns = _test_frame(x_test, y_test, model, said)
    scores = score_table(test, columns, draws=400 if explain else 40, seed=seed)
    order = _by_loss(scores)
    used, scored, late = _score_today(visits, as_of, cutoffs.window, rows, order, alive, seed)
    p = scored["probability"].to_numpy()
    return Study(
        window=cutoffs.window,
        cutoffs=cutoffs,
        test=test.assign(probability=test[columns[used]]),
        columns=columns,
        scores=scores,
        used=used,
        refused=rules.refused or silent or late,
        guard=guard,
        drivers=find_drivers(model, x_test, y_test, seed=seed) if explain else _empty(*DRIVERS),
        level=level_of(visits, p, as_of=as_of, window=cutoffs.window) if explain else Level(),
        scored=scored,
    )


def _learnt(
    x: pd.DataFrame, y: pd.Series, y_test: pd.Series, leaks: pd.DataFrame, seed: int
) -> RiskModel | str:
    """Return the model of the training rows, or why there is none."""
    if len(leaks):
        named = ", ".join(sorted(set(leaks["column"]) - {""})) or "rows"
        return f"the leak guard found what nobody can know in time: {named}"
    try:
        model = fit_risk(x, y, seed=seed)
    except MetricError as error:
        return error.message
    return model if 0 < y_test.sum() < len(y_test) else "nothing to test it on"


def _said(
    rules: Mapping[str, Rule], rows: pd.DataFrame, visits: pd.DataFrame, day: date
) -> tuple[dict[str, np.ndarray], str]:
    """Return what the rules say on a day, and why one of them is silent."""
    said, silent = {}, ""
    for name, rule in rules.items():
        try:
            said[name] = rule(rows, visits, day)
        except MetricError as error:
            silent = f"on {day.isoformat()}, {error.message}"
    return said, silent


def _test_frame(
    x: pd.DataFrame, y: pd.Series, model: RiskModel, said: Mapping[str, np.ndarray]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the test with a column per score, and the columns by score."""
    columns = {name: f"rule_{i}" for i, name in enumerate(said)}
    frame = pd.DataFrame(
        {
            "customer_id": pd.Series(x.index.get_level_values("customer_id"), dtype=str),
            "lapsed": y.to_numpy(dtype=bool),
            "model": model.predict(x),
            **{columns[name]: values for name, values in said.items()},
        }
    )
    return frame, {MODEL: "model"} | columns


def _by_loss(scores: pd.DataFrame) -> list[str]:
    """Return the scores by log loss, least first; the model first where a rule is as good."""
    loss = scores[scores["measure"] == "log_loss"].set_index("score")["value"]
    loss[MODEL] -= 1e-9
    return [str(name) for name in loss.sort_values(kind="stable").index]


def _score_today(
    visits: pd.DataFrame,
    as_of: date,
    window: int,
    rows: Rows,
    order: Sequence[str],
    alive: Alive | None,
    seed: int,
) -> tuple[str, pd.DataFrame, str]:
    """Return the first score of `order` that can speak today, what it says, and who is silent."""
    x, y, x_test, y_test = rows
    x, y = pd.concat([x, x_test]).sort_index(), pd.concat([y, y_test]).sort_index()
    today = features(visits, as_of=as_of, window=window)
    ids = pd.Series(today.index, dtype=str)
    days = tuple(d.date() for d in x.index.get_level_values("cutoff").unique())
    silent = ""
    for name in order:
        if name == MODEL:
            break
        rules = fit_rules(visits, days, x, y, alive=alive if name == P_ALIVE else None)
        said, late = _said(rules.by_name, today, visits, as_of)
        if name in said:
            return name, pd.DataFrame({"customer_id": ids, "probability": said[name]}), silent
        silent = rules.refused or late
    p = fit_risk(x, y, seed=seed).predict(today)
    return MODEL, pd.DataFrame({"customer_id": ids, "probability": p}), silent


def outcomes(
    predicted: pd.DataFrame, visits: pd.DataFrame, *, made_on: date, window: int
) -> pd.DataFrame:
    """Return earlier predictions with what came of them: a column `lapsed` bool is added.

    Columns in: `customer_id` string, `probability` float64. Grain: one row per customer predicted.
    """
    ids = pd.Index(predicted["customer_id"])
    came = labels(visits, as_of=made_on, window=window, customers=ids)
    return predicted.assign(lapsed=came.to_numpy())
