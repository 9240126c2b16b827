"""Which installed distribution a module belongs to; worked out once an environment."""

import json
from importlib import metadata

from helpers.batch.content import digest
from helpers.batch.edition import store
from helpers.batch.files import write_json
from helpers.batch.trace import installed, normalised


def distributions(site: list[str]) -> dict[str, list[str]]:
    """Return the distributions of each top-level module in some site folders, normalised names.

    Reading what every distribution installed takes a third of a second, so it is remembered for
    as long as the same distributions are there.
    """
    memo = store() / "distributions.json"
    key = digest([site, installed(site)])
    try:
        known = json.loads(memo.read_bytes())
        if known["key"] == key:
            return dict(known["modules"])
    except (OSError, ValueError, KeyError, TypeError):
        known = None  # it is only a memo
    found: dict[str, list[str]] = {}
    for dist in metadata.distributions(path=site):
        name = normalised(dist.metadata["Name"])
        for module in _modules(dist):
            found.setdefault(module, []).append(name)
    write_json(memo, {"key": key, "modules": found})
    return found


def _modules(dist: metadata.Distribution) -> set[str]:
    said = (dist.read_text("top_level.txt") or "").split()
    files = {
        path.parts[0] if len(path.parts) > 1 else path.name.partition(".")[0]
        for path in dist.files or ()
        if path.suffix in {".py", ".so", ".pyd"}
    }
    return {*said, *files} - {"__pycache__", ".."}
