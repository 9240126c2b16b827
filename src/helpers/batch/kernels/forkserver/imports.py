"""Which of the packages that the server has loaded a kernel itself imports.

To a kernel everything that its server loaded looks imported, though a notebook may use little of
it. Two records tell what counts: which packages imported which while they were loaded, and which
of the loaded modules are imported once more after the fork.
"""

import builtins
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from typing import Any

_needs: dict[str, set[str]] = {}
_loaded: set[str] = set()
_again: set[str] = set()


class _Telling(ModuleSpec):
    """The spec of a loaded module, which tells when somebody imports the module, once.

    Whoever imports a module that is there, by a statement or by `import_module`, asks its spec
    whether the module is still being initialised. No other sign is left: the event `import` is
    raised for modules that have to be found, and a function in place of `__import__` would stand
    in the tracebacks and warnings of the notebook.
    """

    @property
    def _initializing(self) -> bool:
        self.__class__ = ModuleSpec  # type: ignore[assignment]
        _again.add(self.name)
        return bool(self.__dict__.get("_initializing", False))

    @_initializing.setter
    def _initializing(self, value: bool) -> None:
        self.__dict__["_initializing"] = value


_Telling.__name__ = _Telling.__qualname__ = ModuleSpec.__name__  # what its repr says


@contextmanager
def noting() -> Iterator[None]:
    """Note which package imports which, until the end of the block."""
    bootstrap: Any = importlib._bootstrap  # type: ignore[attr-defined]
    by_statement, by_name = builtins.__import__, bootstrap._gcd_import

    def statement(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        if not level:
            _note((globals or {}).get("__name__"), name)
        return by_statement(name, globals, locals, fromlist, level)

    def named(name: str, package: Any = None, level: int = 0) -> Any:
        if not level:
            _note(sys._getframe(2).f_globals.get("__name__"), name)
        return by_name(name, package, level)

    builtins.__import__, bootstrap._gcd_import = statement, named  # type: ignore[assignment]
    try:
        yield
    finally:
        builtins.__import__, bootstrap._gcd_import = by_statement, by_name


def _note(importer: str | None, imported: str) -> None:
    top, needed = str(importer).partition(".")[0], imported.partition(".")[0]
    if top != needed and top not in sys.stdlib_module_names:  # importlib asks for others, too
        _needs.setdefault(top, set()).add(needed)


def arm() -> None:
    """Let every module that is loaded now tell when it is imported again."""
    _loaded.update(sys.modules)
    _again.clear()
    for module in list(sys.modules.values()):
        spec = getattr(module, "__spec__", None)
        if type(spec) is ModuleSpec:
            spec.__class__ = _Telling


def used() -> set[str]:
    """Return the top-level packages that were imported since, with all that they need."""
    found = {name.partition(".")[0] for name in {*_again, *(sys.modules.keys() - _loaded)}}
    waiting = list(found)
    while waiting:
        new = _needs.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found
