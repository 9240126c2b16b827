"""Typst source to PDF/UA-1: tagged, with the shipped fonts, and the same bytes each time."""

import re
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

from helpers.errors import PublishError
from helpers.publish import settings as settings_of

_MISSING = re.compile(r"the text `\"(.+?)\"` could not be displayed", re.DOTALL)
STAND_IN = "□"
_ROUNDS = 4
_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")


_TEXT = re.compile(r'((?:alt|meta-title|meta-author): )?"(?:[^"\\]|\\.)*"', re.DOTALL)
"""A text of the source; what stands before it tells a text that is read from one that is shown."""


def missing_from(said: str) -> set[str]:
    """Return the characters of which typst says that no font has them."""
    found = _MISSING.findall(said)
    return {_ESCAPE.sub(lambda code: chr(int(code[1], 16)), text) for text in found}


def with_squares(source: str, missing: set[str]) -> str:
    """Return the source with squares for characters that no font has, where they would be shown.

    The title in the metadata and the words for those who hear a chart stay as they are.
    """
    squares = {ord(letter): STAND_IN for letter in letters_of(missing)}
    return _TEXT.sub(lambda m: m[0] if m[1] else m[0].translate(squares), source)


def letters_of(missing: set[str]) -> set[str]:
    """Return the single characters of these texts that a font may lack."""
    return {letter for text in missing for letter in text if not letter.isascii()}


@lru_cache(maxsize=2)
def _fonts(system: bool) -> Any:
    import typst

    folder = settings_of.theme() / "fonts"
    return typst.Fonts(include_system_fonts=system, font_paths=[folder])


def compile_pdf(source: str, *, as_of: str, place: str, squares: set[str] | None = None) -> bytes:
    """Return the PDF of a typst source, dated the day the data ends.

    Only the shipped fonts are used, so that a machine's own fonts change no byte; where a script is
    missing from them the machine's fonts are asked too, and a character that no font has becomes
    a square instead of failing the build.

    Args:
        source: the document.
        as_of: the day, as ISO 8601.
        place: the PDF's address, for the error.
        squares: takes the characters that became squares.

    Raises:
        PublishError: typst refuses the source, for one thing because a chart has no alternative
            text.
    """
    from typst import TypstError

    stamp = datetime.combine(date.fromisoformat(as_of), time(), tzinfo=UTC)
    system = False
    for _ in range(_ROUNDS):
        try:
            return _compile(source, stamp, system=system)
        except TypstError as error:
            missing = missing_from(error.diagnostic)
            if not missing:
                raise PublishError(
                    f"typst made no PDF: {_first_line(error)}",
                    file=place,
                    hint="; ".join(error.hints[:2]) or None,
                ) from error
            if system:
                source = with_squares(source, missing)
                if squares is not None:
                    squares |= letters_of(missing)
            system = True
    raise PublishError("typst made no PDF: its text needs fonts that are not there", file=place)


def _compile(source: str, stamp: datetime, *, system: bool) -> bytes:
    import typst

    compiler = typst.Compiler(
        source.encode("utf-8"), root=settings_of.theme() / "typst", font_paths=_fonts(system)
    )
    made = compiler.compile(format="pdf", pdf_standards="ua-1", timestamp=stamp)
    if not isinstance(made, bytes):
        raise PublishError("typst made no PDF")
    return made


def _first_line(error: Any) -> str:
    return str(error.message).splitlines()[0][:200]
