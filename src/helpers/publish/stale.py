"""A page that could not be made anew says so: its banner is changed in the file itself."""

import re
from html import escape
from pathlib import Path

from helpers.publish.files import put

_STATE = re.compile(r"<!--state-->.*?<!--/state-->", re.DOTALL)


def banner(said: str) -> str:
    """Return the banner, empty where the page is up to date."""
    if not said:
        return "<!--state--><!--/state-->"
    return (
        '<!--state--><p class="stale" role="status"><strong>Not up to date.</strong> '
        f"{escape(said)} PDF and downloads are of the same edition.</p><!--/state-->"
    )


def mark(path: Path, said: str) -> bool:
    """Write the banner into a page that is there; return whether that changed it."""
    try:
        text = path.read_text("utf-8")
    except OSError:
        return False
    return put(path, _STATE.sub(lambda _: banner(said), text, count=1))
