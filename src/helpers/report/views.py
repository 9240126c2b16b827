"""How a block reaches the notebook: its JSON for the publisher, a view for JupyterLab."""

from html import escape
from typing import Any

from helpers.document import MIME, Block, Kpis, Table
from helpers.document_json import as_json
from helpers.report.style import MUTED

_TABLE = "border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.3em 0;max-width:100%"


class View:
    """A block with the views that JupyterLab and plain terminals show."""

    def __init__(self, block: Block, **views: str) -> None:
        self.block = block
        self._bundle: dict[str, Any] = {MIME: as_json(block)}
        for kind, text in views.items():
            self._bundle[_MIMES[kind]] = text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self._bundle


_MIMES = {
    "html": "text/html",
    "markdown": "text/markdown",
    "plain": "text/plain",
    "svg": "image/svg+xml",
}


def table_view(block: Table) -> View:
    """Return a table as HTML and as aligned text."""
    head = "".join(
        f'<th scope="col" style="text-align:{c.align};padding:.25em .8em">{escape(c.label)}</th>'
        for c in block.columns
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="text-align:{c.align};padding:.2em .8em">{escape(cell)}</td>'
            for c, cell in zip(block.columns, row, strict=True)
        )
        + "</tr>"
        for row in block.text
    )
    note = f'<p style="color:{MUTED}">{escape(block.note)}</p>' if block.note else ""
    html = (
        f'<table style="{_TABLE}"><caption style="text-align:left;font-weight:600">'
        f"{escape(block.title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"{note}"
    )
    return View(block, html=html, plain=_aligned(block))


def _aligned(block: Table) -> str:
    heads = [c.label for c in block.columns]
    widths = [
        max([len(head), *(len(row[i]) for row in block.text)]) for i, head in enumerate(heads)
    ]

    def row(cells: list[str]) -> str:
        parts = [
            cell.rjust(width) if c.align == "right" else cell.ljust(width)
            for cell, width, c in zip(cells, widths, block.columns, strict=True)
        ]
        return "  ".join(parts).rstrip()

    lines = [block.title, row(heads), *(row(cells) for cells in block.text), block.note]
    return "\n".join(line for line in lines if line)


def kpis_view(block: Kpis) -> View:
    """Return KPIs as tiles and as lines of text."""
    tiles, lines = [], []
    for item in block.items:
        changes = [
            f"{c.change_text} since {c.period_text}"
            for c in (item.previous, item.year_before)
            if c is not None and c.change_text
        ]
        interval = f"{item.level}%: {item.interval_text}" if item.interval_text else ""
        small = [interval, *changes, "assumed" if item.assumed else "", item.note]
        detail = " · ".join(text for text in small if text)
        lines.append(f"{item.label}: {item.text}" + (f" ({detail})" if detail else ""))
        tiles.append(
            '<div style="min-width:9em;padding:.5em 1em .5em 0"><div style="opacity:.75">'
            f'{escape(item.label)}</div><div style="font-size:1.7em;font-variant-numeric:'
            f'tabular-nums">{escape(item.text)}</div><div style="opacity:.75;font-size:.9em">'
            f"{escape(detail)}</div></div>"
        )
    html = f'<div style="display:flex;flex-wrap:wrap;gap:.5em 1.5em">{"".join(tiles)}</div>'
    return View(block, html=html, plain="\n".join(lines))
