"""Fork servers are shared by logins, and not by what is killed as a whole."""

import pytest

from helpers.batch.kernels import scope
from helpers.batch.kernels.launch import Launch

COMMAND = ["python3", "-m", "ipykernel_launcher", "-f", "/connection.json"]


@pytest.mark.parametrize(
    ("lines", "found"),  # as systemd and batch systems write /proc/self/cgroup
    [
        ("0::/user.slice/user-1000.slice/session-3.scope", []),
        (
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal"
            ".slice/vte-spawn-1b2c.scope",
            [],
        ),
        ("4:memory:/user.slice/user-1000.slice/user@1000.service\n0::/", []),
        ("0::/system.slice/nightly.service", ["/system.slice/nightly.service"]),
        (
            "0::/system.slice/slurmstepd.scope/job_71/step_0/user/task_0",
            ["/system.slice/slurmstepd.scope/job_71/step_0"],
        ),
        (
            "9:freezer:/slurm/uid_1000/job_71/step_batch\n1:name=systemd:/system.slice/slurmd.service",
            ["/slurm/uid_1000/job_71/step_batch", "/system.slice/slurmd.service"],
        ),
        ("5:devices:/pbs_jobs.service/jobid/12.host", ["/pbs_jobs.service/jobid/12.host"]),
        ("no control group", []),
        ("", []),
    ],
)
def test_jobs_and_services_are_told_from_logins(lines, found, tmp_path, monkeypatch):
    (tmp_path / "cgroup").write_text(lines)
    monkeypatch.setattr(scope, "_CGROUP", tmp_path / "cgroup")
    assert scope.ends_with() == found


def test_where_there_are_no_control_groups_all_share(tmp_path, monkeypatch):
    monkeypatch.setattr(scope, "_CGROUP", tmp_path / "none")
    assert scope.ends_with() == []


def key(tmp_path, monkeypatch, group, **variables):
    (tmp_path / "cgroup").write_text(f"0::{group}\n")
    monkeypatch.setattr(scope, "_CGROUP", tmp_path / "cgroup")
    return Launch.from_popen(COMMAND, {"env": variables, "cwd": "/"}).server_key()


def test_two_logins_of_a_user_share_a_server_and_two_jobs_do_not(tmp_path, monkeypatch):
    first = key(tmp_path, monkeypatch, "/user.slice/session-3.scope", XDG_SESSION_ID="3")
    second = key(
        tmp_path, monkeypatch, "/user.slice/session-4.scope", XDG_SESSION_ID="4",
        XDG_SEAT="seat0", XDG_RUNTIME_DIR="/run/user/1000",
    )  # fmt: skip
    assert first == second
    elsewhere = key(tmp_path, monkeypatch, "/user.slice/session-3.scope", XDG_CONFIG_HOME="/c")
    jobs = [key(tmp_path, monkeypatch, f"/slurm/uid_1000/job_{n}/step_0") for n in (71, 72)]
    assert len({first, elsewhere, *jobs}) == 4
