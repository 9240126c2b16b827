"""The output folder is held by one run; what is no lock of another run is no reason to wait."""

import errno
import fcntl
import os

import pytest
from typer.testing import CliRunner

from helpers import cli
from helpers.batch.lock import HeldError, one_run
from helpers.errors import HelpersError


def hold():
    return one_run(wait=False, say=print)


def test_a_folder_is_held_by_one_and_free_afterwards(own_output):
    with hold(), pytest.raises(HeldError, match=rf"process {os.getpid()}, since"), hold():
        pass
    with hold():
        pass
    assert (own_output / "store" / "run.lock").read_text() == ""


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_a_file_system_without_locks_is_told_and_not_waited_for(own_output, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(HelpersError, match=r"run\.lock: cannot be locked") as told,
        one_run(wait=True, say=print),
    ):
        pass
    assert not isinstance(told.value, HeldError)


def test_a_full_disk_costs_the_signature_only(own_output, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with hold(), pytest.raises(HeldError, match="another run works in"), hold():
        pass


def test_a_run_holds_the_folder_until_all_is_published(project, monkeypatch):
    tried = []

    def publish(formats, site_url):
        tried.append(CliRunner().invoke(cli.app, ["prune", "--yes"]))
        return 0

    monkeypatch.setattr(cli, "_publish", publish)
    asked = ["run", "--period", "2017-12", "--family", "beta", "--kernel", "python3"]
    assert CliRunner().invoke(cli.app, asked).exit_code == 0
    assert [done.exit_code for done in tried] == [1]
    assert "works in" in tried[0].output
