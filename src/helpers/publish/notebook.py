"""The notebook as it may be downloaded: its text and code, and of its outputs only guarded blocks.

The views that a cell made for JupyterLab are not trusted to hold the same as its block, so they are
dropped and made again from the block.
"""

import json
from dataclasses import asdict, replace
from html import escape
from typing import Any

from helpers.document import MIME, Block, Chart, Kpis, Table, Text, as_json, from_json
from helpers.publish.svg import picture
from helpers.publish.text import plain, plain_all

_ROWS = 200


def cleaned(found: dict[str, Any]) -> bytes:
    """Return the notebook with every output reduced to what its block says, as JSON bytes.

    Cell ids, tags and the kernel's name stay; execution times, paths and widget states go.
    """
    cells = [_cell(cell, number) for number, cell in enumerate(found["cells"], start=1)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(book, ensure_ascii=False, indent=1).encode("utf-8")


def _cell(cell: dict[str, Any], number: int) -> dict[str, Any]:
    source = cell.get("source", "")
    tags = [plain(str(tag)) for tag in cell.get("metadata", {}).get("tags", [])]
    made: dict[str, Any] = {
        "cell_type": cell.get("cell_type", "raw"),
        "id": f"cell-{number}",
        "metadata": {"tags": tags} if tags else {},
        "source": plain("".join(source) if isinstance(source, list) else str(source)),
    }
    if made["cell_type"] == "code":
        made["execution_count"] = cell.get("execution_count")
        made["outputs"] = [
            made_output for output in cell.get("outputs", []) for made_output in _output(output)
        ]
    return made


def _output(output: dict[str, Any]) -> list[dict[str, Any]]:
    data = output.get("data")
    if not isinstance(data, dict) or MIME not in data:
        return []
    block = from_json(plain_all(data[MIME]))
    views: dict[str, Any] = {"text/plain": _plain(block), MIME: as_json(block)}
    if isinstance(block, Chart):
        svg = block.svg or "".join(data.get("image/svg+xml", ""))
        variants = [replace(v, svg=_paper(v.svg)) for v in block.variants]
        block = replace(block, svg="", variants=variants)
        views[MIME] = as_json(block)
        if svg:
            views["image/svg+xml"] = _paper(svg)
    elif isinstance(block, Table):
        views["text/html"] = _html(block)
    return [{"output_type": "display_data", "metadata": {}, "data": views}]


def _paper(svg: str) -> str:
    return picture(svg, use="paper") if svg else ""


def _plain(block: Block) -> str:
    if isinstance(block, Text):
        return block.text
    if isinstance(block, Chart):
        return f"{block.title}. {block.alt}"
    if isinstance(block, Kpis):
        return "\n".join(f"{item.label}: {item.text}" for item in block.items)
    if isinstance(block, Table):
        heads = "  ".join(column.label for column in block.columns)
        return "\n".join([block.title, heads, *("  ".join(row) for row in block.text[:_ROWS])])
    return "\n".join(f"{name}: {value}" for name, value in asdict(block).items() if name != "type")


def _html(table: Table) -> str:
    heads = "".join(f"<th>{escape(column.label)}</th>" for column in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table.text[:_ROWS]
    )
    return (
        f"<table><caption>{escape(table.title)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
