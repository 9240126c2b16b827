"""What of a kernel decides a report: the Python in it and what is installed there, not its name.

A warm and an ordinary kernel of one environment give the same outputs, so do two kernelspecs of one
interpreter. Another version of Python or of a package counts; so does a kernelspec that sets
variables, is no ipykernel, or starts kernels on another machine, as a whole.
"""

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.batch.content import digest
from helpers.batch.kernels.names import OURS
from helpers.batch.trace import own_site
from helpers.errors import UsageError, did_you_mean

_LOCAL = (None, "local-provisioner", "crm-reports-forkserver")
_ASK = "import json, sys; print(json.dumps([sys.version.split()[0], sys.path]))"
_PLAIN = re.compile(r"python(\d+(\.\d+)?)?")


@dataclass(frozen=True)
class Interpreter:
    """A kernel's Python; `spec` is empty where version and packages say all there is to say.

    `site` has the folders of its packages, None where they cannot be seen from here.
    """

    python: str
    site: tuple[str, ...] | None
    spec: str = ""


def own() -> Interpreter:
    """Return the interpreter of this process, which the project's own kernels have, too."""
    return Interpreter(sys.version.split()[0], own_site())


def of_kernel(name: str | None, *, here: bool = True) -> Interpreter:
    """Return the interpreter that a kernelspec starts; without a name the project's own.

    `here` is False where a cluster's workers look the name up. They have the same environment, so
    it is taken for what it is here; if it is not known here, its name is all there is.

    Raises:
        UsageError: no kernelspec has that name.
    """
    if not name or name in OURS:
        return own()
    try:
        spec = _spec(name)
    except UsageError:
        if here:
            raise
        return Interpreter("", None, name)
    provisioner = (spec.get("metadata") or {}).get("kernel_provisioner") or {}
    argv = [str(part) for part in spec.get("argv") or [""]]
    if provisioner.get("provisioner_name") not in _LOCAL:
        return Interpreter("", None, _identity(name, spec))
    spec_counts = "" if _is_plain(argv) and not spec.get("env") else _identity(name, spec)
    if _PLAIN.fullmatch(argv[0]) or os.path.abspath(argv[0]) == sys.executable:
        return Interpreter(own().python, own().site, spec_counts)
    return _asked(argv[0], spec_counts) or Interpreter("", own().site, _identity(name, spec))


def _spec(name: str) -> dict[str, Any]:
    from jupyter_core.paths import jupyter_path

    for folder in jupyter_path("kernels"):
        try:
            return dict(json.loads(Path(folder, name, "kernel.json").read_bytes()))
        except (OSError, ValueError):
            continue  # the next folder on the path may have it
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    specs = KernelSpecManager()
    try:
        return dict(specs.get_kernel_spec(name).to_dict())
    except NoSuchKernel as error:
        hint = did_you_mean(name, specs.find_kernel_specs())
        raise UsageError(f"no kernelspec is called {name!r}", hint=hint) from error


def _is_plain(argv: list[str]) -> bool:
    """Say whether a command does no more than to start ipykernel."""
    return (
        re.fullmatch(
            r"(-Xfrozen_modules=off )?-m (ipykernel_launcher|ipykernel) -f {connection_file}"
            r"( --HistoryManager.hist_file=:memory:)?",
            " ".join(argv[1:]),
        )
        is not None
    )


def _identity(name: str, spec: dict[str, Any]) -> str:
    counted = {key: spec.get(key) for key in ("argv", "env", "language", "metadata")}
    return f"{name} {digest(counted)[:8]}"


def _asked(python: str, spec: str) -> Interpreter | None:
    """Return what another interpreter says of itself; None where it is none."""
    import subprocess

    try:
        done = subprocess.run(
            [python, "-c", _ASK], capture_output=True, check=True, timeout=20, text=True
        )
        version, path = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None  # another language: its kernelspec counts as a whole
    return Interpreter(version, tuple(p for p in path if p.endswith("-packages")), spec)
