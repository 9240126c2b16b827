"""The command line: light, in words, with the exit statuses it promises."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from helpers import cli
from helpers.batch import commands
from helpers.errors import DataError, ParameterError, PublishError

HEAVY = ("pandas", "numpy", "papermill", "nbformat", "IPython", "matplotlib", "jupyter_client")


def invoke(*arguments):
    return CliRunner().invoke(cli.app, list(arguments))


def imported(*arguments):
    """The modules that a command has imported when it ends, in a process of its own."""
    code = (
        "import sys\nfrom helpers import cli\n"
        "try:\n    cli.app(sys.argv[1:])\nexcept SystemExit as left:\n    status = left.code\n"
        "print('MODULES', status, *sorted(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    status, *modules = done.stdout.rsplit("MODULES ", 1)[1].split()
    assert status == "0", done.stdout + done.stderr
    return modules


def test_help_imports_nothing_heavy():
    found = imported("--help")
    assert not {*HEAVY, "rich", "pydantic", "yaml"} & set(found)
    assert "helpers.errors" in found


def test_every_command_has_help_and_a_sentence():
    said = invoke("--help").output
    for name in (
        "run", "backfill", "plan", "check", "params", "sources", "publish", "prune", "watch",
    ):  # fmt: skip
        assert f"  {name} " in said
        assert invoke(name, "--help").exit_code == 0


def test_without_a_command_help_is_shown():
    assert "Commands:" in invoke().output


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ParameterError("x"), 2),
        (DataError("x"), 3),
        (PublishError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_error_decides_the_exit_status(monkeypatch, error, status):
    def planned(*_, **__):
        raise error

    monkeypatch.setattr(commands, "planned", planned)
    done = invoke("plan")
    assert done.exit_code == status
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "arguments",
    [("run", "--jobs", "-1"), ("run", "--unknown"), ("nonsense",), ("params",), ("run", "-p", "x")],
)
def test_wrong_usage_ends_with_2(arguments):
    assert invoke(*arguments).exit_code == 2


def published(monkeypatch, **result):
    defaults = {
        "renderer": "built-in", "why": "no quarto on PATH", "pages": 2, "written": 3,
        "failed": [], "squares": [],
    }  # fmt: skip
    asked = []

    def publish(**given):
        asked.append(given)
        return SimpleNamespace(**{**defaults, **result})

    monkeypatch.setattr("helpers.publish.publish", publish)
    return asked


def test_publish_says_which_renderer_and_ends_with_the_index(monkeypatch, own_output):
    asked = published(monkeypatch)
    done = invoke("publish", "--formats", "html", "--site-url", "https://example.org/")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert "built-in renderer: no quarto on PATH" in lines[-2]
    assert lines[-1] == str(own_output / "site" / "index.html")
    assert asked[0]["formats"] == ("html",)
    assert asked[0]["site_url"] == "https://example.org/"


def test_a_report_that_cannot_be_published_is_named_and_ends_with_1(monkeypatch):
    published(monkeypatch, failed=[("small/churn/2017-09", "has no title")])
    done = invoke("publish")
    assert done.exit_code == 1
    assert "Not published: small/churn/2017-09: has no title" in done.output


def test_a_site_that_is_current_is_left_alone_by_a_run(monkeypatch, own_output):
    asked = published(monkeypatch)
    assert cli._publish("html", None) == 0
    assert cli._publish("html", None) == 0
    assert len(asked) == 1
    assert cli._publish("html,pdf", None) == 0
    assert len(asked) == 2
    (own_output / "site").mkdir()
    (own_output / "site" / "index.html").write_text("altered by hand")
    assert cli._publish("html,pdf", None) == 0
    assert len(asked) == 3
