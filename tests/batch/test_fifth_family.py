"""A fifth family is a notebook, parameters, a model and metrics: no existing file is touched."""

import json
import shutil
from pathlib import Path

import pytest

import helpers.metrics
from helpers import paths

ROOT = Path(__file__).resolve().parents[2]
CELLS = (
    """\
from helpers.metrics import visits
from helpers.params import validate
from helpers.report import Report, line
from helpers.sources import load""",
    """\
period: str = "2017-12"  # month, quarter, ISO week or year
source: str = "small"  # a file of params/sources/
slice: str = "all"  # or attribute=value
currency: str = "USD"  # ISO 4217 code
locale: str = "en_US"  # how numbers and dates are written
time_zone: str = "America/New_York"  # IANA name
fewest: int = 1  # visits that count""",
    """\
params = validate("visits", globals())
data = load(params.source, as_of=params.as_of, slice=params.slice)
report = Report(params, data)
report.title()""",
    "report.headline(visits.headline(data.orders, period=params.span))",
    """\
months = visits.by_month(data.orders)
report.charts(line(months, x="month", y="visits", title="Visits by month", unit="count", \
grain="period"))""",
    """\
report.quality()
report.definitions(visits.CONTRACTS)
report.provenance()""",
)
METRICS = '''\
"""How often customers came."""

from helpers.metrics.contracts import Contract, Kpi

CONTRACTS = [
    Contract("visits", "Visits", "count", "Orders in the period.", "count of orders", precision=0)
]


def headline(orders, *, period):
    days = orders["ordered_at"].dt.date
    return [Kpi(CONTRACTS[0], float(days.between(period.start, period.end).sum()))]


def by_month(orders):
    month = orders["ordered_at"].dt.to_period("M").dt.to_timestamp()
    return month.value_counts().sort_index().rename_axis("month").reset_index(name="visits")
'''
MODEL = '''\
"""Parameters of the visits report."""

from typing import ClassVar

from pydantic import Field

from helpers.params import BaseParams


class Params(BaseParams):
    title: ClassVar[str] = "Visits"
    summary: ClassVar[str] = "How often customers came."
    fewest: int = Field(ge=1, description="visits that count")
'''


@pytest.fixture
def fifth(project, tmp_path, monkeypatch):
    """The project with the new family's four files, and a kernel that finds two of them."""
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    (metrics / "visits.py").write_text(METRICS)
    (project.models / "visits.py").write_text(MODEL)
    (project.root / "params" / "visits.yml").write_text("fewest: 1\n")
    cells = [
        {
            "cell_type": "code", "id": f"c{number}", "execution_count": None, "outputs": [],
            "metadata": {"tags": ["parameters"] if number == 1 else []}, "source": source,
        }
        for number, source in enumerate(CELLS)
    ]  # fmt: skip
    found = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (project.root / "notebooks" / "visits.ipynb").write_text(json.dumps(found))
    shutil.copytree(ROOT / "reports" / "theme", project.root / "reports" / "theme")
    monkeypatch.setattr(helpers.metrics, "__path__", [*helpers.metrics.__path__, str(metrics)])
    # What an installation does by putting files into the package, a start-up hook does here.
    (tmp_path / "sitecustomize.py").write_text(
        "import helpers.metrics, helpers.params\n"
        f"helpers.metrics.__path__.append({str(metrics)!r})\n"
        f"helpers.params.__path__.append({str(project.models)!r})\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return project


def test_it_runs_and_is_published(fifth, crm):
    done = crm("run", "--family", "visits", "--period", "2017-12")
    assert done.exit_code == 0, done.output
    made = crm("publish", "--formats", "html", "--renderer", "built-in")
    assert made.exit_code == 0, made.output
    page = (paths.site() / "small" / "visits" / "2017-12.html").read_text()
    assert "Visits by month" in page
    assert ">31<" in page.replace("\n", "").replace(" ", "")
    assert "small/visits/2017-12.html" in (paths.site() / "index.html").read_text()


def test_its_notebook_and_parameters_pass_the_check(fifth, crm):
    for name in ("alpha", "beta"):
        (fifth.root / "notebooks" / f"{name}.ipynb").unlink()
        (fifth.root / "params" / f"{name}.yml").unlink()
    done = crm("check")
    assert done.exit_code == 0, done.output


def test_a_change_of_its_metrics_is_noticed_and_no_other_family_runs(fifth, crm, tmp_path):
    assert crm("run", "--period", "2017-12").exit_code == 0
    module = tmp_path / "metrics" / "visits.py"
    module.write_text(module.read_text() + "# changed\n")
    said = crm("plan", "--period", "2017-12").output
    assert "1 run" in said.splitlines()[-1]
    assert "helpers.metrics.visits changed" in said
