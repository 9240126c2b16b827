"""What counts as a change, and how it is said."""

import json

import pytest

from helpers.batch import fingerprint
from helpers.batch.basis import Basis
from helpers.batch.changes import changes
from helpers.batch.content import Content, digest, notebook_digest
from helpers.batch.edition import Edition
from helpers.batch.interpreter import Interpreter
from helpers.batch.trace import installed

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
    "modules": {"helpers.sources": ["sources/__init__.py", "m0"]},
    "files": {"helpers/report/look.css": "f0", "notebooks/local.py": "b0"},
    "tops": ["pandas", "unheard_of"],
    "installed": {"pandas": "2.3.0", "other": "1"},
    "python": "3.11.2",
}


def basis(**more):
    site = more.pop("site", ("/nowhere/site-packages",))
    kernel = Interpreter(more.pop("python", "3.11.2"), site, more.pop("spec", ""))
    tables = {"orders": {"rows": 1, "hash": "a"}, "customers": {"rows": 2, "hash": "b"}}
    return Basis(Edition("s", "f", "2017-10"), {}, "n1", tables, {"o.csv": "r1"}, "snap", kernel)


def uses(trace, distributions):
    return fingerprint.uses(trace, distributions, {"o.csv": "r1"}, "s")


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
    assert found["files"] == ["helpers/report/look.css", "notebooks/local.py"]
    assert found["versions"] == ["pandas"]
    assert found["tables"] == ["orders"]


def test_without_a_trace_everything_counts():
    found = uses(None, {})
    assert found["tables"] is None
    assert "helpers.metrics.contracts" in found["modules"]
    assert "data/s/o.csv" in found["files"]


def site(tmp_path, **versions):
    for name, version in versions.items():
        (tmp_path / f"{name}-{version}.dist-info").mkdir(parents=True)
    return (str(tmp_path),)


def test_without_a_trace_every_distribution_and_the_kernels_python_count(tmp_path):
    folders = site(tmp_path, pandas="2.3.1", other="1")
    now = fingerprint.current(Content(), basis(site=folders), uses(None, {}))
    assert now["versions"] == {"python": "3.11.2", "pandas": "2.3.1", "other": "1"}
    assert set(now["tables"]) == {"orders", "customers"}
    (tmp_path / "other-1.dist-info").rename(tmp_path / "other-2.dist-info")
    later = fingerprint.current(Content(), basis(site=folders), uses(None, {}))
    assert changes(now, later) == ["other 1 → 2"]


def test_what_is_recorded_is_what_the_kernel_saw(tmp_path):
    used = uses(TRACE, {"pandas": ["pandas"]})
    content, here = Content(), basis(site=site(tmp_path, pandas="2.3.1"))
    seen = fingerprint.recorded(content, here, used, TRACE)
    assert seen["modules"] == {"helpers.sources": "m0"}
    assert seen["files"] == {"helpers/report/look.css": "f0", "notebooks/local.py": "b0"}
    assert seen["versions"] == {"python": "3.11.2", "pandas": "2.3.0"}
    assert changes(seen, fingerprint.current(content, here, used)) == [
        "helpers.sources changed", "helpers/report/look.css is gone",
        "notebooks/local.py is gone", "pandas 2.3.0 → 2.3.1",
    ]  # fmt: skip


def test_another_python_counts_and_another_name_of_the_kernel_does_not(tmp_path):
    used = uses(TRACE, {})
    now = fingerprint.current(Content(), basis(site=()), used)
    later = fingerprint.current(Content(), basis(site=(), python="3.11.3"), used)
    assert changes(now, later) == ["python 3.11.2 → 3.11.3"]
    other = fingerprint.current(Content(), basis(site=(), spec="ir 12ab"), used)
    assert changes(now, other) == ["kernel is new, ir 12ab"]


def test_a_kernel_of_another_machine_has_no_versions_that_could_be_looked_up():
    used = uses(TRACE, {"pandas": ["pandas"]})
    far = basis(site=None, python="", spec="far 12ab")
    seen = fingerprint.recorded(Content(), far, used, TRACE)
    assert seen["versions"] == {"kernel": "far 12ab"}
    assert fingerprint.current(Content(), far, used)["versions"] == seen["versions"]


def test_a_module_of_a_worker_with_the_package_elsewhere_is_found_here():
    trace = {**TRACE, "modules": {"helpers.paths": ["/elsewhere/helpers/paths.py", "m0"]}}
    used = uses(trace, {})
    now = fingerprint.current(Content(), basis(), used)
    assert now["modules"]["helpers.paths"] not in ("gone", "m0")


def test_environments_that_differ_are_told_apart_in_words():
    ours = fingerprint.environment()
    assert fingerprint.differences(ours, ours) == []
    assert fingerprint.environment_digest() == digest(ours)
    theirs = {**ours, "python": "3.9", "code": "x", "versions": {**ours["versions"]}}
    theirs["versions"]["pandas"] = "1.0"
    del theirs["versions"]["numpy"]
    said = fingerprint.differences(ours, theirs)
    assert said[0] == f"python {ours['python']} here, 3.9 there"
    assert said[1] == "the package crm-reports has other code there"
    assert said[2] == f"numpy {ours['versions']['numpy']} here, absent there"
    assert said[3] == f"pandas {ours['versions']['pandas']} here, 1.0 there"


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
