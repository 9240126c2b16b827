"""On a cluster's worker: a report that nobody waits for any more is ended."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.batch.leftovers import end_kernel

_PACE = 0.5


@contextmanager
def ended_when_called_off(landing: Path) -> Iterator[Callable[[], bool]]:
    """End the kernel of this task once its run was stopped; yield whether that has happened.

    A cluster can call off a task that has begun, as it does when its client has gone, but not stop
    its thread: that ends when its kernel does.
    """
    wanted, over, called_off = _asker(), threading.Event(), threading.Event()

    def watch() -> None:
        while not over.wait(_PACE):
            if not wanted():
                called_off.set()
                end_kernel(landing)  # again and again: it may only just start, or start once more

    watcher = threading.Thread(target=watch, name="called-off", daemon=True)
    watcher.start()
    try:
        yield called_off.is_set
    finally:
        over.set()
        watcher.join()


def _asker() -> Callable[[], bool]:
    """Return a function that says whether the task of this thread is still wanted."""
    try:
        from distributed import get_worker

        worker = get_worker()
    except (ImportError, ValueError):  # no worker of a cluster
        return lambda: True
    key = worker.get_current_task()

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state != "cancelled"

    return wanted
