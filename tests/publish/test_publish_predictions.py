"""Predictions for single customers stay in the house: a planted id is in no published file."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from helpers import paths, predictions
from helpers.publish import deploy, publish

PLANTED = "HH-PLANTED-4711"


def test_a_customer_in_kept_predictions_is_in_no_published_file(
    kit: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.customers(PLANTED)
    kit.write(kit.book(family="churn"), kit.book(family="churn", period="2017-11"))
    monkeypatch.setenv(predictions.LANDING, str(tmp_path))
    params = SimpleNamespace(
        source="shop", family="churn", period="2017-11", slice="all", keeps_predictions=True
    )
    said = pd.DataFrame({"customer_id": [PLANTED], "probability": [0.5]})
    predictions.keep(said, params)
    predictions.install(tmp_path, "shop/churn/2017-11")
    assert PLANTED.encode() in predictions.place("shop/churn/2017-11").read_bytes()
    assert publish(renderer="built-in").failed == []
    deploy(str(tmp_path / "there"))
    published = [
        path for top in (paths.site(), tmp_path / "there", paths.output() / "store" / "search")
        for path in top.rglob("*") if path.is_file()
    ]  # fmt: skip
    assert len(published) > 40
    assert not [path for path in published if PLANTED.encode() in path.read_bytes()]
    assert not [path for path in published if path.suffix == ".parquet"]
