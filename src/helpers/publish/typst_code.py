"""Typst source from text: strings that nothing can break out of, calls, arrays."""

from collections.abc import Sequence


def quoted(text: object) -> str:
    """Return the text as a typst string: what is in it is shown, never interpreted.

    Braces and backticks are written as escapes: no shortcode and no fence survives Quarto.
    """
    given = str(text).replace("\\", "\\\\").replace('"', '\\"')
    for letter, escaped in (("\n", "\\n"), ("\t", " "), ("{", "\\u{7b}"), ("`", "\\u{60}")):
        given = given.replace(letter, escaped)
    return f'"{given}"'


def call(name: str, *positional: str, **named: str) -> str:
    """Return a call of a function of the theme, or without a name a dictionary.

    The arguments are source already.
    """
    given = [*positional, *(f"{key.replace('_', '-')}: {value}" for key, value in named.items())]
    return f"{name}({', '.join(given)})"


def array(items: Sequence[str]) -> str:
    """Return a typst array of items that are source already."""
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
