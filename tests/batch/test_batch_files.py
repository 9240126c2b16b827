"""A file is whole at its final place or not there."""

import errno
import os

import pytest

from helpers.batch import files
from helpers.errors import HelpersError, UsageError


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "deep" / "a.json"
    files.write_json(path, {"a": 1})
    files.write_json(path, {"a": 2})
    assert path.read_text() == '{\n "a": 2\n}\n'
    assert [found.name for found in path.parent.iterdir()] == ["a.json"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1})

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HelpersError, match="No space left on device"):
        files.write_json(path, {"a": 2})
    assert '"a": 1' in path.read_text()
    assert [found.name for found in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(HelpersError, match="Permission denied") as refused:
        files.write_json(tmp_path / "output" / "a.json", {})
    assert refused.value.file == tmp_path / "output"


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "output").write_text("in the way")
    with pytest.raises(UsageError, match="a file stands where a folder is needed") as refused:
        files.write_json(tmp_path / "output" / "store" / "a.json", {})
    assert refused.value.file == tmp_path / "output"
    beside = tmp_path / "beside"
    beside.write_text("x")
    with pytest.raises(UsageError):
        files.move(beside, tmp_path / "output" / "a.ipynb")
