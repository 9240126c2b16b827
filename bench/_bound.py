"""A notebook's cells as plain Python: what no engine can be quicker than."""

import json
import os
import sys
from importlib import import_module
from pathlib import Path

PACKAGES = (
    "IPython.core.interactiveshell", "ipywidgets", "lifelines", "matplotlib.pyplot",
    "pandera.pandas", "pyarrow.parquet", "scipy.stats", "seaborn", "sklearn.ensemble",
    "sklearn.linear_model", "statsforecast.models", "statsmodels.api",
)  # fmt: skip


def warm(output: str) -> None:
    """Prepare a process: threads, output folder, imports; nothing is printed."""
    from helpers.batch.kernel import cores, environment

    os.environ.update(environment(cores()))
    os.environ["CRM_REPORTS_OUTPUT"] = output
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (as long as the process)
    for name in PACKAGES:
        import_module(name)
    import_module("matplotlib").use("agg")


def run_as_plain_python(notebook: str, period: str) -> None:
    """Execute the code cells of a notebook in a namespace of their own."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()  # so that what is displayed is made, as in a kernel
    shell.display_pub.publish = lambda *_, **__: None
    space: dict[str, object] = {"__name__": "__main__"}
    for cell in json.loads(Path(notebook).read_text())["cells"]:
        if cell["cell_type"] != "code":
            continue
        exec("".join(cell["source"]), space)  # noqa: S102 (that is what is measured)
        if "parameters" in cell["metadata"].get("tags", []):
            space["period"] = period
