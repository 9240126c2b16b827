"""What differs between two sets of inputs, in words."""

from collections.abc import Mapping
from typing import Any

_ABSENT = object()


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words what differs between two sets of inputs."""
    found: list[str] = []
    if before.get("notebook") != now["notebook"]:
        found.append("notebook changed")
    for part in _SAY:
        found += changes_of(part, before.get(part) or {}, now.get(part) or {})
    return found


def changes_of(part: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return in words what differs in one part of the inputs."""
    return [
        _SAY[part](name, old.get(name, _ABSENT), new.get(name, _ABSENT))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _say_value(name: str, old: Any, new: Any) -> str:
    if old is _ABSENT:
        return f"params: {name} is new, {new}"
    return f"params: {name} is gone" if new is _ABSENT else f"params: {name} {old} → {new}"


def _say_version(name: str, old: Any, new: Any) -> str:
    if old is _ABSENT:
        return f"{name} is new, {new}"
    return f"{name} is gone" if new is _ABSENT else f"{name} {old} → {new}"


def _say_table(name: str, old: Any, new: Any) -> str:
    if old is _ABSENT or not old:
        return f"{name}: new table"
    if new is _ABSENT or not new:
        return f"{name}: the table is gone"
    added = new["rows"] - old["rows"]
    if not added:
        return f"{name}: rows changed" if new["rows"] else f"{name} changed"
    return f"{name}: {abs(added):,} {'more' if added > 0 else 'fewer'} rows"


def _say_file(name: str, old: Any, new: Any) -> str:
    return f"{name} {'is gone' if new == 'gone' else 'changed'}"


def _say_predictions(name: str, old: Any, new: Any) -> str:
    what = "is gone" if not new else "is new" if old is _ABSENT or not old else "changed"
    return f"what {name} predicted {what}"


_SAY = {
    "params": _say_value,
    "tables": _say_table,
    "modules": _say_file,
    "files": _say_file,
    "predictions": _say_predictions,
    "versions": _say_version,
}
