"""The narrative of a notebook's markdown cells: paragraphs, lists and emphasis, nothing else.

Only these few forms are understood, and everything else is text: no HTML, no image, no link that a
renderer could follow comes out of a markdown cell.
"""

import re
from dataclasses import dataclass
from typing import Literal

Style = Literal["plain", "strong", "em", "code"]

_SPAN = re.compile(r"\*\*(.+?)\*\*|(?<![\w*])[*_](?!\s)(.+?)(?<!\s)[*_](?![\w*])|`([^`]+)`")
_LINK = re.compile(r"!?\[([^\]]*)\]\((?:[^()]|\([^()]*\))*\)")


@dataclass(frozen=True)
class Span:
    """A run of text in one style."""

    text: str
    style: Style = "plain"


@dataclass(frozen=True)
class Prose:
    """A paragraph, a list item or a heading of the third level."""

    kind: Literal["p", "li", "h3"]
    spans: tuple[Span, ...]
    type: str = "prose"

    @property
    def text(self) -> str:
        """The words alone."""
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True)
class Heading:
    """A heading of the second level: it opens a section."""

    text: str


def spans(text: str) -> tuple[Span, ...]:
    """Return the runs of a line of markdown; a link becomes its words."""
    text = _LINK.sub(r"\1", text)
    found: list[Span] = []
    at = 0
    for match in _SPAN.finditer(text):
        if match.start() > at:
            found.append(Span(text[at : match.start()]))
        styles: tuple[Style, ...] = ("strong", "em", "code")
        found += [Span(t, s) for t, s in zip(match.groups(), styles, strict=True) if t is not None]
        at = match.end()
    if at < len(text):
        found.append(Span(text[at:]))
    return tuple(found)


def parse(markdown: str) -> list[Prose | Heading]:
    """Return the headings, paragraphs and list items of a markdown cell, in order.

    A heading of the first level is dropped (the page has its own), one below the third becomes
    the third.
    """
    found: list[Prose | Heading] = []
    paragraph: list[str] = []

    def close() -> None:
        if paragraph:
            found.append(Prose("p", spans(" ".join(paragraph))))
            paragraph.clear()

    for line in (raw.strip() for raw in markdown.splitlines()):
        heading = re.match(r"(#{1,6})\s+(.*?)\s*#*$", line)
        item = re.match(r"(?:[-*+]|\d+[.)])\s+(.*)$", line)
        if heading or item or not line:
            close()
        if heading:
            words = "".join(span.text for span in spans(heading[2]))
            if len(heading[1]) == 2:
                found.append(Heading(words))
            elif len(heading[1]) > 2:
                found.append(Prose("h3", (Span(words),)))
        elif item:
            found.append(Prose("li", spans(item[1])))
        elif line:
            paragraph.append(line)
    close()
    return found
