"""The page about the last run tells names, numbers and reasons, nothing of machine or data."""

import json
from typing import Any

import pytest

from helpers.publish import publish, runlog

REPORT = {
    "source": "shop", "family": "customer_value", "period": "2017-12", "slice": "all",
    "notebook": "notebooks/shop/customer_value/2017-12.ipynb", "status": "ok", "page": "current",
    "reasons": [], "seconds": {"total": 3.5}, "error": None,
}  # fmt: skip
RUN = {
    "started": "2018-01-01T06:00:00.000+00:00", "seconds": 12.0, "result": "ok", "jobs": 2,
    "kernel": "crm-reports", "id": "20180101T060000Z-4711",
    "command": "crm-reports run --staging s3://secret", "executor": "dask://scheduler:8786",
    "host": "machine-17",
}  # fmt: skip


def page(kit: Any, **changed: Any) -> str:
    """Publish a report beside this record of its run, and return the page about the run."""
    kit.customers("HH-0001", "17850")
    kit.write(kit.book())
    log = {"version": 1, "run": RUN, "reports": [{**REPORT, **changed}]}
    (kit.output / "run.json").write_text(json.dumps(log))
    publish(renderer="built-in", formats=("html",))
    return str(kit.page("run.html"))


def test_command_executor_and_machine_are_not_told(kit: Any) -> None:
    text = page(kit)
    for word in ("s3://", "secret", "dask", "8786", "machine-17", "4711"):
        assert word not in text
    assert "2018-01-01 06:00" in text
    assert "crm-reports</dd>" in text


def test_reasons_call_files_as_they_are_called_in_the_project(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpers.paths.root", lambda: kit.output.parent)
    reasons = [
        f"{kit.output}/store/a.parquet changed", f"{kit.output.parent}/params/churn.yml changed",
        "/home/ann/secret/orders.csv is gone",
    ]  # fmt: skip
    log = {"version": 1, "run": RUN, "reports": [{**REPORT, "reasons": reasons}]}
    (kit.output / "run.json").write_text(json.dumps(log))
    assert runlog.read().reports[0]["reasons"] == [
        "store/a.parquet changed", "params/churn.yml changed", "orders.csv is gone",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "reason", ["HH-0001 is new", "params: who 17850 → 17851", "rows of HH‑0001 changed"]
)
def test_a_reason_that_names_a_customer_is_left_out(kit: Any, reason: str) -> None:
    text = page(kit, reasons=[reason, "orders: 17,850 more rows"])
    assert "orders: 17,850 more rows" in text
    for word in ("0001", "17850"):
        assert word not in text


def test_without_a_snapshot_to_check_by_no_reason_with_values_is_told(kit: Any) -> None:
    log = runlog.RunLog(reports=({**REPORT, "reasons": ["never run", "params: a 1 → 2"]},))
    told = runlog.guarded(log, runlog.Site(()))
    assert told.reports[0]["reasons"] == ["never run"]


def test_an_error_is_told_by_its_kind_alone(kit: Any) -> None:
    error = {"ename": "HH-0001 <b>", "evalue": "HH-0001", "source": "x", "cell": 3}
    text = page(kit, status="failed", page="stale", error=error)
    assert "0001" not in text
    assert "an error" in text


def test_names_of_what_was_refused_are_told_without_their_slice(kit: Any) -> None:
    kit.customers("HH-0001")
    kit.write(kit.book(), kit.book(slice="who=HH-0001"))
    folder = kit.output / "notebooks/shop/customer_value"
    (folder / "HH-0001.ipynb").write_text("{}")
    failed = dict(publish(renderer="built-in", formats=("html",)).failed)
    assert any("names a customer" in why for why in failed.values())
    assert len(failed) == 2
    text = kit.page("run.html")
    assert "shop/customer_value/2017-12, a slice" in text
    assert "a notebook whose name is no report" in text
    for path in kit.site.rglob("*"):
        assert "0001" not in path.name
        assert not path.is_file() or b"HH-0001" not in path.read_bytes()
