"""What is edited while a report runs was not seen by it: the report is due again."""

import json

import pytest

from helpers.batch.content import Content
from helpers.errors import UsageError

MONTH = ("--period", "2017-12", "--family", "alpha")


def reason(crm):
    line = crm("plan", *MONTH).output.splitlines()[0]
    return line[:14].strip(), line.partition(" (small)  ")[2]


def run(crm):
    done = crm("run", *MONTH)
    assert done.exit_code == 0, done.output


def test_a_notebook_that_is_edited_during_its_first_run(project, crm):
    path = project.root / "notebooks" / "alpha.ipynb"
    project.family(
        "alpha",
        f"import pathlib; path = pathlib.Path({str(path)!r})\n"
        "path.write_text(path.read_text().replace('first'+'_text', 'second'+'_text'))",
        "print('first_text')",
    )
    run(crm)
    assert project.text("alpha", "2017-12") == "first_text\n"
    assert "second_text" in path.read_text()
    assert reason(crm) == ("run", "notebook changed")
    run(crm)
    assert project.text("alpha", "2017-12") == "second_text\n"
    assert reason(crm)[0] == "up to date"


def test_the_cells_of_the_plan_are_executed_whatever_the_file_holds_by_then(project, crm):
    path = project.root / "notebooks" / "beta.ipynb"
    project.family("alpha", f"import pathlib; pathlib.Path({str(path)!r}).write_text('half a no')")
    done = crm("run", "--period", "2017-12", "--jobs", "1")
    assert done.exit_code == 0, done.output
    assert project.text("beta", "2017-12") == "3\n"
    assert "notebook changed" in crm("plan", "--period", "2017-12").output


def test_a_module_beside_and_a_file_that_are_edited_once_they_were_read(project, crm):
    (project.root / "level.txt").write_text("1")
    (project.root / "mine.py").write_text("LEVEL = 1\n")
    project.family(
        "alpha",
        "import sys, pathlib; sys.path.insert(0, os.getcwd())",
        "import mine; print(mine.LEVEL, open('level.txt').read())",
        "if period == '2017-12' and mine.LEVEL == 1:\n"
        "    pathlib.Path('level.txt').write_text('2')\n"
        "    pathlib.Path('mine.py').write_text('LEVEL = 22\\n')",
    )
    run(crm)
    assert project.text("alpha", "2017-12") == "1 1\n"
    assert reason(crm) == ("run", "level.txt changed; mine.py changed")
    run(crm)
    assert project.text("alpha", "2017-12") == "22 2\n"
    assert reason(crm)[0] == "up to date"


def test_a_file_of_the_data_and_a_module_read_as_text_count(project, crm):
    (project.data.parent / "targets.csv").write_text("1")
    (project.root / "rules.py").write_text("a = 1")
    project.family(
        "alpha",
        "from helpers import paths\n"
        "print((paths.data() / 'targets.csv').read_text(), open('rules.py').read())",
    )
    run(crm)
    assert reason(crm)[0] == "up to date"
    (project.data.parent / "targets.csv").write_text("2")
    (project.root / "rules.py").write_text("a = 2")
    assert reason(crm) == ("run", "data/targets.csv changed; rules.py changed")


def test_a_file_that_was_looked_for_in_vain_counts_once_it_is_there(project, crm):
    project.family("alpha", "try: open('late.txt')\nexcept FileNotFoundError: print('none')")
    run(crm)
    assert reason(crm)[0] == "up to date"
    (project.root / "late.txt").write_text("x")
    assert reason(crm) == ("run", "late.txt changed")


def test_an_output_folder_elsewhere_is_no_input(project, crm, monkeypatch, tmp_path):
    monkeypatch.setenv("CRM_REPORTS_OUTPUT", str(project.root / "made"))
    project.family(
        "alpha",
        "import pathlib; from helpers import paths\n"
        "place = paths.output() / 'mine.txt'; place.write_text(period); print(place.read_text())",
    )
    run(crm)
    (project.root / "made" / "mine.txt").write_text("other")
    assert reason(crm)[0] == "up to date"


def test_what_a_user_has_set_up_is_not_in_a_report(project, crm, monkeypatch, tmp_path):
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("greeting = 'hello'")
    (tmp_path / "matplotlibrc").write_text("figure.dpi: 31\n")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path / "matplotlibrc"))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    project.family(
        "alpha",
        "import time, matplotlib\n"
        "print('greeting' in globals(), time.tzname[0], os.environ['LC_ALL'])\n"
        "print(matplotlib.rcParams['figure.dpi'] == 31)",
    )
    run(crm)
    assert project.text("alpha", "2017-12") == "False UTC C.UTF-8\nFalse\n"


def test_a_notebook_that_is_gone_is_named(project):
    (project.root / "notebooks" / "alpha.ipynb").unlink()
    with pytest.raises(UsageError, match=r"alpha\.ipynb: cannot be read: No such file"):
        Content().notebook("alpha")


def test_an_upgraded_package_is_noticed_and_another_kernel_of_the_same_python_is_not(project, crm):
    project.family("alpha", "import yaml; print(yaml.__name__)")
    run(crm)
    record = project.output / "store" / "editions" / "small" / "alpha" / "2017-12.json"
    known = json.loads(record.read_text())
    assert known["inputs"]["versions"]["python"].count(".") == 2
    assert "up to date" in crm("plan", *MONTH, "--kernel", "crm-reports").output
    assert "up to date" in crm("plan", *MONTH, "--kernel", "python3").output
    known["inputs"]["versions"] |= {"pyyaml": "1.0", "python": "3.10.1"}
    record.write_text(json.dumps(known))
    said = crm("plan", *MONTH).output
    assert "python 3.10.1 → 3." in said
    assert "pyyaml 1.0 → " in said
