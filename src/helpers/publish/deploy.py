"""The site somewhere else: only what changed is copied, in an order that leaves no link dead."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.errors import HelpersError, PublishError
from helpers.publish import store
from helpers.publish.deploy_target import Target, target
from helpers.publish.files import PART

LIST = "deployed.json"
"""The list of files and their digests that a deployment leaves at its target."""


@dataclass(frozen=True)
class Deployed:
    """What a deployment did: files copied, left alone, removed; those that others had altered."""

    to: str
    copied: int
    unchanged: int
    removed: int
    repaired: int = 0

    @property
    def said(self) -> str:
        """The deployment in words."""
        files = "file" if self.copied == 1 else "files"
        text = f"Copied {self.copied} {files} to {self.to}; {self.unchanged} were there already."
        return f"{text}\n{self.repaired} had been altered there." if self.repaired else text


def deploy(
    to: str,
    *,
    options: dict[str, Any] | None = None,
    overwrite: bool = False,
    verify: bool = False,
) -> Deployed:
    """Copy the site to a folder or any fsspec address (`s3://…`, `sftp://…`, `memory://…`).

    Downloads, pictures and scripts go first, then the pages that are not there yet, then those that
    link to them, the overview last; what the site no longer has is removed after that. Files that
    no deployment put there are never removed, and not replaced unless that is wanted. What was
    deleted there, or is of another size, is copied again. When it breaks off, doing it again
    completes it. No publication changes the site meanwhile.

    Args:
        to: the target.
        options: for the fsspec file system (credentials, endpoints).
        overwrite: replace files of the same name that no deployment put there.
        verify: read what is there, and copy again what was altered without a change of size.

    Raises:
        PublishError: there is no site, the target lies inside the site or the other way round,
            holds other files of these names, says of its own list what cannot be read, or cannot be
            written.
    """
    site = paths.site()
    if not (site / "index.html").is_file():
        raise PublishError("there is no site yet", file=site, hint="crm-reports publish")
    local = _local(to)
    if local is not None and (local == site or site in local.parents or local in site.parents):
        raise PublishError(f"{to} and the site lie inside one another", hint="Give another folder.")
    try:
        with store.locked():
            there = target(to, local, options or {})
            return _Deployment(site, to, there, overwrite=overwrite, verify=verify).run()
    except HelpersError:
        raise
    except Exception as error:  # each file system has errors of its own
        raise PublishError(
            f"cannot be read or written: {error or type(error).__name__}",
            file=to,
            hint="What was copied is kept: deploy again.",
        ) from error


def _local(to: str) -> Path | None:
    if to.startswith("file://"):
        return Path(to.removeprefix("file://")).resolve()
    return None if "://" in to else Path(to).expanduser().resolve()


class _Deployment:
    """A copy in progress; `listed` is what earlier ones put there, `sizes` what is there now."""

    def __init__(
        self, site: Path, to: str, there: Target, *, overwrite: bool, verify: bool
    ) -> None:
        self._site, self._to, self._there = site, to, there
        self._here = {
            path.relative_to(site).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(site.rglob("*"))
            if path.is_file() and not path.name.endswith(PART)
        }
        self._listed = _listed(there, to)
        self._sizes = there.sizes({*self._here, *self._listed, LIST})
        if self._listed and LIST not in self._sizes:
            raise PublishError("its files cannot be listed", file=to, hint="Mend its permissions.")
        self._adopted = self._unlisted(overwrite=overwrite)
        self._altered = {name for name in self._here if self._is_altered(name, verify=verify)}

    def run(self) -> Deployed:
        """Copy, then remove."""
        listed, here = self._listed, self._here
        fresh = {name for name in here if listed.get(name) != here[name]} - self._adopted
        changed = sorted(fresh | self._altered, key=self._turn)
        gone = sorted((name for name in listed if name not in here), key=_page, reverse=True)
        if changed:
            # Noted before it is put there: what a broken-off deployment left is not forgotten.
            self._there.write(LIST, _list({**listed, **dict.fromkeys(changed, "")}))
        for name in changed:
            self._there.write(name, (self._site / name).read_bytes())
        for name in gone:
            self._there.remove(name)
        if changed or gone or self._adopted:
            self._there.write(LIST, _list(here))
        repaired = len(self._altered - fresh)
        return Deployed(self._to, len(changed), len(here) - len(changed), len(gone), repaired)

    def _unlisted(self, *, overwrite: bool) -> set[str]:
        """Return the files of the site that are there already, though no deployment says so.

        Raises:
            PublishError: others are there under these names.
        """
        names = sorted(self._here.keys() & self._sizes.keys() - self._listed.keys())
        same = {name for name in names if self._is_same(name)}
        foreign = [name for name in names if name not in same]
        if foreign and not overwrite:
            more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
            raise PublishError(
                f"holds files that no deployment put there: {', '.join(foreign[:3])}{more}",
                file=self._to,
                hint="Give another folder, or replace them with --overwrite.",
            )
        return same

    def _is_altered(self, name: str, *, verify: bool) -> bool:
        """Return whether what a deployment put there is gone or not as it was."""
        if name not in self._listed or self._listed[name] != self._here[name]:
            return False  # it is copied anyway
        whole = self._sizes.get(name) == (self._site / name).stat().st_size
        return not whole or (verify and not self._is_same(name))

    def _is_same(self, name: str) -> bool:
        if self._sizes[name] != (self._site / name).stat().st_size:
            return False
        return hashlib.sha256(self._there.read(name)).hexdigest() == self._here[name]

    def _turn(self, name: str) -> tuple[int, int, str]:
        """Return when a file is copied: a page that is new before those that link to it."""
        kind, name = _page(name)
        return (1 if kind and name not in self._sizes else 2 if kind else 0), kind, name


def _page(name: str) -> tuple[int, str]:
    """Return what a file is: 0 linked to, 1 a report, 2 a page about many, 3 the overview."""
    if name == "index.html":
        return 3, name
    if not name.endswith((".html", "feed.xml")) and not name.startswith("assets/search-"):
        return (1 if name.endswith("pagefind-entry.json") else 0), name
    return (2 if name.count("/") < 2 or name.endswith("/index.html") else 1), name


def _list(names: dict[str, str]) -> bytes:
    return json.dumps({"version": 1, "files": names}, indent=0).encode("utf-8")


def _listed(there: Target, to: str) -> dict[str, str]:
    """Return what earlier deployments put there; only where there is no list, that is nothing.

    Raises:
        PublishError: the list cannot be read.
    """
    try:
        data = there.read(LIST)
    except FileNotFoundError:
        return {}
    try:
        found = json.loads(data)
        if found["version"] != 1:
            raise ValueError(f"version {found['version']!r}")
        return {str(name): str(seen) for name, seen in found["files"].items() if _inside(name)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PublishError(
            f"its {LIST} cannot be read: {error!r}",
            file=to,
            hint="Bring back an older copy of it. Without one, delete it and deploy with "
            "--overwrite; reports that are gone must then be removed there by hand.",
        ) from error


def _inside(name: str) -> bool:
    return not name.startswith("/") and ".." not in name.split("/")


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
    import http.server  # 0.1 s, which no publication needs

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
