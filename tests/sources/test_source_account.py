"""The account: every raw row has one fate, and the fates add up, whatever the rows hold."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.errors import DataError
from helpers.sources.account import FATES, Account, Entry, TableAccount
from helpers.sources.building import build
from helpers.sources.declaration import read_declaration

CELLS = {
    "Order": st.sampled_from(["A1", "A2", "A3", " A4", "C5", "", "A6", "A7"]),
    "Customer": st.sampled_from(["K01", "K02", " K03 ", "K99", ""]),
    "Date": st.sampled_from(["2024-01-02", "2024-02-31", "", "2099-01-01", "1800-01-01", "soon"]),
    "Amount": st.sampled_from(["1", "0", "-2", "1,5", "", "ten", "1e999"]),
}
GROUPS = st.sampled_from(["x", "y", ""])


def csv(header: list[str], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(",".join(row) for row in [tuple(header), *rows]) + "\n"


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    orders=st.lists(st.tuples(*CELLS.values()), max_size=12),
    lines=st.lists(st.tuples(CELLS["Order"], GROUPS, CELLS["Amount"]), max_size=12),
    ragged=st.lists(st.sampled_from(["A9", "A9,K01,2024-01-02,1,2", ",,,"]), max_size=2),
)
def test_every_raw_row_has_one_fate_whatever_the_rows_hold(shop, orders, lines, ragged):
    text = csv(list(CELLS), orders) + "".join(f"{row}\n" for row in ragged)
    shop.write("orders.csv", text)
    shop.write("lines.csv", csv(["Order", "Group", "Amount"], lines))
    shop.orders["rules"] = [
        {"name": "cancelled", "where": {"column": "order_id", "starts_with": "C"},
         "action": "remove", "reason": "A cancelled order."},
        {"name": "gift", "where": {"column": "revenue", "at_most": 0},
         "action": "correct", "set": {"customer_id": "K01"}, "reason": "Gifts go to one customer."},
    ]  # fmt: skip
    shop.tables["order_lines"] = {
        "file": "lines.csv",
        "columns": {"order_id": "Order", "category": "Group", "revenue": "Amount"},
    }
    shop.declare()
    built = build(read_declaration("shop"), today=date(2024, 6, 1))
    for name, raw in {"orders": len(orders) + len(ragged), "order_lines": len(lines)}.items():
        account = built.account.tables[name]
        assert account.raw == raw
        assert account.used == len(built.tables[name])
        assert raw == sum(
            [
                account.kept,
                *account.corrected.values(),
                *account.removed.values(),
                *account.quarantined.values(),
            ]
        )
        assert len(built.quarantine.get(name, ())) == sum(account.quarantined.values())
        assert built.tables[name].notna().all(axis=None)


def entry(outcome: str, rule: str, *days: tuple[str | None, int, float | None]) -> Entry:
    return Entry.from_json(["orders", outcome, rule, "why", [list(day) for day in days]])


ACCOUNT = Account.of(
    [
        entry("kept", "", ("2024-01-01", 5, 50.0), ("2024-02-01", 5, 70.0)),
        entry("removed", "cancelled", ("2024-02-01", 2, -3.0)),
        entry("quarantined", "missing_ordered_at", (None, 1, 4.0)),
        entry("flagged", "zero_revenue", ("2024-01-01", 1, 0.0)),
    ],
    {},
)


def test_an_account_as_of_a_day_has_the_rows_up_to_it_and_the_undated_ones():
    table = ACCOUNT.until(date(2024, 1, 31)).tables["orders"]
    assert (table.kept, table.removed, table.quarantined) == (
        5,
        {},
        {"missing_ordered_at": 1},
    )
    assert table.raw == 6
    assert ACCOUNT.tables["orders"].raw == 13


def test_a_flag_is_no_fate():
    assert "flagged" not in FATES
    assert ACCOUNT.tables["orders"].used == 10


def test_the_frame_leaves_out_entries_without_rows():
    frame = ACCOUNT.until(date(2024, 1, 31)).frame()
    assert frame["rule"].to_list() == ["", "missing_ordered_at", "zero_revenue"]
    assert frame["amount"].to_list() == [50.0, 4.0, 0.0]
    assert frame["share"].to_list() == [pytest.approx(n / 6) for n in (5, 1, 1)]


def test_an_account_that_does_not_add_up_is_refused():
    with pytest.raises(DataError, match="account of orders does not add up: 13 raw rows"):
        ACCOUNT.check({"orders": 14}, {"orders": 10})
    with pytest.raises(DataError, match="10 used rows, and there are 11"):
        ACCOUNT.check({"orders": 13}, {"orders": 11})
    ACCOUNT.check({"orders": 13}, {"orders": 10})


def test_an_entry_survives_the_manifest():
    for given_entry in ACCOUNT.entries:
        assert Entry.from_json(given_entry.to_json()) == given_entry


def test_a_derived_table_has_no_raw_rows_to_tell():
    account = Account({"orders": TableAccount("orders", ACCOUNT.entries, "order_lines")})
    assert account.frame().empty
