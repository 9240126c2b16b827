"""Notebooks that are not thin, not in order, or not committed as they should be."""

import json

import pytest

from helpers.batch.layout import problems
from helpers.document import MIME

PARAMETERS = """\
period: str = "2017-12"  # month, quarter, ISO week or year
source: str = "small"  # a file of params/sources/
slice: str = "all"  # or attribute=value
currency: str = "USD"  # ISO 4217 code
locale: str = "en_US"  # how numbers and dates are written
time_zone: str = "America/New_York"  # IANA name
horizon: int = 3  # months ahead"""
PROVENANCE = {
    "output_type": "display_data",
    "data": {MIME: {"type": "provenance", "snapshot": "s1"}},
}


def cell(source, number, *, tags=(), outputs=()):
    return {
        "cell_type": "code", "execution_count": number, "metadata": {"tags": list(tags)},
        "outputs": list(outputs), "source": source,
    }  # fmt: skip


@pytest.fixture
def check(project):
    """Write a notebook of the family alpha and return what is wrong with it."""

    def call(*cells, first="from helpers.sources import load", parameters=PARAMETERS, **more):
        sources = [cell(first, 1), cell(parameters, 2, tags=["parameters"])]
        given = [c if isinstance(c, dict) else cell(c, n) for n, c in enumerate(cells, start=3)]
        found = {"cells": [*sources, *given], "metadata": more.pop("metadata", {})}
        path = project.root / "notebooks" / "alpha.ipynb"
        path.write_text(json.dumps(found))
        return problems(path, **more)

    return call


def test_a_thin_notebook_has_no_problem(check):
    assert (
        check(cell("data = load(source)", 3, outputs=[PROVENANCE]), snapshots={"small": "s1"}) == []
    )


def test_markdown_between_does_not_count(check):
    assert check({"cell_type": "markdown", "source": "def words", "metadata": {}}, "x = 1") == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("\n".join(["x = 1"] * 13), "code cell 3: 13 lines, at most 12"),
        ("def f():\n    return 1", "code cell 3: defines f; that belongs to helpers"),
        ("class A: pass", "code cell 3: defines A; that belongs to helpers"),
        ("pd.read_csv('x.csv')", "code cell 3: reads files (read_csv); `load` does that"),
        ("open('x')", "code cell 3: reads files (open); `load` does that"),
        ("import os", "code cell 3: imports; they belong into code cell 1"),
        ("if True:\n    from os import path", "code cell 3: imports; they belong into code cell 1"),
    ],
)
def test_what_is_not_thin_is_named_with_its_cell(check, source, said):
    assert check(source) == [f"notebooks/alpha.ipynb, {said}"]


def test_twelve_lines_and_fifteen_cells_are_enough(check):
    assert check("\n".join(["x = 1"] * 12), *["x = 1"] * 12) == []
    assert check(*["x = 1"] * 14) == ["notebooks/alpha.ipynb: 16 code cells, at most 15"]


def test_the_first_cell_imports_and_does_nothing_else(check):
    said = ["notebooks/alpha.ipynb, code cell 1: imports come first, and nothing else with them"]
    assert check(first="import os\nx = 1") == said
    assert check(first="%matplotlib inline\nimport os") == []


def test_the_second_cell_and_no_other_holds_parameters(check):
    said = check(cell("x: int = 1  # one", 3, tags=["parameters"]))
    assert said == [
        "notebooks/alpha.ipynb: code cell 2 and no other is tagged `parameters`; tagged: [2, 3]"
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("horizon: int = 4  # months", "horizon = 4, and it resolves to 3"),
        ("horizon: int = 3", "`horizon: int = 3` is not `name: type = value  # meaning`"),
        ("horizon = 3  # months", "`horizon = 3  # months` is not `name: type = value  # meaning`"),
        ("horizon: int = 1 + 2  # months", "`horizon: int = 1 + 2  # months` has no plain value"),
        ("horizn: int = 3  # months", "horizn is no parameter of alpha"),
    ],
)
def test_the_parameters_cell_equals_what_resolves(check, line, said):
    parameters = PARAMETERS.replace("horizon: int = 3  # months ahead", line)
    assert f"notebooks/alpha.ipynb, code cell 2: {said}" in check(parameters=parameters)


def test_a_missing_parameter_is_named_with_its_value(check):
    parameters = PARAMETERS.replace('slice: str = "all"  # or attribute=value\n', "")
    assert check(parameters=parameters) == [
        "notebooks/alpha.ipynb, code cell 2: slice is missing; it resolves to 'all'"
    ]


def test_outputs_that_come_from_other_data_are_refused(check):
    told = cell("x = 1", 3, outputs=[PROVENANCE])
    found = check(told, snapshots={"small": "another"})
    assert len(found) == 1
    assert "come from the snapshot s1, not from the fixture" in found[0]


def test_outputs_that_do_not_say_where_they_come_from_are_refused(check):
    assert check("x = 1", snapshots={"small": "s1"}) == [
        "notebooks/alpha.ipynb: no output says which snapshot it comes from"
    ]


def test_a_notebook_that_was_not_executed_in_order_is_refused(check):
    found = check(cell("x = 1", 7, outputs=[PROVENANCE]), snapshots={"small": "s1"})
    assert found == [
        "notebooks/alpha.ipynb: is not executed top to bottom; `make notebooks` does that"
    ]


def test_an_error_among_the_outputs_and_stored_widgets_are_refused(check):
    error = {"output_type": "error", "ename": "ValueError", "evalue": "", "traceback": []}
    wrong = cell("x = 1", 3, outputs=[PROVENANCE, error])
    assert check(wrong, snapshots={"small": "s1"}, metadata={"widgets": {}}) == [
        "notebooks/alpha.ipynb: stores the state of widgets",
        "notebooks/alpha.ipynb, code cell 3: its output is an error, ValueError",
    ]


@pytest.mark.parametrize("text", ["", "{", '{"cells": 1}', '{"cells": [{}]}'])
def test_what_is_no_notebook_is_said_to_be_none(project, text):
    path = project.root / "notebooks" / "alpha.ipynb"
    path.write_text(text)
    assert "cannot be read" in problems(path)[0]


def test_the_command_fails_with_a_line_for_each_problem(check, project, crm):
    check("def f(): return 1")
    (project.root / "notebooks" / "beta.ipynb").unlink()
    done = crm("check")
    assert done.exit_code == 1
    assert "code cell 3: defines f" in done.output
    assert "params/beta.yml: there is no notebook notebooks/beta.ipynb" in done.output
    assert "alpha: its metrics cannot be imported" in done.output
    assert "3 problems." in done.output


def test_the_command_checks_parameter_files(check, project, crm):
    check("x = 1")
    (project.root / "params" / "alpha.yml").write_text("horizon: 99\n")
    assert "horizon = 99" in crm("check").output
