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
        return [*found, *self._check(), *self._last_forecast(), *self._assumptions()]

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
            f"expected {self.write(round(rule['expected']), 'count')}."
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
            f"{off(row['revenue_bias'], self.write)}."
        ]

    def _assumptions(self) -> list[str]:
        terms, choice = self.study.model.terms, self.study.model.purchases
        found = [
            "The intervals cover what the history leaves open about the customers, not a change of "
            "prices, season or competition."
        ]
        if choice.used.label == "BG/NBD":
            found.append(
                "This model takes every customer with a single purchase for alive, however long "
                "ago it was: trust its sums more than single customers."
            )
        elif not isinstance(choice.used, PurchaseFit) or choice.used.label == "NBD":
            found.append(
                "Here nobody is expected to leave. Values further ahead than the check are too "
                "high if customers do leave."
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
