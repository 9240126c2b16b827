"""Random kills during a backfill of 48 reports: the same figures, none missing or twice."""

import json
import random
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

import helpers
from helpers.batch.kernels import install_kernelspecs, server_status, stop_server, warm_available
from helpers.document import MIME

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not warm_available()[0], reason=warm_available()[1]),
]

CELLS = (
    """
    import time
    import pandas as pd
    from types import SimpleNamespace
    from IPython.display import display
    from helpers.document import MIME, KpiItem, Kpis, Provenance, Title
    from helpers.document_json import as_json
    from helpers.periods import Period
    from helpers.predictions import keep, kept
    from helpers.private import write_list
    from helpers.sources import load
    """,
    """
    time.sleep(0.05)
    data = load(source, as_of=Period.parse(period).as_of)
    value = float(data.orders['revenue'].sum()) * {factor}
    here = {{'family': '{family}', 'period': period, 'source': source}}
    """,
    """
    if {keeps}:
        params = SimpleNamespace(slice=slice, keeps_predictions=True, **here)
        earlier = kept(params, [Period.parse(period).previous()]).frames.values()
        value += sum(float(frame['expected'].sum()) for frame in earlier) / 2
        keep(pd.DataFrame({{'expected': [value]}}), params)
    """,
    """
    ids = data.customers['customer_id'].tolist() * 50
    write_list(pd.DataFrame({{'customer_id': ids, 'value': value}}), name='list', **here)
    with open(os.environ['CRM_REPORTS_LOG'], 'a') as log: log.write(f'{family} {{period}}\\n')
    """,
    """
    kpi = KpiItem('revenue', 'Revenue', 'currency', value, str(value), 'Revenue.')
    about = Title('{family}', '{family}', 'Tiny.', period, period, str(data.as_of), source, source,
                  'all', 'All customers', 'USD', 'en_US', {{}})
    for block in (about, Kpis([kpi]), Provenance(data.snapshot, [], {{}}, {{}})):
        display({{MIME: as_json(block), 'text/plain': block.type}}, raw=True)
    """,
)
FAMILIES = {"alpha": 1, "beta": 2, "gamma": 3, "delta": 4}
JUDGED = ("gamma", "delta")  # they keep predictions, so that their periods run in order
RUN = ("backfill", "--from", "2017-01", "--to", "2017-12", "--jobs", "2", "--formats", "html",
       "--kernel", "crm-reports-warm", "--retries", "5")  # fmt: skip
MONTHS = [f"2017-{month:02}" for month in range(1, 13)]
ALL = {(family, month) for family in FAMILIES for month in MONTHS}


def kpis(output):
    """Every KPI of every executed notebook."""
    found = {}
    for path in output.glob("notebooks/*/*/*.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            for shown in cell.get("outputs", []):
                for item in shown.get("data", {}).get(MIME, {}).get("items", []):
                    key = path.parent.name, path.stem, item["name"]
                    assert key not in found
                    found[key] = item["value"]
    return found


def assert_nothing_is_half_written(output):
    """Look at every final place: notebooks, records, run.json, pages, lists, predictions."""
    for path in [*output.glob("notebooks/*/*/*"), *output.glob("store/editions/*/*/[!.]*"),
                 *output.glob("store/runs/[!.]*"), *output.glob("*.json")]:  # fmt: skip
        if text := read(path):
            assert json.loads(text), f"{path} is half-written"
    for path in output.glob("site/**/*.html"):
        if text := read(path):
            assert text.rstrip().endswith(b"</html>"), f"{path} is half-written"
    for path in output.glob("private/*/*/[!.]*.csv"):
        if text := read(path):
            assert (text.count(b"\n"), text[-1:]) == (501, b"\n"), f"{path} is half-written"
    for path in output.glob("private/*/*/predictions/[!.]*"):
        if text := read(path):
            assert text[-4:] == b"PAR1", f"{path} is half-written"


def read(path):
    """What a file holds; nothing if it is just being replaced by another name."""
    if path.name.startswith("."):
        return b""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b""
    assert content, f"{path} is empty"
    return content


def executions(log):
    """How often each report was executed, as its cells tell."""
    return Counter(tuple(line.split()) for line in log.read_text().splitlines())


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
    theme = Path(helpers.__file__).parents[2] / "reports" / "theme"
    shutil.copytree(theme, project.root / "reports" / "theme")
    for family, factor in FAMILIES.items():
        keeps = family in JUDGED
        cells = (c.format(family=family, factor=factor, keeps=keeps) for c in CELLS)
        project.family(family, *cells, keeps=keeps)
    monkeypatch.setenv("CRM_REPORTS_LOG", str(tmp_path / "ran.log"))
    return project


def begin(project):
    return subprocess.Popen(
        [*project.command, *RUN], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_kills_at_random_change_nothing_in_the_end(backfill, tmp_path, monkeypatch):
    project, chance, kills = backfill, random.Random(20171231), 0
    output, deadline = project.output, time.monotonic() + 900
    while time.monotonic() < deadline:
        run = begin(project)
        owner = psutil.Process(run.pid)
        while run.poll() is None and kills < 25:
            time.sleep(chance.uniform(0.3, 1.5))
            try:
                victim(owner, chance).kill()
                kills += 1
            except psutil.NoSuchProcess:
                continue  # it ended by itself, just now
            assert_nothing_is_half_written(output)
        said, _ = run.communicate(timeout=600)
        if run.returncode == 0:
            break
    assert run.returncode == 0, said
    assert kills >= 10
    assert_nothing_is_half_written(output)
    disturbed = kpis(output)
    assert {(family, month) for family, month, _ in disturbed} == ALL
    site = output / "site"
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {f"small/{family}/{month}.html" for family, month in ALL} <= pages
    lists = {path.name for path in output.glob("private/small/*/*.csv")}
    assert lists == {f"{month}-list.csv" for month in MONTHS}
    assert not list(output.rglob("*.part"))
    assert not (output / "store" / "running").exists()

    monkeypatch.setenv("CRM_REPORTS_OUTPUT", str(tmp_path / "undisturbed"))
    subprocess.run([*project.command, *RUN], check=True, capture_output=True)
    assert disturbed == kpis(tmp_path / "undisturbed")
    for path in output.glob("private/small/*/*.csv"):
        other = tmp_path / "undisturbed" / path.relative_to(output)
        assert path.read_bytes() == other.read_bytes()


def test_a_finished_report_is_not_executed_again_after_kills(backfill, tmp_path):
    project, log = backfill, tmp_path / "ran.log"
    finished = []
    for _ in range(3):
        before = set(project.output.glob("store/editions/*/*/*.json"))
        run = begin(project)
        until = time.monotonic() + 240
        while len(set(project.output.glob("store/editions/*/*/*.json")) - before) < 3:
            assert run.poll() is None, run.stdout.read()
            assert time.monotonic() < until, "nothing was finished"
            time.sleep(0.05)
        run.kill()
        run.communicate()
        finished.append({p: p.stat().st_mtime_ns for p in project.output.glob("notebooks/*/*/*")})
    said, _ = (last := begin(project)).communicate()
    assert last.returncode == 0, said
    assert len(finished[0]) >= 3
    for seen in finished:  # what was there has not been touched since
        assert {path: path.stat().st_mtime_ns for path in seen} == seen
    ran = executions(log)
    assert set(ran) == ALL
    # A kill of the runner costs at most the two reports that were just being executed.
    assert sum(ran.values()) <= len(ALL) + 3 * 2
    records = [
        json.loads(path.read_text()) for path in project.output.glob("store/editions/*/*/[!.]*")
    ]
    assert len({(r["edition"]["family"], r["edition"]["period"]) for r in records}) == len(ALL)
    left = [
        process.pid
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get("CRM_REPORTS_LOG") == str(log)
    ]
    assert left == []
    assert [server["kernels"] for server in server_status() if server["kernels"]] == []
