"""A private folder through which a client and its kernel talk, instead of by ports."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from traitlets.config import Config

_LOCAL = (None, "local-provisioner", "crm-reports-forkserver")


@contextmanager
def private_folder() -> Iterator[Path]:
    """Make a private folder with a short name: a socket's path may have some hundred characters."""
    shared = os.environ.get("XDG_RUNTIME_DIR")
    place = shared if shared and os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="crm-", dir=place, ignore_cleanup_errors=True) as made:
        yield Path(made)


def connection(kernel_name: str, folder: Path | None) -> Config:
    """Return the settings that connect through files in a folder, where the kernel is local.

    Free ports are looked up first and bound later, and parallel runs collide on them.

    Raises:
        NoSuchKernel: no kernelspec has that name.
    """
    if folder is None:
        return Config()
    spec = KernelSpecManager().get_kernel_spec(kernel_name)
    provisioner = spec.metadata.get("kernel_provisioner", {}).get("provisioner_name")
    manager = {"connection_file": str(folder / "kernel.json")}
    if os.name == "posix" and provisioner in _LOCAL:
        manager["transport"] = "ipc"
    return Config(KernelManager=manager)
