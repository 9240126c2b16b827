"""A kernel's start, as jupyter_client asks for it, in the terms of the fork server."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.batch.kernels import scope
from helpers.batch.kernels.forkserver import wire

# What an interpreter or a package reads once, on starting or on import. Kernels that differ in
# one of these cannot come from the same server.
_PREFIXES = (
    "PYTHON", "LD_", "DYLD_", "LC_", "OMP_", "GOMP_", "KMP_", "OPENBLAS_", "GOTO_", "MKL_", "BLIS_",
    "NUMEXPR_", "NUMBA_", "VECLIB_", "MALLOC_", "GLIBC_", "ARROW_", "PYARROW_", "JE_ARROW_",
    "MPL", "MATPLOTLIB", "PANDAS_", "NUMPY_", "NPY_", "SCIPY_", "SKLEARN_", "JOBLIB_", "LOKY_",
    "NIXTLA_", "PYDANTIC_", "PANDERA_", "IBIS_", "DUCKDB_", "TQDM_", "PYDEVD_",
)  # fmt: skip
_NAMES = {"HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
          "XDG_DATA_HOME"}  # fmt: skip
_CARRIED = {"PATH", "USER", "LOGNAME"}
_LAUNCHERS = {"ipykernel_launcher", "ipykernel"}
_LIMITS = ("RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_AS",
           "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_MEMLOCK")  # fmt: skip


_INHERITED = ("SIGHUP", "SIGTERM")  # a started process ignores what its parent ignores


class WarmUnavailableError(Exception):
    """A kernel cannot come from the fork server; the text says why. Never reaches a user bare."""


@dataclass(frozen=True)
class Launch:
    """What a kernel needs: interpreter and its flags, arguments, environment, folder, streams."""

    python: tuple[str, ...]
    arguments: list[str]
    environment: dict[str, str]
    folder: str
    stdout: int
    stderr: int
    independent: bool
    affinity: tuple[int, ...]
    niceness: int
    preload: tuple[str, ...] | None = None

    @classmethod
    def from_popen(
        cls, command: list[str], options: dict[str, Any], preload: Sequence[str] | None = None
    ) -> "Launch":
        """Read what would have gone to `subprocess.Popen`; `preload` is for the server.

        Raises:
            WarmUnavailableError: the command is not an ipykernel's, or an option has no equal here.
        """
        known = {"env", "cwd", "stdin", "stdout", "stderr", "independent"}
        if others := sorted(set(options) - known):
            raise WarmUnavailableError(f"the option {others[0]!r} is not known to the fork server")
        if options.get("stdin") not in (None, subprocess.DEVNULL):
            raise WarmUnavailableError("the kernel is to read from a stream")
        if "-m" not in command or command[command.index("-m") + 1] not in _LAUNCHERS:
            raise WarmUnavailableError(f"{command[0]} does not start ipykernel")
        at = command.index("-m")
        environment = dict(os.environ if options.get("env") is None else options["env"])
        python = shutil.which(os.path.expanduser(command[0]), path=environment.get("PATH"))
        folder = os.path.abspath(options.get("cwd") or os.getcwd())
        if python is None or not os.path.isdir(folder):
            raise WarmUnavailableError(f"{folder if python else command[0]} does not exist")
        if not options.get("independent"):
            environment["JPY_PARENT_PID"] = str(os.getpid())
        stdout = _descriptor(options.get("stdout"), sys.__stdout__, 1)
        stderr = options.get("stderr")
        return cls(
            (python, *command[1:at]),
            command[at + 2 :],
            environment,
            folder,
            stdout,
            stdout if stderr == subprocess.STDOUT else _descriptor(stderr, sys.__stderr__, 2),
            bool(options.get("independent")),
            tuple(sorted(os.sched_getaffinity(0))),  # of this thread, as the next one
            os.getpriority(os.PRIO_PROCESS, 0),
            None if preload is None else tuple(preload),
        )

    def request(self) -> dict[str, Any]:
        """Return what the server is told; the streams travel beside it."""
        import resource

        limits = {n: resource.getrlimit(getattr(resource, n))[0] for n in _LIMITS}
        return {
            "do": "kernel",
            "pid": os.getpid(),
            "arguments": self.arguments,
            "environment": self.environment,
            "folder": self.folder,
            "umask": _umask(),
            "ignored": _ignored(),
            "limits": limits,
            "independent": self.independent,
        }

    def server_environment(self) -> dict[str, str]:
        """Return what the server is started with: what counts on import, made fit for forking."""
        kept = {
            name: value
            for name, value in self.environment.items()
            if name.startswith(_PREFIXES) or name in _NAMES | _CARRIED
        }
        if "PYTHONPATH" in kept:
            parts = kept["PYTHONPATH"].split(os.pathsep)
            kept["PYTHONPATH"] = os.pathsep.join(os.path.join(self.folder, p) for p in parts)
        return kept

    def server_key(self) -> str:
        """Return the name of the server that can serve this; equal keys share one."""
        import resource

        counted = {k: v for k, v in self.server_environment().items() if k not in _CARRIED}
        identity = [
            wire.PROTOCOL,
            self.python,
            self.preload,
            os.path.realpath(self.python[0]),
            str(Path(wire.__file__).parent),
            sorted(counted.items()),
            self.affinity,
            self.niceness,
            [os.getgid(), *sorted(os.getgroups())],
            scope.ends_with(),
            [resource.getrlimit(getattr(resource, name))[1] for name in _LIMITS],
        ]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]


def _descriptor(given: Any, own: Any, number: int) -> int:
    """Return an open descriptor for a stream given as to Popen; -1 stands for the null device."""
    if given is None:
        try:
            return int(own.fileno())
        except (AttributeError, OSError, ValueError):  # closed, or not a file
            return number if _is_open(number) else -1
    if given == subprocess.DEVNULL:
        return -1
    if given in (subprocess.PIPE, subprocess.STDOUT):
        raise WarmUnavailableError("the kernel's output is to be read through a pipe")
    return int(given if isinstance(given, int) else given.fileno())


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _ignored() -> list[int]:
    numbers = [int(getattr(signal, name)) for name in _INHERITED]
    return [number for number in numbers if signal.getsignal(number) is signal.SIG_IGN]


def _umask() -> int:
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022
