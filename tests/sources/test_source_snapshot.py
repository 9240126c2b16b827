"""The snapshot store: named by content, current by content, whole or not there."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from helpers import paths
from helpers.errors import DataError, HelpersError
from helpers.sources import freshness, load, pinned, snapshot
from helpers.sources.declaration import read_declaration
from helpers.sources.manifest import FORMAT

HEADER = "Order,Customer,Date,Amount\n"


def folders() -> list[str]:
    return sorted(p.name for p in paths.snapshots().iterdir() if p.name != "index")


def in_a_new_process(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    return done.stdout.strip()


def test_the_folder_is_named_by_the_hash_of_the_content(shop):
    info = shop.describe()
    assert folders() == [info.snapshot]
    assert info.path == paths.snapshots() / info.snapshot
    assert len(info.snapshot) == 32


def test_the_hash_of_a_made_up_shop_is_the_same_on_every_machine(shop):
    # Pinned, so that a change of what the hash covers is noticed and the store's format raised.
    assert shop.describe().snapshot == "e068d33a62e9fff22feec4f7d4e0f2a2"


def test_the_same_content_in_another_form_has_the_same_hash(shop):
    before = shop.describe().snapshot
    frame = pd.read_csv(shop.folder / "orders.csv", parse_dates=["Date"])
    frame.to_parquet(shop.folder / "orders.parquet")
    shop.orders["file"] = "orders.parquet"
    assert shop.describe().snapshot == before


def test_a_changed_cell_changes_the_hash(shop):
    before = shop.describe().snapshot
    shop.write("orders.csv", (shop.folder / "orders.csv").read_text().replace(",1.50", ",1.51"))
    assert shop.describe().snapshot != before


def test_a_change_of_mapping_rules_or_time_zone_is_a_change(shop):
    before = shop.describe().snapshot
    shop.rule(name="small", where={"column": "revenue", "below": 2}, action="remove")
    after = shop.describe().snapshot
    assert after != before
    shop.params["time_zone"] = "Europe/Zurich"
    assert shop.describe().snapshot == after  # built again, to the same content
    assert len(list((paths.snapshots() / "index").glob("*.json"))) >= 3


def test_a_current_snapshot_is_not_built_again(shop, monkeypatch):
    shop.describe()
    monkeypatch.setattr(snapshot, "_build", lambda *_: pytest.fail("built again"))
    shop.describe()
    (shop.folder / "orders.csv").touch()  # a new time and the same content
    shop.describe()


def test_describing_a_current_snapshot_imports_neither_pandas_nor_pandera(shop):
    shop.describe()
    code = (
        "import sys; from helpers.sources import available, describe; available();"
        "describe('shop'); print(sorted({'pandas', 'pandera', 'pyarrow'} & set(sys.modules)))"
    )
    assert in_a_new_process(code) == "[]"


def test_loading_a_current_snapshot_imports_no_pandera(shop):
    shop.load()
    code = (
        "import sys; from helpers.sources import load; load('shop').orders;"
        "print('pandera' in sys.modules)"
    )
    assert in_a_new_process(code) == "False"


# Raw files that change.


def test_a_file_rewritten_with_its_old_time_and_size_is_noticed(shop):
    path = shop.folder / "orders.csv"
    before = shop.describe().snapshot
    stat = path.stat()
    path.write_text(path.read_text().replace(",1.50", ",9.50"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    assert shop.describe().snapshot != before


def test_a_hash_is_remembered_only_once_the_file_is_at_rest(shop, tmp_path, monkeypatch):
    file, memo = shop.folder / "orders.csv", tmp_path / "memo.json"
    freshness.file_hashes([file], memo)
    assert not memo.exists()  # written a moment ago: the next write might bear the same times
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3 * 10**9)
    first = freshness.file_hashes([file], memo)
    monkeypatch.setattr(freshness, "sha256", lambda path: pytest.fail("hashed again"))
    assert freshness.file_hashes([file], memo) == first


def test_a_damaged_memo_only_costs_time(shop, tmp_path):
    memo = tmp_path / "memo.json"
    memo.write_text("{not json")
    found = freshness.file_hashes([shop.folder / "orders.csv"], memo)
    assert set(found.values()) == {freshness.sha256(shop.folder / "orders.csv")}


def test_files_that_change_while_they_are_read_are_read_again(shop, monkeypatch):
    from helpers.sources import building

    real, path, calls = building.build, shop.folder / "orders.csv", []

    def build_and_append(*args, **kwargs):
        made = real(*args, **kwargs)
        calls.append(len(made.tables["orders"]))
        if len(calls) == 1:
            path.write_text(path.read_text() + "B1,K01,2024-01-02,1\n")
        return made

    monkeypatch.setattr(building, "build", build_and_append)
    assert shop.describe().tables["orders"].rows == 41
    assert calls == [40, 41]


def test_files_that_never_rest_are_refused(shop, monkeypatch):
    from helpers.sources import building

    real, path = building.build, shop.folder / "orders.csv"

    def build_and_append(*args, **kwargs):
        made = real(*args, **kwargs)
        path.write_text(path.read_text() + "\n")
        return made

    monkeypatch.setattr(building, "build", build_and_append)
    with pytest.raises(DataError, match="change while they are read"):
        shop.describe()


def test_a_row_from_the_future_is_looked_at_again_on_its_day(shop, monkeypatch):
    class Tomorrow(date):
        @classmethod
        def today(cls) -> date:
            return date.fromordinal(tomorrow.toordinal())

    tomorrow = date.today() + timedelta(days=1)
    shop.write("orders.csv", f"{HEADER}A1,K01,2024-01-02,1\nA2,K01,{tomorrow},1\n")
    shop.lenient()
    assert shop.describe().tables["orders"].rows == 1
    monkeypatch.setattr(snapshot, "date", Tomorrow)
    assert shop.describe().tables["orders"].rows == 2


# Damage.


@pytest.fixture
def built(shop) -> Path:
    return shop.describe().path


def rows_after_damage(caplog: pytest.LogCaptureFixture) -> int:
    rows = len(load("shop").orders)
    assert "damaged" in caplog.text
    return rows


@pytest.mark.parametrize("content", [b"", b"PAR1 no more", None])
def test_a_damaged_table_is_built_anew(built, caplog, content):
    path = built / "orders.parquet"
    path.unlink() if content is None else path.write_bytes(content)
    assert rows_after_damage(caplog) == 40
    assert not snapshot.damaged_tables(built)


def test_one_flipped_bit_is_noticed(built, caplog):
    path = built / "orders.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert rows_after_damage(caplog) == 40


def test_a_table_of_another_snapshot_is_noticed(built, caplog):
    (built / "orders.parquet").write_bytes((built / "customers.parquet").read_bytes())
    assert rows_after_damage(caplog) == 40


@pytest.mark.parametrize("content", ["", "{}", "[]", f'{{"format": {FORMAT}, "tables": []}}'])
def test_a_damaged_manifest_is_built_anew(built, caplog, content):
    (built / "manifest.json").write_text(content)
    assert rows_after_damage(caplog) == 40


def test_a_manifest_that_was_edited_is_built_anew(built, caplog):
    path = built / "manifest.json"
    path.write_text(path.read_text().replace("2024-01-01", "2023-01-01"))
    assert rows_after_damage(caplog) == 40


def test_a_damaged_index_is_written_anew(built, shop, caplog):
    for entry in (paths.snapshots() / "index").glob("*.json"):
        entry.write_text("?")
    assert shop.describe().path == built
    assert "damaged" in caplog.text


def test_a_snapshot_of_another_store_format_is_built_anew(built, shop):
    manifest = built / "manifest.json"
    given = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(given | {"format": given["format"] + 1}))
    assert shop.describe().path == built
    assert json.loads(manifest.read_text())["format"] == given["format"]


def test_a_snapshot_that_was_deleted_is_built_anew(built, shop):
    for path in built.iterdir():
        path.unlink()
    built.rmdir()
    assert shop.describe().path == built


def test_damage_while_the_raw_files_have_changed_is_told(shop):
    data = shop.load()
    shop.write("orders.csv", HEADER + "A1,K01,2024-01-02,1\n")
    for path in (paths.snapshots() / data.snapshot).glob("*.parquet"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="raw files have changed"):
        data.orders  # noqa: B018


# Two at once, and what they leave.


def test_two_processes_that_build_at_once_make_one_snapshot(shop):
    shop.declare()
    code = "from helpers.sources import load; d = load('shop'); print(d.snapshot, len(d.orders))"
    command = [sys.executable, "-c", code]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert told[0][0] == told[1][0]
    assert folders() == [told[0][0].split()[0]]


def test_who_comes_second_keeps_the_first_snapshot(shop):
    info = shop.describe()
    stamp = (info.path / "manifest.json").stat().st_ino
    said = read_declaration("shop")
    hashes = freshness.file_hashes(snapshot.raw_files(said), paths.snapshots() / "memo")
    snapshot._build(said, paths.snapshots() / "index" / "again.json", hashes)
    assert (info.path / "manifest.json").stat().st_ino == stamp
    assert folders() == sorted([info.snapshot])


def test_a_build_that_fails_leaves_nothing_behind(shop, monkeypatch):
    from helpers.sources import storing

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(storing, "day_hashes", broken)
    with pytest.raises(KeyboardInterrupt):
        shop.describe()
    assert folders() == []


def test_what_a_killed_process_left_is_swept_after_a_day(shop):
    old, new = paths.snapshots() / ".building-old", paths.snapshots() / ".building-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    day_before = time.time() - 25 * 3600
    os.utime(old, (day_before, day_before))
    shop.describe()
    assert not old.exists()
    assert new.exists()


# Places that cannot be written.


def test_a_file_in_the_place_of_the_output_folder_is_told(shop, tmp_path, monkeypatch):
    blocked = tmp_path / "blocked"
    blocked.write_text("here I am")
    monkeypatch.setenv("CRM_REPORTS_OUTPUT", str(blocked))
    with pytest.raises(HelpersError, match="a file is where a folder has to be") as caught:
        shop.describe()
    assert str(blocked) in str(caught.value)
    assert "CRM_REPORTS_OUTPUT" in str(caught.value.hint)
    assert blocked.read_text() == "here I am"


def test_a_store_that_cannot_remember_hashes_is_still_read(shop, monkeypatch):
    shop.describe()

    def read_only(*_: object) -> None:
        raise HelpersError("cannot be written")

    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3 * 10**9)
    monkeypatch.setattr(freshness, "write_json", read_only)
    assert shop.describe().tables["orders"].rows == 40


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a tmpfs of 256 kB; needs the right to mount."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a small tmpfs cannot be mounted here (no right to mount)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_and_leaves_nothing_half_written(shop, tiny_disk, monkeypatch):
    monkeypatch.setenv("CRM_REPORTS_OUTPUT", str(tiny_disk))
    rows = "".join(f"A{n},K01,2024-01-02,{n}.{n % 97}\n" for n in range(60_000))
    shop.write("orders.csv", HEADER + rows)
    with pytest.raises(HelpersError, match="the disk is full") as caught:
        shop.describe()
    assert caught.value.exit_status == 1
    left = [p for p in tiny_disk.rglob("*") if p.is_file()]
    assert left == []


def test_a_disk_without_room_for_the_first_byte_is_told(shop, tiny_disk, monkeypatch):
    monkeypatch.setenv("CRM_REPORTS_OUTPUT", str(tiny_disk))
    with (tiny_disk / "filler").open("wb") as file, pytest.raises(OSError, match="No space"):
        os.posix_fallocate(file.fileno(), 0, 2**20)
    room = os.statvfs(tiny_disk)
    (tiny_disk / "filler").write_bytes(bytes(room.f_bavail * room.f_frsize))
    with pytest.raises(HelpersError, match="the disk is full"):
        shop.describe()


def test_a_snapshot_that_is_pinned_counts_whatever_the_raw_files_are(shop, monkeypatch):
    info = shop.describe()
    monkeypatch.setenv(*next(iter(pinned(info).items())))
    (shop.folder / "orders.csv").unlink()
    assert shop.describe() == info
    assert len(load(info.source).orders) == info.tables["orders"].rows


def test_a_snapshot_that_is_pinned_and_gone_is_refused(shop, monkeypatch):
    info = shop.describe()
    monkeypatch.setenv("CRM_REPORTS_SNAPSHOT", f"{info.source}:0123")
    with pytest.raises(DataError, match="planned with is gone"):
        shop.describe()
    monkeypatch.setenv("CRM_REPORTS_SNAPSHOT", "another:0123")
    assert shop.describe() == info
    for entry in (paths.snapshots() / "index").glob("*.json"):
        entry.unlink()
    with pytest.raises(DataError, match=f"{info.snapshot} of {info.source} is gone"):
        pinned(info)
