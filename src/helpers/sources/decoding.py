"""Decode text files by the encoding that the mapping declares, and say which one it looks like."""

import codecs
from pathlib import Path

from helpers.errors import DataError

_WIDE_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(path: Path, encoding: str) -> str:
    """Return the file's text; a byte order mark that agrees with the encoding is dropped.

    Raises:
        DataError: the bytes are not text in that encoding, or their byte order mark says another.
    """
    data = path.read_bytes()
    name = codecs.lookup(encoding).name
    marked = next((found for bom, found in _WIDE_BOMS if data.startswith(bom)), None)
    if marked and not name.startswith(marked):
        raise DataError(
            f"begins with the byte order mark of {marked}, and the mapping says {encoding}",
            file=path,
            hint=f"Set `csv: {{encoding: {marked}}}`.",
        )
    try:
        text = data.decode(f"{marked}-sig" if marked == "utf-8" else marked or name)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"line {line} is no text in {encoding} ({error.reason})",
            file=path,
            hint=f"It looks like {_guess(data)}: set `csv: {{encoding: …}}`.",
        ) from error
    if "\0" in text:
        raise DataError(
            f"holds NUL characters, so it is no text in {encoding}",
            file=path,
            hint=f"It looks like {_guess(data)}: set `csv: {{encoding: …}}`.",
        )
    return text


def _guess(data: bytes) -> str:
    sample = data[:65_536]
    if sample[1::2].count(0) > len(sample) // 8:
        return "utf-16-le"
    if sample[::2].count(0) > len(sample) // 8:
        return "utf-16-be"
    for name in ("utf-8", "gb18030"):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        # Any bytes with few accents decode as GB18030 too: ask for common Chinese characters.
        if name == "utf-8" or sum("\u4e00" <= sign <= "\u9fff" for sign in text) >= 2:
            return name
    return "cp1252"
