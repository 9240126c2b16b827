"""Names of editions and their files."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.batch.edition import Edition
from helpers.paths import slug


def test_an_edition_has_one_place_for_each_of_its_files(own_output):
    edition = Edition("small", "churn", "2017-09")
    assert edition.notebook == own_output / "notebooks/small/churn/2017-09.ipynb"
    assert edition.record == own_output / "store/editions/small/churn/2017-09.json"
    assert edition.failed == own_output / "store/failed/small/churn/2017-09.ipynb"
    assert str(edition) == "churn 2017-09 (small)"


def test_a_slice_stands_behind_the_period():
    assert Edition("small", "churn", "2017-09", "age=19").stem == "2017-09--age-19"
    assert str(Edition("small", "churn", "2017-09", "age=19")) == "churn 2017-09 (small, age=19)"


@pytest.mark.parametrize("slice", ["a=../../x", "a=x/y", "a=ü", "a=<b>", "a=b c", "a=."])
def test_a_slug_is_a_plain_file_name(slice):
    assert slug(slice).replace("-", "").replace("_", "").isalnum()
    assert slug(slice).isascii()


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[a-z]+=.+", fullmatch=True), min_size=2, max_size=6, unique=True))
def test_two_slices_never_share_a_name(slices):
    assert len({slug(slice) for slice in slices}) == len(slices)
