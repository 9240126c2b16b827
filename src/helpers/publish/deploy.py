"""The site somewhere else: only what changed is copied, in an order that leaves no link dead."""

import hashlib
import http.server
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.errors import PublishError
from helpers.publish.files import PART, put
from helpers.publish.files import remove as remove_files

LIST = "deployed.json"
"""The list of files and their digests that a deployment leaves at its target."""


@dataclass(frozen=True)
class Deployed:
    """What a deployment did: files copied, left alone, removed."""

    to: str
    copied: int
    unchanged: int
    removed: int


def deploy(to: str, *, options: dict[str, Any] | None = None) -> Deployed:
    """Copy the site to a folder or any fsspec address (`s3://…`, `sftp://…`, `memory://…`).

    Downloads, pictures and scripts go first, then the reports' pages, then the pages that link to
    them; what the site no longer has is removed last, and files that no deployment put there are
    never touched. When it breaks off, doing it again completes it.

    Args:
        to: the target.
        options: for the fsspec file system (credentials, endpoints).

    Raises:
        PublishError: there is no site, the target lies inside the site or the other way round, or
            it cannot be written.
    """
    site = paths.site()
    if not (site / "index.html").is_file():
        raise PublishError("there is no site yet", file=site, hint="crm-reports publish")
    local = _local(to)
    if local is not None and (local == site or site in local.parents or local in site.parents):
        raise PublishError(f"{to} and the site lie inside one another", hint="Give another folder.")
    try:
        return _copy(site, to, _target(to, local, options or {}))
    except (OSError, ImportError, ValueError) as error:
        raise PublishError(
            f"cannot be written: {error}", file=to, hint="What was copied is kept: deploy again."
        ) from error


def _local(to: str) -> Path | None:
    if to.startswith("file://"):
        return Path(to.removeprefix("file://")).resolve()
    return None if "://" in to else Path(to).expanduser().resolve()


@dataclass(frozen=True)
class _Target:
    read: Callable[[str], bytes]
    write: Callable[[str, bytes], object]
    remove: Callable[[str], object]


def _target(to: str, local: Path | None, options: dict[str, Any]) -> _Target:
    if local is not None:
        folder = local
        return _Target(
            read=lambda name: (folder / name).read_bytes(),
            write=lambda name, data: put(folder / name, data),
            remove=lambda name: remove_files(folder, [name]),
        )
    import fsspec

    system, base = fsspec.core.url_to_fs(to.rstrip("/"), **options)

    def write(name: str, data: bytes) -> None:
        path = f"{base}/{name}"
        system.makedirs(path.rpartition("/")[0], exist_ok=True)
        system.pipe_file(path, data)

    def remove(name: str) -> None:
        if system.exists(f"{base}/{name}"):
            system.rm_file(f"{base}/{name}")

    return _Target(lambda name: system.cat_file(f"{base}/{name}"), write, remove)


def _copy(site: Path, to: str, target: _Target) -> Deployed:
    there = _listed(target)
    here = {
        path.relative_to(site).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(site.rglob("*"))
        if path.is_file() and not path.name.endswith(PART)
    }
    changed = sorted((name for name in here if there.get(name) != here[name]), key=_turn)
    if changed:
        # Noted before it is put there: what a broken-off deployment left is not forgotten.
        target.write(LIST, _list({**there, **dict.fromkeys(changed, "")}))
    for name in changed:
        target.write(name, (site / name).read_bytes())
    gone = sorted((name for name in there if name not in here), key=_turn, reverse=True)
    for name in gone:
        target.remove(name)
    if changed or gone:
        target.write(LIST, _list(here))
    return Deployed(to, len(changed), len(here) - len(changed), len(gone))


def _list(names: dict[str, str]) -> bytes:
    return json.dumps({"version": 1, "files": names}, indent=0).encode("utf-8")


def _listed(target: _Target) -> dict[str, str]:
    try:
        found = json.loads(target.read(LIST))
        return {name: seen for name, seen in found["files"].items() if _inside(name)}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # nothing was deployed there yet: everything is copied, nothing removed


def _inside(name: str) -> bool:
    return not name.startswith("/") and ".." not in name.split("/")


def _turn(name: str) -> tuple[int, str]:
    if not name.endswith((".html", "feed.xml")) and not name.startswith("assets/search-"):
        return (1 if name.endswith("pagefind-entry.json") else 0), name
    return (3 if name.count("/") < 2 or name.endswith("/index.html") else 2), name


def serve(port: int = 8000, *, ready: Callable[[str], object] = print) -> None:
    """Serve the site to this machine only, until Ctrl-C.

    Args:
        port: to listen on; 0 takes a free one.
        ready: is told the address.

    Raises:
        PublishError: there is no site, or the port is taken.
    """
    if not (paths.site() / "index.html").is_file():
        raise PublishError("there is no site yet", file=paths.site(), hint="crm-reports publish")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(paths.site()))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise PublishError(
            f"port {port} cannot be served: {error.strerror}", hint="Give another port."
        ) from error
    with server:
        ready(f"http://127.0.0.1:{server.server_address[1]}/index.html")
        server.serve_forever()
