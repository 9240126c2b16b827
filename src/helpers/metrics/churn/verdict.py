"""How far to trust the prediction, in sentences computed from its test."""

import pandas as pd

from helpers.metrics.churn.guard import CHECKS
from helpers.metrics.churn.rules import P_ALIVE
from helpers.metrics.churn.study import MODEL, Study
from helpers.metrics.churn.trust import Trust, trust
from helpers.metrics.writing import Write, plain, signed


def verdict(found: Study, *, write: Write = plain) -> list[str]:
    """Return sentences that say how far to trust a prediction.

    In turn: whether it beats the best plain rule for sure, perhaps, or not; how many lapses it
    expected in the test and how many came; what the range of expected churn holds; on what its
    score was chosen, and why P(alive) is no rule where it is none; what the leak guard checked.
    Without a prediction, the reason is the only one.
    """
    if not found.usable:
        return [found.reason]
    level = trust(found)
    return [
        _ranking(found, level, write),
        _levels(level, write),
        _range(found, write),
        _choice(found),
        _guard(found, write),
    ]


def _ranking(found: Study, level: Trust, write: Write) -> str:
    right = f"{write(level.roc_auc, 'share')} ({_limits(level.low, level.high, write)})"
    rule, by_rule = f"“{level.rule}”", write(level.rule_auc, "share")
    pairs = f"put the lapsed customer above the one who stayed in {right} of all pairs"
    if found.used != MODEL:
        return (
            f"Take the plain rule: the model did not beat “{found.used}” on the test, so the rule "
            f"gives the probabilities here. It {pairs}; a coin does so in half."
        )
    ahead, low, high = (
        signed(value, "points", write) for value in (level.ahead, level.ahead_low, level.ahead_high)
    )
    lead = f"a lead of {ahead} ({low} to {high})"
    if level.beats:
        return (
            f"Use it to choose whom to contact. On the test it {pairs}; the best plain rule, "
            f"{rule}, did so in {by_rule}: {lead}, more than chance."
        )
    return (
        f"Use it with care. On the test it {pairs}; the best plain rule, {rule}, did so in "
        f"{by_rule}: {lead}, which may be chance."
    )


def _limits(low: float, high: float, write: Write) -> str:
    return f"{write(low, 'share')} to {write(high, 'share')}"


def _levels(level: Trust, write: Write) -> str:
    seen, expected = level.observed, round(level.expected)
    counts = f"{write(seen, 'count')} customers lapsed where it expected {write(expected, 'count')}"
    if level.level_is_right:
        return f"Its level was right in the test: {counts}, within what chance allows."
    side = "too low" if seen > expected else "too high"
    return (
        f"Its level was {side} in the test: {counts}. Trust the order of the customers more than "
        "the probabilities themselves."
    )


def _range(found: Study, write: Write) -> str:
    errors = found.level.errors
    holds = "The range of expected churn holds chance, the model's own error and shifts that hit"
    if errors.empty:
        return f"{holds} all customers alike, of a usual size: the history is too short to see any."
    ratio = errors["observed"] / errors["expected"].clip(lower=1e-9)
    least, most = (write(float(end), "ratio") for end in (ratio.min(), ratio.max()))
    days = f"{len(ratio)} earlier day{'s' if len(ratio) > 1 else ''}"
    came = least if least == most else f"{least} to {most}"
    seen = f"there, {came} lapses came for each that was expected{_in_all(errors, write)}."
    if len(ratio) < 3:
        return f"{holds} all customers alike, mostly of a usual size ({days} to look at): {seen}"
    return f"{holds} all customers alike, as seen at {days}: {seen}"


def _in_all(errors: pd.DataFrame, write: Write) -> str:
    if len(errors) < 2:
        return ""
    ratio = float(errors["observed"].sum() / max(errors["expected"].sum(), 1e-9))
    return f", {write(ratio, 'ratio')} in all"


def _choice(found: Study) -> str:
    text = (
        "Model or rule was chosen by the log loss on this same test, which flatters the figures of "
        "the one in use a little; predictions that a later report judges are free of that."
    )
    return f"{text} {P_ALIVE} is no rule here: {found.refused}." if found.refused else text


def _guard(found: Study, write: Write) -> str:
    if len(found.leaks):
        names = ", ".join(sorted(set(found.leaks["column"]) - {""})) or "rows"
        return f"The leak guard found something that no prediction may know: {names}."
    day = found.cutoffs.test.isoformat() if found.cutoffs else ""
    text = (
        f"It was tested on what happened after {day}. The leak guard found that "
        f"{', '.join(CHECKS[:-1])}, and that {CHECKS[-1]}."
    )
    if not found.guard.twins:
        return text
    return (
        f"{text} Of {write(found.guard.rows, 'count')} rows, {write(found.guard.twins, 'count')} "
        "look exactly like one of another customer in another fold."
    )
