"""The account of cleaning, in words."""

import pandas as pd

from helpers.report.format import Formatter
from helpers.report.quality import readable, summary

US = Formatter("USD", "en_US")
ACCOUNT = pd.DataFrame(
    [
        ("order_lines", "kept", "", 90, 0.9, 900.0, ""),
        ("order_lines", "flagged", "repeated_line", 5, 0.05, 50.0, "May be two scans."),
        ("order_lines", "removed", "cancellation", 8, 0.08, -80.0, "Cancels an invoice."),
        ("order_lines", "corrected", "unknown", 2, 0.02, 20.0, "Not in the master."),
    ],
    columns=["table", "outcome", "rule", "rows", "share", "amount", "reason"],
)


def test_the_summary_counts_every_fate_once_and_names_the_money_left_out() -> None:
    assert summary(ACCOUNT, US) == (
        "Of 100 raw rows, 92 are used, 2 of them corrected; 8 are left out (8.0%), "
        "whose amounts add up to −$80.00."
    )


def test_nothing_left_out_is_said_plainly() -> None:
    assert summary(ACCOUNT.iloc[:1], US) == "Of 90 raw rows, 90 are used; none is left out."
    assert summary(ACCOUNT.iloc[:0], US) == "The source holds no raw rows up to this day."


def test_what_is_left_out_stands_first_in_words() -> None:
    found = readable(ACCOUNT)
    assert found["outcome"].tolist() == ["Removed", "Corrected", "Flagged", "Kept"]
    assert found.loc[0, ["table", "rule"]].tolist() == ["Order lines", "cancellation"]
