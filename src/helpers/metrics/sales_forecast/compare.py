"""A period's sales beside another period's: the split of the change, ready for the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from helpers.errors import MetricError
from helpers.metrics.sales_forecast import diagnosis
from helpers.metrics.sales_forecast.outlook import Outlook
from helpers.metrics.writing import Write, plain
from helpers.periods import Period

BY_WEEKDAY: Mapping[str, Any] = {
    "x": "weekday",
    "y": "contribution",
    "group": "effect",
    "unit": "currency",
    "title": "Change of sales a day, by weekday",
}
BY_DEPARTMENT: Mapping[str, Any] = {
    "x": "part",
    "y": "change",
    "unit": "currency",
    "title": "Change of sales a day, by department",
}
"""How the page draws `Change.weekdays` and `Change.by("Department")`."""


@dataclass(frozen=True)
class Change:
    """Why sales of a period differ from those of another one.

    Attributes:
        factors, weekdays, parts: as `diagnosis.factors`, `weekdays` (two rows a weekday: `effect`,
            `contribution`) and `contributors` return them; empty where the comparison cannot be
            made.
        sentences: what they say, or why there is nothing to say.
    """

    factors: pd.DataFrame
    weekdays: pd.DataFrame
    parts: pd.DataFrame
    sentences: tuple[str, ...]

    def by(self, kind: str) -> pd.DataFrame:
        """Return the contributions of the departments or of the shops."""
        return self.parts[self.parts["kind"] == kind].reset_index(drop=True)


def compare(page: Outlook, against: Period, *, name: str, write: Write = plain) -> Change:
    """Split the change of sales against another period; `name` is that period in words."""
    if not diagnosis.covered(page.days, against):
        return _nothing(f"The data does not reach back over {name}: nothing to compare with.")
    try:
        split = diagnosis.factors(page.days, period=page.period, against=against)
    except MetricError:
        return _nothing(f"There were no sales in {name} or in this period to compare.")
    days = diagnosis.weekdays(page.days, period=page.period, against=against)
    parts = diagnosis.contributors(page.parts, period=page.period, against=against)
    said = [
        diagnosis.explain(split, against=name, write=write),
        diagnosis.explain_weekdays(days, against=name, write=write),
    ]
    said += [
        diagnosis.explain_contributors(parts, kind=kind, against=name, write=write)
        for kind in parts["kind"].unique()
    ]
    effects = {"mix": "Calendar", "rate": "Same weekday"}
    long = days.melt("weekday", ["mix", "rate"], "effect", "contribution")
    long["effect"] = long["effect"].map(effects)
    return Change(split, long, parts, tuple(said))


def _nothing(sentence: str) -> Change:
    return Change(
        pd.DataFrame(columns=["factor", "before", "after", "contribution"]),
        pd.DataFrame(columns=["weekday", "effect", "contribution"]),
        pd.DataFrame(columns=["kind", "part", "before", "after", "change"]),
        (sentence,),
    )
