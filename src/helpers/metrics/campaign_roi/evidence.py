"""How far a campaign's effect can be believed: the checks, and a grade in plain words."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

Verdict = Literal["pass", "fail", "unknown"]

GRADES = {
    "A": "Experiment",
    "B": "Fair comparison",
    "C": "Indication only",
    "D": "No evidence",
}
"""Grade to words. ROI is claimed at A and B only."""
CLAIMABLE = ("A", "B")

FEWEST_CUSTOMERS = 50
"""Customers needed on each side: below, the weights chase single customers."""
ENOUGH_OVERLAP = 0.9
"""Share of the contacted who must have somebody like them that was not contacted."""
ALIKE = 0.1
"""Largest standardised difference of groups that count as alike (Austin 2009)."""

CHECKS = {
    "control": "Random control group",
    "split": "Split as planned",
    "history": "Enough history",
    "customers": "Enough customers",
    "overlap": "Somebody to compare with",
    "balance": "Alike before the start",
    "practice": "Practice run",
    "finished": "Campaign over",
}
"""Check to the words a reader sees, in the order of the page."""

_VITAL = ("history", "customers")  # without these there is nothing to compare
_UNPLANNED = (
    "There was a random control group, alike before the start. Its planned size is not known: a "
    "fault in the draw cannot be excluded by it."
)


@dataclass(frozen=True)
class Check:
    """One question about a campaign's evidence, its answer, and the figure behind it."""

    name: str
    verdict: Verdict
    detail: str

    @property
    def label(self) -> str:
        """The words a reader sees."""
        return CHECKS[self.name]


def grade(checks: list[Check]) -> tuple[str, str]:
    """Return the grade of the evidence and the reason in one sentence.

    A: a random control group of the planned size and, where there is a pre-period, alike before the
    start. B: a random control group whose planned size is not known but which was alike before the
    start; or no control group, and every other check passes. D: too little history or too few
    customers, or the practice run shows an effect where there was none. C: anything between.
    """
    by_name = {check.name: check for check in checks}
    wanting = [check for check in checks if check.verdict != "pass" and check.name != "control"]
    if by_name["control"].verdict == "pass":
        if not wanting:
            return "A", "A random control group of the planned size shows what would have happened."
        alike = "balance" in by_name and by_name["balance"].verdict == "pass"
        if alike and [(c.name, c.verdict) for c in wanting] == [("split", "unknown")]:
            return "B", _UNPLANNED
        return "C", f"There is a random control group, but: {wanting[0].detail}"
    if not wanting:
        return "B", "There was no random control group, but the comparison passes all its checks."
    fatal = [
        c for c in wanting if c.name in _VITAL or (c.name == "practice" and c.verdict == "fail")
    ]
    return ("D", fatal[0].detail) if fatal else ("C", wanting[0].detail)


def checks_table(found: dict[str, list[Check]]) -> pd.DataFrame:
    """Return all checks of all campaigns.

    Returns:
        One row a campaign and check: `campaign_id check verdict detail` (str), `passed` (float64: 1
        passed, 0 failed, 0.5 cannot tell).
    """
    marks = {"pass": 1.0, "unknown": 0.5, "fail": 0.0}
    rows = [
        {
            "campaign_id": campaign,
            "check": check.label,
            "verdict": check.verdict,
            "detail": check.detail,
            "passed": marks[check.verdict],
        }
        for campaign, checks in found.items()
        for check in checks
    ]
    return pd.DataFrame(rows, columns=["campaign_id", "check", "verdict", "detail", "passed"])
