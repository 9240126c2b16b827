"""Reads the YAML files under `params/`: a mapping with each key once."""

from pathlib import Path
from typing import Any

import yaml

from helpers.errors import ParameterError


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds; an empty file is an empty mapping.

    Raises:
        ParameterError: it is missing, is no YAML, holds something else than a mapping, or gives a
            key twice.
    """
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
    except FileNotFoundError as error:
        raise ParameterError(
            "no such file", file=path, hint="Create it, or mend the name."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParameterError(f"cannot be read as YAML in UTF-8: {error}", file=path) from error
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise ParameterError("must hold `name: value` lines", file=path)
    return found


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader, in C where PyYAML has it, that refuses a key given twice.

    YAML lets the last one win, and a value, a rule or a column would be gone without a word.
    """

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of a node."""
        keys = [key.value for key, _ in node.value]
        twice = next((key for n, key in enumerate(keys) if key in keys[:n]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {twice!r} is given twice", node.start_mark
            )
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]
