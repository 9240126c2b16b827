"""Raw files of every bad kind: a clear error, or the row under a named rule."""

from datetime import date, datetime
from io import BytesIO

import pandas as pd
import pytest
from openpyxl import Workbook

from helpers import paths
from helpers.errors import DataError

GOOD = "Order,Customer,Date,Amount\nA1,K01,2024-01-02,10.00\nA2,K02,2024-01-03,5.50\n"


def refused(shop) -> DataError:
    with pytest.raises(DataError) as caught:
        shop.load()
    assert caught.value.exit_status == 3
    return caught.value


def test_a_missing_file_is_named_with_the_nearest_one_there(shop):
    shop.orders["file"] = "order.csv"
    error = refused(shop)
    assert "no file 'order.csv'" in str(error)
    assert "did you mean `orders.csv`?" in str(error)


def test_a_missing_folder_names_the_variable_that_says_where_extracts_are(shop, monkeypatch):
    monkeypatch.setenv("CRM_REPORTS_DATA", "nowhere")
    assert "CRM_REPORTS_DATA" in str(refused(shop))


def test_an_empty_file_is_refused(shop):
    shop.write("orders.csv", "")
    assert "orders.csv: the file is empty" in str(refused(shop))


def test_a_header_without_rows_is_refused_unless_the_mapping_allows_it(shop):
    shop.write("orders.csv", "Order,Customer,Date,Amount\n")
    assert "the table orders has no row" in str(refused(shop))
    shop.orders["may_be_empty"] = True
    data = shop.load()
    assert data.orders.empty
    assert data.orders.columns.to_list() == ["order_id", "customer_id", "ordered_at", "revenue"]
    assert data.first_day is None


def test_a_renamed_column_is_named_with_the_nearest_one(shop):
    shop.write("orders.csv", GOOD.replace("Amount", "Amount CHF"))
    error = refused(shop)
    assert "orders.csv, column 'Amount': no such column" in str(error)
    assert "did you mean `Amount CHF`?" in str(error)


def test_a_column_that_is_there_twice_is_refused(shop):
    shop.write("orders.csv", GOOD.replace("Date,Amount", "Amount,Amount"))
    shop.orders["columns"]["ordered_at"] = "Order"
    assert "two columns have this name" in str(refused(shop))


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "cp1252", "utf-8-sig"])
def test_a_declared_encoding_is_read(shop, encoding):
    name = "Zoë Müller" if encoding == "cp1252" else "王小明"
    text = "No,Name,City\n" + "".join(f"K{n:02},{name},Basel\n" for n in range(1, 13))
    shop.write("customers.csv", text.encode(encoding))
    shop.tables["customers"]["csv"] = {"encoding": encoding}
    assert set(shop.load().customers["name"]) == {name}


@pytest.mark.parametrize(
    ("encoding", "guess"),
    [
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("cp1252", "cp1252"),
    ],
)
def test_another_encoding_than_the_declared_one_is_refused_and_guessed(shop, encoding, guess):
    name = "Zoë Müller" if encoding == "cp1252" else "王小明"
    text = "No,Name,City\n" + f"K01,{name},Basel\n"
    shop.write("customers.csv", text.encode(encoding))
    error = refused(shop)
    assert "customers.csv" in str(error)
    assert guess in str(error.hint) or guess in error.message


def test_a_byte_order_mark_does_not_hide_the_first_column(shop):
    shop.write("orders.csv", GOOD.encode("utf-8-sig"))
    assert shop.load().orders["order_id"].to_list() == ["A1", "A2"]


def test_an_encoding_that_python_does_not_know_is_refused_before_anything_is_read(shop):
    shop.orders["csv"] = {"encoding": "utf-9"}
    with pytest.raises(Exception, match="no text encoding 'utf-9'"):
        shop.load()


def test_rows_with_more_or_fewer_cells_are_quarantined_by_line(shop):
    shop.lenient()
    shop.write(
        "orders.csv", GOOD + "A3,K03,2024-01-04\nA4,K04,2024-01-05,1,2\nA5,K05,2024-01-06,7\n"
    )
    data = shop.load()
    assert data.orders["order_id"].to_list() == ["A1", "A2", "A5"]
    assert data.account.tables["orders"].quarantined == {"ragged_row": 2}


def test_blank_rows_are_removed_by_name_and_empty_lines_are_none(shop):
    shop.write("orders.csv", GOOD + "\n,,,\n\nA3,K03,2024-01-04,1\n,,,\n")
    account = shop.load().account.tables["orders"]
    assert account.removed == {"blank_row": 2}
    assert account.raw == 5


def test_a_quoted_cell_may_hold_the_delimiter_and_line_breaks(shop):
    shop.write("customers.csv", 'No,Name,City\nK01,"Müller, Meier\n& Söhne",Basel\n')
    shop.write("orders.csv", GOOD.replace("K02", "K01"))
    assert shop.load().customers["name"].to_list() == ["Müller, Meier\n& Söhne"]


def test_a_quote_that_is_never_closed_is_refused_with_its_line(shop):
    shop.write("orders.csv", GOOD + 'A3,"K03,2024-01-04,1\nA4,K04,2024-01-05,2\n')
    error = refused(shop)
    assert "line 4 is no CSV" in str(error)


def test_a_cell_of_ten_megabytes_is_quarantined_and_the_rest_is_read(shop):
    shop.lenient()
    big = "x" * 10_000_000
    shop.write("customers.csv", f"No,Name,City\nK01,{big},Basel\nK02,Ann,Bern\n")
    shop.write("orders.csv", "Order,Customer,Date,Amount\nA1,K02,2024-01-02,10\n")
    data = shop.load()
    assert data.customers["customer_id"].to_list() == ["K02"]
    assert data.account.tables["customers"].quarantined == {"oversized_cell": 1}


def test_hostile_names_are_text_like_any_other(shop):
    names = ["<script>alert(1)</script>", "{{< env HOME >}}", '=cmd()|"/C calc"!A0', "O'Neill; --"]
    cells = ['"' + name.replace('"', '""') + '"' for name in names]
    rows = "".join(f"K{n:02},{cell},Basel\n" for n, cell in enumerate(cells, 1))
    shop.write("customers.csv", "No,Name,City\n" + rows)
    shop.write("orders.csv", GOOD)
    customers = shop.load().customers.sort_values("customer_id")
    assert customers["name"].to_list() == names


def test_several_extracts_are_read_one_below_the_other_in_name_order(shop):
    (shop.folder / "orders.csv").unlink()
    shop.write("orders-2024-02.csv", "Order,Customer,Date,Amount\nA3,K01,2024-02-02,1\n")
    shop.write("orders-2024-01.csv", GOOD)
    shop.orders["file"] = "orders-*.csv"
    data = shop.load()
    assert data.orders["order_id"].to_list() == ["A1", "A2", "A3"]
    assert [(file["name"], file["rows"]) for file in data.files] == [
        ("customers.csv", 12),
        ("orders-2024-01.csv", 2),
        ("orders-2024-02.csv", 1),
    ]


def test_extracts_in_folders_of_one_name_are_told_apart(shop):
    (shop.folder / "orders.csv").unlink()
    for month in ("2024-01", "2024-02"):
        (shop.folder / month).mkdir()
    shop.write("2024-01/orders.csv", GOOD)
    shop.write("2024-02/orders.csv", "Order,Customer,Date,Amount\nA3,K01,2024-02-02,ten\n")
    shop.orders["file"] = "2024-*/orders.csv"
    shop.lenient()
    data = shop.load()
    rows = {file["name"]: file["rows"] for file in data.files}
    assert rows["2024-01/orders.csv"] == 2
    assert rows["2024-02/orders.csv"] == 1
    quarantine = paths.private() / "quarantine" / "shop" / "orders.parquet"
    assert pd.read_parquet(quarantine)["row"].to_list() == ["2024-02/orders.csv:2"]


def test_an_extract_that_overlaps_the_one_before_adds_nothing(shop):
    (shop.folder / "orders.csv").unlink()
    shop.write("orders-1.csv", GOOD)
    shop.write("orders-2.csv", GOOD + "A3,K03,2024-01-04,1\n")
    shop.orders["file"] = "orders-*.csv"
    data = shop.load()
    assert len(data.orders) == 3
    assert data.account.tables["orders"].removed == {"repeated_row": 2}


def test_other_delimiters_and_decimal_commas_are_read_when_declared(shop):
    shop.write("orders.csv", "Order;Customer;Date;Amount\nA1;K01;2024-01-02;1.234,50\n")
    shop.orders["csv"] = {"delimiter": ";", "decimal": ",", "thousands": "."}
    assert shop.load().orders["revenue"].to_list() == [1234.5]


def workbook(rows: list[list[object]], sheet: str = "Export") -> bytes:
    book = Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(row)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


HEADER = ["Order", "Customer", "Date", "Amount"]


def test_a_workbook_keeps_numbers_dates_and_whole_ids(shop):
    rows = [HEADER, [1001.0, "K01", pd.Timestamp("2024-01-02 10:30").to_pydatetime(), 10.5]]
    rows.append([1002, "K02", "2024-01-03", "7.25"])  # the same, typed as text
    shop.write("orders.xlsx", workbook(rows))
    shop.orders.update(file="orders.xlsx", sheet="Export")
    orders = shop.load().orders
    assert orders["order_id"].to_list() == ["1001", "1002"]
    assert orders["ordered_at"].to_list() == [
        pd.Timestamp("2024-01-02 10:30"),
        pd.Timestamp("2024-01-03"),
    ]
    assert orders["revenue"].to_list() == [10.5, 7.25]


def test_a_day_of_a_file_with_types_stays_that_day_in_every_zone(shop):
    shop.params["time_zone"] = "America/New_York"
    shop.column("ordered_at", time_zone="UTC")
    days = [date(2024, 3, 1), date(2024, 3, 2)]
    frame = pd.DataFrame({"Order": ["1", "2"], "Customer": "K01", "Date": days, "Amount": 1.0})
    frame.to_parquet(shop.folder / "orders.parquet")
    shop.orders["file"] = "orders.parquet"
    assert shop.load().orders["ordered_at"].to_list() == [pd.Timestamp(day) for day in days]
    shop.write(
        "orders.xlsx", workbook([HEADER, ["1", "K01", days[0], 1], ["2", "K01", days[1], 1]])
    )
    shop.orders["file"] = "orders.xlsx"
    assert shop.load().orders["ordered_at"].to_list() == [pd.Timestamp(day) for day in days]


def test_midnight_in_a_workbook_is_a_time_where_it_is_shown_as_one(shop):
    shop.params["time_zone"] = "America/New_York"
    shop.column("ordered_at", time_zone="UTC")
    midnight = datetime(2024, 3, 1)
    shop.write("orders.xlsx", workbook([HEADER, ["1", "K01", midnight, 1]]))  # yyyy-mm-dd h:mm:ss
    shop.orders["file"] = "orders.xlsx"
    assert shop.load().orders["ordered_at"].to_list() == [pd.Timestamp("2024-02-29 19:00")]


@pytest.mark.parametrize("last", ["9999-12-31", "0001-01-01"])
def test_a_day_that_no_clock_reaches_is_unreadable(shop, last):
    days = [date(2024, 3, 1), date.fromisoformat(last)]
    frame = pd.DataFrame({"Order": ["1", "2"], "Customer": "K01", "Date": days, "Amount": 1.0})
    frame.to_parquet(shop.folder / "orders.parquet")
    shop.orders["file"] = "orders.parquet"
    shop.lenient()
    data = shop.load()
    assert data.orders["order_id"].to_list() == ["1"]
    assert data.account.tables["orders"].quarantined == {"unreadable_ordered_at": 1}


def test_a_sheet_that_is_not_there_is_named(shop):
    shop.write("orders.xlsx", workbook([HEADER, ["A1", "K01", "2024-01-02", 1]]))
    shop.orders.update(file="orders.xlsx", sheet="Exports")
    assert "did you mean `Export`?" in str(refused(shop))


def test_text_that_calls_itself_a_workbook_is_refused(shop):
    shop.write("orders.xlsx", GOOD)
    shop.orders["file"] = "orders.xlsx"
    assert "orders.xlsx: is no Excel workbook" in str(refused(shop))


def test_text_that_calls_itself_parquet_is_refused(shop):
    shop.write("orders.parquet", GOOD)
    shop.orders["file"] = "orders.parquet"
    assert "orders.parquet: is no Parquet file" in str(refused(shop))


def test_parquet_types_come_through(shop):
    frame = pd.DataFrame(
        {
            "Order": [1, 2, 3],
            "Customer": pd.Categorical(["K01", "K02", "K03"]),
            "Date": pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"]).date,
            "Amount": pd.array([1, None, 3], dtype="Int64"),
        }
    )
    frame.to_parquet(shop.folder / "orders.parquet")
    shop.orders["file"] = "orders.parquet"
    shop.lenient()
    data = shop.load()
    assert data.orders["order_id"].to_list() == ["1", "3"]
    assert data.orders["revenue"].to_list() == [1.0, 3.0]
    assert data.account.tables["orders"].quarantined == {"missing_revenue": 1}


def test_a_file_outside_the_sources_folder_cannot_be_named(shop):
    for file in ("../secret.csv", "/etc/passwd", "..\\secret.csv"):
        shop.orders["file"] = file
        with pytest.raises(Exception, match="relative to the source's data folder"):
            shop.load()


def test_a_name_without_a_known_suffix_needs_a_format(shop):
    shop.write("orders.dat", GOOD)
    shop.orders["file"] = "orders.dat"
    assert "Add `format: csv`" in str(refused(shop))
    shop.orders["format"] = "csv"
    assert len(shop.load().orders) == 2
