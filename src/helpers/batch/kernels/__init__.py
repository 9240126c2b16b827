"""Warm kernels: a fork server that jupyter_client, papermill and JupyterLab use like any kernel.

`crm-reports-warm` is a kernelspec whose provisioner asks a fork server for a process that has
the heavy packages imported already; `crm-reports` is the ordinary kernel of this environment.
Importing this package, or its `provisioner`, loads no papermill and nothing heavy.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from helpers.batch.kernels.control import server_status, stop_server, warm_available
    from helpers.batch.kernels.kernelspecs import (
        ORDINARY,
        WARM,
        default_kernel,
        install_kernelspecs,
        provide,
    )

_HOMES = {
    "ORDINARY": "kernelspecs",
    "WARM": "kernelspecs",
    "default_kernel": "kernelspecs",
    "install_kernelspecs": "kernelspecs",
    "provide": "kernelspecs",
    "server_status": "control",
    "stop_server": "control",
    "warm_available": "control",
}
__all__ = [
    "ORDINARY",
    "WARM",
    "default_kernel",
    "install_kernelspecs",
    "provide",
    "server_status",
    "stop_server",
    "warm_available",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and only that."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
