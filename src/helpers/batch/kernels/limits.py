"""What a kernel may use, and what it used."""

import os
import sys

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def thread_environment(threads: int | None) -> dict[str, str]:
    """Return the variables that give a kernel's numerical libraries so many threads."""
    return {} if threads is None else dict.fromkeys(_THREADS, str(threads))


def limit_memory(pid: int, megabytes: int) -> bool:
    """Let a process allocate so many MiB and no more; return whether the system can do that.

    The limit is on writable private memory (`RLIMIT_DATA`), not on mapped files, so libraries
    and Parquet files that are only read do not count. Beyond it numpy and Python raise
    MemoryError. Each process that the kernel starts has the limit for itself.
    """
    if not sys.platform.startswith("linux"):
        return False
    import resource

    hard = resource.prlimit(pid, resource.RLIMIT_DATA)[1]
    wanted = megabytes * 2**20
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.prlimit(pid, resource.RLIMIT_DATA, (wanted, hard))
    return True


def usage(pid: int) -> dict[str, float]:
    """Return `cpu_user_s`, `cpu_system_s` and `peak_mb` (largest resident memory) of a process.

    Empty where the process is gone. Processes that it started count once they have ended.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        times, resident = process.cpu_times(), process.memory_info().rss / 2**20
    except psutil.Error:
        return {}
    return {
        "cpu_user_s": round(times.user + times.children_user, 3),
        "cpu_system_s": round(times.system + times.children_system, 3),
        "peak_mb": round(max(resident, _high_water_mark(pid)), 1),
    }


def _high_water_mark(pid: int) -> float:
    path = f"/proc/{pid}/status"
    if not os.path.exists(path):
        return 0.0
    with open(path, encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
