"""Text from data as a page may carry it: no terminal codes, nothing invisible or reordering.

Markup, shortcodes and formulas stay as they are, for whoever renders the text escapes it; what goes
away here is what no escaping makes visible.
"""

import hashlib
import re
from typing import Any

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_REORDERING = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_INVISIBLE = re.compile(r"[\u00ad\u034f\u115f\u1160\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff]")
_JOINER = re.compile(r"(?<![^\x00-\u024f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\u024f])")
_TAGS = re.compile("[\U000e0000-\U000e007f]")
_LONGEST = 60


def plain(text: str) -> str:
    """Return the text without ANSI codes, control, reordering and invisible characters.

    Line breaks and tabs stay; joiners stay between letters of scripts that need them.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _ANSI.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for pattern in (_CONTROL, _REORDERING, _INVISIBLE, _JOINER, _TAGS):
        text = pattern.sub("", text)
    return text


def plain_all(found: Any) -> Any:
    """Return the JSON value with every text and key in it made plain."""
    if isinstance(found, str):
        return plain(found)
    if isinstance(found, list):
        return [plain_all(item) for item in found]
    if isinstance(found, dict):
        return {plain(str(name)): plain_all(value) for name, value in found.items()}
    return found


def slug(text: str) -> str:
    """Return the text as an anchor: lower-case letters of any script, digits and hyphens.

    It is cut to 60 bytes, for it names files too; what is cut ends with a digest of the whole.
    """
    found = re.sub(r"[\W_]+", "-", text.lower()).strip("-") or "section"
    data = found.encode("utf-8")
    if len(data) <= _LONGEST:
        return found
    kept = data[: _LONGEST - 9].decode("utf-8", "ignore").rstrip("-")
    return f"{kept}-{hashlib.sha256(data).hexdigest()[:8]}"


def unique(name: str, taken: set[str]) -> str:
    """Return the name, with a number where it is taken, and take it."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    taken.add(found)
    return found
