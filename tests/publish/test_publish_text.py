"""Text from data: what no escaping makes visible goes, everything else stays."""

import pytest

from helpers.publish.prose import Heading, Prose, parse
from helpers.publish.text import plain, plain_all, slug, unique


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        ("a\x00b\x07c", "abc"),
        ("pay\u202eexe.fdp", "payexe.fdp"),
        ("HH-\u200b0001", "HH-0001"),
        ("soft\u00adhyphen\ufeff", "softhyphen"),
        ("two\r\nlines\tand a tab", "two\nlines\tand a tab"),
        ("{{< env HOME >}} <script> @x =cmd()", "{{< env HOME >}} <script> @x =cmd()"),
        ("Größe 你好 مرحبا", "Größe 你好 مرحبا"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # a joiner that Persian needs
        ("a\u200cb", "ab"),
        ("\ud800lone", "lone"),
    ],
)
def test_only_what_is_invisible_or_reorders_goes(given: str, expected: str) -> None:
    assert plain(given) == expected


def test_keys_and_values_of_json_are_made_plain() -> None:
    assert plain_all({"a\x00": ["b\u202e", 1, None, {"c": "d\x1b[0m"}]}) == {
        "a": ["b", 1, None, {"c": "d"}]
    }


def test_a_slug_keeps_letters_of_any_script() -> None:
    assert slug("  Who <b>buys</b>? 你好 ") == "who-b-buys-b-你好"
    assert slug("!!!") == "section"


def test_a_taken_name_gets_a_number() -> None:
    taken = {"a", "a-2"}
    assert unique("a", taken) == "a-3"
    assert "a-3" in taken


def test_markdown_becomes_headings_paragraphs_and_items() -> None:
    found = parse("# Title\n## Part *one*\ntext\ngoes on\n\n- an **item**\n1. two\n#### deep")
    assert found[0] == Heading("Part one")
    assert [(p.kind, p.text) for p in found[1:] if isinstance(p, Prose)] == [
        ("p", "text goes on"),
        ("li", "an item"),
        ("li", "two"),
        ("h3", "deep"),
    ]


def test_html_and_links_in_markdown_are_only_text() -> None:
    (paragraph,) = parse(
        "<img src=x onerror=alert(1)> [click](javascript:alert(1)) ![p](http://x/y.png)"
    )
    assert isinstance(paragraph, Prose)
    assert paragraph.text == "<img src=x onerror=alert(1)> click p"


def test_snake_case_and_products_are_no_emphasis() -> None:
    (paragraph,) = parse("order_id and customer_id, 3 * 4 * 5")
    assert isinstance(paragraph, Prose)
    assert [span.style for span in paragraph.spans] == ["plain"]
