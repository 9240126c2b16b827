"""Why the churn rate changed: mix and rate by a dimension, exactly, and who contributed."""

from datetime import timedelta

import numpy as np
import pandas as pd

from helpers.errors import MetricError, did_you_mean
from helpers.metrics.churn.activity import movements
from helpers.metrics.churn.intervals import wilson
from helpers.metrics.churn.segments import dimensions, in_words, natural, segments
from helpers.metrics.writing import Write, plain, signed
from helpers.periods import Period


def churn_by_segment(
    visits: pd.DataFrame,
    *,
    period: Period,
    window: int,
    customers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the churn of a period by every dimension, each customer grouped as before the period.

    Columns out: `dimension`, `segment`, `split` (the dimension in words) string, `customers` int64
    (active at the start), `lapsed` int64, `churn_rate`, `low`, `high` float64 (share; Wilson),
    `revenue` float64 (currency, in the `window` days before; not below 0), `revenue_churn_rate`
    float64 (share; NaN without revenue). Grain: one row per dimension and segment.
    """
    start = period.start - timedelta(days=1)
    groups = segments(visits, as_of=start, window=window, customers=customers)
    moves = movements(visits, period=period, window=window).set_index("customer_id")
    moves = moves.reindex(groups["customer_id"])
    lapsed = moves["movement"].eq("lapsed").to_numpy()
    revenue = moves["revenue_before"].clip(lower=0).to_numpy()
    parts = []
    for name in dimensions(groups):
        facts = {"segment": groups[name].to_numpy(), "lapsed": lapsed, "revenue": revenue}
        facts |= {"revenue_lapsed": revenue * lapsed}
        rows = pd.DataFrame(facts)
        if isinstance(groups[name].dtype, pd.CategoricalDtype):
            rows["segment"] = groups[name].array
        found = rows.groupby("segment", observed=True).agg(
            customers=("lapsed", "size"),
            lapsed=("lapsed", "sum"),
            revenue=("revenue", "sum"),
            revenue_lapsed=("revenue_lapsed", "sum"),
        )
        found = found.set_axis(found.index.astype(str)).reset_index()
        if not isinstance(groups[name].dtype, pd.CategoricalDtype):
            found = found.sort_values("segment", key=lambda s: s.map(natural), kind="stable")
        parts.append(found.assign(dimension=name, split=in_words(name).capitalize()))
    table = pd.concat(parts, ignore_index=True)
    low, high = wilson(table["lapsed"], table["customers"])
    table = table.assign(
        churn_rate=table["lapsed"] / table["customers"],
        low=low,
        high=high,
        revenue_churn_rate=table["revenue_lapsed"] / table["revenue"].where(table["revenue"] > 0),
    )
    return table[_SEGMENT_COLUMNS]


def decompose(
    now: pd.DataFrame,
    before: pd.DataFrame,
    *,
    dimension: str,
    rate: str = "churn_rate",
    weight: str = "customers",
) -> pd.DataFrame:
    """Split the change of a rate into a mix and a rate effect of each segment.

    Formula (Kitagawa 1955, midpoint weights, no residual): with w the segment's share of the
    weight, r its rate, R the overall rate and bars for the mean of the two periods,
    mix = (w₁ − w₀)·(r̄ − R̄), rate = (r₁ − r₀)·w̄; Σ (mix + rate) = R₁ − R₀.

    Columns in: `dimension`, `segment`, `customers`, `rate` and `weight` (`customers`, or `revenue`
    for the revenue churn). Columns out: `segment` string, `customers`, `customers_before` int64,
    `now`, `before` float64 (the rates), `mix`, `rate`, `effect` float64 (differences of rates;
    effect = mix + rate).

    Grain: one row per segment of the dimension, largest effect first. A segment that is empty in
    one period takes its rate from the other, so all of its effect is mix. Empty where one of
    the periods has no customers.

    Raises:
        MetricError: the dimension is not there.

    Source: Kitagawa (1955), JASA 50, 1168–1194.
    """
    if dimension not in set(now["dimension"]) | set(before["dimension"]):
        raise MetricError(
            f"no dimension is called {dimension!r}", hint=did_you_mean(dimension, now["dimension"])
        )
    first, last = (t[t["dimension"] == dimension].set_index("segment") for t in (before, now))
    names = sorted(set(first.index) | set(last.index))
    c0, c1 = (t["customers"].reindex(names).fillna(0).to_numpy("int64") for t in (first, last))
    n0, n1 = (t[weight].reindex(names).fillna(0).to_numpy("float64") for t in (first, last))
    if n0.sum() <= 0 or n1.sum() <= 0:
        return pd.DataFrame(columns=_COLUMNS)
    r0, r1 = (t[rate].reindex(names).to_numpy("float64") for t in (first, last))
    r0, r1 = np.where(n0 > 0, r0, r1), np.where(n1 > 0, r1, r0)
    r0, r1 = np.nan_to_num(r0), np.nan_to_num(r1)  # empty in both: no weight, no effect
    w0, w1 = n0 / n0.sum(), n1 / n1.sum()
    overall = ((w0 * r0).sum() + (w1 * r1).sum()) / 2
    mix, own = (w1 - w0) * ((r0 + r1) / 2 - overall), (r1 - r0) * (w0 + w1) / 2
    table = pd.DataFrame(
        {
            "segment": names,
            "customers": c1,
            "customers_before": c0,
            "now": r1,
            "before": r0,
            "mix": mix,
            "rate": own,
            "effect": mix + own,
        }
    )
    order = (-table["effect"].abs()).round(12).argsort(kind="stable")
    return table.iloc[order].reset_index(drop=True)


BEHAVIOUR = ("spend", "rhythm", "known_for")
_COLUMNS = ["segment", "customers", "customers_before", "now", "before", "mix", "rate", "effect"]
_SEGMENT_COLUMNS = [
    *(
        "dimension",
        "segment",
        "split",
        "customers",
        "lapsed",
        "churn_rate",
        "low",
        "high",
        "revenue",
    ),
    "revenue_churn_rate",
]


def contributors(now: pd.DataFrame, before: pd.DataFrame, *, least: int = 8) -> pd.DataFrame:
    """Return the decomposition by every dimension, one row per dimension and segment.

    Columns out: `dimension`, `split` (in words) and those of `decompose`. Segments of fewer than
    `least` customers in both periods are summed into `other small groups`.
    """
    parts = []
    for name in dict.fromkeys(now["dimension"]):
        table = decompose(now, before, dimension=name)
        parts.append(
            _small_together(table, least).assign(dimension=name, split=in_words(name).capitalize())
        )
    found = [part for part in parts if len(part)]
    if not found:
        return pd.DataFrame(columns=["dimension", "split", *_COLUMNS])
    return pd.concat(found, ignore_index=True)[["dimension", "split", *_COLUMNS]]


def explain(
    table: pd.DataFrame,
    *,
    figure: str,
    compared_with: str,
    split: str,
    write: Write = plain,
) -> str:
    """Say how much a rate changed, how much of it is mix, and which segment moved it most.

    Columns in: those of `decompose`. `figure` names the rate, `compared_with` the earlier period,
    `split` the dimension, all as a reader knows them.
    """
    if table.empty:
        return f"{figure}: there is nothing in {compared_with} to compare with."
    change, mix, rate = (float(table[name].sum()) for name in ("effect", "mix", "rate"))
    if abs(change) < 0.0005:
        return f"{figure} is the same as in {compared_with}."
    up = change > 0
    if abs(rate) >= abs(mix):
        cause = (
            f"mostly because the same kinds of customers show a {'higher' if up else 'lower'} rate"
        )
    else:
        cause = f"mostly because kinds with a {'higher' if up else 'lower'} rate have more weight"
    named = table[(table["customers"] >= 8) & (np.sign(table["effect"]) == np.sign(change))]
    top = ""
    if len(named):
        row = named.iloc[0]
        effect = signed(float(row["effect"]), "points", write)
        top = f" By {split}, “{row['segment']}” moved it most ({effect})."
    parts = f"rates {signed(rate, 'points', write)}, mix {signed(mix, 'points', write)}"
    return (
        f"{figure} {'rose' if up else 'fell'} by {write(abs(change), 'points')} against "
        f"{compared_with}, {cause} ({parts}).{top}"
    )


def _small_together(table: pd.DataFrame, least: int) -> pd.DataFrame:
    small = (table["customers"] < least) & (table["customers_before"] < least)
    if not small.any():
        return table
    part = table[small]
    sums = part[["customers", "customers_before", "mix", "rate", "effect"]].sum()
    row = pd.DataFrame([{**sums, "segment": "other small groups"}])
    for name, size in (("now", "customers"), ("before", "customers_before")):
        total = part[size].sum()
        row[name] = (part[name] * part[size]).sum() / total if total else np.nan
    counts = {"customers": "int64", "customers_before": "int64"}
    return pd.concat([table[~small], row.astype(counts)], ignore_index=True)[_COLUMNS]
