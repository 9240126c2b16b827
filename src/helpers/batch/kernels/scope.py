"""With what a fork server would end: a job of a batch system, or a service."""

import re
from pathlib import Path

_CGROUP = Path("/proc/self/cgroup")
# A batch system kills what it finds in a job's control group, Slurm also in that of a step.
_JOBS = (
    re.compile(r".*?/job_[^/]+(?:/step_[^/]+)?"),  # Slurm
    re.compile(r".*?/jobid/[^/]+"),  # PBS
    re.compile(r".*?/lsf/[^/]+/job\.[^/]+"),  # LSF
    re.compile(r".*?/htcondor[^/]*/[^/]+"),  # HTCondor
    re.compile(r".*?/(?:GE|UGE|OGE)/[^/]+"),  # Grid Engine
)
_SESSION = re.compile(r"user@\d+\.service$")  # ends with the last login of its user


def ends_with() -> list[str]:
    """Return the control groups at whose end the processes in them are killed.

    A server serves those alone that end with it: a job that shared one with another job of its
    user would lose its kernels. Logins are scopes, which nobody kills, so they share a server.
    """
    try:
        lines = _CGROUP.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []  # not Linux, or without control groups
    found = {_unit(*line.split(":", 2)[1:]) for line in lines if line.count(":") > 1}
    return sorted(found - {""})


def _unit(controllers: str, path: str) -> str:
    for job in _JOBS:
        if match := job.match(path):
            return match.group()
    of_systemd = controllers in ("", "name=systemd") and path.endswith(".service")
    return path if of_systemd and not _SESSION.search(path) else ""
