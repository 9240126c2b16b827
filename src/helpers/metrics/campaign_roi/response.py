"""How sure a response rate is, when one customer may be on several lists."""

import numpy as np
import pandas as pd

from helpers.metrics.campaign_roi.frames import require_columns

_Z = 1.959964


def response_interval(outcomes: pd.DataFrame) -> tuple[float, float]:
    """Return the 95 % interval of the share of contacts that responded, clustered by customer.

    p = Σ y / Σ m over customers with m contacts and y responses; its variance is the linearised
    one of a ratio, k/(k−1) · Σ (y − p m)² / (Σ m)², k customers. Wilson's interval with the
    effective number of contacts n = p (1 − p) / variance, at most Σ m: contacts of one customer are
    not independent. Where nobody or everybody responded, n = k.

    Args:
        outcomes: of `contact_outcomes`: `customer_id` (str), `contacted redeemed` (int64, 0 or 1).
            Rows that were not contacted are left out.

    Returns:
        The limits, shares; NaN without a contact.

    Raises:
        MetricError: a column is missing.

    Source: Wilson (1927), J. Am. Statist. Ass. 22; Korn & Graubard (1998), Confidence intervals for
    proportions with small expected number of positive counts estimated from survey data, Survey
    Methodology 24.
    """
    require_columns(outcomes, ["customer_id", "contacted", "redeemed"], table="outcomes")
    rows = outcomes[outcomes["contacted"] == 1]
    if rows.empty:
        return float("nan"), float("nan")
    customers = rows.groupby("customer_id")[["contacted", "redeemed"]].sum().astype(float)
    contacts, answers = customers["contacted"], customers["redeemed"]
    n, k = float(contacts.sum()), len(customers)
    share = float(answers.sum()) / n
    size = float(k)
    if 0 < share < 1 and k > 1:
        squares = float(((answers - share * contacts) ** 2).sum())
        variance = k / (k - 1) * squares / n**2
        size = min(n, share * (1 - share) / variance) if variance > 0 else n
    return _wilson(share, size)


def _wilson(share: float, n: float) -> tuple[float, float]:
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    reach = _Z / (1 + _Z**2 / n) * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return float(centre - reach), float(centre + reach)
