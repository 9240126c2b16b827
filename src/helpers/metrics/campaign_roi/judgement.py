"""The checks of a campaign's evidence, each with the figure behind it in words."""

import numpy as np

from helpers.metrics.campaign_roi.comparison import Comparison
from helpers.metrics.campaign_roi.evidence import (
    ALIKE,
    ENOUGH_OVERLAP,
    FEWEST_CUSTOMERS,
    Check,
    Verdict,
)
from helpers.metrics.campaign_roi.panel import Panel
from helpers.metrics.campaign_roi.practice import FEWEST_RUNS, Placebo
from helpers.metrics.campaign_roi.runs import PLACEBO_WEEKS, Run
from helpers.metrics.campaign_roi.trial import Trial

SUSPICIOUS = 0.01
"""p of a difference before the start below which arms cannot have been drawn at random."""


def comparison_checks(
    panel: Panel, run: Run, placebo: Placebo, *, break_even: float, tried: int, over: bool
) -> list[Check]:
    """Return the checks of a campaign that was compared with weighted other customers.

    Args:
        panel: of the campaign.
        run: its comparison.
        placebo: its practice runs.
        break_even: effect from which it pays, currency a contacted customer and week; NaN where
            that is not known.
        tried: comparable practice runs of all campaigns, by which effects are corrected.
        over: whether it has ended.
    """
    return [
        _chosen(),
        Check("history", "pass", f"{panel.weeks_before} weeks of purchases before the start."),
        *_groups(run),
        _practice(placebo, break_even, tried),
        _finished(over),
    ]


def _groups(run: Run) -> list[Check]:
    found, alike = run.comparison, run.imbalance <= ALIKE
    enough = found.kept_share >= ENOUGH_OVERLAP
    return [
        Check("customers", _verdict(run.enough_customers), _sizes(found)),
        Check(
            "overlap",
            _verdict(enough),
            f"For {found.kept_share:.0%} of the contacted customers somebody like them was "
            f"not contacted{'' if enough else f' ({ENOUGH_OVERLAP:.0%} are asked for)'}.",
        ),
        Check(
            "balance",
            _verdict(alike),
            f"After weighting, the largest difference between the groups is {run.imbalance:.2f} "
            f"standard deviations{'' if alike else f' (at most {ALIKE} counts as alike)'}.",
        ),
    ]


def _sizes(found: Comparison) -> str:
    return (
        f"{found.contacted:,} contacted customers, and {int(found.effective_controls):,} like them "
        f"to compare with; it needs {FEWEST_CUSTOMERS} of each."
    )


def _practice(placebo: Placebo, break_even: float, tried: int) -> Check:
    verdict = placebo.verdict(break_even)
    weeks = f"{placebo.runs * PLACEBO_WEEKS} weeks before the start"
    if verdict == "fail":
        said = f"In the {weeks} the groups already moved apart: it cannot be trusted."
    elif not placebo.runs:
        said = "There are no weeks before the start on which it could be tried."
    elif not break_even > 0:
        said = "Its cost is not known, so nobody can say how small an error must be."
    elif verdict == "unknown":
        said = (
            f"In the {weeks} the groups may have moved apart by as much as the effect from which "
            "the campaign pays."
        )
    elif tried < FEWEST_RUNS:
        verdict = "unknown"
        said = (
            f"Over all campaigns there are only {tried} comparable practice runs: too few to know "
            f"the comparison's own error ({FEWEST_RUNS} are needed)."
        )
    else:
        said = (
            f"In the {weeks} both groups moved alike: a difference as large as the effect from "
            "which the campaign pays can be ruled out."
        )
    return Check("practice", verdict, said)


def no_comparison_checks(panel: Panel, *, pre_weeks: int, over: bool) -> list[Check]:
    """Return the checks of a campaign that could not be compared at all."""
    needed, weeks = pre_weeks + PLACEBO_WEEKS, panel.weeks_before
    enough = weeks >= needed
    begin = "before the data begin" if weeks <= 0 else f"{weeks} weeks after the data begin"
    short = f"It started {begin}; the comparison needs {needed} weeks of history."
    late = "Not tried: there is no comparison."
    nobody = Check("customers", "fail", "No customer was contacted.")
    return [
        _chosen(),
        Check("history", _verdict(enough), f"{weeks} weeks of purchases." if enough else short),
        nobody if enough else Check("customers", "unknown", late),
        *(Check(name, "unknown", late) for name in ("overlap", "balance", "practice")),
        _finished(over),
    ]


def experiment_checks(trial: Trial, *, over: bool) -> list[Check]:
    """Return the checks of a campaign with a random control group."""
    small = min(trial.treated, trial.control)
    sizes = f"{trial.treated:,} contacted, {trial.control:,} held out at random."
    checks = [
        Check("control", "pass", sizes),
        _split(trial),
        Check("customers", _verdict(small >= FEWEST_CUSTOMERS), sizes),
    ]
    if np.isfinite(trial.before_p):
        alike = trial.before_p >= SUSPICIOUS
        text = "Both groups bought alike" if alike else "The groups already bought differently"
        checks.append(Check("balance", _verdict(alike), f"{text} before the start."))
    return [*checks, _finished(over)]


def _split(trial: Trial) -> Check:
    """Return the sample-ratio test; it cannot tell where nobody says which split was planned."""
    held = trial.control / (trial.treated + trial.control)
    if trial.split is None:
        return Check(
            "split",
            "unknown",
            f"{held:.1%} were held out; which share was planned is not known, so a fault in the "
            "draw would not show.",
        )
    sizes = f"{held:.1%} were held out, {trial.planned:.1%} were planned"
    if trial.split.passed:
        return Check("split", "pass", f"{sizes}.")
    return Check("split", "fail", f"{sizes}: chance does not do that, the draw went wrong.")


def _chosen() -> Check:
    return Check("control", "fail", "Customers were chosen, not drawn at random.")


def _finished(over: bool) -> Check:
    text = "The campaign is over." if over else "It is still running: this is its effect so far."
    return Check("finished", "pass" if over else "unknown", text)


def _verdict(passed: bool) -> Verdict:
    return "pass" if passed else "fail"
