"""A small made-up shop whose raw extracts a test can spoil one by one."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.sources import SourceInfo, Tables, describe, load

CUSTOMERS = "No,Name,City\n" + "".join(
    f"K{n:02},Customer {n},{'Basel' if n <= 8 else 'Bern'}\n" for n in range(1, 13)
)
ORDERS = "Order,Customer,Date,Amount\n" + "".join(
    f"A{n:03},K{(n - 1) % 12 + 1:02},2024-{(n - 1) // 10 + 1:02}-{(n - 1) % 28 + 1:02},{n}.50\n"
    for n in range(1, 41)
)


def file_table(file: str, columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"file": file, "columns": columns, **more}


class Shop:
    """A project root with one source, `shop`: customers and orders as CSV."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "data" / "shop"
        self.folder.mkdir(parents=True)
        (root / "params" / "sources").mkdir(parents=True)
        self.params: dict[str, Any] = {"currency": "CHF"}
        self.mapping: dict[str, Any] = {
            "tables": {
                "customers": file_table(
                    "customers.csv", {"customer_id": "No", "name": "Name", "city": "City"}
                ),
                "orders": file_table(
                    "orders.csv",
                    {
                        "order_id": "Order",
                        "customer_id": "Customer",
                        "ordered_at": "Date",
                        "revenue": "Amount",
                    },
                ),
            }
        }
        self.write("customers.csv", CUSTOMERS)
        self.write("orders.csv", ORDERS)

    @property
    def tables(self) -> dict[str, Any]:
        return self.mapping["tables"]

    @property
    def orders(self) -> dict[str, Any]:
        return self.tables["orders"]

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def column(self, name: str, **how: Any) -> None:
        """Say more about a column of the orders."""
        given = self.orders["columns"][name]
        known = {"column": given} if isinstance(given, str) else given
        self.orders["columns"][name] = known | how

    def rule(self, **rule: Any) -> None:
        rule.setdefault("reason", "Because the test says so.")
        self.orders.setdefault("rules", []).append(rule)

    def lenient(self, share: float = 1.0) -> None:
        """Let the quality gate pass, so that a test can look at the account."""
        self.mapping["limits"] = {"quarantined": share, "unreconciled": share}

    def declare(self) -> None:
        text = yaml.safe_dump(
            {
                "label": "Shop",
                "note": "Made up for tests.",
                "params": self.params,
                "mapping": self.mapping,
            },
            sort_keys=False,
            allow_unicode=True,
        )
        (self.root / "params" / "sources" / "shop.yml").write_text(text, encoding="utf-8")

    def describe(self) -> SourceInfo:
        self.declare()
        return describe("shop")

    def load(self, as_of: date | None = None, slice: str = "all") -> Tables:
        self.declare()
        return load("shop", as_of=as_of, slice=slice)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(tmp_path))
    return Shop(tmp_path)


@pytest.fixture
def order_lines() -> Callable[[str], str]:
    """Return a CSV of one order a line of `id,customer,date,amount`."""
    return lambda lines: "Order,Customer,Date,Amount\n" + lines
