"""An analyst's afternoon: open JupyterLab, run a notebook top to bottom, use its explorer."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers import paths

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
NOTEBOOK = "customer_value.ipynb"
TOKEN = "analyst"  # noqa: S105 - of a server on loopback that lives for one test

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (apt-get install chromium)"),
    pytest.mark.long,
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback
                return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture
def lab(tmp_path: Path, own_output: Path) -> Iterator[str]:
    """Serve a copy of the notebooks on loopback, as `make lab` does, on the fixture."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for notebook in paths.notebooks().glob("*.ipynb"):
        found = json.loads(notebook.read_text(encoding="utf-8"))
        for cell in found["cells"]:
            if cell["cell_type"] == "code":
                cell |= {"outputs": [], "execution_count": None}
        (folder / notebook.name).write_text(json.dumps(found), encoding="utf-8")
    port, log = free_port(), tmp_path / "lab.log"
    settings = tmp_path / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    environment = os.environ | {
        "CRM_REPORTS_DATA": str(paths.root() / "tests" / "fixture"),
        "CRM_REPORTS_OUTPUT": str(own_output),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
        f"--port={port}", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with log.open("wb") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
        try:
            base = f"http://127.0.0.1:{port}"
            wait_for(f"{base}/api/status?token={TOKEN}", server, log)
            yield base
        finally:
            server.terminate()
            server.wait(timeout=20)


def run_all(page: "Page") -> None:
    """Run all cells and wait for the last. JupyterLab drops the command until a kernel answers."""
    page.get_by_text("| Idle").wait_for(timeout=90_000)
    indicator = ".jp-Notebook-ExecutionIndicator[data-status='{}']"
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_selector(indicator.format("busy"), timeout=30_000)
    page.wait_for_selector(indicator.format("idle"), timeout=240_000)


def chosen_in(select: "Locator") -> str:
    label = str(select.evaluate("select => select.selectedOptions[0].label"))
    return label.replace("\N{NO-BREAK SPACE}", " ")


def test_a_notebook_runs_top_to_bottom_and_its_explorer_is_live(lab: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(f"{lab}/lab/tree/{NOTEBOOK}?token={TOKEN}&reset", timeout=90_000)
        page.wait_for_selector(".jp-NotebookPanel-notebook .jp-Cell", timeout=90_000)
        run_all(page)
        # A long notebook draws only what is near the window: go to the explorer.
        page.keyboard.press("Escape")
        picker = page.locator(".jp-OutputArea .widget-dropdown select").first
        for _ in range(60):
            if picker.count():
                break
            page.mouse.move(640, 600)
            page.mouse.wheel(0, 600)
            page.wait_for_timeout(150)
        picker.scroll_into_view_if_needed()
        box = page.locator(".widget-vbox").filter(has=page.locator(".widget-dropdown")).first
        title = box.locator("b").first
        before = title.inner_text()
        assert box.locator("svg").count() == 1
        picker.select_option(index=1)
        chosen = chosen_in(picker)
        expect(title).to_have_text(chosen)
        assert chosen != before
        split = box.locator(".widget-dropdown select").nth(1)
        assert chosen_in(split) == "No split"
        split.select_option(index=1)
        expect(title).to_contain_text(f"{chosen} by ")
        expect(box.locator("svg")).to_have_count(1)
        page.screenshot(path=str(tmp_path / "explorer.png"))
        errors = page.locator(
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
        )
        assert errors.count() == 0
        browser.close()
