"""The example of docs/sources.md does what the page says."""

import re
from pathlib import Path

import pandas as pd
import pytest

from helpers.sources import Tables, load
from helpers.sources.mapping import FileTable
from helpers.sources.mapping_parts import Aggregate, Column, Rule, Where

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")


@pytest.fixture
def bikes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tables:
    blocks = re.findall(r"`((?:data|params)/\S+)`[^\n]*:\n\n```\w+\n(.*?)```", PAGE, flags=re.S)
    assert len(blocks) == 3
    for name, content in blocks:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(tmp_path))
    return load("bikes")


def test_the_example_comes_to_the_account_that_the_page_tells(bikes):
    account = bikes.account.tables["orders"]
    assert (account.raw, account.kept) == (5, 2)
    assert account.corrected == {"credit_note": 1}
    assert account.removed == {"counter_sale": 1}
    assert account.quarantined == {"unreadable_ordered_at": 1}


def test_the_example_s_orders_are_read_as_written(bikes):
    orders = bikes.orders.set_index("order_id")
    assert orders["revenue"].to_dict() == {"R-1": 1234.5, "R-2": 89.0, "R-3": -89.0}
    assert orders.loc["R-1", "ordered_at"] == pd.Timestamp("2024-01-03 09:15")
    assert sorted(bikes.customers["name"]) == ["Anna Muster", "Meier; Söhne"]


@pytest.mark.parametrize("model", [FileTable, Column, Rule, Where, Aggregate])
def test_the_page_explains_every_key_of_the_mapping(model):
    for key in model.model_fields:
        assert re.search(rf"`[^`\n]*\b{key}\b[^`\n]*`", PAGE), key
