"""What to do next, in sentences computed from the data: whom to contact, or how to find out."""

import math

import pandas as pd

from helpers.metrics.churn.at_risk import Action
from helpers.metrics.churn.profit import (
    borne_out,
    break_even_success,
    contacts_needed,
    control_group,
)
from helpers.metrics.writing import Write, plain


def next_steps(
    listed: pd.DataFrame,
    *,
    action: Action,
    tries: pd.DataFrame | None = None,
    write: Write = plain,
) -> list[str]:
    """Return what to do with the at-risk list: whom to contact, what to hold out, when not to.

    The advice obeys its own back-test (`tries`, of `backtest_policies`): customers are to be
    contacted where the interval of the same choice on the test lies above zero; where it holds
    zero, or nobody would have been chosen, the advice is a randomised test with its size; where it
    lies below, nobody is to be contacted. Every figure that rests on assumptions is said to do so.

    Columns in: those of `at_risk`.
    """
    if listed.empty:
        return [
            "There is no list of customers at risk for this period, so there is nobody to contact."
        ]
    contacts = listed[listed["contact"]]
    if contacts.empty:
        return [_nobody(listed, action, write)]
    said = borne_out(tries)
    first = _first(listed, contacts, action, said, tries, write)
    if said == "lost" or (said != "paid" and len(contacts) < 2):
        return [first]
    learn = _control if said == "paid" else _size
    return [first, *_everybody(listed, contacts, write), learn(listed, action, write)]


def _nobody(listed: pd.DataFrame, action: Action, write: Write) -> str:
    least = break_even_success(listed, action=action)
    when = (
        f"It would begin to pay at a success rate of {write(least, 'share')}."
        if math.isfinite(least)
        else "No success rate would make it pay: the values at stake are below its costs."
    )
    return (
        f"Contact nobody: at the assumed success rate of {write(action.success_rate, 'share')} and "
        f"these costs, the action costs more than it keeps for every single customer. {when}"
    )


def _first(
    listed: pd.DataFrame,
    contacts: pd.DataFrame,
    action: Action,
    said: str,
    tries: pd.DataFrame | None,
    write: Write,
) -> str:
    count, share = len(contacts), write(len(contacts) / len(listed), "share")
    gain = write(float(contacts["expected_gain"].sum()), "currency")
    number, rate = write(count, "count"), write(action.success_rate, "share")
    expected = f"At the assumed success rate of {rate}, contacting them is expected to bring {gain}"
    past = _past(tries, write)
    if said == "paid":
        return (
            f"Contact {number} customers ({share} of the active): those marked on the analyst's "
            f"list. {expected} more than it costs; {past}."
        )
    if said == "lost":
        return (
            f"Contact nobody yet. {expected} more than it costs ({number} customers), but {past}: "
            "the list or the assumptions are wrong."
        )
    doubt = f"but {past}" if said == "open" else "but nobody would have been chosen on the test"
    if count < 2:
        return f"Contact nobody yet: one customer looks worth it, {doubt}, and one is no test."
    alone = count // 2
    return (
        f"Test it, do not roll it out. {number} customers ({share} of the active) look worth a "
        f"contact: contact a random {write(count - alone, 'count')} of them and leave "
        f"{write(alone, 'count')} alone, as marked on the analyst's list. {expected} more than it "
        f"costs, {doubt}: whether it pays is open."
    )


def _past(tries: pd.DataFrame | None, write: Write) -> str:
    if tries is None or tries.empty:
        return ""
    profit, low, high = (
        write(float(tries[name].iloc[0]), "currency") for name in ("profit", "low", "high")
    )
    return (
        "on the test, at the same assumptions, the same choice would have brought "
        f"{profit} ({low} to {high})"
    )


def _everybody(listed: pd.DataFrame, contacts: pd.DataFrame, write: Write) -> list[str]:
    everybody, gain = float(listed["expected_gain"].sum()), float(contacts["expected_gain"].sum())
    if len(contacts) > 0.9 * len(listed):
        return [
            "Nearly everybody is worth contacting at these assumptions: check them first, "
            "because the list then hardly chooses."
        ]
    if everybody >= gain:
        return []
    change = "lose" if everybody < 0 else "bring only"
    return [
        f"Do not contact everybody: that would {change} {write(abs(everybody), 'currency')}, "
        "because most customers stay by themselves."
    ]


def _control(listed: pd.DataFrame, action: Action, write: Write) -> str:
    control, least = control_group(listed, action=action)
    rate, alone = write(action.success_rate, "share"), write(control, "count")
    if not control:
        return "Nobody has measured the success rate, and one contact cannot show it."
    if least > action.success_rate:
        return (
            f"Nobody has measured the success rate. Leave a random {alone} of them alone and "
            f"compare; one round can show {_showable(least, write)}, so repeat it."
        )
    return (
        f"Nobody has measured the success rate. Leave a random {alone} of them "
        f"alone: the comparison can show a success rate of {rate}."
    )


def _size(listed: pd.DataFrame, action: Action, write: Write) -> str:
    count, needed = int(listed["contact"].sum()), contacts_needed(listed, action=action)
    _, least = control_group(listed, action=action)
    rate = write(action.success_rate, "share")
    if not math.isfinite(needed):
        return "Nobody has measured the success rate; one of zero needs no test."
    text = (
        f"Nobody has measured the success rate. To show one of {rate} (power 80%) takes about "
        f"{write(math.ceil(needed), 'count')} such customers, half of them left alone"
    )
    if count >= needed:
        return f"{text}: one round is enough."
    rounds = math.ceil(needed / count)
    return (
        f"{text}, or {write(rounds, 'count')} rounds like this one; one round can show "
        f"{_showable(least, write)}. "
        + (
            "Add the rounds up before deciding."
            if rounds <= 12
            else "That is out of reach with this list: try a stronger action, or more customers."
        )
    )


def _showable(least: float, write: Write) -> str:
    return f"only a success rate above {write(least, 'share')}" if least < 1 else "no success rate"
