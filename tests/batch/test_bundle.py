"""The bundles that a worker unpacks: whole, its user's alone, and swept."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from helpers.batch import bundle, workroom
from helpers.batch.fingerprint import sha256
from helpers.batch.staging import Place


def a_bundle(tmp_path, **files):
    """Put a small bundle somewhere and return where."""
    members = {}
    for name, text in files.items():
        path = tmp_path / "sources" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        members[f"params/{name}"] = path
    digests = {name: sha256(path) for name, path in members.items()}
    made = bundle.Bundle(members, json.dumps(digests).encode())
    place = Place(str(tmp_path / "staging")).below(made.name)
    with place.writing() as file:
        made.write(file)
    return place


@pytest.fixture
def temporary(short_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(short_path))
    monkeypatch.setattr(bundle, "_known", set())
    return short_path / f"crm-reports-worker-{os.getuid()}"


def test_a_bundle_is_unpacked_once_and_kept(tmp_path, temporary):
    place = a_bundle(tmp_path, a="1")
    with bundle.unpacked(place) as folder:
        assert (folder / "params" / "a").read_text() == "1"
    place.remove()
    with bundle.unpacked(place) as again:
        assert again == folder


@pytest.mark.parametrize("kind", ["open", "link", "foreign"])
def test_a_folder_that_somebody_else_may_have_made_is_not_used(
    tmp_path, temporary, kind, monkeypatch
):
    """In a folder for temporary files anybody can make it first, with notebooks of his own."""
    place = a_bundle(tmp_path, a="1")
    if kind == "link":
        (tmp_path / "theirs").mkdir(mode=0o700)
        temporary.symlink_to(tmp_path / "theirs")
    else:
        temporary.mkdir(mode=0o777 if kind == "open" else 0o700)
        temporary.chmod(0o777 if kind == "open" else 0o700)
    if kind == "foreign":
        os.chown(temporary, os.getuid() + 1, -1)
    with (
        pytest.raises(workroom.WorkroomError, match=r"belongs to somebody|open to others"),
        bundle.unpacked(place),
    ):
        pass


@pytest.mark.parametrize("name", ["params/a", "params/more", "manifest.json"])
def test_a_folder_that_is_not_what_its_name_says_is_not_used(tmp_path, temporary, name):
    place = a_bundle(tmp_path, a="1", b="2")
    with bundle.unpacked(place) as folder:
        (folder / name).write_text("{}")
    bundle._known.clear()  # another worker
    with (
        pytest.raises(bundle.BundleError, match=f"{name} is not what was sent"),
        bundle.unpacked(place),
    ):
        pass


def test_a_bundle_that_was_altered_on_its_way_is_not_unpacked(tmp_path, temporary):
    place = a_bundle(tmp_path, a="one of them")
    content = place.read().replace(b"one of them", b"one of mine")
    Path(place.path).write_bytes(content)
    with (
        pytest.raises(bundle.BundleError, match="params/a is not what was sent"),
        bundle.unpacked(place),
    ):
        pass
    Path(place.path).write_bytes(content[:300])
    with pytest.raises(bundle.BundleError, match="cannot be read"), bundle.unpacked(place):
        pass
    assert list(temporary.iterdir()) == []


def test_bundles_that_nobody_uses_go_after_a_day_and_what_killed_jobs_left_at_once(
    tmp_path, temporary
):
    old, new = a_bundle(tmp_path, a="1"), a_bundle(tmp_path, a="2")
    with bundle.unpacked(old) as first:
        (first / "work").mkdir()
        (first / "work" / "dead").mkdir()
        with workroom.fresh(first / "work") as own, workroom.fresh(first / "work") as other:
            assert not (first / "work" / "dead").exists()
            assert own.is_dir()
            assert other.is_dir()
        os.utime(first, (1, 1))
        with bundle.unpacked(new) as second:
            assert first.is_dir()  # in use, however old
    os.utime(first, (1, 1))
    with bundle.unpacked(new):
        assert list(temporary.iterdir()) == [second]
