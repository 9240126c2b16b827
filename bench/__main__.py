"""`make bench`: measure, print each figure beside its reference, and keep them as JSON.

Every module of this folder with a `main(data)` gives rows `{name, value, reference, unit, note}`.
`data` is the folder with reference data sets (`make bench DATA=...`), or None: what needs them is
skipped and says so. Speeds are ratios of two things timed in turn; nothing here is a test.
"""

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from helpers import paths

FOLDER = Path(__file__).parent


def modules() -> list[str]:
    """Return the names of the parts."""
    return sorted(path.stem for path in FOLDER.glob("[!_]*.py"))


def show(rows: list[dict[str, Any]], console: Console) -> None:
    """Print the figures as a table."""
    table = Table("figure", "value", "reference", "unit", "note", box=None, header_style="bold")
    for row in rows:
        cells = [row["name"], row.get("value"), row.get("reference"), row.get("unit")]
        table.add_row(*("" if c is None else _short(c) for c in cells), str(row.get("note") or ""))
    console.print(table)


def _short(cell: object) -> str:
    return f"{cell:,.4g}" if isinstance(cell, float) else str(cell)


def keep(file: Path, row: dict[str, Any]) -> None:
    """Add a figure to those on disk, so that a measurement broken off loses none before it."""
    found = json.loads(file.read_text()) if file.exists() else {}
    found[row["name"]] = row
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".part")
    beside.write_text(json.dumps(found, indent=1, default=str) + "\n")
    beside.replace(file)


def main() -> int:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with the reference data sets")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(modules())}")
    given = parser.parse_args()
    unknown = sorted(set(given.parts) - set(modules()))
    if unknown:
        parser.error(f"no part is called {unknown[0]!r}; there are: {', '.join(modules())}")
    console = Console(width=160) if not sys.stdout.isatty() else Console()
    file = paths.output() / "bench.json"
    for name in given.parts or modules():
        console.print(f"\n[bold]{name}[/bold]")
        rows = []
        for row in importlib.import_module(f"bench.{name}").main(given.data):
            rows.append(row)
            keep(file, row)
        show(rows, console)
    console.print(f"\nWritten to {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
