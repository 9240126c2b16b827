"""Which groups moved the churn rate, and in which it differs beyond chance."""

import numpy as np
import pandas as pd

from helpers.metrics.churn.diagnosis import BEHAVIOUR, churn_by_segment, contributors
from helpers.metrics.churn.segments import UNKNOWN
from helpers.periods import Period


def what_moved(
    visits: pd.DataFrame,
    *,
    period: Period,
    window: int,
    customers: pd.DataFrame | None = None,
    most: int = 2,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the effects on the churn rate since the period before, and the rates of the period.

    Out: `contributors` of the `telling` dimensions, empty where the period before lies outside
    the history; and `churn_by_segment` of how customers behave and of the up to `most` attributes
    in which the known groups differ beyond chance (chi-square test, 5 %, Holm's correction).
    """
    now, before = (
        churn_by_segment(visits, period=p, window=window, customers=customers)
        for p in (period, period.previous())
    )
    effects = contributors(now, before)
    shown = [*BEHAVIOUR, *_differing(now)[:most]]
    known = (now["segment"] != UNKNOWN) | now["dimension"].isin(BEHAVIOUR)
    return (
        effects[effects["dimension"].isin(telling(effects))].reset_index(drop=True),
        now[now["dimension"].isin(shown) & known].reset_index(drop=True),
    )


def telling(effects: pd.DataFrame, *, most: int = 5) -> list[str]:
    """Return the dimensions in which single segments moved the rate most, at most `most` of them.

    Columns in: those of `contributors`. How customers behave comes first, their attributes after.
    An attribute in which those not known moved the rate most tells nothing, and is left out.
    """
    top = effects.loc[effects.groupby("dimension")["effect"].apply(lambda e: e.abs().idxmax())]
    top = top[(top["segment"] != UNKNOWN) | top["dimension"].isin(BEHAVIOUR)]
    order = (-top["effect"].abs()).argsort(kind="stable")
    ranked = [str(name) for name in top["dimension"].iloc[order]]
    behaviour = [name for name in BEHAVIOUR if name in ranked]
    return [*behaviour, *(name for name in ranked if name not in behaviour)][:most]


def _differing(table: pd.DataFrame) -> list[str]:
    """Return the attributes in which the known groups lapse at different rates, clearest first."""
    from scipy.stats import chi2_contingency

    tests = []
    for name, part in table[table["segment"] != UNKNOWN].groupby("dimension", sort=False):
        counts = np.stack([part["lapsed"], part["customers"] - part["lapsed"]])
        if name not in BEHAVIOUR and len(part) > 1 and (counts.sum(axis=1) > 0).all():
            tests.append((float(chi2_contingency(counts).pvalue), str(name)))
    tests.sort()
    clear = [p * (len(tests) - place) < 0.05 for place, (p, _) in enumerate(tests)]
    return [name for place, (_, name) in enumerate(tests) if all(clear[: place + 1])]
