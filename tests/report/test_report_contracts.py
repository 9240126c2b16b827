"""The churn notebook's own cell on contracts, on a small source that has subscriptions."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import paths
from helpers.document import MIME
from helpers.document_json import from_json
from helpers.metrics import churn
from helpers.params import resolve
from helpers.report import Report, bar, line, page
from helpers.sources import load

# 30 customers under contract from January; 10 leave on 20 March, 12 more come on 10 March, and the
# fees of 9 are raised on 1 March: 300 + 120 + 45 − 100 = 365.
CONTRACTS = (
    "No,Customer,From,To,Fee,Plan\n"
    + "".join(f"L{n},K{n:02},2024-01-01,2024-03-20,10,Day\n" for n in range(1, 11))
    + "".join(f"R{n},K{n:02},2024-01-01,2024-02-29,10,Day\n" for n in range(11, 20))
    + "".join(f"U{n},K{n:02},2024-03-01,,15,Day\n" for n in range(11, 20))
    + "".join(f"S{n},K{n:02},2024-01-01,,10,Night\n" for n in range(20, 31))
    + "".join(f"N{n},K{n:02},2024-03-10,,10,Night\n" for n in range(31, 43))
)
ORDERS = "Order,Customer,Date,Amount\n" + "".join(
    f"A{n},K{n:02},2024-0{1 + n % 3}-05,10\n" for n in range(1, 43)
)


def cell() -> str:
    notebook = json.loads((paths.notebooks() / "churn.ipynb").read_text(encoding="utf-8"))
    sources = ["".join(one["source"]) for one in notebook["cells"]]
    (found,) = [text for text in sources if 'data.has("subscriptions")' in text]
    return found


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the project at a copy of its notebooks and parameters with one source of contracts."""
    (tmp_path / "notebooks").symlink_to(paths.notebooks())
    (tmp_path / "params" / "sources").mkdir(parents=True)
    for name in ("base", "churn"):
        text = (paths.params() / f"{name}.yml").read_text(encoding="utf-8")
        (tmp_path / "params" / f"{name}.yml").write_text(text, encoding="utf-8")
    names = ("subscription_id", "customer_id", "starts_on", "ends_on", "mrr", "plan")
    columns = dict(zip(names, ("No", "Customer", "From", "To", "Fee", "Plan"), strict=True))
    orders = {"order_id": "Order", "customer_id": "Customer", "ordered_at": "Date"}
    tables = {
        "orders": {"file": "orders.csv", "columns": orders | {"revenue": "Amount"}},
        "subscriptions": {"file": "contracts.csv", "columns": columns},
    }
    facts = {"currency": "USD", "time_zone": "America/New_York"}
    mapping = {"tables": tables}
    declared = {"label": "Gym", "note": "Made up.", "params": facts, "mapping": mapping}
    path = tmp_path / "params" / "sources" / "gym.yml"
    path.write_text(yaml.safe_dump(declared), encoding="utf-8")
    folder = tmp_path / "data" / "gym"
    folder.mkdir(parents=True)
    (folder / "orders.csv").write_text(ORDERS)
    (folder / "contracts.csv").write_text(CONTRACTS)
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(tmp_path))


@pytest.mark.usefixtures("shop")
def test_a_source_with_subscriptions_has_its_contracts_on_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(page, "display", shown.append)
    params = resolve("churn", source="gym", period="2024-03")
    data = load("gym", as_of=params.as_of)
    report = Report(params, data)
    words = {"name": report.format.period, "write": report.format.value}
    given = {"span": params.span, "people": None, "words": words}
    tools = {"bar": bar, "line": line, "churn": churn, "report": report, "data": data}
    exec(cell(), {**given, **tools})  # noqa: S102 - the project's own notebook
    blocks = [from_json(view._repr_mimebundle_()[MIME]) for view in shown]
    kpis = {item.name: item.value for block in blocks[:1] for item in block.items}
    assert kpis == {
        "logo_churn_rate": 0.3333,  # 10 of 30
        "recurring_revenue_churn_rate": 0.3333,  # 100 of 300
        "gross_revenue_retention": 0.6667,
        "net_revenue_retention": 0.8167,  # 45 more from the 9: (300 − 100 + 45) / 300
        "recurring_revenue": 365.0,
    }
    texts = [block.text for block in blocks if getattr(block, "type", "") == "text"]
    assert any(text.startswith("Recurring revenue rose by $65.00") for text in texts)
    charts = {block.title: block for block in blocks if hasattr(block, "marks")}
    bridge = charts["Bridge of recurring revenue"].table.rows
    assert [row[1] for row in bridge] == [300.0, 120.0, 45.0, -100.0, 365.0]
    assert charts["Customers still under contract"].table.rows
    # By plan: 10 of 19 by day left, none of 11 by night.
    assert any("By plan, “Day” moved it most" in text for text in texts)
    by_plan = {v.label: v.table.rows for v in charts["Logo churn by group"].variants}
    assert [row[:2] for row in by_plan["Plan"]] == [["Day", 0.526316], ["Night", 0.0]]
    stays = {v.label for v in charts["Who stays under contract longest"].variants}
    assert "Plan" in stays
