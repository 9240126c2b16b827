"""What a worker of another machine needs, as one archive named by its content.

It holds the notebooks, the parameter files and the snapshot. The raw extracts stay here: a worker
is told which snapshot counts. It unpacks each bundle once and keeps it.
"""

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import paths

if TYPE_CHECKING:
    import fsspec

    from helpers.sources import SourceInfo


def pack(info: "SourceInfo", families: list[str]) -> tuple[str, bytes]:
    """Return the name and the bytes of a bundle; the same content gives the same name."""
    members: dict[str, Path] = {}
    for path in sorted(paths.params().rglob("*.yml")):
        members[f"params/{path.relative_to(paths.params()).as_posix()}"] = path
    for family in families:
        members[f"notebooks/{family}.ipynb"] = paths.notebooks() / f"{family}.ipynb"
    for path in sorted(info.path.iterdir()):
        members[f"store/snapshots/{info.path.name}/{path.name}"] = path
    for path in sorted((paths.snapshots() / "index").glob("*.json")):
        if info.snapshot in path.read_text(encoding="utf-8"):
            members[f"store/snapshots/index/{path.name}"] = path
    return _archive(members)


def _archive(members: dict[str, Path]) -> tuple[str, bytes]:
    digest, buffer = hashlib.sha256(), io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, path in members.items():
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return f"{digest.hexdigest()[:32]}.tar", buffer.getvalue()


def unpack(system: "fsspec.AbstractFileSystem", path: str) -> Path:
    """Return the folder of a bundle on this machine, fetched and unpacked if it is not there.

    The folder is private to the user; two workers that unpack at once make the same folder.
    """
    uid = os.getuid() if hasattr(os, "getuid") else 0
    top = Path(tempfile.gettempdir()) / f"crm-reports-worker-{uid}"
    top.mkdir(mode=0o700, exist_ok=True)
    folder = top / Path(path).stem
    if not folder.is_dir():
        beside = Path(tempfile.mkdtemp(dir=top, prefix=".unpacking-"))
        try:
            with tarfile.open(fileobj=io.BytesIO(system.cat_file(path))) as archive:
                _extract(archive, beside)
            os.replace(beside, folder)
        except OSError:
            if not folder.is_dir():
                raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return folder


def _extract(archive: tarfile.TarFile, folder: Path) -> None:
    """Write the archive's files, and nothing outside the folder."""
    for member in archive:
        place, content = folder / member.name, archive.extractfile(member)
        if content is None or ".." in Path(member.name).parts or Path(member.name).is_absolute():
            raise OSError(f"{member.name} does not belong into a bundle")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.read())
