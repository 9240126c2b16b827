"""Charts as pictures that a page may carry inline: harmless, small, and in the theme's colours.

The report room draws with sentinel colours, which the stylesheet matches and re-colours, so that
one picture serves a light page, a dark page and paper. Text takes the fonts of page or paper.
Elements, attributes and properties are let through by name: nothing that runs, loads or links
survives, and no inline style is left for a Content-Security-Policy to refuse.
"""

import re
from functools import lru_cache
from typing import Literal
from xml.etree import ElementTree

from helpers.errors import PublishError
from helpers.publish.text import plain

Use = Literal["page", "paper"]

_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
_ELEMENTS = frozenset(
    {
        "svg",
        "g",
        "path",
        "defs",
        "use",
        "clipPath",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "image",
        "linearGradient",
        "radialGradient",
        "stop",
    }
)
_PROPERTIES = frozenset(
    {
        "fill",
        "fill-opacity",
        "fill-rule",
        "stroke",
        "stroke-width",
        "stroke-opacity",
        "stroke-dasharray",
        "stroke-dashoffset",
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-miterlimit",
        "opacity",
        "font-size",
        "font-weight",
        "font-style",
        "text-anchor",
        "clip-path",
        "clip-rule",
        "stop-color",
        "stop-opacity",
        "visibility",
    }
)
_ATTRIBUTES = _PROPERTIES | frozenset(
    {
        "id",
        "d",
        "x",
        "y",
        "x1",
        "y1",
        "x2",
        "y2",
        "cx",
        "cy",
        "r",
        "rx",
        "ry",
        "fx",
        "fy",
        "dx",
        "dy",
        "width",
        "height",
        "points",
        "transform",
        "viewBox",
        "offset",
        "preserveAspectRatio",
        "clipPathUnits",
        "gradientUnits",
        "gradientTransform",
    }
)
_LIMIT = 4_000_000
"""Characters of a picture that a page may carry: more are marks by the ten thousand."""
_PREFIX = "ref-"
_LETTERS = 'font-family="Hanken Grotesk, DejaVu Sans, sans-serif"'
_COLOUR = re.compile(
    r"#[0-9a-f]{3,8}|rgba?\([\d\s.,%]+\)|[a-z]+|none|url\(#[\w.:-]+\)", re.IGNORECASE
)
_LOCAL = re.compile(r"url\(#([\w.:-]+)\)")
_NUMBER = re.compile(r"-?\d+\.\d+")
_UNTURNED = re.compile(r"rotate\(-?0(?:\.0+)?(?:[\s,][^)]*)?\)")
_PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]+")


class _Names:
    """Gives each id of a picture a short one, with a prefix that `picture` exchanges."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def of(self, name: str) -> str:
        return self._given.setdefault(name, f"{_PREFIX}{len(self._given)}")


def picture(svg: str, *, prefix: str = "p", use: Use = "page", place: str = "a chart") -> str:
    """Return the SVG, safe to stand in a page (`page`) or to be set on paper (`paper`).

    Args:
        svg: as the report room drew it.
        prefix: of every id in it, unique on the page.
        use: on a page the picture is hidden from screen readers, for its frame carries the words.
        place: where it stands, for the error.

    Raises:
        PublishError: it is no SVG, declares entities, or is larger than a page can carry.
    """
    if len(svg) > _LIMIT:
        raise PublishError(
            f"{place} has a picture of {len(svg) / 1e6:.0f} MB, which no page can carry",
            hint="Draw it from a summary, with fewer marks.",
        )
    try:
        clean = _sanitised(svg)
    except (ElementTree.ParseError, ValueError) as error:
        raise PublishError(
            f"{place} has no picture that can be shown: {error}",
            hint="Run the report again: crm-reports run --force.",
        ) from error
    if use == "paper":
        return clean.replace("<svg ", f'<svg xmlns="http://www.w3.org/2000/svg" {_LETTERS} ', 1)
    named = clean.replace(f'id="{_PREFIX}', f'id="{prefix}').replace(f"#{_PREFIX}", f"#{prefix}")
    return named.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


@lru_cache(maxsize=256)
def _sanitised(svg: str) -> str:
    if "<!ENTITY" in svg:
        raise ValueError("it declares entities")
    root = ElementTree.fromstring(svg)  # noqa: S314 - entities are refused, expat caps the rest
    if root.tag != f"{_SVG}svg" or "viewBox" not in root.attrib:
        raise ValueError("it is no SVG with a viewBox")
    referred = set(re.findall(r"(?:href=\"#|url\(#)([\w.:-]+)", svg))
    clean = _element(root, _Names(), referred)
    clean.attrib.pop("width", None)
    clean.attrib.pop("height", None)
    clean.set("stroke-linejoin", "round")
    return ElementTree.tostring(clean, encoding="unicode")


def _element(found: ElementTree.Element, names: _Names, referred: set[str]) -> ElementTree.Element:
    clean = ElementTree.Element(found.tag.removeprefix(_SVG))
    for name, value in _attributes(found).items():
        _set(clean, name, value, names, referred)
    target = found.get(f"{_XLINK}href") or found.get("href") or ""
    if target.startswith("#"):
        clean.set("href", f"#{names.of(target[1:])}")
    elif clean.tag == "image" and _PICTURE.fullmatch(target):
        clean.set("href", target)
    clean.text = plain(found.text or "") or None if clean.tag in {"text", "tspan"} else None
    for child in found:
        if isinstance(child.tag, str) and child.tag.removeprefix(_SVG) in _ELEMENTS:
            inner = _element(child, names, referred)
            if len(inner) or inner.attrib or inner.text:
                clean.append(inner)
    return clean


def _attributes(found: ElementTree.Element) -> dict[str, str]:
    given = {name: value for name, value in found.attrib.items() if name in _ATTRIBUTES}
    for declared in found.get("style", "").split(";"):
        name, _, value = declared.partition(":")
        if name.strip() in _PROPERTIES:
            given[name.strip()] = value.strip()
    return given


def _set(
    clean: ElementTree.Element, name: str, value: str, names: _Names, referred: set[str]
) -> None:
    if name == "id":
        if value in referred:
            clean.set("id", names.of(value))
        return
    if name in {"fill", "stroke", "stop-color"} and not _COLOUR.fullmatch(value):
        return
    if name == "transform" and _UNTURNED.fullmatch(value.strip()):
        return
    if "url(" in value:
        local = _LOCAL.fullmatch(value)
        if not local:
            return
        value = f"url(#{names.of(local[1])})"
    if name in {"d", "points"}:
        value = _NUMBER.sub(_rounded, " ".join(value.split()))
    clean.set(name, value)


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".").replace("-0.", "-.").replace("-0", "0")
