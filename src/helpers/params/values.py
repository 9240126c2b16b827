"""How a parameter gets its value: base < family < source < command line, then one check."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from helpers import paths
from helpers.errors import ParameterError, UsageError, did_you_mean
from helpers.params.base import BaseParams
from helpers.params.files import read_yaml

OF_THE_SOURCE = ("currency", "time_zone")
"""What the data is recorded in: a fact of the source, which no run can choose otherwise."""


def families() -> list[str]:
    """Return the report families: the notebooks whose name does not begin with `_`."""
    found = paths.notebooks().glob("[!_.]*.ipynb")
    return sorted(path.stem for path in found)


def model(family: str) -> type[BaseParams]:
    """Return the parameter model of a family, `helpers.params.<family>.Params`.

    Raises:
        UsageError: there is no such family, or it has a notebook and no model.
    """
    if family not in families():
        raise UsageError(
            f"no report family is called {family!r}", hint=did_you_mean(family, families())
        )
    try:
        found = import_module(f"helpers.params.{family}").Params
    except ModuleNotFoundError as error:
        if error.name != f"helpers.params.{family}":
            raise
        raise UsageError(
            f"the family {family!r} has a notebook and no parameter model",
            hint=f"Write src/helpers/params/{family}.py with a class `Params(BaseParams)`.",
        ) from error
    return found  # type: ignore[no-any-return]


def sources() -> list[str]:
    """Return the names of the mapped sources, from `params/sources/`."""
    return sorted(path.stem for path in (paths.params() / "sources").glob("*.yml"))


@cache
def _read(path: Path, stamp: tuple[int, int]) -> dict[str, Any]:
    return read_yaml(path)


def _values(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    stat = path.stat()
    return dict(_read(path, (stat.st_mtime_ns, stat.st_size)))


def layers(family: str, source: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the layers of values, weakest first, each with the file it comes from.

    A value in `base.yml` or in a source's file applies only to the families that know its name,
    so that one source may set parameters of several families.

    Raises:
        UsageError: the source has no mapping.
    """
    known = set(model(family).model_fields)
    folder = paths.params()
    shared = [("params/base.yml", _values(folder / "base.yml"))]
    own = [(f"params/{family}.yml", _values(folder / f"{family}.yml"))]
    last = [_of_source(source)]
    pick = [(name, {k: v for k, v in vs.items() if k in known}) for name, vs in shared + last]
    _refuse_names_of_no_family(shared + last)
    return [pick[0], *own, pick[1]]


def _of_source(source: str) -> tuple[str, dict[str, Any]]:
    if source not in sources():
        raise UsageError(f"no source is called {source!r}", hint=did_you_mean(source, sources()))
    path = paths.params() / "sources" / f"{source}.yml"
    name, own = f"params/sources/{source}.yml", _values(path).get("params") or {}
    if not isinstance(own, dict):
        raise ParameterError("`params:` must hold `name: value` lines", file=name)
    return name, dict(own)


def _refuse_names_of_no_family(shared: list[tuple[str, dict[str, Any]]]) -> None:
    every: set[str] = set()
    for family in families():
        every |= set(model(family).model_fields)
    for file, values in shared:
        for name in values:
            if name not in every:
                raise ParameterError(
                    f"no report family has a parameter {name!r}",
                    file=file,
                    hint=did_you_mean(name, every),
                )


def resolve(
    family: str,
    *,
    period: str | None = None,
    source: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> BaseParams:
    """Return the checked parameters of one report.

    Raises:
        ParameterError: a name is unknown, or a value is ill-typed or out of bounds; the message
            names the file it stands in and the valid names.
    """
    given = dict(overrides or {})
    given |= {k: v for k, v in {"period": period, "source": source}.items() if v is not None}
    base = _values(paths.params() / "base.yml")
    chosen = given.get("source", base.get("source"))
    if not isinstance(chosen, str):
        raise ParameterError("no source is set", file="params/base.yml", hint="Add `source: NAME`.")
    merged: dict[str, Any] = {}
    origin: dict[str, str] = {}
    stack = layers(family, chosen)
    for file, values in [*stack, ("command line", given)]:
        merged |= values
        origin |= dict.fromkeys(values, file)
    _refuse_other_facts(chosen, *stack[-1], given, place="command line")
    return check(family, merged, origin=origin)


def _refuse_other_facts(
    source: str,
    file: str,
    of_source: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    place: str,
) -> None:
    for name in OF_THE_SOURCE:
        if name not in of_source:
            raise ParameterError(
                f"{source} does not say its {name}",
                file=file,
                hint=f"Add `{name}: ...` under `params:`; only the source can know it.",
            )
        if given.get(name, of_source[name]) != of_source[name]:
            raise ParameterError(
                f"{name} = {given[name]!r}: {source} is recorded in {of_source[name]!r}",
                file=place,
                hint=f"What the data is recorded in stands in {file}; nothing converts it.",
            )


def validate(family: str, namespace: Mapping[str, Any]) -> BaseParams:
    """Return the parameters of a notebook, checked: pass `globals()` after its parameters cell.

    Raises:
        ParameterError: a parameter of the family is missing, ill-typed or out of bounds, or says
            of the source's data what its file does not say.
    """
    names = model(family).model_fields
    given = {name: namespace[name] for name in names if name in namespace}
    place = f"notebooks/{family}.ipynb, parameters cell"
    found = check(family, given, origin=dict.fromkeys(names, place))
    own = _of_source(found.source)  # not `layers`: a report depends on no other family's model
    _refuse_other_facts(found.source, *own, found.model_dump(), place=place)
    return found


def check(family: str, values: Mapping[str, Any], *, origin: Mapping[str, str]) -> BaseParams:
    """Return the values as the family's model, or say which is wrong and what would be valid."""
    kind = model(family)
    unknown = [name for name in values if name not in kind.model_fields]
    if unknown:
        raise ParameterError(
            f"{family} has no parameter {unknown[0]!r}",
            file=origin.get(unknown[0]),
            hint=did_you_mean(unknown[0], kind.model_fields),
        )
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise _explained(family, error, origin) from error


def _explained(family: str, error: ValidationError, origin: Mapping[str, str]) -> ParameterError:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    field = model(family).model_fields.get(name)
    meaning = field.description if field and field.description else ""
    if first["type"] == "missing":
        message = f"{family}: the parameter {name!r} has no value"
        hint = f"Set it in params/{family}.yml: {meaning}."
    else:
        reason = first["msg"].removeprefix("Value error, ")
        message = f"{family}: {name} = {first.get('input')!r}: {reason}"
        hint = f"{name}: {meaning}." if meaning else ""
    return ParameterError(message, file=origin.get(name), hint=hint)


def parse_assignments(texts: Iterable[str]) -> dict[str, Any]:
    """Return `name=value` arguments as a dict; values are read as YAML scalars and lists.

    Raises:
        ParameterError: an argument has no `=`.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip().isidentifier():
            raise ParameterError(f"{text!r} is not name=value", hint="Write -p horizon=6.")
        try:
            found[name.strip()] = yaml.safe_load(value) if value.strip() else ""
        except yaml.YAMLError as error:
            raise ParameterError(
                f"the value of {name.strip()!r} cannot be read: {error}"
            ) from error
    return found
