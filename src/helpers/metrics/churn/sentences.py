"""What the charts say, in short sentences computed from the data."""

from collections.abc import Callable

import pandas as pd

from helpers.metrics.churn.profit import Threshold
from helpers.metrics.writing import Write, plain
from helpers.periods import Period


def movement_sentence(history: pd.DataFrame, *, write: Write = plain) -> str:
    """Say how the last period's customers came and went. Columns in: those of `churn_history`."""
    if history.empty:
        return "The history is too short to count customers gained and lost."
    row = history.iloc[-1]
    new, back, lost = (int(row[name]) for name in ("new", "reactivated", "lapsed"))
    net = new + back - lost
    change = (
        f"{'rose' if net > 0 else 'fell'} by {write(abs(net), 'count')}"
        if net
        else "stayed the same"
    )
    return (
        f"In the last period: {write(new, 'count')} new, {write(back, 'count')} won back, "
        f"{write(lost, 'count')} lapsed. The number active in the churn window {change}."
    )


def spend_sentence(bridge: pd.DataFrame, *, write: Write = plain) -> str:
    """Say how revenue changed and through whom. Columns in: those of `spend_bridge`."""
    revenue = bridge.set_index("step")["revenue"]
    change = float(revenue["now"] - revenue["before"])
    moved = revenue.drop(["before", "now"])
    if not bridge.loc[bridge["step"] == "before", "customers"].any():
        return "Nobody bought in the period before, so there is nothing to compare with."
    if not moved.any():
        return "Revenue did not change."
    words = {
        "new": "customers who bought for the first time",
        "returned": "customers who came back",
        "more": "customers who spent more",
        "less": "customers who spent less",
        "stopped": "customers of the period before who did not buy",
    }
    up, down = words[str(moved.idxmax())], words[str(moved.idxmin())]
    gained, lost = (write(abs(float(v)), "currency") for v in (moved.max(), moved.min()))
    verb = "rose" if change > 0 else "fell"
    return (
        f"Revenue {verb} by {write(abs(change), 'currency')} against the period before. Most was "
        f"gained from {up} ({gained}), most lost through {down} ({lost})."
    )


def stay_sentence(stays: pd.DataFrame, *, write: Write = plain) -> str:
    """Say what share of customers has not lapsed after three months and at the curve's end.

    Half a year stands for three months where nobody could have lapsed by then.

    Columns in: those of `stay_by_group`.
    """
    curve = stays[stays["dimension"] == "all"]
    if len(curve) < 2:
        return "Nobody has been watched for long enough."
    early = [curve[curve["day"] <= day].iloc[-1] for day in (91, 182)]
    marks = [early[0] if early[0]["survival"] < 1 else early[1], curve.iloc[-1]]
    parts = [
        f"{write(float(row['survival']), 'share')} after {write(int(row['day']), 'days')}"
        for row in (marks if marks[0]["day"] < marks[1]["day"] else marks[1:])
    ]
    return f"Customers without a lapse since the first purchase seen: {', '.join(parts)}."


def groups_sentence(stays: pd.DataFrame) -> str:
    """Say between which groups stays differ by more than chance (log-rank test, Holm's correction).

    Columns in: those of `stay_by_group`.
    """
    tests = stays.dropna(subset=["p_value"]).drop_duplicates("dimension").sort_values("p_value")
    if tests.empty:
        return "There are no groups to compare."
    held, clear = True, []
    for place, row in enumerate(tests.itertuples()):
        held = held and row.p_value * (len(tests) - place) < 0.05
        clear += [str(row.split).lower()] if held else []
    rest = [str(name).lower() for name in tests["split"] if str(name).lower() not in clear]
    said = f"Stays differ by more than chance between groups of {_list(clear)}. " if clear else ""
    more = f"No difference beyond chance by {_list(rest)}." if rest else ""
    return (said + more).strip()


def return_sentence(curve: pd.DataFrame, *, write: Write = plain) -> str:
    """Say how many of the lapsed come back, and how soon.

    Columns in: those of `survival_curve` of `absences`.
    """
    if len(curve) < 2:
        return "Too few customers have lapsed to say how many come back."
    back = 1 - curve["survival"]
    last = (
        f"{write(float(back.iloc[-1]), 'share')} within {write(int(curve['day'].iloc[-1]), 'days')}"
    )
    half = curve.loc[back >= 0.5, "day"]
    if half.empty:
        return f"Fewer than half of the lapsed come back: {last}."
    when = write(int(half.iloc[0]), "days")
    text = f"Half of the lapsed are back {when} after the lapse, {last}."
    pause = int(half.iloc[0]) <= 60 and float(back.iloc[-1]) >= 0.75
    return f"{text} Read a lapse as a long pause, not as a loss." if pause else text


def profit_sentence(listed: pd.DataFrame, best: Threshold, *, write: Write = plain) -> str:
    """Say where the expected profit is highest, by gain and by a single threshold.

    Columns in: those of `at_risk`.
    """
    if listed.empty:
        return "There is no list of customers at risk for this period."
    chosen = listed[listed["contact"]]
    if chosen.empty:
        return "Every contact costs more than it is expected to keep."
    gain = write(float(chosen["expected_gain"].sum()), "currency")
    share = write(len(chosen) / len(listed), "share")
    text = f"Highest at {share} of the customers: {gain}."
    if best.contacts:
        text += (
            f" A single limit, a risk of {write(best.probability, 'share')} or more, would bring "
            f"{write(best.profit, 'currency')}."
        )
    return text


def backtest_sentence(table: pd.DataFrame, *, write: Write = plain) -> str:
    """Say what each choice would have earned. Columns in: those of `backtest_policies`."""
    rows = table.set_index("choice")
    if rows.empty or not rows["customers"].any():
        return "Nobody would have been contacted in the test."

    def earned(name: str) -> str:
        row = rows.loc[name]
        limits = (
            f"{write(float(row['low']), 'currency')} to {write(float(row['high']), 'currency')}"
        )
        return f"{write(float(row['profit']), 'currency')} ({limits})"

    model, rule, everybody = rows.index[:3]
    return (
        f"On the test, the {write(int(rows.loc[model, 'customers']), 'count')} customers {model} "
        f"would have brought {earned(model)}, {rule} {earned(rule)}, everybody {earned(everybody)}."
    )


def reliability_sentence(table: pd.DataFrame, *, write: Write = plain) -> str:
    """Say how many groups of the test lie where predicted. Columns in: those of `reliability`."""
    if table.empty:
        return "There is no prediction to check."
    right = int(table["predicted"].between(table["low"], table["high"]).sum())
    top = table.iloc[-1]
    return (
        f"{right} of {len(table)} groups are within chance of the prediction. In the riskiest, "
        f"{write(float(top['predicted']), 'share')} were expected to lapse and "
        f"{write(float(top['observed']), 'share')} did."
    )


def lift_sentence(table: pd.DataFrame, *, write: Write = plain) -> str:
    """Say what the riskiest tenth and third hold. Columns in: those of `lift_by_decile`."""
    if table.empty or table["lift"].isna().all():
        return "Nobody lapsed in the test, so there is no lift."
    first, third = table.iloc[0], table.iloc[min(2, len(table) - 1)]
    return (
        f"The riskiest tenth lapsed {write(float(first['lift']), 'ratio')} as often as the "
        f"average and holds {write(float(first['gain']), 'share')} of all lapses; the "
        f"riskiest three tenths hold {write(float(third['gain']), 'share')}."
    )


def gains_sentence(curves: pd.DataFrame, *, write: Write = plain) -> str:
    """Say how many lapses the riskiest fifth holds, by score. Columns in: those of `curves`."""
    gain = curves[curves["curve"] == "gain"] if len(curves) else curves
    if gain.empty:
        return "There is no prediction to check."
    held = gain[gain["x"] <= 0.2].groupby("score", sort=False)["y"].max()
    if held.empty:
        return "The test is too small to say what a fifth of the customers holds."
    first, rest = held.index[0], held.iloc[1:].sort_values(ascending=False)
    text = f"A fifth of the customers, chosen by the {str(first).lower()}, holds "
    text += f"{write(float(held.iloc[0]), 'share')} of the lapses"
    if rest.empty:
        return f"{text}."
    return f"{text}; chosen by {_lower(rest.index[0])}, {write(float(rest.iloc[0]), 'share')}."


def drivers_sentence(table: pd.DataFrame) -> str:
    """Say what the prediction rests on most. Columns in: those of `drivers`."""
    useful = table[table["importance"] > 0] if len(table) else table
    if useful.empty:
        return "Nothing that is known of the customers helps the prediction."
    effects = {"raises": "more of it, more risk", "lowers": "more of it, less risk"}
    named = [
        f"{row.theme} ({effects.get(str(row.effect), 'no clear direction')})"
        for row in useful.head(3).itertuples()
    ]
    return (
        f"It rests most on {_list(named)}. This is what foretells a lapse, not what causes it. "
        "Lines: from the least to the most over repeated shuffles."
    )


def scorecard_sentence(card: pd.DataFrame, *, write: Write = plain) -> str:
    """Say how earlier predictions did. Columns in: those of `scorecard`."""
    if card.empty:
        return "No earlier prediction has come to its end yet."
    right = int(card["observed"].between(card["expected_low"], card["expected_high"]).sum())
    ahead = int((card["roc_auc"] > card["rule_auc"]).sum())
    text = (
        f"Of {len(card)} earlier predictions whose time is up, {right} held the lapses that came "
        f"within their range, and {ahead} ranked the customers better than the plain rule."
    )
    wrong = card[~card["observed"].between(card["expected_low"], card["expected_high"])]
    if wrong.empty:
        return text
    ratio = float(wrong["observed"].sum() / wrong["expected"].sum())
    side = "more" if ratio > 1 else "fewer"
    return (
        f"{text} Where it missed, {write(abs(ratio - 1), 'share')} {side} lapsed than "
        "expected: plan with that margin."
    )


def expected_sentence(
    card: pd.DataFrame, *, name: Callable[[Period], str] = str, write: Write = plain
) -> str:
    """Say for each earlier prediction how many lapses it expected and how many came.

    Columns in: those of `scorecard`. `name` writes a period for the reader.
    """
    parts = []
    for row in card.itertuples():
        low, middle, high = (
            write(round(float(v)), "count")
            for v in (row.expected_low, row.expected, row.expected_high)
        )
        period, came = name(Period.parse(str(row.period))), write(int(row.observed), "count")
        parts.append(f"{period}: {middle} expected ({low} to {high}), {came} came")
    return f"{'; '.join(parts)}." if parts else "No earlier prediction has come to its end yet."


def _lower(name: object) -> str:
    text = str(name)
    return text if text.startswith("P(") else text[0].lower() + text[1:]


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
