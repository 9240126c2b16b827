"""A warm kernel is a kernel of its own, to be used by any client of Jupyter."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.batch.kernels import WARM, server_status, warm_available

pytestmark = pytest.mark.skipif(not warm_available()[0], reason=warm_available()[1])


def test_a_warm_kernel_has_the_packages_loaded_and_none_of_ours(start):
    kernel = start(WARM)
    assert kernel.manager.provisioner.kernel_kind == "warm"
    loaded = kernel.value("sorted({n.partition('.')[0] for n in __import__('sys').modules})")
    wanted = {"pandas", "numpy", "scipy", "seaborn", "matplotlib", "sklearn", "statsforecast",
              "lifelines", "pyarrow", "pandera", "ipywidgets", "babel"}  # fmt: skip
    assert wanted <= set(loaded)
    assert "helpers" not in loaded
    (server,) = [s for s in server_status() if kernel.pid in s["kernels"]]
    assert server["failed_imports"] == {}
    assert server["threads"] == 1


def test_numerical_libraries_work_in_a_forked_kernel(start):
    kernel = start(WARM)
    got = kernel.run(
        "import numpy as np, pyarrow as pa, pyarrow.compute\n"
        "from sklearn.ensemble import HistGradientBoostingRegressor\n"
        "x = np.arange(99.0).reshape(-1, 1)\n"
        "model = HistGradientBoostingRegressor(max_iter=3).fit(x, x[:, 0])"
    )
    assert got == []
    assert kernel.value("model.n_iter_") == 3
    assert kernel.value("pa.compute.sum(pa.array([1, 2])).as_py()") == 3
    assert kernel.value("(np.ones((300, 300)) @ np.ones(300)).sum().item()") == 90_000.0


def test_a_kernel_gets_session_folder_variables_and_mask_of_its_client(
    start, environment, tmp_path
):
    before = os.umask(0o027)
    try:
        kernel = start(cwd=str(tmp_path), env=environment(REPORT="a\udcffb"))
    finally:
        os.umask(before)
    assert kernel.value("[__import__('os').getsid(0), __import__('os').getpgrp()]") == [
        kernel.pid,
        kernel.pid,
    ]
    assert kernel.value("__import__('os').getcwd()") == str(tmp_path)
    assert kernel.value("__import__('os').environ['REPORT']") == "a\udcffb"
    assert kernel.value("__import__('os').umask(0)") == 0o027
    assert kernel.value("__import__('os').environ['JPY_PARENT_PID']") == str(os.getpid())


def test_a_variable_that_the_client_does_not_have_does_not_leak_in(start, environment):
    start(env=environment(ONLY_FIRST="1"))
    second = start()
    names = second.value("sorted(__import__('os').environ)")
    assert "ONLY_FIRST" not in names
    assert "JE_ARROW_MALLOC_CONF" not in names
    assert "OPENBLAS_NUM_THREADS" not in names or "OPENBLAS_NUM_THREADS" in os.environ


def test_two_kernels_draw_different_random_numbers(start):
    draws = (
        "[__import__('random').random(), __import__('numpy').random.random(),"
        " __import__('uuid').uuid4().hex,"
        " bytes(__import__('multiprocessing').current_process().authkey).hex()]"
    )
    first, second = start().value(draws), start().value(draws)
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_an_interrupt_stops_the_cell_and_not_the_kernel(start):
    kernel = start()
    kernel.run("import time; kept = 5")
    asked = kernel.client.execute("print('in'); time.sleep(60)")
    while kernel.client.get_iopub_msg(timeout=30)["content"].get("text") != "in\n":
        pass
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=30)
    while reply["parent_header"]["msg_id"] != asked:  # an answer that came late while it started
        reply = kernel.client.get_shell_msg(timeout=30)
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    kernel.client.wait_for_ready(timeout=30)  # what comes at once after an error is not executed
    assert kernel.value("kept") == 5


def test_a_restart_gives_another_process_without_the_names(start):
    kernel = start()
    kernel.run("kept = 5")
    before = kernel.pid
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.pid != before
    assert kernel.value("'kept' in globals()") is False


@pytest.mark.parametrize(
    ("code", "status"),
    [("os._exit(7)", 7), ("os.kill(os.getpid(), 9)", -signal.SIGKILL), ("os.abort()", -6)],
)
def test_the_way_a_kernel_ended_is_known(start, eventually, code, status):
    kernel = start()
    kernel.client.execute(f"import os; x = [0] * 10**6; {code}")
    process = kernel.process
    eventually(lambda: process.poll() is not None)
    assert process.returncode == status
    assert process.usage["peak_mb"] > 10
    assert process.usage["cpu_user_s"] > 0


def test_at_its_end_a_kernel_runs_exit_functions_and_flushes_files(start, tmp_path):
    kernel = start()
    kernel.run(
        "import atexit, pathlib\n"
        f"left_open = open({str(tmp_path / 'open')!r}, 'w'); left_open.write('all of it')\n"
        f"atexit.register(pathlib.Path({str(tmp_path / 'exit')!r}).write_text, 'ran')"
    )
    kernel.stop()
    assert (tmp_path / "open").read_text() == "all of it"
    assert (tmp_path / "exit").read_text() == "ran"


def test_what_a_dead_kernel_had_started_dies_too(start, eventually, alive):
    kernel = start()
    child = kernel.value("__import__('subprocess').Popen(['sleep', '600']).pid")
    assert alive(child)
    os.kill(kernel.pid, signal.SIGKILL)
    eventually(lambda: not alive(child))


def test_kernels_take_the_threads_that_their_variables_give(start, environment):
    kernel = start(env=environment(OMP_NUM_THREADS="1"))
    pools = kernel.value("__import__('threadpoolctl').threadpool_info()")
    assert [(pool["internal_api"], pool["num_threads"]) for pool in pools] == [("openblas", 1)]


def test_output_of_the_process_itself_goes_where_the_client_says(start, tmp_path):
    with open(tmp_path / "out", "w") as out:
        kernel = start(stdout=out, stderr=subprocess.STDOUT)
    kernel.run("import os, sys; sys.__stdout__.write('raw\\n'); sys.__stdout__.flush()")
    kernel.stop()
    assert "raw" in (tmp_path / "out").read_text()


def test_a_matplotlibrc_in_the_folder_counts_as_in_an_ordinary_kernel(start, tmp_path):
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 7.5\n")
    kernel = start(WARM, cwd=str(tmp_path))
    assert kernel.value("__import__('matplotlib').rcParams['lines.linewidth']") == 7.5


def test_importing_the_provisioner_is_light():
    code = (
        "import sys, helpers.batch.kernels.provisioner; "
        "print({'papermill', 'nbformat', 'pandas', 'numpy', 'IPython'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"


@pytest.mark.parametrize("first", ["papermill", "helpers.batch.kernels.engine", "nbval.plugin"])
def test_engine_and_provisioner_import_in_any_order(first):
    code = (
        f"import {first}, helpers.batch.kernels.provisioner, helpers.batch.kernels.execution\n"
        "from papermill.engines import papermill_engines as e\n"
        "print(e.get_engine('crm-reports').__name__)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.home()
    )
    assert said.stdout.strip() == "ReportEngine"


def test_a_kernel_keeps_to_the_cores_of_its_client(start):
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        kernel = start()
    finally:
        os.sched_setaffinity(0, cores)
    assert kernel.value("sorted(__import__('os').sched_getaffinity(0))") == [min(cores)]
    pools = kernel.value("__import__('threadpoolctl').threadpool_info()")
    assert {pool["num_threads"] for pool in pools} == {1}
