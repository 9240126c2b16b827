"""Kernels of the tests come from servers of their own, which end with the tests."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from helpers.batch.kernels import install_kernelspecs, stop_server

LIGHT = "crm-reports-light"


def variables(home: Path) -> dict[str, str]:
    return {
        "CRM_REPORTS_RUNTIME": str(home / "run"),
        "JUPYTER_PATH": str(home / "share" / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(home / "jupyter"),
        "IPYTHONDIR": str(home / "ipython"),
    }


@pytest.fixture(scope="session")
def kernel_home() -> Iterator[Path]:
    """A short path, as a socket's address may not be long, with the kernelspecs."""
    home = Path(tempfile.mkdtemp(prefix="crm-kernels-"))
    folders = install_kernelspecs(home)
    light = folders[1].parent / LIGHT
    light.mkdir()
    spec = json.loads((folders[1] / "kernel.json").read_text())
    spec["metadata"]["kernel_provisioner"]["config"] = {"preload": ["numpy"]}
    (light / "kernel.json").write_text(json.dumps(spec))
    yield home
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables(home).items():
            patch.setenv(name, value)
        stop_server(force=True)
    shutil.rmtree(home)


@pytest.fixture(autouse=True)
def own_servers(kernel_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the private folder of the tests' servers."""
    for name, value in variables(kernel_home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CRM_REPORTS_KERNEL_IDLE", raising=False)
    return kernel_home / "run"


@pytest.fixture
def fresh_servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A private folder without any server, for tests that kill theirs."""
    folder = Path(tempfile.mkdtemp(prefix="crm-kernels-"))
    monkeypatch.setenv("CRM_REPORTS_RUNTIME", str(folder))
    yield folder
    stop_server(force=True)
    shutil.rmtree(folder)


class Started:
    """A running kernel and a client of it, by nothing but jupyter_client."""

    def __init__(self, name: str, **launch: Any) -> None:
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(**launch)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    @property
    def pid(self) -> int:
        return self.manager.provisioner.pid

    @property
    def process(self) -> Any:
        return self.manager.provisioner.process

    def run(self, code: str, timeout: float = 60) -> list[dict[str, Any]]:
        """Return what a cell sends: the contents of its output messages."""
        got: list[dict[str, Any]] = []

        def keep(message: dict[str, Any]) -> None:
            if message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                got.append({"type": message["msg_type"], **message["content"]})

        self.client.execute_interactive(code, timeout=timeout, output_hook=keep)
        return got

    def value(self, expression: str) -> Any:
        """Return the value of an expression of plain data in the kernel."""
        got = self.run(f"import json; print(json.dumps({expression}))")
        assert [part["type"] for part in got] == ["stream"], got
        return json.loads(got[0]["text"])

    def stop(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=self.process.poll() is not None)
        self.manager.cleanup_resources()


@pytest.fixture
def start() -> Iterator[Callable[..., Started]]:
    """Start kernels by name; they are ended with the test."""
    running: list[Started] = []

    def starter(name: str = LIGHT, **launch: Any) -> Started:
        running.append(Started(name, **launch))
        return running[-1]

    yield starter
    for kernel in running:
        kernel.stop()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait for a condition; fail after half a minute."""

    def wait(condition: Callable[[], object], seconds: float = 30.0) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "it never came true"
            time.sleep(0.02)

    return wait


@pytest.fixture
def alive() -> Callable[[int], bool]:
    """Say whether a process runs; one that nobody has reaped yet does not."""

    def check(pid: int) -> bool:
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return status.rpartition(")")[2].split()[0] != "Z"

    return check


@pytest.fixture
def environment() -> Callable[..., dict[str, str]]:
    """Return the variables of this process with some changes."""

    def change(**changes: str) -> dict[str, str]:
        return {**os.environ, **changes}

    return change
