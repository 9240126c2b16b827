"""What a worker of another machine needs, as one archive named by its content.

It holds the notebooks, the parameter files and the snapshot. The raw extracts stay here: a worker
is told which snapshot counts. It unpacks each bundle once, compares it with its name, and keeps it
until nobody has asked for it for a day. Nothing is held in memory: a snapshot may be large.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from helpers import paths
from helpers.batch import workroom
from helpers.batch.fingerprint import sha256
from helpers.batch.staging import Place
from helpers.errors import HelpersError

if TYPE_CHECKING:
    from helpers.sources import SourceInfo

MANIFEST = "manifest.json"
_CHUNK = 2**20
_known: set[Path] = set()  # folders that this process has compared with their names


class BundleError(HelpersError):
    """A bundle is not what its name says."""


@dataclass(frozen=True)
class Bundle:
    """Files by the name that they have in the archive, and the manifest: their digests."""

    members: dict[str, Path]
    manifest: bytes

    @property
    def name(self) -> str:
        """The archive's name; the same content gives the same."""
        return f"{_digest(self.manifest)}.tar"

    def write(self, file: IO[bytes]) -> None:
        """Write the archive, the manifest first."""
        with tarfile.open(fileobj=file, mode="w|") as archive:
            entry = tarfile.TarInfo(MANIFEST)
            entry.size = len(self.manifest)
            archive.addfile(entry, io.BytesIO(self.manifest))
            for name, path in self.members.items():
                with path.open("rb") as content:
                    entry = tarfile.TarInfo(name)
                    entry.size = os.fstat(content.fileno()).st_size
                    archive.addfile(entry, content)


def of(info: "SourceInfo", families: list[str]) -> Bundle:
    """Return the bundle of a source's snapshot and of some families' notebooks."""
    members: dict[str, Path] = {}
    for path in paths.params().rglob("*.yml"):
        members[f"params/{path.relative_to(paths.params()).as_posix()}"] = path
    for family in families:
        members[f"notebooks/{family}.ipynb"] = paths.notebooks() / f"{family}.ipynb"
    for path in info.path.iterdir():
        members[f"store/snapshots/{info.path.name}/{path.name}"] = path
    for path in (paths.snapshots() / "index").glob("*.json"):
        if info.snapshot in path.read_text(encoding="utf-8"):
            members[f"store/snapshots/index/{path.name}"] = path
    digests = {name: sha256(path) for name, path in sorted(members.items())}
    return Bundle(dict(sorted(members.items())), json.dumps(digests, indent=0).encode())


@contextmanager
def unpacked(archive: Place) -> Iterator[Path]:
    """Keep the folder of a bundle on this machine, fetched and unpacked if it is not there.

    The folder is private to the user; two workers that unpack at once make the same folder.

    Raises:
        BundleError: what came, or what is there, is not what the bundle's name says.
    """
    top = workroom.top()
    workroom.sweep(top)
    folder = top / PurePosixPath(archive.path).stem
    if not folder.is_dir():
        _fetch(archive, folder)
    with workroom.held(folder):
        if folder not in _known:
            _compare(folder, folder.name)
            _known.add(folder)
        yield folder


def _fetch(archive: Place, folder: Path) -> None:
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".unpacking-"))
    try:
        with archive.reading() as file, tarfile.open(fileobj=file, mode="r|") as members:
            for member in members:
                _extract(members, member, beside)
        _compare(beside, folder.name)
        os.replace(beside, folder)
        _known.add(folder)
    except tarfile.TarError as error:
        raise BundleError(f"it cannot be read: {error}", file=archive.path) from error
    except OSError:
        if not folder.is_dir():  # else another worker was quicker
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write a file of the archive, and nothing outside the folder."""
    name, content = PurePosixPath(member.name), archive.extractfile(member)
    if content is None or ".." in name.parts or name.is_absolute():
        raise BundleError(f"{member.name} does not belong into a bundle")
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb") as file:
        shutil.copyfileobj(content, file, _CHUNK)


def _compare(folder: Path, bundle: str) -> None:
    """Compare the manifest in a folder with the bundle's name, and its files with the manifest."""
    wrong = ""
    try:
        manifest = (folder / MANIFEST).read_bytes()
        digests: dict[str, str] = json.loads(manifest)
        if _digest(manifest) != bundle:
            wrong = MANIFEST
    except (OSError, ValueError):
        wrong, digests = MANIFEST, {}
    there = {
        path.relative_to(folder).as_posix()
        for room in ("notebooks", "params")
        for path in (folder / room).rglob("*")
        if path.is_file()
    }
    for name in sorted({*digests, *there}):
        place = folder / name
        if not wrong and (not place.is_file() or sha256(place) != digests.get(name)):
            wrong = name
    if wrong:
        raise BundleError(
            f"{wrong} is not what was sent",
            file=folder,
            hint="Remove this folder on the worker, and run again.",
        )


def _digest(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()[:32]
