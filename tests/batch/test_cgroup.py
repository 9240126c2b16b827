"""The memory that a control group leaves of the machine's."""

import psutil
import pytest

from helpers.batch import cgroup, kernel

MACHINE = 64 * 2**10  # MiB


@pytest.mark.parametrize(
    ("lines", "files", "left"),  # MiB; the smallest of a group and those above it holds
    [
        ("0::/a/b", {"a/memory.max": 2**33, "a/b/memory.max": "max"}, 8192),
        ("0::/a/b", {"a/memory.max": 2**33, "a/b/memory.max": 2**30}, 1024),
        ("0::/", {"memory.max": 2**32}, 4096),
        ("0::/kubepods/pod1/c", {"memory.max": 2**31}, 2048),  # the group is the container's top
        ("4:memory:/docker/c", {"memory/docker/c/memory.limit_in_bytes": 2**31}, 2048),
        ("4:memory,cpu:/docker/c", {"memory/memory.limit_in_bytes": 2**31}, 2048),
        ("4:memory:/", {"memory/memory.limit_in_bytes": 9223372036854771712}, MACHINE),
        ("4:cpu:/a", {"memory/a/memory.limit_in_bytes": 2**31}, MACHINE),
        ("nonsense", {}, MACHINE),
    ],
)
def test_the_smallest_limit_holds(lines, files, left, tmp_path, monkeypatch):
    (tmp_path / "cgroup").write_text(lines)
    for name, limit in files.items():
        place = tmp_path / "mount" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{limit}\n")
    monkeypatch.setattr(cgroup, "_CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(cgroup, "_MOUNT", tmp_path / "mount")
    total = type("Memory", (), {"total": MACHINE * 2**20})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: total)
    assert cgroup.available_mb() == left
    assert kernel.memory_mb(2) == int(left * 0.4)


def test_where_there_are_no_control_groups_the_machine_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroup, "_CGROUP", tmp_path / "none")
    assert cgroup.available_mb() == psutil.virtual_memory().total / 2**20
