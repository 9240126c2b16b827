"""What cleaning did, in words a manager reads."""

import pandas as pd

from helpers.report.format import Formatter

_USED = ("kept", "corrected")


def summary(frame: pd.DataFrame, fmt: Formatter) -> str:
    """Return one or two sentences on an account (`helpers.sources` gives its frame)."""
    if frame.empty:
        return "The source holds no raw rows up to this day."
    fates = frame[frame["outcome"] != "flagged"]
    total = int(fates["rows"].sum())
    left_out = fates[~fates["outcome"].isin(_USED)]
    corrected = int(fates.loc[fates["outcome"] == "corrected", "rows"].sum())
    out = int(left_out["rows"].sum())
    text = f"Of {fmt.value(total, 'count')} raw rows, {fmt.value(total - out, 'count')} are used"
    text += f", {fmt.value(corrected, 'count')} of them corrected" if corrected else ""
    if not out:
        return f"{text}; none is left out."
    amount = float(left_out["amount"].sum())
    text += f"; {fmt.value(out, 'count')} are left out ({fmt.value(out / total, 'share')})"
    if left_out["amount"].notna().any():
        text += f", whose amounts add up to {fmt.value(amount, 'currency')}"
    return f"{text}."


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the account with names in words, what is left out first."""
    order = {"quarantined": 0, "removed": 1, "corrected": 2, "flagged": 3, "kept": 4}
    words = frame.assign(
        table=frame["table"].str.replace("_", " ").str.capitalize(),
        outcome=frame["outcome"].str.capitalize(),
        rule=frame["rule"].str.replace("_", " "),
    )
    return words.iloc[frame["outcome"].map(order).argsort(kind="stable")].reset_index(drop=True)
