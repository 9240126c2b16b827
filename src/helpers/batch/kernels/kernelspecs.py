"""The two kernelspecs of this environment."""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from helpers.batch.kernels.control import warm_available
from helpers.batch.kernels.names import ORDINARY, OURS, WARM

PROVISIONER = "crm-reports-forkserver"


def install_kernelspecs(prefix: Path | str | None = None) -> list[Path]:
    """Write `crm-reports` and `crm-reports-warm` under `prefix` and return their folders.

    `prefix` is by default this environment, where every Jupyter of the environment finds them.

    Raises:
        OSError: the folder cannot be written.
    """
    parent = Path(prefix or sys.prefix) / "share" / "jupyter" / "kernels"
    parent.mkdir(parents=True, exist_ok=True)
    warm = {"kernel_provisioner": {"provisioner_name": PROVISIONER}}
    return [
        _install(parent / ORDINARY, "CRM reports", {}),
        _install(parent / WARM, "CRM reports (warm)", warm),
    ]


def default_kernel(spare: Path | None = None) -> tuple[str, str]:
    """Return the kernelspec that a run uses unless told otherwise, and a warning or nothing.

    The warm one where it is installed and kernels can be forked; the specs are installed on
    demand, as by `provide`.
    """
    usable, reason = warm_available()
    wanted = WARM if usable else ORDINARY
    try:
        provide(wanted, spare)
    except OSError as error:
        return "python3", f"The kernelspec {wanted} cannot be installed ({error}); using python3."
    return wanted, "" if usable else f"No warm kernels: {reason}."


def provide(name: str, spare: Path | None = None) -> None:
    """Install the kernelspecs of this environment if `name` is one and is not there as it should.

    Where the environment is not to be written they go to `spare`, for this process and those that
    it starts.

    Raises:
        OSError: no folder can be written.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    specs = KernelSpecManager()
    if name not in OURS:
        return
    if name not in specs.find_kernel_specs() or not _is_ours(specs, name):
        try:
            install_kernelspecs()
        except OSError:
            if spare is None:
                raise
            install_kernelspecs(spare)
            path = [str(spare / "share" / "jupyter"), os.environ.get("JUPYTER_PATH", "")]
            os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, path))


def _is_ours(specs: Any, name: str) -> bool:
    """Say whether the spec starts this interpreter as it should, and not another's."""
    return bool(specs.get_kernel_spec(name).argv == _spec("", {})["argv"])


def _spec(display_name: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """Return a kernelspec; its kernels keep their history to themselves.

    All kernels of a user would otherwise write to one SQLite file, and tell their notebook when
    it is locked.
    """
    from ipykernel.kernelspec import get_kernel_dict

    spec = get_kernel_dict(extra_arguments=["--HistoryManager.hist_file=:memory:"])
    spec["display_name"] = display_name
    spec["metadata"] = {**spec["metadata"], **metadata}
    return spec


def _install(folder: Path, display_name: str, metadata: dict[str, Any]) -> Path:
    from ipykernel.kernelspec import RESOURCES

    folder.mkdir(exist_ok=True)
    for logo in Path(RESOURCES).glob("logo-*"):
        shutil.copyfile(logo, folder / logo.name)
    handle, beside = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(_spec(display_name, metadata), file, indent=1)
    os.chmod(beside, 0o644)
    os.replace(beside, folder / "kernel.json")
    return folder
