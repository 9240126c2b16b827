"""Modules and functions stay short enough to be read at once."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "helpers"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION = 300, 60  # lines


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_module_and_no_function_is_too_long(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_MODULE
    assert too_long(text) == []


def too_long(text: str) -> list[str]:
    functions = (
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    lengths = {node.name: (node.end_lineno or node.lineno) - node.lineno + 1 for node in functions}
    return [name for name, lines in lengths.items() if lines > LONGEST_FUNCTION]


def test_the_walk_sees_a_function_that_is_too_long() -> None:
    assert too_long("def long():\n" + "    x = 1\n" * 60) == ["long"]
    assert too_long("def short():\n" + "    x = 1\n" * 59) == []
