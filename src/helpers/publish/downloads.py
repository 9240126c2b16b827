"""What a report's page offers for download beside itself: tables, workbook, notebook."""

import json
from pathlib import Path

from helpers.publish.guard import Guard
from helpers.publish.model import Page
from helpers.publish.notebook import copy_of
from helpers.publish.reading import Document, cells_of
from helpers.publish.sheets import csv_bytes, kpi_rows, table_rows, xlsx_bytes
from helpers.publish.views import view


def downloads(notebook: Path, document: Document, page: Page, guard: Guard) -> dict[str, bytes]:
    """Return the files beside a report's page: path in the site to bytes.

    Raises:
        DisclosureError: the notebook's text or code names a customer.
        PublishError: a chart has no picture.
    """
    base = page.key.path
    shown = view(document, rows=0)
    found = {f"{base}/{made.csv}": csv_bytes(table) for made, table in shown.tables}
    sheets = [("KPIs", kpi_rows(page.kpis))] if page.kpis else []
    for made, table in shown.tables:
        sheets.append((made.title, table_rows(table)))
    found[f"{base}.xlsx"] = xlsx_bytes(sheets or [("Empty", [["This report has no tables."]])])
    copy = copy_of(cells_of(notebook), file=notebook.name)
    guard.everything(copy, file=notebook.name, place="the notebook")
    found[f"{base}.ipynb"] = json.dumps(copy, ensure_ascii=False, indent=1).encode("utf-8")
    return found
