"""The notebook as it may be downloaded: its text and code, and of its outputs only guarded blocks.

The views that a cell made for JupyterLab are not trusted to hold the same as its block, so they are
dropped and made again from the block. Raw cells are dropped too: nothing shows them.
"""

from dataclasses import asdict, replace
from html import escape
from typing import Any

from helpers.document import MIME, Block, Chart, Kpis, Table, Text
from helpers.document_json import as_json, from_json
from helpers.publish.reading import Cell, cell_of, text_of
from helpers.publish.svg import picture
from helpers.publish.text import plain_all

_ROWS = 200


def copy_of(cells: list[Any], *, file: str) -> dict[str, Any]:
    """Return a notebook of these cells with every output reduced to what its block says.

    Cell ids, tags and the kernel's name stay; execution times, paths and widget states go.

    Raises:
        PublishError: a cell or a block of it cannot be read, or a picture cannot be shown.
    """
    read = [(at, cell_of(cell, f"{file}, cell {at}")) for at, cell in enumerate(cells, start=1)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": [_cell(cell, at) for at, cell in read if cell.kind in {"code", "markdown"}],
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(cell: Cell, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": f"cell-{number}",
        "metadata": {"tags": list(cell.tags)} if cell.tags else {},
        "source": cell.source,
    }
    if cell.kind == "code":
        made["execution_count"] = cell.count
        made["outputs"] = [found for output in cell.outputs for found in _output(output)]
    return made


def _output(output: dict[str, Any]) -> list[dict[str, Any]]:
    data = output.get("data")
    if not isinstance(data, dict) or MIME not in data:
        return []
    block = from_json(plain_all(data[MIME]))
    views: dict[str, Any] = {"text/plain": _plain(block), MIME: as_json(block)}
    if isinstance(block, Chart):
        svg = block.svg or text_of(data.get("image/svg+xml", ""))
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
