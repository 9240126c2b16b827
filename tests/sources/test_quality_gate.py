"""Data worse than the declared limits is refused with status 3, and the rows are at hand."""

import stat

import pandas as pd
import pytest

from helpers import paths
from helpers.errors import DataError

HEADER = "Order,Customer,Date,Amount\n"


def orders(good: int, bad: int, cell: str = "1,234.50") -> str:
    rows = [f"A{n},K01,2024-01-02,1\n" for n in range(good)]
    return HEADER + "".join(rows) + "".join(f'B{n},K01,2024-01-02,"{cell}"\n' for n in range(bad))


def refused(shop) -> DataError:
    with pytest.raises(DataError) as caught:
        shop.describe()
    assert caught.value.exit_status == 3
    return caught.value


def test_one_bad_row_in_a_hundred_passes_and_two_do_not(shop):
    shop.write("orders.csv", orders(99, 1))
    assert shop.describe().tables["orders"].rows == 99
    shop.write("orders.csv", orders(98, 2))
    refused(shop)


def test_a_refusal_names_table_rule_counts_first_rows_and_the_mend(shop):
    shop.write("orders.csv", orders(6, 4))
    error = refused(shop)
    assert "orders: 4 of 10 rows (40.0%) cannot be trusted, the limit is 1.0%" in str(error)
    assert "unreadable_revenue 4" in str(error)
    assert error.keys[:2] == ("orders.csv:8 ('1,234.50')", "orders.csv:9 ('1,234.50')")
    assert "`thousands`" in str(error.hint)
    assert "quarantine/shop/orders.parquet" in str(error.hint)


def test_a_limit_can_be_set_for_the_source_or_for_one_table(shop):
    shop.write("orders.csv", orders(6, 4))
    shop.mapping["limits"] = {"quarantined": 0.4}
    shop.describe()
    shop.orders["quarantined"] = 0.3
    refused(shop)


def test_quarantined_rows_are_written_as_they_came_for_the_owner_alone(shop):
    shop.write("orders.csv", orders(6, 1, cell="=cmd()"))
    refused(shop)
    folder = paths.private() / "quarantine" / "shop"
    rows = pd.read_parquet(folder / "orders.parquet")
    assert rows.to_dict("list") == {
        "row": ["orders.csv:8"],
        "rule": ["unreadable_revenue"],
        "Amount": ["=cmd()"],
        "Customer": ["K01"],
        "Date": ["2024-01-02"],
        "Order": ["B0"],
    }
    for part in (paths.private(), folder.parent, folder):
        assert stat.S_IMODE(part.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "orders.parquet").stat().st_mode) == 0o600


def test_the_quarantine_is_emptied_once_the_extract_is_mended(shop):
    shop.write("orders.csv", orders(6, 1))
    refused(shop)
    shop.write("orders.csv", orders(6, 0))
    shop.describe()
    assert not list((paths.private() / "quarantine" / "shop").iterdir())


def test_a_refused_source_leaves_no_snapshot(shop):
    shop.write("orders.csv", orders(1, 1))
    refused(shop)
    assert not list(paths.snapshots().glob("[0-9a-f]*"))


def test_the_last_good_snapshot_stays_when_a_new_extract_is_refused(shop):
    before = shop.describe()
    shop.write("orders.csv", orders(1, 1))
    refused(shop)
    assert (before.path / "manifest.json").is_file()


def test_orders_that_differ_from_their_lines_are_refused_unless_declared(shop):
    shop.write("orders.csv", HEADER + "A1,K01,2024-01-02,10\nA2,K01,2024-01-02,5\n")
    shop.write("lines.csv", "Order,Group,Amount\nA1,x,6\nA1,y,4\nA2,x,4.99\n")
    shop.tables["order_lines"] = {
        "file": "lines.csv",
        "columns": {"order_id": "Order", "category": "Group", "revenue": "Amount"},
    }
    error = refused(shop)
    assert "orders: 1 of 2 differ from the sum of their lines" in str(error)
    shop.mapping["limits"] = {"unreconciled": 0.5}
    assert shop.load().account.tables["orders"].flagged == {"unreconciled": 1}


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("A0,x,oops", "unreadable_revenue"),
        (",x,1", "missing_order_id"),
        ("A0-,x,1", "orphan_order_id"),
    ],
)
def test_one_line_in_quarantine_does_not_refuse_all(shop, line, rule):
    shop.write("orders.csv", orders(100, 0))
    rest = "".join(f"A{n},x,1\n" for n in range(1, 100))
    shop.write("lines.csv", f"Order,Group,Amount\n{line}\n{rest}")
    shop.tables["order_lines"] = {
        "file": "lines.csv",
        "columns": {"order_id": "Order", "category": "Group", "revenue": "Amount"},
    }
    account = shop.load().account.tables
    assert account["order_lines"].quarantined == {rule: 1}
    assert account["orders"].flagged == {"line_in_quarantine": 1}


def test_half_a_cent_is_no_difference(shop):
    shop.write("orders.csv", HEADER + "A1,K01,2024-01-02,0.30\n")
    shop.write("lines.csv", "Order,Group,Amount\nA1,x,0.1\nA1,y,0.2\n")  # 0.1 + 0.2 != 0.3
    shop.tables["order_lines"] = {
        "file": "lines.csv",
        "columns": {"order_id": "Order", "category": "Group", "revenue": "Amount"},
    }
    assert "unreconciled" not in shop.load().account.tables["orders"].flagged


def test_rules_that_remove_every_row_are_refused(shop):
    shop.rule(name="all", where={"column": "revenue", "above": 0}, action="remove")
    assert "the table orders has no row" in str(refused(shop))
