"""How far to trust the prediction, and what to do next, in sentences computed from the data."""

import math

import pandas as pd

from helpers.metrics.churn.at_risk import Action
from helpers.metrics.churn.profit import break_even_success, control_group
from helpers.metrics.churn.study import MODEL, Study
from helpers.metrics.churn.trust import Trust, trust
from helpers.metrics.writing import Write, plain


def verdict(found: Study, *, write: Write = plain) -> list[str]:
    """Return sentences that say how far to trust a prediction: ranking, levels, and the plain rule.

    The first says whether the prediction beats the best plain rule for sure, perhaps, or not; the
    second how many lapses it expected in the test and how many came; the third what was checked
    against leaks. Without a prediction, the reason is the only one.
    """
    if not found.usable:
        return [found.reason]
    level = trust(found)
    return [_ranking(found, level, write), _levels(level, write), _guard(found)]


def _ranking(found: Study, level: Trust, write: Write) -> str:
    right = f"{write(level.roc_auc, 'share')} ({_limits(level, write)})"
    rule, by_rule = f"“{level.rule}”", write(level.rule_auc, "share")
    pairs = f"put the lapsed customer above the one who stayed in {right} of all pairs"
    if found.used != MODEL:
        return (
            f"Take the plain rule: the model did not beat {rule} on the test, so the rule gives "
            f"the probabilities here. It {pairs}; a coin does so in half."
        )
    if level.beats:
        return (
            f"Use it to choose whom to contact. On the test it {pairs}; the best plain rule, "
            f"{rule}, did so in {by_rule}. The lead is more than chance."
        )
    return (
        f"Use it with care. On the test it {pairs}; the best plain rule, {rule}, did so in "
        f"{by_rule}. The lead may be chance: the plain rule would do about as well."
    )


def _limits(level: Trust, write: Write) -> str:
    return f"{write(level.low, 'share')} to {write(level.high, 'share')}"


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


def _guard(found: Study) -> str:
    if len(found.leaks):
        names = ", ".join(sorted(set(found.leaks["column"]) - {""})) or "rows"
        return f"The leak guard found something that no prediction may know: {names}."
    day = found.cutoffs.test.isoformat() if found.cutoffs else ""
    return (
        f"It was tested on what happened after {day}, with nothing later in its training; the leak "
        "guard found no feature that knows the outcome."
    )


def next_steps(
    listed: pd.DataFrame, *, action: Action, window: int, write: Write = plain
) -> list[str]:
    """Return what to do with the at-risk list: whom to contact, what to hold out, when not to.

    Every figure that rests on the action's assumptions is said to do so.
    """
    if listed.empty:
        return [
            "There is no list of customers at risk for this period, so there is nobody to contact."
        ]
    contacts = listed[listed["contact"]]
    rate = write(action.success_rate, "share")
    if contacts.empty:
        least = break_even_success(listed, action=action)
        when = (
            f"It would begin to pay at a success rate of {write(least, 'share')}."
            if math.isfinite(least)
            else "No success rate would make it pay: the values at stake are below its costs."
        )
        return [
            f"Contact nobody: at the assumed success rate of {rate} and these costs, the action "
            f"costs more than it keeps for every single customer. {when}"
        ]
    gain = float(contacts["expected_gain"].sum())
    share = len(contacts) / len(listed)
    steps = [
        f"Contact {write(len(contacts), 'count')} customers ({write(share, 'share')} of the "
        f"active): those marked on the analyst's list. At the assumed success rate of {rate}, "
        f"that brings about {write(gain, 'currency')} more than it costs, "
        f"{write(gain / float(listed['expected_loss'].sum()), 'share')} of the margin at risk.",
    ]
    everybody = float(listed["expected_gain"].sum())
    if share > 0.9:
        steps.append(
            "Nearly everybody is worth contacting at these assumptions: check them first, "
            "because the list then hardly chooses."
        )
    elif everybody < gain:
        change = "lose" if everybody < 0 else "bring only"
        steps.append(
            f"Do not contact everybody: that would {change} {write(abs(everybody), 'currency')}, "
            "because most customers stay by themselves."
        )
    return [*steps, _learn(listed, action, rate, write)]


def _learn(listed: pd.DataFrame, action: Action, rate: str, write: Write) -> str:
    control, least = control_group(listed, action=action)
    if not control:
        return (
            "Nobody has measured the success rate. The contacts are too few to test it in one "
            "round: collect several rounds, each with a random half left alone."
        )
    if least > action.success_rate:
        limit = (
            f"only a success rate above {write(least, 'share')}" if least < 1 else "no success rate"
        )
        return (
            f"Nobody has measured the success rate. Leave a random {write(control, 'count')} of "
            f"them alone and compare; one round can show {limit}, so repeat it."
        )
    return (
        f"Nobody has measured the success rate. Leave a random {write(control, 'count')} of them "
        f"alone: the comparison can show a success rate of {rate}."
    )
