"""Where a site is copied to: a folder, or any file system that fsspec knows."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from helpers.errors import PublishError
from helpers.publish.files import PART, put, remove

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".ipynb": "application/x-ipynb+json",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/atom+xml; charset=utf-8",
}
_AMAZON, _GOOGLE = {"s3", "s3a"}, {"gs", "gcs"}
_AZURE = {"abfs", "abfss", "adl", "az"}
_WHOLE = {*_AMAZON, *_GOOGLE, *_AZURE, "memory"}
"""Stores in which an object appears whole or not at all."""


def content_type(name: str) -> str:
    """Return what a web server says of a file of the site."""
    return _TYPES.get(f".{name.rpartition('.')[2]}", "application/octet-stream")


class Target(Protocol):
    """A place for a site; names are relative to it."""

    def read(self, name: str) -> bytes:
        """Return a file's bytes; FileNotFoundError where there is none."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Put a file there, whole or not at all where the place allows that."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        ...

    def sizes(self, names: Iterable[str]) -> dict[str, int]:
        """Return the size of each of the files that is there."""
        ...


class Folder:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        return (self._folder / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """Write beside, then rename."""
        put(self._folder / name, data)

    def remove(self, name: str) -> None:
        """Remove a file, and the folders that this leaves empty."""
        remove(self._folder, [name])

    def sizes(self, names: Iterable[str]) -> dict[str, int]:
        """Return the sizes, asking for each file."""
        found = ((name, self._folder / name) for name in names)
        return {name: path.stat().st_size for name, path in found if path.is_file()}


class Remote:
    """A folder of any fsspec file system."""

    def __init__(self, to: str, options: dict[str, Any]) -> None:
        import fsspec

        self._system, base = fsspec.core.url_to_fs(to.rstrip("/"), **options)
        self._base = base.rstrip("/")
        named = self._system.protocol
        self._protocols = {named} if isinstance(named, str) else set(named)

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        return bytes(self._system.cat_file(f"{self._base}/{name}"))

    def write(self, name: str, data: bytes) -> None:
        """Put an object with its content type, or write beside and rename."""
        path = f"{self._base}/{name}"
        if self._protocols & _WHOLE:
            self._system.pipe_file(path, data, **self._told(name))
            return
        folder, _, last = path.rpartition("/")
        self._system.makedirs(folder, exist_ok=True)
        beside = f"{folder}/.{last}{PART}"
        self._system.pipe_file(beside, data)
        try:
            self._system.mv(beside, path)
        except FileExistsError:  # some servers rename onto no file that is there
            self._system.rm_file(path)
            self._system.mv(beside, path)

    def _told(self, name: str) -> dict[str, Any]:
        """Return how each store is told of what type an object is."""
        kind = content_type(name)
        if self._protocols & _AMAZON:
            return {"ContentType": kind}
        if self._protocols & _GOOGLE:
            return {"content_type": kind}
        if self._protocols & _AZURE:
            from azure.storage.blob import ContentSettings

            return {"content_settings": ContentSettings(content_type=kind)}
        return {}

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        try:
            self._system.rm_file(f"{self._base}/{name}")
        except FileNotFoundError:
            return  # gone already, which is all that is wanted

    def sizes(self, names: Iterable[str]) -> dict[str, int]:
        """Return the sizes, asking for all files at once."""
        self._system.invalidate_cache()
        listed = self._system.find(self._base or "/", detail=True)
        start = len(self._base.lstrip("/")) + 1 if self._base.strip("/") else 0
        sizes = {path.lstrip("/")[start:]: int(of["size"] or 0) for path, of in listed.items()}
        return {name: sizes[name] for name in names if name in sizes}


def target(to: str, local: Path | None, options: dict[str, Any]) -> Target:
    """Return the place that an address names.

    Raises:
        PublishError: nothing is installed for it.
    """
    if local is not None:
        return Folder(local)
    try:
        return Remote(to, options)
    except (ImportError, ValueError) as error:
        raise PublishError(f"cannot be written: {error}", file=to) from error
