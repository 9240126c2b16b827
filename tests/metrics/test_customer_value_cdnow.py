"""Every published figure of the CDNOW sample, where the data is: it is not free to be copied here.

It is read from an installed `lifetimes` package, or from CRM_BENCH_DATA/cdnow/CDNOW_sample.txt.
Sources: Fader, Hardie & Lee (2005); Fader & Hardie, notes 005, 008, 009 and 025.
"""

import os
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.metrics import customer_value as cv


def sample() -> Path | None:
    given = os.environ.get("CRM_BENCH_DATA")
    places = [Path(given) / "cdnow" / "CDNOW_sample.txt"] if given else []
    package = find_spec("lifetimes")
    if package is not None and package.submodule_search_locations:
        places.append(Path(package.submodule_search_locations[0]) / "datasets" / "CDNOW_sample.txt")
    return next((path for path in places if path.is_file()), None)


pytestmark = pytest.mark.skipif(
    sample() is None,
    reason="the CDNOW sample is neither in an installed `lifetimes` nor in CRM_BENCH_DATA",
)
CALIBRATION_END, HOLDOUT_END = date(1997, 9, 30), date(1998, 6, 30)


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    path = sample()
    assert path is not None
    names = ["master", "customer_id", "day", "quantity", "revenue"]
    frame = pd.read_csv(
        path, sep=r"\s+", header=None, names=names, dtype={"customer_id": str, "day": str}
    )
    return frame.assign(ordered_at=pd.to_datetime(frame["day"], format="%Y%m%d"))


@pytest.fixture(scope="module")
def holdout(orders: pd.DataFrame) -> pd.DataFrame:
    return cv.calibration_holdout(orders, calibration_end=CALIBRATION_END, as_of=HOLDOUT_END)


def test_the_calibration_period_is_the_published_one(holdout: pd.DataFrame) -> None:
    assert len(holdout) == 2357
    first = holdout.iloc[0]  # Fader & Hardie, note 004: x = 2, t_x = 30.43, T = 38.86, m = 22.35
    assert round(float(first["recency"]), 2) == 30.43
    assert round(float(first["T"]), 2) == 38.86
    assert round(float(first["monetary_value"]), 3) == 22.345
    assert holdout["actual"].sum() == 1882
    assert holdout["duration"].iloc[0] == 39.0


@pytest.mark.parametrize(
    ("fit", "params", "log_likelihood"),
    [
        (cv.fit_bg_nbd, {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, -9582.4),
        (cv.fit_pareto_nbd, {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, -9595.0),
    ],
)
def test_purchase_models_reach_the_published_fit(
    holdout: pd.DataFrame, fit: object, params: dict[str, float], log_likelihood: float
) -> None:
    found = fit(holdout)  # type: ignore[operator]
    assert found.verdict == "converged"
    assert {name: round(value, 3) for name, value in found.params.items()} == params
    assert round(found.log_likelihood, 1) == log_likelihood


def test_gamma_gamma_reaches_the_published_fit(holdout: pd.DataFrame) -> None:
    found = cv.fit_gamma_gamma(holdout)
    assert found.verdict == "converged"
    assert found.customers == 946
    rounded = {name: round(value, 2) for name, value in found.params.items()}
    assert rounded == {"p": 6.25, "q": 3.74, "v": 15.44}
    assert round(found.log_likelihood, 1) == -4055.9
    assert round(float(found.expected_average_value()), 1) == 35.2


@pytest.mark.parametrize(
    ("fit", "expected", "correlation"),
    [(cv.fit_bg_nbd, 1653, 0.626), (cv.fit_pareto_nbd, 1666, 0.630)],
)
def test_the_holdout_is_forecast_as_published(
    holdout: pd.DataFrame, fit: object, expected: int, correlation: float
) -> None:
    found = fit(holdout)  # type: ignore[operator]
    row = cv.accuracy(holdout["actual"], {"model": found.expected_for(holdout, 39.0)}).iloc[0]
    assert round(row["expected"]) == expected
    assert round(row["correlation"], 3) == correlation


def test_weekly_tracking_ends_at_the_actual_total(
    orders: pd.DataFrame, holdout: pd.DataFrame
) -> None:
    fit = cv.fit_bg_nbd(holdout)
    path = cv.weekly_tracking(orders, fit, calibration_end=CALIBRATION_END, as_of=HOLDOUT_END)
    assert len(path) == 78
    assert path["actual_total"].iloc[-1] == holdout["frequency"].sum() + 1882
    assert abs(path["expected_total"].iloc[-1] / path["actual_total"].iloc[-1] - 1) < 0.05


def test_conditional_expectations_follow_the_diagonal(holdout: pd.DataFrame) -> None:
    # Figure 4 of Fader, Hardie & Lee (2005): 0 to 6 and 7+ purchases.
    fit = cv.fit_bg_nbd(holdout)
    table = cv.conditional_expectations(holdout, {"BG/NBD": fit.expected_for(holdout, 39.0)})
    wide = table.pivot(index="position", columns="series", values="purchases")
    assert table["group"].unique().tolist() == [*map(str, range(7)), "7+"]
    assert table.loc[table["series"] == "Actual", "customers"].sum() == 2357
    assert np.corrcoef(wide["Actual"], wide["BG/NBD"])[0, 1] > 0.99
