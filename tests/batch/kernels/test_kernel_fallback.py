"""Where kernels cannot be forked, ordinary ones do, and one line says why."""

import json
import logging
import sys

import pytest

from helpers.batch import kernels
from helpers.batch.kernel import chosen
from helpers.batch.kernels import ORDINARY, WARM, client, install_kernelspecs, kernelspecs
from helpers.batch.kernels import provisioner as provisioning
from helpers.errors import UsageError


@pytest.fixture(autouse=True)
def nothing_said_before(monkeypatch):
    monkeypatch.setattr(provisioning, "_warned", set())
    monkeypatch.setattr(client, "_given_up", {})


def test_both_kernelspecs_start_this_interpreter(tmp_path):
    folders = install_kernelspecs(tmp_path)
    assert [folder.name for folder in folders] == [ORDINARY, WARM]
    specs = [json.loads((folder / "kernel.json").read_text()) for folder in folders]
    assert [spec["argv"][:3] for spec in specs] == [
        [sys.executable, "-m", "ipykernel_launcher"]
    ] * 2
    assert [spec["display_name"] for spec in specs] == ["CRM reports", "CRM reports (warm)"]
    assert "kernel_provisioner" not in specs[0]["metadata"]
    provisioner = specs[1]["metadata"]["kernel_provisioner"]
    assert provisioner == {"provisioner_name": "crm-reports-forkserver"}
    assert install_kernelspecs(tmp_path) == folders  # again, over itself
    assert not [path for folder in folders for path in folder.iterdir() if "tmp" in path.name]


def test_without_a_private_folder_the_kernel_is_ordinary_and_one_line_says_so(
    start, short_path, monkeypatch, caplog
):
    (short_path / "file").write_text("")
    monkeypatch.setenv("CRM_REPORTS_RUNTIME", str(short_path / "file" / "below"))
    with caplog.at_level(logging.WARNING):
        first, second = start(), start()
    for kernel in (first, second):
        assert kernel.value("6 * 7") == 42
        assert kernel.manager.provisioner.kernel_kind == "cold"
        assert "cannot be made: Not a directory" in kernel.manager.provisioner.fallback
    assert caplog.text.count("No warm kernel, an ordinary one instead") == 1
    assert first.process.poll() is None
    first.stop()
    assert first.manager.provisioner.has_process is False


def test_a_server_that_does_not_start_is_reported_with_its_last_words(
    start, fresh_servers, tmp_path, monkeypatch
):
    (tmp_path / "__main__.py").write_text("raise SystemExit('first\\nout of luck')")
    monkeypatch.setattr(client.forkserver, "__file__", str(tmp_path / "__init__.py"))
    kernel = start()
    assert kernel.manager.provisioner.kernel_kind == "cold"
    assert kernel.manager.provisioner.fallback == "the fork server did not start: out of luck"
    assert kernel.value("6 * 7") == 42


def test_a_folder_open_to_others_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir(mode=0o755)
    monkeypatch.setenv("CRM_REPORTS_RUNTIME", str(tmp_path / "run"))
    usable, reason = kernels.warm_available()
    assert not usable
    assert "open to others (mode 0755)" in reason


def test_elsewhere_than_on_linux_the_ordinary_kernel_is_the_default(monkeypatch, caplog):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert kernels.warm_available() == (False, "kernels are forked on Linux only, this is darwin")
    assert kernels.server_status() == []
    assert kernels.stop_server() == 0
    name, warning = kernelspecs.default_kernel()
    assert name == ORDINARY
    assert warning == "No warm kernels: kernels are forked on Linux only, this is darwin."


def test_the_default_is_the_warm_kernel_without_a_word():
    assert kernels.default_kernel() == (WARM, "")


def test_a_home_folder_that_cannot_be_written_is_no_obstacle(start, environment, tmp_path):
    kernel = start(env=environment(HOME="/proc/nowhere", IPYTHONDIR=str(tmp_path)))
    assert kernel.manager.provisioner.kernel_kind == "warm"
    assert kernel.value("6 * 7") == 42


def test_an_idle_time_that_is_no_number_is_said(start, fresh_servers, monkeypatch):
    monkeypatch.setenv("CRM_REPORTS_KERNEL_IDLE", "soon")
    kernel = start()
    assert kernel.manager.provisioner.kernel_kind == "cold"
    assert "is no number of seconds: 'soon'" in kernel.manager.provisioner.fallback


def test_a_kernelspec_of_another_interpreter_is_replaced(tmp_path, monkeypatch):
    folders = install_kernelspecs(tmp_path)
    for folder in folders:
        spec = json.loads((folder / "kernel.json").read_text())
        spec["argv"][0] = "/elsewhere/python"
        (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert kernels.default_kernel() == (WARM, "")
    spec = json.loads((folders[1] / "kernel.json").read_text())
    assert spec["argv"][0] == sys.executable


def test_one_of_our_kernelspecs_is_installed_when_it_is_asked_for(tmp_path, monkeypatch):
    """In a fresh environment no run has installed them yet."""
    monkeypatch.setattr("jupyter_core.paths.ENV_JUPYTER_PATH", [])  # this environment has them
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert chosen(WARM) == (WARM, "")
    assert (tmp_path / "share" / "jupyter" / "kernels" / WARM / "kernel.json").is_file()
    with pytest.raises(UsageError, match="no kernelspec is called 'crm-reports-warn'"):
        chosen("crm-reports-warn")
