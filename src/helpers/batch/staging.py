"""A place by which this machine and the workers of a cluster hand each other files."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from helpers.errors import UsageError


class Place:
    """A folder of fsspec and what is below it.

    On a disk all folders and files are made readable by their owner only, whatever the umask:
    snapshots, predictions and private lists pass through. Elsewhere the store's own rules hold.
    """

    def __init__(self, address: str) -> None:
        """Open the place.

        Raises:
            UsageError: the address is of a kind that is not installed here.
        """
        import fsspec
        from fsspec.implementations.local import LocalFileSystem

        try:
            found, path = fsspec.core.url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise UsageError(f"{address} cannot be reached: {error}") from error
        self.system: Any = found
        self.path = str(path).rstrip("/")
        self._on_disk = isinstance(found, LocalFileSystem)

    @property
    def address(self) -> str:
        """The place as another machine finds it."""
        return str(self.system.unstrip_protocol(self.path))

    def below(self, name: str) -> "Place":
        """Return a folder or file below this one."""
        return Place(f"{self.address}/{name}")

    def exists(self) -> bool:
        """Say whether there is something."""
        return bool(self.system.exists(self.path))

    def names(self) -> list[str]:
        """Return the names of what is in this folder; none where it is not there."""
        if not self.exists():
            return []
        self.system.invalidate_cache()
        found: list[Any] = self.system.ls(self.path, detail=False)
        return sorted(str(path).rstrip("/").rpartition("/")[2] for path in found)

    @contextmanager
    def writing(self) -> Iterator[IO[bytes]]:
        """Open this file for writing; it is there at the end of the block, whole."""
        beside = f"{self.path}.{uuid4().hex}"
        self._make_folder()
        try:
            with self._opened(beside) as file:
                yield file
            self.system.mv(beside, self.path)
        except BaseException:
            with suppress(OSError):
                self.system.rm(beside)
            raise

    def _opened(self, path: str) -> IO[bytes]:
        if self._on_disk:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            return os.fdopen(os.open(path, flags, 0o600), "wb")
        opened: IO[bytes] = self.system.open(path, "wb")
        return opened

    def write(self, content: bytes) -> str:
        """Write this file and return its SHA-256."""
        with self.writing() as file:
            file.write(content)
        return hashlib.sha256(content).hexdigest()

    def read(self) -> bytes:
        """Return what this file holds."""
        return bytes(self.system.cat_file(self.path))

    @contextmanager
    def reading(self) -> Iterator[IO[bytes]]:
        """Open this file for reading."""
        with self.system.open(self.path, "rb") as file:
            yield file

    def remove(self) -> None:
        """Remove this file or folder with all that is in it, if it is there."""
        if self.exists():
            self.system.rm(self.path, recursive=True)

    def _make_folder(self) -> None:
        folder = self.path.rpartition("/")[0]
        if not self._on_disk:
            self.system.makedirs(folder, exist_ok=True)
            return
        wanted = Path(folder)
        for part in (*reversed(wanted.parents), wanted):
            part.mkdir(mode=0o700, exist_ok=True)
