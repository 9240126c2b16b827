"""Whether a notebook is thin, in order, and committed with outputs that may be seen.

Rule 1 of docs/architecture.md. Each check returns lines such as `notebooks/churn.ipynb, code cell
4: 14 lines, at most 12`; no line means that all is well.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpers.batch.cells import source_of, tags_of, without_magic
from helpers.document import MIME
from helpers.errors import HelpersError
from helpers.params import resolve

CELLS, LINES = 15, 12
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_READERS = {
    *("open", "glob", "iglob", "rglob", "iterdir", "read_text", "read_bytes", "loadtxt", "urlopen"),
    *("read_csv", "read_excel", "read_feather", "read_hdf", "read_html", "read_json", "read_orc"),
    *("read_parquet", "read_pickle", "read_sql", "read_sql_query", "read_sql_table", "read_table"),
}


def problems(notebook: Path, *, snapshots: dict[str, str] | None = None) -> list[str]:
    """Return what is wrong with a notebook's layout, parameters and outputs.

    `snapshots` names the one snapshot of each source that outputs may come from; None leaves the
    outputs unchecked.
    """
    name = f"{notebook.parent.name}/{notebook.name}"
    try:
        found = json.loads(notebook.read_bytes())
        code = [cell for cell in found["cells"] if cell["cell_type"] == "code"]
        trees = [ast.parse(without_magic(source_of(cell))) for cell in code]
    except (OSError, ValueError, KeyError, TypeError, SyntaxError) as error:
        return [f"{name}: cannot be read: {error}"]
    lines = [*_thin(code, trees), *_order(code, trees), *_parameters(notebook.stem, code, trees)]
    if snapshots is not None:
        lines += [*_executed(code, found.get("metadata", {})), *_from(code, snapshots)]
    return [f"{name}{line}" for line in lines]


def _thin(code: list[dict[str, Any]], trees: list[ast.Module]) -> Iterator[str]:
    if len(code) > CELLS:
        yield f": {len(code)} code cells, at most {CELLS}"
    for number, (cell, tree) in enumerate(zip(code, trees, strict=True), start=1):
        count = len(source_of(cell).strip().splitlines())
        if count > LINES and "parameters" not in tags_of(cell):
            yield f", code cell {number}: {count} lines, at most {LINES}"
        for node in ast.walk(tree):
            if isinstance(node, _DEFINITIONS):
                yield f", code cell {number}: defines {node.name}; that belongs to helpers"
            elif isinstance(node, ast.Call) and (reader := _called(node)) in _READERS:
                yield f", code cell {number}: reads files ({reader}); `load` does that"


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _order(code: list[dict[str, Any]], trees: list[ast.Module]) -> Iterator[str]:
    imports = (ast.Import, ast.ImportFrom)
    if not trees or not all(isinstance(node, imports) for node in trees[0].body):
        yield ", code cell 1: imports come first, and nothing else with them"
    for number, tree in enumerate(trees[1:], start=2):
        if any(isinstance(node, imports) for node in ast.walk(tree)):
            yield f", code cell {number}: imports; they belong into code cell 1"
    tagged = [n for n, cell in enumerate(code, start=1) if "parameters" in tags_of(cell)]
    if tagged != [2]:
        yield f": code cell 2 and no other is tagged `parameters`; tagged: {tagged or 'none'}"


def _parameters(family: str, code: list[dict[str, Any]], trees: list[ast.Module]) -> Iterator[str]:
    """Yield what differs between the parameters cell and what resolves."""
    tagged = [n for n, cell in enumerate(code) if "parameters" in tags_of(cell)]
    if len(tagged) != 1:
        return
    place = f", code cell {tagged[0] + 1}"
    lines, found = source_of(code[tagged[0]]).splitlines(), {}
    for node in trees[tagged[0]].body:
        line = lines[node.lineno - 1]
        if not isinstance(node, ast.AnnAssign) or node.value is None or "#" not in line:
            yield f"{place}: `{line.strip()}` is not `name: type = value  # meaning`"
            continue
        try:
            found[ast.unparse(node.target)] = ast.literal_eval(node.value)
        except ValueError:
            yield f"{place}: `{line.strip()}` has no plain value"
    try:
        expected = resolve(family).model_dump(mode="json")
    except HelpersError as error:
        yield f"{place}: {error}"
        return
    for name in sorted({*expected, *found}):
        if name not in found:
            yield f"{place}: {name} is missing; it resolves to {expected[name]!r}"
        elif name not in expected:
            yield f"{place}: {name} is no parameter of {family}"
        elif _plain(found[name]) != expected[name]:
            yield f"{place}: {name} = {found[name]!r}, and it resolves to {expected[name]!r}"


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))  # tuples as lists, as the model writes them


def _executed(code: list[dict[str, Any]], metadata: dict[str, Any]) -> Iterator[str]:
    counts = [cell.get("execution_count") for cell in code]
    if counts != list(range(1, len(code) + 1)):
        yield ": is not executed top to bottom; `make notebooks` does that"
    if "widgets" in metadata:
        yield ": stores the state of widgets"
    for number, cell in enumerate(code, start=1):
        for output in cell.get("outputs", []):
            if output.get("output_type") == "error":
                yield f", code cell {number}: its output is an error, {output.get('ename')}"


def _from(code: list[dict[str, Any]], snapshots: dict[str, str]) -> Iterator[str]:
    """Yield where outputs come from other data than the fixture, or do not say."""
    blocks = [
        block
        for cell in code
        for output in cell.get("outputs", [])
        if isinstance(block := output.get("data", {}).get(MIME), dict)
    ]
    shown = {block.get("snapshot") for block in blocks if block.get("type") == "provenance"}
    if not shown:
        yield ": no output says which snapshot it comes from"
    if foreign := sorted(str(name) for name in shown - set(snapshots.values())):
        yield (
            f": its outputs come from the snapshot {foreign[0]}, not from the fixture: they may "
            "show customers; `make notebooks` executes it anew"
        )
