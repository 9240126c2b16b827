"""The lock, pyproject.toml and environment.yml say the same."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from helpers import paths

ROOT = paths.root()


def lock(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))


def normal(requirement: str) -> str:
    return re.split(r"[\[<>=!~ ;]", requirement)[0].lower().replace("_", "-")


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_dependency_is_locked() -> None:
    needed = {normal(r) for r in project()["project"]["dependencies"]}
    assert needed <= set(lock("base.txt"))
    dev = {normal(r) for r in project()["dependency-groups"]["dev"]}
    assert needed | dev <= set(lock("dev.txt"))


def test_the_locks_name_the_same_versions() -> None:
    dev = lock("dev.txt")
    bench = lock("bench.txt")
    differing = {n: (v, dev.get(n)) for n, v in lock("base.txt").items() if dev.get(n) != v}
    differing |= {n: (v, bench.get(n)) for n, v in dev.items() if bench.get(n) != v}
    assert differing == {}


@pytest.mark.parametrize("name", ["base.txt", "dev.txt", "bench.txt"])
def test_every_locked_release_has_a_hash_and_no_address(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    assert "://" not in text
    for block in re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_environment_yml_takes_python_packages_from_the_lock_only() -> None:
    found = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert found["channels"] == ["conda-forge", "nodefaults"]
    plain = {normal(d) for d in found["dependencies"] if isinstance(d, str)}
    assert plain == {"python", "pip", "quarto", "openjdk"}
    (pip,) = (d["pip"] for d in found["dependencies"] if isinstance(d, dict))
    assert pip == ["-r requirements/base.txt"]
    wanted = next(d for d in found["dependencies"] if str(d).startswith("python"))
    assert wanted.startswith("python>=3.11")


def test_the_mandated_packages_are_there() -> None:
    mandated = {
        "jupyterlab",
        "papermill",
        "nbconvert",
        "pandas",
        "seaborn",
        "scikit-learn",
        "ipywidgets",
    }
    assert mandated <= set(lock("base.txt"))
    assert "nbval" in lock("dev.txt")
    assert project()["project"]["optional-dependencies"]["quarto"] == ["quarto-cli"]


def test_the_scheduled_run_caches_nothing_about_single_customers() -> None:
    """Pull requests can read the cache of the default branch."""
    text = (ROOT / ".github" / "workflows" / "reports.yml").read_text()
    job = yaml.safe_load(text)["jobs"]["publish"]
    kept = job["env"]["KEPT"].split()
    private = [paths.private(), paths.snapshots(), paths.output() / "store" / "running"]
    for pattern in kept:
        found = paths.output() / Path(pattern).relative_to("reports/output")
        assert not any(found in [p, *p.parents] or p in found.parents for p in private), pattern
    cached = [step for step in job["steps"] if "cache" in step.get("uses", "")]
    assert len(cached) == 2
    assert all(step["with"]["path"] == "${{ env.KEPT }}" for step in cached)


def recipe(*words: str) -> str:
    """Return the commands that `make` would run."""
    run = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.replace(" \\\n", " ")


def test_make_passes_on_what_is_given_and_nothing_else() -> None:
    bare = recipe("backfill")
    assert "backfill" in bare
    assert "--from" not in bare
    assert "--to" not in bare
    assert "--from 2017-01 --to 2017-03" in recipe("backfill", "FROM=2017-01", "TO=2017-03")
    assert "run --period 2017-09 --family churn" in " ".join(
        recipe("reports", "PERIOD=2017-09", "FAMILY=churn").split()
    )
    assert "publish --serve --formats html" in recipe("site", "FORMATS=html")
