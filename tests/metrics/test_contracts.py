"""What holds for the metrics of every family: contracts, docstrings, purity of signatures."""

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import helpers.metrics
from helpers import params
from helpers.errors import MetricError
from helpers.metrics.contracts import Contract, Kpi, by_name

FAMILIES = params.families()


def metrics(family: str) -> ModuleType:
    return importlib.import_module(f"helpers.metrics.{family}")


def public_functions() -> list[tuple[str, object]]:
    found = []
    for info in pkgutil.walk_packages(helpers.metrics.__path__, "helpers.metrics."):
        module = importlib.import_module(info.name)
        for name, member in inspect.getmembers(module, inspect.isfunction):
            if not name.startswith("_") and member.__module__ == info.name:
                found.append((f"{info.name.removeprefix('helpers.metrics.')}.{name}", member))
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_defines_its_kpis(family: str) -> None:
    contracts = metrics(family).CONTRACTS
    assert contracts
    for contract in contracts:
        assert contract.name.isidentifier()
        assert contract.name.islower()
        assert contract.label
        assert not contract.label.islower()
        assert contract.definition.endswith(".")
        assert contract.formula
        if contract.unit == "share":
            assert contract.denominator, f"{contract.name}: a share of what?"
            assert contract.precision >= 3, f"{contract.name}: a share needs three decimals"


def test_a_name_means_one_thing_in_all_families() -> None:
    seen: dict[str, Contract] = {}
    for family in FAMILIES:
        for contract in metrics(family).CONTRACTS:
            assert seen.setdefault(contract.name, contract) == contract, contract.name


@pytest.mark.parametrize(
    ("name", "function"), public_functions(), ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_public_function_says_what_it_returns(name: str, function: object) -> None:
    text = inspect.getdoc(function) or ""
    assert len(text) > 40, f"{name} has no docstring"
    declared = inspect.signature(function).return_annotation  # type: ignore[arg-type]
    assert declared is not inspect.Signature.empty, f"{name} declares no return type"


def test_a_value_is_recorded_with_its_precision_and_without_nan() -> None:
    contract = Contract("rate", "Rate", "share", "A rate.", "a / b", denominator="b", precision=4)
    found = Kpi(contract, 0.123456, low=float("nan"), previous=float("inf"), year_before=-0.0)
    assert (found.value, found.low, found.previous, found.year_before) == (0.1235, None, None, 0.0)
    assert str(found.year_before) == "0.0"


def test_an_unknown_kpi_is_named_with_the_nearest() -> None:
    contract = Contract("churn_rate", "Churn", "share", "A rate.", "a / b")
    with pytest.raises(MetricError, match="did you mean `churn_rate`"):
        by_name([contract], "churn_rat")
