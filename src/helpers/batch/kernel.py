"""Which kernel a run uses, and the environment it gets."""

import os
from pathlib import Path

from helpers import paths
from helpers.batch.cgroup import available_mb
from helpers.batch.edition import store
from helpers.errors import UsageError, did_you_mean

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)


_SETTLED = {
    "PYTHONHASHSEED": "0",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "MATPLOTLIBRC": os.devnull,
}


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads(count: int) -> dict[str, str]:
    """Return the variables that give a kernel's numerical libraries so many threads."""
    return dict.fromkeys(THREADS, str(count))


def shared(jobs: int) -> dict[str, str]:
    """Return what every kernel of a run sees wherever it is: one hash seed, its share of cores.

    jobs × threads is the number of cores, so that parallel reports do not fight for them. `jobs`
    is how many may run at once, not how many happen to: sums of floating-point numbers depend on
    the number of threads, and a report must not depend on what runs beside it. Locale, time zone
    and matplotlib's settings are the same for every user, as no fingerprint holds them.
    """
    return {**threads(max(1, cores() // jobs)), **_SETTLED}


def environment(jobs: int) -> dict[str, str]:
    """Return what every kernel of this machine sees: that, this process's variables, the roots."""
    return {
        **os.environ,
        **shared(jobs),
        "CRM_REPORTS_ROOT": str(paths.root()),
        "CRM_REPORTS_DATA": str(paths.data()),
        "CRM_REPORTS_OUTPUT": str(paths.output()),
    }


def memory_mb(jobs: int) -> int:
    """Return what one kernel may use: four fifths of the memory there is over the jobs, in MiB.

    There is what the machine has, or what this process's control group may use of it.
    """
    return int(available_mb() * 0.8 / jobs)


def spare_home(folder: Path) -> None:
    """Let IPython and matplotlib keep their files in a folder where the home folder refuses them.

    Both would warn of that in every process, and make temporary folders that nobody removes.
    """
    home = Path(os.path.expanduser("~"))
    for name, own in (("IPYTHONDIR", ".ipython"), ("MPLCONFIGDIR", ".config")):
        place = home / own if (home / own).is_dir() else home
        refused = not place.is_dir() or not os.access(place, os.W_OK | os.X_OK)
        if refused and name not in os.environ:
            os.environ[name] = str(folder / name.lower())


def chosen(name: str | None) -> tuple[str, str]:
    """Return the kernelspec to use and one line of warning, empty where there is nothing to say.

    Raises:
        UsageError: no kernelspec has that name, or one of ours cannot be installed.
    """
    from helpers.batch.kernels import default_kernel, provide

    spare_home(store())
    if not name:
        return default_kernel(store())
    from jupyter_client.kernelspec import KernelSpecManager

    try:
        provide(name, store())
    except OSError as error:
        raise UsageError(
            f"the kernelspec {name!r} cannot be installed: {error}", hint="Try --kernel python3."
        ) from error
    found = KernelSpecManager().find_kernel_specs()
    if name not in found:
        raise UsageError(f"no kernelspec is called {name!r}", hint=did_you_mean(name, found))
    return name, ""
