"""Content and its digests: files, notebooks, the package's own code, installed distributions."""

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import helpers
from helpers import paths
from helpers.batch.trace import digest_of, installed, normalised, own_site
from helpers.errors import UsageError

CODE = Path(helpers.__file__).resolve().parent


@dataclass(frozen=True)
class Notebook:
    """A notebook as it was read, and the digest of what its cells say."""

    content: bytes = field(repr=False)
    digest: str

    @cached_property
    def source(self) -> str:
        """What is executed: the notebook without outputs, which are made anew."""
        return _stripped(self.content)


class Content:
    """Digests of files, each read once; the package's own modules are read at once."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}
        self._notebooks: dict[str, Notebook] = {}
        self._versions: dict[tuple[str, ...], dict[str, str]] = {}
        self._own = {module_name(path): self.of(path) for path in own_modules()}

    def of(self, path: Path) -> str:
        """Return the digest of a file; a word where it is not there or no file."""
        if path not in self._known:
            self._known[path] = digest_of(str(path))
        return self._known[path]

    def modules(self) -> dict[str, str]:
        """Return the digest of every module of the package."""
        return dict(self._own)

    def notebook(self, family: str) -> Notebook:
        """Return a family's notebook as it was when it was first asked for.

        Raises:
            UsageError: it is not there, or cannot be read.
        """
        if family not in self._notebooks:
            path = paths.notebooks() / f"{family}.ipynb"
            try:
                content = path.read_bytes()
            except OSError as error:
                said = f"cannot be read: {error.strerror or error}"
                raise UsageError(said, file=path, hint="Put it back, then run again.") from error
            self._notebooks[family] = Notebook(content, notebook_digest(content))
        return self._notebooks[family]

    def versions(self, site: Sequence[str]) -> dict[str, str]:
        """Return the installed distributions of some site folders with their versions."""
        key = tuple(site)
        if key not in self._versions:
            self._versions[key] = installed(key)
        return self._versions[key]

    @cached_property
    def root(self) -> Path:
        """The project's root."""
        return paths.root()


def own_modules() -> list[Path]:
    """Return the files of the package's modules."""
    return sorted(CODE.rglob("*.py"))


def module_name(path: Path) -> str:
    """Return the name under which a file of the package is imported."""
    parts = path.relative_to(CODE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def notebook_digest(content: bytes) -> str:
    """Return the digest of what a notebook says, whatever its outputs and metadata are."""
    try:
        cells = json.loads(content)["cells"]
        said = [
            (cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", []))
            for cell in cells
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return digest(content.decode("utf-8", "replace"))
    return digest(said)


def _stripped(content: bytes) -> str:
    """Return a notebook's text without outputs, which an execution makes anew."""
    text = content.decode("utf-8", "replace")
    try:
        found = json.loads(text)
        for cell in found["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
    except (ValueError, KeyError, TypeError):
        return text  # no notebook: who executes it says so
    return json.dumps(found)


def digest(value: Any) -> str:
    """Return a digest of a JSON value."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def signature(path: Path) -> list[int]:
    """Return what changes when a file is replaced or written: the change time cannot be set."""
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def environment() -> dict[str, Any]:
    """Return what of this environment decides a report, to be compared with another machine's.

    `python` is its version, `code` the digest of the package, `versions` those of what it needs.
    """
    code = {
        path.relative_to(CODE).as_posix(): digest_of(str(path))
        for path in sorted(CODE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    return {
        "python": sys.version.split()[0],
        "code": digest(code),
        "versions": _needed(installed(own_site())),
    }


def environment_digest() -> str:
    """Return the digest of `environment()`: equal where a report comes out the same."""
    return digest(environment())


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Return in words how another machine's `environment()` differs from this one's."""
    found = []
    if ours["python"] != theirs["python"]:
        found.append(f"python {ours['python']} here, {theirs['python']} there")
    if ours["code"] != theirs["code"]:
        found.append("the package crm-reports has other code there")
    here, there = ours["versions"], theirs["versions"]
    for name in sorted({*here, *there}):
        if here.get(name) != there.get(name):
            said = f"{name} {here.get(name, 'absent')} here, {there.get(name, 'absent')} there"
            found.append(said)
    return found


def _needed(versions: dict[str, str]) -> dict[str, str]:
    """Return the distributions that the package needs, with all that they need themselves.

    What else is installed (tools of developers, say) may differ. All count where the package
    itself is not installed and nobody knows what it needs.
    """
    from importlib import metadata

    waiting, found = ["crm-reports"], set[str]()
    while waiting:
        try:
            needs = metadata.requires(waiting.pop()) or []
        except metadata.PackageNotFoundError:
            continue
        names = {normalised(_name(need)) for need in needs if "extra ==" not in need}
        waiting += names & versions.keys() - found
        found |= names & versions.keys()
    return {name: versions[name] for name in sorted(found)} if found else versions


def _name(requirement: str) -> str:
    """Return the name at the beginning of a requirement."""
    end = next((n for n, c in enumerate(requirement) if not (c.isalnum() or c in "-_.")), None)
    return requirement[:end]
