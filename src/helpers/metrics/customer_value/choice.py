"""Choose the purchase model by evidence, and name the fallback when one is refused."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.customer_value.bg_nbd import BgNbdFit, MbgNbdFit
from helpers.metrics.customer_value.frames import purchase_rows
from helpers.metrics.customer_value.holdout import accuracy, calibration_holdout
from helpers.metrics.customer_value.nbd import NbdFit
from helpers.metrics.customer_value.pareto_nbd import ParetoNbdFit
from helpers.metrics.customer_value.purchase_fit import PurchaseFit
from helpers.metrics.customer_value.recent_rate import RecentRate, recent_rate, summary_with_recent

CANDIDATES: tuple[type[BgNbdFit] | type[ParetoNbdFit], ...] = (BgNbdFit, MbgNbdFit, ParetoNbdFit)
MIN_HISTORY_DAYS = 56


@dataclass(frozen=True)
class PurchaseChoice:
    """The purchase model in use, the evidence, and the reason in a sentence.

    Attributes:
        used: the fitted model, or the plain rule.
        rule: the plain rule, with the window that the history allows.
        fits: every candidate fitted to the whole history, by label.
        calibration_fits: every candidate fitted to what came before the holdout; empty without.
        table: one row a candidate: `model`, `verdict`, `reason`, `log_likelihood`, then the
            columns of `accuracy` (NaN without a holdout), then `used` (bool).
        holdout: the frame of `calibration_holdout`; None where the history is too short.
        summary: each customer's history up to `as_of`, with `recent`.
        calibration_end: the last day of the calibration, where there is a holdout.
        fallback: whether a model outside the candidates is used.
        reason: one sentence for the page.
    """

    used: PurchaseFit | RecentRate
    rule: RecentRate
    fits: dict[str, PurchaseFit]
    calibration_fits: dict[str, PurchaseFit]
    table: pd.DataFrame
    holdout: pd.DataFrame | None
    summary: pd.DataFrame
    calibration_end: date | None
    fallback: bool
    reason: str


def choose_purchase_model(
    orders: pd.DataFrame, *, as_of: date, holdout_days: int = 91, window_days: int = 90
) -> PurchaseChoice:
    """Return the purchase model that did best on the last `holdout_days`, refitted up to `as_of`.

    BG/NBD, MBG/NBD and Pareto/NBD are fitted to what came before the holdout and to everything;
    one that is not `converged` both times is refused. The best of the rest, by squared error a
    customer in the holdout, is used, unless the plain rule (purchases of the last `window_days` go
    on) beats it by more than two paired standard errors. With no candidate left, NBD and the rule
    stand in. Without room for a holdout (less than 3 × `holdout_days` of history shortens it, less
    than 56 days leaves none) the highest log-likelihood decides. Times are in weeks.

    Raises:
        MetricError: there is no order up to `as_of`, or as `rfm_summary`.
    """
    rows = purchase_rows(orders, as_of=as_of)
    if rows.empty:
        raise MetricError(f"there is no order up to {as_of}, so no purchase model can be fitted")
    history = (pd.Timestamp(as_of) - rows["day"].min()).days + 1
    length = min(holdout_days, history // 3)
    window_days = max(1, min(window_days, history - length))  # the rule has no longer memory
    summary = summary_with_recent(orders, as_of=as_of, window_days=window_days)
    fits = _fitted(summary)
    rule = recent_rate(window_days=window_days)
    if history < MIN_HISTORY_DAYS:
        return _without_holdout(fits, rule, summary)
    end = as_of - timedelta(days=length)
    holdout = calibration_holdout(orders, calibration_end=end, as_of=as_of, window_days=window_days)
    early = _fitted(holdout)
    expected = forecasts(holdout, early, rule)
    table = _table(fits, early, rule).merge(
        accuracy(holdout["actual"].to_numpy(), expected), on="model", how="left"
    )
    used, fallback, reason = _decided(fits, early, rule, expected, holdout["actual"].to_numpy())
    return PurchaseChoice(
        used=used,
        rule=rule,
        fits=fits,
        calibration_fits=early,
        table=table.assign(used=table["model"] == used.label),
        holdout=holdout,
        summary=summary,
        calibration_end=end,
        fallback=fallback,
        reason=reason,
    )


def _fitted(summary: pd.DataFrame) -> dict[str, PurchaseFit]:
    kinds: tuple[type[PurchaseFit], ...] = (*CANDIDATES, NbdFit)
    return {kind.label: kind.fit(summary) for kind in kinds}


def forecasts(
    holdout: pd.DataFrame, fits: dict[str, PurchaseFit], rule: RecentRate
) -> dict[str, np.ndarray]:
    """Return each model's and the rule's expected purchases in the holdout, a customer."""
    duration = float(holdout["duration"].iloc[0])
    found = {label: fit.expected_for(holdout, duration) for label, fit in fits.items()}
    return found | {rule.label: rule.expected_for(holdout, duration)}


def _decided(
    fits: dict[str, PurchaseFit],
    early: dict[str, PurchaseFit],
    rule: RecentRate,
    expected: dict[str, np.ndarray],
    actual: np.ndarray,
) -> tuple[PurchaseFit | RecentRate, bool, str]:
    squared = {label: np.square(forecast - actual) for label, forecast in expected.items()}
    labels = [kind.label for kind in CANDIDATES]
    sound = [name for name in labels if fits[name].usable and early[name].usable]
    fallback = not sound
    best = min(sound or [NbdFit.label], key=lambda name: float(squared[name].mean()))
    lead = squared[best] - squared[rule.label]
    error = lead.std(ddof=1) / np.sqrt(len(lead)) if len(lead) > 1 else np.inf
    refused = _refusals(labels, fits, early)
    if lead.mean() > 2.0 * error:
        why = f"The plain rule forecast the check period clearly better than {best} and is used."
        return rule, True, f"{refused}{why}"
    if fallback:
        return fits[best], True, f"{refused}NBD, a model in which nobody leaves, is used instead."
    if lead.mean() < -2.0 * error:
        why = f"{best} is used: it forecast the check period clearly better than the plain rule."
    else:
        why = (
            f"{best} is used: it is the best of the sound models, "
            "but not clearly better than the plain rule."
        )
    return fits[best], False, f"{refused}{why}"


def _refusals(
    labels: list[str], fits: dict[str, PurchaseFit], early: dict[str, PurchaseFit]
) -> str:
    texts: dict[str, list[str]] = {}
    for name in labels:
        bad = next((fit for fit in (fits[name], early[name]) if not fit.usable), None)
        if bad is not None:
            texts.setdefault(bad.reason, []).append(name)
    joined = "; ".join(f"{' and '.join(names)} ({reason})" for reason, names in texts.items())
    return f"Refused: {joined}. " if joined else ""


def _without_holdout(
    fits: dict[str, PurchaseFit], rule: RecentRate, summary: pd.DataFrame
) -> PurchaseChoice:
    labels = [kind.label for kind in CANDIDATES if fits[kind.label].usable]
    best = max(labels, key=lambda name: fits[name].log_likelihood) if labels else NbdFit.label
    table = _table(fits, fits, rule)
    refused = _refusals([kind.label for kind in CANDIDATES], fits, fits)
    blank = dict.fromkeys(("expected", "actual", "bias", "mae", "rmse", "correlation"), np.nan)
    return PurchaseChoice(
        used=fits[best],
        rule=rule,
        fits=fits,
        calibration_fits={},
        table=table.assign(**blank, used=table["model"] == best),
        holdout=None,
        summary=summary,
        calibration_end=None,
        fallback=not labels,
        reason=f"{refused}The history is too short for a check on later purchases; {best} is used "
        "on its likelihood alone.",
    )


def _table(
    fits: dict[str, PurchaseFit], early: dict[str, PurchaseFit], rule: RecentRate
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for label, fit in fits.items():
        bad = next((one for one in (fit, early[label]) if not one.usable), fit)
        rows.append(
            {
                "model": label,
                "verdict": bad.verdict,
                "reason": bad.reason,
                "log_likelihood": fit.log_likelihood,
            }
        )
    rows.append({"model": rule.label, "verdict": "rule", "reason": "", "log_likelihood": np.nan})
    return pd.DataFrame(rows)
