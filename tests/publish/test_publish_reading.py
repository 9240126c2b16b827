"""Executed notebooks as documents."""

from typing import Any

import pytest

from helpers.document import MIME, Chart
from helpers.errors import PublishError
from helpers.publish.reading import Code, assemble, read


def test_sections_follow_headings_and_the_first_has_none(kit: Any) -> None:
    document = read(kit.write(kit.book()))
    assert [(s.id, s.heading) for s in document.sections] == [
        ("headline", ""),
        ("where-it-comes-from", "Where it comes from"),
        ("definitions", "Definitions"),
        ("provenance", "Provenance"),
    ]
    assert [part.type for part in document.sections[1].parts] == [
        "prose", "prose", "prose", "table", "text",
    ]  # fmt: skip


def test_a_chart_takes_the_picture_beside_it(kit: Any) -> None:
    document = read(kit.write(kit.book()))
    charts = [block for block in document.blocks() if isinstance(block, Chart)]
    assert [chart.svg for chart in charts] == [kit.svg, kit.svg]


def test_two_headings_of_one_name_get_two_anchors(kit: Any) -> None:
    text = kit.shown(kit.book().table())
    cells = [
        *kit.book().cells()[:4],
        kit.markdown("## Part"), kit.code("", text), kit.markdown("## Part"), kit.code("", text),
    ]  # fmt: skip
    assert [s.id for s in assemble(cells, file="x").sections] == ["part", "part-2"]


@pytest.mark.parametrize(
    ("output", "word"),
    [
        ({"output_type": "stream", "name": "stdout", "text": ["17850\n"]}, "what it printed"),
        ({"output_type": "stream", "name": "stderr", "text": "/home/ann: old"}, "its warnings"),
        ({"output_type": "stream", "text": "540"}, "what it printed"),
        ({"output_type": "execute_result", "data": {"text/plain": "17850"}}, "a bare value"),
    ],
)
def test_what_a_cell_prints_is_withheld_and_said_to_be(
    kit: Any, output: dict[str, Any], word: str
) -> None:
    cells = [*kit.book().cells(), kit.code("print()", output, output)]
    assert assemble(cells, file="x").code[-1] == Code("print()", withheld=[word])


def test_an_empty_print_is_nothing_to_withhold(kit: Any) -> None:
    blank = {"output_type": "stream", "name": "stdout", "text": ["\n", " "]}
    assert assemble([*kit.book().cells(), kit.code("x", blank)], file="x").code[-1].withheld == []


@pytest.mark.parametrize(
    "data",
    [
        {"text/html": "<table><tr><td>HH-0001</td></tr></table>", "text/plain": "HH-0001"},
        {"image/png": "aGVsbG8=", "text/plain": "<Figure>"},
        {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "HBox()"},
        {"application/x-unheard-of": "?"},
    ],
)
def test_an_output_without_a_block_is_withheld_and_named(kit: Any, data: dict[str, Any]) -> None:
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    code = assemble([*kit.book().cells(), kit.code("frame", output)], file="x").code[-1]
    assert code.withheld == sorted(set(data) - {"text/plain"})


def test_a_failed_cell_fails_the_document_without_its_message(kit: Any) -> None:
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'HH-0001'", "traceback": []}
    with pytest.raises(PublishError) as raised:
        assemble([*kit.book().cells(), kit.code("boom()", error)], file="2017-12.ipynb")
    assert "KeyError" in str(raised.value)
    assert "cell 13" in str(raised.value)
    assert "HH-0001" not in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"cells": 3}',
        '{"cells": "x"}',
        "\x00\x01",
        '{"cells": [3]}',
        '{"cells": [{"cell_type": "code", "metadata": {"tags": 1}}]}',
        '{"cells": [{"cell_type": "code", "source": 7}]}',
        '{"cells": [{"cell_type": "code", "outputs": [null]}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_notebook_is_said_to_be_none(kit: Any, content: str) -> None:
    path = kit.output / "2017-12.ipynb"
    path.write_text(content)
    with pytest.raises(PublishError, match="no notebook"):
        read(path)


def test_a_document_without_a_title_is_refused(kit: Any) -> None:
    with pytest.raises(PublishError, match="no title block"):
        assemble([kit.markdown("## Only this")], file="x.ipynb")


@pytest.mark.parametrize("change", [{"version": 99}, {"type": "unheard-of"}, {"columns": None}])
def test_a_block_of_another_release_is_refused_by_name(kit: Any, change: dict[str, Any]) -> None:
    output = kit.shown(kit.book().table())
    output["data"][MIME] |= change
    with pytest.raises(PublishError) as raised:
        assemble([*kit.book().cells(), kit.code("x", output)], file="x.ipynb")
    assert "x.ipynb, cell 13" in str(raised.value)
