"""How far the forecast of purchases can be trusted: the check, the tracking, the scorecard."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pandas as pd

from helpers.metrics.customer_value.choice import forecasts
from helpers.metrics.customer_value.headline import MIN_MODEL_DAYS
from helpers.metrics.customer_value.holdout import conditional_expectations, weekly_tracking
from helpers.metrics.customer_value.purchase_fit import PurchaseFit
from helpers.metrics.customer_value.ranges import NO_CHECK, ModelError, Ranges
from helpers.metrics.customer_value.scorecard import (
    forecast_scorecard,
    predictions,
    score,
    value_score,
    valued,
)
from helpers.metrics.customer_value.value_model import ValueModel
from helpers.periods import Period

VERDICTS = {
    "converged": "Sound",
    "degenerate": "Refused",
    "at a bound": "Refused",
    "rule": "For comparison",
}


class Evidence:
    """What a model said of days that it had not seen, and what then came.

    Args:
        orders: `customer_id`, `ordered_at`, `revenue` up to the end of the period.
        model: the models as of then.
        period: the period of the page.
        earlier: the models as of the day before the period, where they are at hand.
        terms: `holdout_days` and `window_days`, as the models were chosen with.
        predicted: what the reports of earlier periods predicted, where it is kept.
        error: `value_checks` as of the end of the period.
        replicates: draws behind the ranges.
        worth: the drawn ranges of the expected values, where they are at hand.
    """

    def __init__(
        self,
        orders: pd.DataFrame,
        model: ValueModel,
        *,
        period: Period,
        terms: Mapping[str, float],
        earlier: ValueModel | None = None,
        predicted: Mapping[Period, pd.DataFrame] | None = None,
        error: ModelError = NO_CHECK,
        replicates: int = 1000,
        worth: Ranges | None = None,
    ) -> None:
        self.orders, self.model, self.period, self.terms = orders, model, period, terms
        self.earlier, self.predicted = earlier, dict(predicted or {})
        self.error, self.replicates, self.worth = error, replicates, worth

    @cached_property
    def checked(self) -> PurchaseFit | None:
        """The likelihood model whose check is shown: the one in use, or the best; None without."""
        choice = self.model.purchases
        fits = choice.calibration_fits
        if not fits:
            return None
        if choice.used.label in fits:
            return fits[choice.used.label]
        ranked = choice.table[choice.table["model"].isin(list(fits))].sort_values("rmse")
        return fits[str(ranked["model"].iloc[0])]

    @cached_property
    def tracking(self) -> pd.DataFrame:
        """`weekly_tracking` of the checked model in long form: `week`, `series`, `purchases`."""
        end = self.model.purchases.calibration_end
        if self.checked is None or end is None:
            return pd.DataFrame(columns=["week", "series", "purchases"])
        path = weekly_tracking(
            self.orders, self.checked, calibration_end=end, as_of=self.period.end
        )
        long = path.rename(columns={"actual": "Actual", "expected": "Expected"}).melt(
            "ends_on", ["Actual", "Expected"], "series", "purchases"
        )
        return long.rename(columns={"ends_on": "week"})

    @cached_property
    def conditional(self) -> pd.DataFrame:
        """`conditional_expectations` of the checked model; empty without a check."""
        choice = self.model.purchases
        if self.checked is None or choice.holdout is None:
            return pd.DataFrame(columns=["group", "series", "purchases", "customers"])
        expected = forecasts(choice.holdout, choice.calibration_fits, choice.rule)
        label = self.checked.label
        return conditional_expectations(choice.holdout, {"Expected": expected[label]}).drop(
            columns="position"
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """The candidates, their verdicts, and how they did on days they had not seen."""
        table = self.model.purchases.table
        words = table["verdict"].map(VERDICTS).where(~table["used"], "In use")
        names = ["model", "expected", "actual", "bias", "rmse"]
        return table[names].assign(verdict=words)[["model", "verdict", *names[1:]]]

    @cached_property
    def value_scorecard(self) -> pd.DataFrame:
        """`value_score` of the report whose horizon ends with the period; empty where none is."""
        horizon = int(self.terms["horizon"])
        made = valued(self.period, horizon=horizon)
        kept = self.predicted.get(made) if made else None
        if made is None or kept is None or int(kept["horizon"].iloc[0]) != horizon:
            return pd.DataFrame(columns=["model", "value_expected", "value_made", "value_bias"])
        return value_score(kept, self.orders, made=made, period=self.period)

    def predictions(self) -> pd.DataFrame:
        """Return `predictions` for the period after, to be kept: they name customers."""
        return predictions(
            self.orders, self.model, ahead=self.period.next(), error=self.error,
            replicates=self.replicates, worth=self.worth,
        )  # fmt: skip

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the tables of the evidence with their titles; an empty one is left out."""
        card = self.scorecard.drop(
            columns=["mae", "rmse", "correlation", "customers"], errors="ignore"
        )
        found = [("The models, tried on days they had not seen", self.table)]
        if self.error.checks:
            found.append(("The forecast of revenue, tried on the last stretches", self.checks))
        value = self.value_scorecard
        earned = f"What customers were valued at {int(self.terms['horizon'])} months ago"
        found += [("What was expected of this period", card)] if len(card) else []
        return found + ([(f"{earned}, and what they brought", value)] if len(value) else [])

    @property
    def checks(self) -> pd.DataFrame:
        """The table of `value_checks`, in words."""
        table = self.error.table
        return table.assign(inside=np.where(table["inside"], "Yes", "No"))

    @cached_property
    def scorecard(self) -> pd.DataFrame:
        """`score` of what was predicted for the period, worked out again where nothing is kept.

        Empty where the history before it is too short.
        """
        last = self.period.previous()
        if last in self.predicted:
            return score(self.predicted[last], self.orders, period=self.period)
        before = (pd.Timestamp(self.period.start) - self.orders["ordered_at"].min()).days
        if before < MIN_MODEL_DAYS:
            return pd.DataFrame(columns=["model", "expected", "actual", "bias"])
        return forecast_scorecard(
            self.orders, period=self.period,
            chosen=None if self.earlier is None else self.earlier.purchases,
            holdout_days=int(self.terms["holdout_days"]),
            window_days=int(self.terms["window_days"]), replicates=self.replicates,
        )  # fmt: skip
