"""Kernels of other machines: numbers of their processes mean nothing here."""

import json
import subprocess
import sys

import pytest

from helpers.batch.kernels import execution
from helpers.batch.kernels.observer import Observer
from helpers.batch.kernels.options import Options, Places

# A provisioner with the manners of gateway_provisioners: it is no LocalProvisioner, `pid` is the
# number that the kernel's process has over there, and signals go by a way of its own.
PROVISIONER = """
import json, os, pathlib, signal, subprocess
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Unicode


class Elsewhere(KernelProvisionerBase):
    note = Unicode(os.environ.get("ELSEWHERE", ""))
    over_there = None
    pid = None

    @property
    def has_process(self):
        return self.over_there is not None

    async def poll(self):
        return 0 if self.over_there is None else self.over_there.poll()

    async def wait(self):
        status = self.over_there.wait()
        self.over_there = None
        return status

    async def send_signal(self, signum):
        self.over_there.send_signal(signum)

    async def kill(self, restart=False):
        self._note("kill")
        self.over_there.kill()

    async def terminate(self, restart=False):
        self._note("terminate")
        self.over_there.terminate()

    async def shutdown_requested(self, restart=False):
        self._note("asked")

    async def cleanup(self, restart=False):
        self._note("cleaned")

    async def pre_launch(self, **kwargs):
        self.parent.write_connection_file()
        self.connection_info = self.parent.get_connection_info()
        command = self.parent.format_kernel_cmd(extra_arguments=kwargs.pop("extra_arguments", []))
        return await super().pre_launch(cmd=command, **kwargs)

    async def launch_kernel(self, cmd, **kwargs):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {k: v for k, v in kwargs["env"].items() if k != "CRM_REPORTS_ATTEMPT"}
        self.over_there = subprocess.Popen(cmd, env=environment, cwd=kwargs.get("cwd"), **quiet)
        self.pid = self.pgid = int(os.environ["FOREIGN_PID"])
        self._note("launched")
        return self.connection_info

    def _note(self, word):
        with open(self.note, "a") as file:
            file.write(word + "\\n")
"""


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Install the provisioner and a kernelspec that uses it; return what it notes."""
    site, notes = tmp_path / "site", tmp_path / "notes"
    about = site / "elsewhere-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[jupyter_client.kernel_provisioners]\nelsewhere = elsewhere_provisioner:Elsewhere\n"
    )
    (site / "elsewhere_provisioner.py").write_text(PROVISIONER)
    spec = tmp_path / "share" / "jupyter" / "kernels" / "elsewhere"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps(
            {
                "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                "display_name": "elsewhere",
                "language": "python",
                "metadata": {"kernel_provisioner": {"provisioner_name": "elsewhere"}},
            }
        )
    )
    monkeypatch.setenv("ELSEWHERE", str(notes))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=":")
    monkeypatch.syspath_prepend(str(site))
    return notes


@pytest.fixture
def bystander(monkeypatch):
    """A process of this machine with the number that the remote kernel has over there."""
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    monkeypatch.setenv("FOREIGN_PID", str(process.pid))
    yield process
    process.kill()
    process.wait()


class Looking(Observer):
    def started(self, client):
        self.pid, self.process, self.kind = client.pid, client.process, client._kernel()["kind"]
        self.watch = client.watch


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_number_from_another_machine_is_no_process_of_this_one(elsewhere, bystander, tmp_path):
    import nbformat

    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("6 * 7")])
    nb.metadata.papermill = {}
    nb.cells[0].metadata.papermill = {}
    looking = Looking()
    done = execution.execute(
        nb, "elsewhere", Options(memory_limit_mb=1), Places(), observer=looking
    )
    assert (looking.pid, looking.process, looking.watch) == (None, None, None)
    assert looking.kind == "remote"
    assert done.cells[0].outputs[0].data["text/plain"] == "42"
    assert done.metadata.crm_reports.kernel == {"name": "elsewhere", "kind": "remote"}
    assert bystander.poll() is None


def test_a_run_on_a_remote_kernelspec_ends_its_kernels_and_nobody_elses(
    project, elsewhere, bystander
):
    project.family("alpha", "print(period, horizon)", "print(os.getpid())")
    done = subprocess.run(
        [*project.command, "run", "--period", "2017-12", "--family", "alpha", "--no-publish",
         "--kernel", "elsewhere", "--memory", "1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = project.run_json()["reports"]
    assert (report["status"], report["kernel"]["kind"]) == ("ok", "remote")
    assert project.text("alpha", "2017-12").startswith("2017-12 3\n")
    assert bystander.poll() is None
    notes = elsewhere.read_text().split()
    assert (notes[0], notes[1], notes[-1]) == ("launched", "asked", "cleaned")  # politely first


@pytest.mark.parametrize("last", ["1 / 0", "while True: pass"], ids=["raises", "endless"])
def test_a_failure_on_a_remote_kernel_spares_the_process_of_its_number(
    project, elsewhere, bystander, alive, last
):
    project.family("alpha", "print(os.getpid())", last)
    done = subprocess.run(
        [*project.command, "run", "--period", "2017-12", "--family", "alpha", "--no-publish",
         "--kernel", "elsewhere", "--timeout", "3"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    failed = json.loads((project.output / "store/failed/small/alpha/2017-12.ipynb").read_text())
    outputs = [output for cell in failed["cells"] for output in cell.get("outputs", [])]
    (kernel,) = [int(text) for output in outputs for text in output.get("text", [])]
    assert not alive(kernel)
    assert bystander.poll() is None
