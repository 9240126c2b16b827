"""How parameters get their values, and what is refused."""

from pathlib import Path

import pytest

from helpers import params
from helpers.errors import ParameterError, UsageError
from helpers.params import values as module
from helpers.params.base import BaseParams


class Params(BaseParams):
    title = "Demo"
    summary = "A demo."
    horizon: int
    rate: float = 0.1
    region: str = "all"


BASE = {
    "period": "2017-12", "source": "shop", "slice": "all", "locale": "en_US",
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "demo.ipynb").write_text("{}")
    (tmp_path / "params" / "sources").mkdir(parents=True)
    lines = "".join(f"{k}: {v!r}\n" for k, v in BASE.items())
    (tmp_path / "params" / "base.yml").write_text(lines)
    (tmp_path / "params" / "demo.yml").write_text("horizon: 3\n")
    (tmp_path / "params" / "sources" / "shop.yml").write_text(
        "params: {currency: USD, time_zone: UTC}\n"
    )
    monkeypatch.setenv("CRM_REPORTS_ROOT", str(tmp_path))
    monkeypatch.setattr(module, "model", lambda family: Params)
    return tmp_path


def test_later_layers_win(project: Path) -> None:
    (project / "params" / "sources" / "shop.yml").write_text(
        "params: {currency: EUR, time_zone: UTC, horizon: 4}\n"
    )
    found = params.resolve("demo")
    assert (found.currency, found.horizon, found.locale) == ("EUR", 4, "en_US")
    assert params.resolve("demo", overrides={"horizon": 9}).horizon == 9


def test_an_unknown_name_is_refused_with_the_nearest(project: Path) -> None:
    with pytest.raises(ParameterError, match=r"no parameter 'regoin'[\s\S]*did you mean `region`"):
        params.resolve("demo", overrides={"regoin": "East"})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("horizon", "six", "valid integer"),
        ("horizon", "6", "valid integer"),
        ("rate", "much", "valid number"),
        ("locale", "xx_YY_ZZ_QQ", "no locale"),
        ("period", "2017-13", "not in the calendar"),
        ("slice", "income", "attribute=value"),
    ],
)
def test_an_ill_typed_value_is_refused_and_named(
    project: Path, name: str, value: str, says: str
) -> None:
    with pytest.raises(ParameterError, match=rf"{name} = .*{says}"):
        params.resolve("demo", overrides={name: value})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("currency", "DOLLAR", "ISO 4217"),
        ("time_zone", "Mars/Olympus", "no IANA time zone"),
    ],
)
def test_what_a_source_says_of_itself_is_checked(
    project: Path, name: str, value: str, says: str
) -> None:
    facts = {"currency": "USD", "time_zone": "UTC"} | {name: value}
    shop = project / "params" / "sources" / "shop.yml"
    shop.write_text("params:\n" + "".join(f"  {k}: {v}\n" for k, v in facts.items()))
    with pytest.raises(ParameterError, match=rf"shop.yml: .*{name} = .*{says}"):
        params.resolve("demo")
    del facts[name]
    shop.write_text("params:\n" + "".join(f"  {k}: {v}\n" for k, v in facts.items()))
    with pytest.raises(ParameterError, match=f"shop does not say its {name}"):
        params.resolve("demo")


def test_a_name_given_twice_and_params_that_are_a_list_are_refused(project: Path) -> None:
    (project / "params" / "demo.yml").write_text("horizon: 3\nhorizon: 4\n")
    with pytest.raises(ParameterError, match=r"demo.yml: [\s\S]*'horizon' is given twice"):
        params.resolve("demo")
    (project / "params" / "demo.yml").write_text("horizon: 3\n")
    (project / "params" / "sources" / "shop.yml").write_text("params: [a]\n")
    with pytest.raises(ParameterError, match=r"shop\.yml: `params:` must hold `name: value` lines"):
        params.resolve("demo")


def test_no_run_can_say_that_the_data_is_recorded_otherwise(project: Path) -> None:
    with pytest.raises(ParameterError, match="'EUR': shop is recorded in 'USD'"):
        params.resolve("demo", overrides={"currency": "EUR"})
    assert params.resolve("demo", overrides={"currency": "USD"}).currency == "USD"
    (project / "params" / "demo.yml").write_text("horizon: 3\ncurrency: EUR\n")
    assert params.resolve("demo").currency == "USD"


def test_the_error_names_the_file_the_value_stands_in(project: Path) -> None:
    (project / "params" / "demo.yml").write_text("horizon: soon\n")
    with pytest.raises(ParameterError, match=r"^params/demo\.yml: demo: horizon = 'soon'"):
        params.resolve("demo")


def test_a_missing_value_is_named_with_the_mend(project: Path) -> None:
    (project / "params" / "demo.yml").write_text("")
    with pytest.raises(ParameterError, match=r"'horizon' has no value[\s\S]*params/demo\.yml"):
        params.resolve("demo")


def test_a_shared_value_that_no_family_knows_is_refused(project: Path) -> None:
    (project / "params" / "base.yml").write_text("source: shop\nhorizn: 3\n")
    with pytest.raises(ParameterError, match=r"params/base\.yml: no report family[\s\S]*`horizon`"):
        params.resolve("demo")


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "1: x\n"])
def test_a_file_that_holds_no_mapping_is_refused(project: Path, text: str) -> None:
    (project / "params" / "demo.yml").write_text(text)
    with pytest.raises(ParameterError, match=r"demo\.yml"):
        params.resolve("demo")


def test_an_unknown_source_is_refused(project: Path) -> None:
    with pytest.raises(UsageError, match=r"no source is called 'shp'[\s\S]*did you mean `shop`"):
        params.resolve("demo", source="shp")


def test_a_year_given_as_a_number_is_a_period(project: Path) -> None:
    assert params.resolve("demo", overrides={"period": 2017}).period == "2017"


def test_a_notebook_namespace_is_checked_and_the_rest_of_it_ignored(project: Path) -> None:
    cell = BASE | {"currency": "USD", "time_zone": "UTC", "horizon": 2}
    found = params.validate("demo", {**cell, "pandas": object()})
    assert found.horizon == 2
    with pytest.raises(ParameterError, match=r"parameters cell: demo: horizon = '-'"):
        params.validate("demo", {**cell, "horizon": "-"})
    with pytest.raises(ParameterError, match=r"parameters cell: time_zone = 'Asia/Tokyo'"):
        params.validate("demo", {**cell, "time_zone": "Asia/Tokyo"})


def test_checking_a_notebook_looks_at_no_other_familys_model(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "notebooks" / "other.ipynb").write_text("{}")
    asked: list[str] = []
    monkeypatch.setattr(module, "model", lambda family: asked.append(family) or Params)
    cell = BASE | {"currency": "USD", "time_zone": "UTC", "horizon": 2}
    params.validate("demo", cell)
    assert set(asked) == {"demo"}  # what a report has looked at makes it run again when it changes
    with pytest.raises(UsageError, match="no source is called 'shp'"):
        params.validate("demo", {**cell, "source": "shp"})


def test_assignments_are_read_as_yaml_values() -> None:
    found = params.parse_assignments(["a=1", "b=0.5", "c=x=y", "d=[1, 2]", "e=", "f=true"])
    assert found == {"a": 1, "b": 0.5, "c": "x=y", "d": [1, 2], "e": "", "f": True}
    with pytest.raises(ParameterError, match="not name=value"):
        params.parse_assignments(["horizon"])
