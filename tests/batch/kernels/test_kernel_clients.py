"""JupyterLab's server and nbval use the warm kernel like any other."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from uuid import uuid4

import nbformat
import pytest
from tornado.websocket import websocket_connect

from helpers.batch.kernels import server_status, warm_available

pytestmark = pytest.mark.skipif(not warm_available()[0], reason=warm_available()[1])
TOKEN = "of-this-test"  # noqa: S105 - of a server on loopback that lives for one test
LIGHT = "crm-reports-light"


def served():
    """How many kernels the fork servers of the tests have handed out."""
    return sum(server["served"] for server in server_status())


@pytest.mark.parametrize(
    ("cells", "passes"),
    [(("x = 20", "print(x)", "x + 1"), True), (("import os", "os.getpid()"), False)],
    ids=["same", "other"],
)
def test_nbval_compares_a_notebook_on_the_warm_kernel(tmp_path, cells, passes):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nb.metadata.kernelspec = {"name": LIGHT, "display_name": LIGHT, "language": "python"}
    made = tmp_path / "made.ipynb"
    nbformat.write(nb, tmp_path / "plain.ipynb")
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "plain.ipynb", made.name]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    before = served()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nbval", "-p", "no:cacheprovider", made.name],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) is passes, done.stdout
    assert f"{len(cells)} passed" in done.stdout if passes else "1 failed" in done.stdout
    assert served() == before + 1


class Lab:
    """The server behind JupyterLab, by its REST interface and the channels of a kernel."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.log = folder / "server.log"
        command = [
            sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root",
            "--ip=127.0.0.1", f"--port={self.port}", f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={folder}", "--ServerApp.jpserver_extensions={}",
        ]  # fmt: skip
        environment = os.environ | {"JUPYTER_CONFIG_DIR": str(folder / "config")}
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=file, env=environment)

    def ask(self, method: str, path: str, content: object = None) -> object:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{path}",
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={"Authorization": f"token {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            body = answer.read()
        return json.loads(body) if body else None

    def wait(self) -> None:
        for _ in range(240):
            try:
                self.ask("GET", "status")
                return
            except urllib.error.URLError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.25)
        raise AssertionError(self.log.read_text())


async def answer(lab: Lab, kernel: str, code: str, then: object = None) -> dict[str, object]:
    """Execute code on a kernel's channels and return its reply; call `then` once it prints."""
    address = f"ws://127.0.0.1:{lab.port}/api/kernels/{kernel}/channels?token={TOKEN}"
    channels = await websocket_connect(address)
    header = {"msg_id": uuid4().hex, "msg_type": "execute_request", "username": "", "session": "s",
              "version": "5.3", "date": "2017-12-31T00:00:00Z"}  # fmt: skip
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {},
               "allow_stdin": False, "stop_on_error": False}  # fmt: skip
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    await channels.write_message(json.dumps({**message, "channel": "shell", "buffers": []}))
    texts, replied, idle = [], {}, False
    while not replied or not idle:  # they come by two ways, and either may be first
        got = json.loads(await asyncio.wait_for(channels.read_message(), 60))
        if got["parent_header"].get("msg_id") != header["msg_id"]:
            continue
        if got["msg_type"] == "stream":
            texts.append(got["content"]["text"])
            if then:
                await asyncio.to_thread(then)
        if got["msg_type"] == "execute_reply":
            replied = got["content"]
        idle = idle or got["content"].get("execution_state") == "idle"
    channels.close()
    return {**replied, "text": "".join(texts)}


@pytest.fixture
def lab(tmp_path):
    server = Lab(tmp_path)
    try:
        server.wait()
        yield server
    finally:
        server.process.terminate()
        server.process.wait(timeout=30)


def test_the_server_of_jupyterlab_starts_interrupts_and_restarts_it(lab, alive, eventually):
    def run(code, then=None):
        return asyncio.run(answer(lab, kernel, code, then))

    before = served()
    kernel = lab.ask("POST", "kernels", {"name": LIGHT})["id"]
    first = int(run("import os; kept = 5; print(os.getpid())")["text"])
    assert served() == before + 1
    assert first in [pid for server in server_status() for pid in server["kernels"]]
    stopped = run(
        "import time\nprint('in'); time.sleep(60)",
        lambda: lab.ask("POST", f"kernels/{kernel}/interrupt"),
    )
    assert stopped["ename"] == "KeyboardInterrupt"
    assert run("print(kept)")["text"] == "5\n"
    lab.ask("POST", f"kernels/{kernel}/restart")
    second = int(run("print(__import__('os').getpid())")["text"])
    assert second != first
    assert run("kept")["ename"] == "NameError"
    eventually(lambda: not alive(first))
    lab.ask("DELETE", f"kernels/{kernel}")
    eventually(lambda: not alive(second))
