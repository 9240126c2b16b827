"""The kernel provisioner `crm-reports-forkserver`: kernels from a fork server, else ordinary ones.

jupyter_client loads this by its entry point, so importing it must stay cheap.
"""

import asyncio
import logging
import os
import sys
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import List, Unicode

_warned: set[str] = set()


class ForkServerProvisioner(LocalProvisioner):
    """Starts an ipykernel by forking a process that has the heavy packages imported already.

    Where that cannot be (another platform, no private folder, an error), the kernel is started
    like any other, and one line of warning says why.

    Attributes:
        preload: what the server imports instead of the reports' packages; set it as `preload` in
            the kernelspec's `metadata.kernel_provisioner.config`.
        kernel_kind: `warm`, or `cold` after a fallback.
        fallback: why the kernel is cold; empty for a warm one.
        usage: after the end of a warm kernel `cpu_user_s`, `cpu_system_s`, `peak_mb`.
    """

    preload = List(
        Unicode(),
        default_value=None,
        allow_none=True,
        help="Modules that the fork server imports, in place of those that reports use.",
    ).tag(config=True)
    kernel_kind = "cold"
    fallback = ""
    usage: dict[str, float] | None = None
    process: Any = None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel, or start it as `LocalProvisioner` does."""
        if not sys.platform.startswith("linux"):
            return await self._cold(f"not on {sys.platform}", cmd, kwargs)
        from helpers.batch.kernels import client
        from helpers.batch.kernels.launch import Launch, WarmUnavailableError

        try:
            launch = Launch.from_popen(cmd, self._scrub_kwargs(kwargs), self.preload)
            process = await asyncio.to_thread(client.start_kernel, launch)
        except WarmUnavailableError as error:
            return await self._cold(str(error), cmd, kwargs)
        except OSError as error:
            return await self._cold(f"{type(error).__name__}: {error}", cmd, kwargs)
        self.process = process
        self.pid = self.pgid = process.pid
        self.cwd = launch.folder
        self.kernel_kind, self.fallback = "warm", ""
        return self.connection_info

    async def _cold(
        self, reason: str, cmd: list[str], kwargs: dict[str, Any]
    ) -> KernelConnectionInfo:
        if reason not in _warned:
            _warned.add(reason)
            _warn(self.log, f"No warm kernel, an ordinary one instead: {reason}")
        self.kernel_kind, self.fallback = "cold", reason
        return await super().launch_kernel(cmd, **kwargs)

    async def send_signal(self, signum: int) -> None:
        """Signal the kernel's process group, unless the kernel has ended."""
        if self.process is not None and self.process.poll() is None:
            await super().send_signal(signum)

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Wait a moment for the kernel to end by itself, so that nobody has to poll for it."""
        if self.process is not None and self.kernel_kind == "warm":
            await self._ended(seconds=0.3)

    async def wait(self) -> int | None:
        """Return the exit status of the kernel once it has ended."""
        if self.process is None or self.kernel_kind == "cold":
            return await super().wait()
        await self._ended(seconds=None)
        status = self.process.wait()
        self.usage = self.process.usage
        self.process = None  # has_process is False from here on
        return status

    async def _ended(self, seconds: float | None) -> None:
        """Wait, without polling, until the process has ended or the time is over."""
        process = self.process
        if process.poll() is not None:
            return
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        watched = os.dup(process.fileno())
        loop.add_reader(watched, lambda: None if ended.done() else ended.set_result(None))
        try:
            await asyncio.wait_for(ended, seconds)
        except TimeoutError:
            return
        finally:
            loop.remove_reader(watched)
            os.close(watched)


def _warn(log: logging.Logger, line: str) -> None:
    """Log a warning, on the terminal where nobody has said what is to become of the log.

    Libraries are given a handler that drops everything; who runs papermill would not hear of it.
    """
    log.warning(line)
    found: logging.Logger | None = log
    heard = False
    while found is not None and not heard:
        heard = any(not isinstance(handler, logging.NullHandler) for handler in found.handlers)
        found = found.parent if found.propagate else None
    if not heard and log.isEnabledFor(logging.WARNING):
        print(line, file=sys.stderr, flush=True)
