"""What to do next: a goal and an action for each segment, sized by what it is worth."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from helpers.metrics.customer_value.concentration import value_tiers
from helpers.metrics.customer_value.segments import SEGMENTS, told
from helpers.metrics.writing import Write, plain

ACTIONS: Mapping[str, tuple[str, str]] = {
    "Cannot lose": ("Win back", "Call or write in person and ask what went wrong."),
    "Win back": ("Win back", "Make a personal offer, the most valuable first."),
    "Potential loyalists": ("Grow", "Give a reason for the next visit, such as a loyalty offer."),
    "New": ("Grow", "Welcome them, and bring them to a second purchase soon."),
    "Promising": ("Grow", "Stay in touch with light, regular contact."),
    "Occasional": ("Grow", "Test a time-limited offer on what they usually buy."),
    "Champions": ("Look after", "Thank them and ask for referrals; no discount is needed."),
    "Loyal": ("Look after", "Offer more of what they like: cross-sell before discounting."),
    "Steady": ("Look after", "Remind them of what they usually buy when it is due again."),
    "Hibernating": ("Spend little", "One cheap test, then leave them alone."),
}
"""Segment -> goal and action."""
GOALS = ("Win back", "Grow", "Look after", "Spend little")


def next_steps(table: pd.DataFrame) -> pd.DataFrame:
    """Return a goal and an action for each segment: by goal, then by what is expected of it.

    What an action would bring is not known from sales alone: it takes a test with a control group.

    Columns in: `segment_table` with `clv`. Columns out, one row a segment: `goal`, `segment`
    (text), `customers` (int64), `revenue` (money, in the window), `clv`, `clv_per_customer`
    (money), `action` (text).
    """
    shown = table[["segment", "customers", "revenue", "clv", "clv_per_customer"]].assign(
        goal=[ACTIONS[name][0] for name in table["segment"]],
        action=[ACTIONS[name][1] for name in table["segment"]],
        place=[GOALS.index(ACTIONS[name][0]) for name in table["segment"]],
        rank=[SEGMENTS.index(name) for name in table["segment"]],
    )
    ordered = shown.sort_values(["place", "clv", "rank"], ascending=[True, False, True])
    columns = ["goal", "segment", "customers", "revenue", "clv", "clv_per_customer", "action"]
    return ordered[columns].reset_index(drop=True)


def advice(
    table: pd.DataFrame,
    *,
    write: Write = plain,
    window: str = "the last twelve months",
    lapse_days: int = 90,
) -> list[str]:
    """Return up to three sentences: whom to win back, whom to grow, whom to look after.

    For each goal the segment with the largest expected value is named. Segments that a page does
    not show (see `told`) are not; where no group is to be won back, that is said. `write` writes
    values for the report's locale, `window` says in words what the revenue covers, `lapse_days` is
    that of `rfm_scores`.

    Columns in: `segment_table` with `clv`.
    """
    shown = told(table).to_dict("records")
    found = []
    for goal in GOALS[:3]:
        rows = [row for row in shown if ACTIONS[row["segment"]][0] == goal]
        if not rows and goal == "Win back" and shown:
            quiet = write(lapse_days, "days")
            found.append(
                "Win back: those who used to buy often and have been silent for "
                f"{quiet} or longer are too few to be shown as a group."
            )
        if not rows:
            continue
        row = max(rows, key=lambda one: one["clv"])
        action = ACTIONS[row["segment"]][1]
        found.append(f"{goal}: {_who(row, goal, write, window)} {action}")
    return found


def _who(row: Mapping[Hashable, Any], goal: str, write: Write, window: str) -> str:
    name, customers = row["segment"], write(int(row["customers"]), "count")
    if goal == "Win back":
        quiet = write(round(row["median_recency_days"]), "days")
        return (
            f"{customers} customers in “{name}” brought {write(row['revenue'], 'currency')} in "
            f"{window}, and have not bought for {quiet} (median)."
        )
    if goal == "Grow":
        each = write(row["clv_per_customer"], "currency")
        return f"{customers} customers in “{name}” are each expected to be worth {each}."
    return (
        f"{customers} customers in “{name}”, {write(row['customer_share'], 'share')} of all, bring "
        f"{write(row['revenue_share'], 'share')} of the revenue."
    )


def customer_list(scores: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Return every customer with segment, tier and expected value: never for a page.

    Columns in: a frame of `rfm_scores`; the values of a `ValueModel`. Columns out, one row per
    customer of the segments, the most valuable first: `customer_id`, `segment`, `tier`,
    `recency_days`, `frequency`, `monetary`, `probability_alive`, `expected_purchases`, `clv`.
    """
    tiered = scores.assign(tier=value_tiers(scores["monetary"]))
    names = ["customer_id", "segment", "tier", "recency_days", "frequency", "monetary"]
    expected = ["customer_id", "probability_alive", "expected_purchases", "clv"]
    listed = tiered[names].merge(values[expected], on="customer_id", how="left")
    return listed.sort_values(["clv", "customer_id"], ascending=[False, True], ignore_index=True)
