"""Charts become pictures that are harmless, small and re-coloured."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from helpers.errors import PublishError
from helpers.publish.svg import picture

SPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
HEAD = f'<svg {SPACES} viewBox="0 0 9 9">'


def made(inner: str, **more: Any) -> str:
    return picture(f"{HEAD}{inner}</svg>", **more)


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        '<path d="M0 0" onload="alert(1)" onclick="alert(1)"/>',
        '<a xlink:href="javascript:alert(1)"><path d="M0 0"/></a>',
        '<image xlink:href="http://evil.example/x.png" width="1" height="1"/>',
        '<image xlink:href="data:image/svg+xml;base64,PHN2Zz4=" width="1"/>',
        '<use xlink:href="http://evil.example/x.svg#y"/>',
        '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml">x</body></foreignObject>',
        "<style>@import url(http://evil.example/x.css)</style>",
        '<rect style="fill: url(http://evil.example/#a)" width="1" height="1"/>',
        '<rect style="fill: expression(alert(1))" width="1" height="1"/>',
        '<set attributeName="href" to="javascript:alert(1)"/>',
        '<animate attributeName="x"/>',
        "<!-- HH-0001 -->",
        "<metadata>HH-0001</metadata>",
    ],
)
def test_nothing_runs_loads_or_hides_in_a_picture(inner: str) -> None:
    clean = made(f'{inner}<path d="M 1 1 L 2 2"/>')
    assert not re.search(
        r"script|onload|onclick|evil|alert|import|HH-0001|foreign|animate|set ", clean
    )
    assert 'd="M 1 1 L 2 2"' in clean


def test_no_inline_style_is_left(kit: Any) -> None:
    clean = picture(kit.svg)
    assert "style=" not in clean
    assert 'stroke="#2f74c0"' in clean
    assert 'stroke-width="2"' in clean


def test_ids_are_unique_by_prefix_and_references_follow(kit: Any) -> None:
    clean = picture(kit.svg, prefix="p7-")
    ids = set(re.findall(r'id="([^"]+)"', clean))
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', clean))
    assert ids == used
    assert len(ids) == 2
    assert all(name.startswith("p7-") for name in ids)


def test_coordinates_are_rounded_and_scales_are_not() -> None:
    clean = made('<g transform="scale(0.015625)"><path d="M 20.123456 0.000001 L -0.001 9.5"/></g>')
    assert 'd="M 20.12 0 L 0 9.5"' in clean
    assert "scale(0.015625)" in clean


def test_on_a_page_it_has_no_size_and_is_hidden_from_screen_readers(kit: Any) -> None:
    root = ElementTree.fromstring(picture(kit.svg))  # noqa: S314 - our own
    assert "width" not in root.attrib
    assert root.attrib["viewBox"] == "0 0 345.6 216"
    assert root.attrib["aria-hidden"] == "true"


def test_on_paper_it_is_a_file_of_its_own(kit: Any) -> None:
    clean = picture(kit.svg, use="paper")
    assert clean.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "aria-hidden" not in clean


@pytest.mark.parametrize(
    "svg",
    [
        "",
        "no svg",
        "<svg",
        "<html></html>",
        '<svg xmlns="http://www.w3.org/2000/svg"/>',
        f'<!DOCTYPE svg [<!ENTITY a "b">]>{HEAD}</svg>',
    ],
)
def test_what_is_no_picture_is_refused_by_place(svg: str) -> None:
    with pytest.raises(PublishError, match="chart 'x' has no picture"):
        picture(svg, place="chart 'x'")
