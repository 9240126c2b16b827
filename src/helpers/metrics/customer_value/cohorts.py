"""Cohorts by first observed purchase: who came back, and what they brought in."""

from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from helpers.metrics.customer_value.frames import purchase_rows

CohortUnit = Literal["M", "Q", "Y"]


def _periods(orders: pd.DataFrame, as_of: date, freq: CohortUnit) -> pd.DataFrame:
    rows = purchase_rows(orders, as_of=as_of)
    period = rows["day"].dt.to_period(freq)
    bought = rows["revenue"] >= 0
    first = rows[bought].groupby("customer_id", observed=True)["day"].min().dt.to_period(freq)
    cohort = rows["customer_id"].map(first)
    frame = rows.assign(period=period, cohort=cohort, bought=bought).dropna(subset=["cohort"])
    age = frame["period"].astype("int64") - frame["cohort"].astype("int64")
    return frame.assign(age=age.to_numpy())[age.to_numpy() >= 0]


def _grid(frame: pd.DataFrame, as_of: date, freq: CohortUnit) -> pd.DataFrame:
    """Return every cohort × age up to the youngest age of the oldest cohort, `complete` or not."""
    cohorts = pd.PeriodIndex(sorted(frame["cohort"].unique()), freq=freq)
    if not len(cohorts):
        return pd.DataFrame(
            {
                "cohort": cohorts,
                "age": np.empty(0, dtype=np.int64),
                "complete": np.empty(0, dtype=bool),
            }
        )
    last = pd.Period(pd.Timestamp(as_of), freq=freq)
    ages = np.arange((last - cohorts[0]).n + 1)
    grid = pd.MultiIndex.from_product([cohorts, ages], names=["cohort", "age"]).to_frame(
        index=False
    )
    ordinal = pd.PeriodIndex(grid["cohort"]).asi8 + grid["age"].to_numpy()
    cell = pd.arrays.PeriodArray(ordinal, dtype=pd.PeriodDtype(freq))
    ended = pd.PeriodIndex(cell).end_time.normalize()
    return grid.assign(complete=np.asarray(ended <= pd.Timestamp(as_of)))


def cohort_retention(orders: pd.DataFrame, *, as_of: date, freq: CohortUnit = "M") -> pd.DataFrame:
    """Return the share of each cohort that bought again in each period of its life.

    retention_rate(c, k) = customers of cohort c who bought in its k-th period / customers of c.
    The cohort is the period of the first observed purchase; where the history is cut off on the
    left, it is not the period of acquisition.

    Columns in: `customer_id`, `ordered_at`, `revenue`. Columns out, one row per cohort and age
    from 0: `cohort` (text such as `2017-03`), `age` (int64, periods), `customers` (int64, of the
    cohort), `active` (float64), `retention_rate` (share). Cells that lie after `as_of`, or whose
    period is not over by then, are NaN, never 0. Returns alone are no purchase.

    Raises:
        MetricError: as `rfm_summary`.
    """
    frame = _periods(orders, as_of, freq)
    bought = frame[frame["bought"]]
    active = bought.groupby(["cohort", "age"])["customer_id"].nunique().rename("active")
    table = _with_size(_grid(frame, as_of, freq), bought).merge(
        active.reset_index(), on=["cohort", "age"], how="left"
    )
    seen = table["active"].fillna(0.0).where(table["complete"]).astype(float)
    return pd.DataFrame(
        {
            "cohort": table["cohort"].astype(str),
            "age": table["age"].astype("int64"),
            "customers": table["customers"],
            "active": seen,
            "retention_rate": seen / table["customers"],
        }
    )


def cohort_revenue(orders: pd.DataFrame, *, as_of: date, freq: CohortUnit = "M") -> pd.DataFrame:
    """Return what each cohort brought in, in each period of its life and up to then.

    Columns in and grain as `cohort_retention`. Columns out: `cohort`, `age`, `customers` (int64,
    of the cohort), `revenue` (money, net of returns), `revenue_per_customer` and
    `cumulative_revenue_per_customer` (money a customer of the cohort, bought or not). Censored
    cells are NaN.

    Raises:
        MetricError: as `rfm_summary`.
    """
    frame = _periods(orders, as_of, freq)
    revenue = frame.groupby(["cohort", "age"])["revenue"].sum()
    table = _with_size(_grid(frame, as_of, freq), frame[frame["bought"]]).merge(
        revenue.reset_index(), on=["cohort", "age"], how="left"
    )
    money = table["revenue"].fillna(0.0).where(table["complete"]).astype(float)
    each = money / table["customers"]
    return pd.DataFrame(
        {
            "cohort": table["cohort"].astype(str),
            "age": table["age"].astype("int64"),
            "customers": table["customers"],
            "revenue": money,
            "revenue_per_customer": each,
            "cumulative_revenue_per_customer": each.groupby(table["cohort"]).cumsum(),
        }
    )


def _with_size(grid: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    size = bought.groupby("cohort")["customer_id"].nunique()
    return grid.assign(customers=grid["cohort"].map(size).astype("int64"))


def recent_cohorts(table: pd.DataFrame, value: str, *, youngest: int = 1) -> pd.DataFrame:
    """Return the last 12 cohorts of which something is seen, at ages `youngest` to 12."""
    shown = table[table["age"].between(youngest, 12)]
    seen = shown.loc[shown[value].notna(), "cohort"]
    return shown[shown["cohort"].isin(sorted(seen.unique())[-12:])].reset_index(drop=True)
