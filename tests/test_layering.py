"""The arrows between the rooms go one way, and the pure rooms stay pure."""

import ast
from pathlib import Path

import pytest

import helpers

SOURCE = Path(helpers.__file__).parent
FOUNDATION = {"errors", "paths", "periods", "privacy"}
ALLOWED = {
    "errors": set(),
    "paths": set(),
    "periods": {"errors"},
    "privacy": set(),
    "metrics": {"errors", "periods", "privacy"},
    "params": FOUNDATION,
    "sources": FOUNDATION | {"params"},
    "document": set(),
    "document_json": {"errors", "document"},
    "report": {
        "errors",
        "periods",
        "privacy",
        "metrics.contracts",
        "params",
        "document",
        "document_json",
    },
    "private": {"errors", "paths"},
    "predictions": FOUNDATION | {"private"},
    "batch": FOUNDATION | {"params", "sources", "document", "private", "predictions"},
    "publish": FOUNDATION | {"params", "document", "document_json", "metrics.contracts"},
    "cli": FOUNDATION | {"params", "sources", "document", "batch", "publish"},
}
PURE = {"errors", "periods", "privacy", "metrics", "document", "document_json", "report"}
IMPURE_CALLS = {
    "open", "now", "today", "utcnow", "read_csv", "read_parquet", "read_excel", "read_sql",
    "to_csv",
    "to_parquet", "write_text", "read_text", "read_bytes", "write_bytes", "urlopen",
}  # fmt: skip
IMPURE_MODULES = {
    "requests",
    "urllib.request",
    "socket",
    "subprocess",
    "shutil",
    "tempfile",
    "time",
}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def type_checking_lines(tree: ast.AST) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            lines |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def imports(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = type_checking_lines(tree)
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            found.append((node.lineno, base))
            if base == "helpers" or base.startswith("helpers."):
                found += [(node.lineno, f"{base}.{alias.name}") for alias in node.names]
    return [(line, name) for line, name in found if line not in skipped]


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_module_imports_only_what_stands_to_its_left(path: Path) -> None:
    own = room(path)
    if own == "__init__":
        assert imports(path) == []
        return
    assert own in ALLOWED, f"a new room {own!r}: give it a row here and in docs/architecture.md"
    for line, name in imports(path):
        if not name.startswith("helpers."):
            continue
        inner = name.removeprefix("helpers.")
        target = inner.split(".")[0]
        fine = target == own or any(
            inner == allowed or inner.startswith(f"{allowed}.") or allowed.startswith(f"{inner}.")
            for allowed in ALLOWED[own]
        )
        assert fine, f"{path.relative_to(SOURCE)}:{line} imports {name}: {own} may not"


@pytest.mark.parametrize(
    "path", [p for p in modules() if room(p) in PURE], ids=lambda p: str(p.relative_to(SOURCE))
)
def test_a_pure_room_opens_no_file_and_asks_no_clock(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            assert name not in IMPURE_CALLS, f"{path}:{node.lineno} calls {name}"
    for line, name in imports(path):
        assert name not in IMPURE_MODULES, f"{path}:{line} imports {name}"


def test_the_walk_sees_a_forbidden_import(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from helpers.batch import plan\n    return plan\n")
    assert (2, "helpers.batch.plan") in imports(bad)
