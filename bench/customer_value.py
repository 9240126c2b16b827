"""Customer value: published figures of the CDNOW sample, and speed beside `lifetimes` 0.11.3.

Rows of the same kind as the other parts: {name, value, reference, unit, note}. The sample is read
from DATA/cdnow/CDNOW_sample.txt, or from an installed `lifetimes`; the speeds need `lifetimes`, on
simulated customers, the same rows for both, timed in turn.
"""

import argparse
import importlib.util
import statistics
import time
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.metrics import customer_value as cv

CALIBRATION_END, HOLDOUT_END = date(1997, 9, 30), date(1998, 6, 30)
PUBLISHED: dict[str, tuple[Callable[[pd.DataFrame], Any], dict[str, float], float, int]] = {
    "BG/NBD": (
        cv.fit_bg_nbd, {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, -9582.4, 3,
    ),
    "Pareto/NBD": (
        cv.fit_pareto_nbd, {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, -9595.0, 3,
    ),
    "Gamma-Gamma": (cv.fit_gamma_gamma, {"p": 6.25, "q": 3.74, "v": 15.44}, -4055.9, 2),
}  # fmt: skip
HOLDOUT = {"BG/NBD": (1653, 0.626), "Pareto/NBD": (1666, 0.630)}


def row(name: str, value: object, reference: object, unit: str = "", note: str = "") -> dict:
    return {"name": name, "value": value, "reference": reference, "unit": unit, "note": note}


def skipped(name: str, why: str) -> dict:
    return row(name, None, None, note=f"skipped: {why}")


def sample(data: Path | None) -> Path | None:
    places = [] if data is None else [data / "cdnow" / "CDNOW_sample.txt"]
    package = importlib.util.find_spec("lifetimes")
    if package is not None and package.submodule_search_locations:
        places.append(Path(package.submodule_search_locations[0]) / "datasets" / "CDNOW_sample.txt")
    return next((path for path in places if path.is_file()), None)


def read(path: Path) -> pd.DataFrame:
    names = ["master", "customer_id", "day", "quantity", "revenue"]
    text = {"customer_id": str, "day": str}
    frame = pd.read_csv(path, sep=r"\s+", header=None, names=names, dtype=text)
    return frame.assign(ordered_at=pd.to_datetime(frame["day"], format="%Y%m%d"))


def figures(orders: pd.DataFrame) -> list[dict]:
    base = cv.calibration_holdout(orders, calibration_end=CALIBRATION_END, as_of=HOLDOUT_END)
    rows = [
        row("CDNOW customers", len(base), 2357, "count"),
        row("CDNOW holdout purchases, actual", int(base["actual"].sum()), 1882, "count"),
    ]
    for label, (fit, params, log_likelihood, digits) in PUBLISHED.items():
        found = fit(base)
        for name, reference in params.items():
            rows.append(row(f"{label} {name}", round(found.params[name], digits), reference))
        rows.append(row(f"{label} log-likelihood", round(found.log_likelihood, 1), log_likelihood,
                        note=found.verdict))  # fmt: skip
        if label in HOLDOUT:
            expected = found.expected_for(base, 39.0)
            total, correlation = HOLDOUT[label]
            fitted = cv.accuracy(base["actual"].to_numpy(), {label: expected}).iloc[0]
            rows.append(
                row(f"{label} holdout purchases", round(fitted["expected"]), total, "count")
            )
            rows.append(
                row(f"{label} holdout correlation", round(fitted["correlation"], 3), correlation)
            )
        else:
            mean = round(float(found.expected_average_value()), 1)
            rows.append(row("Gamma-Gamma mean purchase", mean, 35.2, "currency"))
    known = cv.BgNbdFit.at(r=0.243, alpha=4.414, a=0.793, b=2.426)
    one = (2, 30.43, 38.86)
    expected_one = round(float(known.expected_purchases(39, *one)), 3)
    rows.append(row("BG/NBD E[Y(39) | 2, 30.43, 38.86]", expected_one, 1.226))
    alive = round(float(known.probability_alive(*one)), 4)
    rows.append(row("BG/NBD P(alive | 2, 30.43, 38.86)", alive, 0.7266))
    return rows


def customers(size: int) -> pd.DataFrame:
    """Return simulated customers observed 26 to 51 weeks, days as the smallest step."""
    rng = np.random.default_rng(3)
    world = cv.BgNbdFit.at(r=0.243, alpha=4.414, a=0.793, b=2.426).simulate(
        rng.integers(182, 358, size) / 7.0, rng
    )
    whole_days = np.ceil(world["recency"] * 7.0) / 7.0
    spend = cv.GammaGammaFit.at(p=6.25, q=3.74, v=15.44).simulate(world["frequency"], rng)
    return world.assign(recency=np.minimum(whole_days, world["T"]), monetary_value=spend)


def in_turn(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Return the median seconds of each, timed A B A B after one call of each to warm up."""
    taken: tuple[list[float], list[float]] = ([], [])
    ours(), theirs()
    for _ in range(rounds):
        for kept, call in zip(taken, (ours, theirs), strict=True):
            start = time.perf_counter()
            call()
            kept.append(time.perf_counter() - start)
    return statistics.median(taken[0]), statistics.median(taken[1])


def speeds() -> list[dict]:
    if importlib.util.find_spec("lifetimes") is None:
        return [skipped("speed beside lifetimes", "`lifetimes` 0.11.3 is not installed")]
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    rows = []
    for size, least, rounds in ((25_000, 3, 5), (250_000, 10, 3)):
        base = customers(size)
        buyers = base[base["frequency"] > 0]
        histories = (base["frequency"], base["recency"], base["T"])
        spends = (buyers["frequency"], buyers["monetary_value"])
        pairs = [
            (
                "BG/NBD",
                f"at least {least}",
                cv.fit_bg_nbd,
                lambda h=histories: BetaGeoFitter().fit(*h),
            ),
            (
                "Gamma-Gamma",
                "at least 1",
                cv.fit_gamma_gamma,
                lambda s=spends: GammaGammaFitter().fit(*s),
            ),
        ]
        for label, reference, fit, other in pairs:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # lifetimes' own, about numpy
                seconds, theirs = in_turn(lambda f=fit, b=base: f(b), other, rounds)
                at = other().params_
            mine = fit(base)
            point = type(mine).at(**{name: float(value) for name, value in at.items()})
            gap = mine.log_likelihood - likelihood(point, base)
            rows.append(row(f"{label}, {size:,} customers: times faster than lifetimes",
                            round(theirs / seconds, 1), reference, "ratio",
                            f"{seconds:.3f} s against {theirs:.3f} s"))  # fmt: skip
            rows.append(row(f"{label}, {size:,} customers: log-likelihood above lifetimes",
                            round(gap, 6) + 0.0, "at least 0"))  # fmt: skip
    return rows


def likelihood(point: Any, base: pd.DataFrame) -> float:
    """Return the log-likelihood of the customers at given parameters, by one code for both fits."""
    from helpers.metrics.customer_value.gamma_gamma import Spending
    from helpers.metrics.customer_value.histories import Histories

    params = np.array(point.values)
    if isinstance(point, cv.GammaGammaFit):
        buyers = base[base["frequency"] > 0]
        spent = Spending.of(
            buyers["frequency"].to_numpy(dtype=float), buyers["monetary_value"].to_numpy()
        )
        return point.log_likelihood_at(params, spent)[0]
    return point.log_likelihood_at(params, Histories.of(base))[0]


def fallbacks(data: Path | None) -> list[dict]:
    """Return what becomes of the models on Online Retail, where they degenerate."""
    path = None if data is None else data / "online_retail" / "online_retail.parquet"
    if path is None or not path.is_file():
        return [skipped("Online Retail: degenerate fits", "DATA/online_retail is not there")]
    raw = pd.read_parquet(path)
    raw.columns = raw.columns.str.lower()
    raw = raw.assign(
        quantity=pd.to_numeric(raw["quantity"]), unitprice=pd.to_numeric(raw["unitprice"])
    )
    kept = raw[
        raw["customerid"].notna()
        & ~raw["invoiceno"].astype(str).str.startswith("C")
        & (raw["quantity"] > 0)
        & (raw["unitprice"] > 0)
    ]
    orders = pd.DataFrame(
        {
            "customer_id": kept["customerid"].astype(str),
            "ordered_at": pd.to_datetime(kept["invoicedate"]),
            "revenue": kept["quantity"] * kept["unitprice"],
        }
    )
    chosen = cv.choose_purchase_model(orders, as_of=date(2011, 12, 9))
    longest = max(
        float(fit.expected_for(chosen.summary, 52.18).max()) for fit in chosen.fits.values()
    )
    return [
        row("Online Retail customers", len(chosen.summary), 4338, "count"),
        row("Online Retail: BG/NBD verdict", chosen.fits["BG/NBD"].verdict, "not converged",
            note=chosen.fits["BG/NBD"].reason),
        row("Online Retail: model in use", chosen.used.label, "a fallback", note=chosen.reason),
        row("Online Retail: largest forecast for a year", round(longest, 1), "bounded", "count",
            "purchase days of one customer, over all models, also the refused"),
    ]  # fmt: skip


def main(data: Path | None) -> list[dict]:
    """Return one row for each figure measured; a part without its data says that it was skipped."""
    path = sample(data)
    if path is None:
        why = "DATA/cdnow is not there, and `lifetimes` is not installed"
        found = [skipped("CDNOW figures", why)]
    else:
        found = figures(read(path))
    return [*found, *fallbacks(data), *speeds()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    for line in main(parser.parse_args().data):
        print(f"{line['name']:62} {line['value']!s:>14}  {line['reference']!s:>18}  {line['note']}")
