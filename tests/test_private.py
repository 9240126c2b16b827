"""Lists about single customers stay private and safe to open in a spreadsheet."""

import stat
from pathlib import Path

import pandas as pd
import pytest

from helpers import paths, private
from helpers.errors import HelpersError

HERE = {"name": "at-risk", "family": "churn", "period": "2017-09", "source": "shop"}


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


def test_two_slices_that_differ_in_a_sign_only_have_two_lists(own_output: Path) -> None:
    slices = ["income=<15K", "income=>15K", "income=15K", "city=Zürich"]
    written = [
        private.write_list(pd.DataFrame({"customer_id": [s]}), slice=s, **HERE) for s in slices
    ]
    assert len({path.name.casefold() for path in written}) == 4
    for given, path in zip(slices, written, strict=True):
        assert path.name == f"2017-09-at-risk--{paths.slug(given)}.csv"
        assert given.removeprefix("=") in path.read_text()


@pytest.mark.parametrize("blocked", ["private", "private/shop/churn"])
def test_a_file_where_a_folder_has_to_be_is_told(own_output: Path, blocked: str) -> None:
    place = own_output / blocked
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("in the way")
    with pytest.raises(HelpersError, match=r"2017-09-at-risk.csv: cannot be written[\s\S]*Hint"):
        private.write_list(pd.DataFrame({"customer_id": ["a"]}), **HERE)


def test_a_folder_where_the_list_has_to_be_is_told_and_nothing_is_left(own_output: Path) -> None:
    final = own_output / "private/shop/churn/2017-09-at-risk.csv"
    final.mkdir(parents=True)
    with pytest.raises(HelpersError, match="cannot be written"):
        private.write_list(pd.DataFrame({"customer_id": ["a"]}), **HERE)
    assert [path.name for path in final.parent.iterdir()] == [final.name]
