"""Cells show the same on a warm kernel as on an ordinary one."""

import json
import re
import textwrap
from pathlib import Path

import nbformat
import papermill
import pytest

from helpers import paths
from helpers.batch.kernel import threads
from helpers.batch.kernels import ORDINARY, WARM, warm_available

pytestmark = [
    pytest.mark.skipif(not warm_available()[0], reason=warm_available()[1]),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

CELLS = """
import locale, logging, os, resource, signal, sys, threading, time
---
import numpy as np, pandas as pd, matplotlib, matplotlib.pyplot as plt, seaborn as sns
import ipywidgets, lifelines, pandera.pandas, pyarrow as pa, pyarrow.parquet, sklearn, tqdm.auto
import statsforecast, statsforecast.models, threadpoolctl
---
print(len(sys.argv), os.path.basename(sys.argv[0]), sys.path, sys.flags, sys.executable)
---
print(sorted(os.environ.items()), os.getcwd(), os.umask(0o022))
---
print([resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith("RLIMIT")])
---
print([(s, signal.getsignal(s)) for s in (2, 15, 1, 17, 13)], signal.pthread_sigmask(0, []))
---
print(locale.getlocale(), sys.stdout.encoding, sys.stdin.encoding, time.tzname, sys.stdin.isatty())
---
print(len(threading.enumerate()), sys.gettrace(), sys.getrecursionlimit(), logging.root.handlers)
---
print(sorted((p["internal_api"], p["num_threads"]) for p in threadpoolctl.threadpool_info()))
---
print(pd.options.display.max_columns, pd.options.display.encoding, matplotlib.get_backend())
print({k: v for k, v in matplotlib.rcParams.items() if matplotlib.rcParamsDefault[k] != v})
---
pd.DataFrame(np.arange(60).reshape(2, 30))
---
fig, ax = plt.subplots(); ax.plot([1, 2, 3]); ax.set_title("a title")
---
plt.plot([3, 1]); plt.show(); print(plt.get_fignums())
---
sns.barplot(x=["a", "b"], y=[3, 4])
---
%matplotlib inline
plt.plot([2, 2]); print(plt.isinteractive())
---
for _ in tqdm.auto.tqdm(range(3), bar_format="{n}"): pass
---
ipywidgets.IntSlider(3)
---
pa.parquet.write_table(pa.table({"a": range(99999)}), "t.parquet")
pd.read_parquet("t.parquet").describe()
---
series = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2020", periods=37, freq="MS")})
series["y"] = np.arange(37) % 12 * 1.5 + 10
ets = statsforecast.models.AutoETS(season_length=12)
statsforecast.StatsForecast([ets], freq="MS").forecast(df=series, h=3)
---
from sklearn.ensemble import HistGradientBoostingClassifier
rng = np.random.default_rng(0); x = rng.normal(size=(2000, 5))
HistGradientBoostingClassifier(max_iter=9).fit(x, x[:, 0] > 0).predict_proba(x)[:3]
---
a = rng.normal(size=(400, 400)); print((a @ a).sum().item().hex()); np.linalg.svd(a)[1][:3]
---
np.random.seed(3); print(np.random.random(), sklearn.utils.check_random_state(0).random())
---
from joblib import Parallel, delayed
print(Parallel(2)(delayed(abs)(i) for i in (-1, -2)))
---
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor(2) as pool: print(list(pool.map(abs, [-1, -2])))
---
import warnings; warnings.warn("mind"); warnings.warn("old", DeprecationWarning)
---
!echo from the shell
---
os.write(1, b"low\\n"); os.system("echo system"); sys.stderr.write("error\\n")
---
get_ipython().events.callbacks.keys(), type(get_ipython()).__name__, __name__, dir()[:1]
---
1 / 0
"""


def whole(cell: nbformat.NotebookNode) -> list[object]:
    """Return outputs with each stream in one piece; where it is cut is a matter of timing."""
    streams: dict[str, str] = {}
    for output in cell.outputs:
        if output.output_type == "stream":
            streams[output.name] = streams.get(output.name, "") + output.text
    others = [output for output in cell.outputs if output.output_type != "stream"]
    return [*sorted(streams.items()), *others]


def shown(nb: nbformat.NotebookNode, kernel: str, folder: Path) -> list[str]:
    """Return each code cell's outputs, without what no two kernels have in common."""
    out = folder / f"{kernel}.ipynb"
    try:
        papermill.execute_notebook(
            nb, out, engine_name="crm-reports", kernel_name=kernel, progress_bar=False, cwd=folder
        )
    except papermill.PapermillExecutionError:
        assert "ZeroDivisionError" in out.read_text()
    done = nbformat.read(out, 4)
    assert done.metadata.crm_reports.kernel.kind == ("warm" if kernel == WARM else "cold")
    cells = [json.dumps(whole(c), sort_keys=True) for c in done.cells if c.cell_type == "code"]
    varying = r'0x[0-9a-f]+|"model_id": "\w+"|ipykernel_\d+'
    return [re.sub(varying, "…", cell) for cell in cells]


def test_cells_show_the_same(tmp_path, monkeypatch):
    for name, value in threads(2).items():
        monkeypatch.setenv(name, value)
    nb = nbformat.v4.new_notebook()
    nb.metadata.kernelspec = {"name": ORDINARY, "display_name": ORDINARY, "language": "python"}
    nb.cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS.split("---\n")]
    warm, cold = shown(nb, WARM, tmp_path), shown(nb, ORDINARY, tmp_path)
    for source, ours, theirs in zip(CELLS.split("---\n"), warm, cold, strict=True):
        assert ours == theirs, textwrap.indent(source, "    ")


@pytest.mark.long
@pytest.mark.parametrize(
    "notebook", sorted(paths.notebooks().glob("*.ipynb")), ids=lambda path: path.stem
)
def test_the_shipped_notebooks_show_the_same(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_REPORTS_DATA", str(paths.root() / "tests" / "fixture"))
    nb = nbformat.read(notebook, 4)
    assert shown(nb, WARM, tmp_path) == shown(nb, ORDINARY, tmp_path)
