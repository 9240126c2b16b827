"""What a forked child does to be a kernel like any other."""

import atexit
import gc
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass
from io import BufferedReader, BufferedWriter, FileIO, TextIOWrapper
from typing import Any

_ANSWER_S = 5.0


@dataclass(frozen=True)
class Birth:
    """A request and its descriptors.

    `fds` are stdout, stderr and a pipe to close when the kernel listens; `client` is one of the
    client's process, or -1 where the kernel is to outlive it; `variables` are those that
    packages set on import.
    """

    request: dict[str, Any]
    fds: list[int]
    client: int
    variables: dict[str, str]


class Blas:
    """The OpenBLAS libraries that the server has loaded, held to one thread each."""

    def __init__(self) -> None:
        from threadpoolctl import ThreadpoolController

        found = ThreadpoolController().lib_controllers
        self._libraries = [lib for lib in found if lib.internal_api == "openblas"]

    def restore(self, environment: dict[str, str]) -> None:
        """Give them the threads that they would have taken on loading in this environment."""
        for library in self._libraries:
            library.set_num_threads(blas_threads(environment))


def blas_threads(environment: dict[str, str]) -> int:
    """Return how many threads OpenBLAS takes: of its variables the first that is set, or all cores.

    Source: OpenBLAS, driver/others/memory.c, `blas_get_cpu_number`.
    """
    cores = len(os.sched_getaffinity(0))
    for name in ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"):
        value = environment.get(name, "").split(",")[0].strip()
        if value.isdigit() and int(value) > 0:
            return min(int(value), cores)
    return cores


def live(birth: Birth, blas: Blas) -> int:
    """Be the kernel that was asked for, to its end; does not return.

    The process ends without the interpreter's teardown, which would touch and so copy all the
    memory it shares with the server (a second of work): threads are joined, exit functions run,
    the notebook's objects are released and streams flushed, as at any other end.
    """
    status = 1
    try:
        _leave_the_server(birth)
        _renew(birth.request, blas)
        status = _run(birth)
    except BaseException:  # nothing of the server's code may run on in this process
        traceback.print_exc()
    finally:
        try:
            _finish()
        finally:
            os._exit(status)


def _leave_the_server(birth: Birth) -> None:
    """Take the session, signals, streams, folder and limits that a started process would have."""
    request = birth.request
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        ignored = number in request["ignored"]  # as `nohup` has it
        signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for fd, place in ((nothing, 0), (birth.fds[0], 1), (birth.fds[1], 2)):
        os.dup2(fd, place)
    for fd in (nothing, *birth.fds[:2]):
        os.close(fd)
    encoding = sys.__stdin__.encoding if sys.__stdin__ else None
    stdin = TextIOWrapper(BufferedReader(FileIO(0)), encoding)
    stdout = TextIOWrapper(BufferedWriter(FileIO(1, "w")), encoding)
    stderr = TextIOWrapper(
        BufferedWriter(FileIO(2, "w")), encoding, errors="backslashreplace", line_buffering=True
    )
    sys.stdin = sys.__stdin__ = stdin  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = stdout  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = stderr  # type: ignore[misc]
    os.umask(request["umask"])
    for name, soft in request["limits"].items():
        number = getattr(resource, name)
        resource.setrlimit(number, (soft, resource.getrlimit(number)[1]))
    os.environ.clear()
    os.environ.update(birth.variables | request["environment"])
    time.tzset()
    os.chdir(request["folder"])


def _renew(request: dict[str, Any], blas: Blas) -> None:
    """Undo what imports fixed in the server and what two kernels must not have in common."""
    random.seed()
    if numpy_random := sys.modules.get("numpy.random"):
        numpy_random.seed()
    setattr(tempfile, "tempdir", None)  # noqa: B010  it remembers the server's
    if process := sys.modules.get("multiprocessing.process"):
        process.current_process().authkey = os.urandom(32)
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib and os.path.exists("matplotlibrc"):  # a folder may have its own
        matplotlib.rc_file(matplotlib.matplotlib_fname())
    blas.restore(request["environment"])


def _run(birth: Birth) -> int:
    """Do what `python -m ipykernel_launcher` does."""
    import ipykernel_launcher
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = [str(ipykernel_launcher.__file__), *birth.request["arguments"]]
    app = IPKernelApp.instance(parent_handle=1)  # 1: started by a client, nothing to poll for
    try:
        app.initialize()
        if birth.client >= 0:
            app.poller = ClientWatch(birth.client)
        os.close(birth.fds[2])
        app.start()
    except SystemExit as leaving:
        code = leaving.code
        return code if isinstance(code, int) else int(code is not None)
    return 0


class ClientWatch(threading.Thread):
    """Ends the kernel when the process that asked for it is gone, with or without the server."""

    def __init__(self, client: int) -> None:
        super().__init__(name="ClientWatch", daemon=True)
        self.client = client

    def run(self) -> None:
        """Wait for the client's end."""
        import select

        poll = select.poll()
        poll.register(self.client, select.POLLIN)
        poll.poll()
        os._exit(1)


def _end_control() -> None:
    """Let the thread that was told to end the kernel finish its answer.

    It flushes its streams through the thread that publishes output. ipykernel stops that one first
    on its way out, and the flush then waits for a time limit: seconds, now and then.
    """
    from ipykernel.kernelapp import IPKernelApp

    control = IPKernelApp.instance().control_thread if IPKernelApp.initialized() else None
    if control is not None and control.is_alive():
        control.stop()
        control.join(_ANSWER_S)


def _finish() -> None:
    threading._shutdown()  # type: ignore[attr-defined]  # joins the threads that are no daemons
    _end_control()
    atexit._run_exitfuncs()
    if shell := sys.modules.get("__main__"):
        vars(shell).clear()  # the notebook's names: files that it left open are flushed
    gc.collect()
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
