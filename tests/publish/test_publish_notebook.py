"""The notebook for download holds what the page holds, and nothing else."""

import json
from typing import Any

import nbformat

from helpers.document import MIME
from helpers.publish.notebook import copy_of


def copy(kit: Any, *cells: dict[str, Any]) -> Any:
    book = json.loads(kit.book(extra=list(cells)).json())
    return nbformat.reads(json.dumps(copy_of(book["cells"], file="x.ipynb")), as_version=4)


def test_it_is_a_valid_notebook_with_text_and_code(kit: Any) -> None:
    book = copy(kit)
    nbformat.validate(book)
    assert next(cell.source for cell in book.cells if cell.cell_type == "code") == "import helpers"
    assert book.cells[2].metadata.tags == ["parameters"]


def test_views_that_no_guard_saw_are_made_again_from_the_block(kit: Any) -> None:
    outputs = [o for cell in copy(kit).cells if cell.cell_type == "code" for o in cell.outputs]
    assert outputs
    assert all(MIME in output.data for output in outputs)
    assert not any("<b>x</b>" in output.data.get("text/html", "") for output in outputs)
    table = next(o for o in outputs if "Segments" in o.data["text/plain"] and "text/html" in o.data)
    assert "<td>Loyal</td>" in table.data["text/html"]


def test_bare_frames_prints_errors_and_widgets_are_gone(kit: Any) -> None:
    outputs = [
        {"output_type": "execute_result", "metadata": {}, "execution_count": 1,
         "data": {"text/html": "<td>HH-0001</td>", "text/plain": "HH-0001"}},
        {"output_type": "stream", "name": "stdout", "text": "HH-0001"},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": "aGk="}},
    ]  # fmt: skip
    book = copy(kit, kit.code("frame.head()", *outputs))
    assert next(cell for cell in book.cells if cell.source == "frame.head()").outputs == []
    assert "HH-0001" not in json.dumps(book)


def test_markup_in_cells_of_a_table_is_escaped(kit: Any) -> None:
    book = json.loads(kit.book(segment="<script>alert(1)</script>").json())
    made = copy_of(book["cells"], file="x.ipynb")
    views = [o["data"].get("text/html", "") for c in made["cells"] for o in c.get("outputs", [])]
    assert any("&lt;script&gt;" in view for view in views)
    assert not any("<script" in view for view in views)


def test_pictures_are_sanitised_in_variants_too(kit: Any) -> None:
    book = kit.book()
    hostile = kit.svg.replace("<defs>", "<script>alert(1)</script><defs>")
    switched = book.switched()
    for variant in switched.variants:
        object.__setattr__(variant, "svg", hostile)
    made = json.dumps(copy_of([kit.code("x", kit.shown(switched, hostile))], file="x.ipynb"))
    assert "alert(1)" not in made
    assert made.count("image/svg+xml") == 1


def test_execution_metadata_stays_in_the_house(kit: Any) -> None:
    cell = kit.code("x") | {"metadata": {"papermill": {"exception": "at /home/ann"}, "tags": []}}
    assert "/home/ann" not in json.dumps(copy(kit, cell))
