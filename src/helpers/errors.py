"""The one family of errors: what is wrong, where, and how to mend it."""

from collections.abc import Iterable
from difflib import get_close_matches


class HelpersError(Exception):
    """An error that a user can act on: message, place, the first offending keys, a hint.

    `exit_status` is what the command line returns: 1 a report failed, 2 wrong usage or
    parameters, 3 data refused.
    """

    exit_status = 1

    def __init__(
        self,
        message: str,
        *,
        file: object = None,
        column: str | None = None,
        keys: Iterable[object] = (),
        hint: str | None = None,
    ) -> None:
        self.message, self.file, self.column, self.hint = message, file, column, hint
        self.keys = tuple(keys)
        super().__init__(self._text())

    def _text(self) -> str:
        place = ", column ".join(
            str(p) for p in (self.file, repr(self.column) if self.column else None) if p
        )
        if self.column and not self.file:
            place = f"column {self.column!r}"
        lines = [f"{place}: {self.message}" if place else self.message]
        if self.keys:
            shown = ", ".join(str(key) for key in self.keys[:3])
            more = len(self.keys) - 3
            lines.append(f"  Rows: {shown}" + (f" and {more:,} more" if more > 0 else ""))
        if self.hint:
            lines.append(f"  Hint: {self.hint}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle whole, so that an error crosses from a worker process unchanged."""
        return _rebuild, (type(self), self.message, self.file, self.column, self.keys, self.hint)


def _rebuild(
    kind: type[HelpersError],
    message: str,
    file: object,
    column: str | None,
    keys: tuple[object, ...],
    hint: str | None,
) -> HelpersError:
    return kind(message, file=file, column=column, keys=keys, hint=hint)


class UsageError(HelpersError):
    """A command, a name or an option that does not exist."""

    exit_status = 2


class ParameterError(UsageError):
    """A parameter that is unknown, ill-typed or out of bounds."""


class PeriodError(UsageError):
    """A period that cannot be read, or that the data does not cover."""


class DataError(HelpersError):
    """Raw data that cannot be read or does not pass the quality gate."""

    exit_status = 3


class MissingTableError(DataError):
    """A report asks for a table that its source does not have."""


class MetricError(HelpersError):
    """A metric was given a frame or a value it cannot work with."""


class DisclosureError(HelpersError):
    """Something about a single customer would leave the house."""


class ReportError(HelpersError):
    """A notebook failed: cell, error and parameters are in the message."""


class PublishError(HelpersError):
    """A page, a PDF or the site could not be made."""


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Return the hint for an unknown name: the nearest valid one, then all of them."""
    names = sorted(valid)
    near = get_close_matches(name, names, n=1, cutoff=0.55)
    guess = f"did you mean `{near[0]}`? " if near else ""
    return f"{guess}Valid: {', '.join(names) if names else '(none)'}."
