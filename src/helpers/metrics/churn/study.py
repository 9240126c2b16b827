"""The whole of a churn prediction: learn, test on a later date beside plain rules, score today."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.churn.drivers import COLUMNS as DRIVERS
from helpers.metrics.churn.drivers import drivers as find_drivers
from helpers.metrics.churn.evaluation import score_table
from helpers.metrics.churn.features import features, labels
from helpers.metrics.churn.leaks import find_leaks, future_features
from helpers.metrics.churn.model import RiskModel, fit_risk
from helpers.metrics.churn.rules import Alive, Rule, fit_rules
from helpers.metrics.churn.training import Cutoffs, history_days, plan_cutoffs, training_rows

MODEL = "model"


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
        leaks: `find_leaks` and `future_features` on the training rows.
        drivers: permutation importance by theme on the test.
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
    leaks: pd.DataFrame = field(default_factory=lambda: _empty("check", "column", "finding"))
    drivers: pd.DataFrame = field(default_factory=lambda: _empty(*DRIVERS))
    scored: pd.DataFrame = field(default_factory=lambda: _empty("customer_id", "probability"))

    @property
    def usable(self) -> bool:
        """Whether there is a prediction."""
        return not self.reason


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
    that rule gives the prediction (`used`).

    Args:
        visits: as `purchase_days` returns them.
        as_of: the last day that may be seen.
        window: days without a purchase that count as a lapse.
        alive: gives P(alive) from orders and a day; one more rule.
        explain: whether to say why and how surely: without it no `drivers`, and fewer bootstrap
            samples behind the intervals. Predictions are the same.
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
    leaks = _leaks(visits, x, y, cutoffs)
    model = _learnt(x, y, y_test, leaks, seed)
    if isinstance(model, str):
        return Study(window, cutoffs, reason=f"No prediction: {model}.", leaks=leaks)
    rules = fit_rules(visits, cutoffs.train, x, y, alive=alive)
    test = _test_frame(x_test, y_test, model, rules, visits, cutoffs.test)
    columns = {MODEL: "model"} | {name: f"rule_{i}" for i, name in enumerate(rules)}
    scores = score_table(test, columns, draws=400 if explain else 40, seed=seed)
    used = _best(scores)
    test = test.assign(probability=test[columns[used]])
    return Study(
        window=window,
        cutoffs=cutoffs,
        test=test,
        columns=columns,
        scores=scores,
        used=used,
        leaks=leaks,
        drivers=find_drivers(model, x_test, y_test, seed=seed) if explain else _empty(*DRIVERS),
        scored=_score_today(visits, as_of, window, (x, y, x_test, y_test), used, alive, seed),
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


def _leaks(visits: pd.DataFrame, x: pd.DataFrame, y: pd.Series, cutoffs: Cutoffs) -> pd.DataFrame:
    """Return what leaks. Two customers may look alike: equal rows are no leak between cut-offs."""
    copies = find_leaks(x, y)
    copies = copies[copies["check"] != "duplicate rows"]
    late = future_features(visits, as_of=cutoffs.test, window=cutoffs.window)
    return pd.concat([copies, late], ignore_index=True) if len(late) else copies


def _test_frame(
    x: pd.DataFrame,
    y: pd.Series,
    model: RiskModel,
    rules: Mapping[str, Rule],
    visits: pd.DataFrame,
    day: date,
) -> pd.DataFrame:
    columns = {f"rule_{i}": rule(x, visits, day) for i, rule in enumerate(rules.values())}
    return pd.DataFrame(
        {
            "customer_id": pd.Series(x.index.get_level_values("customer_id"), dtype=str),
            "lapsed": y.to_numpy(dtype=bool),
            "model": model.predict(x),
            **columns,
        }
    )


def _best(scores: pd.DataFrame) -> str:
    """Return the score with the least log loss, the model where a rule is only as good."""
    loss = scores[scores["measure"] == "log_loss"].set_index("score")["value"]
    best = str(loss.idxmin())
    return best if loss[best] < loss[MODEL] - 1e-9 else MODEL


def _score_today(
    visits: pd.DataFrame,
    as_of: date,
    window: int,
    rows: tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series],
    used: str,
    alive: Alive | None,
    seed: int,
) -> pd.DataFrame:
    x, y, x_test, y_test = rows
    x, y = pd.concat([x, x_test]).sort_index(), pd.concat([y, y_test]).sort_index()
    today = features(visits, as_of=as_of, window=window)
    if used == MODEL:
        p = fit_risk(x, y, seed=seed).predict(today)
    else:
        days = tuple(d.date() for d in x.index.get_level_values("cutoff").unique())
        rule = fit_rules(visits, days, x, y, alive=alive)[used]
        p = rule(today, visits, as_of)
    return pd.DataFrame({"customer_id": pd.Series(today.index, dtype=str), "probability": p})


def outcomes(
    predicted: pd.DataFrame, visits: pd.DataFrame, *, made_on: date, window: int
) -> pd.DataFrame:
    """Return earlier predictions with what came of them: a column `lapsed` bool is added.

    Columns in: `customer_id` string, `probability` float64. Grain: one row per customer predicted.
    """
    ids = pd.Index(predicted["customer_id"])
    came = labels(visits, as_of=made_on, window=window, customers=ids)
    return predicted.assign(lapsed=came.to_numpy())
