"""What counts as a change, and how it is said."""

import json

import pytest

from helpers.batch import fingerprint
from helpers.batch.fingerprint import Content, changes, digest, installed, notebook_digest, uses

INPUTS = {
    "notebook": "n1",
    "params": {"horizon": 3, "period": "2017-09"},
    "tables": {"orders": {"rows": 100, "hash": "a"}, "coverage": {"rows": 0, "hash": "x"}},
    "modules": {"helpers.metrics.churn": "m1"},
    "files": {"src/style.css": "f1"},
    "predictions": {"s/f/2017-10": "p1"},
    "versions": {"pandas": "2.3.1"},
}
TRACE = {
    "tables": ["orders"],
    "modules": {"helpers.sources": f"{fingerprint._CODE}/sources/__init__.py"},
    "files": ["reports/output/store/x.parquet", "params/base.yml", "src/helpers/report/look.css"],
    "beside": ["notebooks/local.py"],
    "tops": ["pandas", "unheard_of"],
    "site": ["/nowhere/site-packages"],
    "python": "3.11.2",
}


@pytest.mark.parametrize(
    ("part", "name", "value", "said"),
    [
        ("params", "horizon", 6, "params: horizon 3 → 6"),
        ("params", "margin", 0.2, "params: margin is new, 0.2"),
        ("tables", "orders", {"rows": 120, "hash": "b"}, "orders: 20 more rows"),
        ("tables", "orders", {"rows": 99, "hash": "b"}, "orders: 1 fewer rows"),
        ("tables", "orders", {"rows": 100, "hash": "b"}, "orders: rows changed"),
        ("tables", "orders", None, "orders: the table is gone"),
        ("tables", "coverage", {"rows": 0, "hash": "y"}, "coverage changed"),
        ("modules", "helpers.metrics.churn", "m2", "helpers.metrics.churn changed"),
        ("modules", "helpers.metrics.churn", "gone", "helpers.metrics.churn is gone"),
        ("files", "src/style.css", "f2", "src/style.css changed"),
        ("versions", "pandas", "2.3.3", "pandas 2.3.1 → 2.3.3"),
        ("predictions", "s/f/2017-10", "p2", "what s/f/2017-10 predicted changed"),
        ("predictions", "s/f/2017-10", "", "what s/f/2017-10 predicted is gone"),
        ("predictions", "s/f/2017-09", "p1", "what s/f/2017-09 predicted is new"),
    ],
)
def test_each_kind_of_change_is_said_in_words(part, name, value, said):
    now = {**INPUTS, part: {**INPUTS[part], name: value}}
    assert changes(INPUTS, now) == [said]
    assert digest(now) != digest(INPUTS)


def test_a_changed_notebook_is_said_first():
    now = {**INPUTS, "notebook": "n2", "params": {**INPUTS["params"], "horizon": 6}}
    assert changes(INPUTS, now) == ["notebook changed", "params: horizon 3 → 6"]


def test_equal_inputs_have_no_change_and_one_digest():
    again = json.loads(json.dumps(INPUTS))
    assert changes(INPUTS, again) == []
    assert digest(dict(reversed(again.items()))) == digest(INPUTS)


def cell(source, **more):
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], **more}


def test_outputs_counts_and_other_metadata_do_not_count():
    plain = json.dumps({"cells": [cell("a = 1")], "metadata": {}}).encode()
    run = cell(["a = ", "1"], outputs=[{"output_type": "stream"}], execution_count=3)
    run["metadata"] = {"collapsed": True}
    executed = json.dumps({"cells": [run], "metadata": {"kernelspec": {"name": "x"}}}).encode()
    assert notebook_digest(plain) == notebook_digest(executed)


@pytest.mark.parametrize("changed", [cell("a = 2"), cell("a = 1", cell_type="markdown")])
def test_source_and_type_of_a_cell_count(changed):
    plain = json.dumps({"cells": [cell("a = 1")]}).encode()
    assert notebook_digest(json.dumps({"cells": [changed]}).encode()) != notebook_digest(plain)


def test_tags_count():
    tagged = cell("a = 1")
    tagged["metadata"] = {"tags": ["parameters"]}
    plain = json.dumps({"cells": [cell("a = 1")]}).encode()
    assert notebook_digest(json.dumps({"cells": [tagged]}).encode()) != notebook_digest(plain)


def test_a_file_that_is_no_notebook_still_has_a_digest():
    assert notebook_digest(b"\xff{") != notebook_digest(b"")


def test_uses_are_what_can_be_looked_up_again():
    found = uses(TRACE, {"pandas": ["pandas"]})
    assert found["modules"] == {"helpers.sources": "sources/__init__.py"}
    assert found["files"] == ["src/helpers/report/look.css", "notebooks/local.py"]
    assert found["versions"] == ["pandas"]
    assert found["tables"] == ["orders"]


def test_without_a_trace_everything_counts():
    found = uses(None, {})
    assert found["tables"] is None
    assert "helpers.metrics.contracts" in found["modules"]


def test_sources_without_an_opened_table_count_as_all_tables():
    assert uses({**TRACE, "tables": []}, {})["tables"] is None
    assert uses({**TRACE, "tables": [], "modules": {}}, {})["tables"] == []


def test_versions_are_read_from_folder_names(tmp_path):
    for name in ("pandas-2.3.1.dist-info", "scikit_learn-1.7.0.dist-info", "junk"):
        (tmp_path / name).mkdir()
    first = tmp_path / "first"
    (first / "Pandas-9.9.dist-info").mkdir(parents=True)
    found = installed([str(first), str(tmp_path), str(tmp_path / "absent")])
    assert found == {"pandas": "9.9", "scikit-learn": "1.7.0"}


def test_content_is_hashed_when_the_plan_is_made(tmp_path):
    path = tmp_path / "look.css"
    path.write_text("a")
    content = Content()
    before = content.of(path)
    path.write_text("b")
    assert content.of(path) == before
    assert Content().of(path) != before
    assert content.of(tmp_path / "absent") == "gone"
