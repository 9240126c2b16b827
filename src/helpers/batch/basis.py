"""What a report was planned on: everything that counts and is known before it runs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from helpers.batch.edition import Edition
from helpers.batch.interpreter import Interpreter


@dataclass(frozen=True)
class Basis:
    """Of one report what a plan knows of its inputs.

    Attributes:
        notebook: the digest of the cells that are executed.
        tables: the facts of all tables as of its last day.
        extracts: the raw files behind them, name and digest.
        snapshot: the hash of the snapshot.
        interpreter: of the kernel that a run would use.
    """

    edition: Edition
    parameters: dict[str, Any]
    notebook: str
    tables: dict[str, Any]
    extracts: dict[str, str]
    snapshot: str
    interpreter: Interpreter

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> "Basis":
        """Return what `as_json` gave.

        Raises:
            KeyError, TypeError: it is none.
        """
        said = dict(given["interpreter"])
        site = said["site"] if said["site"] is None else tuple(said["site"])
        interpreter = Interpreter(**{**said, "site": site})
        edition = Edition(**given["edition"])
        return cls(**{**given, "edition": edition, "interpreter": interpreter})
