"""How a text reads once it is shown: one spelling of dashes and spaces, markup undone."""

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from helpers.document_json import as_json
from helpers.publish.prose import Prose
from helpers.publish.reading import Document

_DASH = re.compile(
    "[\u02d7\u058a\u05be\u1400\u1806\u2010-\u2015\u2043\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u301c"
    "\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d]"
)
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_MARKUP = re.compile(r"[*_`\\&<]")
_TAG = re.compile(r"<[^<>]*>")
_MARK = re.compile(r"[*_`\\]")
_SVG = re.compile(r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<(?:\w+:)?svg\b", re.S)


def folded(text: object) -> str:
    """Return the text as ids are compared: one case, one kind of dash, single spaces."""
    given = str(text)
    if not given.isascii():
        given = _UNSEEN.sub("", unicodedata.normalize("NFKC", _DASH.sub("-", given)))
    return " ".join(given.split()).casefold()


def readings(text: str) -> Iterator[str]:
    """Yield the text as it is written, and as Markdown, HTML or a picture would show it."""
    yield text
    if is_picture(text):
        yield from _drawn(text)
    elif _MARKUP.search(text):
        yield _MARK.sub("", html.unescape(_TAG.sub("", text)))


def is_picture(text: str) -> bool:
    """Return whether the text is an SVG."""
    return _SVG.match(text) is not None


def _drawn(svg: str) -> Iterator[str]:
    """Yield the words of each text of a picture, and of each two that follow one another.

    matplotlib writes each line of a label as a text of its own. A picture that cannot be read
    yields nothing: it is not published either.
    """
    if "<!ENTITY" in svg:
        return
    try:
        root = ElementTree.fromstring(svg)  # noqa: S314 - entities are refused, expat caps the rest
    except (ElementTree.ParseError, ValueError):
        return
    shown = [list(found.itertext()) for found in root.iter() if str(found.tag).endswith("}text")]
    before: list[str] = []
    for parts in shown:
        for words in ([*parts], [*before, *parts]):
            yield "".join(words)
            yield " ".join(words)
            yield "".join(word.strip() for word in words)
        before = parts


def strings(found: Any) -> Iterator[str]:
    """Yield every text of a JSON value, the names of its fields among them, in no set order."""
    waiting = [found]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += map(str, value)
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value


def texts(document: Document) -> Iterator[tuple[str, str]]:
    """Yield every text of a document with the place where it stands; code is left out."""
    yield from (("title", text) for text in strings(as_json(document.title)))
    for section in document.sections:
        yield "heading", section.heading
        for part in section.parts:
            if isinstance(part, Prose):
                yield "a paragraph", part.text
            else:
                place = f"block {getattr(part, 'id', '') or part.type!r}"
                yield from ((place, text) for text in strings(as_json(part)))
