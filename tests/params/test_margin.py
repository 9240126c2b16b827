"""One margin for every family that needs one."""

import yaml

from helpers import paths
from helpers.params import MarginParams, model, resolve

FAMILIES = ("campaign_roi", "churn", "customer_value")


def test_families_with_a_margin_share_its_bounds_and_its_value() -> None:
    assert all(issubclass(model(family), MarginParams) for family in FAMILIES)
    assert "margin" not in model("sales_forecast").model_fields
    found = {resolve(family).margin for family in FAMILIES}
    assert found == {0.25}


def test_no_family_and_no_bundled_source_has_a_margin_of_its_own() -> None:
    for family in FAMILIES:
        own = yaml.safe_load((paths.params() / f"{family}.yml").read_text(encoding="utf-8"))
        assert "margin" not in own
    for path in (paths.params() / "sources").glob("*.yml"):
        assert "margin" not in yaml.safe_load(path.read_text(encoding="utf-8"))["params"]
