"""What is online and may not be: noticed, and taken away at once, wherever it stands."""

from pathlib import Path

from helpers import paths
from helpers.errors import DisclosureError, PublishError
from helpers.publish import files, guard
from helpers.publish.model import Key
from helpers.publish.packs import pack_path
from helpers.publish.reading import cells_of, read
from helpers.publish.store import Entry, Manifest


def shows_too(key: Key, entry: Entry, notebook: Path, content: str) -> bool:
    """Return whether a report's published edition is refused as its notebook was.

    `content` is the digest of the notebook. The same edition needs no look; an older one is read
    from the notebook that was published with it, and checked with its own customers, or with those
    of the new one where its snapshot is gone. What cannot be checked is refused.
    """
    if not entry.files or content == entry.digest:
        return bool(entry.files)
    try:
        shown = read(paths.site() / f"{key.path}.ipynb")
        known = _guard(guard.snapshot_of(shown)) or _guard(guard.snapshot_of(read(notebook)))
        if known is not None:
            known.check(shown)
            copy = cells_of(paths.site() / f"{key.path}.ipynb")
            known.everything(copy, file=shown.file, place="the notebook")
            return False
    except (guard.DisclosedError, PublishError):
        return True
    return True


def _guard(snapshot: str) -> guard.Guard | None:
    try:
        return guard.guard_for(snapshot)
    except DisclosureError:
        return None


def withdraw(key: Key, manifest: Manifest, present: dict[str, files.Mark]) -> None:
    """Remove a report's files, and those that hold its words besides: board pack, full text.

    They are made again without it.
    """
    entry = manifest.entries[key.path]
    pack = pack_path(key.source, str(key.period), key.slice)
    words = f"pagefind/{key.source}-{key.period.end.year}/"
    gone = {*entry.files, pack, *(name for name in manifest.files if name.startswith(words))}
    files.remove(paths.site(), sorted(gone, reverse=True))
    for name in gone:
        present.pop(name, None)
        manifest.files.pop(name, None)
    manifest.entries[key.path] = Entry(stat=entry.stat)
