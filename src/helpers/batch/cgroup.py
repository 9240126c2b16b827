"""How much memory there is for this process: of the machine, or of its control group."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_CGROUP = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")


def available_mb() -> float:
    """Return the machine's memory, or what control groups leave of it, in MiB.

    Both versions count, and every group above this process's: the smallest limit is what holds.
    """
    import psutil

    machine: float = psutil.virtual_memory().total / 2**20
    return min([machine, *_limits(_CGROUP, _MOUNT)])


def _limits(cgroup: Path, mount: Path) -> Iterator[float]:
    try:
        lines = cgroup.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return  # not Linux
    for line in lines:
        if line.count(":") < 2:
            continue
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _upwards(mount, path, "memory.max")
            yield from _upwards(mount / "unified", path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _upwards(mount / "memory", path, "memory.limit_in_bytes")


def _upwards(top: Path, path: str, name: str) -> Iterator[float]:
    """Yield the limits of a group and of those above it.

    In a container the group may stand for the top, and its path lead nowhere.
    """
    below = PurePosixPath(path.lstrip("/"))
    for group in (below, *below.parents):
        try:
            said = (top / group / name).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
        if said.isdigit():  # "max" is no limit
            yield int(said) / 2**20
