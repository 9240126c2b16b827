"""What a warm kernel has loaded is not what its notebook has imported; the record tells."""

import json
import subprocess

import pytest

from helpers.batch.kernels import warm_available

pytestmark = [
    pytest.mark.skipif(not warm_available()[0], reason=warm_available()[1]),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
IMPORTED = "sorted(__import__('sys').modules['crm_reports_forkserver.imports'].used())"


def imported(kernel):
    return set(kernel.value(IMPORTED))


def test_what_is_loaded_counts_once_it_is_imported(start):
    kernel = start()
    assert kernel.value("'numpy' in __import__('sys').modules") is True
    assert "numpy" not in imported(kernel)
    kernel.run("import numpy.linalg as la")
    assert "numpy" in imported(kernel)


@pytest.mark.parametrize(
    "cell",
    [
        "from numpy import array",
        "import importlib; importlib.import_module('numpy')",
        "__import__('numpy')",
        "def later():\n    import numpy\nlater()",
        "import pandas",  # not loaded by this server, and imports numpy while it is
    ],
)
def test_every_way_to_import_is_seen(start, cell):
    kernel = start()
    kernel.run(cell)
    assert "numpy" in imported(kernel)


def test_what_an_imported_package_needed_on_loading_counts_too(start):
    kernel = start("crm-reports-warm")
    before = imported(kernel)
    assert not before & {"pandas", "sklearn", "scipy", "statsforecast", "lifelines", "jinja2"}
    kernel.run("import seaborn")
    after = imported(kernel)
    assert {"seaborn", "matplotlib", "pandas", "numpy", "pyarrow"} <= after
    assert not after & {"sklearn", "statsforecast", "lifelines", "pydantic"}


def test_a_record_leaves_no_trace_in_the_specs_of_modules(start):
    kernel = start()
    said = "(repr(numpy.__spec__).split('(')[0], type(numpy.__spec__).__name__)"
    kernel.run("import numpy")
    assert kernel.value(said) == ["ModuleSpec", "ModuleSpec"]
    assert kernel.value("__import__('importlib').reload(numpy.version).__name__") == "numpy.version"


def test_an_unused_distribution_is_no_dependency_of_a_report(project):
    (project.root / "local.py").write_text("SIZE = 3\n")
    project.family("alpha", "import lifelines\nimport local\nprint(local.SIZE)")
    month = ("--period", "2017-12")
    run = [*project.command, "run", *month, "--no-publish", "--kernel", "crm-reports-warm"]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    uses = {}
    for family in ("alpha", "beta"):
        path = project.output / "store" / "editions" / "small" / family / "2017-12.json"
        uses[family] = json.loads(path.read_text())["uses"]
    assert {"lifelines", "pandas", "autograd"} <= set(uses["alpha"]["versions"])
    assert "ipykernel" in uses["beta"]["versions"]
    unused = {"lifelines", "pandas", "scikit-learn", "statsforecast", "ipywidgets"}
    assert not unused & set(uses["beta"]["versions"])
    assert uses["alpha"]["files"] == ["local.py"]
    (project.root / "local.py").write_text("SIZE = 4\n")
    plan = [*project.command, "plan", *month]
    said = subprocess.run(plan, capture_output=True, text=True, check=True).stdout
    assert "local.py changed" in said
    assert "1 run" in said
