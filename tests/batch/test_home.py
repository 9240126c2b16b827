"""A home folder that cannot be written is no obstacle, and no cause for litter."""

import os
import subprocess
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from helpers.batch.kernel import spare_home
from helpers.batch.kernels import kernelspecs


@pytest.mark.parametrize("kernel", ["python3", "crm-reports-warm"])
def test_a_run_without_a_home_folder_warns_of_nothing_and_leaves_nothing(
    project, tmp_path, monkeypatch, short_path, kernel
):
    home, scratch = tmp_path / "home", short_path / "tmp"
    home.write_text("a file in its place")  # as root may write to any folder
    scratch.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setenv("CRM_REPORTS_RUNTIME", str(short_path / "run"))
    monkeypatch.setenv("CRM_REPORTS_KERNEL_IDLE", "1")
    for name in ("IPYTHONDIR", "MPLCONFIGDIR", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    done = subprocess.run(
        [*project.command, "run", "--period", "2017-12", "--no-publish", "--kernel", kernel],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert {report["status"] for report in project.run_json()["reports"]} == {"ok"}
    assert list(scratch.iterdir()) == []
    assert home.read_text() == "a file in its place"


def test_a_home_folder_that_can_be_written_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("IPYTHONDIR", raising=False)
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    spare_home(tmp_path / "elsewhere")
    assert not {"IPYTHONDIR", "MPLCONFIGDIR"} & set(os.environ)


def test_what_the_user_has_set_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/proc/nowhere")
    monkeypatch.setenv("IPYTHONDIR", "mine")
    monkeypatch.setenv("MPLCONFIGDIR", "")  # so that it is as before after this test
    monkeypatch.delenv("MPLCONFIGDIR")
    spare_home(tmp_path)
    assert os.environ["IPYTHONDIR"] == "mine"
    assert Path(os.environ["MPLCONFIGDIR"]) == tmp_path / "mplconfigdir"


def test_kernelspecs_go_beside_where_the_environment_is_not_to_be_written(tmp_path, monkeypatch):
    install = kernelspecs.install_kernelspecs

    def refused(prefix=None):
        if prefix is None:
            raise PermissionError("read-only")
        return install(prefix)

    monkeypatch.setattr(kernelspecs, "install_kernelspecs", refused)
    monkeypatch.setattr(kernelspecs, "_is_ours", lambda specs, name: False)
    monkeypatch.setenv("JUPYTER_PATH", "/elsewhere")
    with pytest.raises(PermissionError):
        kernelspecs.provide("crm-reports-warm")
    kernelspecs.provide("crm-reports-warm", tmp_path)
    assert os.environ["JUPYTER_PATH"] == f"{tmp_path}/share/jupyter{os.pathsep}/elsewhere"
    found = KernelSpecManager().find_kernel_specs()["crm-reports-warm"]
    assert found.startswith(str(tmp_path))
