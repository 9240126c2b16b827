"""Random kills during a backfill of 48 reports: the same figures, none missing or twice."""

import json
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from helpers.batch.kernels import install_kernelspecs, server_status, stop_server, warm_available
from helpers.document import MIME

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not warm_available()[0], reason=warm_available()[1]),
]

KPI = (
    "from datetime import date\n"
    "from helpers.periods import Period\n"
    "from helpers.sources import load\n"
    "import time; time.sleep({seconds})",
    "data = load('small', as_of=Period.parse(period).as_of)\n"
    "value = float(data.orders['revenue'].sum()) * {factor}",
    "with open(os.environ['CRM_REPORTS_LOG'], 'a') as log: log.write(f'{{period}} {factor}\\n')",
    "from IPython.display import display\n"
    "display({{'{mime}': {{'type': 'kpis', 'items': [{{'name': 'revenue', 'value': value}}]}},\n"
    "    'text/plain': str(value)}}, raw=True)",
)
FAMILIES = {"alpha": 1, "beta": 2, "gamma": 3, "delta": 4}
RUN = ("backfill", "--from", "2017-01", "--to", "2017-12", "--jobs", "2", "--no-publish",
       "--kernel", "crm-reports-warm", "--retries", "5")  # fmt: skip


def kpis(project):
    """Every KPI of every executed notebook."""
    found = {}
    for path in project.output.glob("notebooks/*/*/*.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            for output in cell.get("outputs", []):
                for item in output.get("data", {}).get(MIME, {}).get("items", []):
                    key = path.parent.name, path.stem, item["name"]
                    assert key not in found
                    found[key] = item["value"]
    return found


@pytest.fixture
def own_servers(monkeypatch):
    """Fork servers that nobody else uses; a short path, as a socket's address may not be long."""
    home = Path(tempfile.mkdtemp(prefix="crm-chaos-"))
    install_kernelspecs(home)
    monkeypatch.setenv("CRM_REPORTS_RUNTIME", str(home / "run"))
    monkeypatch.setenv("JUPYTER_PATH", str(home / "share" / "jupyter"))
    yield
    stop_server(force=True)
    shutil.rmtree(home)


def family_of(process):
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def victim(owner, chance):
    """One in six is the runner itself, one the kernels' fork server, the rest anything."""
    servers = [psutil.Process(server["pid"]) for server in server_status()]
    kind = chance.randrange(6)
    if kind == 0:
        return owner
    if kind == 1 and servers:
        return chance.choice(servers)
    return chance.choice([owner, *family_of(owner), *(k for s in servers for k in family_of(s))])


@pytest.fixture
def backfill(project, tmp_path, monkeypatch, own_servers):
    """Four families over twelve months, and a log of which cells really ran."""
    for family, factor in FAMILIES.items():
        cells = (c.format(seconds=0.05, factor=factor, mime=MIME) for c in KPI)
        project.family(family, *cells)
    monkeypatch.setenv("CRM_REPORTS_LOG", str(tmp_path / "ran.log"))
    return project


def test_kills_at_random_change_nothing_in_the_end(backfill, tmp_path, monkeypatch):
    project, chance, kills = backfill, random.Random(20171231), 0
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        run = subprocess.Popen(
            [*project.command, *RUN], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        owner = psutil.Process(run.pid)
        while run.poll() is None and kills < 25:
            time.sleep(chance.uniform(0.3, 1.5))
            try:
                victim(owner, chance).kill()
                kills += 1
            except psutil.NoSuchProcess:
                continue  # it ended by itself, just now
            for path in project.output.glob("notebooks/*/*/*"):
                assert json.loads(path.read_text())["cells"], f"{path} is half-written"
        said, _ = run.communicate(timeout=300)
        if run.returncode == 0:
            break
    assert run.returncode == 0, said
    assert kills >= 10
    disturbed = kpis(project)
    assert len(disturbed) == 48

    monkeypatch.setenv("CRM_REPORTS_OUTPUT", str(tmp_path / "undisturbed"))
    calm = type(project)(project.root, project.models)
    subprocess.run([*calm.command, *RUN], check=True, capture_output=True)
    monkeypatch.setattr(type(calm), "output", tmp_path / "undisturbed")
    assert disturbed == kpis(calm)


def test_a_finished_report_is_not_executed_again_after_kills(backfill, tmp_path):
    project = backfill
    for family in ("gamma", "delta"):
        (project.root / "notebooks" / f"{family}.ipynb").unlink()
    for _ in range(3):
        run = subprocess.Popen(
            [*project.command, *RUN], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(5)
        run.kill()
        run.wait()
    subprocess.run([*project.command, *RUN], check=True, capture_output=True)
    ran = (tmp_path / "ran.log").read_text().splitlines()
    assert len(set(ran)) == 24
    # Each kill of the runner can cost at most the reports that were just being executed.
    assert len(ran) <= 24 + 3 * 2
    left = [
        process.pid
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get("CRM_REPORTS_LOG") == str(tmp_path / "ran.log")
    ]
    assert left == []
    assert [server["kernels"] for server in server_status() if server["kernels"]] == []
