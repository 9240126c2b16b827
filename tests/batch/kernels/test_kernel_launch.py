"""What a client asks for, in the terms of the fork server; and the words between the two."""

import os
import socket
import subprocess

import pytest

from helpers.batch.kernels import runtime
from helpers.batch.kernels.forkserver import child, installed, wire
from helpers.batch.kernels.launch import Launch, WarmUnavailableError

COMMAND = ["python3", "-m", "ipykernel_launcher", "-f", "/connection.json", "--quiet"]
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/home/a"}


def launch(**options) -> Launch:
    options.setdefault("env", ENVIRONMENT)
    return Launch.from_popen(options.pop("command", COMMAND), options)


def test_a_launch_reads_the_command_of_a_kernelspec():
    got = launch(command=["python3", "-X", "dev", *COMMAND[1:]], cwd="/")
    assert os.path.basename(got.python[0]) == "python3"
    assert got.python[1:] == ("-X", "dev")
    assert got.arguments == ["-f", "/connection.json", "--quiet"]
    assert got.folder == "/"
    assert got.environment["JPY_PARENT_PID"] == str(os.getpid())


def test_a_kernel_that_is_to_outlive_its_client_is_not_told_of_it():
    assert "JPY_PARENT_PID" not in launch(independent=True).environment


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"command": ["R", "--slave"]}, "does not start ipykernel"),
        ({"command": ["no-such-python", *COMMAND[1:]]}, "no-such-python does not exist"),
        ({"cwd": "/no/such/folder"}, "/no/such/folder does not exist"),
        ({"stdout": subprocess.PIPE}, "through a pipe"),
        ({"stdin": 0}, "read from a stream"),
        ({"preexec_fn": print}, "preexec_fn"),
    ],
)
def test_what_the_server_cannot_do_is_refused_with_the_reason(options, reason):
    with pytest.raises(WarmUnavailableError, match=reason):
        launch(**options)


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("ANYTHING", True),
        ("JUPYTER_TOKEN", True),
        ("OMP_NUM_THREADS", False),
        ("PYTHONHASHSEED", False),
        ("MPLBACKEND", False),
        ("TZ", False),
        ("HOME", False),
    ],
)
def test_only_variables_read_on_start_or_import_ask_for_another_server(name, shared):
    changed = launch(env={**ENVIRONMENT, name: "1"})
    assert (changed.server_key() == launch().server_key()) is shared


def test_secrets_of_a_client_do_not_reach_the_server_that_others_share():
    assert "TOKEN" not in launch(env={**ENVIRONMENT, "TOKEN": "x"}).server_environment()


def test_a_relative_python_path_counts_from_the_kernels_folder():
    got = launch(env={**ENVIRONMENT, "PYTHONPATH": "lib:/abs"}, cwd="/tmp")
    assert got.server_environment()["PYTHONPATH"] == "/tmp/lib:/abs"
    assert got.environment["PYTHONPATH"] == "lib:/abs"


@pytest.mark.parametrize(
    ("variables", "threads"),  # on two cores; the order of OpenBLAS's blas_get_cpu_number
    [
        ({}, 2),
        ({"OMP_NUM_THREADS": "1"}, 1),
        ({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "2"}, 1),
        ({"GOTO_NUM_THREADS": "1", "OMP_NUM_THREADS": "2"}, 1),
        ({"OMP_NUM_THREADS": "1,2"}, 1),
        ({"OMP_NUM_THREADS": "64"}, 2),
        ({"OMP_NUM_THREADS": "0"}, 2),
        ({"OMP_NUM_THREADS": "many"}, 2),
    ],
)
def test_openblas_takes_the_threads_it_would_have_taken_on_loading(variables, threads, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    assert child.blas_threads(variables) == threads


def test_the_digest_of_the_environment_changes_with_a_reinstall(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    seen = [installed.digest(), installed.digest()]
    (tmp_path / "added-1.0.dist-info").mkdir()
    seen.append(installed.digest())
    os.utime(tmp_path / "added-1.0.dist-info", (1, 1))
    seen.append(installed.digest())
    (tmp_path / "unrelated.txt").write_text("")
    seen.append(installed.digest())
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3
    assert seen[3] == seen[4]


def test_a_message_arrives_whole_with_its_descriptors(tmp_path):
    ours, theirs = socket.socketpair()
    sent = {"text": "é\udcff", "size": "x" * 300_000}
    with ours, theirs, open(tmp_path / "f", "w") as file:
        if os.fork() == 0:
            wire.send(ours, sent, [file.fileno()])
            os._exit(0)
        ours.close()
        got, (fd,) = wire.receive(theirs, fds=1)
        os.wait()
    assert got == sent
    assert os.path.samestat(os.fstat(fd), os.stat(tmp_path / "f"))
    assert not os.get_inheritable(fd)
    os.close(fd)


def test_a_message_cut_short_is_no_message():
    for cut in (0, 2, 10):
        ours, theirs = socket.socketpair()
        with theirs:
            with ours:
                ours.sendall(b"\x00\x00\x00\x30{" + b" " * 30 if cut == 10 else b"\0" * cut)
            with pytest.raises(EOFError):
                wire.receive(theirs)


def test_a_lock_is_held_by_one_and_its_file_may_be_removed_meanwhile(tmp_path):
    path = tmp_path / "a.lock"
    with runtime.lock(path, 0.0):
        with pytest.raises(WarmUnavailableError, match="another process"), runtime.lock(path, 0.1):
            pass
        path.unlink()
        with runtime.lock(path, 0.0):  # the name is free, and so is what it now stands for
            pass


def test_a_folder_with_a_path_too_long_for_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_REPORTS_RUNTIME", str(tmp_path / ("x" * 100)))
    with pytest.raises(WarmUnavailableError, match="too long"):
        runtime.folder()


def test_a_link_in_place_of_the_folder_is_refused(tmp_path, monkeypatch):
    (tmp_path / "r").symlink_to(tmp_path, target_is_directory=True)
    monkeypatch.setenv("CRM_REPORTS_RUNTIME", str(tmp_path / "r"))
    with pytest.raises(WarmUnavailableError, match="somebody else"):
        runtime.folder()


def test_the_runtime_folder_of_the_session_is_preferred(short_path, monkeypatch):
    monkeypatch.delenv("CRM_REPORTS_RUNTIME")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_path))
    assert runtime.folder() == short_path / "crm-reports"
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc/nowhere")
    monkeypatch.setattr(runtime.tempfile, "gettempdir", lambda: str(short_path))
    assert runtime.folder() == short_path / f"crm-reports-{os.getuid()}"
