"""Where what customers really bring should lie: draws of their purchases and of what they spend."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.customer_value.clv import Purchases, Spending, Terms, clv
from helpers.metrics.customer_value.summary import TimeUnit

LUCK = 10  # draws of customers' luck for each draw of the models' parameters
FEWEST = 200  # draws that the largest base still gets
CUSTOMER_DRAWS = 10_000_000  # customers × draws from which a large base gets fewer draws
BANDS = 3  # thirds of the customers by expected purchases: they miss by different amounts
_CHUNK = 10_000


class DrawnPurchases(Purchases, Protocol):
    """A forecast of purchases that can also be drawn, as it may really turn out."""

    def drawn(self, rng: np.random.Generator) -> Self:
        """Return the model with parameters drawn from what the data leave open."""

    def ahead(
        self, summary: pd.DataFrame, ends: np.ndarray, rng: np.random.Generator, draws: int
    ) -> np.ndarray:
        """Return purchases drawn for each customer up to each end: draws × customers × spans."""


class DrawnSpending(Protocol):
    """What purchases cost, as it may really turn out."""

    def drawn(self, rng: np.random.Generator) -> Self:
        """Return the model with parameters drawn from what the data leave open."""

    def spent(
        self, summary: pd.DataFrame, purchases: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return what is spent on so many purchases: draws × customers."""


class SpendingModel(DrawnSpending, Spending, Protocol):
    """What purchases cost: expected, and drawn."""


@dataclass(frozen=True)
class ModelError:
    """By how much the models missed in earlier checks, beyond luck: see `value_checks`.

    Attributes:
        spread: second moments of the relative error of each band of customers, less what luck and
            open parameters account for (BANDS × BANDS).
        drift: variance of the relative error of single customers' purchases, less the same: how
            much more they change their habits than the models know.
        checks: number of checks; 0 where the history has room for none.
        table: one row a check.
    """

    spread: np.ndarray
    drift: float
    checks: int
    table: pd.DataFrame

    @property
    def usual(self) -> float | None:
        """The root mean square of the checks' relative errors; None without a check."""
        if not self.checks:
            return None
        missed = self.table["revenue_bias"].dropna()
        return float(np.sqrt(np.square(missed).mean())) if len(missed) else None

    @property
    def covered(self) -> float | None:
        """The share of customers who came within their own range; None without a check."""
        if not self.checks:
            return None
        return float(np.average(self.table["covered"], weights=self.table["customers"]))

    def factors(self, replicates: int, rng: np.random.Generator) -> np.ndarray:
        """Return drawn factors on the value of each band: replicates × BANDS, never below 0.

        Student's t with as many degrees as checks: few checks tell little of the usual error.
        """
        if not self.checks:
            return np.ones((replicates, BANDS))
        root, vectors = np.linalg.eigh(self.spread)
        normal = rng.standard_normal((replicates, BANDS)) * np.sqrt(np.maximum(root, 0.0))
        wide = np.sqrt(self.checks / rng.chisquare(self.checks, (replicates, 1)))
        return np.maximum(1.0 + (normal @ vectors.T) * wide, 0.0)


NO_CHECK = ModelError(np.zeros((BANDS, BANDS)), 0.0, 0, pd.DataFrame())


def bands(expected: np.ndarray) -> np.ndarray:
    """Return the third of the customers (0 lowest) that each belongs to by expected purchases."""
    rank = np.empty(len(expected), dtype=np.int64)
    rank[np.argsort(expected, kind="stable")] = np.arange(len(expected))
    return rank * BANDS // max(len(expected), 1)


@dataclass(frozen=True)
class Ranges:
    """Ranges that hold what will come with the probability asked for.

    Attributes:
        low, high: of each customer, in the order of the summary (money).
        variance: of each customer (money squared).
        sums: drawn sums of each group, draws × groups (money).
        level: the probability.
    """

    low: np.ndarray
    high: np.ndarray
    variance: np.ndarray
    sums: np.ndarray
    level: float

    @property
    def of_sums(self) -> tuple[np.ndarray, np.ndarray]:
        """The range of each group's sum."""
        return between(self.sums, self.level)


def between(draws: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the middle `level` of the draws (rows), for each column.

    The k-th of n draws is taken as the quantile k / (n + 1): one more draw falls below it just so
    often, however few draws there are.
    """
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(draws, [tail, 1.0 - tail], axis=0, method="weibull")
    return low, high


def value_ranges(
    summary: pd.DataFrame,
    *,
    purchases: DrawnPurchases,
    spending: DrawnSpending,
    ends: np.ndarray,
    weights: np.ndarray,
    members: np.ndarray | None = None,
    error: ModelError | None = None,
    replicates: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Ranges:
    """Return where Σ weight · revenue of the spans up to `ends` should lie, by simulation.

    A draw takes the models' parameters from what the data leave open (normal around the fit, on
    the log scale); then for each customer the purchase rate and the moment of leaving from what
    the history leaves open (their posterior), the purchases of each span, and what they cost; then
    the models' own error, as seen in earlier checks (`error`; None leaves it out): a factor for
    each third of the customers by expected purchases, and one for each customer. A base of many
    customers gets fewer draws, at least 200.

    Columns in: those of `clv`. `ends` in the unit of the summary; `weights` one a span (margin ×
    discount); `members` groups × customers, 1 where a customer belongs (by default all in one).

    Raises:
        MetricError: fewer than 20 replicates, or models that cannot be drawn from.
    """
    if replicates < 20:
        raise MetricError(f"{replicates} replicates give no interval", hint="Take 20 or more.")
    for model, needed in ((purchases, "ahead"), (spending, "spent")):
        if not hasattr(model, needed):
            raise MetricError(f"{type(model).__name__} forecasts, but cannot be drawn from")
    size = len(summary)
    if members is None:
        members = np.ones((1, size))
    used = int(min(replicates, max(FEWEST, CUSTOMER_DRAWS // max(size, 1))))
    low, high, variance = np.empty(size), np.empty(size), np.empty(size)
    sums = np.zeros((used, len(members)))
    for part, worth in _drawn(
        summary, purchases, spending, ends, weights, error or NO_CHECK, used, seed
    ):
        low[part], high[part] = between(worth, level)
        variance[part] = worth.var(axis=0, ddof=1)
        sums += worth @ members[:, part].T
    return Ranges(low, high, variance, sums, level)


def _drawn(
    summary: pd.DataFrame,
    purchases: DrawnPurchases,
    spending: DrawnSpending,
    ends: np.ndarray,
    weights: np.ndarray,
    error: ModelError,
    replicates: int,
    seed: int,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield for slices of customers what they bring in each draw: replicates × customers."""
    rng = np.random.default_rng(seed)
    models = [(purchases.drawn(rng), spending.drawn(rng)) for _ in range(-(-replicates // LUCK))]
    factors = error.factors(replicates, rng)
    band = bands(purchases.expected_for(summary, float(ends[-1])))
    for start in range(0, len(summary), _CHUNK):
        part = slice(start, start + _CHUNK)
        rows = summary.iloc[part]
        worth = np.empty((len(models) * LUCK, len(rows)))
        for k, (buying, paying) in enumerate(models):
            bought = buying.ahead(rows, ends, rng, LUCK)
            count = bought.sum(axis=2)
            money = paying.spent(rows, count, rng)
            worth[k * LUCK : (k + 1) * LUCK] = money * (bought @ weights) / np.maximum(count, 1)
        worth = worth[:replicates] * factors[:, band[part]]
        if error.drift > 0.0:
            worth *= rng.gamma(1.0 / error.drift, error.drift, worth.shape)
        yield part, worth


def clv_interval(
    summary: pd.DataFrame,
    *,
    purchases: DrawnPurchases,
    spending: SpendingModel,
    groups: pd.Series | None = None,
    margin: float = 1.0,
    discount_rate: float = 0.10,
    horizon: int = 12,
    unit: TimeUnit = "W",
    replicates: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    error: ModelError | None = None,
) -> pd.DataFrame:
    """Return the value of all customers and of each group, and where it should really end up.

    The range is that of what the customers will bring, not of its expectation: with probability
    `level` the discounted margin on their purchases up to the horizon lies in it, given that the
    margin is right. It holds the luck of purchases and of what they cost, what each history leaves
    open about its customer, what the data leave open about the models' parameters, and, where
    `error` is given, how far the models missed in earlier checks. It holds no change that those
    checks did not see. See `value_ranges`.

    Columns out, one row for `All` and one a group: `group`, `customers` (int64), `clv` (total,
    money), `low`, `high` (money), `mean_clv`, `mean_low`, `mean_high` (money a customer),
    `replicates` (int64, draws used). `groups` has one label a row of `summary`.

    Raises:
        MetricError: as `clv` and `value_ranges`.
    """
    terms = Terms(margin, discount_rate, horizon, unit)
    found = clv(
        summary, purchases=purchases, spending=spending, margin=margin,
        discount_rate=discount_rate, horizon=horizon, unit=unit,
    )["clv"].to_numpy()  # fmt: skip
    names, members = membership(groups, len(summary))
    ranges = value_ranges(
        summary, purchases=purchases, spending=spending, ends=terms.months,
        weights=terms.margin * terms.discounts, members=members, error=error,
        replicates=replicates, seed=seed, level=level,
    )  # fmt: skip
    return interval_table(names, members, found, ranges)


def membership(groups: pd.Series | None, customers: int) -> tuple[list[str], np.ndarray]:
    """Return `All` and the groups in order, and who belongs to each: groups × customers."""
    label = np.full(customers, "All") if groups is None else groups.to_numpy()
    names = ["All", *([] if groups is None else sorted(pd.unique(label)))]
    own = (np.equal(label, name) for name in names[1:])
    return names, np.stack([np.ones(customers), *own]) * 1.0


def interval_table(
    names: list[str], members: np.ndarray, clv: np.ndarray, ranges: Ranges
) -> pd.DataFrame:
    """Return the frame of `clv_interval` of groups whose sums have been drawn."""
    (low, high), total, counts = ranges.of_sums, members @ clv, members.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):  # no customers: no mean
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
                "replicates": len(ranges.sums),
            }
        )
