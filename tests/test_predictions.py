"""What a report predicted is kept whole, private, and read again by its own family alone."""

import stat
from types import SimpleNamespace

import pandas as pd
import pyarrow.parquet as pq
import pytest

from helpers import predictions
from helpers.errors import ReportError
from helpers.periods import Period

OCTOBER, NOVEMBER = Period.parse("2017-10"), Period.parse("2017-11")
FRAME = pd.DataFrame({"customer_id": ["HH-1", "HH-2"], "probability": [0.25, 1 / 3]})


def params(period="2017-10", family="churn", **other):
    given = {"source": "shop", "slice": "all", "keeps_predictions": True, **other}
    return SimpleNamespace(family=family, period=period, **given)


@pytest.fixture
def landing(tmp_path, monkeypatch):
    monkeypatch.setenv(predictions.LANDING, str(tmp_path))
    monkeypatch.setattr(predictions, "asked", {})
    return tmp_path


def published(landing, frame=FRAME, **about):
    said = params(**about)
    predictions.keep(frame, said)
    name = predictions._name(said, said.period)
    predictions.install(landing, name)
    return name


def test_a_later_report_reads_what_an_earlier_edition_said(landing):
    name = published(landing)
    found = predictions.kept(params("2017-11"), [OCTOBER])
    pd.testing.assert_frame_equal(found.frames[OCTOBER], FRAME)
    assert found.missing == {}
    assert predictions.asked == {name: predictions.digest(name)}


def test_they_are_private_to_their_owner(landing, own_output):
    place = predictions.place(published(landing))
    assert place == own_output / "private/shop/churn/predictions/2017-10.parquet"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    folders = [folder for folder in place.parents if own_output in folder.parents]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    assert list(landing.iterdir()) == []


@pytest.mark.parametrize(
    "other", [{"family": "customer_value"}, {"source": "mart"}, {"slice": "age=19-24"}]
)
def test_another_family_source_or_slice_does_not_see_them(landing, other):
    published(landing)
    found = predictions.kept(params("2017-11", **other), [OCTOBER])
    assert found.frames == {}
    assert found.missing == {OCTOBER: "no edition with predictions is kept"}
    assert set(predictions.asked.values()) == {""}


def test_without_a_batch_nothing_is_kept(own_output, monkeypatch):
    monkeypatch.delenv(predictions.LANDING, raising=False)
    predictions.keep(FRAME, params())
    assert list(own_output.rglob("*.parquet")) == []


def test_a_report_that_predicts_no_more_takes_its_predictions_back(landing):
    name = published(landing)
    published(landing, FRAME.iloc[:0])
    assert predictions.digest(name) == ""
    assert predictions.names() == {}


def test_the_same_predictions_have_the_same_digest(landing):
    before = predictions.digest(published(landing))
    assert predictions.digest(published(landing)) == before
    assert predictions.digest(published(landing, FRAME.assign(probability=0.5))) != before


def test_a_family_that_does_not_say_so_keeps_and_reads_nothing(landing):
    silent = params(keeps_predictions=False)
    with pytest.raises(ReportError, match="keeps_predictions = True"):
        predictions.keep(FRAME, silent)
    with pytest.raises(ReportError, match="does not say"):
        predictions.kept(silent, [OCTOBER])


def _cut(content):
    return content[: len(content) // 2]


def _flipped(content):
    at = content.index(b"HH-1")
    return content[:at] + b"HH-9" + content[at + 4 :]


@pytest.mark.parametrize("damage", [_cut, _flipped, lambda content: b"", lambda content: b"PAR1"])
def test_damaged_predictions_are_not_used_and_named(landing, damage):
    path = predictions.place(published(landing))
    path.write_bytes(damage(path.read_bytes()))
    found = predictions.kept(params("2017-11"), [OCTOBER])
    assert found.frames == {}
    assert found.missing == {OCTOBER: "the predictions of its edition cannot be read"}


@pytest.mark.parametrize("version", [0, 2, None])
def test_predictions_of_another_release_are_not_used(landing, monkeypatch, version):
    with monkeypatch.context() as other:
        other.setattr(predictions, "VERSION", version)
        published(landing)
    found = predictions.kept(params("2017-11"), [OCTOBER])
    assert found.missing == {OCTOBER: "the predictions of its edition are of another release"}


def test_predictions_that_lack_a_column_are_of_another_release(landing):
    published(landing)
    needed = ("customer_id", "window_days")
    found = predictions.kept(params("2017-11"), [OCTOBER], columns=needed)
    assert found.missing == {OCTOBER: "the predictions of its edition are of another release"}


def test_the_origin_of_what_is_judged_is_said(landing):
    published(landing)
    found = predictions.kept(params("2017-12"), [OCTOBER, NOVEMBER])
    assert found.origin([OCTOBER]) == (
        "Judged is what the report of 2017-10 predicted, as kept with its edition."
    )
    assert found.origin([]) == ""
    both = found.origin([NOVEMBER, OCTOBER], name=lambda period: f"{period.start:%B}")
    assert both == (
        "Judged is what the report of October predicted, as kept with its edition. For November, "
        "no edition with predictions is kept: what was predicted then is worked out again here, "
        "from the rows known at the time."
    )


def test_a_plain_parquet_file_in_their_place_is_not_used(landing):
    path = predictions.place(published(landing))
    FRAME.to_parquet(path)
    assert pq.read_table(path).num_rows == 2
    found = predictions.kept(params("2017-11"), [OCTOBER])
    assert found.missing == {OCTOBER: "the predictions of its edition cannot be read"}


def test_predictions_that_were_moved_are_not_taken_for_those_of_another_period(landing):
    path = predictions.place(published(landing))
    path.rename(path.with_name("2017-11.parquet"))
    found = predictions.kept(params("2017-12"), [NOVEMBER, OCTOBER])
    assert found.missing[NOVEMBER] == "its predictions belong to another edition"
    assert list(found.missing) == [OCTOBER, NOVEMBER]
