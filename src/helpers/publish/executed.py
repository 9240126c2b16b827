"""The executed notebooks, and those among them that no page can be made from."""

from pathlib import Path

from helpers import paths
from helpers.errors import PeriodError, PublishError
from helpers.publish.guard import guard_of
from helpers.publish.model import Key
from helpers.publish.reading import Document, read

OWN = ("assets", "board-pack", "pagefind")
"""Folders of the site that no source and no family can be called after."""


def executed() -> tuple[dict[Key, Path], dict[str, str]]:
    """Return the executed notebooks, and why those under other names are none."""
    found: dict[Key, Path] = {}
    failed: dict[str, str] = {}
    spelled: dict[str, str] = {}
    for path in sorted(paths.executed().glob("*/*/*.ipynb")):
        key = Key(path.parts[-3], path.parts[-2], path.stem)
        if path.name.startswith((".", "_")):
            continue
        taken = [name for name in (key.source, key.family) if name.casefold() in OWN]
        other = spelled.setdefault(key.path.casefold(), key.path)
        if taken:
            failed[key.path] = (
                f"{taken[0]!r} is a folder of the site itself: call the source or family otherwise"
            )
        elif other != key.path:
            failed[key.path] = f"has the same address as {other} where case is ignored"
        else:
            try:
                key.period  # noqa: B018 - asked for its error
                found[key] = path
            except PeriodError as error:
                failed[key.path] = error.message
    return found, failed


def document_of(key: Key, notebook: Path) -> Document:
    """Return the document of a notebook, guarded.

    Raises:
        PublishError: it cannot be read, or is about another report than its name says.
        DisclosureError: it is about a single customer, or nothing says who they are.
    """
    document = read(notebook)
    title = document.title
    claimed = Key(title.source, title.family, paths.stem(title.period, title.slice))
    if claimed != key:
        raise PublishError(f"is about {claimed}, which its name does not say", file=key.path)
    known = guard_of(document)
    known.address(key.path, title.slice, file=document.file)
    known.check(document)
    return document
