"""What counts as a kernel's memory, and that a kernel that takes too much ends alone."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from uuid import uuid4

import nbformat
import papermill
import psutil
import pytest

from helpers.batch.kernels.family import Family, resident_mb, share_mb
from helpers.batch.kernels.limits import MemoryWatch

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # papermill leaves event loops open
]
FULL = "held = bytearray(300 * 2**20); held[::4096] = b'x' * len(held[::4096])\n"


@pytest.fixture
def python():
    """Start Python programs that lead a session, as kernels do; each says when it is ready."""
    running = []

    def start(program, **variables):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)],
            stdout=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, **variables},
        )  # fmt: skip
        running.append(process)
        return process, process.stdout.readline().split()

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


FORKS = (
    FULL
    + """
import os, time
for _ in range(3):
    if os.fork() == 0:
        time.sleep(600)
time.sleep(0.1)
print("ready", flush=True)
time.sleep(600)
"""
)


def test_pages_that_several_processes_share_count_once(python, alive, eventually):
    """Four processes show 300 MiB each, and hold 300 MiB and a little in all."""
    process, _ = python(FORKS)
    members = Family(process.pid).members()
    assert len(members) == 4
    assert sum(member.resident_mb for member in members) > 1000
    assert 300 < sum(share_mb(member) for member in members) < 420
    watch = MemoryWatch(process.pid, 600)
    eventually(lambda: watch.peak_mb > 0)
    watch.stop()
    assert not watch.exceeded
    assert 300 < watch.peak_mb < 420
    assert process.poll() is None
    for member in members:
        if member.pid != process.pid:
            psutil.Process(member.pid).kill()


LEAVING = (
    FULL
    + """
import os, subprocess, sys, time
# A grandchild without a parent, in the session; another in a session of its own.
code = "import sys, time; x = bytearray(150 * 2**20); print('up', flush=True); time.sleep(600)"
code = code.replace("print", "x[::4096] = b'x' * len(x[::4096]); print")
middle = '''
import subprocess, sys
for own in (False, True):
    child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE,
                             start_new_session=own)
    child.stdout.readline()
    print(child.pid)
'''
asked = [sys.executable, "-c", middle, code]
pids = subprocess.run(asked, stdout=subprocess.PIPE, text=True).stdout
print(*pids.split(), flush=True)
time.sleep(600)
"""
)


def test_what_left_its_parent_and_its_session_counts_and_ends_too(python, alive, eventually):
    mark = uuid4().hex
    process, pids = python(LEAVING, CRM_REPORTS_ATTEMPT=mark)
    strays = [int(pid) for pid in pids]
    assert len(strays) == 2
    assert {member.pid for member in Family(process.pid).members()} == {process.pid, strays[0]}
    family = Family(process.pid, mark)
    assert {member.pid for member in family.members()} == {process.pid, *strays}
    assert family.members()[0].resident_mb == pytest.approx(
        resident_mb(family.members()[0].pid), 0.2
    )
    watch = MemoryWatch(process.pid, 500, mark=mark)  # 300 + 2 × 150 MiB
    eventually(lambda: watch.exceeded)
    watch.stop()
    eventually(lambda: not any(alive(pid) for pid in (process.pid, *strays)))


def test_a_process_of_another_attempt_is_left_alone(python, alive):
    process, _ = python("print('up', flush=True); import time; time.sleep(600)")
    other, _ = python(
        "print('up', flush=True); import time; time.sleep(600)", CRM_REPORTS_ATTEMPT="another"
    )
    watch = MemoryWatch(process.pid, 1, mark="of-this-test")
    process.wait(timeout=30)
    watch.stop()
    assert watch.exceeded
    assert other.poll() is None


def test_when_memory_runs_out_the_system_is_offered_the_kernel_first(python):
    process, _ = python("print('up', flush=True); import time; time.sleep(600)")
    MemoryWatch(process.pid, 1000).stop()
    assert Path(f"/proc/{process.pid}/oom_score_adj").read_text().strip() == "500"


def test_a_kernel_that_has_ended_has_no_members(python):
    process, _ = python("print('up', flush=True)")
    process.wait()
    assert Family(process.pid).members() == []
    MemoryWatch(process.pid, 1).stop()


def executed(path, *cells, **options):
    nb = nbformat.v4.new_notebook()
    nb.metadata.kernelspec = {
        "name": "crm-reports-light",
        "display_name": "l",
        "language": "python",
    }
    nb.cells = [nbformat.v4.new_code_cell(textwrap.dedent(cell)) for cell in cells]
    return papermill.execute_notebook(
        nb, path, engine_name="crm-reports", progress_bar=False, **options
    )


def test_the_peak_of_a_report_has_its_children_in_it(tmp_path):
    child = "held = bytearray(200 * 2**20); held[::4096] = b'x' * len(held[::4096])"
    child = f"{child}; import time; time.sleep(1)"
    done = executed(
        tmp_path / "out.ipynb",
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])",
        memory_limit_mb=2000,
    )
    assert 220 < done.metadata.crm_reports.resources.peak_mb < 500


@pytest.mark.parametrize(
    "cell",
    [
        "import numpy as np\nwhole = np.ones(5 * 2**27)  # 5 GiB, as fast as it gets",
        "parts = []\nwhile True: parts.append(bytearray(b'x') * 10**7)",
        """
        import os, time
        if os.fork() == 0:
            parts = []
            while True: parts.append(bytearray(b'x') * 10**7)
        time.sleep(60)
        """,
    ],
    ids=["at-once", "bit-by-bit", "in-a-child"],
)
def test_a_notebook_that_fills_memory_ends_as_a_failure_of_its_own(tmp_path, cell):
    with pytest.raises(papermill.PapermillExecutionError) as caught:
        executed(tmp_path / "out.ipynb", "1 + 1", cell, memory_limit_mb=500)
    assert caught.value.ename == "DeadKernelError"
    assert caught.value.evalue == "the kernel held more than the 500 MiB it may"
    saved = json.loads((tmp_path / "out.ipynb").read_text())
    assert saved["cells"][1]["outputs"][0]["data"]["text/plain"] == ["2"]
