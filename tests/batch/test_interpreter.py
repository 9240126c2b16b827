"""What of a kernel decides a report is its Python and its packages, and whatever else it sets."""

import json
import sys

import pytest

from helpers.batch.interpreter import Interpreter, of_kernel, own
from helpers.errors import UsageError

PLAIN = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """Install a kernelspec called `mine`."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))

    def write(argv, **more):
        folder = tmp_path / "kernels" / "mine"
        folder.mkdir(parents=True, exist_ok=True)
        found = {"argv": argv, "display_name": "x", "language": "python", **more}
        (folder / "kernel.json").write_text(json.dumps(found))
        return of_kernel("mine")

    return write


def test_the_projects_kernels_and_none_are_this_interpreter():
    assert of_kernel(None) == of_kernel("crm-reports") == of_kernel("crm-reports-warm") == own()
    assert own().python == ".".join(map(str, sys.version_info[:3]))


@pytest.mark.parametrize("python", ["python", "python3", sys.executable])
def test_another_name_for_the_same_interpreter_is_the_same(spec, python):
    assert spec([python, *PLAIN]) == own()
    assert spec([python, "-Xfrozen_modules=off", *PLAIN]) == own()


def test_a_spec_that_sets_more_counts_as_a_whole(spec):
    more = spec([sys.executable, *PLAIN], env={"MODE": "a"})
    other = spec([sys.executable, *PLAIN], env={"MODE": "b"})
    assert more.site == other.site == own().site
    assert len({more.spec, other.spec, ""}) == 3


def test_another_interpreter_is_asked_for_its_version_and_packages(spec, tmp_path):
    python = tmp_path / "python9"
    python.write_text(f'#!/bin/sh\necho \'["3.9.1", ["/x/lib", "{tmp_path}/site-packages"]]\'\n')
    python.chmod(0o755)
    found = spec([str(python), *PLAIN])
    assert found == Interpreter("3.9.1", (f"{tmp_path}/site-packages",), "")


def test_another_language_counts_by_its_spec_and_all_that_is_installed_here(spec):
    found = spec(["/bin/false", "--args", "{connection_file}"], language="R")
    assert found.python == ""
    assert found.site == own().site
    assert found.spec.startswith("mine ")


def test_a_kernel_of_another_machine_counts_by_its_spec(spec):
    far = {"kernel_provisioner": {"provisioner_name": "kubernetes-provisioner"}}
    found = spec(["python", *PLAIN], metadata=far)
    assert (found.python, found.site) == ("", None)
    assert found.spec.startswith("mine ")


def test_a_name_that_nobody_knows_is_refused_here_and_left_to_a_clusters_workers():
    with pytest.raises(UsageError, match="no kernelspec is called 'nosuch'"):
        of_kernel("nosuch")
    assert of_kernel("nosuch", here=False) == Interpreter("", None, "nosuch")
