"""The fork server: one for all, gone when idle, replaced when stale, no harm when killed."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from helpers.batch.kernels import server_status, stop_server, warm_available
from helpers.batch.kernels.process import UNKNOWN

pytestmark = pytest.mark.skipif(not warm_available()[0], reason=warm_available()[1])

CLIENT = textwrap.dedent(
    """
    import sys, time
    from jupyter_client.manager import KernelManager
    manager = KernelManager(kernel_name="crm-reports-light")
    manager.start_kernel()
    print(manager.provisioner.kernel_kind, manager.provisioner.pid, flush=True)
    sys.stdin.read()
    manager.shutdown_kernel(now=True)
    """
)


def clients(count: int) -> list[subprocess.Popen]:
    return [
        subprocess.Popen(
            [sys.executable, "-c", CLIENT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]


def test_clients_that_start_at_once_share_one_server(fresh_servers, alive):
    started = clients(3)
    said = [client.stdout.readline().split() for client in started]
    assert [kind for kind, _ in said] == ["warm"] * 3
    (server,) = server_status()
    assert sorted(server["kernels"]) == sorted(int(pid) for _, pid in said)
    for client in started:
        client.communicate("")
    assert not any(alive(int(pid)) for _, pid in said)


def test_a_kernel_ends_with_the_client_that_was_killed(fresh_servers, alive, eventually):
    (client,) = clients(1)
    kernel = int(client.stdout.readline().split()[1])
    client.kill()
    client.communicate()
    eventually(lambda: not alive(kernel))


def test_the_folder_and_the_socket_are_private(start, fresh_servers):
    start()
    (socket,) = fresh_servers.glob("*.sock")
    assert fresh_servers.stat().st_mode & 0o777 == 0o700
    assert socket.stat().st_mode & 0o777 == 0o600


def test_an_idle_server_ends_and_leaves_nothing(
    start, fresh_servers, alive, eventually, monkeypatch
):
    monkeypatch.setenv("CRM_REPORTS_KERNEL_IDLE", "0.2")
    kernel = start()
    (server,) = server_status()
    kernel.stop()
    eventually(lambda: not alive(server["pid"]))
    assert list(fresh_servers.iterdir()) == []


def test_a_server_asked_to_end_waits_for_its_kernels(start, fresh_servers, alive, eventually):
    kernel = start()
    (server,) = server_status()
    os.kill(server["pid"], signal.SIGTERM)
    eventually(lambda: not list(fresh_servers.glob("*.sock")))
    assert kernel.value("6 * 7") == 42
    kernel.stop()
    eventually(lambda: not alive(server["pid"]))
    assert list(fresh_servers.iterdir()) == []


def test_kernels_outlive_a_killed_server_and_the_next_start_replaces_it(
    start, fresh_servers, alive, eventually
):
    kernel = start()
    (first,) = server_status()
    os.kill(first["pid"], signal.SIGKILL)
    eventually(lambda: not alive(first["pid"]))
    assert kernel.value("6 * 7") == 42
    assert server_status() == []  # its socket is still there, and nobody behind it
    other = start()
    (second,) = server_status()
    assert second["kernels"] == [other.pid]
    process = kernel.process
    kernel.stop()
    assert process.returncode == UNKNOWN
    assert not alive(process.pid)


def test_what_a_killed_server_left_is_swept_by_the_next_one(
    start, fresh_servers, environment, alive, eventually
):
    start()
    (first,) = server_status()
    os.kill(first["pid"], signal.SIGKILL)
    eventually(lambda: not alive(first["pid"]))
    start(env=environment(OMP_NUM_THREADS="1"))  # another server, under another name
    assert len(list(fresh_servers.glob("*.sock"))) == 1


def test_a_new_distribution_gets_a_new_server(
    start, fresh_servers, tmp_path, environment, alive, eventually
):
    changed = environment(PYTHONPATH=str(tmp_path))
    first = start(env=changed)
    (before,) = server_status()
    (tmp_path / "added-1.0.dist-info").mkdir()
    second = start(env=changed)
    (after,) = server_status()
    assert before["pid"] != after["pid"]
    assert after["kernels"] == [second.pid]
    assert first.value("6 * 7") == 42
    first.stop()
    eventually(lambda: not alive(before["pid"]))


def test_variables_read_on_import_decide_which_server_serves(start, fresh_servers, environment):
    start()
    start(env=environment(WHATEVER="1"))
    assert len(server_status()) == 1
    start(env=environment(PYTHONHASHSEED="0"))
    assert len(server_status()) == 2


def test_stopping_by_force_ends_kernels_too(start, fresh_servers, alive, eventually):
    kernel = start()
    assert stop_server(force=True) == 1
    eventually(lambda: not alive(kernel.pid))
    assert server_status() == []


def test_a_server_that_was_left_without_its_folder_ends(start, fresh_servers, alive, eventually):
    kernel = start()
    (server,) = server_status()
    for path in fresh_servers.iterdir():
        path.unlink()
    kernel.stop()
    eventually(lambda: not alive(server["pid"]))
