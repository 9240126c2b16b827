"""Customer lifetime value: margin on expected purchases, discounted, with a bootstrap interval."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.errors import MetricError
from helpers.metrics.customer_value.frames import require_columns
from helpers.metrics.customer_value.gamma_gamma import GammaGammaFit
from helpers.metrics.customer_value.purchase_fit import PurchaseFit
from helpers.metrics.customer_value.recent_rate import UNITS_A_MONTH
from helpers.metrics.customer_value.summary import TimeUnit


class Purchases(Protocol):
    """Anything that forecasts the purchases of known customers."""

    def expected_for(self, summary: pd.DataFrame, t: float) -> np.ndarray:
        """Return expected purchases in the next `t`."""


class Spending(Protocol):
    """Anything that says what a purchase of known customers is worth."""

    def expected_average_value(
        self, frequency: ArrayLike | None = None, monetary_value: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the expected value of a purchase."""


@dataclass(frozen=True)
class Terms:
    """What turns purchases into value: all of them assumptions, none of them data.

    Attributes:
        margin: share of revenue that stays, 0 to 1; 1 values revenue.
        discount_rate: a year, such as 0.10.
        horizon: months ahead.
        unit: of the summary's times.
    """

    margin: float = 1.0
    discount_rate: float = 0.10
    horizon: int = 12
    unit: TimeUnit = "W"

    def __post_init__(self) -> None:
        """Refuse terms that value nothing.

        Raises:
            MetricError: a term is out of bounds.
        """
        if not 0.0 < self.margin <= 1.0:
            raise MetricError(f"margin {self.margin} is no share above 0 and up to 1")
        if not self.discount_rate > -1.0:
            raise MetricError(f"discount_rate {self.discount_rate} is not above -1")
        if self.horizon < 1:
            raise MetricError(f"a horizon of {self.horizon} months holds nothing")

    @property
    def months(self) -> np.ndarray:
        """The ends of the months ahead, in the unit of the summary."""
        return np.arange(1, self.horizon + 1) * UNITS_A_MONTH[self.unit]

    @property
    def discounts(self) -> np.ndarray:
        """1 / (1 + d)^t for the months t, with (1 + d)^12 = 1 + discount_rate."""
        return (1.0 + self.discount_rate) ** (-np.arange(1, self.horizon + 1) / 12.0)


def clv(
    summary: pd.DataFrame,
    *,
    purchases: Purchases,
    spending: Spending,
    margin: float = 1.0,
    discount_rate: float = 0.10,
    horizon: int = 12,
    unit: TimeUnit = "W",
) -> pd.DataFrame:
    """Return each customer's expected value over the next `horizon` months.

    CLV = Σ_t margin · E[M] · (E[Y(t)] - E[Y(t-1)]) / (1 + d)^t over months t = 1 … horizon, with
    d the monthly rate (1 + discount_rate)^(1/12) - 1.

    Columns in, one row per customer: `customer_id`, `frequency`, `recency`, `T` (in `unit`),
    `monetary_value` (money), and `recent` where the plain rule forecasts. Columns out, in the same
    order: `customer_id`; `expected_purchases` (float64, over the horizon); `expected_average_value`
    (float64, money a purchase); `probability_alive` (float64, NaN where the forecast has none);
    `clv` (float64, money). An empty frame gives an empty frame.

    Raises:
        MetricError: a column is missing, a term is out of bounds, or a forecast is not finite.

    Source: Fader, Hardie & Lee (2005), "RFM and CLV: using iso-value curves", eq. 4.
    """
    terms = Terms(margin, discount_rate, horizon, unit)
    require_columns(
        summary, ("customer_id", "frequency", "recency", "T", "monetary_value"), table="summary"
    )
    total = purchases.expected_for(summary, float(terms.months[-1]))
    value = spending.expected_average_value(summary["frequency"], summary["monetary_value"])
    worth = _discounted(summary, purchases, terms) * value * terms.margin
    if not np.isfinite(worth).all():
        bad = ~np.isfinite(worth)
        raise MetricError(
            f"the value of {int(bad.sum()):,} customers is not finite",
            keys=summary["customer_id"][bad].tolist(),
            hint="The fit is not sound: see its verdict, and take the fallback.",
        )
    alive = np.full(len(summary), np.nan)
    if isinstance(purchases, PurchaseFit):
        history = (summary["frequency"], summary["recency"], summary["T"])
        alive = purchases.probability_alive(*history)
    return pd.DataFrame(
        {
            "customer_id": summary["customer_id"].array,
            "expected_purchases": total,
            "expected_average_value": value,
            "probability_alive": alive,
            "clv": worth,
        }
    )


def _discounted(summary: pd.DataFrame, purchases: Purchases, terms: Terms) -> np.ndarray:
    """Return discounted expected purchases: Σ_t (E[Y(t)] - E[Y(t-1)]) / (1 + d)^t."""
    before = np.zeros(len(summary))
    total = np.zeros(len(summary))
    for month, discount in zip(terms.months, terms.discounts, strict=True):
        upto = purchases.expected_for(summary, float(month))
        with np.errstate(invalid="ignore"):  # inf - inf: clv names whoever is not finite
            total += (upto - before) * discount
        before = upto
    return total


def clv_interval(
    summary: pd.DataFrame,
    *,
    purchases: Purchases,
    spending: Spending,
    groups: pd.Series | None = None,
    margin: float = 1.0,
    discount_rate: float = 0.10,
    horizon: int = 12,
    unit: TimeUnit = "W",
    replicates: int = 100,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the value of all customers and of each group, with an interval by bootstrap.

    Parametric bootstrap: the fitted models draw new histories for as many customers, observed as
    long; both models are fitted to them, and value the customers as they are. The interval is that
    of the expectation, given that the models hold: it covers what the parameters do not know, not
    the luck of single customers, nor a change of the market. A fallback that is no likelihood model
    is resampled by customers instead.

    Columns out, one row for `All` and one a group: `group`, `customers` (int64), `clv` (total,
    money), `low`, `high` (money), `mean_clv`, `mean_low`, `mean_high` (money a customer),
    `replicates` (int64, those that could be fitted). `groups` has one label a row of `summary`.

    Raises:
        MetricError: as `clv`, or fewer than 20 replicates.
    """
    if replicates < 20:
        raise MetricError(f"{replicates} replicates give no interval", hint="Take 20 or more.")
    terms = Terms(margin, discount_rate, horizon, unit)
    found = clv(
        summary, purchases=purchases, spending=spending, margin=margin,
        discount_rate=discount_rate, horizon=horizon, unit=unit,
    )  # fmt: skip
    label = np.full(len(summary), "All") if groups is None else groups.to_numpy()
    names = ["All", *([] if groups is None else sorted(pd.unique(label)))]
    members = np.stack([np.ones(len(summary)), *(np.equal(label, n) for n in names[1:])]) * 1.0
    draw = _drawer(summary, purchases, spending, terms, found["clv"].to_numpy())
    rng = np.random.default_rng(seed)
    drawn = [
        members @ worth for worth in (draw(rng) for _ in range(replicates)) if worth is not None
    ]
    low, high = _bounds(drawn, len(names), replicates, level)
    total, counts = members @ found["clv"].to_numpy(), members.sum(axis=1)
    return _interval_table(names, counts, total, low, high).assign(replicates=len(drawn))


def _interval_table(
    names: list[str], counts: np.ndarray, total: np.ndarray, low: np.ndarray, high: np.ndarray
) -> pd.DataFrame:
    with np.errstate(invalid="ignore", divide="ignore"):
        return pd.DataFrame(
            {
                "group": names,
                "customers": counts.astype(np.int64),
                "clv": total,
                "low": low,
                "high": high,
                "mean_clv": total / counts,
                "mean_low": low / counts,
                "mean_high": high / counts,
            }
        )


def _bounds(
    drawn: list[np.ndarray], size: int, replicates: int, level: float
) -> tuple[np.ndarray, np.ndarray]:
    if len(drawn) < 0.9 * replicates:  # a tenth that cannot be fitted is no longer the same model
        return np.full(size, np.nan), np.full(size, np.nan)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(np.stack(drawn), [tail, 1.0 - tail], axis=0)
    return low, high


def _drawer(
    summary: pd.DataFrame,
    purchases: Purchases,
    spending: Spending,
    terms: Terms,
    worth: np.ndarray,
) -> Callable[[np.random.Generator], np.ndarray | None]:
    """Return what draws one replicate of every customer's value."""
    if not isinstance(purchases, PurchaseFit) or not isinstance(spending, GammaGammaFit):

        def resampled(rng: np.random.Generator) -> np.ndarray:
            counts = rng.multinomial(len(worth), np.full(len(worth), 1.0 / len(worth)))
            return worth * counts

        return resampled

    observed = summary["T"].to_numpy(dtype=float)

    def refitted(rng: np.random.Generator) -> np.ndarray | None:
        world = purchases.simulate(observed, rng)
        world["monetary_value"] = spending.simulate(world["frequency"], rng)
        if not (world["monetary_value"] > 0).any():
            return None
        buying = type(purchases).fit(world, start=purchases.params)
        paying = type(spending).fit(world, start=spending.params)
        value = paying.expected_average_value(summary["frequency"], summary["monetary_value"])
        drawn = _discounted(summary, buying, terms) * value * terms.margin
        # A refit at a bound still forecasts: leaving it out would narrow the interval.
        return drawn if np.isfinite(drawn).all() else None

    return refitted
