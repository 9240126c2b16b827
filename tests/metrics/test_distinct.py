"""Cells of a cube do not add up to customers; the distinct counts beside them do not lie."""

from datetime import date

import pandas as pd

from helpers.metrics.distinct import with_distinct, with_summed
from helpers.metrics.sales_forecast import sales_cube


def test_a_customer_of_several_cells_counts_once_in_their_month() -> None:
    """Customer a buys on 7 weekdays at shop S, b once at T: 8 cells, 2 customers."""
    days = [*pd.date_range("2017-01-02", periods=7), pd.Timestamp("2017-01-02")]
    orders = pd.DataFrame(
        {"order_id": list("12345678"), "customer_id": [*"aaaaaaa", "b"], "ordered_at": days,
         "revenue": 10.0, "store_id": [*"SSSSSSS", "T"]}
    )  # fmt: skip
    cube = sales_cube(orders, first=date(2017, 1, 1), as_of=date(2017, 1, 31))
    assert len(cube) == 8
    assert cube["customers"].sum() == 8
    assert set(cube["customers_in_all"]) == {2}
    assert dict(zip(cube["shop"], cube["customers_by_shop"], strict=True)) == {"S": 1, "T": 1}
    monday = cube["weekday"].eq("1 Mon")
    assert set(cube.loc[monday, "customers_by_weekday"]) == {2}
    assert set(cube.loc[~monday, "customers_by_weekday"]) == {1}


def test_a_group_without_a_customer_that_counts_is_zero() -> None:
    cube = pd.DataFrame({"month": ["1", "1"], "kind": ["A", "B"]})
    rows = pd.DataFrame({"month": ["1", "1"], "kind": ["A", "A"], "customer_id": ["x", "x"]})
    found = with_distinct(cube, rows, x="month", by=["kind"], name="used")
    assert found["used_in_all"].tolist() == [1, 1]
    assert found["used_by_kind"].tolist() == [1, 0]
    nobody = with_distinct(cube, rows.head(0), x="month", by=["kind"], name="used")
    assert nobody["used_by_kind"].tolist() == [0, 0]


def test_customers_of_one_cell_each_add_up() -> None:
    cube = pd.DataFrame({"m": list("1122"), "s": list("abab"), "n": [3, 5, 2, 0]})
    found = with_summed(cube, x="m", by=["s"], name="n")
    assert found["n_in_all"].tolist() == [8, 8, 2, 2]
    assert found["n_by_s"].tolist() == [3, 5, 2, 0]
