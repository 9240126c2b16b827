"""What the commands show of a project."""

import subprocess
import sys

HEAVY = ("pandas", "numpy", "papermill", "nbformat", "IPython", "matplotlib", "jupyter_client")


def test_parameters_are_shown_with_value_origin_bounds_and_meaning(project, crm):
    done = crm("params", "alpha")
    assert done.exit_code == 0
    line = next(line for line in done.output.splitlines() if line.startswith("horizon"))
    assert line.split("  ") != [line]
    assert [part.strip() for part in line.split("  ") if part] == [
        "horizon", "3", "params/alpha.yml", "int", "≥ 1, ≤ 12", "months ahead",
    ]  # fmt: skip
    assert crm("params", "alfa").exit_code == 2


def test_sources_show_what_cleaning_did(project, crm):
    assert "small   2017-01-01  2017-12-31  customers, orders" in crm("sources").output
    said = crm("sources", "small").output
    assert "orders: 372 raw rows" in said
    assert "  kept    372" in said
    assert crm("sources", "smal").exit_code == 2


def test_no_change_loads_no_pandas(project, crm):
    months = ("--period", "2017-12", "--family", "beta")
    assert crm("run", *months).exit_code == 0
    modules = subprocess.run(
        [
            sys.executable, "-X", "importtime", *project.command[1:], "run", *months, "--no-publish"
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "1 up to date" in modules.stdout
    loaded = {line.rsplit("|", 1)[-1].strip() for line in modules.stderr.splitlines()}
    assert not set(HEAVY) & loaded


def test_dry_run_executes_nothing(project, crm):
    done = crm("run", "--period", "2017-12", "--dry-run")
    assert "never run" in done.output
    assert not (project.output / "notebooks").exists()


def test_backfill_without_bounds_is_every_covered_month(project, crm):
    done = crm("backfill", "--dry-run", "--family", "beta")
    assert "12 reports: 12 run" in done.output
