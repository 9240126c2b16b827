"""Start the fork server: `python …/forkserver JSON`, with a lock and a pipe as open descriptors.

The first process forks and ends, so that the server belongs to nobody and its caller has no
child to wait for.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ALIAS = "crm_reports_forkserver"


def main() -> int:
    """Serve until idle; in a forked child, be a kernel."""
    options = json.loads(sys.argv[1])
    if os.fork():
        os._exit(0)
    os.sched_setaffinity(0, options["affinity"])  # libraries count the cores on loading
    if options["niceness"] > os.getpriority(os.PRIO_PROCESS, 0):
        os.setpriority(os.PRIO_PROCESS, 0, options["niceness"])
    sys.path[:] = [path for path in sys.path if path and Path(path).resolve() != HERE]
    spec = importlib.util.spec_from_file_location(
        ALIAS, HERE / "__init__.py", submodule_search_locations=[str(HERE)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"no package in {HERE}")
    package = importlib.util.module_from_spec(spec)
    sys.modules[ALIAS] = package
    spec.loader.exec_module(package)
    serve = importlib.import_module(f"{ALIAS}.serve")
    return int(serve.main(options))


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # there is nothing to tear down, and a second of work in doing so
