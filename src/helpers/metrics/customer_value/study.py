"""All that the page of a period shows, each part computed once and when it is asked for."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property

import pandas as pd

from helpers.metrics.contracts import Kpi
from helpers.metrics.customer_value.advice import customer_list, next_steps
from helpers.metrics.customer_value.checks import value_checks
from helpers.metrics.customer_value.comparison import Comparison
from helpers.metrics.customer_value.concentration import value_tiers
from helpers.metrics.customer_value.cube import value_cube
from helpers.metrics.customer_value.drivers import kpi_drivers
from helpers.metrics.customer_value.evidence import Evidence
from helpers.metrics.customer_value.headline import MIN_MODEL_DAYS, further_kpis, headline
from helpers.metrics.customer_value.past import Past
from helpers.metrics.customer_value.profile import (
    UNKNOWN,
    customer_profiles,
    in_reading_order,
)
from helpers.metrics.customer_value.ranges import ModelError, Ranges
from helpers.metrics.customer_value.segments import segment_sizes, segment_table
from helpers.metrics.customer_value.value_model import ValueModel, value_model
from helpers.metrics.effects import PREVIOUS, YEAR_BEFORE, joined
from helpers.periods import Period

UNSEEN = "New to us"


class Study(Past):
    """Customer value of one period: descriptive, diagnostic, predictive, prescriptive.

    Args:
        orders: `customer_id`, `ordered_at`, `revenue`; rows after the period are not looked at.
        customers: `customer_id` and any attributes; may be empty.
        period: the period of the page.
        margin, discount_rate, horizon: the terms of the value, see `clv`.
        holdout_days, rule_days: the check of the models, and the memory of the plain rule.
        window_days: without a purchase a customer is no longer active; 0: as the churn report.
        rfm_days: the days that segments, tiers and profiles look back.
        replicates: draws behind the ranges.
        predicted: what the reports of earlier periods predicted, where it is kept.

    Raises:
        MetricError: there is no order up to the period's end, or as `rfm_summary`.
    """

    def __init__(
        self,
        orders: pd.DataFrame,
        customers: pd.DataFrame,
        *,
        period: Period,
        margin: float = 1.0,
        discount_rate: float = 0.10,
        horizon: int = 12,
        holdout_days: int = 91,
        window_days: int = 0,
        rule_days: int = 90,
        rfm_days: int = 365,
        replicates: int = 1000,
        predicted: Mapping[Period, pd.DataFrame] | None = None,
    ) -> None:
        super().__init__(orders, period=period, window_days=window_days, rfm_days=rfm_days)
        self.customers, self.predicted, self.replicates = customers, predicted, replicates
        self.terms = {
            "margin": margin, "discount_rate": discount_rate, "horizon": horizon,
            "holdout_days": holdout_days, "window_days": rule_days,
        }  # fmt: skip

    @cached_property
    def model(self) -> ValueModel:
        """The models as of the end of the period."""
        return value_model(self.orders, as_of=self.period.end, **self.terms)  # type: ignore[arg-type]

    @cached_property
    def models_before(self) -> dict[Period, ValueModel]:
        """The models as of the end of each earlier period, where the history is long enough."""
        return {
            period: value_model(self.orders, as_of=period.end, **self.terms)  # type: ignore[arg-type]
            for period in self.comparisons
            if (period.end - self.first_day).days + 1 >= MIN_MODEL_DAYS
        }

    @property
    def earlier(self) -> ValueModel | None:
        """The models as of the end of the period before; None where the history is too short."""
        return self.models_before.get(self.period.previous())

    def headline(self) -> list[Kpi]:
        """Return the seven KPIs of the page's head."""
        terms = {name: value for name, value in self.terms.items() if name != "window_days"}
        return headline(
            self.orders, period=self.period, model=self.model, bounds=self.bounds,
            earlier=tuple(self.models_before.values()), window_days=self.window_days,
            rule_days=int(self.terms["window_days"]), **terms,  # type: ignore[arg-type]
        )  # fmt: skip

    @cached_property
    def error(self) -> ModelError:
        """`value_checks` as of the end of the period."""
        return value_checks(self.orders, self.model.purchases, as_of=self.period.end)

    @cached_property
    def worth(self) -> Ranges:
        """The drawn ranges of the expected values: of all customers, and of each segment."""
        return self.model.ranges(self._groups, replicates=self.replicates, error=self.error)

    @cached_property
    def bounds(self) -> pd.DataFrame:
        """`clv_interval` of all customers and of each segment."""
        return self.model.interval(self._groups, drawn=self.worth)

    @property
    def _groups(self) -> pd.DataFrame:
        return self.scores[["customer_id", "segment"]].rename(columns={"segment": "group"})

    def further(self) -> list[Kpi]:
        """Return the KPIs below the headline."""
        return further_kpis(self.orders, self.model, window_days=self.rfm_days, error=self.error)

    @cached_property
    def segments(self) -> pd.DataFrame:
        """`segment_table` with the expected value of each segment and its interval."""
        table = segment_table(self.scores, self.model.values)
        bounds = self.bounds.rename(
            columns={"group": "segment", "mean_low": "clv_low", "mean_high": "clv_high"}
        )
        return table.merge(bounds[["segment", "clv_low", "clv_high"]], on="segment", how="left")

    @cached_property
    def segment_sizes(self) -> pd.DataFrame:
        """Customers by segment at the end of the period and the day before it, in long form."""
        return segment_sizes(self.scores_before, self.scores, order=self.segments["segment"])

    @cached_property
    def steps(self) -> pd.DataFrame:
        """`next_steps` of the segments, without past revenue."""
        return next_steps(self.segments).drop(columns=["revenue", "clv_per_customer"])

    @cached_property
    def drivers(self) -> pd.DataFrame:
        """What moved every headline figure since each earlier period: `joined` effects.

        `kpi_drivers`, and for the two averages the mix of segments and behaviour within them.
        """
        parts = {}
        for against in self.comparisons:
            moved = kpi_drivers(
                self.orders, period=self.period, against=against, window_days=self.window_days,
                model=self.model, earlier=self.models_before.get(against),
            )  # fmt: skip
            words = PREVIOUS if against == self.period.previous() else YEAR_BEFORE
            parts[words] = pd.concat([moved, self.comparison.mixes(against)], ignore_index=True)
        return joined(parts)

    @cached_property
    def comparison(self) -> Comparison:
        """What groups of customers contribute to the change of each KPI."""
        before = self.scores_before[["customer_id", "segment"]]
        groups = {"Segment": (before.rename(columns={"segment": "group"}), UNSEEN)}
        for name in dict.fromkeys(self.profiles["attribute"]):
            named = self.customers[["customer_id", name]].dropna()
            groups[_words(name)] = (named.rename(columns={name: "group"}), UNKNOWN)
        return Comparison(self.orders, groups, period=self.period, against=self.comparisons)

    @cached_property
    def profiles(self) -> pd.DataFrame:
        """`customer_profiles` over `rfm_days`, the most telling attribute first."""
        start = self.period.end - timedelta(days=self.rfm_days - 1)
        found = customer_profiles(
            self.orders, self.customers, start=start, end=self.period.end, values=self.model.values
        )
        return in_reading_order(found).assign(
            dimension=lambda table: table["attribute"].map(_words)
        )

    @cached_property
    def cube(self) -> pd.DataFrame:
        """`value_cube` by segment, tier and the three most telling attributes."""
        groups = self.scores[["customer_id", "segment"]].assign(
            tier=value_tiers(self.scores["monetary"])
        )
        names = list(dict.fromkeys(self.profiles["attribute"]))[:3]
        if names:
            groups = groups.merge(
                self.customers[["customer_id", *names]], on="customer_id", how="left"
            )
        by = ["segment", "tier", *names]
        return value_cube(self.orders, groups, as_of=self.period.end, by=by)

    @property
    def splits(self) -> dict[str, str]:
        """The columns of the cube to split by, in words."""
        measures = {"month", "revenue", "purchases", "customers"}
        names = (n for n in self.cube.columns if not n.startswith("customers_"))
        return {name: _words(name) for name in names if name not in measures}

    @cached_property
    def evidence(self) -> Evidence:
        """How far the forecast can be trusted."""
        return Evidence(
            self.orders, self.model, period=self.period, terms=self.terms,
            earlier=self.earlier, predicted=self.predicted, error=self.error,
            replicates=self.replicates, worth=self.worth,
        )  # fmt: skip

    def customer_list(self) -> pd.DataFrame:
        """Return `customer_list` at the end of the period: for the analyst alone."""
        return customer_list(self.scores, self.model.values)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
