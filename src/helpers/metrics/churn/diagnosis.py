"""Why the churn rate changed: mix and rate by a dimension, exactly, and who contributed."""

from datetime import timedelta

import numpy as np
import pandas as pd

from helpers.errors import MetricError, did_you_mean
from helpers.metrics.churn.activity import movements
from helpers.metrics.churn.segments import dimensions, segments
from helpers.metrics.churn.words import Write, plain, signed
from helpers.periods import Period


def churn_by_segment(
    visits: pd.DataFrame,
    *,
    period: Period,
    window: int,
    customers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the churn of a period by every dimension, each customer grouped as before the period.

    Columns out: `dimension`, `segment` string, `customers` int64 (active at the start), `lapsed`
    int64, `churn_rate` float64 (share). Grain: one row per dimension and segment.
    """
    start = period.start - timedelta(days=1)
    groups = segments(visits, as_of=start, window=window, customers=customers)
    moves = movements(visits, period=period, window=window).set_index("customer_id")["movement"]
    lapsed = moves.reindex(groups["customer_id"]).eq("lapsed").to_numpy()
    parts = []
    for name in dimensions(groups):
        found = (
            pd.DataFrame({"segment": groups[name].to_numpy(), "lapsed": lapsed})
            .groupby("segment")["lapsed"]
            .agg(customers="size", lapsed="sum")
            .reset_index()
        )
        parts.append(found.assign(dimension=name))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(churn_rate=table["lapsed"] / table["customers"])[
        ["dimension", "segment", "customers", "lapsed", "churn_rate"]
    ]


def decompose(now: pd.DataFrame, before: pd.DataFrame, *, dimension: str) -> pd.DataFrame:
    """Split the change of a churn rate into a mix and a rate effect of each segment.

    Formula (Kitagawa 1955, midpoint weights, no residual): with w the segment's share of the
    customers, r its rate, R the overall rate and bars for the mean of the two periods,
    mix = (w₁ − w₀)·(r̄ − R̄), rate = (r₁ − r₀)·w̄; Σ (mix + rate) = R₁ − R₀.

    Columns in: those of `churn_by_segment`. Columns out: `segment` string, `customers`,
    `customers_before` int64, `churn_rate`, `churn_rate_before` float64 (share), `mix`, `rate`,
    `effect` float64 (differences of shares; effect = mix + rate).

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
    n0, n1 = (t["customers"].reindex(names).fillna(0).to_numpy(float) for t in (first, last))
    if n0.sum() == 0 or n1.sum() == 0:
        return pd.DataFrame(columns=_COLUMNS)
    r0, r1 = (t["churn_rate"].reindex(names).to_numpy(float) for t in (first, last))
    r0, r1 = np.where(n0 > 0, r0, r1), np.where(n1 > 0, r1, r0)
    w0, w1 = n0 / n0.sum(), n1 / n1.sum()
    overall = ((w0 * r0).sum() + (w1 * r1).sum()) / 2
    mix, rate = (w1 - w0) * ((r0 + r1) / 2 - overall), (r1 - r0) * (w0 + w1) / 2
    table = pd.DataFrame(
        {
            "segment": names,
            "customers": n1.astype("int64"),
            "customers_before": n0.astype("int64"),
            "churn_rate": r1,
            "churn_rate_before": r0,
            "mix": mix,
            "rate": rate,
            "effect": mix + rate,
        }
    )
    order = (-table["effect"].abs()).round(12).argsort(kind="stable")
    return table.iloc[order].reset_index(drop=True)


_COLUMNS = [
    "segment", "customers", "customers_before", "churn_rate", "churn_rate_before", "mix", "rate",
    "effect",
]  # fmt: skip


def contributors(now: pd.DataFrame, before: pd.DataFrame, *, least: int = 8) -> pd.DataFrame:
    """Return the decomposition by every dimension, one row per dimension and segment.

    Columns out: `dimension` and those of `decompose`. Segments of fewer than `least` customers in
    both periods are summed into `other small groups`.
    """
    parts = []
    for name in dict.fromkeys(now["dimension"]):
        table = decompose(now, before, dimension=name)
        parts.append(_small_together(table, least).assign(dimension=name))
    found = [part for part in parts if len(part)]
    if not found:
        return pd.DataFrame(columns=["dimension", *_COLUMNS])
    return pd.concat(found, ignore_index=True)[["dimension", *_COLUMNS]]


def explain(
    now: pd.DataFrame,
    before: pd.DataFrame,
    *,
    dimension: str,
    compared_with: str,
    words: str = "",
    write: Write = plain,
) -> str:
    """Say how much the churn rate changed, how much of it is mix, and which segment moved it most.

    `compared_with` names the earlier period, `words` the dimension as a reader knows it.
    """
    table = decompose(now, before, dimension=dimension)
    if table.empty:
        return f"There is no churn rate of {compared_with} to compare with."
    change, mix, rate = (float(table[name].sum()) for name in ("effect", "mix", "rate"))
    if abs(change) < 0.0005:
        return f"The churn rate is the same as in {compared_with}."
    cause = (
        f"because customers of the same kind lapsed {'more' if rate > 0 else 'less'} often"
        if abs(rate) >= abs(mix)
        else "because there are more customers of the kinds that lapse "
        + ("often" if mix > 0 else "rarely")
    )
    named = table[(table["customers"] >= 8) & (np.sign(table["effect"]) == np.sign(change))]
    top = ""
    if len(named):
        by, row = words or dimension.replace("_", " "), named.iloc[0]
        effect = signed(float(row["effect"]), "points", write)
        top = f" By {by}, the group “{row['segment']}” moved it most ({effect})."
    parts = f"rate {signed(rate, 'points', write)}, mix {signed(mix, 'points', write)}"
    return (
        f"The churn rate {'rose' if change > 0 else 'fell'} by {write(abs(change), 'points')} "
        f"against {compared_with}, mainly {cause} ({parts}).{top}"
    )


def _small_together(table: pd.DataFrame, least: int) -> pd.DataFrame:
    small = (table["customers"] < least) & (table["customers_before"] < least)
    if not small.any():
        return table
    part = table[small]
    sums = part[["customers", "customers_before", "mix", "rate", "effect"]].sum()
    row = pd.DataFrame([{**sums, "segment": "other small groups"}])
    for name, size in (("churn_rate", "customers"), ("churn_rate_before", "customers_before")):
        total = part[size].sum()
        row[name] = (part[name] * part[size]).sum() / total if total else np.nan
    counts = {"customers": "int64", "customers_before": "int64"}
    return pd.concat([table[~small], row.astype(counts)], ignore_index=True)[_COLUMNS]
