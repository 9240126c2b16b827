"""The record of a run that the site reads."""

import json
import time

from helpers.batch.edition import Edition
from helpers.batch.record import Record, RunRecord


def write(*records, result="ok"):
    run = RunRecord("crm-reports run", jobs=2, executor="processes", kernel="python3")
    for record in records:
        run.add(record)
    return run, json.loads(run.write(result).read_text())


def test_a_run_has_one_record_a_report_in_order(own_output):
    later = Record(Edition("s", "churn", "2017-10"), "ok", "current", started=0.5, offset=1.25)
    first = Record(Edition("s", "churn", "2017-09"), "failed", "stale", error={"cell": 4})
    run, found = write(later, first)
    assert found["version"] == 1
    assert [report["period"] for report in found["reports"]] == ["2017-09", "2017-10"]
    assert found["reports"][0]["notebook"] == "notebooks/s/churn/2017-09.ipynb"
    assert found["reports"][0]["error"] == {"cell": 4}
    assert found["reports"][1]["started"] == "1970-01-01T00:00:00.500+00:00"
    assert found["run"]["result"] == "ok"
    assert found["run"]["id"] == run.id
    kept = own_output / "store" / "runs" / f"{run.id}.json"
    assert json.loads(kept.read_text()) == found


def test_a_clock_that_goes_back_makes_no_duration_negative(own_output, monkeypatch):
    run = RunRecord("crm-reports run", jobs=2, executor="processes", kernel="python3")
    monkeypatch.setattr(time, "time", lambda: 0.0)
    found = json.loads(run.write("ok").read_text())["run"]
    assert found["seconds"] >= 0
    assert found["ended"] >= found["started"]


def test_a_run_that_goes_on_is_written_now_and_then(own_output, monkeypatch):
    run = RunRecord("crm-reports run", jobs=2, executor="processes", kernel="python3")
    run.add(Record(Edition("s", "churn", "2017-09"), "ok", "current"))
    assert not (own_output / "run.json").exists()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    run.add(Record(Edition("s", "churn", "2017-10"), "ok", "current"))
    assert json.loads((own_output / "run.json").read_text())["run"]["result"] == "running"
