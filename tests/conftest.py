"""Every test writes to a folder of its own, never to the project's output."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_output(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point CRM_REPORTS_OUTPUT at an empty folder, and unset what a shell may have set."""
    folder = tmp_path_factory.mktemp("output")
    monkeypatch.setenv("CRM_REPORTS_OUTPUT", str(folder))
    for name in ("CRM_REPORTS_DATA", "CRM_REPORTS_ROOT", "CRM_REPORTS_SNAPSHOT"):
        monkeypatch.delenv(name, raising=False)
    return folder
