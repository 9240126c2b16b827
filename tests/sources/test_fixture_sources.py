"""The fixture: the same form as the bundled data, small, and with something for every section."""

import importlib.util
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from helpers.sources import Tables, load

FIXTURE = Path(__file__).resolve().parents[1] / "fixture"
DATA = FIXTURE.parents[1] / "data"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fixture")


@pytest.fixture(autouse=True)
def _on_the_fixture(own_output: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_REPORTS_OUTPUT", str(output))
    monkeypatch.setenv("CRM_REPORTS_DATA", "tests/fixture")


@pytest.fixture
def journey() -> Tables:
    return load("complete_journey")


@pytest.fixture
def retail() -> Tables:
    return load("online_retail")


def extracts(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix in {".csv", ".parquet"}
    }


def test_it_has_the_file_names_of_the_bundled_data():
    assert extracts(FIXTURE) == extracts(DATA)


def test_it_is_small_and_the_bundled_data_within_its_bounds():
    assert sum((FIXTURE / name).stat().st_size for name in extracts(FIXTURE)) < 2**20
    journey = [name for name in extracts(DATA) if name.startswith("complete_journey/")]
    assert sum((DATA / name).stat().st_size for name in journey) < 8 * 2**20


def test_its_script_draws_it_again_from_the_bundled_data(tmp_path):
    script = importlib.util.spec_from_file_location("derive_fixture", FIXTURE / "derive.py")
    derive = importlib.util.module_from_spec(script)
    script.loader.exec_module(derive)
    derive.HERE = tmp_path
    derive.complete_journey()
    derive.online_retail()
    assert extracts(tmp_path) == extracts(FIXTURE)
    for name in extracts(FIXTURE):
        if name.endswith(".csv"):
            assert (tmp_path / name).read_bytes() == (FIXTURE / name).read_bytes(), name
        else:  # bytes of Parquet depend on the library's version, content does not
            assert pq.read_table(tmp_path / name).equals(pq.read_table(FIXTURE / name)), name


def test_its_households_come_with_their_whole_history(journey, monkeypatch):
    monkeypatch.delenv("CRM_REPORTS_DATA")
    whole = load("complete_journey")
    for name in ("orders", "campaign_contacts", "redemptions"):
        frame = whole.get(name)
        expected = frame[frame["customer_id"].isin(journey.customers["customer_id"])]
        assert len(journey.get(name)) == len(expected) > 0
    assert len(journey.customers) == 300


def test_every_campaign_type_has_contacts_and_redemptions_enough_to_be_shown(journey):
    for name in ("campaign_contacts", "redemptions"):
        by_type = journey.get(name).merge(journey.campaigns, on="campaign_id")
        counts = by_type.groupby("campaign_type")["customer_id"].nunique()
        assert counts.min() >= 8
        assert set(counts.index) == {"Type A", "Type B", "Type C"}


def test_every_month_has_orders(journey, retail):
    assert journey.orders["ordered_at"].dt.month.nunique() == 12
    assert retail.orders["ordered_at"].dt.to_period("M").nunique() == 13


def test_its_online_retail_has_all_kinds_of_mess(retail):
    lines = retail.account.tables["order_lines"]
    assert set(lines.removed) == {"cancellation", "no_customer", "price_not_positive"}
    assert lines.flagged["repeated_line"] > 0
    assert 7_000 < lines.raw < 9_000
    raw = pq.read_table(FIXTURE / "online_retail" / "online_retail.parquet").to_pandas()
    assert raw["InvoiceNo"].str.startswith("A").any()
    assert (raw["UnitPrice"] < 0).any()
    assert raw["Description"].isna().any()
    assert ((raw["Quantity"] < 0) & ~raw["InvoiceNo"].str.startswith("C")).any()
