"""Lists about single customers stay private and safe to open in a spreadsheet."""

import stat
from pathlib import Path

import pandas as pd

from helpers import private


def test_a_list_is_written_whole_readable_by_its_owner_only(own_output: Path) -> None:
    frame = pd.DataFrame({"customer_id": ["HH-1", "=cmd()"], "value": [1.5, -2.0]})
    path = private.write_list(
        frame, name="at-risk", family="churn", period="2017-09", source="shop"
    )
    assert path == own_output / "private" / "shop" / "churn" / "2017-09-at-risk.csv"
    assert path.read_text() == "customer_id,value\nHH-1,1.5\n'=cmd(),-2.0\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent, own_output / "private"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == [path.name]
