"""What holds for the metrics of every family: contracts, docstrings, purity of signatures."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from types import FunctionType, ModuleType
from typing import get_args

import pytest

import helpers.metrics
from helpers import params
from helpers.errors import MetricError
from helpers.metrics.contracts import Contract, Kpi, Unit, by_name

FAMILIES = params.families()


def metrics(family: str) -> ModuleType:
    return importlib.import_module(f"helpers.metrics.{family}")


def public_functions() -> list[tuple[str, FunctionType]]:
    found = []
    for info in pkgutil.walk_packages(helpers.metrics.__path__, "helpers.metrics."):
        module = importlib.import_module(info.name)
        for name, member in inspect.getmembers(module, inspect.isfunction):
            if not name.startswith("_") and member.__module__ == info.name:
                found.append((f"{info.name.removeprefix('helpers.metrics.')}.{name}", member))
    return found


def raises(function: FunctionType) -> bool:
    """Return whether a function's own lines raise `MetricError`, not those of functions in it."""
    waiting: list[ast.AST] = list(ast.parse(textwrap.dedent(inspect.getsource(function))).body)
    waiting = list(ast.iter_child_nodes(waiting[0]))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            continue
        call = node.exc if isinstance(node, ast.Raise) else None
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "MetricError":
            return True
        waiting += ast.iter_child_nodes(node)
    return False


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
        assert contract.unit in get_args(Unit)
        assert contract.formula
        assert contract.owner, f"{contract.name}: who answers for it?"
        if contract.unit == "share":
            assert contract.precision >= 3, f"{contract.name}: a share needs three decimals"


def divides(contract: Contract) -> bool:
    """Return whether a KPI is a share, a ratio or a mean: something by something else."""
    return (
        contract.unit in {"share", "ratio"}
        or " / " in contract.formula
        or contract.formula.startswith("mean")
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_divided_says_by_what(family: str) -> None:
    shares = [contract for contract in metrics(family).CONTRACTS if divides(contract)]
    assert shares
    assert [contract.name for contract in shares if not contract.denominator] == []


def test_a_name_means_one_thing_in_all_families() -> None:
    seen: dict[str, Contract] = {}
    for family in FAMILIES:
        for contract in metrics(family).CONTRACTS:
            assert seen.setdefault(contract.name, contract) == contract, contract.name


@pytest.mark.parametrize(
    ("name", "function"), public_functions(), ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_public_function_declares_its_types_and_the_errors_it_raises(
    name: str, function: FunctionType
) -> None:
    signature, text = inspect.signature(function), inspect.getdoc(function) or ""
    assert text.split("\n\n")[0].rstrip().endswith("."), f"{name}: no sentence says what it does"
    bare = [p.name for p in signature.parameters.values() if p.annotation is p.empty]
    assert bare == [], f"{name} declares no type of {bare}"
    assert signature.return_annotation is not signature.empty, f"{name} declares no return type"
    if raises(function):
        assert "Raises:" in text, f"{name} raises MetricError and does not say when"
        assert "MetricError:" in text, f"{name} does not say when it raises MetricError"


def test_a_value_is_recorded_with_its_precision_and_without_nan() -> None:
    contract = Contract("rate", "Rate", "share", "A rate.", "a / b", denominator="b", precision=4)
    found = Kpi(contract, 0.123456, low=float("nan"), previous=float("inf"), year_before=-0.0)
    assert (found.value, found.low, found.previous, found.year_before) == (0.1235, None, None, 0.0)
    assert str(found.year_before) == "0.0"


def test_an_unknown_kpi_is_named_with_the_nearest() -> None:
    contract = Contract("churn_rate", "Churn", "share", "A rate.", "a / b")
    with pytest.raises(MetricError, match="did you mean `churn_rate`"):
        by_name([contract], "churn_rat")
