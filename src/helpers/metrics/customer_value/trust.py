"""How far the page can be trusted, in sentences: models, forecasts, assumptions, data."""

from datetime import timedelta

import pandas as pd

from helpers.metrics.customer_value.frames import purchase_days, purchase_rows
from helpers.metrics.customer_value.purchase_fit import PurchaseFit
from helpers.metrics.customer_value.study import Study
from helpers.metrics.customer_value.words import Name
from helpers.metrics.writing import Write

DEPENDENCE = 0.2  # correlation of spend and frequency from which Gamma-Gamma's assumption is named
LARGE_ERROR = 0.1  # of the check, from which the headline is followed by a caution
FIRST_SEEN = 0.2  # share of customers seen in the first month from which the history counts as cut


class Trust:
    """What a reader must know before believing a figure, computed from the study.

    Args:
        study: the study of the period.
        write: writes a value in a unit for the report's locale.
        name: writes a period.
    """

    def __init__(self, study: Study, *, write: Write, name: Name) -> None:
        self.study, self.write, self.name = study, write, name

    @property
    def history_days(self) -> int:
        """Days from the first order to the end of the period."""
        return (self.study.period.end - self.study.first_day).days + 1

    def cautions(self) -> list[str]:
        """Return what stands right under the headline, if anything must."""
        choice, found = self.study.model.purchases, []
        if choice.fallback:
            found.append(
                f"The usual models of future purchases do not hold here; {choice.used.label} is "
                "used instead. The section on trust says why."
            )
        bias = float(choice.table.loc[choice.table["used"], "bias"].iloc[0])
        if abs(bias) > LARGE_ERROR:
            found.append(
                f"In the check on days it had not seen, the forecast of purchases was "
                f"{off(bias, self.write)}: the expected values may be as far off."
            )
        card = self.study.evidence.scorecard
        if len(card) and card.get("inside", card["model"]).iloc[0] == "No":
            found.append(
                "What known customers brought in this period came outside the range that was "
                "forecast for it: the section on trust says by how much."
            )
        if self.history_days < 180:
            found.append(
                f"The history holds only {self.write(self.history_days, 'days')}: take the "
                "expected values as a first guess."
            )
        return found

    def trust(self) -> list[str]:
        """Return how far the expected values can be trusted, most important first."""
        model = self.study.model
        found = [f"{model.purchases.reason} {model.spending.reason}"]
        return [
            *found, *self._check(), *self._earlier_checks(), *self._last_forecast(),
            *self._ranges(), *self._assumptions(),
        ]  # fmt: skip

    def _check(self) -> list[str]:
        choice = self.study.model.purchases
        used, rule = choice.table[choice.table["used"]].iloc[0], choice.table.iloc[-1]
        if choice.calibration_end is None or not used["actual"]:
            return []
        days = (self.study.period.end - choice.calibration_end).days
        return [
            f"The check: knowing nothing of the last {self.write(days, 'days')}, {used['model']} "
            f"expected {self.write(round(used['expected']), 'count')} purchases in them. There "
            f"were {self.write(used['actual'], 'count')}, so it was "
            f"{off(used['bias'], self.write)}. The plain rule, that customers go on as lately, "
            f"expected {self.write(round(rule['expected']), 'count')}. {self._chosen_by()}"
        ]

    def _chosen_by(self) -> str:
        """Return whether the check also chose the model, and so flatters it."""
        choice = self.study.model.purchases
        if choice.used.label == "NBD":
            return "No model was left to choose from, so the check did not choose it."
        return "The model was chosen by this very check, which flatters it."

    def _earlier_checks(self) -> list[str]:
        error = self.study.error
        usual, covered = error.usual, error.covered
        if usual is None or covered is None:
            return []
        table = error.table
        worst = table.loc[table["revenue_bias"].abs().idxmax()]
        held, count = int(table["inside"].sum()), len(table)
        name = self.study.model.purchases.used.label
        text = (
            f"The same in money, on the last {count} stretches of "
            f"{self.write(self._stretch(), 'days')}, each time fitted to what came before: {name} "
            f"missed the revenue of known customers by {self.write(usual, 'share')} (root mean "
            "square)"
        )
        if count > 1:
            text += f", at worst {off(float(worst['revenue_bias']), self.write)}"
        return [
            f"{text}. The revenue came within the range that the model gave by itself {held} of "
            f"{count} times, and {self.write(covered, 'share')} of the customers came within "
            f"their own (95% would be right).{self._drift()}"
        ]

    def _drift(self) -> str:
        if not self.study.error.drift:
            return ""
        return (
            " Customers change their habits more than the model knows, so the ranges on this page "
            "are wider than its own."
        )

    def _stretch(self) -> int:
        row = self.study.error.table.iloc[0]
        return int((row["until"] - row["from"]).days) + 1

    def _ranges(self) -> list[str]:
        """Return what the ranges of expected values hold, and what they do not."""
        what = (
            "The range of an expected value is where the value that these customers really bring "
            "should end up, 19 times in 20. It holds the luck of purchases and of what they cost, "
            "and what the data leave open about each customer and about the model"
        )
        if not self.study.error.checks:
            return [
                f"{what}. The history is too short to see how far the model itself misses, so that "
                "is not in it."
            ]
        return [
            f"{what}, and it is widened by the error of the model in those checks, so far as luck "
            "does not explain it. It does not hold what the checks did not see: a change of "
            "prices, season, competition or margin."
        ]

    def _last_forecast(self) -> list[str]:
        card = self.study.evidence.scorecard
        if card.empty or not card["actual_revenue"].iloc[0]:
            return []
        row = card.iloc[0]
        return [
            f"Before this period began, known customers were expected to bring "
            f"{self.write(row['expected_revenue'], 'currency')} in it. They brought "
            f"{self.write(row['actual_revenue'], 'currency')}: the forecast was "
            f"{off(row['revenue_bias'], self.write)}. The range given was "
            f"{self.write(row['low'], 'currency')} to {self.write(row['high'], 'currency')}, so "
            f"this came {'within' if row['inside'] == 'Yes' else 'outside'} it. Of the customers, "
            f"{self.write(row['covered'], 'share')} came within their own range (95% would be "
            "right)."
        ]

    def _assumptions(self) -> list[str]:
        terms, choice, found = self.study.model.terms, self.study.model.purchases, []
        if choice.used.label == "BG/NBD":
            found.append(
                "This model takes every customer with a single purchase for alive, however long "
                "ago it was: trust its sums more than single customers."
            )
        elif not isinstance(choice.used, PurchaseFit) or choice.used.label == "NBD":
            found.append(
                "Here nobody is expected to leave. Values further ahead than the checks are too "
                "high if customers do leave; the ranges do not allow for that."
            )
        correlation = self.study.model.spending.correlation
        if abs(correlation) >= DEPENDENCE:
            found.append(
                f"Spend and frequency go together (correlation {correlation:.2f}); the spending "
                "model assumes that they do not."
            )
        if self.history_days < 365:
            found.append("The history holds less than a year, so no season is known.")
        elif self.history_days < 730:
            found.append("The history holds less than two years, so no season can be told apart.")
        if terms.margin == 1.0:
            found.append("No margin is set, so values are revenue, not profit.")
        else:
            margin = self.write(terms.margin, "share")
            found.append(
                f"Values are margin, not revenue: {margin} of every sale, the same for all. That "
                "is an assumption where the source does not set it; values move in proportion to "
                "it."
            )
        return found

    def quality(self) -> list[str]:
        """Return what the state of the data does to the KPIs of the page."""
        start = pd.Timestamp(self.study.period.start)
        rows, days = purchase_rows(self.study.orders), purchase_days(self.study.orders)
        rows, days = rows[rows["day"] >= start], days[days["day"] >= start]
        found = []
        paid = days[days["revenue"] != 0]
        if len(paid) < len(days) and len(paid):
            without = self.write(float(paid["revenue"].mean()), "currency")
            free = self.write(len(days) - len(paid), "count")
            found.append(
                f"Purchases that cost nothing ({free} in the period) count all the same. Without "
                f"them a purchase would be worth {without}."
            )
        returned = -float(rows.loc[rows["revenue"] < 0, "revenue"].sum())
        if returned:
            money = self.write(returned, "currency")
            found.append(f"Returns of {money} are taken off the period's revenue.")
        merged = int((rows["revenue"] >= 0).sum()) - len(days)
        if merged > 0 and len(days):
            apart = self.write(float(rows["revenue"].sum()) / (len(days) + merged), "currency")
            found.append(
                f"A customer's further orders of a day ({self.write(merged, 'count')} in the "
                "period) make one purchase with the first. Counted apart, a purchase would be "
                f"worth {apart}."
            )
        return [*found, *self._cut_history()]

    def _cut_history(self) -> list[str]:
        first = self.study.orders.groupby("customer_id", observed=True)["ordered_at"].min()
        early = float((first <= first.min() + timedelta(days=30)).mean())
        if early <= FIRST_SEEN:
            return []
        return [
            f"{self.write(early, 'share')} of the customers were first seen in the first month of "
            "the history. They were customers before: cohorts go by first sight, not by the first "
            "purchase ever, and new customers may be old ones."
        ]


def off(bias: float, write: Write) -> str:
    """Return an error in words: `3.0% too low`."""
    if abs(bias) < 0.0005:
        return "right"
    return f"{write(abs(bias), 'share')} too {'high' if bias > 0 else 'low'}"
