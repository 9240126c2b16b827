"""How far down the list an action pays: profit curves, threshold, sensitivity, back-test."""

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import NormalDist

import numpy as np
import pandas as pd

from helpers.metrics.churn.at_risk import Action, value_at_stake
from helpers.metrics.churn.study import Study
from helpers.metrics.churn.trust import trust
from helpers.metrics.writing import Write, plain

_WRITTEN = ("probability", "daily_revenue", "value_at_stake", "expected_loss", "expected_gain")


@dataclass(frozen=True)
class Threshold:
    """The best single threshold on the probability, and what it would bring.

    Attributes:
        probability: contact customers at or above it; NaN where contacting nobody is best.
        contacts: number of customers at or above it.
        profit: expected profit (currency), 0 where nobody is contacted.
    """

    probability: float
    contacts: int
    profit: float


def best_threshold(listed: pd.DataFrame) -> Threshold:
    """Return the threshold on the probability that maximises the expected profit.

    Formula: argmax_t Σ_{p ≥ t} expected gain, over the probabilities that occur; nobody counts as
    a choice, with profit 0. Where values differ between customers, choosing by expected gain (the
    column `contact`) never earns less than any threshold.
    """
    if listed.empty:
        return Threshold(float("nan"), 0, 0.0)
    ordered = listed.sort_values("probability", ascending=False, kind="stable")
    p = ordered["probability"].to_numpy()
    total = np.cumsum(ordered["expected_gain"].to_numpy())
    last = np.flatnonzero(np.r_[np.diff(p) < 0, True])
    best = last[np.argmax(total[last])]
    if total[best] <= 0:
        return Threshold(float("nan"), 0, 0.0)
    return Threshold(float(p[best]), int(best + 1), float(total[best]))


def profit_curve(listed: pd.DataFrame, *, points: int = 50) -> pd.DataFrame:
    """Return the expected profit by how many customers are contacted, best ones first.

    Columns out: `contacted` float64 (share of the listed), `customers` int64, `profit` float64
    (currency, cumulative expected gain). Grain: one row per share, from nobody to where the
    profit has fallen as far below zero as half its peak (to a fifth of the customers where
    nothing pays, to everybody where it never falls so far); groups of fewer than 8 customers are
    left out but for nobody.
    """
    gain = listed["expected_gain"].sort_values(ascending=False).to_numpy(dtype="float64")
    total = np.r_[0.0, np.cumsum(gain)]
    peak = float(total.max())
    below = np.flatnonzero(total < -peak / 2)
    last = len(gain) if not len(below) else int(below[0])
    if peak <= 0:
        last = math.ceil(len(gain) / 5)
    sizes = np.unique(np.linspace(0, last, points + 1).round().astype(int))
    sizes = sizes[(sizes == 0) | (sizes >= 8)]
    return pd.DataFrame(
        {
            "contacted": sizes / max(len(gain), 1),
            "customers": sizes.astype("int64"),
            "profit": total[sizes],
        }
    )


def sensitivity(
    listed: pd.DataFrame, *, action: Action, success_rates: list[float], contact_costs: list[float]
) -> pd.DataFrame:
    """Return contacts and expected profit of the best choice under other assumptions.

    Columns out: `success_rate`, `contact_cost` float64, `contacts` int64, `profit` float64
    (currency). Grain: one row per pair of assumptions.
    """
    p, value = listed["probability"].to_numpy(), listed["value_at_stake"].to_numpy()
    rows = []
    for rate in success_rates:
        for cost in contact_costs:
            gain = replace(action, success_rate=rate, contact_cost=cost).gain(p, value)
            rows.append((rate, cost, int((gain > 0).sum()), float(gain[gain > 0].sum())))
    return pd.DataFrame(rows, columns=["success_rate", "contact_cost", "contacts", "profit"])


def other_assumptions(
    listed: pd.DataFrame, *, action: Action, write: Write = plain
) -> pd.DataFrame:
    """Return the expected profit at half to four times the success rate and the cost of a contact.

    Columns out: `success`, `cost` string (as written for the reader), `profit` float64 (currency).
    Grain: one row per pair; the action's own values are among them. Empty for an empty list.
    """
    if listed.empty:
        return pd.DataFrame({"success": [], "cost": [], "profit": []})
    factors = (0.5, 1.0, 2.0, 4.0)
    rates = sorted({min(1.0, action.success_rate * f) for f in factors})
    costs = sorted({action.contact_cost * f for f in factors})
    table = sensitivity(listed, action=action, success_rates=rates, contact_costs=costs)
    return pd.DataFrame(
        {
            "success": [write(rate, "share") for rate in table["success_rate"]],
            "cost": [write(cost, "currency") for cost in table["contact_cost"]],
            "profit": table["profit"],
        }
    )


def break_even_success(listed: pd.DataFrame, *, action: Action) -> float:
    """Return the least success rate at which contacting anybody pays; NaN where none up to 1 does.

    Formula: min over customers of (c + (1 − p)·δ) / (p·(V − δ)), for those with V > δ.
    """
    p, value = listed["probability"].to_numpy(), listed["value_at_stake"].to_numpy()
    worth = (value > action.incentive_cost) & (p > 0)
    if not worth.any():
        return float("nan")
    cost = action.contact_cost + (1 - p[worth]) * action.incentive_cost
    least = float((cost / (p[worth] * (value[worth] - action.incentive_cost))).min())
    return least if least <= 1 else float("nan")


def with_value(found: Study, visits: pd.DataFrame, *, action: Action) -> pd.DataFrame:
    """Return a study's test with what was at stake then, and the best plain rule as `rule`.

    Columns out: those of `Study.test`, `value_at_stake` float64 (currency, from rows up to the test
    cut-off), `rule` float64 (probability). Grain: one row per tested customer; empty without a
    prediction.
    """
    if not found.usable or found.cutoffs is None:
        return found.test.assign(value_at_stake=[], rule=[])
    day = found.cutoffs.test
    stake = value_at_stake(
        visits[visits["day"] < pd.Timestamp(day + timedelta(days=1))],
        as_of=day,
        window=found.window,
        customers=pd.Index(found.test["customer_id"]),
        action=action,
    )
    return found.test.assign(
        value_at_stake=stake["value_at_stake"].to_numpy(),
        rule=found.test[found.columns[trust(found).rule]],
    )


def backtest_policies(
    test: pd.DataFrame, *, action: Action, rule: str = "rule", draws: int = 400, seed: int = 0
) -> pd.DataFrame:
    """Return what each way to choose would have earned on the test period, had the action worked.

    The same action, at its assumed success rate, offered to: those whom the model's expected gain
    chooses; as many chosen by the plain rule; everybody; nobody (0).

    Formula: Σ over the contacted of `Action.result` with the outcomes seen; interval by bootstrap
    of customers.

    Columns in: `customer_id`, `lapsed` bool, `probability`, `value_at_stake`, and `rule`, the
    column of the plain rule's probability. Columns out: `choice` string, `customers` int64,
    `lapsed` int64 (among them), `profit`, `low`, `high` float64 (currency). Grain: one row per way.
    """
    test = test.sort_values("customer_id", kind="stable")
    p, value = test["probability"].to_numpy(), test["value_at_stake"].to_numpy()
    lapsed = test["lapsed"].to_numpy(dtype=bool)
    chosen = action.gain(p, value) > 0
    by_rule = np.zeros(len(p), dtype=bool)
    by_rule[np.argsort(-test[rule].to_numpy(), kind="stable")[: chosen.sum()]] = True
    result = action.result(lapsed, value)
    size = len(p)
    if not size:
        return pd.DataFrame(columns=["choice", "customers", "lapsed", "profit", "low", "high"])
    weights = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), draws)
    rows = []
    for name, who in (
        ("chosen by the prediction", chosen),
        ("as many, by the plain rule", by_rule),
        ("everybody", np.ones(size, dtype=bool)),
    ):
        low, high = np.quantile(weights @ (result * who), [0.025, 0.975])
        counts = int(who.sum()), int((who & lapsed).sum())
        rows.append((name, *counts, float(result[who].sum()), float(low), float(high)))
    return pd.DataFrame(rows, columns=["choice", "customers", "lapsed", "profit", "low", "high"])


def borne_out(tries: pd.DataFrame | None) -> str:
    """Return what a back-test says of acting on the prediction: paid, open, lost, or nothing.

    `paid` where the 95 % interval of its first row (the choice by the prediction) lies above 0,
    `lost` where it lies below, `open` where it holds 0; empty where nobody would have been
    contacted, or nothing was tested. Columns in: those of `backtest_policies`.
    """
    if tries is None or tries.empty or not tries["customers"].iloc[0]:
        return ""
    low, high = float(tries["low"].iloc[0]), float(tries["high"].iloc[0])
    return "paid" if low > 0 else "lost" if high < 0 else "open"


def control_group(listed: pd.DataFrame, *, action: Action, power: float = 0.8) -> tuple[int, float]:
    """Return how many of the contacts to leave alone, to learn the true success rate.

    Formula: with k contacts of mean risk p, half are held out at most; the difference in lapse
    rates that k/2 against k/2 can show (two-sided 5 %, power as given) is (1.96 + z_power) ·
    sqrt(4 p(1 − p)/k); as a success rate, that divided by p.

    Out: the size of the control group (half of the contacts, or fewer when fewer show the assumed
    success rate; 0 where there are not two contacts) and the least success rate that the test can
    show (NaN then).
    """
    contacts = listed[listed["contact"]]
    count, p = len(contacts), float(contacts["probability"].mean()) if len(contacts) else 0.0
    if count < 2 or p <= 0:
        return 0, float("nan")
    z = _reach(power)
    least = z * math.sqrt(4 * p * (1 - p) / count) / p
    shown = p * action.success_rate
    noise = p * (1 - p) * (z / shown) ** 2 if shown > 0 else math.inf
    # 1/control + 1/treated ≤ 1/noise: the smaller root, half of the contacts where there is none.
    room = 1 - 4 * noise / count
    control = count / 2 * (1 - math.sqrt(room)) if room > 0 else count / 2
    return min(math.ceil(control), count // 2), least


def contacts_needed(listed: pd.DataFrame, *, action: Action, power: float = 0.8) -> float:
    """Return how many contacts, half of them left alone, it takes to show the assumed success rate.

    Formula: 4 p(1 − p)·((1.96 + z_power)/(p·γ))², p the mean risk of the contacts and γ the success
    rate: `control_group` solved for k. NaN without contacts; infinite where the rate is zero.
    """
    p = float(listed.loc[listed["contact"], "probability"].mean())
    if not p > 0:
        return float("nan")
    if not action.success_rate > 0:
        return math.inf
    return 4 * p * (1 - p) * (_reach(power) / (p * action.success_rate)) ** 2


def _reach(power: float) -> float:
    return NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(power)


def with_control(
    listed: pd.DataFrame, *, action: Action, tries: pd.DataFrame | None = None, seed: int = 0
) -> pd.DataFrame:
    """Return the at-risk list with who is to be contacted and who is left alone to learn from.

    Columns in: those of `at_risk`. Columns out: also `do` string: `contact`, `leave alone` (a
    random part of those for whom contact is expected to pay) or empty. The part is as large as
    `control_group` says where the back-test (`tries`, of `backtest_policies`) bears the choice out,
    half where it leaves it open or there is none; where it lost, nobody is contacted.

    Grain: one row per customer; the same customers for the same list and `seed`, whatever the
    order of rows.
    """
    said, worth = borne_out(tries), listed["contact"].astype(bool)
    if said == "lost" or (said != "paid" and worth.sum() < 2):
        worth = worth & False
    size = control_group(listed, action=action)[0] if said == "paid" else int(worth.sum()) // 2
    chosen = np.sort(listed.loc[worth, "customer_id"].to_numpy(dtype=object))
    held = set(np.random.default_rng(seed).permutation(chosen)[:size]) if size else set()
    apart = listed["customer_id"].isin(held)
    rounded = listed.round({name: 4 if name == "probability" else 2 for name in _WRITTEN})
    return rounded.assign(do=np.select([apart, worth], ["leave alone", "contact"], ""))
