"""Which campaigns belong to a period."""

import pandas as pd

from helpers.metrics.campaign_roi.frames import day_numbers
from helpers.periods import Period


def ended_in(effects: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Return the campaigns of `evaluate` that ended in the period."""
    days = pd.Series(day_numbers(effects["ends_on"]), index=effects.index)
    first, last = day_numbers(pd.Series([period.start, period.end]))
    return effects[days.between(first, last)]


def ran_in(effects: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Return the campaigns of `evaluate` that ran on at least one day of the period."""
    first, last = day_numbers(pd.Series([period.start, period.end]))
    return effects[
        (day_numbers(effects["starts_on"]) <= last) & (day_numbers(effects["ends_on"]) >= first)
    ]


def experiments_in(effects: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Return the randomised campaigns that ran in the period and whose effect can be judged."""
    rows = ran_in(effects, period)
    return rows[rows["claimable"].astype(bool) & rows["design"].eq("random control group")]
