"""A run from the command line to executed notebooks in place."""

import json

from typer.testing import CliRunner

from helpers import cli


def invoke(*arguments):
    return CliRunner().invoke(cli.app, list(arguments))


def text_of(path):
    cells = json.loads(path.read_text())["cells"]
    return "".join(t for c in cells for o in c.get("outputs", []) for t in o.get("text", []))


def test_default_run_executes_all_families_for_three_months(project):
    done = invoke("run", "--jobs", "1", "--kernel", "python3")
    assert done.exit_code == 0, done.output
    assert len(project.statuses()) == 6
    assert set(project.statuses().values()) == {"ok"}
    made = project.output / "notebooks" / "small" / "alpha" / "2017-11.ipynb"
    assert text_of(made) == "2017-11 3\n"
