"""The page's sentences: what the charts say, why figures changed, what to do next."""

import pandas as pd

from helpers.metrics.customer_value.advice import advice
from helpers.metrics.customer_value.diagnosis import explain
from helpers.metrics.customer_value.segments import told
from helpers.metrics.customer_value.study import Study
from helpers.metrics.customer_value.trust import Trust, off
from helpers.metrics.customer_value.words import Name
from helpers.metrics.effects import PREVIOUS, YEAR_BEFORE, effect_sentences
from helpers.metrics.writing import Write, plain, signed
from helpers.periods import Period

KPIS = ("Purchases per customer", "Value per purchase")


class Sentences(Trust):
    """All sentences of the page, computed from the study and written for its locale.

    Args:
        study: the study of the period.
        write: writes a value in a unit, as `helpers.report.format.Formatter.value`.
        name: writes a period, as `helpers.report.format.Formatter.period`.
    """

    def __init__(self, study: Study, *, write: Write = plain, name: Name = str) -> None:
        super().__init__(study, write=write, name=name)

    def _window(self) -> str:
        days = min(self.study.rfm_days, self.history_days)
        return "the last twelve months" if 360 <= days <= 370 else f"the last {self._days(days)}"

    def _days(self, days: int) -> str:
        return self.write(days, "days")

    def moves(self) -> str:
        """Return the customer bridge of the period in a sentence."""
        bridge, window = self.study.bridge, self._days(self.study.window_days)
        if bridge.empty or bridge["period"].iloc[-1] != str(self.study.period):
            return (
                f"Customers are active when they bought in the last {window}. The history does not "
                "reach back far enough to tell who came and who left."
            )
        row = {name: self.write(int(bridge[name].iloc[-1]), "count") for name in bridge.columns[1:]}
        return (
            f"{self.name(self.study.period)} began with {row['start']} active customers. "
            f"{row['new']} were new, {row['reactivated']} came back, {row['lost']} were lost: "
            f"{row['end']} at the end. {self.active()}{self._young()}"
        )

    def active(self) -> str:
        """Return what active means, and where its window comes from."""
        window = self._days(self.study.window_days)
        given = self.study.lapse.basis == "given"
        source = "as the report's parameters set it" if given else "as in the churn report"
        return f"Active means: bought in the last {window}, {source}."

    def _young(self) -> str:
        first = Period.parse(str(self.study.bridge["period"].iloc[0]))
        if (first.start - self.study.first_day).days >= 2 * self.study.window_days:
            return ""
        return " Early on, old customers who come back cannot be told from new ones."

    def sizes(self) -> str:
        """Return the largest segment, and what became of it over the period."""
        shown = told(self.study.segments)
        if shown.empty:
            return "No segment has 8 customers or more."
        top = shown.loc[shown["customers"].idxmax()]
        sizes = self.study.segment_sizes
        before = sizes[(sizes["segment"] == top["segment"]) & (sizes["day"] == "Before")]
        text = (
            f"The largest segment is “{top['segment']}”: "
            f"{self.write(int(top['customers']), 'count')} customers, "
            f"{self.write(top['customer_share'], 'share')} of all"
        )
        if len(before) and before["customers"].iloc[0] >= 8:
            then = self.write(int(before["customers"].iloc[0]), "count")
            text += f"; on the day before the period it held {then}"
        return f"{text}."

    def segment_values(self) -> str:
        """Return the most and the least valuable segment, and what the intervals leave out."""
        shown = told(self.study.segments)
        if shown.empty:
            return "No segment has 8 customers or more."
        top, least = (shown.loc[shown["clv_per_customer"].agg(of)] for of in ("idxmax", "idxmin"))
        text = f"A customer in “{top['segment']}” is expected to be worth "
        text += f"{self.write(top['clv_per_customer'], 'currency')}, one in “{least['segment']}” "
        text += f"{self.write(least['clv_per_customer'], 'currency')}."
        return f"{text} The lines hold what a group's mean should really turn out to be (95%)."

    def concentration(self) -> str:
        """Return how few bring in how much."""
        tenths, tiers = self.study.tenths, self.study.tiers
        if tenths.empty or tenths["value_share"].isna().all():
            return "There are too few customers, or too little revenue, to compare."
        high = tiers.iloc[0]
        return (
            f"The top tenth of customers brings "
            f"{self.write(tenths['value_share'].iloc[0], 'share')} of the revenue of "
            f"{self._window()}. Half of it comes from "
            f"{self.write(int(high['customers']), 'count')} customers "
            f"({self.write(high['customer_share'], 'share')})."
        )

    def tiers(self) -> str:
        """Return how the tiers are cut."""
        return (
            f"By revenue of {self._window()}: High are the fewest customers who bring in the first "
            "half of it, Low are those who bring in the last tenth."
        )

    def tracking(self) -> str:
        """Return how near the model stayed to the weeks that it had not seen."""
        path, end = self.study.evidence.tracking, self.study.model.purchases.calibration_end
        if path.empty or end is None or self.study.evidence.checked is None:
            return "The history is too short for a check."
        unseen = path[path["week"].dt.date > end].groupby("series")["purchases"].sum()
        made, expected = (
            self.write(round(unseen[name]), "count") for name in ("Actual", "Expected")
        )
        days = self._days((self.study.period.end - end).days)
        return (
            f"{self.study.evidence.checked.label}, which did not know the last {days}, expected "
            f"{expected} repeat purchases in them; {made} were made. Customers first seen in them "
            "are left out."
        )

    def conditional(self) -> str:
        """Return whether the model is right for rare and for frequent buyers alike."""
        wide = self.study.evidence.conditional
        if wide.empty:
            return "The history is too short for a check."
        table = wide.pivot_table(index="group", columns="series", values="purchases", sort=False)
        gap = (table["Expected"] / table["Actual"] - 1).where(table["Actual"] > 0).dropna()
        if gap.empty:
            return "Nobody bought in the check."
        worst = gap.abs().idxmax()
        return (
            "Mean purchases of a customer in the check. The forecast is furthest off for customers "
            f"with {worst} repeat purchases before: {off(float(gap[worst]), self.write)}."
        )

    def worth(self) -> str:
        """Return what all customers are expected to be worth, and where it lies."""
        total = self.study.bounds.iloc[0]
        shown = told(self.study.segments)
        terms = self.study.model.terms
        what = "" if terms.margin == 1.0 else "in margin "
        text = (
            f"All customers known are expected to be worth {self.write(total['clv'], 'currency')} "
            f"{what}over the next {terms.horizon} months"
        )
        if total["low"] == total["low"]:
            low, high = (self.write(total[bound], "currency") for bound in ("low", "high"))
            text += f" (95% range: {low} to {high})"
        if shown.empty or not total["clv"]:
            return f"{text}."
        top = shown.loc[shown["clv"].idxmax()]
        part = self.write(top["clv"] / total["clv"], "share")
        return f"{text}. The largest part, {part}, is expected of “{top['segment']}”."

    def retention(self) -> str:
        """Return how many of a cohort came back, weighted over the cohorts that began in sight."""
        table = self.study.retention.dropna(subset=["retention_rate"])
        first = table["cohort"].min() if len(table) else ""
        later = table[table["cohort"] > first]
        shown = later if len(later) else table
        if shown.empty:
            return "The history is too short to see anybody come back."
        sums = shown.groupby("age")[["active", "customers"]].sum()
        rate = sums["active"] / sums["customers"]
        text = f"{self.write(rate.iloc[0], 'share')} bought again in the month after their first"
        if len(rate) > 3:
            last = int(rate.index[min(5, len(rate) - 1)])
            text += f", and {self.write(rate.loc[last], 'share')} in the {last}th month after it"
        without = (
            " The first cohort is left out of these averages: it was not new." if len(later) else ""
        )
        return f"{text}. Blank: not yet over.{without}"

    def changes(self) -> list[str]:
        """Return for each headline figure what moved it since the period and the year before."""
        study = self.study
        if not study.comparisons:
            return ["The history does not reach back to an earlier period: nothing is compared."]
        found = []
        for against in study.comparisons:
            words = PREVIOUS if against == study.period.previous() else YEAR_BEFORE
            moved = study.drivers[study.drivers["against"] == words]
            found.append(self._revenue(moved, against))
            rows = study.comparison.tables[against]
            rows = rows[rows["dimension"] == "Segment"]
            found += [
                explain(rows, kpi=kpi, against=self.name(against), dimension="segment",
                        write=self.write)
                for kpi in KPIS
                if kpi in set(rows["kpi"])
            ]  # fmt: skip
            found += effect_sentences(
                moved, period=study.period, leave_out=("Revenue", *KPIS), name=self.name,
                write=self.write,
            )  # fmt: skip
        return found

    def _revenue(self, moved: pd.DataFrame, against: Period) -> str:
        """Return how revenue changed, what carried it, and what worked against it."""
        rows = moved[moved["kpi"] == "Revenue"]
        change = float(rows["effect"].sum())
        if self.write(change, "currency") == self.write(0.0, "currency"):
            return f"Revenue is the same as in {self.name(against)}."
        sign = 1.0 if change > 0 else -1.0
        first = rows.loc[(rows["effect"] * sign).idxmax()]
        last = rows.loc[(rows["effect"] * sign).idxmin()]
        text = (
            f"Revenue {'rose' if change > 0 else 'fell'} by {self.write(abs(change), 'currency')} "
            f"against {self.name(against)}, most of all by “{first['driver']}” "
            f"({signed(first['effect'], 'currency', self.write)})"
        )
        if last["effect"] * sign >= 0:
            return f"{text}."
        against_it = signed(last["effect"], "currency", self.write)
        return f"{text}. “{last['driver']}” worked against it ({against_it})."

    def steps(self) -> list[str]:
        """Return what to do next, and what it takes to know whether it works."""
        lapse = self._days(self.study.window_days)
        return [
            f"Who has not bought for {lapse} counts as lapsed, whatever the rank; who was first "
            "seen in that time is new.",
            *advice(
                self.study.segments, write=self.write, window=self._window(),
                lapse_days=self.study.window_days,
            ),
            "Sales alone do not show what an action brings: leave out a random tenth of each "
            "group, and compare.",
        ]  # fmt: skip

    def unevenness(self) -> str:
        """Return what the Lorenz curve shows."""
        curve = self.study.lorenz
        if curve.empty or curve["value_share"].isna().all():
            return "There are too few customers, or too little revenue, to compare."
        half = curve[(curve["series"] == "Revenue") & (curve["customer_share"].round(9) == 0.5)]
        held = self.write(float(half["value_share"].iloc[0]), "share")
        return (
            f"The half of the customers who spent least holds {held} of the revenue of "
            f"{self._window()}. The further the curve hangs below the straight line, the more "
            "unequal customers are; the Gini coefficient is twice the area between the two."
        )

    def profile(self) -> str:
        """Return which attribute tells customers apart best."""
        profiles = self.study.profiles
        if profiles.empty:
            return "The source knows nothing about its customers beyond their purchases."
        name = str(profiles["attribute"].iloc[0]).replace("_", " ")
        share = self.write(float(profiles["variance_share"].iloc[0]), "share")
        unknown = profiles[profiles["group"] == "Unknown"]
        missing = unknown["customer_share"].iloc[0] if len(unknown) else 0.0
        text = (
            f"Of what is known about customers, {name} tells their revenue apart best: it explains "
            f"{share} of the differences."
        )
        if missing > 0.05:
            text += f" It is unknown for {self.write(float(missing), 'share')} of the customers."
        return text
